#include "harness/live/open_vswitch_3_frame.h"

#include <algorithm>
#include <array>

#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/nxm.h"
#include "spec/openflow.h"

namespace oftwin::harness::live::ovs3 {
namespace {

constexpr std::size_t kEthernet = 14, kIpv4 = 20, kIpv6 = 40, kTcp = 20, kUdp = 8, kSctp = 12, kIcmp = 8;
constexpr std::uint16_t kVlan = 0x8100, kServiceVlan = 0x88a8, kTagged = 0x1000;
constexpr std::uint8_t kProtocolIcmp = 1, kProtocolTcp = 6, kProtocolUdp = 17, kProtocolIcmpv6 = 58,
                       kProtocolSctp = 132;
constexpr std::uint8_t kDscp = 0xfc;

std::uint16_t be16(ByteView b, std::size_t at) { return static_cast<std::uint16_t>(b[at] << 8 | b[at + 1]); }
std::uint32_t be32(ByteView b, std::size_t at) { return std::uint32_t{be16(b, at)} << 16 | be16(b, at + 2); }
std::uint64_t be48(ByteView b, std::size_t at) { return std::uint64_t{be16(b, at)} << 32 | be32(b, at + 2); }
void put16(Bytes& b, std::size_t at, std::uint16_t value) { model::put(b, {at, 2}, value); }
Ipv6 address(ByteView b, std::size_t at) {
  Ipv6 out;
  std::copy_n(b.begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
  return out;
}

bool is_tag(std::uint16_t type) { return type == kVlan || type == kServiceVlan; }

// The sum at `sum_at` after a word under it has changed. source: RFC 1624
void update_sum(Bytes& b, std::size_t sum_at, std::uint16_t before, std::uint16_t after) {
  std::uint32_t sum = std::uint16_t(~be16(b, sum_at)) + std::uint16_t(~before) + std::uint32_t{after};
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  put16(b, sum_at, static_cast<std::uint16_t>(~sum));
}
void update_sum32(Bytes& b, std::size_t sum_at, std::uint32_t before, std::uint32_t after) {
  update_sum(b, sum_at, static_cast<std::uint16_t>(before >> 16), static_cast<std::uint16_t>(after >> 16));
  update_sum(b, sum_at, static_cast<std::uint16_t>(before), static_cast<std::uint16_t>(after));
}

// source: RFC 9260, appendix A: CRC32c, as it stands in an SCTP header
std::uint32_t crc32c(ByteView bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
  }
  crc = ~crc;
  return crc << 24 | (crc << 8 & 0xff0000) | (crc >> 8 & 0xff00) | crc >> 24;
}

}  // namespace

Frame::Frame(ByteView frame, std::uint16_t in_port) : bytes(frame.begin(), frame.end()) {
  written.in_port = in_port;
  if (bytes.size() >= kEthernet) read_network();
  wanted = written;
  wanted_tag_ = written_tag_;
}

void Frame::read_network() {
  written.dl_dst = be48(bytes, 0);
  written.dl_src = be48(bytes, 6);
  std::size_t at = 12;
  if (is_tag(be16(bytes, at)) && bytes.size() >= at + 6) {
    written_tag_ = be16(bytes, at);
    written.vlan_tci = static_cast<std::uint16_t>(be16(bytes, at + 2) | kTagged);
    at += 4;
  }
  written.dl_type = be16(bytes, at);
  at += 2;
  if (written.dl_type < 0x0600) {
    constexpr std::array<std::uint8_t, 6> snap = {0xaa, 0xaa, 3, 0, 0, 0};
    const auto rest = ByteView(bytes).subspan(at);
    const bool named = rest.size() >= 8 && std::equal(snap.begin(), snap.end(), rest.begin());
    written.dl_type = named && be16(rest, 6) >= 0x0600 ? be16(rest, 6) : std::uint16_t{0x05ff};
    if (named) at += 8;
  }
  partial_tag = is_tag(written.dl_type) && (written.vlan_tci & kTagged) == 0;
  network_from_end_ = bytes.size() - at;
  if (written.dl_type == 0x0800) read_ipv4(at);
  if (written.dl_type == 0x86dd) read_ipv6(at);
  if (written.dl_type == 0x0806) read_arp(at);
}

void Frame::read_ipv4(std::size_t at) {
  const ByteView b = ByteView(bytes).subspan(at);
  if (b.size() < kIpv4) return;
  const std::size_t header = 4u * (b[0] & 15), total = be16(b, 2);
  if (header < kIpv4 || b.size() < header || total > b.size() || header > total) return;
  padding_ = b.size() - total;
  written.nw_tos = b[1] & kDscp;
  written.nw_proto = b[9];
  written.nw_src = be32(b, 12);
  written.nw_dst = be32(b, 16);
  fragment = (be16(b, 6) & 0x3fff) != 0;
  later_fragment = (be16(b, 6) & 0x1fff) != 0;
  transport_from_end_ = b.size() - header;
  read_transport();
}

void Frame::read_ipv6(std::size_t at) {
  const ByteView b = ByteView(bytes).subspan(at);
  if (b.size() < kIpv6 || be16(b, 4) > b.size() - kIpv6) return;
  padding_ = b.size() - kIpv6 - be16(b, 4);
  written.ipv6_src = address(b, 8);
  written.ipv6_dst = address(b, 24);
  ByteView rest = b.subspan(kIpv6, be16(b, 4));
  std::uint8_t next = b[6];
  bool any = false, later = false;
  while (next == 0 || next == 43 || next == 60 || next == 51 || next == 44) {
    if (rest.size() < 8) return;
    const std::size_t length = next == 44 ? 8 : next == 51 ? (rest[1] + 2u) * 4 : (rest[1] + 1u) * 8;
    if (length > rest.size()) return;
    const std::uint16_t offset = be16(rest, 2);
    const bool is_fragment = next == 44;
    next = rest[0];
    rest = rest.subspan(length);
    if (!is_fragment || offset == 0) continue;
    any = true;
    later = (offset & 0xfff8) != 0;
    if (!later) continue;
    next = 44;
    break;
  }
  fragment = any;
  later_fragment = later;
  written.nw_tos = static_cast<std::uint8_t>(be16(b, 0) >> 4) & kDscp;
  written.nw_proto = next;
  transport_from_end_ = rest.size() + padding_;
  read_transport();
}

void Frame::read_arp(std::size_t at) {
  const ByteView b = ByteView(bytes).subspan(at);
  constexpr std::array<std::uint8_t, 6> for_ipv4 = {0, 1, 8, 0, 6, 4};
  if (b.size() < 28 || !std::equal(for_ipv4.begin(), for_ipv4.end(), b.begin())) return;
  if (be16(b, 6) <= 0xff) written.nw_proto = b[7];
  written.arp_sha = be48(b, 8);
  written.nw_src = be32(b, 14);
  written.arp_tha = be48(b, 18);
  written.nw_dst = be32(b, 24);
}

std::size_t Frame::transport_size() const { return transport_from_end_ ? *transport_from_end_ - padding_ : 0; }

void Frame::read_transport() {
  const ByteView b = ByteView(bytes).subspan(transport(), transport_size());
  if (later_fragment) return;
  const std::uint8_t protocol = written.nw_proto;
  const std::size_t header = protocol == kProtocolTcp && b.size() >= kTcp ? 4u * (b[12] >> 4) : 0;
  const bool numbered = (header >= kTcp && header <= b.size()) || (protocol == kProtocolUdp && b.size() >= kUdp) ||
                        (protocol == kProtocolSctp && b.size() >= kSctp);
  const bool icmp = protocol == (written.dl_type == 0x0800 ? kProtocolIcmp : kProtocolIcmpv6) && b.size() >= kIcmp;
  if (numbered) {
    written.tp_src = be16(b, 0);
    written.tp_dst = be16(b, 2);
  } else if (icmp) {
    written.tp_src = b[0];
    written.tp_dst = b[1];
    if (protocol == kProtocolIcmpv6 && (b[0] == 135 || b[0] == 136) && b[1] == 0 && b.size() >= kIcmp + 16) {
      written.nd_target = address(b, kIcmp);
      read_neighbour_discovery(b.subspan(kIcmp + 16));
    }
  }
}

void Frame::read_neighbour_discovery(ByteView options) {
  while (options.size() >= 8) {
    const std::size_t length = 8u * options[1];
    if (length == 0 || length > options.size()) return;
    if ((options[0] == 1 || options[0] == 2) && length == 8) {
      std::uint64_t& link_address = options[0] == 1 ? written.arp_sha : written.arp_tha;
      if (link_address != 0) {
        written.nd_target = {};
        written.arp_sha = written.arp_tha = 0;
        return;
      }
      link_address = be48(options, 2);
    }
    options = options.subspan(length);
  }
}

FlowKey Frame::seen(bool ports_of_fragments) const {
  FlowKey key = wanted;
  if (fragment && !ports_of_fragments) key.tp_src = key.tp_dst = 0;
  return key;
}

bool Frame::ip() const { return wanted.dl_type == 0x0800 || wanted.dl_type == 0x86dd; }

bool Frame::heeds(ByteView action) const {
  const auto type = model::get<wire::action::type>(action);
  if (type == OFPAT_SET_NW_SRC || type == OFPAT_SET_NW_DST) return wanted.dl_type == 0x0800;
  if (type == OFPAT_SET_NW_TOS) return ip();
  if (type == OFPAT_SET_TP_SRC || type == OFPAT_SET_TP_DST) return ip() && !later_fragment;
  if (type != OFPAT_VENDOR) return true;
  namespace w = wire::nx_action;
  const auto subtype = model::get<w::subtype>(action);
  const auto there = [&](std::uint32_t header) {
    const std::uint32_t field = header >> 9;
    const bool port =
        field == NXM_OF_TCP_SRC || field == NXM_OF_TCP_DST || field == NXM_OF_UDP_SRC || field == NXM_OF_UDP_DST;
    return !port || !later_fragment;
  };
  if (subtype == NXAST_REG_LOAD) return there(model::get<w::load_dst>(action));
  if (subtype == NXAST_REG_MOVE)
    return there(model::get<w::move_src>(action)) && there(model::get<w::move_dst>(action));
  return true;
}

void Frame::strip_vlan() {
  if ((wanted.vlan_tci & kTagged) == 0) return;
  wanted.vlan_tci = 0;
  wanted_tag_ = 0;
}

void Frame::commit() {
  if (bytes.size() < kEthernet) return;
  model::put(bytes, {0, 6}, wanted.dl_dst);
  model::put(bytes, {6, 6}, wanted.dl_src);
  if (wanted.nw_proto != 0 && wanted.dl_type == 0x0800) {
    if (wanted.nw_src != written.nw_src) set_ipv4_address(12, wanted.nw_src);
    if (wanted.nw_dst != written.nw_dst) set_ipv4_address(16, wanted.nw_dst);
  }
  if (wanted.nw_proto != 0 && ip()) {
    if (wanted.nw_tos != written.nw_tos) set_tos();
    set_ports();
    set_icmp();
  }
  set_tag();
  written = wanted;
  written_tag_ = wanted_tag_;
}

// With the sums that are, or in a fragment would be, over it.
void Frame::set_ipv4_address(std::size_t field, std::uint32_t to) {
  const std::size_t at = network() + field;
  const std::uint32_t before = be32(bytes, at);
  if (before == to) return;
  if (wanted.nw_proto == kProtocolTcp && transport_size() >= kTcp) update_sum32(bytes, transport() + 16, before, to);
  if (wanted.nw_proto == kProtocolUdp && transport_size() >= kUdp && be16(bytes, transport() + 6) != 0) {
    update_sum32(bytes, transport() + 6, before, to);
    if (be16(bytes, transport() + 6) == 0) put16(bytes, transport() + 6, 0xffff);
  }
  update_sum32(bytes, network() + 10, before, to);
  model::put(bytes, {at, 4}, to);
}

void Frame::set_tos() {
  const std::size_t at = network();
  if (wanted.dl_type == 0x86dd) {
    const std::uint16_t word = be16(bytes, at);
    return put16(bytes, at, static_cast<std::uint16_t>((word & ~(kDscp << 4)) | wanted.nw_tos << 4));
  }
  const std::uint8_t before = bytes[at + 1], after = static_cast<std::uint8_t>((before & ~kDscp) | wanted.nw_tos);
  if (before == after) return;
  update_sum(bytes, at + 10, before, after);
  bytes[at + 1] = after;
}

void Frame::set_ports() {
  if (wanted.tp_src == written.tp_src && wanted.tp_dst == written.tp_dst) return;
  if (wanted.nw_proto == kProtocolSctp) return set_sctp_ports();
  const bool tcp = wanted.nw_proto == kProtocolTcp, udp = wanted.nw_proto == kProtocolUdp;
  if ((!tcp && !udp) || transport_size() < (tcp ? kTcp : kUdp)) return;
  const std::size_t at = transport(), sum = at + (tcp ? 16 : 6);
  const std::size_t header = tcp ? 4u * (bytes[at + 12] >> 4) : kUdp;
  if (header < (tcp ? kTcp : kUdp) || header > transport_size()) return;
  const bool summed = tcp || be16(bytes, sum) != 0;
  for (const auto& [field, value] : {std::pair{at, wanted.tp_src}, {at + 2, wanted.tp_dst}}) {
    if (summed && be16(bytes, field) != value) update_sum(bytes, sum, be16(bytes, field), value);
    put16(bytes, field, value);
  }
  if (udp && summed && be16(bytes, sum) == 0) put16(bytes, sum, 0xffff);
}

// A checksum that was wrong stays wrong by the same bits.
void Frame::set_sctp_ports() {
  if (transport_size() < kSctp) return;
  const std::size_t at = transport(), sum = at + 8;
  const auto correct = [&] { return crc32c(ByteView(bytes).subspan(at, transport_size())); };
  const std::uint32_t before = be32(bytes, sum);
  model::put(bytes, {sum, 4}, 0);
  const std::uint32_t correct_before = correct();
  put16(bytes, at, wanted.tp_src);
  put16(bytes, at + 2, wanted.tp_dst);
  model::put(bytes, {sum, 4}, before ^ correct_before ^ correct());
}

// Ports of ICMP are its type and code, of which a byte counts.
void Frame::set_icmp() {
  if (wanted.nw_proto != (wanted.dl_type == 0x0800 ? kProtocolIcmp : kProtocolIcmpv6)) return;
  const auto word = [](const FlowKey& key) {
    return static_cast<std::uint16_t>((key.tp_src & 0xff) << 8 | (key.tp_dst & 0xff));
  };
  if (word(wanted) == word(written) || transport_size() < kIcmp) return;
  const std::size_t at = transport();
  if (be16(bytes, at) == word(wanted)) return;
  update_sum(bytes, at + 2, be16(bytes, at), word(wanted));
  put16(bytes, at, word(wanted));
}

// A tag is taken off and put on again, unless it is the same; so a bit of it that says nothing is kept only then.
void Frame::set_tag() {
  if ((wanted.vlan_tci & kTagged) != 0 && wanted_tag_ == 0) wanted_tag_ = kVlan;
  const bool is = (wanted.vlan_tci & kTagged) != 0, was = (written.vlan_tci & kTagged) != 0;
  if (is == was && (!is || (wanted.vlan_tci == written.vlan_tci && wanted_tag_ == written_tag_))) return;
  constexpr std::ptrdiff_t at = 12;
  if (was) bytes.erase(bytes.begin() + at, bytes.begin() + at + 4);
  if (!is) return;
  bytes.insert(bytes.begin() + at, {0, 0, 0, 0});
  put16(bytes, at, wanted_tag_);
  put16(bytes, at + 2, static_cast<std::uint16_t>(wanted.vlan_tci & ~kTagged));
}

}  // namespace oftwin::harness::live::ovs3
