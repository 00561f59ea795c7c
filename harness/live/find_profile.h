// A first profile of a switch, found out by asking it: what it says it has, what it accepts, and whether what it
// accepted is there afterwards. All flows of the switch are lost by that.
//
// What is found is what was seen, not what the switch promises; each line says what that was. Where the law asks for a
// thing that is missing, the profile hides nothing by itself: whoever uses it decides whether a line stays.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "harness/live/link.h"
#include "harness/profile.h"

namespace oftwin::harness::live {

struct FoundProfile {
  Profile profile;
  std::map<std::string, std::string> seen;  // by key, for print_profile()
};

struct FindOptions {
  std::uint32_t most_entries = 1000;  // flows put into a table to see whether they fit
  bool timeouts = true;               // two flows are waited for; takes some seconds
  // Opens one more session; nullptr from it: there is none. Empty: not tried.
  std::function<std::unique_ptr<Link>()> another;
};

// throws LinkError.
FoundProfile find_profile(Link& link, const FindOptions& options = {});

}  // namespace oftwin::harness::live
