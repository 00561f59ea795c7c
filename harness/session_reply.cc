#include "harness/session_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "harness/action_spelling.h"
#include "harness/flow_syntax.h"
#include "harness/match_spelling.h"
#include "harness/nxm_syntax.h"
#include "harness/print.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/error.h"
#include "spec/nicira.h"

namespace oftwin::harness {

namespace {

// Reads the fields of one record one after the other.
class Fields {
 public:
  Fields(Reader& reader, ReplyRecord& record) : reader_(reader), record_(record) {}

  template <class T>
  Fields& number(std::string_view name) {
    return text(name, fmt::format("{}", reader_.get<T>()));
  }
  template <class T>
  Fields& hex(std::string_view name) {
    return text(name, fmt::format("{:#x}", reader_.get<T>()));
  }
  Fields& bytes(std::string_view name, std::size_t n) { return text(name, print_hex(reader_.take(n))); }
  Fields& rest(std::string_view name) { return bytes(name, reader_.left()); }
  Fields& string(std::string_view name, std::size_t n) {
    ByteView view = reader_.take(n);
    const auto end = std::find(view.begin(), view.end(), std::uint8_t{0});
    return text(name, std::string(view.begin(), end));
  }
  Fields& padding(std::size_t n) {
    reader_.take(n);
    return *this;
  }
  // Wildcards and the 36 bytes of values that they qualify, without padding and in one spelling (MATCH-9).
  Fields& match() {
    if (reader_.left() < wire::match::size) return match_as_sent();
    auto bytes = reader_.array<wire::match::size>();
    settle_match(bytes);
    Reader settled{bytes};
    Fields(settled, record_).match_as_sent();
    return *this;
  }
  Fields& duration() {
    const std::uint64_t seconds = reader_.get<std::uint32_t>();
    record_.duration_ms = seconds * 1000 + reader_.get<std::uint32_t>() / 1'000'000;
    return *this;
  }
  // The rest, in one spelling (ACT-22).
  Fields& actions() {
    const ByteView list = reader_.take(reader_.left());
    Bytes settled(list.begin(), list.end());
    settle_actions(settled);
    return text("actions", print_hex(settled));
  }
  Fields& text(std::string_view name, std::string value) {
    record_.fields.push_back({name, std::move(value)});
    return *this;
  }

 private:
  Fields& match_as_sent() {
    hex<std::uint32_t>("wildcards");
    number<std::uint16_t>("in_port").bytes("dl_src", 6).bytes("dl_dst", 6).hex<std::uint16_t>("dl_vlan");
    number<std::uint8_t>("dl_vlan_pcp").padding(1).hex<std::uint16_t>("dl_type").hex<std::uint8_t>("nw_tos");
    number<std::uint8_t>("nw_proto").padding(2).hex<std::uint32_t>("nw_src").hex<std::uint32_t>("nw_dst");
    return number<std::uint16_t>("tp_src").number<std::uint16_t>("tp_dst");
  }

  Reader& reader_;
  ReplyRecord& record_;
};

ReplyRecord& add(std::vector<ReplyRecord>& out, std::string_view kind) {
  return out.emplace_back(ReplyRecord{kind, {}, std::nullopt});
}

std::string flow_name(std::optional<unsigned> table, unsigned priority, const std::string& match) {
  return fmt::format("{}priority={}{}{}", table ? fmt::format("table={} ", *table) : "", priority,
                     match.empty() ? "" : " ", match);
}

// A match of OpenFlow 1.0 that begins there, in one spelling; what is not there reads as zero.
std::string match_text(ByteView bytes) {
  std::array<std::uint8_t, wire::match::size> match{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), match.size()), match.begin());
  settle_match(match);
  return print_wire_match(decode_match(match), kReplyWildcards);
}

// Which priority a flow without wildcards is listed with means nothing (MATCH-11).
void settle_priority(ReplyRecord& record) {
  const auto field = [&](std::string_view name) {
    return std::find_if(record.fields.begin(), record.fields.end(),
                        [&](const ReplyField& f) { return f.name == name; });
  };
  const auto wildcards = field("wildcards"), priority = field("priority");
  if (wildcards == record.fields.end() || priority == record.fields.end() || wildcards->value != "0x0") return;
  priority->value = "65535";
}

void error_record(Reader& r, ReplyRecord& record) {
  const auto wire_type = r.get<std::uint16_t>();
  Error error = openflow_error(wire_type, r.get<std::uint16_t>());
  std::uint32_t vendor = NX_VENDOR_ID;
  if (error.type == NXET_VENDOR && error.code == NXVC_VENDOR_ERROR) {
    vendor = r.get<std::uint32_t>();
    const auto type = r.get<std::uint16_t>();
    error = nicira_error(type, r.get<std::uint16_t>());
  }
  Fields f(r, record);
  f.text("error", print_error(error));
  if (vendor != NX_VENDOR_ID) f.text("vendor", fmt::format("{:#x}", vendor));
  f.rest("data");
}

void port_record(Reader& r, ReplyRecord& record) {
  Fields(r, record)
      .number<std::uint16_t>("port")
      .bytes("hw_addr", 6)
      .string("name", OFP_MAX_PORT_NAME_LEN)
      .hex<std::uint32_t>("config")
      .hex<std::uint32_t>("state")
      .hex<std::uint32_t>("curr")
      .hex<std::uint32_t>("advertised")
      .hex<std::uint32_t>("supported")
      .hex<std::uint32_t>("peer");
}

void features_records(Reader& r, std::vector<ReplyRecord>& out) {
  Fields(r, add(out, "features"))
      .hex<std::uint64_t>("datapath_id")
      .number<std::uint32_t>("n_buffers")
      .number<std::uint8_t>("n_tables")
      .padding(3)
      .hex<std::uint32_t>("capabilities")
      .hex<std::uint32_t>("actions");
  while (r.left() > 0) port_record(r, add(out, "port"));
}

unsigned number_of(const ReplyRecord& record, std::string_view name) {
  const std::string* value = field_of(record, name);
  return value ? parse_as<std::uint16_t>(*value).value_or(0) : 0;
}

void flow_record(Reader& all, ReplyRecord& record) {
  const auto length = all.get<std::uint16_t>();
  const ByteView body = all.take(std::min<std::size_t>(all.left(), length < 2 ? 0 : length - 2u));
  Reader r(body);
  Reader match(body.subspan(std::min<std::size_t>(body.size(), 2)));
  Fields(r, record)
      .number<std::uint8_t>("table")
      .padding(1)
      .match()
      .duration()
      .number<std::uint16_t>("priority")
      .number<std::uint16_t>("idle_timeout")
      .number<std::uint16_t>("hard_timeout")
      .padding(6)
      .hex<std::uint64_t>("cookie")
      .number<std::uint64_t>("packets")
      .number<std::uint64_t>("bytes")
      .actions();
  settle_priority(record);
  record.name = flow_name(number_of(record, "table"), number_of(record, "priority"), match_text(match.rest()));
}

void table_record(Reader& r, ReplyRecord& record) {
  Fields(r, record)
      .number<std::uint8_t>("table")
      .padding(3)
      .string("name", OFP_MAX_TABLE_NAME_LEN)
      .hex<std::uint32_t>("wildcards")
      .number<std::uint32_t>("max_entries")
      .number<std::uint32_t>("active")
      .number<std::uint64_t>("lookups")
      .number<std::uint64_t>("matched");
}

void port_stats_record(Reader& r, ReplyRecord& record) {
  Fields f(r, record);
  f.number<std::uint16_t>("port").padding(6);
  for (const char* name : {"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_dropped", "tx_dropped", "rx_errors",
                           "tx_errors", "rx_frame_err", "rx_over_err", "rx_crc_err", "collisions"}) {
    f.number<std::uint64_t>(name);
  }
}

// An extended match and its padding.
ByteView take_nxm(Reader& r, std::size_t length) {
  const ByteView match = r.take(std::min(length, r.left()));
  r.take(std::min((8 - length % 8) % 8, r.left()));
  return match;
}

void nx_flow_record(Reader& all, ReplyRecord& record) {
  const auto length = all.get<std::uint16_t>();
  Reader r(all.take(std::min<std::size_t>(all.left(), length < 2 ? 0 : length - 2u)));
  Fields f(r, record);
  f.number<std::uint8_t>("table").padding(1).duration().number<std::uint16_t>("priority");
  f.number<std::uint16_t>("idle_timeout").number<std::uint16_t>("hard_timeout");
  const auto match_len = r.get<std::uint16_t>();
  f.padding(4).hex<std::uint64_t>("cookie").number<std::uint64_t>("packets").number<std::uint64_t>("bytes");
  f.text("match", print_nxm(take_nxm(r, match_len))).actions();
  record.name = flow_name(number_of(record, "table"), number_of(record, "priority"), *field_of(record, "match"));
}

void nx_flow_removed_record(Reader& r, ReplyRecord& record) {
  Fields f(r, record);
  f.hex<std::uint64_t>("cookie").number<std::uint16_t>("priority").number<std::uint8_t>("reason").padding(1).duration();
  f.number<std::uint16_t>("idle_timeout");
  const auto match_len = r.get<std::uint16_t>();
  f.number<std::uint64_t>("packets").number<std::uint64_t>("bytes").text("match", print_nxm(take_nxm(r, match_len)));
  record.name = flow_name({}, number_of(record, "priority"), *field_of(record, "match"));
}

void queue_config_records(Reader& r, std::vector<ReplyRecord>& out) {
  Fields(r, add(out, "queue_config")).number<std::uint16_t>("port").padding(6);
  while (r.left() > 0) {
    Fields f(r, add(out, "queue_of_port"));
    f.number<std::uint32_t>("queue");
    const auto length = r.get<std::uint16_t>();
    const std::size_t properties = length < wire::packet_queue::size ? 0 : length - wire::packet_queue::size;
    f.padding(2).bytes("properties", std::min(properties, r.left()));
  }
}

// False: it is no message of Nicira's that is known, and nothing has been taken.
bool nicira_records(Reader& reader, std::vector<ReplyRecord>& out) {
  Reader r = reader;
  if (r.get<std::uint32_t>() != NX_VENDOR_ID) return false;
  const auto subtype = r.get<std::uint32_t>();
  if (subtype == NXT_FLOW_REMOVED) {
    nx_flow_removed_record(r, add(out, "nx_flow_removed"));
  } else if (subtype == NXT_ROLE_REPLY) {
    Fields(r, add(out, "role")).number<std::uint32_t>("role");
  } else {
    return false;
  }
  reader = r;
  return true;
}

bool nicira_statistics_records(Reader& reader, std::vector<ReplyRecord>& out) {
  Reader r = reader;
  if (r.get<std::uint32_t>() != NX_VENDOR_ID) return false;
  const auto subtype = r.get<std::uint32_t>();
  r.take(4);
  if (subtype == NXST_FLOW) {
    while (r.left() > 0) nx_flow_record(r, add(out, "nx_flow"));
  } else if (subtype == NXST_AGGREGATE) {
    Fields(r, add(out, "nx_aggregate"))
        .number<std::uint64_t>("packets")
        .number<std::uint64_t>("bytes")
        .number<std::uint32_t>("flows");
  } else {
    return false;
  }
  reader = r;
  return true;
}

void statistics_records(Reader& r, std::vector<ReplyRecord>& out) {
  const auto type = r.get<std::uint16_t>();
  r.take(2);  // the flag for more parts
  switch (type) {
    case OFPST_DESC:
      Fields(r, add(out, "desc"))
          .string("mfr_desc", 256)
          .string("hw_desc", 256)
          .string("sw_desc", 256)
          .string("serial_num", 32)
          .string("dp_desc", 256);
      break;
    case OFPST_FLOW:
      while (r.left() > 0) flow_record(r, add(out, "flow"));
      break;
    case OFPST_AGGREGATE:
      Fields(r, add(out, "aggregate"))
          .number<std::uint64_t>("packets")
          .number<std::uint64_t>("bytes")
          .number<std::uint32_t>("flows");
      break;
    case OFPST_TABLE:
      while (r.left() > 0) table_record(r, add(out, "table"));
      break;
    case OFPST_PORT:
      while (r.left() > 0) port_stats_record(r, add(out, "port_stats"));
      break;
    case OFPST_QUEUE:
      while (r.left() > 0) {
        Fields(r, add(out, "queue"))
            .number<std::uint16_t>("port")
            .padding(2)
            .number<std::uint32_t>("queue")
            .number<std::uint64_t>("tx_bytes")
            .number<std::uint64_t>("tx_packets")
            .number<std::uint64_t>("tx_errors");
      }
      break;
    case OFPST_VENDOR:
      if (nicira_statistics_records(r, out)) break;
      [[fallthrough]];
    default:
      Fields(r, add(out, "statistics")).text("type", fmt::format("{}", type)).rest("body");
  }
}

}  // namespace

bool is_asynchronous(ByteView message) {
  const std::uint8_t type = message[1];
  if (type == OFPT_PACKET_IN || type == OFPT_FLOW_REMOVED || type == OFPT_PORT_STATUS) return true;
  if (type != OFPT_VENDOR) return false;
  Reader r(message.subspan(std::min(message.size(), wire::header::size)));
  return r.get<std::uint32_t>() == NX_VENDOR_ID && r.get<std::uint32_t>() == NXT_FLOW_REMOVED;
}

void append_records(ByteView message, std::vector<ReplyRecord>& out) {
  Reader r(message.subspan(wire::header::size));
  const std::uint8_t type = message[1];
  switch (type) {
    case OFPT_ERROR:
      error_record(r, add(out, "error"));
      break;
    case OFPT_ECHO_REPLY:
      Fields(r, add(out, "echo_reply")).rest("data");
      break;
    case OFPT_FEATURES_REPLY:
      features_records(r, out);
      break;
    case OFPT_GET_CONFIG_REPLY:
      Fields(r, add(out, "config")).number<std::uint16_t>("flags").number<std::uint16_t>("miss_send_len");
      break;
    case OFPT_QUEUE_GET_CONFIG_REPLY:
      queue_config_records(r, out);
      break;
    case OFPT_PACKET_IN:
      Fields(r, add(out, "packet_in"))
          .hex<std::uint32_t>("buffer_id")
          .number<std::uint16_t>("total_len")
          .number<std::uint16_t>("in_port")
          .number<std::uint8_t>("reason")
          .padding(1)
          .rest("data");
      break;
    case OFPT_FLOW_REMOVED:
      Fields(r, add(out, "flow_removed"))
          .match()
          .hex<std::uint64_t>("cookie")
          .number<std::uint16_t>("priority")
          .number<std::uint8_t>("reason")
          .padding(1)
          .duration()
          .number<std::uint16_t>("idle_timeout")
          .padding(2)
          .number<std::uint64_t>("packets")
          .number<std::uint64_t>("bytes");
      settle_priority(out.back());
      out.back().name = flow_name({}, number_of(out.back(), "priority"),
                                  match_text(message.subspan(std::min(message.size(), wire::header::size))));
      break;
    case OFPT_PORT_STATUS: {
      ReplyRecord& record = add(out, "port_status");
      Fields(r, record).number<std::uint8_t>("reason").padding(7);
      port_record(r, record);
      break;
    }
    case OFPT_STATS_REPLY:
      statistics_records(r, out);
      break;
    case OFPT_BARRIER_REPLY:
      Fields(r, add(out, "barrier")).rest("data");
      break;
    case OFPT_VENDOR:
      if (nicira_records(r, out)) break;
      [[fallthrough]];
    default:
      Fields(r, add(out, "message")).text("type", fmt::format("{}", type)).rest("data");
  }
}

void sort_records(std::vector<ReplyRecord>& records) {
  const auto key = [](const ReplyField& x, const ReplyField& y) { return x.value < y.value; };
  std::sort(records.begin(), records.end(), [&](const ReplyRecord& a, const ReplyRecord& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    return std::lexicographical_compare(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(), key);
  });
}

const std::string* field_of(const ReplyRecord& record, std::string_view name) {
  const auto at =
      std::find_if(record.fields.begin(), record.fields.end(), [&](const ReplyField& f) { return f.name == name; });
  return at == record.fields.end() ? nullptr : &at->value;
}

std::string identity_of(const ReplyRecord& record, bool table) {
  // Of a flow everything but these is what it is; of what else there are several of, the first field or two.
  constexpr std::array<std::string_view, 7> kNoIdentity = {"idle_timeout", "hard_timeout", "cookie", "packets",
                                                           "bytes",        "actions",      "reason"};
  const auto is = [&](std::initializer_list<std::string_view> kinds) {
    return std::find(kinds.begin(), kinds.end(), record.kind) != kinds.end();
  };
  std::string out;
  if (is({"flow", "nx_flow", "flow_removed", "nx_flow_removed"})) {
    for (const ReplyField& f : record.fields) {
      if (std::find(kNoIdentity.begin(), kNoIdentity.end(), f.name) != kNoIdentity.end()) continue;
      if (table || f.name != "table") out += fmt::format("{}={} ", f.name, f.value);
    }
  } else if (is({"port", "port_stats", "table", "queue"})) {
    const std::size_t n = record.kind == "queue" ? 2 : 1;
    for (std::size_t i = 0; i < std::min(n, record.fields.size()); ++i) out += record.fields[i].value + " ";
  }
  return out;
}

std::string print_record(const ReplyRecord& record) {
  std::string out(record.kind);
  for (const ReplyField& f : record.fields) out += fmt::format(" {}={}", f.name, f.value);
  if (record.duration_ms) out += fmt::format(" duration_ms={}", *record.duration_ms);
  return out;
}

}  // namespace oftwin::harness
