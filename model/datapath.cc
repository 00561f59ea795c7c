// A packet's way: reception, lookup in table 0, the actions of the rule that it met with all lookups that these ask
// for, and each output resolved to ports.
#include "model/datapath.h"

#include <algorithm>

#include "model/action.h"
#include "model/async.h"
#include "model/match.h"
#include "model/nicira_action.h"
#include "spec/openflow.h"

namespace oftwin::model {
namespace {

constexpr std::uint64_t kSpanningTree = 0x0180c2000000;
constexpr std::uint32_t kMaxDepth = 16, kMaxResubmissions = 256, kMaxCopies = 4096;  // of a packet

// A rule that the packet matches and may meet.
struct Candidate {
  Rule* rule = nullptr;  // nullptr: a miss
  bool certain = false;  // in force whatever becomes of the operations in flight
  bool now = false;      // in force as long as nothing has completed
};

// Among others a rule without wildcards stands highest, whatever its priority (MATCH-11).
std::uint32_t rank(const Rule& rule) { return rule.exact ? 0xffff : rule.priority; }

// ports_missing: the packet has none, see Headers.
std::vector<Candidate> matching(Turn& turn, std::uint8_t table, const FlowKey& key, bool ports_missing) {
  const auto matches = [&](const Match& match, const FlowKey& k) {
    if (!model::matches(match, k)) return false;
    return !ports_missing || (match.tp_src.mask | match.tp_dst.mask) == 0 || !turn.reading("PKT-11");
  };
  std::vector<Candidate> all;
  for (Rule& rule : turn.state.tables[table].rules) {
    const Operation* op = turn.operation_on(rule.name);
    const bool certain = op == nullptr || op->kind != OperationKind::add;
    if (matches(rule.match, key)) all.push_back({&rule, certain, certain});
  }
  for (Operation& op : turn.state.operations) {
    if (!op.set_aside || op.set_aside->table != table || !matches(op.set_aside->match, key)) continue;
    all.push_back({&*op.set_aside, false, true});
  }
  return all;
}

// What is met if nothing in flight has happened yet; of equals the first.
Candidate best_now(const std::vector<Candidate>& all) {
  Candidate best;
  for (const Candidate& c : all) {
    if (c.now && (best.rule == nullptr || rank(*c.rule) > rank(*best.rule))) best = c;
  }
  return best;
}

// The packet meets at least this: a rule that is certainly there, or one of a replacement and its victim.
std::optional<std::uint32_t> least_priority(Turn& turn, const std::vector<Candidate>& all) {
  std::optional<std::uint32_t> least;
  for (const Candidate& c : all) {
    const bool replacement = !c.certain && !c.now && turn.operation_on(c.rule->name)->set_aside.has_value();
    if (c.certain || replacement) least = std::max(least.value_or(0), rank(*c.rule));
  }
  return least;
}

Rule* choose(Turn& turn, std::uint8_t table, const std::vector<Candidate>& all) {
  const Candidate first = best_now(all);
  const std::optional<std::uint32_t> least = least_priority(turn, all);
  std::vector<Rule*> rules = {first.rule};
  bool in_flight = false;
  for (const Candidate& c : all) {
    if (c.rule == first.rule || (least && rank(*c.rule) < *least)) continue;
    rules.push_back(c.rule);
    in_flight = in_flight || !c.certain || !first.certain;
  }
  if (!least && first.rule != nullptr) rules.push_back(nullptr);
  if (rules.size() == 1) return first.rule;
  turn.hit(in_flight || !least ? ClauseId("DP-2") : ClauseId("DP-3"));
  if (!turn.choices.lookup) return first.rule;
  turn.begin_iteration_output();
  LookupQuestion question{turn.position(), table, {}};
  for (const Rule* r : rules) question.candidates.push_back(r ? std::optional(r->name) : std::nullopt);
  const std::size_t answer = turn.choices.lookup(question);
  return answer < rules.size() ? rules[answer] : first.rule;
}

void count(Turn& turn, Rule& rule, std::size_t bytes) {
  turn.hit("DP-4");
  ++rule.packets;
  rule.bytes += bytes;
  rule.used_ms = turn.state.now_ms;
}

// A list that is being run: the table of its rule, and how many resubmissions led to it.
struct List {
  ByteView actions;
  std::uint8_t table = 0;
  std::uint32_t depth = 0;
};

// One more copy of the packet leaves or is handed up, and what does not show in it goes before; false: that is too
// many.
bool copy(Turn& turn, Packet& packet) {
  if (packet.copies == kMaxCopies) {
    turn.hit("DP-17");
    return false;
  }
  ++packet.copies;
  turn.hit("DP-18");
  const observation::Metadata metadata{packet.wanted.tun_id, packet.wanted.reg, packet.queue};
  if (metadata != observation::Metadata{}) turn.emit(metadata);
  return true;
}

void transmit(Turn& turn, std::uint16_t number, Packet& packet) {
  turn.hit("DP-7");
  if (foreign(turn)) turn.hit("DP-20");
  Port* port = turn.port(number);
  if (port == nullptr || (port->config.config & (OFPPC_NO_FWD | OFPPC_PORT_DOWN)) != 0) return;
  if (port->config.state & OFPPS_LINK_DOWN) turn.hit("PORT-9");
  if (!copy(turn, packet)) return;
  ++port->counters.tx_packets;
  port->counters.tx_bytes += packet.frame.size();
  turn.emit(observation::PacketTx{number, packet.frame});
}

void flood(Turn& turn, std::uint32_t excluded, Packet& packet) {
  turn.hit("DP-8");
  std::vector<std::uint16_t> numbers;
  for (const Port& p : turn.state.ports) {
    if (p.config.number != packet.wanted.in_port && (p.config.config & excluded) == 0) {
      numbers.push_back(p.config.number);
    }
  }
  std::ranges::sort(numbers);
  for (const std::uint16_t number : numbers) transmit(turn, number, packet);
}

void hand_up(Turn& turn, Packet& packet, PacketInReason reason, std::uint16_t max_len) {
  if (!copy(turn, packet)) return;
  packet_in(turn, packet.wanted.in_port, packet.frame, reason, max_len);
}

void resubmit(Turn& turn, Packet& packet, Resubmission to, const List& from, bool hands_up_a_miss);

void output(Turn& turn, const Output& to, Packet& packet, const List& list) {
  const std::uint16_t in_port = packet.wanted.in_port;
  if (to.port == OFPP_NONE) return;
  if (to.port == OFPP_TABLE) {
    turn.hit("DP-10");
    return resubmit(turn, packet, {0, in_port}, list, true);
  }
  write(packet, turn.out.clauses);
  switch (to.port) {
    case OFPP_IN_PORT:
      return transmit(turn, in_port, packet);
    case OFPP_ALL:
      return flood(turn, 0, packet);
    case OFPP_FLOOD:
    case OFPP_NORMAL:
      return flood(turn, OFPPC_NO_FLOOD, packet);
    case OFPP_CONTROLLER:
      turn.hit("DP-9");
      return hand_up(turn, packet, PacketInReason::action, to.max_len);
    default:
      if (to.port == in_port) return turn.hit("DP-7");
      transmit(turn, to.port, packet);
  }
}

void run(Turn& turn, const List& list, Packet& packet) {
  for (ByteView rest = list.actions; !rest.empty();) {
    const ByteView action = take_action(rest);
    const auto again = is_nicira(action) ? resubmission_of(action, list.table, packet.wanted.in_port) : std::nullopt;
    if (again) {
      resubmit(turn, packet, *again, list, false);
    } else if (const auto to = output_of(action, turn.state.ports, turn.out.clauses)) {
      const auto queue = packet.queue;
      if (to->queue) set_queue(packet, *to->queue, turn.out.clauses);
      output(turn, *to, packet, list);
      packet.queue = to->queue ? queue : packet.queue;
    } else {
      apply(packet, action, turn.state.ports, turn.out.clauses);
    }
  }
}

void miss(Turn& turn, Packet& packet) {
  turn.hit("DP-5");
  const Port* port = turn.port(packet.wanted.in_port);
  if (port != nullptr && (port->config.config & OFPPC_NO_PACKET_IN) != 0) return;
  write(packet, turn.out.clauses);
  hand_up(turn, packet, PacketInReason::no_match, 0xffff);
}

Bytes actions_in_force(Turn& turn, const Rule& rule) {
  const Operation* op = turn.operation_on(rule.name);
  if (op == nullptr || op->kind != OperationKind::modify) return rule.actions;
  turn.hit("DP-11");
  return op->old_actions;
}

// The table behind this one that the packet is looked up in when it has met nothing; only where one of them has a rule
// for it does it matter.
std::optional<std::uint8_t> next_table(Turn& turn, std::uint8_t table, const FlowKey& key, bool ports_missing) {
  for (std::size_t t = table + 1u; t < turn.state.tables.size(); ++t) {
    if (matching(turn, static_cast<std::uint8_t>(t), key, ports_missing).empty()) continue;
    return turn.reading("DP-21") ? std::optional(static_cast<std::uint8_t>(table + 1)) : std::nullopt;
  }
  return std::nullopt;
}

void look_up(Turn& turn, Packet& packet, Resubmission to, std::uint32_t depth, bool hands_up_a_miss) {
  turn.hit("DP-1");
  FlowKey key = packet.wanted;
  key.in_port = to.in_port;
  Table& table = turn.state.tables[to.table];
  Rule* rule = choose(turn, to.table, matching(turn, to.table, key, packet.ports_missing));
  ++table.lookup_count;
  turn.emit(observation::Lookup{to.table, rule ? std::optional(rule->name) : std::nullopt});
  if (rule == nullptr) {
    const auto next = hands_up_a_miss ? next_table(turn, to.table, key, packet.ports_missing) : std::nullopt;
    if (next) return look_up(turn, packet, {*next, to.in_port}, depth, true);
    return hands_up_a_miss ? miss(turn, packet) : void();
  }
  turn.hit("MATCH-1");
  ++table.matched_count;
  count(turn, *rule, packet.length);
  const Bytes actions = actions_in_force(turn, *rule);
  run(turn, {actions, to.table, depth}, packet);
}

void resubmit(Turn& turn, Packet& packet, Resubmission to, const List& from, bool hands_up_a_miss) {
  turn.hit("DP-15");
  if (to.table >= turn.state.tables.size()) return;
  if (from.depth == kMaxDepth || packet.resubmissions == kMaxResubmissions) return turn.hit("DP-16");
  ++packet.resubmissions;
  look_up(turn, packet, to, from.depth + 1, hands_up_a_miss);
}

// Whether the port takes the frame in.
bool received(Turn& turn, const Port& port, ByteView frame) {
  if ((port.config.config & OFPPC_PORT_DOWN) != 0 || frame.size() < kEthernetHeader) return false;
  const Headers h = parse(frame, port.config.number, turn.out.clauses);
  const std::uint32_t refused = h.key.dl_dst == kSpanningTree ? OFPPC_NO_RECV_STP : OFPPC_NO_RECV;
  if ((port.config.config & refused) != 0) return false;
  if (!turn.state.provider.drop_fragments || !h.ipv4_fragment) return true;
  turn.hit("DP-12");
  return false;
}

// An ARP packet's opcode and addresses are in its key, whatever the opcode, if the switch reads so.
Packet packet_read(Turn& turn, ByteView frame, std::uint16_t in_port, std::uint64_t tun_id) {
  Packet p = packet_of(frame, in_port, tun_id, turn.out.clauses);
  if (!p.whole_arp) return p;
  const Headers::Arp& arp = *p.whole_arp;
  const bool as_here =
      p.wanted.nw_proto == arp.opcode && p.wanted.nw_src == arp.source && p.wanted.nw_dst == arp.target;
  if (as_here || !turn.reading("PKT-12")) return p;
  p.wanted.nw_proto = arp.opcode;
  p.wanted.nw_src = arp.source;
  p.wanted.nw_dst = arp.target;
  p.written = p.wanted;
  return p;
}

}  // namespace

void packet_arrives(Turn& turn, std::uint16_t number, ByteView frame, std::uint64_t tun_id) {
  Port* port = turn.port(number);
  if (port == nullptr) return;
  if (!received(turn, *port, frame)) {
    turn.hit("DP-6");
    ++port->counters.rx_dropped;
    return;
  }
  ++port->counters.rx_packets;
  port->counters.rx_bytes += frame.size();
  Packet packet = packet_read(turn, frame, number, tun_id);
  look_up(turn, packet, {0, number}, 0, true);
}

void packet_out(Turn& turn, std::uint16_t in_port, ByteView frame, ByteView actions) {
  turn.hit("DP-13");
  if (frame.size() < kEthernetHeader) return;
  Packet packet = packet_read(turn, frame, in_port, 0);
  run(turn, {actions}, packet);
}

void execute_rule(Turn& turn, RuleName name, std::uint16_t in_port, ByteView frame) {
  Rule* rule = turn.rule_in_table(name);
  if (!rule || frame.size() < kEthernetHeader) return;
  turn.hit("DP-14");
  count(turn, *rule, frame.size());
  Packet packet = packet_read(turn, frame, in_port, 0);
  run(turn, {rule->actions, rule->table}, packet);
}

}  // namespace oftwin::model
