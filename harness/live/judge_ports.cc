// Frames: one that is put on a port, and those that leave on ports with a cable, in order on each port.
#include <fmt/format.h>

#include <algorithm>

#include "harness/live/cable.h"
#include "harness/live/judge_parts.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

// Cables may fill a short frame up with zeros.
bool same_frame(const Bytes& wanted, const Bytes& got, bool padded) {
  if (wanted == got) return true;
  if (!padded || wanted.size() >= kPaddedFrame || got.size() < wanted.size() || got.size() > kPaddedFrame) return false;
  const auto end = got.begin() + static_cast<std::ptrdiff_t>(wanted.size());
  return std::equal(wanted.begin(), wanted.end(), got.begin()) &&
         std::all_of(end, got.end(), [](std::uint8_t b) { return b == 0; });
}

}  // namespace

// What one packet becomes on one port has no order (DP-20).
bool Judge::compare_frames(std::uint16_t port, const Messages& wanted, std::size_t& read) {
  const auto heard = heard_.frames.find(port);
  if (heard == heard_.frames.end()) return true;  // no cable there
  const std::deque<Bytes>& got = heard->second;
  const std::size_t end = std::min(got.size(), read + wanted.size());
  Messages left(got.begin() + static_cast<std::ptrdiff_t>(read), got.begin() + static_cast<std::ptrdiff_t>(end));
  read = end;
  for (const Bytes& frame : wanted) {
    if (left.empty()) {
      differs("only model frame", fmt::format("only the model: port {} sends {}", port, print_hex(frame)));
      return false;
    }
    const auto same = [&](const Bytes& other) { return same_frame(frame, other, heard_.padded.contains(port)); };
    const auto found = std::find_if(left.begin(), left.end(), same);
    if (found == left.end()) {
      differs("frame", fmt::format("port {} sends\n  model   {}\n  switch  {}", port, print_hex(frame),
                                   print_hex(left.front())));
      return false;
    }
    left.erase(found);
  }
  return true;
}

bool Judge::frames_left_over(const Branch& branch) {
  for (const auto& [port, got] : heard_.frames) {
    const auto read = branch.frames_read.find(port);
    const std::size_t from = read == branch.frames_read.end() ? 0 : read->second;
    if (from >= got.size()) continue;
    differs("only switch frame", fmt::format("only the switch: port {} sends {}", port, print_hex(got[from])));
    return true;
  }
  return false;
}

// A packet has gone out of ports that are not known, and there are cables that it may have come by.
bool Judge::frames_unknown(const Branch& branch) const {
  return branch.memory.ports_are_open && !heard_.frames.empty();
}

// A reading sees an arriving frame as what looks it up in the table with its port: a packet-out.
Judge::Follow Judge::follow_frame(Branch& branch, const Event& event, std::size_t at, ClauseSet& clauses) {
  const auto& arrives = std::get<event::PacketArrives>(event.body);
  request::PacketOut lookup;
  lookup.in_port = arrives.port;
  lookup.actions = action::output(OFPP_TABLE);
  lookup.data = arrives.frame;
  const Bytes message = encode(lookup);
  const Memory memory = branch.memory;
  const Asked asked{message, branch.state, memory, choices_.choices(), scenario_.config.connections[0], accepted_};
  auto taken = ledger_.dialect() ? ledger_.dialect()->take_frame(asked) : std::nullopt;
  const auto holds = in_force();
  if (taken && !(holds(taken->reading) && std::all_of(taken->also.begin(), taken->also.end(), holds))) taken.reset();
  if (taken && taken->instead.how == Instead::How::leaves) {
    leave(taken->reading);
    return Follow::leaves;
  }
  model::Outcome outcome;
  begin_try(branch);
  if (taken) {
    ++used_[std::string(taken->reading)];
    for (const std::string_view reading : taken->also) ++used_[std::string(reading)];
    taken->instead.does(branch.state, branch.memory, outcome);
  } else {
    model::step(branch.state, event, choices_.choices(), outcome);
  }
  model::step(branch.state, {0, event::Loop{0}}, choices_.choices(), outcome);
  clauses |= outcome.clauses;
  if (frames_unknown(branch)) {
    leave(ledger_.dialect()->opens_ports);
    return Follow::leaves;
  }
  Wanted wanted = wanted_of(outcome);
  forget_deaf(branch.state, wanted);
  return compare(asked, branch, wanted, at) ? Follow::agrees : Follow::differs;
}

}  // namespace oftwin::harness::live
