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

// What the conversation does when a scenario is over: flows that are still there are told to have gone.
void Judge::reset(Branch& branch) {
  request::FlowMod all;
  all.command = OFPFC_DELETE;
  const ConnName conn = scenario_.config.connections[0];
  const std::array messages = {encode(request::Role{0, NX_ROLE_OTHER}),
                               encode(request::SetFlowFormat{0, NXFF_OPENFLOW10}),
                               encode(request::FlowModTableId{0, 0}),
                               encode(request::SetConfig{0, OFPC_FRAG_NORMAL, OFP_DEFAULT_MISS_SEND_LEN}), encode(all)};
  auto id = static_cast<std::uint32_t>(scenario_.events.size());
  for (const Bytes& message : messages) {
    model::Outcome outcome;
    model::step(branch.state, {++id, event::Recv{conn, message}}, {}, outcome);
    model::step(branch.state, {0, event::Loop{0}}, {}, outcome);
    for (const auto& [to, removed] : wanted_of(outcome).flow_removed) {
      for (const Bytes& m : removed) branch.removals[to].push_back({m, scenario_.events.size()});
    }
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
    model::Outcome outcome;
    model::step(branch.state, {scenario_.events[at].id, event::Clock{passed}}, {}, outcome);
    model::step(branch.state, {0, event::Loop{0}}, {}, outcome);
    out_.clauses |= outcome.clauses;
    for (const auto& [conn, messages] : wanted_of(outcome).flow_removed) {
      for (const Bytes& m : messages) branch.removals[conn].push_back({m, at});
    }
  }
  return true;
}

}  // namespace oftwin::harness::live
