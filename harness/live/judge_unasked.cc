// What the switch says without being asked: packet-ins and port-status messages in order, flow-removed messages in any.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/live/judge_parts.h"
#include "model/encode.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {

bool Judge::compare_stream(const Messages& wanted, const std::deque<Bytes>& got, std::size_t& read) {
  Messages real;
  for (std::size_t i = 0; i < wanted.size() && read < got.size(); ++i) real.push_back(got[read++]);
  return wanted == real || compare_lists(records_of(wanted), records_of(real));
}

// Flow-removed messages may come late: they are compared at the end.
bool Judge::compare_unasked(Branch& branch, const Wanted& wanted, std::size_t at) {
  bool all = true;
  static const Unasked nothing;
  const auto streams = [&](const std::map<ConnName, Messages>& of, std::deque<Bytes> Unasked::* stream,
                           std::size_t Read::* read) {
    for (const auto& [conn, messages] : of) {
      const auto unasked = heard_.unasked.find(conn);
      const Unasked& got = unasked == heard_.unasked.end() ? nothing : unasked->second;
      all = compare_stream(messages, got.*stream, branch.read[conn].*read) && all;
    }
  };
  streams(wanted.packet_ins, &Unasked::packet_ins, &Read::packet_ins);
  streams(wanted.port_status, &Unasked::port_status, &Read::port_status);
  for (const auto& [port, frames] : wanted.frames) {
    all = compare_frames(port, frames, branch.frames_read[port]) && all;
  }
  for (const auto& [conn, messages] : wanted.flow_removed) {
    for (const Bytes& m : messages) branch.removals[conn].push_back({m, at});
  }
  return all;
}

// Connections that the switch accepted hear nothing without a miss-send length, whatever their role.
void Judge::forget_deaf(const model::State& state, Wanted& wanted) const {
  if (!accepted_) return;
  for (const model::Connection& conn : state.connections) {
    if (conn.miss_send_len > 0) continue;
    for (auto* stream : {&wanted.packet_ins, &wanted.flow_removed, &wanted.port_status}) stream->erase(conn.name);
  }
}

// Who was told of it, though nobody need be (PORT-12).
void Judge::hear_of_port_mod(const std::vector<model::Port>& ports, const Branch& branch, Wanted& wanted) const {
  for (const auto& [conn, unasked] : heard_.unasked) {
    const auto read = branch.read.find(conn);
    std::size_t next = (read == branch.read.end() ? 0 : read->second.port_status) + wanted.port_status[conn].size();
    for (const model::Port& port : branch.state.ports) {
      const auto same = [&](const model::Port& p) { return p.config == port.config; };
      if (std::any_of(ports.begin(), ports.end(), same) || next == unasked.port_status.size()) continue;
      Bytes message = model::encode_port_status(OFPPR_MODIFY, port.config);
      if (records_of({message}) != records_of({unasked.port_status[next]})) continue;
      wanted.port_status[conn].push_back(std::move(message));
      ++next;
    }
  }
}

void Judge::tell_port_mod(ConnName by, const std::vector<model::Port>& ports, const Branch& after, Wanted& wanted) {
  const Dialect* dialect = ledger_.dialect();
  if (!dialect || !ledger_.in_force(dialect->port_mods_are_told)) return hear_of_port_mod(ports, after, wanted);
  for (Told& told : dialect->tell_port_mod(by, ports, after.state)) {
    wanted.port_status[told.to].push_back(std::move(told.message));
    ++used_[std::string(dialect->port_mods_are_told)];
  }
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

// Rules of whose end a reading may say something else.
std::vector<model::Rule> Judge::told_otherwise(const model::State& state) const {
  std::vector<model::Rule> out;
  const bool extended = std::any_of(state.connections.begin(), state.connections.end(),
                                    [](const model::Connection& c) { return c.flow_format == model::FlowFormat::nxm; });
  if (!extended || !ledger_.dialect() || !ledger_.in_force(ledger_.dialect()->removals_are_told)) return out;
  for (const model::Table& table : state.tables) {
    std::copy_if(table.rules.begin(), table.rules.end(), std::back_inserter(out),
                 [](const model::Rule& rule) { return rule.send_flow_removed; });
  }
  return out;
}

void Judge::tell_removals(std::vector<model::Rule> told, const model::State& after, Wanted& wanted) {
  std::erase_if(told, [&](const model::Rule& rule) {  // those that are still there are not told of
    return std::any_of(after.tables.begin(), after.tables.end(), [&](const model::Table& table) {
      return std::any_of(table.rules.begin(), table.rules.end(),
                         [&](const model::Rule& r) { return r.name == rule.name; });
    });
  });
  for (auto& [conn, messages] : wanted.flow_removed) {
    std::vector<model::Rule> left = told;
    for (Bytes& m : messages) {
      const auto about = std::find_if(left.begin(), left.end(),
                                      [&](const model::Rule& r) { return ledger_.dialect()->tell_removal(r, m); });
      if (about == left.end()) continue;
      left.erase(about);
      ++out_.used[std::string(ledger_.dialect()->removals_are_told)];
    }
  }
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
        const Asked nothing_asked{{}, branch.state, branch.memory, choices_.choices(), conn, accepted_};
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
