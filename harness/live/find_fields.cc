// Which fields of a match a switch keeps: a flow is added that asks for one, and looked for.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "harness/live/profile_finder.h"
#include "harness/message_parts.h"
#include "harness/nxm_syntax.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness::live {
namespace {

std::size_t place_of(std::string_view name) {
  return static_cast<std::size_t>(std::find(kMatchFields.begin(), kMatchFields.end(), name) - kMatchFields.begin());
}

void ask_for(WireMatch& m, std::string_view name) { m.wildcards &= ~wildcard_bit(place_of(name)); }

// A match that asks for field i, and for what that rests on.
WireMatch match_with(std::size_t i, Masks masks) {
  const std::string_view name = kMatchFields[i];
  WireMatch m;
  m.in_port = 1;
  m.dl_src = {2, 0, 0, 0, 0, 1};
  m.dl_dst = {2, 0, 0, 0, 0, 2};
  m.dl_vlan = 5;
  m.dl_vlan_pcp = 3;
  m.dl_type = 0x0800;
  m.nw_tos = 0x20;
  m.nw_proto = 6;
  m.nw_src = m.nw_dst = 0x0a010000;
  m.tp_src = m.tp_dst = 80;
  if (name.starts_with("nw_") || name.starts_with("tp_")) ask_for(m, "dl_type");
  if (name.starts_with("tp_")) ask_for(m, "nw_proto");
  ask_for(m, name);
  if (wildcard_bit(i) == 0) {
    const unsigned shift = name == "nw_src" ? OFPFW_NW_SRC_SHIFT : OFPFW_NW_DST_SHIFT;
    m.wildcards &= ~(OFPFW_NW_BITS_MASK << shift);
    if (masks == Masks::prefix) m.wildcards |= 16u << shift;
  }
  return m;
}

// Whether both say the same about field i.
bool same_field(const WireMatch& a, const WireMatch& b, std::size_t i) {
  if (asked_masks(a, i) != asked_masks(b, i)) return false;
  const std::string_view name = kMatchFields[i];
  if (name == "in_port") return a.in_port == b.in_port;
  if (name == "dl_src") return a.dl_src == b.dl_src;
  if (name == "dl_dst") return a.dl_dst == b.dl_dst;
  if (name == "dl_vlan") return a.dl_vlan == b.dl_vlan;
  if (name == "dl_vlan_pcp") return a.dl_vlan_pcp == b.dl_vlan_pcp;
  if (name == "dl_type") return a.dl_type == b.dl_type;
  if (name == "nw_src") return a.nw_src == b.nw_src;
  if (name == "nw_dst") return a.nw_dst == b.nw_dst;
  if (name == "nw_tos") return a.nw_tos == b.nw_tos;
  if (name == "nw_proto") return a.nw_proto == b.nw_proto;
  return name == "tp_src" ? a.tp_src == b.tp_src : a.tp_dst == b.tp_dst;
}

// A value that is right for a field, and a mask of that shape.
struct Sample {
  Bytes value, mask;
};
Sample sample_of(const NxmField& field, Masks masks) {
  Sample s;
  s.value.assign(field.size, 0);
  s.value.front() = 0x20;
  s.mask.assign(field.size, 0);
  if (masks == Masks::prefix) s.mask.front() = 0xf0;
  if (masks == Masks::any) s.mask.front() = 0xa0;
  switch (field.type) {
    case NXM_OF_IN_PORT:
      s.value = {0, 1};
      break;
    case NXM_OF_VLAN_TCI:
      s.value = {0x10, 5};
      s.mask = {0x10, 0xf5};
      break;
    case NXM_OF_ETH_DST:  // its masks: the multicast bit, or all others
      s.value = {1, 0, 0, 0, 0, 0};
      s.mask = {1, 0, 0, 0, 0, 0};
      break;
    case NXM_OF_ARP_OP:
      s.value = {0, 1};
      break;
    default:
      break;
  }
  if (masks == Masks::exact) s.mask.clear();
  return s;
}

void put_number(Bytes& out, std::uint32_t type, std::uint32_t value, std::size_t size) {
  Bytes bytes;
  put(bytes, value);
  put_bytes(out, nxm_entry(type, ByteView(bytes).last(size)));
}

// Entries that ask for what the field rests on, and then for the field.
Bytes entries_with(const NxmField& field, const Bytes& entry) {
  Bytes out;
  const NxmNeeds& n = field.needs;
  if (n.ethernet) put_number(out, NXM_OF_ETH_TYPE, n.ethernet, 2);
  if (n.protocol) put_number(out, NXM_OF_IP_PROTO, n.protocol, 1);
  if (n.icmp) put_number(out, NXM_NX_ICMPV6_TYPE, n.icmp, 1);
  put_bytes(out, entry);
  return out;
}

}  // namespace

bool ProfileFinder::field_is_kept(std::size_t field, Masks masks, std::string& seen) {
  start_empty();
  request::FlowMod fm;
  fm.match = match_with(field, masks);
  if (!p_.ports.empty()) fm.match.in_port = p_.ports.front().number;
  const Answer answer = questions_.ask(Request(fm));
  if (answer.refused()) {
    seen = answer.why();
    return false;
  }
  const std::vector<Bytes> records = flows(false);
  const std::size_t whole = wire::flow_stats::match.offset + wire::match::size;
  const bool kept =
      records.size() == 1 && records[0].size() >= whole &&
      same_field(decode_match(ByteView(records[0]).subspan(wire::flow_stats::match.offset)), fm.match, field);
  seen = kept ? kKept : kLost;
  return kept;
}

void ProfileFinder::fields() {
  const Profile all;
  for (std::size_t i = 0; i < kMatchFields.size(); ++i) {
    about_ = fmt::format("match.{}", kMatchFields[i]);
    std::string seen;
    p_.match[i] = Masks::none;
    for (const Masks masks : {all.match[i], Masks::exact}) {
      if (p_.match[i] == Masks::none && field_is_kept(i, masks, seen)) p_.match[i] = masks;
    }
    say(about_, seen);
  }
}

bool ProfileFinder::entry_is_kept(std::size_t field, Masks masks, std::string& seen) {
  start_empty();
  const NxmField& f = nxm::fields[field];
  const Sample sample = sample_of(f, masks);
  Bytes entry = nxm_entry(f.type, sample.value, sample.mask);
  for (std::size_t i = 0; i < sample.mask.size(); ++i) {  // canonical: no value outside the mask
    entry[4 + i] = static_cast<std::uint8_t>(entry[4 + i] & sample.mask[i]);
  }
  request::NxFlowMod fm;
  fm.match = entries_with(f, entry);
  const Answer answer = questions_.ask(Request(fm));
  if (answer.refused()) {
    seen = answer.why();
    return false;
  }
  const std::vector<Bytes> records = flows(true);
  bool kept = false;
  if (records.size() == 1 && records[0].size() > wire::nx_flow_stats::size) {
    const ByteView rest = ByteView(records[0]).subspan(wire::nx_flow_stats::size);
    for (const NxmEntry& e : cut_entries(rest)) kept = kept || std::ranges::equal(e.bytes, entry);
  }
  seen = kept ? kKept : kLost;
  return kept;
}

void ProfileFinder::extended_fields() {
  const Profile all;
  for (std::size_t i = 0; i < nxm::fields.size(); ++i) {
    about_ = fmt::format("nxm.{}", nxm_name(nxm::fields[i].type));
    std::string seen;
    p_.nxm_match[i] = Masks::none;
    for (const Masks masks : {all.nxm_match[i], Masks::prefix, Masks::exact}) {
      if (masks > all.nxm_match[i] || p_.nxm_match[i] != Masks::none) continue;
      if (entry_is_kept(i, masks, seen)) p_.nxm_match[i] = masks;
    }
    say(about_, seen);
  }
}

}  // namespace oftwin::harness::live
