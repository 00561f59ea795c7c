// Controller messages as words: `flow_mod add priority=10 in_port=1 actions=output:2`.
//
// What print_request() leaves out is the default that parse_request() puts back, so the two are inverse on everything
// that decode_request() accepts.
#include "harness/request_text.h"

#include <fmt/format.h>

#include <concepts>

#include "harness/flow_syntax.h"
#include "harness/nxm_syntax.h"
#include "harness/print.h"
#include "harness/spelling.h"

namespace oftwin::harness {
namespace {

using namespace request;

constexpr Spelling kCommands[] = {{OFPFC_ADD, "add"},
                                  {OFPFC_MODIFY, "modify"},
                                  {OFPFC_MODIFY_STRICT, "modify_strict"},
                                  {OFPFC_DELETE, "delete"},
                                  {OFPFC_DELETE_STRICT, "delete_strict"}};
constexpr Spelling kFlags[] = {
    {OFPFF_SEND_FLOW_REM, "send_flow_rem"}, {OFPFF_CHECK_OVERLAP, "check_overlap"}, {OFPFF_EMERG, "emerg"}};
constexpr Spelling kPlainStats[] = {{OFPST_DESC, "desc"}, {OFPST_TABLE, "table"}};
constexpr Spelling kRoles[] = {{NX_ROLE_OTHER, "other"}, {NX_ROLE_MASTER, "master"}, {NX_ROLE_SLAVE, "slave"}};
constexpr Spelling kFormats[] = {{NXFF_OPENFLOW10, "openflow10"}, {NXFF_NXM, "nxm"}};
constexpr Spelling kSwitch[] = {{0, "off"}, {1, "on"}};

std::string word_or_number(std::span<const Spelling> table, std::uint32_t value) {
  auto word = word_for(table, value);
  return word ? std::string(*word) : fmt::format("{}", value);
}

std::string hex_field(const char* name, ByteView bytes) {
  return bytes.empty() ? "" : fmt::format(" {}={}", name, print_hex(bytes));
}

std::string match_words(const WireMatch& match) {
  std::string words = print_wire_match(match);
  return words.empty() ? words : " " + words;
}
std::string match_words(const Bytes& nxm) {
  std::string words = print_nxm(nxm);
  return words.empty() ? words : " " + words;
}

// Both forms of flow-mod.
template <class M>
std::string flow_mod_words(const M& m) {
  std::string out;
  unsigned command = m.command & 0xff, table = m.command >> 8;
  if (auto word = word_for(kCommands, command)) {
    out += fmt::format(" {}", *word);
    if (table) out += fmt::format(" table={}", table);
  } else {
    out += fmt::format(" command={:#x}", m.command);
  }
  if (m.priority != OFP_DEFAULT_PRIORITY) out += fmt::format(" priority={}", m.priority);
  out += match_words(m.match);
  if (m.cookie) out += fmt::format(" cookie={:#x}", m.cookie);
  if (m.idle_timeout) out += fmt::format(" idle_timeout={}", m.idle_timeout);
  if (m.hard_timeout) out += fmt::format(" hard_timeout={}", m.hard_timeout);
  if (m.buffer_id != OFP_NO_BUFFER) out += fmt::format(" buffer_id={:#x}", m.buffer_id);
  if (m.out_port != OFPP_NONE) out += fmt::format(" out_port={}", print_port(m.out_port));
  unsigned rest = m.flags;
  for (const auto& f : kFlags) {
    if (rest & f.value) out += fmt::format(" {}", f.word);
    rest &= ~f.value;
  }
  if (rest) out += fmt::format(" flags={:#x}", rest);
  bool acts = command != OFPFC_DELETE && command != OFPFC_DELETE_STRICT;
  return acts || !m.actions.empty() ? out + " actions=" + print_actions(m.actions) : out;
}

template <class M>
std::string flow_stats_words(const M& m) {
  std::string out;
  if (m.table_id != OFP_ALL_TABLES) out += fmt::format(" table={}", m.table_id);
  if (m.out_port != OFPP_NONE) out += fmt::format(" out_port={}", print_port(m.out_port));
  return out + match_words(m.match);
}

struct Printer {
  std::string operator()(const Hello& m) const { return "hello" + hex_field("data", m.data); }
  std::string operator()(const EchoRequest& m) const { return "echo_request" + hex_field("data", m.data); }
  std::string operator()(const EchoReply& m) const { return "echo_reply" + hex_field("data", m.data); }
  std::string operator()(const FeaturesRequest&) const { return "features_request"; }
  std::string operator()(const GetConfigRequest&) const { return "get_config_request"; }
  std::string operator()(const BarrierRequest&) const { return "barrier_request"; }
  std::string operator()(const QueueGetConfig& m) const {
    return "queue_get_config_request port=" + print_port(m.port);
  }
  std::string operator()(const SetConfig& m) const {
    std::string flags = m.flags ? fmt::format(" flags={:#x}", m.flags) : "";
    return fmt::format("set_config{} miss_send_len={}", flags, m.miss_send_len);
  }
  std::string operator()(const FlowMod& m) const { return "flow_mod" + flow_mod_words(m); }
  std::string operator()(const NxFlowMod& m) const { return "nx_flow_mod" + flow_mod_words(m); }
  std::string operator()(const PacketOut& m) const {
    std::string out = "packet_out";
    if (m.in_port != OFPP_NONE) out += fmt::format(" in_port={}", print_port(m.in_port));
    if (m.buffer_id != OFP_NO_BUFFER) out += fmt::format(" buffer_id={:#x}", m.buffer_id);
    return out + " actions=" + print_actions(m.actions) + hex_field("data", m.data);
  }
  std::string operator()(const PortMod& m) const {
    std::string out = fmt::format("port_mod port={} hw_addr={}", print_port(m.port), print_mac(m.hw_addr));
    out += fmt::format(" config={:#x} mask={:#x}", m.config, m.mask);
    return m.advertise ? out + fmt::format(" advertise={:#x}", m.advertise) : out;
  }
  std::string operator()(const FlowStats& m) const {
    return (m.aggregate ? "stats_request aggregate" : "stats_request flow") + flow_stats_words(m);
  }
  std::string operator()(const NxFlowStats& m) const {
    return (m.aggregate ? "stats_request nx_aggregate" : "stats_request nx_flow") + flow_stats_words(m);
  }
  std::string operator()(const PortStats& m) const {
    return m.port == OFPP_NONE ? "stats_request port" : "stats_request port port=" + print_port(m.port);
  }
  std::string operator()(const QueueStats& m) const {
    std::string out = "stats_request queue";
    if (m.port != OFPP_ALL) out += fmt::format(" port={}", print_port(m.port));
    return m.queue == OFPQ_ALL ? out : out + fmt::format(" queue={}", m.queue);
  }
  std::string operator()(const Stats& m) const {
    auto word = word_for(kPlainStats, m.type);
    std::string out = "stats_request " + (word ? std::string(*word) : fmt::format("type={}", m.type));
    if (m.flags) out += fmt::format(" flags={:#x}", m.flags);
    return out + hex_field("data", m.body);
  }
  std::string operator()(const FlowModTableId& m) const {
    return "flow_mod_table_id " + word_or_number(kSwitch, m.set);
  }
  std::string operator()(const Role& m) const { return "role_request " + word_or_number(kRoles, m.role); }
  std::string operator()(const SetFlowFormat& m) const {
    return "set_flow_format " + word_or_number(kFormats, m.format);
  }
  std::string operator()(const Vendor& m) const {
    std::string id = m.vendor == NX_VENDOR_ID ? "" : fmt::format(" vendor={:#x}", m.vendor);
    return "vendor" + id + hex_field("data", m.body);
  }
};

// --- Parsing
// ----------------------------------------------------------------------------------------------------------

// A field of a message and its key: takes the word and says so, if the word is about it. Throws if the value is bad.
template <std::integral T>
auto number(std::string_view key, T& field) {
  return [key, &field](const Word& w) { return w.key() == key && (field = w.number<T>(), true); };
}
auto port(std::string_view key, std::uint16_t& field) {
  return [key, &field](const Word& w) { return w.key() == key && (field = w.port(), true); };
}
auto hex(std::string_view key, Bytes& field) {
  return [key, &field](const Word& w) { return w.key() == key && (field = w.hex(), true); };
}
auto actions(std::string_view key, Bytes& field) {
  return [key, &field](const Word& w) { return w.key() == key && (field = w.actions(), true); };
}

// Every remaining word belongs to one of these.
template <class... Field>
void fields(Words& words, Field... field) {
  while (!words.done()) {
    Word w = words.next();
    if (!(field(w) || ...)) w.fail(fmt::format("unknown field '{}'", w.key()));
  }
}

Bytes data_only(Words& words) {
  Bytes data;
  fields(words, hex("data", data));
  return data;
}

std::uint32_t enumerated(Words& words, std::span<const Spelling> table, std::uint32_t max) {
  Word w = words.next();
  if (auto value = value_for(table, w.text())) return *value;
  auto number = parse_number(w.text(), max);
  if (!number) w.fail(fmt::format("'{}' is neither a number nor one of the words known here", w.text()));
  return static_cast<std::uint32_t>(*number);
}

template <class Parser>
auto match_field(Parser& match) {
  return [&match](const Word& w) {
    auto result = match.field(w.key(), w.has_value() ? std::optional(w.value()) : std::nullopt);
    if (result == Parser::Result::bad_value) w.fail_value(fmt::format("bad value for {}", w.key()));
    return result == Parser::Result::ok;
  };
}

// A flag by its name, or any of them as a number.
auto flow_mod_flags(std::uint16_t& flags) {
  return [&flags](const Word& w) {
    std::optional<std::uint32_t> bits;
    if (!w.has_value()) bits = value_for(kFlags, w.key());
    if (w.key() == "flags") bits = w.number<std::uint16_t>();
    if (bits) flags = static_cast<std::uint16_t>(flags | *bits);
    return bits.has_value();
  };
}

auto table_of_command(std::uint16_t& command) {
  return [&command](const Word& w) {
    if (w.key() != "table") return false;
    command = static_cast<std::uint16_t>((command & 0xff) | w.number<std::uint8_t>() << 8);
    return true;
  };
}

template <class M, class Parser>
Request parse_flow_mod(Words& words) {
  M m;
  Word command = words.next();
  if (auto value = value_for(kCommands, command.text())) {
    m.command = static_cast<std::uint16_t>(*value);
  } else if (command.key() == "command") {
    m.command = command.number<std::uint16_t>();
  } else {
    command.fail(
        fmt::format("'{}' is no flow-mod command; add, modify, modify_strict, delete, delete_strict are, and "
                    "command=NUMBER for any other",
                    command.text()));
  }
  Parser match;
  fields(words, table_of_command(m.command), number("priority", m.priority), number("cookie", m.cookie),
         number("idle_timeout", m.idle_timeout), number("hard_timeout", m.hard_timeout),
         number("buffer_id", m.buffer_id), port("out_port", m.out_port), actions("actions", m.actions),
         flow_mod_flags(m.flags), match_field(match));
  m.match = match.match();
  return m;
}

Request parse_packet_out(Words& words) {
  PacketOut m;
  fields(words, port("in_port", m.in_port), number("buffer_id", m.buffer_id), actions("actions", m.actions),
         hex("data", m.data));
  return m;
}

Request parse_port_mod(Words& words) {
  PortMod m;
  const auto hw_addr = [&m](const Word& w) { return w.key() == "hw_addr" && (m.hw_addr = w.mac(), true); };
  fields(words, port("port", m.port), hw_addr, number("config", m.config), number("mask", m.mask),
         number("advertise", m.advertise));
  return m;
}

Request parse_set_config(Words& words) {
  SetConfig m;
  fields(words, number("flags", m.flags), number("miss_send_len", m.miss_send_len));
  return m;
}

template <class M, class Parser>
Request parse_flow_stats(Words& words, bool aggregate) {
  M m;
  m.aggregate = aggregate;
  Parser match;
  fields(words, number("table", m.table_id), port("out_port", m.out_port), match_field(match));
  m.match = match.match();
  return m;
}

Request parse_port_stats(Words& words) {
  PortStats m;
  fields(words, port("port", m.port));
  return m;
}

Request parse_queue_get_config(Words& words) {
  QueueGetConfig m;
  fields(words, port("port", m.port));
  return m;
}

Request parse_queue_stats(Words& words) {
  QueueStats m;
  fields(words, port("port", m.port), number("queue", m.queue));
  return m;
}

Request parse_stats(Words& words) {
  Word kind = words.next();
  if (kind.text() == "flow") return parse_flow_stats<FlowStats, MatchParser>(words, false);
  if (kind.text() == "aggregate") return parse_flow_stats<FlowStats, MatchParser>(words, true);
  if (kind.text() == "nx_flow") return parse_flow_stats<NxFlowStats, NxmParser>(words, false);
  if (kind.text() == "nx_aggregate") return parse_flow_stats<NxFlowStats, NxmParser>(words, true);
  if (kind.text() == "port") return parse_port_stats(words);
  if (kind.text() == "queue") return parse_queue_stats(words);
  Stats m;
  if (auto type = value_for(kPlainStats, kind.text())) {
    m.type = static_cast<std::uint16_t>(*type);
  } else if (kind.key() == "type") {
    m.type = kind.number<std::uint16_t>();
  } else {
    kind.fail(fmt::format(
        "'{}' is no statistics type; desc, flow, aggregate, table, port, queue, nx_flow, nx_aggregate are, and "
        "type=NUMBER",
        kind.text()));
  }
  fields(words, number("flags", m.flags), hex("data", m.body));
  return m;
}

Request parse_vendor(Words& words) {
  Vendor m;
  fields(words, number("vendor", m.vendor), hex("data", m.body));
  return m;
}

template <class M>
Request bare(Words& words) {
  if (!words.done()) words.next().fail("nothing more belongs here");
  return M{};
}

}  // namespace

std::string print_request(const Request& request) { return std::visit(Printer{}, request); }

std::optional<Request> parse_request(std::string_view name, Words& words) {
  if (name == "flow_mod") return parse_flow_mod<FlowMod, MatchParser>(words);
  if (name == "nx_flow_mod") return parse_flow_mod<NxFlowMod, NxmParser>(words);
  if (name == "barrier_request") return bare<BarrierRequest>(words);
  if (name == "stats_request") return parse_stats(words);
  if (name == "packet_out") return parse_packet_out(words);
  if (name == "hello") return Hello{0, data_only(words)};
  if (name == "echo_request") return EchoRequest{0, data_only(words)};
  if (name == "echo_reply") return EchoReply{0, data_only(words)};
  if (name == "features_request") return bare<FeaturesRequest>(words);
  if (name == "get_config_request") return bare<GetConfigRequest>(words);
  if (name == "queue_get_config_request") return parse_queue_get_config(words);
  if (name == "set_config") return parse_set_config(words);
  if (name == "port_mod") return parse_port_mod(words);
  if (name == "vendor") return parse_vendor(words);
  if (name == "flow_mod_table_id") {
    return FlowModTableId{0, static_cast<std::uint8_t>(enumerated(words, kSwitch, 0xff))};
  }
  if (name == "role_request") return Role{0, enumerated(words, kRoles, 0xffffffff)};
  if (name == "set_flow_format") return SetFlowFormat{0, enumerated(words, kFormats, 0xffffffff)};
  return std::nullopt;
}

}  // namespace oftwin::harness
