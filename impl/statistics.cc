// Each handler gathers its records into parts of at most 65,535 bytes. A request that covers a rule with an operation
// in progress is postponed, because the rule's counters are not settled.
#include "impl/statistics.h"

#include <algorithm>
#include <cstring>

#include "impl/connection.h"
#include "impl/decode.h"
#include "impl/encode.h"
#include "impl/flow_mod.h"
#include "impl/nxm.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

constexpr std::size_t kMaxMessage = 0xffff;
constexpr std::uint64_t kNsecPerMs = 1'000'000;

// Builds the parts of one reply in core.out and sends each as soon as the next record does not fit.
class Reply {
 public:
  Reply(Core& core, Connection& conn, ByteView request)
      : core_(core),
        conn_(conn),
        xid_(get<wire::header::xid>(request.data())),
        type_(get<wire::stats_msg::type>(request.data())),
        subtype_(is_nicira_stats(request) ? get<wire::nx_stats_msg::subtype>(request.data()) : 0) {
    start();
  }

  // Room for one record, zeroed; valid until the next one.
  std::uint8_t* add(std::size_t size) {
    if (core_.out.size() + size > kMaxMessage) {
      put<wire::stats_msg::flags>(core_.out.data(), OFPSF_REPLY_MORE);
      send();
      start();
    }
    const std::size_t at = core_.out.size();
    core_.out.resize(at + size);
    return core_.out.data() + at;
  }

  // The last record did not need its last `size` bytes.
  void give_back(std::size_t size) { core_.out.resize(core_.out.size() - size); }

  void send() {
    finish_message(core_.out);
    send_reply(core_, conn_);
  }

 private:
  void start() {
    const bool nicira = type_ == OFPST_VENDOR;
    start_message(core_.out, OFPT_STATS_REPLY, xid_, nicira ? wire::nx_stats_msg::size : wire::stats_msg::size);
    std::uint8_t* p = core_.out.data();
    put<wire::stats_msg::type>(p, type_);
    if (!nicira) return;
    put<wire::nx_stats_msg::vendor>(p, NX_VENDOR_ID);
    put<wire::nx_stats_msg::subtype>(p, subtype_);
  }

  Core& core_;
  Connection& conn_;
  std::uint32_t xid_;
  std::uint16_t type_;
  std::uint32_t subtype_;
};

void put_flow(Core& core, const Rule& rule, Reply& reply) {
  std::uint8_t* p = reply.add(wire::flow_stats::size + rule.actions.size());
  std::uint64_t packets = 0, bytes = 0;
  core.provider.rule_get_stats(core.instance, &rule.face, &packets, &bytes);
  const std::uint64_t age_ms = core.now_ms - rule.face.created_ms;
  put<wire::flow_stats::length>(p, wire::flow_stats::size + rule.actions.size());
  put<wire::flow_stats::table_id>(p, rule.face.table_id);
  encode_match(rule.match, p + wire::flow_stats::match.offset);
  put<wire::flow_stats::duration_sec>(p, age_ms / 1000);
  put<wire::flow_stats::duration_nsec>(p, age_ms % 1000 * kNsecPerMs);
  put<wire::flow_stats::priority>(p, rule.priority);
  put<wire::flow_stats::idle_timeout>(p, rule.face.idle_timeout);
  put<wire::flow_stats::hard_timeout>(p, rule.face.hard_timeout);
  put<wire::flow_stats::cookie>(p, rule.face.cookie);
  put<wire::flow_stats::packet_count>(p, counter(packets));
  put<wire::flow_stats::byte_count>(p, counter(bytes));
  std::ranges::copy(rule.actions, p + wire::flow_stats::size);
}

void put_nx_flow(Core& core, const Rule& rule, Reply& reply) {
  std::uint8_t* p = reply.add(wire::nx_flow_stats::size + wire::nx_flow_stats::longest_match + rule.actions.size());
  std::uint64_t packets = 0, bytes = 0;
  core.provider.rule_get_stats(core.instance, &rule.face, &packets, &bytes);
  const std::uint64_t age_ms = core.now_ms - rule.face.created_ms;
  const std::size_t match_len = encode_nxm(rule.match, p + wire::nx_flow_stats::size);
  const std::size_t actions_at = wire::nx_flow_stats::size + nxm_padded(match_len);
  put<wire::nx_flow_stats::length>(p, actions_at + rule.actions.size());
  put<wire::nx_flow_stats::table_id>(p, rule.face.table_id);
  put<wire::nx_flow_stats::duration_sec>(p, age_ms / 1000);
  put<wire::nx_flow_stats::duration_nsec>(p, age_ms % 1000 * kNsecPerMs);
  put<wire::nx_flow_stats::priority>(p, rule.priority);
  put<wire::nx_flow_stats::idle_timeout>(p, rule.face.idle_timeout);
  put<wire::nx_flow_stats::hard_timeout>(p, rule.face.hard_timeout);
  put<wire::nx_flow_stats::match_len>(p, match_len);
  put<wire::nx_flow_stats::cookie>(p, rule.face.cookie);
  put<wire::nx_flow_stats::packet_count>(p, packets);
  put<wire::nx_flow_stats::byte_count>(p, bytes);
  std::ranges::copy(rule.actions, p + actions_at);
  reply.give_back(wire::nx_flow_stats::longest_match - nxm_padded(match_len));
}

// One unknown makes the sum unknown.
void put_table(Core& core, std::size_t id, std::uint8_t* p) {
  oft_table_info info{};
  info.size = sizeof info;
  core.provider.get_table_info(core.instance, static_cast<std::uint8_t>(id), &info);
  put<wire::table_stats::table_id>(p, id);
  const std::size_t name_len = strnlen(info.name, sizeof info.name);
  put_text(p + wire::table_stats::name.offset, wire::table_stats::name.size, {info.name, name_len});
  put<wire::table_stats::wildcards>(p, info.wildcards);
  put<wire::table_stats::max_entries>(p, info.max_entries);
  put<wire::table_stats::active_count>(p, core.tables[id].size());
  put<wire::table_stats::lookup_count>(p, info.lookup_count);
  put<wire::table_stats::matched_count>(p, info.matched_count);
}

void put_port(Core& core, const oft_port& port, std::uint8_t* p) {
  oft_port_stats s;
  std::memset(&s, 0xff, sizeof s);
  s.size = sizeof s;
  if (core.provider.get_port_stats != nullptr) core.provider.get_port_stats(core.instance, port.number, &s);
  put<wire::port_stats::port_no>(p, port.number);
  put<wire::port_stats::rx_packets>(p, s.rx_packets);
  put<wire::port_stats::tx_packets>(p, s.tx_packets);
  put<wire::port_stats::rx_bytes>(p, s.rx_bytes);
  put<wire::port_stats::tx_bytes>(p, s.tx_bytes);
  put<wire::port_stats::rx_dropped>(p, s.rx_dropped);
  put<wire::port_stats::tx_dropped>(p, s.tx_dropped);
  put<wire::port_stats::rx_errors>(p, s.rx_errors);
  put<wire::port_stats::tx_errors>(p, s.tx_errors);
  put<wire::port_stats::rx_frame_err>(p, s.rx_frame_err);
  put<wire::port_stats::rx_over_err>(p, s.rx_over_err);
  put<wire::port_stats::rx_crc_err>(p, s.rx_crc_err);
  put<wire::port_stats::collisions>(p, s.collisions);
}

bool port_exists(const Core& core, std::uint16_t number) {
  return std::ranges::any_of(core.ports, [=](const oft_port& port) { return port.number == number; });
}

// The table of emergency flows, which there are none of, may be asked about though it does not exist.
Error take_request(const Core& core, ByteView m, FlowStatsRequest* request) {
  if (const Error error = decode_flow_stats_request(m, request)) return error;
  const bool known = request->table_id < core.tables.size() || request->table_id == OFP_ALL_TABLES ||
                     request->table_id == OFP_EMERGENCY_TABLE;
  return known ? Error{} : kNoSuchTable;
}

}  // namespace

Verdict handle_desc_stats(Core& core, Connection& conn, ByteView m) {
  Reply reply(core, conn, m);
  std::uint8_t* p = reply.add(wire::desc_stats::size);
  const Description& d = core.config.description;
  const auto put_field = [p](wire::Field f, const std::string& text) { put_text(p + f.offset, f.size, text); };
  put_field(wire::desc_stats::mfr_desc, d.mfr_desc);
  put_field(wire::desc_stats::hw_desc, d.hw_desc);
  put_field(wire::desc_stats::sw_desc, d.sw_desc);
  put_field(wire::desc_stats::serial_num, d.serial_num);
  put_field(wire::desc_stats::dp_desc, d.dp_desc);
  reply.send();
  return kDone;
}

Verdict handle_flow_stats(Core& core, Connection& conn, ByteView m) {
  FlowStatsRequest request;
  if (const Error error = take_request(core, m, &request)) return refuse(error);
  if (!collect_loose(core, request.table_id, request.match, request.out_port, core.touched)) return kPostpone;
  Reply reply(core, conn, m);
  const auto put_rule = is_nicira_stats(m) ? put_nx_flow : put_flow;
  for (const Rule* rule : core.touched) put_rule(core, *rule, reply);
  reply.send();
  return kDone;
}

Verdict handle_aggregate_stats(Core& core, Connection& conn, ByteView m) {
  FlowStatsRequest request;
  if (const Error error = take_request(core, m, &request)) return refuse(error);
  if (!collect_loose(core, request.table_id, request.match, request.out_port, core.touched)) return kPostpone;
  CounterSum<std::uint64_t> packet_sum, byte_sum;
  for (const Rule* rule : core.touched) {
    std::uint64_t rule_packets = 0, rule_bytes = 0;
    core.provider.rule_get_stats(core.instance, &rule->face, &rule_packets, &rule_bytes);
    packet_sum.add(rule_packets);
    byte_sum.add(rule_bytes);
  }
  const std::uint64_t packets = packet_sum.total(), bytes = byte_sum.total();
  Reply reply(core, conn, m);
  if (is_nicira_stats(m)) {
    std::uint8_t* p = reply.add(wire::nx_aggregate_stats::size);
    put<wire::nx_aggregate_stats::packet_count>(p, packets);
    put<wire::nx_aggregate_stats::byte_count>(p, bytes);
    put<wire::nx_aggregate_stats::flow_count>(p, core.touched.size());
  } else {
    std::uint8_t* p = reply.add(wire::aggregate_stats::size);
    put<wire::aggregate_stats::packet_count>(p, counter(packets));
    put<wire::aggregate_stats::byte_count>(p, counter(bytes));
    put<wire::aggregate_stats::flow_count>(p, core.touched.size());
  }
  reply.send();
  return kDone;
}

Verdict handle_table_stats(Core& core, Connection& conn, ByteView m) {
  Reply reply(core, conn, m);
  for (std::size_t id = 0; id < core.tables.size(); ++id) put_table(core, id, reply.add(wire::table_stats::size));
  reply.send();
  return kDone;
}

Verdict handle_port_stats(Core& core, Connection& conn, ByteView m) {
  const std::uint16_t wanted = get<wire::port_stats_request::port_no>(m.data());
  Reply reply(core, conn, m);
  for (const oft_port& port : core.ports) {
    if (wanted == OFPP_NONE || wanted == port.number) put_port(core, port, reply.add(wire::port_stats::size));
  }
  reply.send();
  return kDone;
}

// No provider of this interface has queues: no port has anything to tell about.
Verdict handle_queue_stats(Core& core, Connection& conn, ByteView m) {
  const std::uint16_t wanted = get<wire::queue_stats_request::port_no>(m.data());
  if (wanted != OFPP_ALL && !port_exists(core, wanted)) return refuse(kQueueBadPort);
  if (get<wire::queue_stats_request::queue_id>(m.data()) != OFPQ_ALL) return refuse(kBadQueue);
  Reply(core, conn, m).send();
  return kDone;
}

// Not of LOCAL, which is no physical port.
Verdict handle_queue_get_config(Core& core, Connection& conn, ByteView m) {
  const std::uint16_t port = get<wire::queue_get_config_request::port>(m.data());
  if (port >= OFPP_MAX || !port_exists(core, port)) return refuse(kQueueBadPort);
  encode_queue_config(core.out, get<wire::header::xid>(m.data()), port);
  send_reply(core, conn);
  return kDone;
}

}  // namespace oftwin::impl
