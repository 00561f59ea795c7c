#include "harness/nxm_syntax.h"

#include <fmt/format.h>

#include "harness/print.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

enum class Form : std::uint8_t { decimal, hexadecimal, port, mac, ipv4, ipv6 };

struct Field {
  std::uint32_t type;
  std::size_t size;
  std::string_view name;
  Form form;
};

constexpr Field kFields[] = {
    {NXM_OF_IN_PORT, 2, "in_port", Form::port},
    {NXM_OF_ETH_DST, 6, "dl_dst", Form::mac},
    {NXM_OF_ETH_SRC, 6, "dl_src", Form::mac},
    {NXM_OF_ETH_TYPE, 2, "dl_type", Form::hexadecimal},
    {NXM_OF_VLAN_TCI, 2, "vlan_tci", Form::hexadecimal},
    {NXM_OF_IP_TOS, 1, "nw_tos", Form::decimal},
    {NXM_OF_IP_PROTO, 1, "nw_proto", Form::decimal},
    {NXM_OF_IP_SRC, 4, "nw_src", Form::ipv4},
    {NXM_OF_IP_DST, 4, "nw_dst", Form::ipv4},
    {NXM_OF_TCP_SRC, 2, "tcp_src", Form::decimal},
    {NXM_OF_TCP_DST, 2, "tcp_dst", Form::decimal},
    {NXM_OF_UDP_SRC, 2, "udp_src", Form::decimal},
    {NXM_OF_UDP_DST, 2, "udp_dst", Form::decimal},
    {NXM_OF_ICMP_TYPE, 1, "icmp_type", Form::decimal},
    {NXM_OF_ICMP_CODE, 1, "icmp_code", Form::decimal},
    {NXM_OF_ARP_OP, 2, "arp_op", Form::decimal},
    {NXM_OF_ARP_SPA, 4, "arp_spa", Form::ipv4},
    {NXM_OF_ARP_TPA, 4, "arp_tpa", Form::ipv4},
    {NXM_NX_REG0, 4, "reg0", Form::hexadecimal},
    {NXM_NX_REG0 + 1, 4, "reg1", Form::hexadecimal},
    {NXM_NX_REG0 + 2, 4, "reg2", Form::hexadecimal},
    {NXM_NX_REG0 + 3, 4, "reg3", Form::hexadecimal},
    {NXM_NX_TUN_ID, 8, "tun_id", Form::hexadecimal},
    {NXM_NX_ARP_SHA, 6, "arp_sha", Form::mac},
    {NXM_NX_ARP_THA, 6, "arp_tha", Form::mac},
    {NXM_NX_IPV6_SRC, 16, "ipv6_src", Form::ipv6},
    {NXM_NX_IPV6_DST, 16, "ipv6_dst", Form::ipv6},
    {NXM_NX_ICMPV6_TYPE, 1, "icmpv6_type", Form::decimal},
    {NXM_NX_ICMPV6_CODE, 1, "icmpv6_code", Form::decimal},
    {NXM_NX_ND_TARGET, 16, "nd_target", Form::ipv6},
    {NXM_NX_ND_SLL, 6, "nd_sll", Form::mac},
    {NXM_NX_ND_TLL, 6, "nd_tll", Form::mac},
};

struct Shorthand {
  std::string_view word;
  std::uint16_t dl_type;
  std::uint8_t nw_proto;  // 0: none
};
constexpr Shorthand kShorthands[] = {
    {"ip", 0x0800, 0},   {"ipv6", 0x86dd, 0}, {"arp", 0x0806, 0},   {"tcp", 0x0800, 6},    {"udp", 0x0800, 17},
    {"icmp", 0x0800, 1}, {"tcp6", 0x86dd, 6}, {"udp6", 0x86dd, 17}, {"icmp6", 0x86dd, 58},
};

// What a mask is spelled as: addresses alike, numbers by their bits.
Form form_of_mask(Form form) { return form == Form::decimal || form == Form::port ? Form::hexadecimal : form; }

std::uint64_t number(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t b : bytes) value = value << 8 | b;
  return value;
}

std::string spell(Form form, ByteView value) {
  switch (form) {
    case Form::decimal:
      return fmt::format("{}", number(value));
    case Form::hexadecimal:
      return fmt::format("{:#0{}x}", number(value), value.size() == 2 ? 6 : 3);
    case Form::port:
      return print_port(static_cast<std::uint16_t>(number(value)));
    case Form::mac:
      return print_mac(Reader(value).array<6>());
    case Form::ipv4:
      return print_ipv4(static_cast<std::uint32_t>(number(value)));
    case Form::ipv6:
      break;
  }
  return print_ipv6(value.first<16>());
}

template <class T>
Bytes bytes_of(const std::optional<T>& value, std::size_t size) {
  Bytes out;
  if (!value || (size < 8 && std::uint64_t{*value} >> (8 * size) != 0)) return out;
  put<std::uint64_t>(out, *value);
  return Bytes(out.end() - static_cast<std::ptrdiff_t>(size), out.end());
}

// Empty: not such a value.
Bytes unspell(Form form, std::size_t size, std::string_view text) {
  switch (form) {
    case Form::decimal:
    case Form::hexadecimal:
      return bytes_of(parse_as<std::uint64_t>(text), size);
    case Form::port:
      return bytes_of(parse_port(text), size);
    case Form::mac: {
      const auto mac = parse_mac(text);
      return mac ? Bytes(mac->begin(), mac->end()) : Bytes();
    }
    case Form::ipv4:
      return bytes_of(parse_ipv4(text), size);
    case Form::ipv6:
      break;
  }
  const auto address = parse_ipv6(text);
  return address ? Bytes(address->begin(), address->end()) : Bytes();
}

const Field* find(std::uint32_t type) {
  for (const Field& f : kFields) {
    if (f.type == type) return &f;
  }
  return nullptr;
}

}  // namespace

std::string_view nxm_name(std::uint32_t type) {
  for (const Field& f : kFields) {
    if (f.type == type) return f.name;
  }
  return {};
}

Bytes nxm_entry(std::uint32_t type, ByteView value, ByteView mask) {
  Bytes out;
  put<std::uint32_t>(
      out, static_cast<std::uint32_t>(type << 9 | (mask.empty() ? 0u : 0x100u) | (value.size() + mask.size())));
  put_bytes(out, value);
  put_bytes(out, mask);
  return out;
}

std::string print_nxm(ByteView entries) {
  std::string out;
  const auto add = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  while (!entries.empty()) {
    Reader r(entries);
    const auto header = r.get<std::uint32_t>();
    const bool masked = header & 0x100;
    const Field* f = find(header >> 9);
    if (!f || (header & 0xff) != f->size * (masked ? 2 : 1) || r.left() < (header & 0xff)) {
      add("nxm=" + print_hex(entries));
      break;
    }
    std::string word = fmt::format("{}={}", f->name, spell(f->form, r.take(f->size)));
    if (masked) word += "/" + spell(form_of_mask(f->form), r.take(f->size));
    add(word);
    entries = r.rest();
  }
  return out;
}

NxmParser::Result NxmParser::field(std::string_view key, std::optional<std::string_view> value) {
  if (!value) {
    for (const Shorthand& s : kShorthands) {
      if (s.word != key) continue;
      put_bytes(entries_, nxm_entry(NXM_OF_ETH_TYPE, bytes_of(std::optional(s.dl_type), 2)));
      if (s.nw_proto) put_bytes(entries_, nxm_entry(NXM_OF_IP_PROTO, Bytes{s.nw_proto}));
      return Result::ok;
    }
    return Result::unknown_field;
  }
  if (key == "nxm") {
    const auto bytes = parse_hex(*value);
    if (bytes) put_bytes(entries_, *bytes);
    return bytes ? Result::ok : Result::bad_value;
  }
  for (const Field& f : kFields) {
    if (f.name != key) continue;
    const std::size_t slash = value->find('/');
    const Bytes bytes = unspell(f.form, f.size, value->substr(0, slash));
    Bytes mask;
    if (slash != std::string_view::npos) {
      mask = unspell(form_of_mask(f.form), f.size, value->substr(slash + 1));
      if (mask.empty()) return Result::bad_value;
    }
    if (bytes.empty()) return Result::bad_value;
    put_bytes(entries_, nxm_entry(f.type, bytes, mask));
    return Result::ok;
  }
  return Result::unknown_field;
}

}  // namespace oftwin::harness
