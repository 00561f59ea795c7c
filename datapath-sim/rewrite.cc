#include "datapath-sim/rewrite.h"

#include <cstring>

#include "datapath-sim/checksum.h"
#include "datapath-sim/wire.h"

namespace oftwin::sim {
namespace {

constexpr std::uint16_t kTagPresent = 0x1000, kVidMask = 0x0fff, kPcpShift = 13, kTypeVlan = 0x8100;
constexpr std::size_t kTag = 4, kAddresses = 12;
constexpr std::uint8_t kEcnMask = 0x03;
constexpr std::size_t kIpTos = 1, kIpChecksum = 10, kIpSource = 12, kIpDestination = 16;
constexpr std::size_t kTcpChecksum = 16, kUdpChecksum = 6, kSourcePort = 0, kDestinationPort = 2;

void adjust_at(std::uint8_t* checksum, std::uint16_t from, std::uint16_t to) {
  store16(checksum, adjust_checksum(load16(checksum), from, to));
}

}  // namespace

Rewriter::Rewriter(ByteView frame, const Packet& packet, Bytes& scratch) : view_(frame), scratch_(scratch) {
  restart(packet);
}

void Rewriter::restart(const Packet& packet) {
  const FlowKey& k = packet.key;
  now_ = {k.dl_src, k.dl_dst, k.nw_src, k.nw_dst, k.vlan_tci, k.tp_src, k.tp_dst, k.nw_tos};
  wanted_ = now_;
  l3_ = packet.l3;
  l4_ = packet.l4;
  transport_ = packet.transport;
  if (copied_) origin_ = static_cast<std::size_t>(view_.data() - scratch_.data());
}

void Rewriter::set_vlan_vid(std::uint16_t vid) {
  wanted_.vlan_tci = static_cast<std::uint16_t>((wanted_.vlan_tci & ~kVidMask) | vid | kTagPresent);
}

void Rewriter::set_vlan_pcp(std::uint8_t pcp) {
  wanted_.vlan_tci = static_cast<std::uint16_t>((wanted_.vlan_tci & kVidMask) | pcp << kPcpShift | kTagPresent);
}

void Rewriter::strip_vlan() { wanted_.vlan_tci = 0; }
void Rewriter::set_dl_src(std::uint64_t address) { wanted_.dl_src = address; }
void Rewriter::set_dl_dst(std::uint64_t address) { wanted_.dl_dst = address; }

void Rewriter::set_nw_src(std::uint32_t address) {
  if (l3_ != 0) wanted_.nw_src = address;
}

void Rewriter::set_nw_dst(std::uint32_t address) {
  if (l3_ != 0) wanted_.nw_dst = address;
}

void Rewriter::set_nw_tos(std::uint8_t tos) {
  if (l3_ != 0) wanted_.nw_tos = tos;
}

void Rewriter::set_tp_src(std::uint16_t port) {
  if (l4_ != 0) wanted_.tp_src = port;
}

void Rewriter::set_tp_dst(std::uint16_t port) {
  if (l4_ != 0) wanted_.tp_dst = port;
}

ByteView Rewriter::frame() {
  if (wanted_ != now_ && view_.size() >= kEthernetHeader) commit();
  return view_;
}

// The copy has room for one tag before it, so that what is behind the tag stays where it is. More is never needed: a
// frame that begins at the very start of the copy has a tag, which is the one that the next push would replace.
void Rewriter::own_copy() {
  if (copied_) return;
  scratch_.resize(kTag + view_.size());
  std::memcpy(scratch_.data() + kTag, view_.data(), view_.size());
  view_ = ByteView(scratch_).subspan(kTag);
  origin_ = kTag;
  copied_ = true;
}

std::uint8_t* Rewriter::ip() const { return scratch_.data() + origin_ + l3_; }
std::uint8_t* Rewriter::l4() const { return scratch_.data() + origin_ + l4_; }

void Rewriter::commit() {
  own_copy();
  if (l3_ != 0) commit_network();
  if (l4_ != 0) commit_transport();
  if (wanted_.vlan_tci != now_.vlan_tci) commit_vlan();
  std::uint8_t* ethernet = scratch_.data() + (view_.data() - scratch_.data());
  store48(ethernet, wanted_.dl_dst);
  store48(ethernet + 6, wanted_.dl_src);
  now_ = wanted_;
}

void Rewriter::commit_vlan() {
  const auto start = static_cast<std::size_t>(view_.data() - scratch_.data());
  const bool has = now_.vlan_tci & kTagPresent, wants = wanted_.vlan_tci & kTagPresent;
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
  store16(tag + 2, static_cast<std::uint16_t>(wanted_.vlan_tci & ~kTagPresent));
}

void Rewriter::commit_network() {
  change_address(kIpSource, now_.nw_src, wanted_.nw_src);
  change_address(kIpDestination, now_.nw_dst, wanted_.nw_dst);
  if (wanted_.nw_tos == now_.nw_tos) return;
  std::uint8_t* tos = ip() + kIpTos;
  const auto to = static_cast<std::uint8_t>(wanted_.nw_tos | (*tos & kEcnMask));
  adjust_at(ip() + kIpChecksum, *tos, to);  // the word's upper byte does not change and cancels out
  *tos = to;
}

void Rewriter::change_address(std::size_t offset_in_ip, std::uint32_t from, std::uint32_t to) {
  if (from == to) return;
  const auto from_high = static_cast<std::uint16_t>(from >> 16), from_low = static_cast<std::uint16_t>(from);
  const auto to_high = static_cast<std::uint16_t>(to >> 16), to_low = static_cast<std::uint16_t>(to);
  adjust_at(ip() + kIpChecksum, from_high, to_high);
  adjust_at(ip() + kIpChecksum, from_low, to_low);
  if (l4_ != 0) {  // the addresses are part of the pseudo header
    adjust_transport_checksum(from_high, to_high);
    adjust_transport_checksum(from_low, to_low);
  }
  store32(ip() + offset_in_ip, to);
}

void Rewriter::commit_transport() {
  change_port(kSourcePort, now_.tp_src, wanted_.tp_src);
  change_port(kDestinationPort, now_.tp_dst, wanted_.tp_dst);
}

void Rewriter::change_port(std::size_t offset_in_l4, std::uint16_t from, std::uint16_t to) {
  if (from == to) return;
  adjust_transport_checksum(from, to);
  store16(l4() + offset_in_l4, to);
}

// In UDP, 0 says that there is no checksum: it stays, and one that comes out as 0 is sent as all ones.
void Rewriter::adjust_transport_checksum(std::uint16_t from, std::uint16_t to) {
  if (transport_ == Packet::Transport::tcp) {
    adjust_at(l4() + kTcpChecksum, from, to);
    return;
  }
  std::uint8_t* checksum = l4() + kUdpChecksum;
  if (load16(checksum) == 0) return;
  adjust_at(checksum, from, to);
  if (load16(checksum) == 0) store16(checksum, 0xffff);
}

}  // namespace oftwin::sim
