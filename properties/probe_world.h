// Rules and packets few enough that all packets can be tried: what a plan of probes is held against.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "harness/probe/probe.h"
#include "harness/source.h"
#include "model/match.h"
#include "model/packet.h"

namespace oftwin::probe {

using harness::RandomSource;

// Rules look at few bits of few fields, so that these packets stand for all.
inline void with_ports(FlowKey key, std::initializer_list<std::uint8_t> protocols, std::vector<FlowKey>& out) {
  for (const std::uint8_t protocol : protocols) {
    key.nw_proto = protocol;
    for (const int port : {80, 81, 9}) {
      key.tp_dst = static_cast<std::uint16_t>(port);
      out.push_back(key);
    }
  }
}
inline void without_ports(FlowKey key, std::initializer_list<std::uint8_t> protocols, std::vector<FlowKey>& out) {
  for (const std::uint8_t protocol : protocols) {
    key.nw_proto = protocol;
    out.push_back(key);
  }
}
inline std::vector<FlowKey> universe() {
  std::vector<FlowKey> out;
  for (const auto in_port : std::initializer_list<std::uint16_t>{1, 2}) {
    for (const auto tci : std::initializer_list<std::uint16_t>{0x0000, 0x1004, 0x1005, 0x1009, 0x9004, 0x9005}) {
      FlowKey key;
      key.in_port = in_port;
      key.vlan_tci = tci;
      for (const auto type : std::initializer_list<std::uint16_t>{0x0801, 0x0807, 0x88b5}) {
        key.dl_type = type;
        out.push_back(key);
      }
      key.dl_type = 0x86dd;
      with_ports(key, {6, 17, 58}, out);
      without_ports(key, {7, 16, 253}, out);
      key.dl_type = 0x0806;
      without_ports(key, {6, 7, 16, 17, 253}, out);
      for (const std::uint32_t dst : {0x0a000000u, 0x0a000001u, 0x0a000002u, 0x0a000003u, 0x0a000004u, 0x0b000001u}) {
        key.dl_type = 0x0806;
        key.nw_dst = dst;
        key.nw_proto = 1;
        out.push_back(key);
        key.dl_type = 0x0800;
        with_ports(key, {1, 6, 17}, out);
        without_ports(key, {7, 16, 253}, out);
      }
    }
  }
  return out;
}

inline Match small_match(RandomSource& s) {
  Match m;
  if (s.chance(30)) m.in_port = {static_cast<std::uint16_t>(s.between(1, 2)), 0xffff};
  if (s.chance(15)) m.vlan_tci = {0, 0xffff};
  if (s.chance(15)) m.vlan_tci = {0x1005, 0x1fff};
  if (s.chance(65)) {
    m.dl_type = {static_cast<std::uint16_t>(s.chance(80) ? 0x0800 : 0x0806), 0xffff};
    const auto bits = static_cast<unsigned>(s.below(3));
    if (s.chance(65)) m.nw_dst = {0x0a000000u | static_cast<std::uint32_t>(s.below(4)), ~0u << bits};
    if (s.chance(50)) m.nw_proto = {static_cast<std::uint8_t>(s.chance(70) ? 6 : 17), 0xff};
    if (s.chance(40)) m.tp_dst = {static_cast<std::uint16_t>(s.between(80, 81)), 0xffff};
  }
  return model::canonical(m);
}

inline std::vector<Rule> small_rules(std::uint64_t seed, std::size_t most) {
  RandomSource s(seed);
  std::vector<Rule> out;
  for (std::uint64_t n = s.between(1, most); n > 0; --n) {
    const Rule rule{small_match(s), static_cast<std::uint32_t>(s.between(1, 4))};
    const auto same = [&](const Rule& r) { return r.match == rule.match && r.priority == rule.priority; };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back(rule);
  }
  return out;
}

inline Options small_options() {
  Options o;
  o.in_ports = {1, 2};
  return o;
}

// What probe.h says, by the model's matching, packet by packet.
inline bool outranked(const std::vector<Rule>& rules, std::size_t r, const FlowKey& key) {
  for (std::size_t s = 0; s < rules.size(); ++s) {
    if (s != r && rules[s].priority >= rules[r].priority && model::matches(rules[s].match, key)) return true;
  }
  return false;
}
inline bool meets(const std::vector<Rule>& rules, std::size_t r, const FlowKey& key) {
  return model::matches(rules[r].match, key) && !outranked(rules, r, key);
}

}  // namespace oftwin::probe
