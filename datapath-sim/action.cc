// One function for each group of actions reads it, says what is wrong with it, and appends its steps.
#include "datapath-sim/action.h"

#include <algorithm>
#include <optional>

#include "datapath-sim/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::sim {
namespace {

namespace nx = wire::nx_action;
using Kind = Step::Kind;

constexpr oft_error bad(std::uint16_t code) { return OFT_ERROR_OPENFLOW(OFPET_BAD_ACTION, code); }
constexpr oft_error kBadType = bad(OFPBAC_BAD_TYPE), kBadLen = bad(OFPBAC_BAD_LEN), kBadVendor = bad(OFPBAC_BAD_VENDOR),
                    kBadVendorType = bad(OFPBAC_BAD_VENDOR_TYPE), kBadOutPort = bad(OFPBAC_BAD_OUT_PORT),
                    kBadArgument = bad(OFPBAC_BAD_ARGUMENT);

// The bit that says that there is a tag lies between its vid and its pcp.
constexpr std::uint16_t kTagPresent = 0x1000, kVidMask = 0x0fff;
constexpr BitRange kPresentAndVid{Field::vlan_tci, 0, 13}, kPcpAndPresent{Field::vlan_tci, 12, 4};

// One action of the list. The caller has checked that it is as long as it says, and that this is a multiple of 8.
struct Action {
  const std::uint8_t* bytes;
  std::size_t length;

  std::uint64_t get(wire::Field field) const { return load(bytes + field.offset, field.size); }
  std::uint16_t get16(wire::Field field) const { return static_cast<std::uint16_t>(get(field)); }
  std::uint32_t get32(wire::Field field) const { return static_cast<std::uint32_t>(get(field)); }
};

// A port may be missing now and there later, so any number that a port can have will do; so will 0, which none has.
bool can_output_to(std::uint16_t port) { return port < OFPP_MAX || (port >= OFPP_IN_PORT && port <= OFPP_LOCAL); }
bool can_enqueue_to(std::uint16_t port) { return port < OFPP_MAX || port == OFPP_IN_PORT || port == OFPP_LOCAL; }

class Compiler {
 public:
  Compiler(const Protocols& packets, Program& program) : packets_(packets), program_(program) {}

  oft_error append(const Action& a) {
    const std::uint16_t type = load16(a.bytes);
    if (type != OFPAT_VENDOR) return append_standard(a, type);
    if (load32(a.bytes + 4) != NX_VENDOR_ID) return kBadVendor;
    if (a.length < nx::smallest) return kBadLen;
    return append_nicira(a, a.get16(nx::subtype));
  }

 private:
  oft_error append_standard(const Action& a, std::uint16_t type);
  oft_error append_nicira(const Action& a, std::uint16_t subtype);
  oft_error append_bundle(const Action& a, bool loads);

  Step& add(Kind kind, const BitRange& to = {}) {
    Step& step = program_.emplace_back();
    step.kind = kind;
    step.to = to;
    return step;
  }
  oft_error add_out(Kind kind, std::uint16_t port, std::uint32_t argument, const BitRange& to = {}) {
    add(kind, to).out = {port, argument};
    return OFT_OK;
  }
  oft_error add_value(Kind kind, const BitRange& to, std::uint64_t value) {
    add(kind, to).value = value;
    return OFT_OK;
  }
  oft_error add_set(Field field, std::uint64_t value) { return add_value(Kind::set, {.field = field}, value); }

  // nullopt: no such field, not in these packets, or not so many bits.
  std::optional<BitRange> range(std::uint32_t header, unsigned shift, unsigned count, bool for_writing) const {
    const NamedField* field = find_field(header);
    if (field == nullptr || !field->allowed(packets_) || (for_writing && !field->writable)) return std::nullopt;
    if (count == 0 || shift + count > field->bits) return std::nullopt;
    return BitRange{field->field, static_cast<std::uint8_t>(shift), static_cast<std::uint8_t>(count)};
  }
  // Where an action stores something that needs `bits` bits.
  std::optional<BitRange> destination(const Action& a, wire::Field header, wire::Field ofs_nbits,
                                      unsigned bits = 0) const {
    const unsigned packed = a.get16(ofs_nbits), count = (packed & 0x3f) + 1;
    return count < bits ? std::nullopt : range(a.get32(header), packed >> 6, count, true);
  }
  oft_error add_move(const Action& a);
  oft_error add_load(const Action& a);
  oft_error add_multipath(const Action& a);
  oft_error add_autopath(const Action& a);
  oft_error add_resubmit(const Action& a, bool names_table);

  Protocols packets_;
  Program& program_;
};

oft_error Compiler::append_standard(const Action& a, std::uint16_t type) {
  if (type > OFPAT_ENQUEUE) return kBadType;
  const bool wide = type == OFPAT_SET_DL_SRC || type == OFPAT_SET_DL_DST || type == OFPAT_ENQUEUE;
  if (a.length != (wide ? 16u : 8u)) return kBadLen;
  const std::uint8_t* argument = a.bytes + 4;
  const std::uint16_t word = load16(argument);
  switch (type) {
    case OFPAT_OUTPUT:
      return can_output_to(word) ? add_out(Kind::output, word, load16(argument + 2)) : kBadOutPort;
    case OFPAT_ENQUEUE:
      return can_enqueue_to(word) ? add_out(Kind::enqueue, word, load32(a.bytes + 12)) : kBadOutPort;
    case OFPAT_SET_VLAN_VID:
      return word <= kVidMask ? add_value(Kind::set, kPresentAndVid, kTagPresent | word) : kBadArgument;
    case OFPAT_SET_VLAN_PCP:
      return argument[0] <= 7 ? add_value(Kind::set, kPcpAndPresent, argument[0] << 1 | 1u) : kBadArgument;
    case OFPAT_STRIP_VLAN:
      return add_set(Field::vlan_tci, 0);
    case OFPAT_SET_DL_SRC:
      return add_set(Field::dl_src, load48(argument));
    case OFPAT_SET_DL_DST:
      return add_set(Field::dl_dst, load48(argument));
    case OFPAT_SET_NW_SRC:
      return add_set(Field::nw_src, load32(argument));
    case OFPAT_SET_NW_DST:
      return add_set(Field::nw_dst, load32(argument));
    case OFPAT_SET_NW_TOS:
      return (argument[0] & 0x03) == 0 ? add_set(Field::nw_tos, argument[0]) : kBadArgument;
    case OFPAT_SET_TP_SRC:
      return add_set(Field::tp_src, word);
    default:
      return add_set(Field::tp_dst, word);
  }
}

// How long the actions of a subtype are; longest 0: there is no such subtype.
struct Lengths {
  std::size_t shortest = 0, longest = 0;
};

Lengths lengths_of(std::uint16_t subtype) {
  constexpr std::size_t any = 0xffff;
  switch (subtype) {
    case NXAST_RESUBMIT:
    case NXAST_RESUBMIT_TABLE:
    case NXAST_SET_TUNNEL:
    case NXAST_SET_QUEUE:
    case NXAST_POP_QUEUE:
      return {16, 16};
    case NXAST_REG_MOVE:
    case NXAST_REG_LOAD:
    case NXAST_SET_TUNNEL64:
    case NXAST_AUTOPATH:
      return {24, 24};
    case NXAST_MULTIPATH:
      return {32, 32};
    case NXAST_NOTE:
      return {16, any};
    case NXAST_BUNDLE:
    case NXAST_BUNDLE_LOAD:
      return {nx::bundle_slaves, any};
    default:
      return {};
  }
}

oft_error Compiler::append_nicira(const Action& a, std::uint16_t subtype) {
  const Lengths lengths = lengths_of(subtype);
  if (lengths.longest == 0) return kBadVendorType;
  if (a.length < lengths.shortest || a.length > lengths.longest) return kBadLen;
  switch (subtype) {
    case NXAST_RESUBMIT:
    case NXAST_RESUBMIT_TABLE:
      return add_resubmit(a, subtype == NXAST_RESUBMIT_TABLE);
    case NXAST_SET_TUNNEL:
      return add_set(Field::tun_id, a.get(nx::tun_id32));
    case NXAST_SET_TUNNEL64:
      return add_set(Field::tun_id, a.get(nx::tun_id64));
    case NXAST_SET_QUEUE:
      return add_value(Kind::set_queue, {}, a.get(nx::queue_id));
    case NXAST_POP_QUEUE:
      return add_value(Kind::pop_queue, {}, 0);
    case NXAST_REG_MOVE:
      return add_move(a);
    case NXAST_REG_LOAD:
      return add_load(a);
    case NXAST_MULTIPATH:
      return add_multipath(a);
    case NXAST_AUTOPATH:
      return add_autopath(a);
    case NXAST_BUNDLE:
    case NXAST_BUNDLE_LOAD:
      return append_bundle(a, subtype == NXAST_BUNDLE_LOAD);
    default:
      return OFT_OK;  // a note
  }
}

oft_error Compiler::add_resubmit(const Action& a, bool names_table) {
  if (names_table && a.get(nx::resubmit_pad) != 0) return kBadArgument;
  const std::uint16_t in_port = a.get16(nx::resubmit_in_port);
  add_out(Kind::resubmit, in_port, names_table && in_port == OFPP_IN_PORT);
  if (names_table) program_.back().table = static_cast<std::uint8_t>(a.get(nx::resubmit_table));
  return OFT_OK;
}

oft_error Compiler::add_move(const Action& a) {
  const unsigned count = a.get16(nx::move_n_bits);
  const auto from = range(a.get32(nx::move_src), a.get16(nx::move_src_ofs), count, false);
  const auto to = range(a.get32(nx::move_dst), a.get16(nx::move_dst_ofs), count, true);
  if (!from || !to) return kBadArgument;
  add(Kind::move, *to).from = *from;
  return OFT_OK;
}

oft_error Compiler::add_load(const Action& a) {
  const auto to = destination(a, nx::load_dst, nx::load_ofs_nbits);
  const std::uint64_t value = a.get(nx::load_value);
  if (!to || (value & ~(to->mask() >> to->shift)) != 0) return kBadArgument;
  return add_value(Kind::set, *to, value);
}

// What the hash of a packet is, nobody says; here it is 0, which all algorithms make link 0.
oft_error Compiler::add_multipath(const Action& a) {
  const auto to = destination(a, nx::multipath_dst, nx::multipath_ofs_nbits);
  if (!to || a.get(nx::multipath_max_link) > to->mask() >> to->shift) return kBadArgument;
  if (a.get(nx::multipath_fields) > NX_HASH_FIELDS_SYMMETRIC_L4) return kBadArgument;
  if (a.get(nx::multipath_algorithm) > NX_MP_ALG_ITER_HASH) return kBadArgument;
  return add_value(Kind::set, *to, 0);
}

constexpr unsigned kPortBits = 16;

oft_error Compiler::add_autopath(const Action& a) {
  const auto to = destination(a, nx::autopath_dst, nx::autopath_ofs_nbits, kPortBits);
  if (!to) return kBadArgument;
  return add_out(Kind::autopath, static_cast<std::uint16_t>(a.get(nx::autopath_id)), 0, *to);
}

// Several things can be wrong with a bundle at once: a port wins over the length, the length over an argument.
oft_error Compiler::append_bundle(const Action& a, bool loads) {
  constexpr std::uint32_t in_port_header = NXM_OF_IN_PORT << 9 | 2;
  const std::size_t n = a.get(nx::bundle_n_slaves), room = (a.length - nx::bundle_slaves) / 2;
  std::optional<BitRange> to;
  if (loads) to = destination(a, nx::bundle_dst, nx::bundle_ofs_nbits, kPortBits);
  const bool well_placed = loads ? to.has_value() : a.get(nx::bundle_dst) == 0 && a.get(nx::bundle_ofs_nbits) == 0;
  const bool arguments_fit = well_placed && n <= NX_BUNDLE_MAX_SLAVES && a.get(nx::bundle_zero) == 0 &&
                             a.get(nx::bundle_fields) <= NX_HASH_FIELDS_SYMMETRIC_L4 &&
                             a.get(nx::bundle_algorithm) <= NX_BD_ALG_HRW &&
                             a.get(nx::bundle_slave_type) == in_port_header;
  add_value(loads ? Kind::bundle_load : Kind::bundle, to.value_or(BitRange{}), n);
  for (std::size_t i = 0; i < std::min(n, room); ++i) {
    const std::uint16_t port = load16(a.bytes + nx::bundle_slaves + 2 * i);
    if (!can_output_to(port) || port == OFPP_CONTROLLER) return kBadOutPort;
    add_out(Kind::candidate, port, 0);
  }
  if (n > room) return kBadLen;
  return arguments_fit ? OFT_OK : kBadArgument;
}

}  // namespace

oft_error compile(ByteView actions, const Protocols& packets, Program& program) {
  program.clear();
  Compiler compiler(packets, program);
  while (!actions.empty()) {
    if (actions.size() < 8) return kBadLen;
    const std::size_t length = load16(actions.data() + 2);
    if (length < 8 || length % 8 != 0 || length > actions.size()) return kBadLen;
    if (const oft_error error = compiler.append({actions.data(), length})) return error;
    actions = actions.subspan(length);
  }
  return OFT_OK;
}

}  // namespace oftwin::sim
