// Time that passes in a scenario, and what the conversation does behind its end.
#include <algorithm>
#include <array>

#include "harness/live/judge_parts.h"
#include "harness/request.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

// A switch may look for rules to expire only now and then, and a message takes its time.
constexpr std::uint64_t kResolution_ms = 1600, kSlack_ms = 200;

// No rule's end is so near to the time `passed_ms` from now that it may or may not have come.
bool all_settled(const model::State& state, std::uint64_t passed_ms, std::uint64_t resolution_ms,
                 std::uint64_t slack_ms) {
  const std::uint64_t now = state.now_ms + passed_ms;
  const auto open = [&](std::uint64_t since, std::uint16_t timeout_s) {
    const std::uint64_t end = since + std::uint64_t{1000} * timeout_s;
    return timeout_s != 0 && end + resolution_ms > now && end < now + slack_ms;
  };
  return std::all_of(state.tables.begin(), state.tables.end(), [&](const model::Table& table) {
    return std::none_of(table.rules.begin(), table.rules.end(), [&](const model::Rule& r) {
      return open(r.created_ms, r.hard_timeout) || open(r.used_ms, r.idle_timeout);
    });
  });
}

}  // namespace

// Something happens that is no message. What it makes the switch send is expected.
void Judge::step(Branch& branch, const Event& event, std::size_t at) {
  const std::vector<model::Rule> told = told_otherwise(branch.state);
  model::Outcome outcome;
  model::step(branch.state, event, {}, outcome);
  model::step(branch.state, {0, event::Loop{0}}, {}, outcome);
  out_.clauses |= outcome.clauses;
  Wanted wanted = wanted_of(outcome);
  forget_deaf(branch.state, wanted);
  tell_removals(told, branch.state, wanted);
  for (const auto& [conn, messages] : wanted.flow_removed) {
    for (const Bytes& m : messages) branch.removals[conn].push_back({m, at});
  }
}

// What the conversation does when a scenario is over: flows that are still there are told to have gone, and ports are
// configured as before. False: what the switch says to that differs.
bool Judge::reset(Branch& branch) {
  request::FlowMod all;
  all.command = OFPFC_DELETE;
  const std::array settings = {encode(request::Role{0, NX_ROLE_OTHER}),
                               encode(request::SetFlowFormat{0, NXFF_OPENFLOW10}),
                               encode(request::FlowModTableId{0, 0}),
                               encode(request::SetConfig{0, OFPC_FRAG_NORMAL, OFP_DEFAULT_MISS_SEND_LEN})};
  const ClauseSet hit = out_.clauses;  // of what was judged
  const std::size_t at = scenario_.events.size();
  auto id = static_cast<std::uint32_t>(at);
  const auto& connections = scenario_.config.connections;
  for (const ConnName conn : connections) {
    step(branch, {++id, event::ConnOpen{conn}}, at);
    for (const Bytes& message : settings) step(branch, {++id, event::Recv{conn, message}}, at);
  }
  step(branch, {++id, event::Recv{connections[0], encode(all)}}, at);
  out_.clauses = hit;
  const std::vector<model::Port> ports = branch.state.ports;
  for (model::Port& port : branch.state.ports) {
    for (const PortConfig& before : scenario_.config.ports) {
      if (before.number != port.config.number) continue;
      port.config.config = before.config;
      port.config.state = before.state;
    }
  }
  Wanted wanted;
  tell_port_mod(connections[0], ports, branch, wanted);
  return compare_unasked(branch, wanted, at);
}

// A connection opens or closes.
void Judge::come_or_go(std::size_t at) {
  const Event& event = scenario_.events[at];
  const auto* open = std::get_if<event::ConnOpen>(&event.body);
  for (Branch& branch : branches_) {
    const auto is_new = [&](const model::Connection& c) {
      return open && c.name == open->conn && c.link == model::Link::down;
    };
    const auto opened = std::find_if(branch.state.connections.begin(), branch.state.connections.end(), is_new);
    const auto position = opened - branch.state.connections.begin();
    const bool deaf = accepted_ && opened != branch.state.connections.end();
    step(branch, event, at);
    if (deaf) branch.state.connections[static_cast<std::size_t>(position)].miss_send_len = 0;
  }
}

// Time has passed, and rules may have timed out. False: whether they have cannot be known.
bool Judge::wait(std::size_t at) {
  const std::uint64_t passed = heard_.passed_ms[at];
  std::uint64_t measured = 0;
  for (const std::uint64_t ms : heard_.passed_ms) measured += ms;
  const std::uint64_t unmeasured = heard_.elapsed_ms > measured ? heard_.elapsed_ms - measured : 0;
  for (Branch& branch : branches_) {
    if (!all_settled(branch.state, passed, kResolution_ms + unmeasured, kSlack_ms + unmeasured)) return false;
    step(branch, {scenario_.events[at].id, event::Clock{passed}}, at);
  }
  return true;
}

}  // namespace oftwin::harness::live
