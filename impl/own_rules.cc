// Each kind of rule is a list of wishes; a wish that can't be fulfilled while an operation on its flow is in progress
// stays a wish.
#include "impl/own_rules.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "impl/async.h"
#include "impl/decode.h"
#include "impl/flow_mod.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

constexpr std::uint32_t kFailOpenPriority = 0xf0f0f0;
constexpr std::uint32_t kInBandPriority = 180000;
constexpr std::uint64_t kSignPeriod_ms = 2000;
constexpr std::array<std::uint8_t, 8> kToNormal = {0x00, 0x00, 0x00, 0x08, 0xff, 0xfa, 0x00, 0x00};

bool same_flow(const OwnRule& a, const OwnRule& b) { return a.priority == b.priority && a.match == b.match; }

Rule* find(const Core& core, const OwnRule& own) {
  ClassifierEntry* entry = core.tables[0].find(own.match, own.priority);
  return entry == nullptr ? nullptr : &rule_of(*entry);
}

// Both: false if it has to wait.
bool put_in(Core& core, const OwnRule& own) {
  const Rule* there = find(core, own);
  if (there != nullptr && there->actions == own.actions) return true;
  FlowMod flow;
  flow.match = own.match;
  flow.priority = own.priority;
  flow.table_id = 0;
  flow.actions = own.actions;
  return add_unasked(core, flow);
}
bool take_out(Core& core, const OwnRule& own) {
  Rule* rule = find(core, own);
  if (rule == nullptr) return true;
  if (rule->pending != nullptr) return false;
  remove_unasked(core, *rule);
  return true;
}

bool fulfil(Core& core, const OwnRule& own) { return own.wanted ? put_in(core, own) : take_out(core, own); }

// A wish is over when the opposite is asked for.
void drop_deferred(Core& core, const OwnRule& own, bool wanted) {
  std::erase_if(core.deferred, [&](const OwnRule& d) { return d.wanted == wanted && same_flow(d, own); });
  core.deferred_due = core.deferred_due && !core.deferred.empty();
}

// --- Fail-open ------------------------------------------------------------------------------------------------------

bool any_controllers(const Core& core) {
  return std::ranges::any_of(core.connections, [](const auto& conn) { return conn->primary(); });
}

// What fail-open knows about the controllers.
struct Controllers {
  bool any = false, connected = false, admitted = false;
  std::uint64_t last_admission_s = 0, patience_s = 0;
};

Controllers survey(const Core& core) {
  Controllers all;
  for (const auto& conn : core.connections) {
    if (!conn->primary()) continue;
    all.any = true;
    all.connected |= conn->up;
    all.admitted |= conn->up && conn->admitted_s >= conn->session_s;
    all.last_admission_s = std::max(all.last_admission_s, conn->admitted_s);
    all.patience_s = std::max(all.patience_s, std::uint64_t{conn->probe_interval_s} * 3);
  }
  return all;
}

OwnRule everything_to_normal(std::uint32_t priority) {
  return {priority, pack(Match{}), {kToNormal.begin(), kToNormal.end()}, true};
}

// An 802.2 SNAP frame that nobody takes for anything else.
std::vector<std::uint8_t> sign_frame() {
  constexpr std::string_view text("Open vSwitch Controller Probe", 30);  // with its final zero
  constexpr std::array<std::uint8_t, 6> from = {0x00, 0x23, 0x20, 0x80, 0x00, 0x01};
  constexpr std::array<std::uint8_t, 8> snap = {0xaa, 0xaa, 0x03, 0x00, 0x23, 0x20, 0xa0, 0x33};
  constexpr std::size_t length = snap.size() + text.size() + from.size();
  std::vector<std::uint8_t> frame(6, 0xff);
  const auto append = [&frame](const auto& part) { frame.insert(frame.end(), part.begin(), part.end()); };
  append(from);
  append(std::array<std::uint8_t, 2>{length >> 8, length & 0xff});
  append(snap);
  append(text);
  append(from);
  return frame;
}

// --- In-band control ------------------------------------------------------------------------------------------------

template <class T>
void exactly(Masked<T>& field, T value, T mask = static_cast<T>(~T{})) {
  field = {value, mask};
}

// The rules of one set of addresses, with their places behind kInBandPriority.
class InBandRules {
 public:
  void dhcp(std::uint64_t local_mac) {
    Match m = of_type(0x0800, 17);
    exactly(m.in_port, std::uint16_t{OFPP_LOCAL});
    exactly(m.dl_src, local_mac, kMac);
    exactly(m.tp_src, std::uint16_t{68});
    exactly(m.tp_dst, std::uint16_t{67});
    add(0, m);
  }
  // Replies to, requests from.
  void arp_of_mac(std::uint32_t place, std::uint64_t mac) {
    Match reply = of_type(0x0806, 2), request = of_type(0x0806, 1);
    exactly(reply.dl_dst, mac, kMac);
    exactly(request.dl_src, mac, kMac);
    add(place, reply);
    add(place + 1, request);
  }
  void remote(std::uint32_t ip, std::uint16_t port) {
    for (const auto& [place, type, protocol] :
         {std::tuple{5u, 0x0806, 2}, {6u, 0x0806, 1}, {7u, 0x0800, 6}, {8u, 0x0800, 6}}) {
      Match m = of_type(type, protocol);
      const bool to = place % 2 == 1;
      exactly(to ? m.nw_dst : m.nw_src, ip);
      if (protocol == 6) exactly(to ? m.tp_dst : m.tp_src, port);
      add(place, m);
    }
  }

  const std::vector<OwnRule>& all() const { return rules_; }

 private:
  static constexpr std::uint64_t kMac = 0xffffffffffff;

  static Match of_type(int type, int protocol) {
    Match m;
    exactly(m.dl_type, static_cast<std::uint16_t>(type));
    exactly(m.nw_proto, static_cast<std::uint8_t>(protocol));
    return m;
  }
  // Next hops and remotes may share addresses.
  void add(std::uint32_t place, const Match& match) {
    OwnRule rule{kInBandPriority + place, pack(match), {}, true};
    if (std::ranges::none_of(rules_, [&](const OwnRule& r) { return same_flow(r, rule); })) rules_.push_back(rule);
  }

  std::vector<OwnRule> rules_;
};

std::vector<std::uint8_t> in_band_actions(std::uint32_t queue) {
  std::vector<std::uint8_t> actions;
  if (queue != kNoQueue) {
    actions.assign({0xff, 0xff, 0, 16, 0, 0, 0x23, 0x20, 0, 4, 0, 0, 0, 0, 0, 0});
    store32(actions.data() + 12, queue);
  }
  actions.insert(actions.end(), kToNormal.begin(), kToNormal.end());
  return actions;
}

}  // namespace

void add_hidden(Core& core, OwnRule wanted) {
  drop_deferred(core, wanted, false);
  if (!put_in(core, wanted)) core.deferred.push_back(std::move(wanted));
}

bool remove_hidden(Core& core, const OwnRule& unwanted) {
  drop_deferred(core, unwanted, true);
  return take_out(core, unwanted);
}

void retry_deferred(Core& core) {
  core.deferred_due = false;
  std::erase_if(core.deferred, [&core](const OwnRule& own) { return fulfil(core, own); });
  core.deferred_due = core.deferred_due && !core.deferred.empty();  // what was done may have ended its own group
}

void watch_controllers(Core& core) {
  FailOpen& fail_open = core.fail_open;
  if (!fail_open.standalone) return;
  const Controllers all = survey(core);
  if (!all.any) return;
  if (!fail_open.active) {
    if (all.admitted || core.now_ms / 1000 < all.last_admission_s + all.patience_s) return;
    fail_open.active = true;
    core.flushing = true;
  }
  if (!all.connected) {
    fail_open.sign_at_ms = OFT_NEVER;
    return;
  }
  const bool due = core.now_ms >= fail_open.sign_at_ms;
  if (due) send_packet_in(core, OFPP_LOCAL, sign_frame(), OFPR_NO_MATCH, 0);
  if (due || fail_open.sign_at_ms == OFT_NEVER) fail_open.sign_at_ms = core.now_ms + kSignPeriod_ms;
}

void recover(Core& core) {
  FailOpen& fail_open = core.fail_open;
  if (!fail_open.active) return;
  const Controllers all = survey(core);
  if (fail_open.standalone && all.any && !all.admitted) return;
  fail_open.active = false;
  fail_open.sign_at_ms = OFT_NEVER;
  OwnRule rule = everything_to_normal(kFailOpenPriority);
  rule.wanted = false;
  if (!remove_hidden(core, rule)) core.deferred.push_back(std::move(rule));
}

void stand_in(Core& core) {
  if (core.fail_open.active) {
    add_hidden(core, everything_to_normal(kFailOpenPriority));
  } else if (core.fail_open.standalone && !any_controllers(core)) {
    add_hidden(core, everything_to_normal(0));
  }
}

std::uint64_t watch_at(const Core& core) {
  if (!core.fail_open.standalone) return OFT_NEVER;
  const Controllers all = survey(core);
  if (!all.any) return OFT_NEVER;
  if (core.fail_open.active) return core.fail_open.sign_at_ms;
  return all.admitted ? OFT_NEVER : (all.last_admission_s + all.patience_s) * 1000;
}

void set_in_band(Core& core, std::uint64_t local_mac, std::span<const event::InBandRemote> remotes) {
  InBandRules wanted;
  if (!remotes.empty() && local_mac != 0) {
    wanted.dhcp(local_mac);
    wanted.arp_of_mac(1, local_mac);
  }
  for (const auto& remote : remotes) {
    if (remote.next_hop_mac != 0) wanted.arp_of_mac(3, remote.next_hop_mac);
  }
  for (const auto& remote : remotes) wanted.remote(remote.ip, remote.port);

  for (OwnRule& rule : core.in_band.rules) rule.wanted = false;
  for (const OwnRule& rule : wanted.all()) {
    const auto known = std::ranges::find_if(core.in_band.rules, [&](const OwnRule& r) { return same_flow(r, rule); });
    if (known != core.in_band.rules.end()) {
      known->wanted = true;
    } else {
      core.in_band.rules.push_back(rule);
      core.in_band.rules.back().actions = in_band_actions(core.in_band.queue);
    }
  }
  core.in_band.due_s = 0;
}

void set_in_band_queue(Core& core, std::uint32_t queue) {
  if (core.in_band.queue == queue) return;
  core.in_band.queue = queue;
  for (OwnRule& rule : core.in_band.rules) rule.actions = in_band_actions(queue);
  core.in_band.due_s = 0;
}

void tend_in_band(Core& core) {
  if (core.in_band.rules.empty()) return;
  std::erase_if(core.in_band.rules, [&core](const OwnRule& own) { return fulfil(core, own) && !own.wanted; });
  core.in_band.due_s = core.now_ms / 1000 + 1;
}

}  // namespace oftwin::impl
