// Model and software datapath do the same to any frame and any list of actions.
//
// Frames are built header by header with some values that mean something to nobody, then damaged: cut, padded, bytes
// changed. The lockstep's own generator draws well-formed frames and explores operations; this one explores packets.
#include <gtest/gtest.h>

#include <map>

#include "harness/lockstep.h"
#include "harness/report.h"
#include "harness/request.h"
#include "harness/source.h"
#include "harness/subject/builtin.h"

namespace oftwin::harness {
namespace {

constexpr ConnName kC1{ConnKind::primary, 1};
constexpr std::array<std::uint16_t, 4> kPorts = {1, 2, 3, OFPP_LOCAL};

void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

Bytes random_bytes(Source& s, std::size_t n) {
  Bytes b(n);
  for (auto& x : b) x = static_cast<std::uint8_t>(s.below(256));
  return b;
}

// --- Frames -------------------------------------------------------------------------------------------------------
void put16(Bytes& b, std::size_t at, std::uint64_t v) {
  b[at] = static_cast<std::uint8_t>(v >> 8);
  b[at + 1] = static_cast<std::uint8_t>(v);
}

Bytes transport(Source& s, std::uint8_t proto) {
  Bytes b = random_bytes(s, s.between(0, 12) + (proto == 6 ? 20 : proto == 1 ? 4 : 8));
  put16(b, 0, s.pick(std::array{0, 8, 53, 80, 0xffff}));
  if (proto == 1 && s.chance(50)) b[0] = 8;
  if (s.chance(60)) put16(b, 2, s.below(3));
  if (proto == 6) b[12] = static_cast<std::uint8_t>(s.pick(std::array{0x50, 0x50, 0x60, 0x40, 0xf0}));
  if (proto == 17 && s.chance(40)) put16(b, 6, s.chance(70) ? 0 : 0xffff);
  if (proto == 58) b[0] = static_cast<std::uint8_t>(s.between(134, 137)), b[1] = 0;
  if (proto == 58 && s.chance(60))
    append(b, random_bytes(s, 16)), append(b, {s.chance(50) ? uint8_t{1} : uint8_t{2}, 1, 2, 3, 4, 5, 6, 7});
  return b;
}

Bytes ipv4(Source& s) {
  const auto proto = static_cast<std::uint8_t>(s.pick(std::array{6, 6, 17, 17, 1, 0, 132, 58}));
  const std::size_t options = s.chance(25) ? 4 * s.between(1, 3) : 0;
  Bytes b = random_bytes(s, 20 + options);
  b[0] = static_cast<std::uint8_t>((s.chance(90) ? 0x40 : s.below(16) << 4) |
                                   (s.chance(90) ? 5 + options / 4 : s.below(16)));
  put16(b, 6, s.chance(75) ? s.pick(std::array{0, 0x4000, 0x8000}) : s.pick(std::array{0x2000, 1, 0x20b9}));
  b[9] = proto;
  for (const std::size_t at : {12, 16}) {
    put16(b, at, 0x0a00);
    put16(b, at + 2, s.chance(20) ? 0xffff : s.below(4));
  }
  const Bytes payload = transport(s, proto);
  put16(b, 2, s.chance(80) ? b.size() + payload.size() : s.below(80));
  append(b, payload);
  return b;
}

Bytes ipv6(Source& s) {
  Bytes b = random_bytes(s, 40);
  b[0] = static_cast<std::uint8_t>(0x60 | (b[0] & 0x0f));
  Bytes rest;
  std::uint8_t* next = &b[6];
  std::size_t link = 0;  // offset into rest of the next-header byte to fill in; 0: that of the fixed header
  for (std::uint64_t n = s.below(3); n > 0; --n) {
    const std::uint8_t kind = s.pick(std::array<std::uint8_t, 6>{0, 43, 60, 51, 44, 44});
    (rest.empty() ? *next : rest[link]) = kind;
    link = rest.size();
    Bytes h = random_bytes(s, kind == 51 ? 12 : 8);
    h[1] = s.chance(85) ? (kind == 51 ? 1 : 0) : static_cast<std::uint8_t>(s.below(4));
    if (kind == 44) put16(h, 2, s.pick(std::array{0, 1, 8, 6}));
    append(rest, h);
  }
  const auto proto = static_cast<std::uint8_t>(s.pick(std::array{6, 17, 58, 58, 1, 59}));
  (rest.empty() ? *next : rest[link]) = proto;
  append(rest, transport(s, proto));
  put16(b, 4, s.chance(80) ? rest.size() : s.below(80));
  append(b, rest);
  return b;
}

Bytes arp(Source& s) {
  Bytes b = {0, 1, 8, 0, 6, 4, 0, 0};
  put16(b, 6, s.pick(std::array{1, 2, 1, 2, 3, 0, 255, 256, 257}));
  if (s.chance(10)) b[s.below(6)] ^= 1;
  append(b, random_bytes(s, 20));
  return b;
}

Bytes damaged(Source& s, Bytes frame) {
  if (s.chance(15)) frame.resize(s.below(frame.size() + 1));
  if (s.chance(20)) append(frame, Bytes(s.between(1, 20)));
  while (s.chance(15) && !frame.empty()) frame[s.below(frame.size())] ^= static_cast<std::uint8_t>(1 << s.below(8));
  return frame;
}

Bytes draw_any_frame(Source& s) {
  Bytes f = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(s.below(3)),
             2, 0, 0, 0, 0, static_cast<std::uint8_t>(s.below(3))};
  if (s.chance(5)) std::copy_n(std::array<std::uint8_t, 6>{1, 0x80, 0xc2, 0, 0, 0}.begin(), 6, f.begin());
  for (std::uint64_t tags = s.chance(40) ? s.between(1, 3) : 0; tags > 0; --tags) {
    append(f, s.chance(85) ? Bytes{0x81, 0x00} : Bytes{0x88, 0xa8});
    append(f, random_bytes(s, 2));
  }
  const auto kind = s.below(8);
  if (s.chance(15)) {
    append(f, {0, 40, 0xaa, 0xaa, 3, 0, 0, static_cast<std::uint8_t>(s.chance(90) ? 0 : 1)});
    if (kind == 7) append(f, {0x05, 0x00});
  }
  if (kind < 4) {
    append(f, {0x08, 0x00});
    append(f, ipv4(s));
  } else if (kind == 4) {
    append(f, {0x86, 0xdd});
    append(f, ipv6(s));
  } else if (kind == 5) {
    append(f, {0x08, 0x06});
    append(f, arp(s));
  } else {
    append(f, random_bytes(s, s.between(2, 60)));
  }
  return damaged(s, std::move(f));
}

// --- Actions ------------------------------------------------------------------------------------------------------
std::uint16_t draw_output(Source& s) {
  return s.pick(std::array<std::uint16_t, 13>{1, 2, 3, 9, 0, OFPP_LOCAL, OFPP_IN_PORT, OFPP_TABLE, OFPP_NORMAL,
                                              OFPP_FLOOD, OFPP_ALL, OFPP_CONTROLLER, OFPP_CONTROLLER});
}

Bytes draw_action(Source& s) {
  const Mac mac = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(s.below(4))};
  const auto address = static_cast<std::uint32_t>(s.chance(70) ? 0x0a000000 + s.below(4) : s.below(1ull << 32));
  const auto port = static_cast<std::uint16_t>(s.chance(50) ? s.pick(std::array{0, 8, 80}) : s.below(0x10000));
  switch (s.below(13)) {
    case 0:
      return action::set_vlan_vid(static_cast<std::uint16_t>(s.below(0x1000)));
    case 1:
      return action::set_vlan_pcp(static_cast<std::uint8_t>(s.below(8)));
    case 2:
      return action::strip_vlan();
    case 3:
      return action::set_dl_src(mac);
    case 4:
      return action::set_dl_dst(mac);
    case 5:
      return action::set_nw_src(address);
    case 6:
      return action::set_nw_dst(address);
    case 7:
      return action::set_nw_tos(static_cast<std::uint8_t>(s.below(64) * 4));
    case 8:
      return action::set_tp_src(port);
    case 9:
      return action::set_tp_dst(port);
    case 10:
      return s.chance(80) ? action::enqueue(s.pick(kPorts), 0) : random_bytes(s, 8 * s.between(1, 2));
    default:
      return action::output(draw_output(s), static_cast<std::uint16_t>(s.chance(80) ? 0xffff : s.below(80)));
  }
}

Bytes draw_actions(Source& s) {
  Bytes list;
  for (auto n = s.below(7); n > 0; --n) append(list, draw_action(s));
  append(list, action::output(draw_output(s), 0xffff));
  return list;
}

// --- Traces -------------------------------------------------------------------------------------------------------
class Play {
 public:
  explicit Play(Source& source) : s_(source), subject_(make_builtin_subject()), lockstep_(*subject_, {}) {
    config_.provider = ProviderMode::simulated;
    for (const std::uint16_t n : kPorts) {
      PortConfig port;
      port.number = n;
      config_.ports.push_back(port);
    }
    lockstep_.start(config_);
  }

  // False after a difference, which has been reported.
  bool run() {
    send(request::SetConfig{0, static_cast<std::uint16_t>(s_.chance(20)), 0xffff});
    for (auto n = s_.between(2, 8); n > 0; --n) add_rule();
    for (int n = 0; n < 25; ++n) {
      const auto what = s_.below(20);
      if (what == 0 || s_.chance(15)) add_rule();
      if (what == 1) send(request::PortMod{0, s_.pick(kPorts), {}, random32() & 0x7d, 0x7d, 0});
      if (what > 1 && what < 8) drive(event::PacketArrives{s_.pick(kPorts), frame(), 0});
      if (what >= 8) {
        const Bytes list = s_.chance(40) ? action::output(OFPP_TABLE) : draw_actions(s_);
        send(request::PacketOut{0, OFP_NO_BUFFER, draw_in_port(), list, frame()});
      }
      if (!drive(event::Loop{})) return false;
    }
    send(request::FlowStats{});
    send(request::PortStats{});
    send(request::Stats{0, OFPST_TABLE, 0, {}});
    return drive(event::Loop{});
  }

  std::map<std::string, int> seen;

 private:
  std::uint32_t random32() { return static_cast<std::uint32_t>(s_.below(1ull << 32)); }

  // Often one that was there before, so that what the datapath remembers of it is put to the test.
  Bytes frame() {
    if (frames_.empty() || s_.chance(60)) frames_.push_back(draw_any_frame(s_));
    return s_.pick(frames_);
  }

  std::uint16_t draw_in_port() {
    if (s_.chance(10)) return OFPP_NONE;
    return s_.pick(kPorts);
  }

  void add_rule() {
    request::FlowMod mod;
    mod.priority = static_cast<std::uint16_t>(s_.below(4));
    mod.cookie = next_;
    mod.actions = draw_actions(s_);
    WireMatch& m = mod.match;
    const auto use = [&](std::uint32_t bit, unsigned percent) {
      const bool used = s_.chance(percent);
      if (used) m.wildcards &= ~bit;
      return used;
    };
    if (use(OFPFW_IN_PORT, 30)) m.in_port = s_.pick(kPorts);
    if (use(OFPFW_DL_SRC, 20)) m.dl_src = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(s_.below(3))};
    if (use(OFPFW_DL_VLAN, 20)) m.dl_vlan = s_.chance(50) ? 0xffff : static_cast<std::uint16_t>(s_.below(3));
    if (use(OFPFW_DL_TYPE, 60))
      m.dl_type = s_.pick(std::array<std::uint16_t, 6>{0x800, 0x800, 0x806, 0x86dd, 0x5ff, 0x8100});
    if (use(OFPFW_NW_PROTO, 40)) m.nw_proto = s_.pick(std::array<std::uint8_t, 4>{6, 17, 1, 2});
    if (s_.chance(30)) {
      constexpr std::uint32_t prefix = 0x3f << OFPFW_NW_SRC_SHIFT;
      m.wildcards = (m.wildcards & ~prefix) | static_cast<std::uint32_t>(s_.below(4) << OFPFW_NW_SRC_SHIFT);
      m.nw_src = 0x0a000000 + static_cast<std::uint32_t>(s_.below(4));
    }
    if (use(OFPFW_TP_SRC, 30)) {
      use(OFPFW_DL_TYPE | OFPFW_NW_PROTO, 100);  // else normalization drops it
      m.dl_type = 0x800;
      m.nw_proto = s_.pick(std::array<std::uint8_t, 3>{6, 17, 1});
      m.tp_src = s_.pick(std::array<std::uint16_t, 4>{0, 8, 53, 80});
    }
    send(mod);
  }

  template <class R>
  void send(R r) {
    r.xid = default_xid(next_);
    drive(event::Recv{kC1, encode(Request{r})});
  }

  bool drive(EventBody body) {
    if (failed_) return false;
    events_.push_back({std::holds_alternative<event::Loop>(body) ? 0 : next_++, std::move(body)});
    if (const auto divergence = lockstep_.advance(events_.back())) {
      failed_ = true;
      ADD_FAILURE() << print_report(config_, events_, *divergence, subject_->name());
    }
    for (const Observation& o : lockstep_.got()) {
      if (const auto* found = std::get_if<observation::Lookup>(&o)) ++seen[found->rule ? "hits" : "misses"];
      if (std::holds_alternative<observation::PacketTx>(o)) ++seen["frames out"];
    }
    return !failed_;
  }

  Source& s_;
  SwitchConfig config_;
  std::unique_ptr<Subject> subject_;
  Lockstep lockstep_;
  std::vector<Event> events_;
  std::vector<Bytes> frames_;
  std::uint32_t next_ = 1;
  bool failed_ = false;
};

TEST(datapaths_agree, on_any_frame_and_any_actions) {
  std::map<std::string, int> seen;
  const char* many = std::getenv("OFTWIN_DATAPATHS");  // how many traces; the default takes a second or two
  const std::uint64_t traces = many != nullptr ? std::strtoull(many, nullptr, 10) : 1000;
  for (std::uint64_t seed = 1; seed <= traces; ++seed) {
    RandomSource source(seed);
    Play play(source);
    ASSERT_TRUE(play.run()) << "seed " << seed;
    for (const auto& [what, count] : play.seen) seen[what] += count;
  }
  for (const char* what : {"hits", "misses", "frames out"}) {
    EXPECT_GT(seen[what], 2 * static_cast<int>(traces)) << what << " are too rare for this to show anything";
    RecordProperty(what, seen[what]);
  }
}

}  // namespace
}  // namespace oftwin::harness
