// Model and software datapath do the same to any frame and any list of actions.
//
// The lockstep's own generator draws well-formed frames and explores operations; this one explores packets: any frame
// (any_frame.h) through rules of four tables that hand it on to each other with registers, tunnel and queue.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "harness/lockstep.h"
#include "harness/nicira_action_syntax.h"
#include "harness/nxm_syntax.h"
#include "harness/report.h"
#include "harness/request.h"
#include "harness/source.h"
#include "harness/subject/builtin.h"
#include "properties/any_frame.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

constexpr ConnName kC1{ConnKind::primary, 1};
constexpr std::array<std::uint16_t, 4> kPorts = {1, 2, 3, OFPP_LOCAL};
constexpr std::uint8_t kTables = 4;

// --- Actions ------------------------------------------------------------------------------------------------------
std::uint16_t draw_output(Source& s) {
  return s.pick(std::array<std::uint16_t, 13>{1, 2, 3, 9, 0, OFPP_LOCAL, OFPP_IN_PORT, OFPP_TABLE, OFPP_NORMAL,
                                              OFPP_FLOOD, OFPP_ALL, OFPP_CONTROLLER, OFPP_CONTROLLER});
}

Bytes draw_standard_action(Source& s) {
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

// Few registers with few values, so that what is loaded is often matched.
FieldBits draw_bits(Source& s, bool for_writing) {
  struct Known {
    std::uint32_t type;
    std::uint16_t bytes;
  };
  constexpr std::array<Known, 20> fields = {
      {{NXM_NX_REG0, 4},     {NXM_NX_REG0 + 1, 4},  {NXM_NX_REG0 + 2, 4},  {NXM_NX_REG0 + 3, 4}, {NXM_NX_TUN_ID, 8},
       {NXM_OF_VLAN_TCI, 2}, {NXM_OF_ETH_SRC, 6},   {NXM_OF_ETH_DST, 6},   {NXM_OF_IP_TOS, 1},   {NXM_OF_IP_SRC, 4},
       {NXM_OF_TCP_DST, 2},  {NXM_OF_UDP_SRC, 2},  // the last that can be written
       {NXM_OF_IN_PORT, 2},  {NXM_OF_ETH_TYPE, 2},  {NXM_OF_ICMP_TYPE, 1}, {NXM_OF_ARP_OP, 2},   {NXM_NX_ARP_SHA, 6},
       {NXM_NX_ND_TLL, 6},   {NXM_NX_IPV6_SRC, 16}, {NXM_NX_ND_TARGET, 16}}};
  constexpr std::size_t general = 8, writable = 12;
  const std::size_t known = s.chance(80) ? general : for_writing && s.chance(95) ? writable : fields.size();
  const Known f = fields[s.below(known)];
  const auto bits = static_cast<std::uint16_t>(f.bytes * 8);
  FieldBits range{f.type << 9 | f.bytes, 0, bits};
  if (s.chance(50)) {
    range.offset = static_cast<std::uint16_t>(s.below(bits));
    range.bits = static_cast<std::uint16_t>(s.between(1, bits - range.offset));
  }
  if (s.chance(2)) range.bits = static_cast<std::uint16_t>(range.bits + s.between(1, 3));
  return range;
}

std::uint16_t draw_lookup_port(Source& s) {
  return s.pick(std::array<std::uint16_t, 6>{1, 2, 3, 50, 51, OFPP_IN_PORT});
}

Bytes draw_choice(Source& s) {
  std::vector<std::uint16_t> slaves;
  for (auto n = s.below(4); n > 0; --n)
    slaves.push_back(s.pick(std::array<std::uint16_t, 6>{1, 2, 3, 9, OFPP_TABLE, OFPP_IN_PORT}));
  if (s.chance(3)) slaves.push_back(OFPP_CONTROLLER);
  FieldBits to = draw_bits(s, true);
  const auto fields = static_cast<std::uint16_t>(s.chance(97) ? s.below(2) : 2);
  const auto algorithm = static_cast<std::uint16_t>(s.chance(97) ? s.below(2) : 4);
  const auto max_link = static_cast<std::uint16_t>(s.below(4));
  switch (s.below(4)) {
    case 0:
      return action::multipath(fields, 1, algorithm, max_link, 0, to);
    case 1:
      return action::autopath(static_cast<std::uint32_t>(s.below(10)), to);
    case 2:
      return action::bundle(fields, 1, algorithm, &to, slaves);
    default:
      return action::bundle(fields, 1, algorithm, nullptr, slaves);
  }
}

Bytes draw_nicira_action(Source& s) {
  switch (s.below(11)) {
    case 0:
    case 1:
      return action::resubmit(draw_lookup_port(s));
    case 2:
    case 3:
      return action::resubmit_table(draw_lookup_port(s), s.pick(std::array<std::uint8_t, 6>{0, 1, 2, 3, kTables, 255}));
    case 4:
      return action::set_tunnel(static_cast<std::uint32_t>(s.below(3)));
    case 5:
      return s.chance(50) ? action::set_tunnel64(s.below(3) << 32) : action::note(random_bytes(s, s.below(9)));
    case 6:
      return s.chance(70) ? action::set_queue(s.pick(std::array<std::uint32_t, 4>{0, 1, 0xefff, 0xf000}))
                          : action::pop_queue();
    case 7: {
      const FieldBits from = draw_bits(s, false);
      FieldBits to = draw_bits(s, true);
      if (s.chance(95)) to.bits = from.bits;  // print takes the number of bits from the source
      return action::reg_move(from, to);
    }
    case 8:
      return draw_choice(s);
    default: {
      const FieldBits to = draw_bits(s, true);
      const std::uint64_t fits = to.bits >= 2 ? 4 : 2;
      return action::reg_load(to, s.below(s.chance(98) ? fits : 8));
    }
  }
}

Bytes draw_wrong_action(Source& s) {
  const auto big = static_cast<std::uint16_t>(s.chance(50) ? 0x1000 : 0xffff);
  switch (s.below(5)) {
    case 0:
      return action::output(static_cast<std::uint16_t>(0xff00 + s.below(0x100)));
    case 1:
      return action::set_vlan_vid(big);
    case 2:
      return action::set_nw_tos(static_cast<std::uint8_t>(s.below(4)));
    case 3:
      return {0, static_cast<std::uint8_t>(s.between(11, 14)), 0, 8, 0, 0, 0, 0};
    default:
      return {0xff, 0xff, 0, 8, 0, 0, 0x23, static_cast<std::uint8_t>(s.between(0x1f, 0x20))};
  }
}

Bytes draw_action(Source& s) {
  if (s.chance(1)) return draw_wrong_action(s);
  return s.chance(45) ? draw_nicira_action(s) : draw_standard_action(s);
}

Bytes draw_actions(Source& s) {
  Bytes list;
  for (auto n = s.below(7); n > 0; --n) append(list, draw_action(s));
  if (s.below(2000) == 0) {  // more copies than one packet may have
    for (int n = 0; n < 1500; ++n) append(list, action::output(OFPP_ALL));
  }
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
      port.name = "p" + std::to_string(n);
      config_.ports.push_back(port);
    }
    config_.tables.resize(kTables);
    lockstep_.start(config_);
    send(request::FlowModTableId{});
  }

  // False after a difference, which has been reported.
  bool run() {
    send(request::SetConfig{0, static_cast<std::uint16_t>(s_.chance(20)), 0xffff});
    for (auto n = s_.between(2, 8); n > 0; --n) add_rule();
    for (int n = 0; n < 25; ++n) {
      const auto what = s_.below(20);
      if (what == 0 || s_.chance(15)) add_rule();
      if (what == 1) send(request::PortMod{0, s_.pick(kPorts), {}, random32() & 0x7d, 0x7d, 0});
      if (what > 1 && what < 8) drive(event::PacketArrives{s_.pick(kPorts), frame(), s_.below(3)});
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
  const ClauseSet& clauses_hit() const { return lockstep_.stats().clauses; }

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
    if (s_.chance(50)) return add_extended_rule();
    request::FlowMod mod;
    mod.priority = static_cast<std::uint16_t>(s_.below(4));
    mod.cookie = next_;
    mod.command = draw_add();
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

  // In which table: the first gets more, as every packet begins there.
  std::uint16_t draw_add() {
    const std::uint64_t table = s_.chance(40) ? 0 : s_.below(kTables);
    return static_cast<std::uint16_t>(table << 8 | OFPFC_ADD);
  }

  void add_extended_rule() {
    request::NxFlowMod mod;
    mod.priority = static_cast<std::uint16_t>(s_.below(4));
    mod.cookie = next_;
    mod.command = draw_add();
    mod.match = draw_match();
    mod.actions = draw_actions(s_);
    send(mod);
  }

  // Of what actions change, and of what they need.
  Bytes draw_match() {
    Bytes match;
    const auto entry = [&](std::uint32_t type, std::size_t bytes, std::uint64_t value, std::uint64_t mask = ~0ull) {
      const auto wide = [&](std::uint64_t v) {
        Bytes b(bytes);
        for (std::size_t i = bytes; i-- > 0; v >>= 8) b[i] = static_cast<std::uint8_t>(v);
        return b;
      };
      append(match, mask == ~0ull ? nxm_entry(type, wide(value)) : nxm_entry(type, wide(value), wide(mask)));
    };
    if (s_.chance(25)) entry(NXM_OF_IN_PORT, 2, draw_lookup_port(s_));
    if (s_.chance(50)) {
      const int type = s_.pick(std::array{0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806});
      const bool ip = type == 0x0800;
      entry(NXM_OF_ETH_TYPE, 2, static_cast<std::uint64_t>(type));
      const std::uint64_t protocol = ip ? s_.pick(std::array{6, 6, 17, 1}) : s_.pick(std::array{6, 58, 58});
      if (type != 0x0806 && s_.chance(70)) entry(NXM_OF_IP_PROTO, 1, protocol);
      if (ip && s_.chance(20)) entry(NXM_OF_IP_SRC, 4, 0x0a000000 + s_.below(4));
    }
    if (s_.chance(15)) entry(NXM_OF_VLAN_TCI, 2, s_.pick(std::array{0, 1, 0x1001}), s_.pick(std::array{0x1000, 0xfff}));
    if (s_.chance(20)) entry(NXM_NX_TUN_ID, 8, s_.below(3) << (s_.chance(30) ? 32 : 0));
    for (std::uint32_t i = 0; i < 4; ++i) {
      if (s_.chance(12)) entry(NXM_NX_REG0 + i, 4, s_.below(4), s_.chance(50) ? ~0ull : s_.between(1, 3));
    }
    return match;
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
      if (const auto* found = std::get_if<observation::Lookup>(&o); found && found->table != 0)
        ++seen["lookups in other tables"];
      if (std::holds_alternative<observation::PacketTx>(o)) ++seen["frames out"];
      if (std::holds_alternative<observation::Metadata>(o)) ++seen["metadata"];
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
  ClauseSet hit;
  const char* many = std::getenv("OFTWIN_DATAPATHS");  // how many traces; the default takes a second or two
  const std::uint64_t traces = many != nullptr ? std::strtoull(many, nullptr, 10) : 1000;
  for (std::uint64_t seed = 1; seed <= traces; ++seed) {
    RandomSource source(seed);
    Play play(source);
    ASSERT_TRUE(play.run()) << "seed " << seed;
    for (const auto& [what, count] : play.seen) seen[what] += count;
    hit |= play.clauses_hit();
  }
  for (std::size_t i = 0; i < kClauseCount; ++i) {
    const Clause& c = clauses()[i];
    const bool concerned = c.file == "action.md" || c.file == "packet.md" || c.file == "datapath.md";
    if (!concerned || c.kind != ClauseKind::must) continue;
    if (i == clause("DP-11") || i == clause("DP-14"))
      continue;  // operations are done at once, and there are no buffers
    EXPECT_TRUE(hit[i]) << c.id << " is never at work";
  }
  for (const char* what : {"hits", "misses", "frames out", "lookups in other tables", "metadata"}) {
    EXPECT_GT(seen[what], 2 * static_cast<int>(traces)) << what << " are too rare for this to show anything";
    RecordProperty(what, seen[what]);
  }
}

}  // namespace
}  // namespace oftwin::harness
