// One table of lengths, one of fields; then what is wrong with an action, then what a right one does.
#include "model/nicira_action.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "model/nxm.h"
#include "model/turn.h"
#include "model/wire.h"
#include "spec/nxm.h"

namespace oftwin::model {
namespace {

using namespace wire::nx_action;

constexpr std::uint8_t kCurrentTable = 255;
constexpr std::uint8_t kDscp = 0xfc;

// By subtype: the length, of a note and of bundles the least one; 0: the subtype is not in use.
constexpr std::size_t kLengths[] = {0, 16, 16, 0, 16, 16, 24, 24, 16, 24, 32, 24, 32, 32, 16};

// A range of bits of a field.
struct Bits {
  std::uint32_t header = 0;
  std::size_t offset = 0, count = 0;
  std::uint32_t type() const { return header >> 9; }
};
template <wire::Field OfsNbits, wire::Field Header>
Bits bits_at(ByteView action) {
  const std::size_t range = get<OfsNbits>(action);
  return {get<Header>(action), range >> 6, (range & 63) + 1};
}
// The destination of a load, multipath, autopath or bundle_load.
Bits destination(ByteView action) {
  switch (get<subtype>(action)) {
    case NXAST_REG_LOAD:
      return bits_at<load_ofs_nbits, load_dst>(action);
    case NXAST_MULTIPATH:
      return bits_at<multipath_ofs_nbits, multipath_dst>(action);
    case NXAST_AUTOPATH:
      return bits_at<autopath_ofs_nbits, autopath_dst>(action);
    default:
      return bits_at<bundle_ofs_nbits, bundle_dst>(action);
  }
}
Bits move_source(ByteView action) {
  return {get<move_src>(action), get<move_src_ofs>(action), get<move_n_bits>(action)};
}
Bits move_destination(ByteView action) {
  return {get<move_dst>(action), get<move_dst_ofs>(action), get<move_n_bits>(action)};
}

std::uint64_t ones(std::size_t count) { return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1; }

// --- What is wrong ---------------------------------------------------------------------------------------------------

bool can_read(Bits from, Layers layers) {
  return from.count != 0 && from.offset + from.count <= 8 * field_size(from.header, layers);
}
bool can_write(Bits to, Layers layers, std::size_t least = 1) {
  return to.count >= least && can_read(to, layers) && find(nxm::fields, to.type(), &NxmField::type)->writable;
}

bool wrong_multipath(ByteView action, Layers layers) {
  const Bits to = destination(action);
  return !can_write(to, layers) || get<multipath_max_link>(action) > ones(to.count) ||
         get<multipath_fields>(action) > NX_HASH_FIELDS_SYMMETRIC_L4 ||
         get<multipath_algorithm>(action) > NX_MP_ALG_ITER_HASH;
}

// A wrong port outweighs missing ports, and these anything else.
Error bundle_error(ByteView action, Layers layers) {
  const std::size_t slaves = get<bundle_n_slaves>(action), room = (action.size() - bundle_slaves) / 2;
  for (std::size_t i = 0; i < std::min(slaves, room); ++i) {
    const auto port = get<std::uint16_t>(action, {bundle_slaves + 2 * i, 2});
    if (!is_output_port(port) || port == OFPP_CONTROLLER) return bad_action(OFPBAC_BAD_OUT_PORT);
  }
  if (room < slaves) return bad_action(OFPBAC_BAD_LEN);
  const bool to_nowhere = get<bundle_ofs_nbits>(action) == 0 && get<bundle_dst>(action) == 0;
  const bool load = get<subtype>(action) == NXAST_BUNDLE_LOAD;
  const bool wrong = get<bundle_fields>(action) > NX_HASH_FIELDS_SYMMETRIC_L4 || slaves > NX_BUNDLE_MAX_SLAVES ||
                     get<bundle_algorithm>(action) > NX_BD_ALG_HRW ||
                     get<bundle_slave_type>(action) != (NXM_OF_IN_PORT << 9 | 2) || get<bundle_zero>(action) != 0 ||
                     (load ? !can_write(destination(action), layers, 16) : !to_nowhere);
  return wrong ? bad_action(OFPBAC_BAD_ARGUMENT) : Error{};
}

bool wrong_argument(ByteView action, Layers layers, Clauses& hit) {
  switch (get<subtype>(action)) {
    case NXAST_RESUBMIT_TABLE:
      hit.set(clause("ACT-16"));
      return get<resubmit_pad>(action) != 0;
    case NXAST_REG_MOVE:
      hit.set(clause("ACT-11"));
      return !can_read(move_source(action), layers) || !can_write(move_destination(action), layers);
    case NXAST_REG_LOAD:
      hit.set(clause("ACT-11"));
      return !can_write(destination(action), layers) ||
             (get<load_value>(action) & ~ones(destination(action).count)) != 0;
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
  const auto call = [&](auto part) {
    if constexpr (std::is_same_v<decltype(part), NxmRegisters<std::uint8_t>>)
      return use((key.*part.key)[type - NXM_NX_REG0]);
    if constexpr (!std::is_same_v<decltype(part), NxmRegisters<std::uint8_t>>) return use(key.*part.key);
  };
  std::visit(call, find(nxm::fields, type, &NxmField::type)->part);
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

// What stands in for the choice of a hash (ACT-17): the first slave that is live.
std::uint16_t live_slave(ByteView action, const std::vector<Port>& ports, Clauses& hit) {
  hit.set(clause("ACT-18"));
  for (std::size_t i = 0; i < get<bundle_n_slaves>(action); ++i) {
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
  const std::size_t type = get<subtype>(action);
  const bool bundle = type == NXAST_BUNDLE || type == NXAST_BUNDLE_LOAD;
  if (type >= std::size(kLengths) || kLengths[type] == 0) return bad_action(OFPBAC_BAD_VENDOR_TYPE);
  if (action.size() < kLengths[type]) return bad_action(OFPBAC_BAD_LEN);
  if (action.size() > kLengths[type] && type != NXAST_NOTE && !bundle) return bad_action(OFPBAC_BAD_LEN);
  if (bundle) {
    hit.set(clause("ACT-13"));
    return bundle_error(action, layers);
  }
  return wrong_argument(action, layers, hit) ? bad_action(OFPBAC_BAD_ARGUMENT) : Error{};
}

void apply_nicira_action(Packet& p, ByteView action, const std::vector<Port>& ports, Clauses& hit) {
  const auto type = get<subtype>(action);
  if (type == NXAST_SET_TUNNEL || type == NXAST_SET_TUNNEL64) {
    hit.set(clause("ACT-15"));
    p.wanted.tun_id = type == NXAST_SET_TUNNEL ? get<tun_id32>(action) : get<tun_id64>(action);
  } else if (type == NXAST_SET_QUEUE) {
    set_queue(p, get<queue_id>(action), hit);
  } else if (type == NXAST_POP_QUEUE) {
    p.queue = std::nullopt;
  } else if (type == NXAST_REG_MOVE) {
    hit.set(clause("ACT-14"));
    move(p.wanted, move_source(action), move_destination(action));
  } else if (type == NXAST_REG_LOAD) {
    hit.set(clause("ACT-14"));
    load(p.wanted, destination(action), get<load_value>(action));
  } else if (type == NXAST_MULTIPATH) {
    hit.set(clause("ACT-17"));
    load(p.wanted, destination(action), 0);
  } else if (type == NXAST_AUTOPATH) {
    hit.set(clause("ACT-19"));
    const auto port = static_cast<std::uint16_t>(get<autopath_id>(action));
    load(p.wanted, destination(action), find_port(ports, port) ? port : std::uint16_t{OFPP_NONE});
  } else if (type == NXAST_BUNDLE_LOAD) {
    load(p.wanted, destination(action), live_slave(action, ports, hit));
  }
}

std::optional<Resubmission> resubmission_of(ByteView action, std::uint8_t current_table, std::uint16_t in_port) {
  Resubmission r{current_table, get<resubmit_in_port>(action)};
  if (get<subtype>(action) == NXAST_RESUBMIT) return r;
  if (get<subtype>(action) != NXAST_RESUBMIT_TABLE) return std::nullopt;
  if (r.in_port == OFPP_IN_PORT) r.in_port = in_port;
  if (get<resubmit_table>(action) != kCurrentTable) r.table = get<resubmit_table>(action);
  return r;
}

std::optional<std::uint16_t> bundle_port(ByteView action, const std::vector<Port>& ports, Clauses& hit) {
  if (get<subtype>(action) != NXAST_BUNDLE) return std::nullopt;
  return live_slave(action, ports, hit);
}

}  // namespace oftwin::model
