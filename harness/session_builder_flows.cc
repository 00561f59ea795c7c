// What there is before a capture begins: flows, and packets in buffers.
#include <algorithm>
#include <map>

#include "harness/request.h"
#include "harness/session_builder.h"
#include "harness/spelling.h"
#include "spec/openflow.h"

namespace oftwin::harness {

// A packet in a buffer that came from a frame which is not in the capture is nothing that the model could have.
Bytes SessionBuilder::without_unknown_buffer(std::size_t index) {
  const CapturedMessage& m = session_.capture.messages[index];
  const bool middle = session_.capture.connections[m.connection].opened_packet == 0;
  auto request = session_.frames_known ? std::nullopt : decode_request(m.bytes);
  std::uint32_t* buffer = nullptr;
  if (request) {
    if (auto* r = std::get_if<request::FlowMod>(&*request)) buffer = &r->buffer_id;
    if (auto* r = std::get_if<request::NxFlowMod>(&*request)) buffer = &r->buffer_id;
    if (auto* r = std::get_if<request::PacketOut>(&*request)) buffer = &r->buffer_id;
  }
  if (!buffer || *buffer == OFP_NO_BUFFER || (!middle && !buffers_.contains(*buffer))) return m.bytes;
  session_.buffer_known[index] = false;
  *buffer = OFP_NO_BUFFER;
  return encode(*request);
}

// What the model would answer in that state.
std::vector<ReplyRecord> SessionBuilder::would_answer(model::State state, const event::Recv& request) const {
  model::Outcome outcome;
  model::step(state, {next_id_, request}, {}, outcome);
  model::step(state, {0, event::Loop{0}}, {}, outcome);
  std::vector<ReplyRecord> out;
  for (const Observation& o : outcome.observations) {
    const auto* send = std::get_if<observation::Send>(&o);
    if (send && send->conn == request.conn && !is_asynchronous(send->bytes)) append_records(send->bytes, out);
  }
  return out;
}

// Before the request is handled: its answer shows which flows there are.
void SessionBuilder::learn_flows(std::size_t index, const event::Recv& request) {
  std::vector<ByteView> parts;
  for (const std::size_t reply : session_.replies[index]) parts.push_back(session_.capture.messages[reply].bytes);
  if (parts.empty() || !is_complete(parts)) return;
  const bool all = asks_for_all_flows(request.bytes);
  const std::vector<ReplyRecord> model = would_answer(state_, request);
  if (!asks_for_flows(request.bytes)) {
    std::vector<ReplyRecord> real;
    append_records(parts[0], real);
    // Those that the model knows are among them: if they are as many, they are all.
    const auto flows = [](const std::vector<ReplyRecord>& r) { return r.empty() ? nullptr : field_of(r[0], "flows"); };
    if (all && flows(real) && flows(model) && *flows(real) == *flows(model)) flows_ = Flows::known;
    return;
  }
  std::map<std::string, const ReplyRecord*> of_model;
  std::set<std::string> unlisted;
  for (const ReplyRecord& r : model) unlisted.insert(of_model.emplace(identity_of(r), &r).first->first);
  std::vector<ListedFlow> earlier;
  for (ListedFlow& flow : listed_flows(parts)) {
    const auto known = of_model.find(identity_of(flow.record));
    const bool older = flow.record.duration_ms.value_or(0) > now_ms_ + kDurationTolerance_ms;
    if (known != of_model.end()) unlisted.erase(known->first);
    const bool fresh = known == of_model.end() && (flows_ == Flows::unknown || (older && flows_ == Flows::presumed) ||
                                                   may_have_been_kept(flow.record));
    const bool changed = known != of_model.end() && older && modified_ && !(*known->second == flow.record);
    if (fresh || changed) earlier.push_back(std::move(flow));
  }
  make_earlier(earlier);
  expire_unlisted(request, unlisted);
  if (all) flows_ = Flows::known;
}

// A flow whose time is over in the model, and on the switch is not: frames that are not in the capture have met it, or
// the clocks differ.
bool SessionBuilder::may_have_been_kept(const ReplyRecord& flow) const {
  if (!may_have_timed_out()) return false;
  const auto seconds = [&](std::string_view field) {
    return parse_as<std::uint16_t>(*field_of(flow, field)).value_or(0) * std::uint64_t{1000};
  };
  const bool hard_is_over =
      seconds("hard_timeout") != 0 && flow.duration_ms.value_or(0) > seconds("hard_timeout") + kDurationTolerance_ms;
  return !hard_is_over && (seconds("idle_timeout") != 0 || seconds("hard_timeout") != 0);
}

void SessionBuilder::make_earlier(const std::vector<ListedFlow>& flows) {
  if (flows.empty()) return;
  std::uint16_t number = 1;
  for (const ConnName conn : session_.conns) {
    if (conn.kind == ConnKind::service) number = std::max<std::uint16_t>(number, conn.number + 1);
  }
  const ConnName conn{ConnKind::service, number};
  session_.earlier_conn = conn;
  add_and_settle(event::ConnOpen{conn});
  const auto in_a_later_table = [](const ListedFlow& flow) { return *field_of(flow.record, "table") != "0"; };
  if (std::any_of(flows.begin(), flows.end(), in_a_later_table)) {
    add_and_settle(event::Recv{conn, encode(request::FlowModTableId{0, 1})});
  }
  for (const ListedFlow& flow : flows) {
    session_.earlier.insert(identity_of(flow.record, false));
    add_and_settle(event::Recv{conn, flow.flow_mod});
  }
  add_and_settle(event::ConnClose{conn});
}

// Flows of the model that the switch does not list any more: where it is not known how often they were met, they have
// timed out, if there has been the time for it. One that asked for a flow-removed message has told its end.
void SessionBuilder::expire_unlisted(const event::Recv& request, const std::set<std::string>& unlisted) {
  if (unlisted.empty() || session_.frames_known) return;
  std::vector<event::ProviderExpire> ends;
  model::State bare = state_;
  for (model::Table& table : bare.tables) table.rules.clear();
  for (std::size_t t = 0; t < state_.tables.size(); ++t) {
    for (const model::Rule& rule : state_.tables[t].rules) {
      const std::uint64_t age_ms = state_.now_ms - rule.created_ms + kDurationTolerance_ms;
      const bool hard = rule.hard_timeout != 0 && age_ms >= rule.hard_timeout * std::uint64_t{1000};
      const bool idle = rule.idle_timeout != 0 && age_ms >= rule.idle_timeout * std::uint64_t{1000};
      if (rule.send_flow_removed || (!hard && !idle)) continue;
      model::State alone = bare;
      alone.tables[t].rules.push_back(rule);
      const std::vector<ReplyRecord> listed = would_answer(std::move(alone), request);
      if (listed.empty() || !unlisted.contains(identity_of(listed[0]))) continue;
      ends.push_back({rule.name, hard ? ExpiryReason::hard : ExpiryReason::idle});
    }
  }
  for (const event::ProviderExpire& end : ends) add_and_settle(end);
}

}  // namespace oftwin::harness
