#include "harness/frame.h"

#include <algorithm>

#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;

std::uint32_t sum16(ByteView bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  return sum;
}
std::uint16_t folded(std::uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void put_mac(Bytes& out, std::uint64_t mac) {
  put(out, static_cast<std::uint16_t>(mac >> 32));
  put(out, static_cast<std::uint32_t>(mac));
}

// `covered`: the sum of what the checksum covers beside the segment.
Bytes segment_of(const FlowKey& key, ByteView payload, std::uint32_t covered) {
  Bytes out;
  std::size_t checksum = 0;
  if (key.nw_proto == kTcp) {
    put(out, key.tp_src);
    put(out, key.tp_dst);
    put<std::uint64_t>(out, 1);           // sequence numbers
    put<std::uint32_t>(out, 0x50021000);  // no options, SYN, window
    put<std::uint32_t>(out, 0);
    checksum = 16;
  } else if (key.nw_proto == kUdp) {
    put(out, key.tp_src);
    put(out, key.tp_dst);
    put(out, static_cast<std::uint16_t>(8 + payload.size()));
    put<std::uint16_t>(out, 0);
    checksum = 6;
  } else if (key.nw_proto == kIcmp || key.nw_proto == kIcmpv6) {
    put(out, static_cast<std::uint8_t>(key.tp_src));
    put(out, static_cast<std::uint8_t>(key.tp_dst));
    put_zeros(out, 6);
    checksum = 2;
    const bool discovery = key.nw_proto == kIcmpv6 && (key.tp_src == 135 || key.tp_src == 136) && key.tp_dst == 0;
    if (discovery) {
      put_bytes(out, key.nd_target);
      for (std::uint8_t option = 1; option <= 2; ++option) {
        const std::uint64_t address = option == 1 ? key.arp_sha : key.arp_tha;
        if (address == 0) continue;
        out.push_back(option);
        out.push_back(1);
        put_mac(out, address);
      }
      payload = {};  // would be read as options
    }
  }
  put_bytes(out, payload);
  if (checksum == 0) return out;
  if (key.nw_proto == kIcmp) covered = 0;
  const std::uint16_t sum =
      folded(sum16(out, covered + (key.nw_proto == kIcmp ? 0 : key.nw_proto + static_cast<std::uint32_t>(out.size()))));
  set_u16(out, checksum, sum == 0 && key.nw_proto == kUdp ? 0xffff : sum);
  return out;
}

void put_ipv4(Bytes& out, const FlowKey& key, ByteView payload) {
  Bytes addresses;
  put(addresses, key.nw_src);
  put(addresses, key.nw_dst);
  const Bytes segment = segment_of(key, payload, sum16(addresses));
  Bytes header = {0x45, key.nw_tos};
  put(header, static_cast<std::uint16_t>(20 + segment.size()));
  put<std::uint32_t>(header, 0x00010000);  // no fragment
  put<std::uint8_t>(header, 64);
  put(header, key.nw_proto);
  put<std::uint16_t>(header, 0);
  put_bytes(header, addresses);
  set_u16(header, 10, internet_checksum(header));
  put_bytes(out, header);
  put_bytes(out, segment);
}

void put_ipv6(Bytes& out, const FlowKey& key, ByteView payload) {
  Bytes addresses(key.ipv6_src.begin(), key.ipv6_src.end());
  put_bytes(addresses, key.ipv6_dst);
  Bytes inside;
  std::uint8_t next = key.nw_proto;
  if (next == 44) {  // a later fragment
    inside = {59, 0, 0, 0x08, 0, 0, 0, 1};
    put_bytes(inside, payload);
  } else if (next == 0) {
    inside = {59, 255, 0, 0, 0, 0, 0, 0};  // a header of options that passes the end
  } else {
    inside = segment_of(key, payload, sum16(addresses));
  }
  put(out, static_cast<std::uint32_t>(0x60000000u | static_cast<std::uint32_t>(key.nw_tos) << 20));
  put(out, static_cast<std::uint16_t>(inside.size()));
  put(out, next);
  put<std::uint8_t>(out, 64);
  put_bytes(out, addresses);
  put_bytes(out, inside);
}

void put_arp(Bytes& out, const FlowKey& key) {
  put<std::uint64_t>(out, 0x0001080006040000u | key.nw_proto);
  put_mac(out, key.arp_sha);
  put(out, key.nw_src);
  put_mac(out, key.arp_tha);
  put(out, key.nw_dst);
}

}  // namespace

std::uint16_t internet_checksum(ByteView header) { return folded(sum16(header)); }

Bytes frame_of(const FlowKey& key, ByteView payload, std::size_t smallest) {
  Bytes out;
  put_mac(out, key.dl_dst);
  put_mac(out, key.dl_src);
  if (key.vlan_tci & 0x1000) {
    put<std::uint16_t>(out, 0x8100);
    put(out, static_cast<std::uint16_t>(key.vlan_tci & 0xefff));
  }
  if (key.dl_type == 0x05ff) {  // a length and LLC
    put(out, static_cast<std::uint16_t>(3 + payload.size()));
    put_bytes(out, Bytes{0x42, 0x42, 0x03});
    put_bytes(out, payload);
  } else if (key.dl_type == 0x8100 && !(key.vlan_tci & 0x1000)) {  // as a type it would be a tag; in SNAP it is none
    put(out, static_cast<std::uint16_t>(8 + payload.size()));
    put_bytes(out, Bytes{0xaa, 0xaa, 0x03, 0, 0, 0, 0x81, 0x00});
    put_bytes(out, payload);
  } else {
    put(out, key.dl_type);
    if (key.dl_type == 0x0800) {
      put_ipv4(out, key, payload);
    } else if (key.dl_type == 0x86dd) {
      put_ipv6(out, key, payload);
    } else if (key.dl_type == 0x0806) {
      put_arp(out, key);
    } else {
      put_bytes(out, payload);
    }
  }
  out.resize(std::max(out.size(), smallest));
  return out;
}

}  // namespace oftwin::harness
