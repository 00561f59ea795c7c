#include "harness/live/open_vswitch_3_hash.h"

#include <array>
#include <bit>
#include <cstddef>

#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness::live::ovs3 {
namespace {

namespace w = wire::nx_action;

// source: Bob Jenkins, "lookup3.c" (2006)
std::uint32_t jenkins(ByteView bytes, std::uint32_t basis) {
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(bytes.size()) + basis, b = a, c = a;
  const auto word = [&](std::size_t at) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4 && at + i < bytes.size(); ++i) out |= std::uint32_t{bytes[at + i]} << (8 * i);
    return out;
  };
  const auto take = [&] {
    a += word(0);
    b += word(4);
    c += word(8);
  };
  struct Step {
    std::uint32_t &to, &from, &other;
    int by;
  };
  for (; bytes.size() >= 12; bytes = bytes.subspan(12)) {
    take();
    const std::array<Step, 6> mix = {
        {{a, c, b, 4}, {b, a, c, 6}, {c, b, a, 8}, {a, c, b, 16}, {b, a, c, 19}, {c, b, a, 4}}};
    for (const Step& s : mix) {
      s.to -= s.from;
      s.to ^= std::rotl(s.from, s.by);
      s.from += s.other;
    }
  }
  if (bytes.empty()) return c;
  take();
  const std::array<Step, 7> end = {
      {{c, b, a, 14}, {a, c, b, 11}, {b, a, c, 25}, {c, b, a, 16}, {a, c, b, 4}, {b, a, c, 14}, {c, b, a, 24}}};
  for (const Step& s : end) {
    s.to ^= s.from;
    s.to -= std::rotl(s.from, s.by);
  }
  return c;
}

// source: Austin Appleby, "MurmurHash3" (x86, 32 bits), of two words
std::uint32_t mixed(std::uint32_t first, std::uint32_t second) {
  std::uint32_t hash = first;
  for (std::uint32_t data : {std::uint32_t{0}, second}) {
    data *= 0xcc9e2d51;
    hash ^= std::rotl(data, 15) * 0x1b873593;
    hash = std::rotl(hash, 13) * 5 + 0xe6546b64;
  }
  hash ^= 8;
  hash = (hash ^ hash >> 16) * 0x85ebca6b;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35;
  return hash ^ hash >> 16;
}

// Fields in network order, laid out as Open vSwitch hashes them: an address, types, tag, ports, Ethernet, protocol.
std::uint32_t symmetric(const FlowKey& key, std::uint32_t basis) {
  Bytes fields(32);
  const bool ipv4 = key.dl_type == 0x0800, ipv6 = key.dl_type == 0x86dd;
  if (ipv4) model::put(fields, {0, 4}, key.nw_src ^ key.nw_dst);
  for (std::size_t i = 0; ipv6 && i < 16; ++i) {
    fields[i] = static_cast<std::uint8_t>(key.ipv6_src[i] ^ key.ipv6_dst[i]);
  }
  model::put(fields, {16, 2}, key.dl_type);
  model::put(fields, {18, 2}, key.vlan_tci & 0x0fff);
  if ((ipv4 || ipv6) && (key.nw_proto == 6 || key.nw_proto == 132)) {
    model::put(fields, {20, 2}, static_cast<std::uint16_t>(key.tp_src ^ key.tp_dst));
  }
  model::put(fields, {22, 6}, key.dl_src ^ key.dl_dst);
  if (ipv4 || ipv6) fields[28] = key.nw_proto;
  return jenkins(fields, basis);
}

std::uint32_t hash_of(std::uint32_t fields, std::uint32_t basis, const FlowKey& key) {
  if (fields != NX_HASH_FIELDS_ETH_SRC) return symmetric(key, basis);
  Bytes source(6);
  model::put(source, {0, 6}, key.dl_src);
  return jenkins(source, basis);
}

std::uint16_t iterated(std::uint32_t hash, std::uint32_t links, std::uint32_t modulo) {
  if (modulo < links || modulo / 2 > links) modulo = std::bit_ceil(links);
  for (std::uint32_t i = 0;; ++i) {
    const auto link = static_cast<std::uint16_t>(mixed(hash, i) % modulo);
    if (link < links) return link;
  }
}

std::uint16_t highest(std::uint32_t hash, std::uint32_t links) {
  std::uint32_t best = 0, best_hash = mixed(hash, 0);
  for (std::uint32_t i = 1; i < links; ++i) {
    const std::uint32_t mine = mixed(hash, i);
    if (mine <= best_hash) continue;
    best = i;
    best_hash = mine;
  }
  return static_cast<std::uint16_t>(best);
}

}  // namespace

std::uint16_t multipath_link(ByteView action, const FlowKey& key) {
  const std::uint32_t hash =
      hash_of(model::get<w::multipath_fields>(action), model::get<w::multipath_basis>(action), key);
  const std::uint32_t links = model::get<w::multipath_max_link>(action) + 1u;
  switch (model::get<w::multipath_algorithm>(action)) {
    case NX_MP_ALG_MODULO_N:
      return static_cast<std::uint16_t>(hash % links);
    case NX_MP_ALG_HASH_THRESHOLD:
      return links == 1 ? std::uint16_t{0} : static_cast<std::uint16_t>(hash / (UINT32_MAX / links + 1));
    case NX_MP_ALG_HRW:
      return links <= 64 ? highest(hash, links) : iterated(hash, links, 0);
    default:
      return iterated(hash, links, model::get<w::multipath_arg>(action));
  }
}

std::uint16_t bundle_slave(ByteView action, const FlowKey& key, const std::function<bool(std::uint16_t)>& live) {
  const bool by_hash = model::get<w::bundle_algorithm>(action) == NX_BD_ALG_HRW;
  const std::uint32_t hash = hash_of(model::get<w::bundle_fields>(action), model::get<w::bundle_basis>(action), key);
  std::optional<std::uint32_t> best;
  std::uint16_t chosen = OFPP_NONE;
  for (std::uint32_t i = 0; i < model::get<w::bundle_n_slaves>(action); ++i) {
    const auto slave = model::get<std::uint16_t>(action, {w::bundle_slaves + 2 * i, 2});
    if (!live(slave)) continue;
    const std::uint32_t mine = by_hash ? mixed(i, hash) : 0;
    if (best && mine <= *best) continue;
    best = mine;
    chosen = slave;
  }
  return chosen;
}

}  // namespace oftwin::harness::live::ovs3
