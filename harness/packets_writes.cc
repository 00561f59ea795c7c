#include "harness/packets_writes.h"

#include <algorithm>

#include "harness/wire_io.h"
#include "model/nicira_action.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

using namespace wire::nx_action;

std::uint64_t number(ByteView bytes, wire::Field field) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < field.size; ++i) n = n << 8 | bytes[field.offset + i];
  return n;
}
void set_number(Bytes& bytes, wire::Field field, std::uint64_t value) {
  for (std::size_t i = field.size; i-- > 0; value >>= 8) bytes[field.offset + i] = static_cast<std::uint8_t>(value);
}

bool is(ByteView action, std::uint16_t type) {
  constexpr std::size_t whole = load_value.offset + load_value.size;  // of a move, too
  static_assert(whole == move_dst.offset + move_dst.size);
  return model::is_nicira(action) && action.size() >= whole && number(action, subtype) == type;
}

Ipv6 FlowKey::* address_of(std::uint64_t header) {
  if (header >> 9 == NXM_NX_IPV6_SRC) return &FlowKey::ipv6_src;
  return header >> 9 == NXM_NX_IPV6_DST ? &FlowKey::ipv6_dst : nullptr;
}

// Bit i of what the move would copy, read by a move of that bit to a register.
bool source_bit(const model::Packet& packet, ByteView move, std::size_t i) {
  Bytes one(move.begin(), move.end());
  set_number(one, move_n_bits, 1);
  set_number(one, move_src_ofs, number(move, move_src_ofs) + i);
  set_number(one, move_dst_ofs, 0);
  set_number(one, move_dst, NXM_NX_REG0 << 9 | 4);
  model::Packet copy = packet;
  model::Clauses unused;
  model::apply(copy, one, {}, unused);
  return (copy.wanted.reg[0] & 1) != 0;
}

void set_bit(Ipv6& address, std::size_t i, bool value) {
  const auto bit = static_cast<std::uint8_t>(1u << i % 8);
  std::uint8_t& byte = address[15 - i / 8];
  byte = static_cast<std::uint8_t>(value ? byte | bit : byte & ~bit);
}

}  // namespace

bool names_port(ByteView action) {
  const auto is_port = [](std::uint64_t header) {
    return header >> 9 >= NXM_OF_TCP_SRC && header >> 9 <= NXM_OF_UDP_DST;
  };
  if (is(action, NXAST_REG_LOAD)) return is_port(number(action, load_dst));
  return is(action, NXAST_REG_MOVE) && (is_port(number(action, move_src)) || is_port(number(action, move_dst)));
}

bool write_address(model::Packet& packet, ByteView action) {
  const bool moves = is(action, NXAST_REG_MOVE);
  if (!moves && !is(action, NXAST_REG_LOAD)) return false;
  const auto address = address_of(number(action, moves ? move_dst : load_dst));
  if (address == nullptr) return false;
  const std::size_t range = moves ? 0 : number(action, load_ofs_nbits);
  const std::size_t count = moves ? number(action, move_n_bits) : (range & 63) + 1;
  const std::size_t offset = moves ? number(action, move_dst_ofs) : range >> 6;
  Ipv6 changed = packet.wanted.*address;
  for (std::size_t i = 0; i < count; ++i) {
    set_bit(changed, offset + i, moves ? source_bit(packet, action, i) : (number(action, load_value) >> i & 1) != 0);
  }
  packet.wanted.*address = changed;
  return true;
}

bool write_network(Bytes& frame, std::size_t at, const FlowKey& was, const FlowKey& is) {
  bool any = false;
  const auto put_number = [&](std::size_t offset, std::size_t size, std::uint64_t before, std::uint64_t value) {
    any = any || before != value;
    if (before != value && at + offset + size <= frame.size()) set_number(frame, {at + offset, size}, value);
  };
  const auto put_address = [&](std::size_t offset, const Ipv6& before, const Ipv6& value) {
    any = any || before != value;
    if (before != value && at + offset + value.size() <= frame.size())
      std::ranges::copy(value, frame.begin() + static_cast<std::ptrdiff_t>(at + offset));
  };
  if (is.dl_type == 0x0806) {
    const auto opcode = [](const FlowKey& key) {  // 0xff stands for all that do not fit into the field
      return std::uint64_t{key.nw_proto == 0xff ? 0xffffu : key.nw_proto};
    };
    put_number(6, 2, opcode(was), opcode(is));
    put_number(8, 6, was.arp_sha, is.arp_sha);
    put_number(14, 4, was.nw_src, is.nw_src);
    put_number(18, 6, was.arp_tha, is.arp_tha);
    put_number(24, 4, was.nw_dst, is.nw_dst);
  } else if (is.dl_type == 0x86dd) {
    put_address(8, was.ipv6_src, is.ipv6_src);
    put_address(24, was.ipv6_dst, is.ipv6_dst);
  }
  return any;
}

}  // namespace oftwin::harness
