// The bodies of theorem.h's inputs. Included by the files that hold theorems.
#pragma once

#include "model/match.h"
#include "properties/prove/theorem.h"

namespace oftwin::prove {

inline std::string indexed(const std::string& name, std::size_t i) { return name + "[" + std::to_string(i) + "]"; }

// Calls use(name, bits in a word of it, field of each..) for corresponding fields of matches and keys.
template <class Use, class... Fields>
void each_field(const Use& use, Fields&... f) {
  use("in_port", 16u, f.in_port...), use("dl_src", 48u, f.dl_src...), use("dl_dst", 48u, f.dl_dst...);
  use("dl_type", 16u, f.dl_type...), use("vlan_tci", 16u, f.vlan_tci...), use("nw_src", 32u, f.nw_src...);
  use("nw_dst", 32u, f.nw_dst...), use("nw_tos", 8u, f.nw_tos...), use("nw_proto", 8u, f.nw_proto...);
  use("tp_src", 16u, f.tp_src...), use("tp_dst", 16u, f.tp_dst...), use("tun_id", 64u, f.tun_id...);
  use("reg0", 32u, f.reg[0]...), use("reg1", 32u, f.reg[1]...), use("reg2", 32u, f.reg[2]...);
  use("reg3", 32u, f.reg[3]...), use("arp_sha", 48u, f.arp_sha...), use("arp_tha", 48u, f.arp_tha...);
  use("ipv6_src", 8u, f.ipv6_src...), use("ipv6_dst", 8u, f.ipv6_dst...), use("nd_target", 8u, f.nd_target...);
}

template <class Source, class Byte>
template <class T>
void InputsOf<Source, Byte>::read(T& to, const std::string& name, unsigned bits) {
  if constexpr (requires { to.size(); })
    for (std::size_t i = 0; i < to.size(); ++i) read(to[i], indexed(name, i), bits);
  else
    to = static_cast<Source&>(*this).template word<Machine<T>>(name, bits);
}

template <class Source, class Byte>
std::vector<Byte> InputsOf<Source, Byte>::bytes(const std::string& name, std::size_t n) {
  std::vector<Byte> out(n);
  read(out, name, 8);
  return out;
}

template <class Source, class Byte>
MatchOf<Byte> InputsOf<Source, Byte>::raw_match(const std::string& name) {
  MatchOf<Byte> m;
  const auto read_both = [&](const std::string& field, unsigned bits, auto& to) {
    read(to.value, name + "." + field, bits);
    read(to.mask, name + "." + field + "/mask", bits);
  };
  each_field(read_both, m);
  return m;
}

template <class Source, class Byte>
MatchOf<Byte> InputsOf<Source, Byte>::match(const std::string& name) {
  return model::canonical(raw_match(name));
}

template <class Source, class Byte>
FlowKeyOf<Byte> InputsOf<Source, Byte>::key(const std::string& name) {
  FlowKeyOf<Byte> k;
  each_field([&](const std::string& field, unsigned bits, auto& to) { read(to, name + "." + field, bits); }, k);
  return k;
}

template <class Source, class Byte>
std::array<like<Byte, std::uint64_t>, 15> InputsOf<Source, Byte>::words(const std::string& name) {
  std::array<like<Byte, std::uint64_t>, 15> w;
  read(w, name, 64);
  return w;
}

}  // namespace oftwin::prove
