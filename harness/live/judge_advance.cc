// What the switch is expected to do with a message: the law, or what a reading has instead.
#include <algorithm>

#include "harness/live/judge_parts.h"
#include "harness/live/scenario.h"
#include "model/encode.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

bool only_this_error(const model::Outcome& outcome, Error error, ByteView message) {
  const Wanted wanted = wanted_of(outcome);
  if (!error) return wanted.replies.empty() && wanted.flow_removed.empty() && wanted.packet_ins.empty();
  return wanted.replies.size() == 1 && wanted.replies[0] == model::encode_error(error, message);
}

// The list with every output to the controller sending all of the packet; whether there is any.
bool enlarge(Bytes& actions) {
  bool any = false;
  for (std::size_t at = 0; at + 8 <= actions.size();) {
    const std::size_t length = std::size_t{actions[at + 2]} << 8 | actions[at + 3];
    if (length < 8) break;
    const bool output = actions[at] == 0 && actions[at + 1] == OFPAT_OUTPUT;
    if (output && actions[at + 4] == 0xff && actions[at + 5] == (OFPP_CONTROLLER & 0xff)) {
      actions[at + 6] = actions[at + 7] = 0xff;
      any = true;
    }
    at += length;
  }
  return any;
}

}  // namespace

std::optional<Taken> Judge::take(const Asked& asked) {
  if (!ledger_.dialect() || !asked.is_read()) return std::nullopt;
  auto taken = ledger_.dialect()->take(asked);
  if (taken && !ledger_.in_force(taken->reading)) return std::nullopt;
  return taken;
}

// The packet-ins as they are when packets go to the controller whole.
void Judge::enlarge_packet_ins(const model::State& before, const Event& event, model::Outcome& outcome) {
  if (!ledger_.dialect() || !ledger_.in_force(ledger_.dialect()->whole_packets)) return;
  const auto is_packet_in = [](const Observation& o) {
    const auto* send = std::get_if<observation::Send>(&o);
    return send && send->bytes[1] == OFPT_PACKET_IN;
  };
  if (std::none_of(outcome.observations.begin(), outcome.observations.end(), is_packet_in)) return;
  model::State state = before;
  for (model::Table& table : state.tables) {
    for (model::Rule& rule : table.rules) enlarge(rule.actions);
  }
  Event whole = event;
  Bytes& message = std::get<event::Recv>(whole.body).bytes;
  const std::size_t length = std::size_t{message[14]} << 8 | message[15], at = wire::packet_out::size;
  Bytes actions(message.begin() + at, message.begin() + static_cast<std::ptrdiff_t>(at + length));
  enlarge(actions);
  std::copy(actions.begin(), actions.end(), message.begin() + at);
  model::Outcome enlarged;
  choices_.again();
  model::step(state, whole, choices_.choices(), enlarged);
  model::step(state, {0, event::Loop{0}}, choices_.choices(), enlarged);
  auto from = enlarged.observations.begin();
  for (Observation& o : outcome.observations) {
    if (!is_packet_in(o)) continue;
    from = std::find_if(from, enlarged.observations.end(), is_packet_in);
    if (from == enlarged.observations.end()) return;
    if (!(o == *from)) ++used_[std::string(ledger_.dialect()->whole_packets)];
    o = *from++;
  }
}

bool Judge::leaves_afterwards(const Asked& asked, const ClauseSet& hit) {
  if (!ledger_.dialect()) return false;
  const auto taken = ledger_.dialect()->afterwards(asked, hit);
  if (!taken || !ledger_.in_force(taken->reading)) return false;
  leave(taken->reading);
  return true;
}

// What the switch is expected to let out, and the state that it is then in.
model::Outcome Judge::advance(Branch& branch, const Event& event, const std::optional<Taken>& taken) {
  const auto law = [&](model::State& state, const Event& e) {
    model::Outcome outcome;
    model::step(state, e, choices_.choices(), outcome);
    model::step(state, {0, event::Loop{0}}, choices_.choices(), outcome);
    return outcome;
  };
  if (!taken && message_of(event)[1] == OFPT_PACKET_OUT) {
    const model::State before = branch.state;
    model::Outcome outcome = law(branch.state, event);
    enlarge_packet_ins(before, event, outcome);
    return outcome;
  }
  if (!taken) return law(branch.state, event);
  const auto& recv = std::get<event::Recv>(event.body);
  if (taken->instead.how == Instead::How::as) {
    ++used_[std::string(taken->reading)];
    model::Outcome outcome = law(branch.state, {event.id, event::Recv{recv.conn, taken->instead.message}});
    if (taken->instead.then) taken->instead.then(branch.state);
    return outcome;
  }
  // The law may say the same.
  model::State lawful = branch.state;
  model::Outcome outcome = law(lawful, event);
  if (taken->instead.how != Instead::How::answers && lawful.tables == branch.state.tables &&
      only_this_error(outcome, taken->instead.error, recv.bytes)) {
    branch.state = std::move(lawful);
    return outcome;
  }
  ++used_[std::string(taken->reading)];
  if (taken->instead.how == Instead::How::answers) {
    branch.state = std::move(lawful);
    return outcome;
  }
  outcome.observations.clear();
  if (taken->instead.how == Instead::How::replies) {
    outcome.observations.push_back(observation::Send{recv.conn, taken->instead.message});
  }
  if (taken->instead.how == Instead::How::refused) {
    outcome.observations.push_back(observation::Send{recv.conn, model::encode_error(taken->instead.error, recv.bytes)});
  }
  return outcome;
}

}  // namespace oftwin::harness::live
