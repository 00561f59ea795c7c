#include "harness/flow_syntax.h"

#include <fmt/format.h>

#include <bit>
#include <vector>

#include "harness/print.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

constexpr std::size_t kRepeated = 4;       // so many equal actions in a row are printed as one, with a count
constexpr std::size_t kMaxActions = 8192;  // more of the shortest do not fit into a message
constexpr std::uint16_t kIp = 0x0800, kArp = 0x0806;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17;

void add_word(std::string& out, const std::string& word) {
  if (!out.empty()) out += ' ';
  out += word;
}

// --- Printing a match
// -------------------------------------------------------------------------------------------------

// Which fields to name: by their wildcard bits, or every one that is not zero.
class WireMatchPrinter {
 public:
  WireMatchPrinter(const WireMatch& m, std::uint32_t absent, bool explicit_word)
      : m_(m), absent_(absent), explicit_(explicit_word) {}

  std::string print() {
    protocol();
    number(OFPFW_IN_PORT, m_.in_port, "in_port={}", print_port(m_.in_port));
    number(OFPFW_DL_SRC, m_.dl_src != Mac{}, "dl_src={}", print_mac(m_.dl_src));
    number(OFPFW_DL_DST, m_.dl_dst != Mac{}, "dl_dst={}", print_mac(m_.dl_dst));
    number(OFPFW_DL_VLAN, m_.dl_vlan, "dl_vlan={}", m_.dl_vlan == OFP_VLAN_NONE ? "0xffff" : text(m_.dl_vlan));
    number(OFPFW_DL_VLAN_PCP, m_.dl_vlan_pcp, "dl_vlan_pcp={}", text(m_.dl_vlan_pcp));
    address("nw_src", OFPFW_NW_SRC_SHIFT, m_.nw_src);
    address("nw_dst", OFPFW_NW_DST_SHIFT, m_.nw_dst);
    number(OFPFW_NW_TOS, m_.nw_tos, "nw_tos={}", text(m_.nw_tos));
    number(OFPFW_TP_SRC, m_.tp_src, icmp_ ? "icmp_type={}" : "tp_src={}", text(m_.tp_src));
    number(OFPFW_TP_DST, m_.tp_dst, icmp_ ? "icmp_code={}" : "tp_dst={}", text(m_.tp_dst));
    if (explicit_) add_word(out_, fmt::format("wildcards={:#010x}", m_.wildcards));
    return out_;
  }

 private:
  static std::string text(unsigned n) { return fmt::format("{}", n); }
  bool named(std::uint32_t bit, bool nonzero) const { return explicit_ ? nonzero : (m_.wildcards & bit) == 0; }

  void number(std::uint32_t bit, bool nonzero, fmt::string_view format, const std::string& value) {
    if (named(bit, nonzero)) add_word(out_, fmt::vformat(format, fmt::make_format_args(value)));
  }
  void protocol() {
    bool type = named(OFPFW_DL_TYPE, m_.dl_type != 0), proto = named(OFPFW_NW_PROTO, m_.nw_proto != 0);
    icmp_ = type && proto && m_.dl_type == kIp && m_.nw_proto == kIcmp;
    if (type && m_.dl_type == kIp && proto && (icmp_ || m_.nw_proto == kTcp || m_.nw_proto == kUdp)) {
      add_word(out_, icmp_ ? "icmp" : m_.nw_proto == kTcp ? "tcp" : "udp");
      return;
    }
    if (type) add_word(out_, m_.dl_type == kIp ? "ip" : m_.dl_type == kArp ? "arp" : dl_type());
    if (proto) add_word(out_, fmt::format("nw_proto={}", m_.nw_proto));
  }
  std::string dl_type() const { return fmt::format("dl_type={:#06x}", m_.dl_type); }
  void address(const char* name, unsigned shift, std::uint32_t value) {
    unsigned count = m_.wildcards >> shift & OFPFW_NW_BITS_MASK;
    if (explicit_ ? value == 0 : count == (absent_ >> shift & OFPFW_NW_BITS_MASK)) return;
    std::string word = fmt::format("{}={}", name, print_ipv4(value));
    if (!explicit_ && count > 0) word += fmt::format("/{}", 32 - count);
    add_word(out_, word);
  }

  const WireMatch& m_;
  std::uint32_t absent_;
  bool explicit_, icmp_ = false;
  std::string out_;
};

// Whether naming the fields that are not wildcarded says it all.
bool plain(const WireMatch& m, std::uint32_t absent) {
  auto count_ok = [&](unsigned shift, std::uint32_t value) {
    unsigned count = m.wildcards >> shift & OFPFW_NW_BITS_MASK;
    if (count == (absent >> shift & OFPFW_NW_BITS_MASK)) return value == 0;
    return count <= 32;
  };
  auto hidden = [&](std::uint32_t bit, bool nonzero) { return (m.wildcards & bit) && nonzero; };
  return (m.wildcards & ~static_cast<std::uint32_t>(OFPFW_ALL)) == 0 && count_ok(OFPFW_NW_SRC_SHIFT, m.nw_src) &&
         count_ok(OFPFW_NW_DST_SHIFT, m.nw_dst) && !hidden(OFPFW_IN_PORT, m.in_port) &&
         !hidden(OFPFW_DL_SRC, m.dl_src != Mac{}) && !hidden(OFPFW_DL_DST, m.dl_dst != Mac{}) &&
         !hidden(OFPFW_DL_VLAN, m.dl_vlan) && !hidden(OFPFW_DL_VLAN_PCP, m.dl_vlan_pcp) &&
         !hidden(OFPFW_DL_TYPE, m.dl_type) && !hidden(OFPFW_NW_TOS, m.nw_tos) && !hidden(OFPFW_NW_PROTO, m.nw_proto) &&
         !hidden(OFPFW_TP_SRC, m.tp_src) && !hidden(OFPFW_TP_DST, m.tp_dst);
}

// --- Actions
// ----------------------------------------------------------------------------------------------------------

std::string print_output(std::uint16_t port, std::uint16_t max_len) {
  std::string name = print_port(port);
  if (port == OFPP_CONTROLLER) return fmt::format("{}:{}", name, max_len);
  bool number = name[0] >= '0' && name[0] <= '9';
  if (max_len) return fmt::format("output:{}:{}", name, max_len);
  return number ? "output:" + name : name;
}

// As the syntax has it; whether it says everything is for print_one() to find out.
std::string print_known(std::uint16_t type, Reader r) {
  switch (type) {
    case OFPAT_OUTPUT: {
      auto port = r.get<std::uint16_t>();
      return print_output(port, r.get<std::uint16_t>());
    }
    case OFPAT_SET_VLAN_VID:
      return fmt::format("mod_vlan_vid:{}", r.get<std::uint16_t>());
    case OFPAT_SET_VLAN_PCP:
      return fmt::format("mod_vlan_pcp:{}", r.get<std::uint8_t>());
    case OFPAT_STRIP_VLAN:
      return "strip_vlan";
    case OFPAT_SET_DL_SRC:
      return "mod_dl_src:" + print_mac(r.array<6>());
    case OFPAT_SET_DL_DST:
      return "mod_dl_dst:" + print_mac(r.array<6>());
    case OFPAT_SET_NW_SRC:
      return "mod_nw_src:" + print_ipv4(r.get<std::uint32_t>());
    case OFPAT_SET_NW_DST:
      return "mod_nw_dst:" + print_ipv4(r.get<std::uint32_t>());
    case OFPAT_SET_NW_TOS:
      return fmt::format("mod_nw_tos:{}", r.get<std::uint8_t>());
    case OFPAT_SET_TP_SRC:
      return fmt::format("mod_tp_src:{}", r.get<std::uint16_t>());
    case OFPAT_SET_TP_DST:
      return fmt::format("mod_tp_dst:{}", r.get<std::uint16_t>());
    case OFPAT_ENQUEUE: {
      auto port = r.get<std::uint16_t>();
      r.take(6);
      return fmt::format("enqueue:{}:{}", print_port(port), r.get<std::uint32_t>());
    }
    default:
      return {};
  }
}

std::optional<Bytes> parse_output(std::string_view value) {
  std::size_t colon = value.find(':');
  auto port = parse_port(value.substr(0, colon));
  if (!port) return std::nullopt;
  if (colon == std::string_view::npos) return action::output(*port);
  auto max_len = parse_as<std::uint16_t>(value.substr(colon + 1));
  return max_len ? std::optional(action::output(*port, *max_len)) : std::nullopt;
}

std::optional<Bytes> parse_enqueue(std::string_view value) {
  std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto port = parse_port(value.substr(0, colon));
  auto queue = parse_as<std::uint32_t>(value.substr(colon + 1));
  return port && queue ? std::optional(action::enqueue(*port, *queue)) : std::nullopt;
}

template <class T, class Make>
std::optional<Bytes> made(const std::optional<T>& value, Make make) {
  return value ? std::optional<Bytes>(make(*value)) : std::nullopt;
}

// An action with an argument; nullopt: no such action, or a bad argument.
std::optional<Bytes> parse_with_argument(std::string_view name, std::string_view value) {
  if (name == "output") return parse_output(value);
  if (name == "enqueue") return parse_enqueue(value);
  if (name == "raw") return parse_hex(value);
  if (name == "mod_vlan_vid") return made(parse_as<std::uint16_t>(value), action::set_vlan_vid);
  if (name == "mod_vlan_pcp") return made(parse_as<std::uint8_t>(value), action::set_vlan_pcp);
  if (name == "mod_dl_src") return made(parse_mac(value), action::set_dl_src);
  if (name == "mod_dl_dst") return made(parse_mac(value), action::set_dl_dst);
  if (name == "mod_nw_src") return made(parse_ipv4(value), action::set_nw_src);
  if (name == "mod_nw_dst") return made(parse_ipv4(value), action::set_nw_dst);
  if (name == "mod_nw_tos") return made(parse_as<std::uint8_t>(value), action::set_nw_tos);
  if (name == "mod_tp_src") return made(parse_as<std::uint16_t>(value), action::set_tp_src);
  if (name == "mod_tp_dst") return made(parse_as<std::uint16_t>(value), action::set_tp_dst);
  if (parse_port(name) == OFPP_CONTROLLER) {
    return made(parse_as<std::uint16_t>(value), [](std::uint16_t n) { return action::output(OFPP_CONTROLLER, n); });
  }
  return std::nullopt;
}

std::optional<Bytes> parse_one_action(std::string_view text) {
  if (text == "strip_vlan") return action::strip_vlan();
  std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) return parse_with_argument(text.substr(0, colon), text.substr(colon + 1));
  auto port = parse_port(text);
  // As in ovs-ofctl, a bare CONTROLLER wants the whole packet.
  return made(port, [](std::uint16_t p) { return action::output(p, p == OFPP_CONTROLLER ? 0xffff : 0); });
}

std::string print_one(ByteView bytes) {
  Reader r(bytes);
  auto type = r.get<std::uint16_t>();
  r.take(2);
  std::string text = print_known(type, r);
  auto again = parse_one_action(text);
  bool exact = again && std::equal(again->begin(), again->end(), bytes.begin(), bytes.end());
  return exact ? text : "raw:" + print_hex(bytes);
}

}  // namespace

std::string print_wire_match(const WireMatch& match, std::uint32_t absent) {
  return WireMatchPrinter(match, absent, !plain(match, absent)).print();
}

void MatchParser::shorthand(std::uint16_t dl_type, std::optional<std::uint8_t> nw_proto) {
  match_.dl_type = dl_type;
  match_.wildcards &= ~OFPFW_DL_TYPE;
  if (!nw_proto) return;
  match_.nw_proto = *nw_proto;
  match_.wildcards &= ~OFPFW_NW_PROTO;
}

bool MatchParser::address(std::string_view value, unsigned shift, std::uint32_t& out) {
  std::size_t slash = value.find('/');
  auto address = parse_ipv4(value.substr(0, slash));
  std::uint32_t bits = 32;
  if (slash != std::string_view::npos) {
    auto prefix = parse_number(value.substr(slash + 1), 32);
    if (!prefix) return false;
    bits = static_cast<std::uint32_t>(*prefix);
  }
  if (!address) return false;
  out = *address;
  match_.wildcards = (match_.wildcards & ~(OFPFW_NW_BITS_MASK << shift)) | (32 - bits) << shift;
  return true;
}

MatchParser::Result MatchParser::field(std::string_view key, std::optional<std::string_view> value) {
  if (!value) {
    if (key == "ip") return shorthand(kIp, std::nullopt), Result::ok;
    if (key == "arp") return shorthand(kArp, std::nullopt), Result::ok;
    if (key == "icmp") return shorthand(kIp, kIcmp), Result::ok;
    if (key == "tcp") return shorthand(kIp, kTcp), Result::ok;
    if (key == "udp") return shorthand(kIp, kUdp), Result::ok;
    return Result::unknown_field;
  }
  auto set = [&](auto& field, auto parsed, std::uint32_t bit) {
    if (!parsed) return Result::bad_value;
    field = *parsed;
    match_.wildcards &= ~bit;
    return Result::ok;
  };
  auto byte = [&] { return parse_as<std::uint8_t>(*value); };
  auto half = [&] { return parse_as<std::uint16_t>(*value); };
  auto verdict = [](bool ok) { return ok ? Result::ok : Result::bad_value; };
  if (key == "in_port") return set(match_.in_port, parse_port(*value), OFPFW_IN_PORT);
  if (key == "dl_src") return set(match_.dl_src, parse_mac(*value), OFPFW_DL_SRC);
  if (key == "dl_dst") return set(match_.dl_dst, parse_mac(*value), OFPFW_DL_DST);
  if (key == "dl_vlan") return set(match_.dl_vlan, half(), OFPFW_DL_VLAN);
  if (key == "dl_vlan_pcp") return set(match_.dl_vlan_pcp, byte(), OFPFW_DL_VLAN_PCP);
  if (key == "dl_type") return set(match_.dl_type, half(), OFPFW_DL_TYPE);
  if (key == "nw_tos") return set(match_.nw_tos, byte(), OFPFW_NW_TOS);
  if (key == "nw_proto") return set(match_.nw_proto, byte(), OFPFW_NW_PROTO);
  if (key == "tp_src" || key == "icmp_type") return set(match_.tp_src, half(), OFPFW_TP_SRC);
  if (key == "tp_dst" || key == "icmp_code") return set(match_.tp_dst, half(), OFPFW_TP_DST);
  if (key == "nw_src") return verdict(address(*value, OFPFW_NW_SRC_SHIFT, match_.nw_src));
  if (key == "nw_dst") return verdict(address(*value, OFPFW_NW_DST_SHIFT, match_.nw_dst));
  if (key == "wildcards") return wildcards_ = parse_as<std::uint32_t>(*value), verdict(wildcards_.has_value());
  return Result::unknown_field;
}

WireMatch MatchParser::match() const {
  WireMatch out = match_;
  if (wildcards_) out.wildcards = *wildcards_;
  return out;
}

std::string print_actions(ByteView actions) {
  if (actions.empty()) return "drop";
  std::string out, last;
  std::size_t times = 0;
  auto finish = [&] {
    for (; times > 0 && times < kRepeated; --times) out += (out.empty() ? "" : ",") + last;
    if (times > 0) out += fmt::format("{}{}*{}", out.empty() ? "" : ",", last, times);
    times = 0;
  };
  auto add = [&](const std::string& action) {
    if (action != last) finish();
    last = action;
    ++times;
  };
  while (actions.size() >= 8) {
    std::size_t len = static_cast<std::size_t>(actions[2] << 8 | actions[3]);
    if (len < 8 || len > actions.size()) break;
    add(print_one(actions.first(len)));
    actions = actions.subspan(len);
  }
  if (!actions.empty()) add("raw:" + print_hex(actions));
  finish();
  return out;
}

ActionsOrError parse_actions(std::string_view text) {
  ActionsOrError out;
  if (text == "drop" || text.empty()) return out;
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t comma = std::min(text.find(',', from), text.size());
    std::string_view one = text.substr(from, comma - from);
    std::size_t star = one.find('*');
    auto times = star == std::string_view::npos ? std::optional<std::uint64_t>(1)
                                                : parse_number(one.substr(star + 1), kMaxActions);
    auto bytes = parse_one_action(one.substr(0, star));
    if (!bytes || !times) {
      out.error = fmt::format("'{}' is no action", one);
      out.column = from;
      return out;
    }
    for (std::uint64_t i = 0; i < *times; ++i) put_bytes(out.actions, *bytes);
    from = comma + 1;
  }
  return out;
}

}  // namespace oftwin::harness
