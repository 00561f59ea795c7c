// Statistics requests. Invariant: they change nothing.
#include "model/statistics.h"

#include <algorithm>

#include "model/connection.h"
#include "model/encode.h"
#include "model/flow_mod.h"
#include "model/nxm.h"
#include "model/provider.h"
#include "model/wire.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

Verdict reply(Turn& turn, Connection& conn, const Message& message, const std::vector<Bytes>& records) {
  std::vector<Bytes> parts = encode_stats_reply(message.bytes, records);
  turn.hit("STAT-1");
  if (parts.size() > 1) turn.hit("STAT-2");
  for (Bytes& part : parts) send_reply(turn, conn, std::move(part));
  return {};
}

std::vector<Bytes> in_chosen_order(Turn& turn, std::vector<Bytes> records, const std::vector<std::uint8_t>& tables) {
  if (records.size() < 2) return records;
  turn.hit("STAT-3");
  turn.begin_iteration_output();
  OrderQuestion question;
  question.about = OrderQuestion::About::records;
  question.position = turn.position();
  question.records = std::move(records);
  std::vector<Bytes> ordered;
  for (const std::size_t i : chosen_order(turn, question, tables)) ordered.push_back(question.records[i]);
  return ordered;
}

// The rules that a flow or aggregate request touches; a verdict if it ends here.
std::optional<Verdict> find_rules(Turn& turn, const Message& message, std::vector<const Rule*>& rules) {
  const auto decoded = decode_flow_stats_request(message.bytes, turn.tos_bits());
  if (const auto* error = std::get_if<Error>(&decoded)) {
    hit_nxm_error(turn, *error);
    return Verdict{false, *error};
  }
  const FlowStatsRequest& request = std::get<FlowStatsRequest>(decoded);
  if (extended(message.bytes)) turn.hit("NXM-16");
  const auto found = collect_loose(turn, request.table, request.match, request.out_port);
  if (!found) {
    turn.hit("STAT-4");
    return kPostponed;
  }
  rules = *found;
  return {};
}

Verdict handle_flow_stats(Turn& turn, Connection& conn, const Message& message) {
  std::vector<const Rule*> rules;
  if (const auto verdict = find_rules(turn, message, rules)) return *verdict;
  turn.hit("STAT-5");
  const bool nx = extended(message.bytes);
  std::vector<Bytes> records;
  std::vector<std::uint8_t> tables;
  for (const Rule* rule : rules) {
    const auto [packets, bytes] = counters_of(turn.state, *rule);
    records.push_back(encode_flow_stats(*rule, packets, bytes, turn.state.now_ms, nx));
    hit_match_form(turn, rule->match, nx);
    tables.push_back(rule->table);
  }
  return reply(turn, conn, message, in_chosen_order(turn, std::move(records), tables));
}

Verdict handle_aggregate_stats(Turn& turn, Connection& conn, const Message& message) {
  std::vector<const Rule*> rules;
  if (const auto verdict = find_rules(turn, message, rules)) return *verdict;
  turn.hit("STAT-6");
  std::uint64_t packets = 0, bytes = 0;
  bool packets_known = true, bytes_known = true;
  for (const Rule* rule : rules) {
    const auto [p, b] = counters_of(turn.state, *rule);
    packets_known = packets_known && p != UINT64_MAX;
    bytes_known = bytes_known && b != UINT64_MAX;
    packets += p;
    bytes += b;
  }
  return reply(turn, conn, message,
               {encode_aggregate(packets_known ? packets : UINT64_MAX, bytes_known ? bytes : UINT64_MAX,
                                 static_cast<std::uint32_t>(rules.size()), extended(message.bytes))});
}

Verdict handle_table_stats(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("STAT-7");
  std::vector<Bytes> records;
  for (std::size_t t = 0; t < turn.state.tables.size(); ++t) records.push_back(encode_table_stats(turn.state, t));
  return reply(turn, conn, message, records);
}

Verdict handle_port_stats(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("STAT-8");
  const auto number = get<std::uint16_t>(message.bytes, wire::port_stats_request::port_no);
  std::vector<Bytes> records;
  for (const Port& port : turn.state.ports) {
    if (number == OFPP_NONE || number == port.config.number) records.push_back(encode_port_stats(port));
  }
  return reply(turn, conn, message, records);
}

// No port has a queue.
Verdict handle_queue_stats(Turn& turn, Connection& conn, const Message& message) {
  const auto number = get<std::uint16_t>(message.bytes, wire::queue_stats_request::port_no);
  if (number >= OFPP_MAX && number != OFPP_ALL) {
    turn.hit("STAT-9");
    return refused(OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_PORT);
  }
  turn.hit("STAT-10");
  return reply(turn, conn, message, {});
}

}  // namespace

Verdict handle_statistics(Turn& turn, Connection& conn, const Message& message, MessageKind kind) {
  switch (kind) {
    case MessageKind::flow_stats:
      return handle_flow_stats(turn, conn, message);
    case MessageKind::aggregate_stats:
      return handle_aggregate_stats(turn, conn, message);
    case MessageKind::table_stats:
      return handle_table_stats(turn, conn, message);
    case MessageKind::port_stats:
      return handle_port_stats(turn, conn, message);
    case MessageKind::queue_stats:
      return handle_queue_stats(turn, conn, message);
    default:
      turn.hit("STAT-11");
      return reply(turn, conn, message, {encode_desc(turn.state.config.description)});
  }
}

}  // namespace oftwin::model
