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

}  // namespace

std::optional<Taken> Judge::take(const Asked& asked) {
  if (!ledger_.dialect() || !asked.is_read()) return std::nullopt;
  auto taken = ledger_.dialect()->take(asked);
  if (!taken || !ledger_.in_force(taken->reading)) return std::nullopt;
  const bool all = std::all_of(taken->also.begin(), taken->also.end(), in_force());
  return all ? taken : std::nullopt;
}

void Judge::begin_try(const Branch& branch) {
  choices_.again(branch.habits);
  reading_ = &branch.read;
  packet_ins_asked_.clear();
}

// How the next packet-in of that connection looks that has not been compared yet.
model::PacketInForm Judge::packet_in_heard(const model::PacketInQuestion& question) {
  const auto read = reading_->find(question.conn);
  const std::size_t at = (read == reading_->end() ? 0 : read->second.packet_ins) + packet_ins_asked_[question.conn]++;
  const auto unasked = heard_.unasked.find(question.conn);
  if (unasked == heard_.unasked.end() || at >= unasked->second.packet_ins.size()) return question.law;
  const ByteView message = unasked->second.packet_ins[at];
  if (message.size() < wire::packet_in::size) return question.law;
  std::uint32_t buffer_id = 0;
  for (const std::uint8_t byte : message.subspan(wire::packet_in::buffer_id.offset, 4))
    buffer_id = buffer_id << 8 | byte;
  return {buffer_id, message.size() - wire::packet_in::size};
}

// What the switch is expected to let out, and the state that it is then in.
model::Outcome Judge::advance(Branch& branch, const Event& event, const std::optional<Taken>& taken) {
  const auto law = [&](model::State& state, const Event& e) {
    model::Outcome outcome;
    model::step(state, e, choices_.choices(), outcome);
    model::step(state, {0, event::Loop{0}}, choices_.choices(), outcome);
    return outcome;
  };
  begin_try(branch);
  if (!taken) return law(branch.state, event);
  for (const std::string_view reading : taken->also) ++used_[std::string(reading)];
  const auto& recv = std::get<event::Recv>(event.body);
  if (taken->instead.how == Instead::How::as) {
    ++used_[std::string(taken->reading)];
    if (taken->instead.first) taken->instead.first(branch.state);
    model::Outcome outcome = law(branch.state, {event.id, event::Recv{recv.conn, taken->instead.message}});
    if (taken->instead.then) taken->instead.then(branch.state, branch.memory);
    return outcome;
  }
  if (taken->instead.how == Instead::How::does) {
    ++used_[std::string(taken->reading)];
    model::Outcome outcome;
    taken->instead.does(branch.state, branch.memory, outcome);
    model::step(branch.state, {0, event::Loop{0}}, choices_.choices(), outcome);
    return outcome;
  }
  // The law may say the same. What it would choose besides does not matter.
  model::State lawful = branch.state;
  model::Outcome outcome;
  model::step(lawful, event, {}, outcome);
  model::step(lawful, {0, event::Loop{0}}, {}, outcome);
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
