// Statistics requests. Invariant: they change nothing.
#include <algorithm>

#include "model/connection.h"
#include "model/decode.h"
#include "model/dispatch.h"
#include "model/encode.h"
#include "model/flow_mod.h"
#include "model/nxm.h"
#include "model/provider.h"
#include "model/wire.h"
#include "spec/nicira.h"
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
  const OrderQuestion question{OrderQuestion::About::records, 0, {}, std::move(records)};
  std::vector<Bytes> ordered;
  for (const std::size_t i : chosen_order(turn, question, tables)) ordered.push_back(question.records[i]);
  return ordered;
}

// The rules that a flow or aggregate request touches; or the verdict, if it ends here.
std::variant<std::vector<const Rule*>, Verdict> find_rules(Turn& turn, const Message& message) {
  const auto decoded = decode_flow_stats_request(message.bytes, turn.tos_bits());
  if (const auto* error = std::get_if<Error>(&decoded)) {
    hit_nxm_error(turn, *error);
    return Verdict{false, *error};
  }
  const FlowStatsRequest& request = std::get<FlowStatsRequest>(decoded);
  if (extended(message.bytes)) turn.hit("NXM-16");
  if (request.out_port != OFPP_NONE) turn.hit("STAT-12");
  if (request.table == OFP_ALL_TABLES || request.table == OFP_EMERGENCY_TABLE) turn.hit("STAT-13");
  if (!table_exists(turn.state, request.table) && request.table != OFP_EMERGENCY_TABLE && !turn.erratum(18) &&
      !turn.reading("STAT-18")) {
    return turn.end("STAT-16", {false, nicira_error(OFPET_BAD_REQUEST, NXBRC_BAD_TABLE_ID)});
  }
  const auto found = collect_loose(turn, request.table, request.match, request.out_port);
  if (!found) return turn.postpone("STAT-4");
  return *found;
}

}  // namespace

Verdict handle_desc_stats(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("STAT-11");
  return reply(turn, conn, message, {encode_desc(turn.state.settings.description)});
}

Verdict handle_flow_stats(Turn& turn, Connection& conn, const Message& message) {
  const auto rules = find_rules(turn, message);
  if (const auto* verdict = std::get_if<Verdict>(&rules)) return *verdict;
  turn.hit("STAT-5");
  const bool nx = extended(message.bytes);
  std::vector<Bytes> records;
  std::vector<std::uint8_t> tables;
  for (const Rule* rule : std::get<0>(rules)) {
    records.push_back(encode_flow_stats(*rule, counters_of(turn.state, *rule), turn.state.now_ms, nx));
    hit_match_form(turn, rule->match, nx);
    tables.push_back(rule->table);
  }
  return reply(turn, conn, message, in_chosen_order(turn, std::move(records), tables));
}

Verdict handle_aggregate_stats(Turn& turn, Connection& conn, const Message& message) {
  const auto rules = find_rules(turn, message);
  if (const auto* verdict = std::get_if<Verdict>(&rules)) return *verdict;
  turn.hit("STAT-6");
  const auto sum = [&](std::uint64_t Counters::* counter) {
    std::vector<std::uint64_t> all;
    for (const Rule* rule : std::get<0>(rules)) all.push_back(counters_of(turn.state, *rule).*counter);
    return sum_of(all);
  };
  const Counters total{sum(&Counters::packets), sum(&Counters::bytes)};
  return reply(turn, conn, message, {encode_aggregate(total, std::get<0>(rules).size(), extended(message.bytes))});
}

Verdict handle_table_stats(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("STAT-7");
  std::vector<Bytes> records(turn.state.tables.size());
  for (std::size_t t = 0; t < records.size(); ++t) records[t] = encode_table_stats(turn.state, t);
  return reply(turn, conn, message, records);
}

Verdict handle_port_stats(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("STAT-8");
  turn.hit("STAT-19");
  const auto number = get<wire::port_stats_request::port_no>(message.bytes);
  std::vector<Bytes> records;
  for (const Port& port : turn.state.ports) {
    if (number == OFPP_NONE || number == port.config.number) records.push_back(encode_port_stats(port));
  }
  return reply(turn, conn, message, records);
}

// No port has a queue.
Verdict handle_queue_stats(Turn& turn, Connection& conn, const Message& message) {
  const auto number = get<wire::queue_stats_request::port_no>(message.bytes);
  if (number != OFPP_ALL && (turn.erratum(23) ? number >= OFPP_MAX : !turn.port(number))) {
    return turn.refuse("STAT-9", OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_PORT);
  }
  if (get<wire::queue_stats_request::queue_id>(message.bytes) != OFPQ_ALL && !turn.erratum(23)) {
    return turn.refuse("STAT-17", OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_QUEUE);
  }
  turn.hit("STAT-10");
  return reply(turn, conn, message, {});
}

}  // namespace oftwin::model
