// The steps of find_profile(), by concern. Part of find_profile.h.
#pragma once

#include <string>
#include <string_view>

#include "harness/live/find_profile.h"
#include "harness/live/questions.h"

namespace oftwin::harness::live {

class ProfileFinder {
 public:
  ProfileFinder(Link& link, const FindOptions& options) : questions_(link), options_(options) {}

  FoundProfile run();

 private:
  // find_profile.cc
  void introduction();
  void extensions();
  void statistics();
  void port_mod();
  void queue_config();
  void malformed();
  void flags();
  void timeouts();
  void buffers();
  void entries();
  void connections();
  // find_fields.cc
  void fields();
  bool field_is_kept(std::size_t field, Masks masks, std::string& seen);
  void extended_fields();
  bool entry_is_kept(std::size_t field, Masks masks, std::string& seen);
  // find_actions.cc
  void actions();
  void nicira_actions();
  void outputs();
  void output_to_table();
  bool actions_are_kept(const Bytes& actions, std::string& seen);

  void start_empty();
  // One of many flows, different from the others in a field that the switch has.
  request::FlowMod flow_number(std::uint32_t n) const;
  // The records of all flows, in the one form or the other.
  std::vector<Bytes> flows(bool extended);
  void say(const std::string& key, std::string what) { found_.seen[key] = std::move(what); }

  Questions questions_;
  std::string about_;  // what is being asked
  const FindOptions& options_;
  FoundProfile found_;
  Profile& p_ = found_.profile;
};

// Of a type for experiments, long enough to be cut.
Bytes test_frame();

inline constexpr unsigned kSoonMs = 500;  // for what comes without having been asked for

// How a field, an entry or an action was taken, for the line that says so.
inline constexpr std::string_view kKept = "accepted, and there afterwards";
inline constexpr std::string_view kLost = "accepted, but not there afterwards";

}  // namespace oftwin::harness::live
