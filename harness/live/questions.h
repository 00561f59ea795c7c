// One question after the other to a switch: what it answers, or refuses with, and what else it says meanwhile.
//
// A barrier behind each question tells when it has been answered. Invariant: every message of the switch is in exactly
// one answer, or is handed out by wait_for().
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "harness/live/link.h"
#include "harness/request.h"

namespace oftwin::harness::live {

struct Answer {
  std::vector<Bytes> errors, replies;  // that carry the question's xid
  bool refused() const { return !errors.empty(); }
  // Of the first error, as reports spell it: FLOW_MOD_FAILED/OVERLAP; empty if there is none.
  std::string why() const;
};

class Questions {
 public:
  explicit Questions(Link& link, unsigned timeout_ms = 5000) : link_(link), timeout_ms_(timeout_ms) {}

  // throws LinkError if the barrier behind it is not answered in time, or the session ends.
  Answer ask(const Request& request);
  // A message as it is; its xid becomes the question's.
  Answer ask(Bytes message);
  // Several at once, one barrier behind all of them.
  Answer ask_all(const std::vector<Request>& requests);

  // The next message of that type that answers nothing, come already or coming within `ms`.
  std::optional<Bytes> wait_for(std::uint8_t type, unsigned ms);
  // What has come and answers nothing is forgotten.
  void forget() { others_.clear(); }

 private:
  Answer answer(std::uint32_t first, std::uint32_t last);

  Link& link_;
  unsigned timeout_ms_;
  std::uint32_t xid_ = 0x70720000;
  std::deque<Bytes> others_;
};

}  // namespace oftwin::harness::live
