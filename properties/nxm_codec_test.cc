// Extended matches from and to bytes: every field by hand, every error, and the model's codec against impl's, which
// know nothing of each other. Entries lie in memory of exactly their size, so that a sanitizer sees any step beyond.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impl/nxm.h"
#include "impl/wire.h"
#include "model/nxm.h"
#include "spec/nicira.h"

namespace oftwin {

static void PrintTo(const Error& e, std::ostream* out) {
  *out << std::hex << int(e.space) << ':' << e.type << ':' << e.code;
}

namespace {

constexpr Error kNone{};
constexpr Error nxm_error(std::uint16_t code) { return nicira_error(OFPET_BAD_REQUEST, code); }
constexpr Error kInvalid = nxm_error(0x100), kBadType = nxm_error(0x101), kBadValue = nxm_error(0x102),
                kBadMask = nxm_error(0x103), kBadPrereq = nxm_error(0x104), kDupType = nxm_error(0x105);

// "0000 0002 0001": hexadecimal, spaces ignored.
Bytes hex(std::string_view text) {
  Bytes out;
  std::optional<int> high;
  for (const char c : text) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high) out.push_back(static_cast<std::uint8_t>(*high * 16 + digit));
    high = high ? std::nullopt : std::optional(digit);
  }
  return out;
}
Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Decoded {
  Error error;
  Match match;  // the model's
};

// Decodes on both sides, which must agree, and encodes again what was decoded: both sides' bytes must be the same, and
// read back as the same match.
Decoded decode(const Bytes& bytes) {
  const auto exact = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), exact.get());
  const ByteView view{exact.get(), bytes.size()};

  impl::PackedMatch packed;
  const Error error = impl::decode_nxm(view, &packed);
  const auto modelled = model::decode_nxm(view, 0xfc);
  if (const Error* e = std::get_if<Error>(&modelled)) {
    EXPECT_EQ(error, *e);
    return {*e, {}};
  }
  const Match& match = std::get<Match>(modelled);
  EXPECT_EQ(error, kNone);
  EXPECT_EQ(packed, impl::pack(match));
  EXPECT_EQ(packed.words, impl::pack(match).words);

  std::array<std::uint8_t, wire::nx_flow_stats::longest_match> again{};
  again.fill(0xee);
  const std::size_t length = impl::encode_nxm(packed, again.data());
  const Bytes written(again.begin(), again.begin() + static_cast<std::ptrdiff_t>(length));
  EXPECT_EQ(written, model::encode_nxm(match));
  EXPECT_TRUE(std::all_of(again.begin() + static_cast<std::ptrdiff_t>(length),
                          again.begin() + static_cast<std::ptrdiff_t>(impl::nxm_padded(length)),
                          [](std::uint8_t b) { return b == 0; }));
  impl::PackedMatch read_back;
  EXPECT_EQ(impl::decode_nxm(ByteView(written), &read_back), kNone);
  EXPECT_EQ(read_back, packed);
  return {kNone, match};
}

Error error_of(const Bytes& bytes) { return decode(bytes).error; }
Bytes encoded(const Bytes& bytes) {
  const Decoded d = decode(bytes);
  EXPECT_EQ(d.error, kNone);
  return model::encode_nxm(d.match);
}

const Bytes kIp = hex("00000602 0800"), kIp6 = hex("00000602 86dd"), kArp = hex("00000602 0806");
const Bytes kTcp = kIp + hex("00000c01 06"), kUdp = kIp + hex("00000c01 11"), kIcmp = kIp + hex("00000c01 01");
const Bytes kTcp6 = kIp6 + hex("00000c01 06"), kUdp6 = kIp6 + hex("00000c01 11"), kIcmp6 = kIp6 + hex("00000c01 3a");
const Bytes kSolicitation = kIcmp6 + hex("00012a01 87"), kAdvertisement = kIcmp6 + hex("00012a01 88");

Ipv6 ipv6(std::string_view text) {
  Ipv6 out{};
  const Bytes bytes = hex(text);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}
Ipv6 ones() {
  Ipv6 out{};
  out.fill(0xff);
  return out;
}

struct Case {
  const char* name;
  Bytes before;       // what the field needs
  const char* entry;  // header and value
  bool masks;         // whether the field may have a mask
  std::function<void(Match&)> expected;
};

constexpr const char* kAddress6 = "2001 0db8 0000 0000 0123 4567 89ab cdef";

std::vector<Case> cases() {
  const std::string a6 = kAddress6;
  static const std::string src6 = "00012610" + a6, dst6 = "00012810" + a6, target = "00012e10" + a6;
  return {
      {"in_port", {}, "00000002 fffe", false, [](Match& m) { m.in_port = {0xfffe, 0xffff}; }},
      {"eth_dst", {}, "00000206 010203040506", true, [](Match& m) { m.dl_dst = {0x010203040506, 0xffffffffffff}; }},
      {"eth_src", {}, "00000406 a1a2a3a4a5a6", false, [](Match& m) { m.dl_src = {0xa1a2a3a4a5a6, 0xffffffffffff}; }},
      {"eth_type", {}, "00000602 05ff", false, [](Match& m) { m.dl_type = {0x05ff, 0xffff}; }},
      {"vlan_tci", {}, "00000802 b123", true, [](Match& m) { m.vlan_tci = {0xb123, 0xffff}; }},
      {"no_vlan", {}, "00000802 0000", true, [](Match& m) { m.vlan_tci = {0, 0xffff}; }},
      {"ip_tos", kIp, "00000a01 fc", false, [](Match& m) { m.nw_tos = {0xfc, 0xfc}; }},
      {"ip6_tos", kIp6, "00000a01 04", false, [](Match& m) { m.nw_tos = {0x04, 0xfc}; }},
      {"ip_proto", kIp, "00000c01 59", false, [](Match& m) { m.nw_proto = {0x59, 0xff}; }},
      {"ip6_proto", kIp6, "00000c01 00", false, [](Match& m) { m.nw_proto = {0, 0xff}; }},
      {"ip_src", kIp, "00000e04 0a000001", true, [](Match& m) { m.nw_src = {0x0a000001, 0xffffffff}; }},
      {"ip_dst", kIp, "00001004 0a0000ff", true, [](Match& m) { m.nw_dst = {0x0a0000ff, 0xffffffff}; }},
      {"tcp_src", kTcp, "00001202 1234", false, [](Match& m) { m.tp_src = {0x1234, 0xffff}; }},
      {"tcp_dst", kTcp6, "00001402 0050", false, [](Match& m) { m.tp_dst = {0x50, 0xffff}; }},
      {"udp_src", kUdp6, "00001602 0035", false, [](Match& m) { m.tp_src = {0x35, 0xffff}; }},
      {"udp_dst", kUdp, "00001802 ffff", false, [](Match& m) { m.tp_dst = {0xffff, 0xffff}; }},
      {"icmp_type", kIcmp, "00001a01 08", false, [](Match& m) { m.tp_src = {8, 0xffff}; }},
      {"icmp_code", kIcmp, "00001c01 ff", false, [](Match& m) { m.tp_dst = {0xff, 0xffff}; }},
      {"arp_op", kArp, "00001e02 0002", false, [](Match& m) { m.nw_proto = {2, 0xff}; }},
      {"arp_spa", kArp, "00002004 c0a80001", true, [](Match& m) { m.nw_src = {0xc0a80001, 0xffffffff}; }},
      {"arp_tpa", kArp, "00002204 c0a80002", true, [](Match& m) { m.nw_dst = {0xc0a80002, 0xffffffff}; }},
      {"reg0", {}, "00010004 00000007", true, [](Match& m) { m.reg[0] = {7, 0xffffffff}; }},
      {"reg1", {}, "00010204 80000000", true, [](Match& m) { m.reg[1] = {0x80000000, 0xffffffff}; }},
      {"reg2", {}, "00010404 12345678", true, [](Match& m) { m.reg[2] = {0x12345678, 0xffffffff}; }},
      {"reg3", {}, "00010604 00000000", true, [](Match& m) { m.reg[3] = {0, 0xffffffff}; }},
      {"tun_id", {}, "00012008 0123456789abcdef", true, [](Match& m) { m.tun_id = {0x0123456789abcdef, UINT64_MAX}; }},
      {"arp_sha", kArp, "00012206 a1a2a3a4a5a6", false, [](Match& m) { m.arp_sha = {0xa1a2a3a4a5a6, 0xffffffffffff}; }},
      {"arp_tha", kArp, "00012406 b1b2b3b4b5b6", false, [](Match& m) { m.arp_tha = {0xb1b2b3b4b5b6, 0xffffffffffff}; }},
      {"ipv6_src", kIp6, src6.c_str(), true, [](Match& m) { m.ipv6_src = {ipv6(kAddress6), ones()}; }},
      {"ipv6_dst", kIp6, dst6.c_str(), true, [](Match& m) { m.ipv6_dst = {ipv6(kAddress6), ones()}; }},
      {"icmpv6_type", kIcmp6, "00012a01 80", false, [](Match& m) { m.tp_src = {0x80, 0xffff}; }},
      {"icmpv6_code", kIcmp6, "00012c01 04", false, [](Match& m) { m.tp_dst = {4, 0xffff}; }},
      {"nd_target_s", kSolicitation, target.c_str(), false, [](Match& m) { m.nd_target = {ipv6(kAddress6), ones()}; }},
      {"nd_target_a", kAdvertisement, target.c_str(), false, [](Match& m) { m.nd_target = {ipv6(kAddress6), ones()}; }},
      {"nd_sll", kSolicitation, "00013006 a1a2a3a4a5a6", false,
       [](Match& m) { m.arp_sha = {0xa1a2a3a4a5a6, 0xffffffffffff}; }},
      {"nd_tll", kAdvertisement, "00013206 b1b2b3b4b5b6", false,
       [](Match& m) { m.arp_tha = {0xb1b2b3b4b5b6, 0xffffffffffff}; }},
  };
}

class NxmField : public testing::TestWithParam<Case> {
 protected:
  const Case& c = GetParam();
  const Bytes entry = hex(c.entry);

  // The same entry with a mask of this byte repeated.
  Bytes masked(std::uint8_t mask_byte) const {
    const std::size_t size = entry.size() - 4;
    Bytes out = entry + Bytes(size, mask_byte);
    out[2] |= 1;
    out[3] = static_cast<std::uint8_t>(2 * size);
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(, NxmField, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& p) { return std::string(p.param.name); });

TEST_P(NxmField, NXM_9_is_read_and_written) {
  Match expected = decode(c.before).match;
  c.expected(expected);
  const Decoded d = decode(c.before + entry);
  EXPECT_EQ(d.error, kNone);
  EXPECT_EQ(d.match, expected);
}

TEST_P(NxmField, NXM_4_needs_what_comes_before) {
  EXPECT_EQ(error_of(entry), c.before.empty() ? kNone : kBadPrereq);
  if (!c.before.empty()) { EXPECT_EQ(error_of(entry + c.before), kBadPrereq); }
  // Each of these lacks something that the field needs, or has the wrong thing.
  const std::array<Bytes, 10> others = {kIp, kIp6, kArp, kTcp, kUdp, kIcmp, kTcp6, kUdp6, kIcmp6, kSolicitation};
  for (const Bytes& other : others) {
    if (other.size() < c.before.size()) { EXPECT_EQ(error_of(other + entry), kBadPrereq); }
  }
}

TEST_P(NxmField, NXM_5_comes_once) { EXPECT_EQ(error_of(c.before + entry + entry), kDupType); }

TEST_P(NxmField, NXM_3_has_one_length) {
  Bytes longer = entry + Bytes{0}, shorter = entry;
  ++longer[3];
  shorter.pop_back();
  --shorter[3];
  EXPECT_EQ(error_of(c.before + longer), kBadType);
  EXPECT_EQ(error_of(c.before + shorter), shorter[3] == 0 ? kInvalid : kBadType);
}

TEST_P(NxmField, NXM_7_mask_of_ones_and_of_zeros) {
  if (!c.masks) {
    EXPECT_EQ(error_of(c.before + masked(0xff)), kBadType);  // NXM-3
    return;
  }
  EXPECT_EQ(decode(c.before + masked(0xff)).match, decode(c.before + entry).match);
  EXPECT_EQ(decode(c.before + masked(0)).match, decode(c.before).match);
  // NXM-5: a mask of zeros counts for nothing, one of ones does.
  EXPECT_EQ(error_of(c.before + masked(0) + masked(0) + entry), kNone);
  EXPECT_EQ(error_of(c.before + masked(0xff) + entry), kDupType);
  EXPECT_EQ(error_of(c.before + entry + masked(0)), kDupType);
}

TEST_P(NxmField, NXM_2_cut_short) {
  for (std::size_t n = 1; n < entry.size(); ++n) {
    const Bytes cut(entry.begin(), entry.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_EQ(error_of(c.before + cut), kInvalid) << n;
  }
}

TEST(Nxm, NXM_1_the_first_wrong_entry_decides) {
  const Bytes bad_type = hex("00000003 000001"), bad_prereq = hex("00000a01 03"), bad_value = kIp + hex("00000a01 03");
  EXPECT_EQ(error_of(bad_type + bad_prereq), kBadType);
  EXPECT_EQ(error_of(bad_prereq + bad_type), kBadPrereq);
  EXPECT_EQ(error_of(bad_value + bad_type), kBadValue);
  EXPECT_EQ(error_of(bad_type + Bytes{0}), kBadType);
  // Within one entry: type, prerequisites, duplicate, value or mask.
  EXPECT_EQ(error_of(kIp + hex("00000a01 04 00000a01 03")), kDupType);
  EXPECT_EQ(error_of(kIp + hex("00000e04 0a000001 00000f08 0a000001 00ff00ff")), kDupType);
  EXPECT_EQ(error_of(hex("00000f08 0a000001 00ff00ff")), kBadPrereq);
}

TEST(Nxm, NXM_2_length_of_zero_and_left_over_bytes) {
  EXPECT_EQ(error_of({}), kNone);
  EXPECT_EQ(error_of(hex("00000000")), kInvalid);
  EXPECT_EQ(error_of(hex("00010300")), kInvalid);
  EXPECT_EQ(error_of(hex("00000002 0001 00")), kInvalid);
  EXPECT_EQ(error_of(hex("00000002 0001 000000")), kInvalid);
}

TEST(Nxm, NXM_3_unknown_vendor_and_field) {
  EXPECT_EQ(error_of(hex("00020002 0001")), kBadType);
  EXPECT_EQ(error_of(hex("ffff0002 0001")), kBadType);
  EXPECT_EQ(error_of(hex("00002402 0001")), kBadType);          // OpenFlow's field 18
  EXPECT_EQ(error_of(hex("0001fe04 00000001")), kBadType);      // Nicira's field 127
  EXPECT_EQ(error_of(hex("00010804 00000001")), kBadType);      // register 4
  EXPECT_EQ(error_of(hex("00013406 000000000001")), kBadType);  // Nicira's field 26
}

TEST(Nxm, NXM_4_neighbour_discovery_needs_its_type) {
  const Bytes target = hex("00012e10" + std::string(kAddress6)), sll = hex("00013006 000000000001"),
              tll = hex("00013206 000000000001"), echo = kIcmp6 + hex("00012a01 80");
  for (const Bytes& entry : {target, sll, tll}) {
    EXPECT_EQ(error_of(kIcmp6 + entry), kBadPrereq);
    EXPECT_EQ(error_of(echo + entry), kBadPrereq);
  }
  EXPECT_EQ(error_of(kSolicitation + target + sll), kNone);
  EXPECT_EQ(error_of(kSolicitation + tll), kBadPrereq);
  EXPECT_EQ(error_of(kAdvertisement + target + tll), kNone);
  EXPECT_EQ(error_of(kAdvertisement + sll), kBadPrereq);
  // An ARP opcode of 6 is no TCP.
  EXPECT_EQ(error_of(kArp + hex("00001e02 0006 00001202 0001")), kBadPrereq);
}

TEST(Nxm, NXM_5_masked_and_plain_are_the_same_field) {
  const Bytes multicast = hex("0000030c 010000000000 010000000000");
  EXPECT_EQ(error_of(multicast + hex("00000206 010203040506")), kDupType);
  EXPECT_EQ(error_of(multicast + hex("0000030c 000000000000 feffffffffff")), kDupType);
  EXPECT_EQ(error_of(hex("00010108 00000001 00000001 00010108 00000002 00000002")), kDupType);
  EXPECT_EQ(error_of(kIp + hex("00000e04 0a000001 00001004 0a000001")), kNone);
}

TEST(Nxm, NXM_6_bad_values) {
  for (const char* tos : {"01", "02", "03", "fd", "ff"})
    EXPECT_EQ(error_of(kIp + hex("00000a01") + hex(tos)), kBadValue);
  EXPECT_EQ(error_of(kArp + hex("00001e02 00ff")), kNone);
  EXPECT_EQ(error_of(kArp + hex("00001e02 0100")), kBadValue);
  EXPECT_EQ(error_of(kArp + hex("00001e02 ff01")), kBadValue);
}

TEST(Nxm, NXM_7_masks_of_addresses) {
  for (unsigned ones = 0; ones <= 32; ++ones) {
    const std::uint32_t mask = ones == 0 ? 0 : ~std::uint32_t{0} << (32 - ones);
    Bytes entry = kIp + hex("00000f08 ffffffff 00000000");
    impl::store32(entry.data() + entry.size() - 4, mask);
    EXPECT_EQ(decode(entry).match.nw_src, (Masked<std::uint32_t>{mask, mask}));
    if (ones >= 1 && ones <= 31) {
      impl::store32(entry.data() + entry.size() - 4, ~mask);
      EXPECT_EQ(error_of(entry), kBadMask) << ones;
    }
  }
  for (unsigned ones = 0; ones <= 128; ++ones) {
    Bytes entry = kIp6 + hex("00012720") + Bytes(16, 0xff) + Bytes(16, 0);
    std::uint8_t* mask = entry.data() + entry.size() - 16;
    for (unsigned bit = 0; bit < ones; ++bit) mask[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
    EXPECT_EQ(error_of(entry), kNone) << ones;
    for (unsigned hole = 0; hole + 1 < ones; ++hole) {
      mask[hole / 8] ^= static_cast<std::uint8_t>(0x80 >> hole % 8);
      EXPECT_EQ(error_of(entry), kBadMask) << ones << " but " << hole;
      mask[hole / 8] ^= static_cast<std::uint8_t>(0x80 >> hole % 8);
    }
  }
}

TEST(Nxm, NXM_7_masks_of_ethernet_destinations) {
  const auto entry = [](const char* mask) { return hex("0000030c ffffffffffff") + hex(mask); };
  for (const char* mask : {"000000000000", "010000000000", "feffffffffff", "ffffffffffff"}) {
    EXPECT_EQ(error_of(entry(mask)), kNone) << mask;
  }
  for (const char* mask :
       {"010000000001", "000000000001", "fdffffffffff", "fffffffffffe", "ff0000000000", "800000000000"}) {
    EXPECT_EQ(error_of(entry(mask)), kBadMask) << mask;
  }
}

TEST(Nxm, NXM_7_any_mask_and_value_bits_outside_are_ignored) {
  EXPECT_EQ(decode(hex("00000904 ffff 1aaa")).match.vlan_tci, (Masked<std::uint16_t>{0x1aaa, 0x1aaa}));
  EXPECT_EQ(decode(hex("00010308 ffffffff 80000001")).match.reg[1], (Masked<std::uint32_t>{0x80000001, 0x80000001}));
  EXPECT_EQ(decode(hex("00012110 ffffffffffffffff 00f0000000000001")).match.tun_id,
            (Masked<std::uint64_t>{0x00f0000000000001, 0x00f0000000000001}));
}

TEST(Nxm, NXM_9_order_is_the_same_whatever_came) {
  const Bytes in_port = hex("00000002 0001"), tci = hex("00000904 1000 1000"), src = hex("00000e04 0a000001"),
              dst = hex("00001004 0a000002"), tos = hex("00000a01 10"), tun = hex("00012008 0000000000000001"),
              reg0 = hex("00010004 00000001"), ports = hex("00001202 0001 00001402 0002");
  EXPECT_EQ(encoded(reg0 + tun + kTcp + hex("00001402 0002 00001202 0001") + dst + src + tos + tci + in_port),
            in_port + hex("00000602 0800") + tci + tos + src + dst + hex("00000c01 06") + ports + tun + reg0);
}

// Such matches come from OpenFlow 1.0 statistics requests only, or from nowhere; no flow has them.
TEST(Nxm, NXM_10_what_its_layer_lacks_is_left_out) {
  Match match;
  match.nw_tos = {0x10, 0xfc};
  match.nw_src = {0x0a000001, 0xffffffff};
  match.tp_dst = {80, 0xffff};
  match.nd_target = {ipv6(kAddress6), ones()};
  match.in_port = {1, 0xffff};
  const auto both = [](const Match& m) {
    Bytes out(wire::nx_flow_stats::longest_match);
    out.resize(impl::encode_nxm(impl::pack(m), out.data()));
    EXPECT_EQ(out, model::encode_nxm(m));
    return out;
  };
  const Bytes in_port = hex("00000002 0001"), src = hex("00000e04 0a000001");
  EXPECT_EQ(both(match), in_port);
  match.dl_type = {0x0800, 0xffff};
  EXPECT_EQ(both(match), in_port + kIp + hex("00000a01 10") + src);
  match.dl_type = {0x0806, 0xffff};
  EXPECT_EQ(both(match), in_port + kArp + hex("00002004 0a000001"));
  match.dl_type = {0x86dd, 0xffff};
  EXPECT_EQ(both(match), in_port + kIp6 + hex("00000a01 10"));
  match.nw_proto = {58, 0xff};
  EXPECT_EQ(both(match), in_port + kIp6 + hex("00000a01 10 00000c01 3a 00012c01 50"));

  // OpenFlow 1.0 has two bytes for an ICMP type.
  Match icmp = decode(kIcmp).match;
  icmp.tp_src = {0x0108, 0xffff};
  EXPECT_EQ(both(icmp), kIcmp + hex("00001a01 08"));
}

// Entries that often follow each other rightly, with some damage now and then.
Bytes draw_entries() {
  static const std::vector<Case> all = cases();
  static const std::array<Bytes, 12> starts = {Bytes{}, kIp,   kIp6,  kArp,   kTcp,          kUdp,
                                               kIcmp,   kTcp6, kUdp6, kIcmp6, kSolicitation, kAdvertisement};
  Bytes out = starts[*rc::gen::inRange<std::size_t>(0, starts.size())];
  for (int n = *rc::gen::inRange(0, 7); n > 0; --n) {
    const Case& c = all[*rc::gen::inRange<std::size_t>(0, all.size())];
    Bytes entry = hex(c.entry);
    if (*rc::gen::inRange(0, 3) == 0)
      std::generate(entry.begin() + 4, entry.end(), [] { return *rc::gen::arbitrary<std::uint8_t>(); });
    if (c.masks && *rc::gen::inRange(0, 2) == 0) {
      const std::size_t size = entry.size() - 4;
      for (std::size_t i = 0; i < size; ++i) {
        entry.push_back(*rc::gen::element<std::uint8_t>(0xff, 0xff, 0xff, 0, 0, 0x01, 0xfe, 0x80, 0xf0));
      }
      if (*rc::gen::inRange(0, 2) == 0)
        std::sort(entry.end() - static_cast<std::ptrdiff_t>(size), entry.end(), std::greater<>());
      entry[2] |= 1;
      entry[3] = static_cast<std::uint8_t>(2 * size);
    }
    out = out + entry;
  }
  return out;
}

RC_GTEST_PROP(Nxm, NXM_9_both_codecs_agree_and_what_is_written_reads_back, ()) {
  const Bytes entries = draw_entries();
  const Error error = error_of(entries);
  RC_CLASSIFY(!error, "right");
  RC_CLASSIFY(error == kDupType, "duplicate");
  RC_CLASSIFY(error == kBadPrereq, "prerequisite");
  RC_CLASSIFY(error == kBadMask, "mask");
  RC_ASSERT(!testing::Test::HasFailure());
}

RC_GTEST_PROP(Nxm, NXM_1_both_decoders_agree_on_damaged_bytes, ()) {
  Bytes entries = draw_entries();
  for (int n = *rc::gen::inRange(0, 4); n > 0 && !entries.empty(); --n) {
    const auto at = *rc::gen::inRange<std::size_t>(0, entries.size());
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        entries[at] = *rc::gen::arbitrary<std::uint8_t>();
        break;
      case 1:
        entries[at] ^= static_cast<std::uint8_t>(1U << *rc::gen::inRange(0, 8));
        break;
      default:
        entries.resize(at);
    }
  }
  error_of(entries);
  RC_ASSERT(!testing::Test::HasFailure());
}

RC_GTEST_PROP(Nxm, NXM_8_the_padded_match_must_fit, ()) {
  const Bytes entries = draw_entries();
  const Bytes rest = entries + *rc::gen::container<Bytes>(*rc::gen::inRange(0, 20), rc::gen::arbitrary<std::uint8_t>());
  ByteView view = rest;
  impl::PackedMatch pulled, direct;
  const Error error = impl::pull_nxm(&view, entries.size(), &pulled);
  const std::size_t padded = (entries.size() + 7) / 8 * 8;
  if (padded > rest.size()) {
    RC_ASSERT(error == openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_LEN));
    return;
  }
  RC_ASSERT(error == impl::decode_nxm(ByteView(entries), &direct));
  RC_ASSERT(view.size() == rest.size() - padded);
  if (!error) RC_ASSERT(pulled == direct);
}

}  // namespace
}  // namespace oftwin
