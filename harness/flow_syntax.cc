#include "harness/flow_syntax.h"

#include <fmt/format.h>

#include <bit>
#include <vector>

#include "harness/print.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

constexpr std::uint16_t kIp = 0x0800, kArp = 0x0806;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17;

void add_word(std::string& out, const std::string& word) {
  if (!out.empty()) out += ' ';
  out += word;
}

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

}  // namespace oftwin::harness
