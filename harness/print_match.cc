// A rule's match, as the provider is told it, in flow syntax. For reading and comparing only; it is never parsed.
#include <fmt/format.h>

#include <algorithm>

#include "harness/print.h"
#include "harness/spelling.h"

namespace oftwin::harness {
namespace {

constexpr std::uint16_t kTagPresent = 0x1000, kVid = 0x0fff, kPcp = 0xe000;
constexpr std::uint64_t kMacBits = 0xffffffffffff;

class MatchPrinter {
 public:
  explicit MatchPrinter(const Match& m) : m_(m) {}

  std::string print() {
    protocol();
    number("in_port", m_.in_port, [](std::uint16_t p) { return print_port(p); });
    mac("dl_src", m_.dl_src);
    mac("dl_dst", m_.dl_dst);
    vlan();
    address("nw_src", m_.nw_src);
    address("nw_dst", m_.nw_dst);
    number("nw_tos", m_.nw_tos, decimal, 0xfc);
    number(icmp_ ? "icmp_type" : "tp_src", m_.tp_src, decimal);
    number(icmp_ ? "icmp_code" : "tp_dst", m_.tp_dst, decimal);
    mac("arp_sha", m_.arp_sha);
    mac("arp_tha", m_.arp_tha);
    number("tun_id", m_.tun_id, hexadecimal);
    for (std::size_t i = 0; i < m_.reg.size(); ++i) number(fmt::format("reg{}", i), m_.reg[i], hexadecimal);
    ipv6("ipv6_src", m_.ipv6_src);
    ipv6("ipv6_dst", m_.ipv6_dst);
    ipv6("nd_target", m_.nd_target);
    return out_;
  }

 private:
  static std::string decimal(std::uint64_t n) { return fmt::format("{}", n); }
  static std::string hexadecimal(std::uint64_t n) { return fmt::format("{:#x}", n); }

  void add(const std::string& word) { out_ += (out_.empty() ? "" : " ") + word; }

  template <class T, class Spell>
  void number(const std::string& name, const Masked<T>& f, Spell spell, std::uint64_t full = static_cast<T>(~T{})) {
    if (f.mask == 0) return;
    std::string mask = f.mask == full ? "" : fmt::format("/{:#x}", f.mask);
    add(fmt::format("{}={}{}", name, spell(f.value), mask));
  }
  static std::string mac_text(std::uint64_t value) {
    Mac mac{};
    for (std::size_t i = 0; i < 6; ++i) mac[i] = static_cast<std::uint8_t>(value >> (8 * (5 - i)));
    return print_mac(mac);
  }
  void mac(const char* name, const Masked<std::uint64_t>& f) {
    if (f.mask == 0) return;
    std::string mask = f.mask == kMacBits ? "" : "/" + mac_text(f.mask);
    add(fmt::format("{}={}{}", name, mac_text(f.value), mask));
  }
  void address(const char* name, const Masked<std::uint32_t>& f) {
    if (f.mask == 0) return;
    std::uint32_t host_bits = ~f.mask;
    bool prefix = (host_bits & (host_bits + 1)) == 0;
    std::string mask;
    if (!prefix) mask = "/" + print_ipv4(f.mask);
    if (prefix && host_bits) mask = fmt::format("/{}", __builtin_popcount(f.mask));
    add(fmt::format("{}={}{}", name, print_ipv4(f.value), mask));
  }
  void ipv6(const char* name, const Masked<Ipv6>& f) {
    if (f.mask == Ipv6{}) return;
    const bool exact = std::ranges::all_of(f.mask, [](std::uint8_t b) { return b == 0xff; });
    add(fmt::format("{}={}{}", name, print_ipv6(f.value), exact ? "" : "/" + print_ipv6(f.mask)));
  }
  void vlan() {
    const auto& f = m_.vlan_tci;
    bool tagged = (f.value & kTagPresent) != 0;
    if (f.mask == 0) return;
    if (f.mask == 0xffff && f.value == 0) return add("dl_vlan=0xffff");
    bool vid = (f.mask & kVid) == kVid, pcp = (f.mask & kPcp) == kPcp;
    std::uint16_t expected = static_cast<std::uint16_t>(kTagPresent | (vid ? kVid : 0) | (pcp ? kPcp : 0));
    if (!tagged || f.mask != expected || !(vid || pcp)) {
      return add(fmt::format("vlan_tci={:#06x}/{:#06x}", f.value, f.mask));
    }
    if (vid) add(fmt::format("dl_vlan={}", f.value & kVid));
    if (pcp) add(fmt::format("dl_vlan_pcp={}", f.value >> 13));
  }
  void protocol() {
    bool type = m_.dl_type.mask == 0xffff, proto = m_.nw_proto.mask == 0xff;
    bool ip = type && m_.dl_type.value == 0x0800;
    const char* name = nullptr;
    if (ip && proto) {
      std::uint8_t p = m_.nw_proto.value;
      icmp_ = p == 1;
      name = p == 1 ? "icmp" : p == 6 ? "tcp" : p == 17 ? "udp" : nullptr;
    }
    if (name) return add(name);
    if (ip) add("ip");
    if (type && m_.dl_type.value == 0x0806) add("arp");
    if (!ip && !(type && m_.dl_type.value == 0x0806)) {
      number("dl_type", m_.dl_type, [](std::uint16_t t) { return fmt::format("{:#06x}", t); });
    }
    number("nw_proto", m_.nw_proto, decimal);
  }

  const Match& m_;
  bool icmp_ = false;
  std::string out_;
};

}  // namespace

std::string print_match(const Match& match) { return MatchPrinter(match).print(); }

}  // namespace oftwin::harness
