#include "datapath-sim/rewrite.h"

#include <cstring>

#include "datapath-sim/checksum.h"
#include "datapath-sim/wire.h"

namespace oftwin::sim {
namespace {

constexpr std::uint16_t kTagPresent = 0x1000, kTypeVlan = 0x8100;
constexpr std::size_t kTag = 4, kAddresses = 12;
constexpr std::uint8_t kEcnMask = 0x03;
constexpr std::size_t kIpTos = 1, kIpChecksum = 10, kIpSource = 12, kIpDestination = 16;
constexpr std::size_t kTcpChecksum = 16, kUdpChecksum = 6, kSourcePort = 0, kDestinationPort = 2;

void adjust_at(std::uint8_t* checksum, std::uint16_t from, std::uint16_t to) {
  store16(checksum, adjust_checksum(load16(checksum), from, to));
}

}  // namespace

Rewriter::Rewriter(ByteView frame, const Packet& packet, Bytes& scratch)
    : view_(frame), scratch_(scratch), packet_(packet) {}

ByteView Rewriter::frame() {
  if (!changed_) return view_;
  changed_ = false;
  if (const Fields wanted = writable(packet_.key); wanted != written_ && view_.size() >= kEthernetHeader) write(wanted);
  return view_;
}

// The copy has room for one tag before it, so that what is behind the tag stays where it is. More is never needed: a
// frame that begins at the very start of the copy has a tag, which is the one that the next push would replace.
void Rewriter::own_copy() {
  if (copied_) return;
  scratch_.resize(kTag + view_.size());
  std::memcpy(scratch_.data() + kTag, view_.data(), view_.size());
  view_ = ByteView(scratch_).subspan(kTag);
  copied_ = true;
}

std::uint8_t* Rewriter::ip() const { return scratch_.data() + kTag + packet_.l3; }
std::uint8_t* Rewriter::l4() const { return scratch_.data() + kTag + packet_.l4; }

void Rewriter::write(const Fields& wanted) {
  own_copy();
  if (packet_.l3 != 0) write_network(wanted);
  if (packet_.l4 != 0) write_transport(wanted);
  if (wanted.vlan_tci != written_.vlan_tci) write_vlan(wanted.vlan_tci);
  std::uint8_t* ethernet = scratch_.data() + (view_.data() - scratch_.data());
  store48(ethernet, wanted.dl_dst);
  store48(ethernet + 6, wanted.dl_src);
}

void Rewriter::write_vlan(std::uint16_t tci) {
  const auto start = static_cast<std::size_t>(view_.data() - scratch_.data());
  const bool has = written_.vlan_tci & kTagPresent, wants = tci & kTagPresent;
  std::size_t to = start;
  if (has && !wants) to += kTag;
  if (!has && wants) to -= kTag;
  if (to != start) {
    std::memmove(scratch_.data() + to, scratch_.data() + start, kAddresses);
    view_ = ByteView(scratch_).subspan(to);
  }
  if (!wants) return;
  std::uint8_t* tag = scratch_.data() + to + kAddresses;
  store16(tag, kTypeVlan);
  store16(tag + 2, static_cast<std::uint16_t>(tci & ~kTagPresent));
}

void Rewriter::write_network(const Fields& wanted) {
  change_address(kIpSource, written_.nw_src, wanted.nw_src);
  change_address(kIpDestination, written_.nw_dst, wanted.nw_dst);
  if (wanted.nw_tos == written_.nw_tos) return;
  std::uint8_t* tos = ip() + kIpTos;
  const auto to = static_cast<std::uint8_t>(wanted.nw_tos | (*tos & kEcnMask));
  adjust_at(ip() + kIpChecksum, *tos, to);  // the word's upper byte does not change and cancels out
  *tos = to;
}

void Rewriter::change_address(std::size_t offset_in_ip, std::uint32_t from, std::uint32_t to) {
  if (from == to) return;
  const auto from_high = static_cast<std::uint16_t>(from >> 16), from_low = static_cast<std::uint16_t>(from);
  const auto to_high = static_cast<std::uint16_t>(to >> 16), to_low = static_cast<std::uint16_t>(to);
  adjust_at(ip() + kIpChecksum, from_high, to_high);
  adjust_at(ip() + kIpChecksum, from_low, to_low);
  if (packet_.l4 != 0) {  // the addresses are part of the pseudo header
    adjust_transport_checksum(from_high, to_high);
    adjust_transport_checksum(from_low, to_low);
  }
  store32(ip() + offset_in_ip, to);
}

void Rewriter::write_transport(const Fields& wanted) {
  change_port(kSourcePort, written_.tp_src, wanted.tp_src);
  change_port(kDestinationPort, written_.tp_dst, wanted.tp_dst);
}

void Rewriter::change_port(std::size_t offset_in_l4, std::uint16_t from, std::uint16_t to) {
  if (from == to) return;
  adjust_transport_checksum(from, to);
  store16(l4() + offset_in_l4, to);
}

// In UDP, 0 says that there is no checksum: it stays, and one that comes out as 0 is sent as all ones.
void Rewriter::adjust_transport_checksum(std::uint16_t from, std::uint16_t to) {
  if (packet_.transport == Packet::Transport::tcp) {
    adjust_at(l4() + kTcpChecksum, from, to);
    return;
  }
  std::uint8_t* checksum = l4() + kUdpChecksum;
  if (load16(checksum) == 0) return;
  adjust_at(checksum, from, to);
  if (load16(checksum) == 0) store16(checksum, 0xffff);
}

}  // namespace oftwin::sim
