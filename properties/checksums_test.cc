// Checksums stay right when frames are rewritten, in the model and in the software datapath, as libtins sees it.
//
// libtins makes the frame, both sides send it through a list of rewrites, and libtins reads each frame that leaves and
// writes it again, with checksums of its own making: nothing may change.
#include <gtest/gtest.h>
#include <tins/tins.h>

#include <map>
#include <string>

#include "harness/lockstep.h"
#include "harness/nicira_action_syntax.h"
#include "harness/report.h"
#include "harness/request.h"
#include "harness/source.h"
#include "harness/spelling.h"
#include "harness/subject/builtin.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

constexpr ConnName kC1{ConnKind::primary, 1};

// --- Frames -------------------------------------------------------------------------------------------------------
struct Frame {
  std::string kind;
  Bytes bytes;
};

template <class Upper>
void put_ports(Source& s, Upper& upper) {
  upper.sport(static_cast<std::uint16_t>(s.below(0x10000)));
  upper.dport(static_cast<std::uint16_t>(s.below(0x10000)));
}

// At least 60 bytes in all, so that libtins need not pad. Of either parity, with sums of every kind.
Tins::RawPDU draw_payload(Source& s) {
  Bytes payload(s.between(40, 90));
  const bool plain = s.chance(20);
  for (auto& b : payload) b = static_cast<std::uint8_t>(plain ? 0xff : s.below(256));
  return Tins::RawPDU(payload.begin(), payload.end());
}

template <class Network>
void put_transport(Source& s, Network& network, std::string& kind) {
  switch (s.below(3)) {
    case 0: {
      Tins::TCP tcp;
      put_ports(s, tcp);
      tcp.seq(static_cast<std::uint32_t>(s.below(1ull << 32)));
      if (s.chance(30)) tcp.mss(1400);
      network /= tcp / draw_payload(s);
      kind += " tcp";
      break;
    }
    case 1: {
      Tins::UDP udp;
      put_ports(s, udp);
      network /= udp / draw_payload(s);
      kind += " udp";
      break;
    }
    default:
      if constexpr (std::is_same_v<Network, Tins::IP>) {
        network /= Tins::ICMP() / draw_payload(s);
      } else {
        network /= Tins::ICMPv6(Tins::ICMPv6::ECHO_REQUEST) / draw_payload(s);
      }
      kind += " icmp";
  }
}

// Without options: libtins 4.0 writes a byte too many of them. (datapath_packets_test.cc has frames with options.)
Tins::IP draw_ipv4(Source& s, std::string& kind) {
  kind = "ipv4";
  Tins::IP ip(Tins::IPv4Address(static_cast<std::uint32_t>(s.below(1ull << 32))),
              Tins::IPv4Address(static_cast<std::uint32_t>(s.below(1ull << 32))));
  ip.id(static_cast<std::uint16_t>(s.below(0x10000)));
  ip.tos(static_cast<std::uint8_t>(s.below(256)));
  ip.ttl(64);
  if (s.chance(15)) {
    ip.flags(Tins::IP::MORE_FRAGMENTS);
    if (s.chance(50)) ip.fragment_offset(static_cast<std::uint16_t>(s.between(1, 100)));
    kind += " fragment";
  }
  put_transport(s, ip, kind);
  return ip;
}

std::string hex(const Bytes& bytes) { return print_hex(bytes); }

// What libtins makes of a frame that it reads and writes again.
Bytes rewritten_by_libtins(const Bytes& frame) {
  return Tins::EthernetII(frame.data(), static_cast<std::uint32_t>(frame.size())).serialize();
}

Frame draw(Source& s) {
  Frame frame;
  Tins::EthernetII ethernet("02:00:00:00:00:02", "02:00:00:00:00:01");
  std::unique_ptr<Tins::PDU> network;
  if (s.chance(75)) {
    network.reset(draw_ipv4(s, frame.kind).clone());
  } else {
    Tins::IPv6 ip("2001:db8::2", "2001:db8::1");
    frame.kind = "ipv6";
    put_transport(s, ip, frame.kind);
    network.reset(ip.clone());
  }
  if (s.chance(40)) {
    Tins::Dot1Q tag(Tins::small_uint<12>(static_cast<std::uint16_t>(s.below(4096))), false);
    tag.priority(Tins::small_uint<3>(static_cast<std::uint8_t>(s.below(8))));
    tag.inner_pdu(network.release());
    ethernet /= tag;
    frame.kind += " tagged";
  } else {
    ethernet.inner_pdu(network.release());
  }
  frame.bytes = ethernet.serialize();
  return frame;
}

// --- Actions ------------------------------------------------------------------------------------------------------
Bytes draw_load(Source& s, bool tcp) {
  struct Known {
    std::uint32_t type;
    std::uint16_t bytes;
  };
  const Known fields[] = {{NXM_OF_IP_SRC, 4},
                          {NXM_OF_IP_DST, 4},
                          {NXM_OF_IP_TOS, 1},
                          {NXM_OF_VLAN_TCI, 2},
                          {tcp ? NXM_OF_TCP_SRC : NXM_OF_UDP_SRC, 2},
                          {tcp ? NXM_OF_TCP_DST : NXM_OF_UDP_DST, 2}};
  const Known f = s.pick(fields);
  const auto bits = static_cast<std::uint16_t>(f.bytes * 8), offset = static_cast<std::uint16_t>(s.below(bits));
  const FieldBits to{f.type << 9 | f.bytes, offset, static_cast<std::uint16_t>(s.between(1, bits - offset))};
  return action::reg_load(to, s.below(1ull << to.bits));
}

Bytes draw_action(Source& s, const std::string& kind) {
  const auto address = static_cast<std::uint32_t>(s.below(1ull << 32));
  const auto port = static_cast<std::uint16_t>(s.chance(10) ? s.below(2) * 0xffff : s.below(0x10000));
  const bool tcp = kind.find("tcp") != std::string::npos, udp = kind.find("udp") != std::string::npos;
  switch (s.below(11)) {
    case 0:
      return action::set_vlan_vid(static_cast<std::uint16_t>(s.below(0x1000)));
    case 1:
      return action::set_vlan_pcp(static_cast<std::uint8_t>(s.below(8)));
    case 2:
      return action::strip_vlan();
    case 3:
      return action::set_nw_src(address);
    case 4:
      return action::set_nw_dst(address);
    case 5:
      return action::set_nw_tos(static_cast<std::uint8_t>(s.below(64) * 4));
    case 6:
      return action::set_tp_src(port);
    case 7:
      return action::set_tp_dst(port);
    case 8:
      return action::set_dl_src({2, 0, 0, 0, 0, 9});
    case 9:
      return kind.starts_with("ipv4") && (tcp || udp) ? draw_load(s, tcp) : action::set_nw_src(address);
    default:
      return action::output(2);  // what is gathered so far reaches the frame
  }
}

// --- Both sides ---------------------------------------------------------------------------------------------------
class BothSides {
 public:
  BothSides() : subject_(make_builtin_subject()), lockstep_(*subject_, {}) {
    SwitchConfig config;
    config.provider = ProviderMode::simulated;
    for (const std::uint16_t n : std::initializer_list<std::uint16_t>{1, 2}) {
      PortConfig port;
      port.number = n;
      port.name = "p" + std::to_string(n);
      config.ports.push_back(port);
    }
    lockstep_.start(config);
  }

  // What leaves on port 2: the model's frames, then the datapath's.
  std::vector<Bytes> send(const Bytes& frame, const Bytes& actions) {
    const request::PacketOut packet_out{next_, OFP_NO_BUFFER, 1, actions, frame};
    advance({next_++, event::Recv{kC1, encode(Request{packet_out})}});
    advance({0, event::Loop{}});
    std::vector<Bytes> left;
    for (const auto& side : {lockstep_.wanted(), lockstep_.got()}) {
      for (const Observation& o : side) {
        if (const auto* tx = std::get_if<observation::PacketTx>(&o)) left.push_back(tx->frame);
      }
    }
    return left;
  }

 private:
  void advance(const Event& event) {
    const auto divergence = lockstep_.advance(event);
    EXPECT_FALSE(divergence) << divergence->note;
  }

  std::unique_ptr<Subject> subject_;
  Lockstep lockstep_;
  std::uint32_t next_ = 1;
};

TEST(checksums, ACT_9_are_those_of_libtins_on_both_sides) {
  RandomSource source(20110728);
  BothSides sides;
  std::map<std::string, int> seen;
  std::size_t changed = 0;
  for (int i = 0; i < 3000; ++i) {
    const Frame frame = draw(source);
    ASSERT_EQ(hex(rewritten_by_libtins(frame.bytes)), hex(frame.bytes)) << frame.kind << " does not survive libtins";
    Bytes actions;
    for (auto n = source.between(1, 6); n > 0; --n) {
      const Bytes action = draw_action(source, frame.kind);
      actions.insert(actions.end(), action.begin(), action.end());
    }
    const Bytes last = action::output(2);
    actions.insert(actions.end(), last.begin(), last.end());
    const std::vector<Bytes> left = sides.send(frame.bytes, actions);
    ASSERT_GE(left.size(), 2u) << frame.kind;
    for (const Bytes& out : left) {
      ASSERT_EQ(hex(rewritten_by_libtins(out)), hex(out)) << frame.kind << ", frame " << i;
      changed += out != frame.bytes;
    }
    ++seen[frame.kind];
  }
  EXPECT_GT(changed, 5000u);
  for (const char* kind : {"ipv4 tcp", "ipv4 udp", "ipv4 icmp", "ipv4 fragment tcp", "ipv4 tcp tagged", "ipv6 tcp"}) {
    EXPECT_GT(seen[kind], 20) << kind;
  }
}

TEST(checksums, a_wrong_bit_is_seen) {
  RandomSource source(1);
  for (int i = 0; i < 200; ++i) {
    Frame frame = draw(source);
    if (frame.kind != "ipv4 tcp" && frame.kind != "ipv4 udp") continue;
    const std::size_t at = 14 + source.below(frame.bytes.size() - 14);
    if (at == 14 || (at >= 16 && at <= 17) || (at >= 20 && at <= 21) || at == 23 || (at >= 38 && at <= 39) || at == 46)
      continue;  // lengths, the fragment's place and protocols: another frame, not a wrong sum
    frame.bytes[at] ^= static_cast<std::uint8_t>(1 << source.below(8));
    EXPECT_NE(rewritten_by_libtins(frame.bytes), frame.bytes) << frame.kind << " byte " << at;
  }
}

}  // namespace
}  // namespace oftwin::harness
