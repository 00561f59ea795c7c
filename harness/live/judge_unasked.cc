// What the switch says without being asked: packet-ins and port-status messages in order, flow-removed messages in any.
#include <fmt/format.h>

#include <algorithm>

#include "harness/live/judge_parts.h"

namespace oftwin::harness::live {

bool Judge::compare_stream(const Messages& wanted, const std::deque<Bytes>& got, std::size_t& read) {
  Messages real;
  for (std::size_t i = 0; i < wanted.size() && read < got.size(); ++i) real.push_back(got[read++]);
  return wanted == real || compare_lists(records_of(wanted), records_of(real));
}

bool Judge::leftovers(const Branch& branch) {
  for (const auto& [conn, unasked] : heard_.unasked) {
    const auto it = branch.read.find(conn);
    const Read read = it == branch.read.end() ? Read{} : it->second;
    const auto left = [&](const std::deque<Bytes>& stream, std::size_t from) {
      if (from >= stream.size()) return false;
      Records records;
      append_records(stream[from], records);
      differs(fmt::format("only switch {} unasked", records[0].kind),
              "only the switch, unasked: " + print_record(records[0]));
      return true;
    };
    if (left(unasked.packet_ins, read.packet_ins) || left(unasked.port_status, read.port_status)) return true;
  }
  return false;
}

// The flow-removed messages of the whole scenario, in any order. `where`: the event of the first that differs.
bool Judge::compare_removals(const Branch& branch, std::size_t& where) {
  static const Unasked nothing;
  for (const ConnName conn : scenario_.config.connections) {
    const auto wants = branch.removals.find(conn);
    const auto unasked = heard_.unasked.find(conn);
    const std::deque<Bytes>& got = (unasked == heard_.unasked.end() ? nothing : unasked->second).flow_removed;
    Messages wanted, real(got.begin(), got.end());
    if (wants != branch.removals.end()) {
      for (const Removal& r : wants->second) wanted.push_back(r.message);
    }
    const auto amended = [&](const Messages& messages) {
      Records records = records_of(messages);
      if (ledger_.dialect()) {
        const Asked nothing_asked{{}, branch.state, conn};
        ledger_.dialect()->amend(nothing_asked, records, in_force(),
                                 [&](std::string_view r) { ++out_.used[std::string(r)]; });
      }
      return records;
    };
    if (compare_lists(amended(wanted), records_of(real))) continue;
    missing_ = missing_ || real.size() < wanted.size();
    if (wants == branch.removals.end()) return false;
    const auto unmet = std::find_if(wants->second.begin(), wants->second.end(), [&](const Removal& r) {
      return std::none_of(real.begin(), real.end(),
                          [&](const Bytes& m) { return compare_lists(amended({r.message}), records_of({m})); });
    });
    if (unmet != wants->second.end()) where = unmet->event;
    return false;
  }
  return true;
}

}  // namespace oftwin::harness::live
