// A message without what a profile does not have: fields are wildcarded, entries, actions and flags dropped, masks that
// are not to be had narrowed to the whole field.
#include <algorithm>

#include "harness/applicable.h"
#include "harness/message_parts.h"
#include "harness/request.h"

namespace oftwin::harness {
namespace {

void set_address_wildcards(WireMatch& m, std::size_t field, unsigned bits) {
  const unsigned shift = kMatchFields[field] == "nw_src" ? OFPFW_NW_SRC_SHIFT : OFPFW_NW_DST_SHIFT;
  m.wildcards = (m.wildcards & ~(OFPFW_NW_BITS_MASK << shift)) | bits << shift;
}

void wildcard(WireMatch& m, std::size_t field) {
  m.wildcards |= wildcard_bit(field);
  if (wildcard_bit(field) == 0) set_address_wildcards(m, field, 32);
}

void repair(const Profile& p, WireMatch& m) {
  for (std::size_t i = 0; i < kMatchFields.size(); ++i) {
    const Masks asked = asked_masks(m, i);
    if (asked <= p.match[i]) continue;
    if (asked == Masks::prefix && p.match[i] == Masks::exact) {
      set_address_wildcards(m, i, 0);
    } else {
      wildcard(m, i);
    }
  }
}

// Whether an entry of `field` asks for one of type `dropped` before it.
bool rests_on(const NxmField& field, std::uint32_t dropped) {
  return (dropped == NXM_OF_ETH_TYPE && field.needs.ethernet != 0) ||
         (dropped == NXM_OF_IP_PROTO && field.needs.protocol != 0) ||
         (dropped == NXM_NX_ICMPV6_TYPE && field.needs.icmp != 0);
}

// What rests on an entry that is dropped goes with it, so that no error is made that was none.
void repair(const Profile& p, Bytes& entries) {
  Bytes out;
  std::vector<std::uint32_t> dropped;
  std::size_t read = 0;
  for (const NxmEntry& entry : cut_entries(entries)) {
    read += entry.bytes.size();
    Bytes kept(entry.bytes.begin(), entry.bytes.end());
    if (entry.field) {
      const NxmField& field = nxm::fields[*entry.field];
      const auto gone = [&](std::uint32_t type) { return rests_on(field, type); };
      const bool rests = std::any_of(dropped.begin(), dropped.end(), gone);
      if (p.nxm_match[*entry.field] == Masks::none || rests) {
        dropped.push_back(field.type);
        continue;
      }
      if (entry.masks > p.nxm_match[*entry.field]) {
        kept.resize(4 + field.size);
        kept[2] = static_cast<std::uint8_t>(kept[2] & ~1u);  // no mask
        kept[3] = static_cast<std::uint8_t>(field.size);
      }
    }
    out.insert(out.end(), kept.begin(), kept.end());
  }
  out.insert(out.end(), entries.begin() + static_cast<std::ptrdiff_t>(read), entries.end());
  entries = std::move(out);
}

struct Repair {
  const Profile& p;

  template <class FlowMod>
  void operator()(FlowMod& fm) const
    requires requires { fm.hard_timeout; }
  {
    repair(p, fm.match);
    if (!p.check_overlap) clear(fm.flags, OFPFF_CHECK_OVERLAP);
    if (!p.emergency_refused) clear(fm.flags, OFPFF_EMERG);
    if (!p.send_flow_removed) clear(fm.flags, OFPFF_SEND_FLOW_REM);
    if (!p.idle_timeout) fm.idle_timeout = 0;
    if (!p.hard_timeout) fm.hard_timeout = 0;
    fm.actions = repaired_actions(p, fm.actions);
  }
  void operator()(request::PacketOut& po) const { po.actions = repaired_actions(p, po.actions); }
  void operator()(request::FlowStats& fs) const { repair(p, fs.match); }
  void operator()(request::NxFlowStats& fs) const { repair(p, fs.match); }
  template <class Other>
  void operator()(Other&) const {}

  static void clear(std::uint16_t& flags, std::uint16_t flag) { flags = static_cast<std::uint16_t>(flags & ~flag); }
};

}  // namespace

// Each is judged by what a packet-out of it alone would be.
Bytes repaired_actions(const Profile& profile, ByteView actions) {
  Bytes out;
  std::size_t read = 0;
  for (const WireAction& action : cut_actions(actions)) {
    read += action.bytes.size();
    request::PacketOut alone;
    alone.actions.assign(action.bytes.begin(), action.bytes.end());
    if (!obstacle(profile, encode(alone))) out.insert(out.end(), action.bytes.begin(), action.bytes.end());
  }
  const ByteView rest = actions.subspan(read);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

std::optional<Bytes> repaired(const Profile& profile, ByteView message) {
  if (!obstacle(profile, message)) return Bytes(message.begin(), message.end());
  std::optional<Request> request = decode_request(message);
  if (!request) return std::nullopt;
  std::visit(Repair{profile}, *request);
  Bytes out = encode(*request);
  if (obstacle(profile, out)) return std::nullopt;
  return out;
}

}  // namespace oftwin::harness
