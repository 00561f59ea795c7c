// One table of lengths, one of fields; then what is wrong with an action, then what a right one does.
#include "model/nicira_action.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "model/nxm.h"
#include "model/wire.h"
#include "spec/nicira.h"

namespace oftwin::model {
namespace {

using namespace wire::nx_action;

constexpr std::uint8_t kCurrentTable = 255;
constexpr std::uint8_t kDscp = 0xfc;

// By subtype: the length, of a note and of bundles the least one; 0: the subtype is not in use.
constexpr std::size_t kLengths[] = {0, 16, 16, 0, 16, 16, 24, 24, 16, 24, 32, 24, 32, 32, 16};

// The fields that can be read, but for the registers.
using Part = std::variant<std::uint8_t FlowKey::*, std::uint16_t FlowKey::*, std::uint32_t FlowKey::*,
                          std::uint64_t FlowKey::*, Ipv6 FlowKey::*>;
constexpr std::pair<std::uint32_t, Part> kParts[] = {
    {NXM_OF_IN_PORT, &FlowKey::in_port},    {NXM_OF_ETH_DST, &FlowKey::dl_dst},
    {NXM_OF_ETH_SRC, &FlowKey::dl_src},     {NXM_OF_ETH_TYPE, &FlowKey::dl_type},
    {NXM_OF_VLAN_TCI, &FlowKey::vlan_tci},  {NXM_OF_IP_TOS, &FlowKey::nw_tos},
    {NXM_OF_IP_PROTO, &FlowKey::nw_proto},  {NXM_OF_IP_SRC, &FlowKey::nw_src},
    {NXM_OF_IP_DST, &FlowKey::nw_dst},      {NXM_OF_TCP_SRC, &FlowKey::tp_src},
    {NXM_OF_TCP_DST, &FlowKey::tp_dst},     {NXM_OF_UDP_SRC, &FlowKey::tp_src},
    {NXM_OF_UDP_DST, &FlowKey::tp_dst},     {NXM_OF_ICMP_TYPE, &FlowKey::tp_src},
    {NXM_OF_ICMP_CODE, &FlowKey::tp_dst},   {NXM_OF_ARP_OP, &FlowKey::nw_proto},
    {NXM_OF_ARP_SPA, &FlowKey::nw_src},     {NXM_OF_ARP_TPA, &FlowKey::nw_dst},
    {NXM_NX_TUN_ID, &FlowKey::tun_id},      {NXM_NX_ARP_SHA, &FlowKey::arp_sha},
    {NXM_NX_ARP_THA, &FlowKey::arp_tha},    {NXM_NX_ICMPV6_TYPE, &FlowKey::tp_src},
    {NXM_NX_ICMPV6_CODE, &FlowKey::tp_dst}, {NXM_NX_ND_SLL, &FlowKey::arp_sha},
    {NXM_NX_ND_TLL, &FlowKey::arp_tha},     {NXM_NX_ND_TARGET, &FlowKey::nd_target},
    {NXM_NX_IPV6_SRC, &FlowKey::ipv6_src},  {NXM_NX_IPV6_DST, &FlowKey::ipv6_dst},
};
constexpr std::uint32_t kWritable[] = {
    NXM_NX_TUN_ID,  NXM_OF_ETH_DST, NXM_OF_ETH_SRC,  NXM_OF_VLAN_TCI, NXM_OF_IP_TOS,
    NXM_OF_IP_SRC,  NXM_OF_IP_DST,  NXM_OF_TCP_SRC,  NXM_OF_TCP_DST,  NXM_OF_UDP_SRC,
    NXM_OF_UDP_DST, NXM_NX_REG0,    NXM_NX_REG0 + 1, NXM_NX_REG0 + 2, NXM_NX_REG0 + 3,
};

// A range of bits of a field.
struct Bits {
  std::uint32_t header = 0;
  std::size_t offset = 0, count = 0;
  std::uint32_t type() const { return header >> 9; }
};
Bits bits_at(ByteView action, wire::Field ofs_nbits, wire::Field header) {
  const auto range = get<std::uint16_t>(action, ofs_nbits);
  return {get(action, header), std::size_t{range} >> 6, (std::size_t{range} & 63) + 1};
}
// The destination of a load, multipath, autopath or bundle_load.
Bits destination(ByteView action) {
  switch (get(action, subtype)) {
    case NXAST_REG_LOAD:
      return bits_at(action, load_ofs_nbits, load_dst);
    case NXAST_MULTIPATH:
      return bits_at(action, multipath_ofs_nbits, multipath_dst);
    case NXAST_AUTOPATH:
      return bits_at(action, autopath_ofs_nbits, autopath_dst);
    default:
      return bits_at(action, bundle_ofs_nbits, bundle_dst);
  }
}
std::pair<Bits, Bits> move_ends(ByteView action) {
  const std::size_t count = get(action, move_n_bits);
  return {{get(action, move_src), get(action, move_src_ofs), count},
          {get(action, move_dst), get(action, move_dst_ofs), count}};
}

std::uint64_t ones(std::size_t count) { return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1; }

// --- What is wrong ---------------------------------------------------------------------------------------------------

bool can_read(Bits from, Layers layers) {
  return from.count != 0 && from.offset + from.count <= 8 * field_size(from.header, layers);
}
bool can_write(Bits to, Layers layers, std::size_t least = 1) {
  return to.count >= least && can_read(to, layers) && std::ranges::find(kWritable, to.type()) != std::end(kWritable);
}

bool wrong_multipath(ByteView action, Layers layers) {
  const Bits to = destination(action);
  return !can_write(to, layers) || get(action, multipath_max_link) > ones(to.count) ||
         get(action, multipath_fields) > NX_HASH_FIELDS_SYMMETRIC_L4 ||
         get(action, multipath_algorithm) > NX_MP_ALG_ITER_HASH;
}

// A wrong port outweighs missing ports, and these anything else.
Error bundle_error(ByteView action, Layers layers) {
  const std::size_t slaves = get(action, bundle_n_slaves), room = (action.size() - bundle_slaves) / 2;
  for (std::size_t i = 0; i < std::min(slaves, room); ++i) {
    const auto port = get<std::uint16_t>(action, {bundle_slaves + 2 * i, 2});
    if (!is_output_port(port) || port == OFPP_CONTROLLER) return bad_action(OFPBAC_BAD_OUT_PORT);
  }
  if (room < slaves) return bad_action(OFPBAC_BAD_LEN);
  const bool to_nowhere = get(action, bundle_ofs_nbits) == 0 && get(action, bundle_dst) == 0;
  const bool load = get(action, subtype) == NXAST_BUNDLE_LOAD;
  const bool wrong = get(action, bundle_fields) > NX_HASH_FIELDS_SYMMETRIC_L4 || slaves > NX_BUNDLE_MAX_SLAVES ||
                     get(action, bundle_algorithm) > NX_BD_ALG_HRW ||
                     get(action, bundle_slave_type) != (NXM_OF_IN_PORT << 9 | 2) || get(action, bundle_zero) != 0 ||
                     (load ? !can_write(destination(action), layers, 16) : !to_nowhere);
  return wrong ? bad_action(OFPBAC_BAD_ARGUMENT) : Error{};
}

bool wrong_argument(ByteView action, Layers layers, Clauses& hit) {
  switch (get(action, subtype)) {
    case NXAST_RESUBMIT_TABLE:
      hit.set(clause("ACT-16"));
      return get(action, resubmit_pad) != 0;
    case NXAST_REG_MOVE:
      hit.set(clause("ACT-11"));
      return !can_read(move_ends(action).first, layers) || !can_write(move_ends(action).second, layers);
    case NXAST_REG_LOAD:
      hit.set(clause("ACT-11"));
      return !can_write(destination(action), layers) ||
             (get<std::uint64_t>(action, load_value) & ~ones(destination(action).count)) != 0;
    case NXAST_MULTIPATH:
      hit.set(clause("ACT-12"));
      return wrong_multipath(action, layers);
    case NXAST_AUTOPATH:
      hit.set(clause("ACT-12"));
      return !can_write(destination(action), layers, 16);
    default:
      return false;
  }
}

// --- What is done ----------------------------------------------------------------------------------------------------

template <class Use>
void with_part(FlowKey& key, std::uint32_t type, Use use) {
  if (type >= NXM_NX_REG0 && type < NXM_NX_REG0 + key.reg.size()) return use(key.reg[type - NXM_NX_REG0]);
  const auto part = std::ranges::find(kParts, type, &std::pair<std::uint32_t, Part>::first);
  std::visit([&](auto p) { use(key.*p); }, part->second);
}

bool bit(std::uint64_t part, std::size_t i) { return part >> i & 1; }
bool bit(const Ipv6& part, std::size_t i) { return part[15 - i / 8] >> i % 8 & 1; }

template <class W>
void set_bits(W& part, Bits to, std::uint64_t value) {
  const std::uint64_t mask = ones(to.count) << to.offset;
  part = static_cast<W>((part & ~mask) | (value << to.offset & mask));
}
void set_bits(Ipv6&, Bits, std::uint64_t) {}  // cannot be a destination

void load(FlowKey& key, Bits to, std::uint64_t value) {
  with_part(key, to.type(), [&](auto& part) { set_bits(part, to, value); });
  key.nw_tos &= kDscp;
}
void move(FlowKey& key, Bits from, Bits to) {
  std::uint64_t value = 0;
  for (std::size_t i = from.count; i-- > 0;) {
    with_part(key, from.type(), [&](const auto& part) { value = value << 1 | bit(part, from.offset + i); });
  }
  load(key, to, value);
}

const Port* find_port(const std::vector<Port>& ports, std::uint16_t number) {
  const auto port = std::ranges::find(ports, number, [](const Port& p) { return p.config.number; });
  return port == ports.end() ? nullptr : &*port;
}

// What stands in for the choice of a hash (ACT-17): the first slave that is live.
std::uint16_t live_slave(ByteView action, const std::vector<Port>& ports, Clauses& hit) {
  hit.set(clause("ACT-18"));
  for (std::size_t i = 0; i < get(action, bundle_n_slaves); ++i) {
    const auto slave = get<std::uint16_t>(action, {bundle_slaves + 2 * i, 2});
    const Port* port = find_port(ports, slave);
    if (slave >= OFPP_IN_PORT || (port != nullptr && (port->config.state & OFPPS_LINK_DOWN) == 0)) return slave;
  }
  return OFPP_NONE;
}

}  // namespace

Error validate_nicira_action(ByteView action, Layers layers, Clauses& hit) {
  hit.set(clause("ACT-10"));
  if (action.size() < smallest) return bad_action(OFPBAC_BAD_LEN);
  const std::size_t type = get(action, subtype);
  const bool bundle = type == NXAST_BUNDLE || type == NXAST_BUNDLE_LOAD;
  if (type >= std::size(kLengths) || kLengths[type] == 0) return bad_action(OFPBAC_BAD_TYPE);
  if (action.size() < kLengths[type]) return bad_action(OFPBAC_BAD_LEN);
  if (action.size() > kLengths[type] && type != NXAST_NOTE && !bundle) return bad_action(OFPBAC_BAD_LEN);
  if (bundle) {
    hit.set(clause("ACT-13"));
    return bundle_error(action, layers);
  }
  return wrong_argument(action, layers, hit) ? bad_action(OFPBAC_BAD_ARGUMENT) : Error{};
}

void apply_nicira_action(Packet& p, ByteView action, const std::vector<Port>& ports, Clauses& hit) {
  const auto queue = get(action, queue_id);
  switch (get(action, subtype)) {
    case NXAST_SET_TUNNEL:
      hit.set(clause("ACT-15"));
      p.wanted.tun_id = get(action, tun_id32);
      return;
    case NXAST_SET_TUNNEL64:
      hit.set(clause("ACT-15"));
      p.wanted.tun_id = get<std::uint64_t>(action, tun_id64);
      return;
    case NXAST_SET_QUEUE:
      return set_queue(p, queue, hit);
    case NXAST_POP_QUEUE:
      p.queue = std::nullopt;
      return;
    case NXAST_REG_MOVE:
      hit.set(clause("ACT-14"));
      return move(p.wanted, move_ends(action).first, move_ends(action).second);
    case NXAST_REG_LOAD:
      hit.set(clause("ACT-14"));
      return load(p.wanted, destination(action), get<std::uint64_t>(action, load_value));
    case NXAST_MULTIPATH:
      hit.set(clause("ACT-17"));
      return load(p.wanted, destination(action), 0);
    case NXAST_AUTOPATH: {
      hit.set(clause("ACT-19"));
      const auto port = static_cast<std::uint16_t>(get(action, autopath_id));
      return load(p.wanted, destination(action), find_port(ports, port) ? port : std::uint16_t{OFPP_NONE});
    }
    case NXAST_BUNDLE_LOAD:
      return load(p.wanted, destination(action), live_slave(action, ports, hit));
    default:  // a note
      return;
  }
}

std::optional<Resubmission> resubmission_of(ByteView action, std::uint8_t current_table, std::uint16_t in_port) {
  Resubmission r{current_table, get<std::uint16_t>(action, resubmit_in_port)};
  if (get(action, subtype) == NXAST_RESUBMIT) return r;
  if (get(action, subtype) != NXAST_RESUBMIT_TABLE) return std::nullopt;
  if (r.in_port == OFPP_IN_PORT) r.in_port = in_port;
  if (get(action, resubmit_table) != kCurrentTable) r.table = get<std::uint8_t>(action, resubmit_table);
  return r;
}

std::optional<std::uint16_t> bundle_port(ByteView action, const std::vector<Port>& ports, Clauses& hit) {
  if (get(action, subtype) != NXAST_BUNDLE) return std::nullopt;
  return live_slave(action, ports, hit);
}

}  // namespace oftwin::model
