#include "harness/recording_items.h"

namespace oftwin::harness::items {

namespace ob = observation;

namespace {

template <class T = std::uint32_t>
T load(ByteView bytes, wire::Field f) {
  return static_cast<T>(words::load(bytes, f.offset, f.size));
}

// --- Configuration ------------------------------------------------------------------------------------------------

std::string text_field(ByteView bytes, wire::Field f) {
  std::string text;
  for (std::size_t i = 0; i < f.size && bytes[f.offset + i] != 0; ++i) text += static_cast<char>(bytes[f.offset + i]);
  return text;
}

PortConfig parse_port(const json& j) {
  const Bytes phy = parse_hex(j.at("phy"));
  if (phy.size() != wire::phy_port::size) throw Malformed("\"phy\" is not 48 bytes long");
  namespace f = wire::phy_port;
  PortConfig port;
  port.number = load<std::uint16_t>(phy, f::port_no);
  for (std::size_t i = 0; i < 6; ++i) port.hw_addr[i] = phy[f::hw_addr.offset + i];
  port.name = text_field(phy, f::name);
  port.config = load(phy, f::config);
  port.state = load(phy, f::state);
  port.curr = load(phy, f::curr);
  port.advertised = load(phy, f::advertised);
  port.supported = load(phy, f::supported);
  port.peer = load(phy, f::peer);
  return port;
}

}  // namespace

SwitchConfig parse_config(const json& j) {
  SwitchConfig config;
  config.tables.resize(number<std::uint8_t>(j, "tables"));
  for (std::size_t i = 0; i < config.tables.size(); ++i) config.tables[i].name = fmt::format("table{}", i);
  for (const json& port : j.at("ports")) config.ports.push_back(parse_port(port));
  config.connections.clear();
  for (const json& conn : j.at("connections")) config.connections.push_back(parse_conn(conn.at("name")));
  config.datapath_id = parse_hex_number(j.at("datapath_id"));
  config.clock_ms = number<std::uint64_t>(j, "clock_ms");
  const Bytes features = parse_hex(j.at("features_reply"));
  config.n_buffers = load(features, wire::switch_features::n_buffers);
  config.capabilities = load(features, wire::switch_features::capabilities);
  config.actions = load(features, wire::switch_features::actions);
  return config;
}

void learn_constants(ByteView message, SwitchConfig& config) {
  if (message.size() < wire::stats_msg::size || message[1] != OFPT_STATS_REPLY) return;
  const ByteView body = message.subspan(wire::stats_msg::size);
  const auto type = load<std::uint16_t>(message, wire::stats_msg::type);
  if (type == OFPST_DESC && body.size() == wire::desc_stats::size && config.description == Description{}) {
    namespace f = wire::desc_stats;
    config.description = {text_field(body, f::mfr_desc), text_field(body, f::hw_desc), text_field(body, f::sw_desc),
                          text_field(body, f::serial_num), text_field(body, f::dp_desc)};
  } else if (type == OFPST_TABLE && body.size() == config.tables.size() * wire::table_stats::size) {
    namespace f = wire::table_stats;
    for (std::size_t i = 0; i < config.tables.size(); ++i) {
      const ByteView record = body.subspan(i * f::size, f::size);
      config.tables[i] = {text_field(record, f::name), load(record, f::wildcards), load(record, f::max_entries)};
    }
  }
}

// --- Observations -------------------------------------------------------------------------------------------------

namespace {

ob::Operation parse_operation(const json& j, OperationKind kind) {
  ob::Operation op;
  op.kind = kind;
  op.rule = parse_rule(j, "r");
  if (j.contains("victim")) op.victim = parse_rule(j, "victim");
  op.table = number<std::uint8_t>(j, "table");
  op.priority = number<std::uint32_t>(j, "prio");
  op.match_rendering = parse_hex(j.at("match"));
  op.actions = parse_hex(j.at("actions"));
  op.cookie = parse_hex_number(j.at("cookie"));
  op.idle_timeout = number<std::uint16_t>(j, "idle");
  op.hard_timeout = number<std::uint16_t>(j, "hard");
  op.send_flow_removed = number<int>(j, "rem") != 0;
  op.answer = parse_answer(j.at("ans"));
  return op;
}

std::optional<Observation> parse_call(const json& j, std::string_view what) {
  if (what == "alloc") {
    const bool failed = j.at("r").is_null();
    return ob::Alloc{failed ? RuleName{} : parse_rule(j, "r"), failed};
  }
  if (what == "construct") return parse_operation(j, OperationKind::add);
  if (what == "modify") return parse_operation(j, OperationKind::modify);
  if (what == "destruct") return parse_operation(j, OperationKind::remove);
  if (what == "complete") return ob::Complete{parse_kind(j.at("kind")), parse_rule(j, "r"), parse_error(j.at("err"))};
  if (what == "dealloc") return ob::Dealloc{parse_rule(j, "r")};
  if (what == "choose_table") {
    auto table = parse_table_choice(j.at("ans"));
    if (!table) throw Malformed("a provider that is asked for a table gives none");
    return ob::ChooseTable{*table};
  }
  if (what == "execute") {
    return ob::Execute{parse_rule(j, "r"), number<std::uint16_t>(j, "in_port"), parse_hex(j.at("d")),
                       parse_error(j.at("ans"))};
  }
  if (what == "packet_out") {
    return ob::PacketOut{number<std::uint16_t>(j, "in_port"), parse_hex(j.at("actions")), parse_hex(j.at("d")), false,
                         parse_error(j.at("ans"))};
  }
  if (what == "flush") return ob::FlushPass{};
  if (what == "port_reconfigured") {
    return ob::PortReconfigured{number<std::uint16_t>(j, "port"), number<std::uint32_t>(j, "old"),
                                number<std::uint32_t>(j, "new")};
  }
  if (what == "set_drop_frags") return ob::SetDropFrags{number<int>(j, "v") != 0};
  if (what == "hidden_del") return ob::HiddenDelResult{number<int>(j, "ok") != 0};
  if (what == "destruct_switch") return ob::DestroySwitch{};
  if (what == "remaining") return ob::Remaining{parse_rule(j, "r")};
  if (what == "dealloc_switch") return ob::DeallocSwitch{};
  return std::nullopt;
}

}  // namespace

Observation parse_output(const json& j, std::string_view what) {
  if (what == "iter") return ob::Iteration{number<std::uint32_t>(j, "i")};
  if (auto call = parse_call(j, what)) return *std::move(call);
  const ConnName conn = parse_conn(j.at("c"));
  if (what == "take") return ob::Take{conn, number<std::uint8_t>(j, "type"), number<std::uint32_t>(j, "xid")};
  if (what == "retry") return ob::Retry{conn, number<std::uint8_t>(j, "type"), number<std::uint32_t>(j, "xid")};
  if (what == "postpone") return ob::Postpone{conn, number<std::uint32_t>(j, "xid")};
  if (what == "send") return ob::Send{conn, parse_hex(j.at("d"))};
  if (what == "up") return ob::ConnUp{conn};
  if (what == "down") return ob::ConnDown{conn};
  if (what == "gone") return ob::ConnGone{conn};
  throw Malformed(fmt::format("an output of unknown kind '{}'", what));
}

// --- State dumps --------------------------------------------------------------------------------------------------

namespace {

StateDump::Rule parse_dumped_rule(const json& j) {
  StateDump::Rule rule;
  rule.rule = parse_rule(j, "r");
  rule.table = number<std::uint8_t>(j, "table");
  rule.priority = number<std::uint32_t>(j, "prio");
  rule.match_rendering = parse_hex(j.at("match"));
  rule.actions = parse_hex(j.at("actions"));
  rule.cookie = parse_hex_number(j.at("cookie"));
  rule.idle_timeout = number<std::uint16_t>(j, "idle");
  rule.hard_timeout = number<std::uint16_t>(j, "hard");
  rule.send_flow_removed = number<int>(j, "rem") != 0;
  rule.pending = number<int>(j, "pending") != 0;
  rule.packets = std::stoull(j.at("pk").get<std::string>());
  rule.bytes = std::stoull(j.at("by").get<std::string>());
  return rule;
}

}  // namespace

bool is_dump(std::string_view what) { return what == "state" || what == "rule" || what == "op" || what == "conn"; }

void add_to_dump(const json& j, std::string_view what, StateDump& dump) {
  if (what == "rule") dump.rules.push_back(parse_dumped_rule(j));
  if (what == "op") dump.operations.push_back({parse_kind(j.at("kind")), parse_rule(j, "r")});
  if (what == "conn") {
    const int blocked = number<int>(j, "blocked");
    dump.connections.push_back({parse_conn(j.at("c")), std::nullopt});
    if (blocked >= 0) dump.connections.back().blocked = static_cast<std::uint8_t>(blocked);
  }
}

}  // namespace oftwin::harness::items
