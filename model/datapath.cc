// A packet's way: reception, lookup in table 0, the actions of the rule that it met, and each output resolved to ports.
#include "model/datapath.h"

#include <algorithm>

#include "model/action.h"
#include "model/async.h"
#include "model/match.h"
#include "spec/openflow.h"

namespace oftwin::model {
namespace {

constexpr std::uint64_t kSpanningTree = 0x0180c2000000;

// A rule that the packet matches and may meet.
struct Candidate {
  Rule* rule = nullptr;  // nullptr: a miss
  bool certain = false;  // in force whatever becomes of the operations in flight
  bool now = false;      // in force as long as nothing has completed
};

std::vector<Candidate> matching(Turn& turn, std::uint8_t table, const FlowKey& key) {
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
    if (c.now && (best.rule == nullptr || c.rule->priority > best.rule->priority)) best = c;
  }
  return best;
}

// The packet meets at least this: a rule that is certainly there, or one of a replacement and its victim.
std::optional<std::uint32_t> least_priority(Turn& turn, const std::vector<Candidate>& all) {
  std::optional<std::uint32_t> least;
  for (const Candidate& c : all) {
    const bool replacement = !c.certain && !c.now && turn.operation_on(c.rule->name)->set_aside.has_value();
    if (c.certain || replacement) least = std::max(least.value_or(0), c.rule->priority);
  }
  return least;
}

Rule* choose(Turn& turn, std::uint8_t table, const std::vector<Candidate>& all) {
  const Candidate first = best_now(all);
  const std::optional<std::uint32_t> least = least_priority(turn, all);
  std::vector<Rule*> rules = {first.rule};
  bool in_flight = false;
  for (const Candidate& c : all) {
    if (c.rule == first.rule || (least && c.rule->priority < *least)) continue;
    rules.push_back(c.rule);
    in_flight = in_flight || !c.certain || !first.certain;
  }
  if (!least && first.rule != nullptr) rules.push_back(nullptr);
  if (rules.size() == 1) return first.rule;
  turn.hit(in_flight || !least ? ClauseId("DP-2") : ClauseId("DP-3"));
  if (!turn.choices.lookup) return first.rule;
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

Port* port_of(State& state, std::uint16_t number) {
  const auto port = std::ranges::find(state.ports, number, [](const Port& p) { return p.config.number; });
  return port == state.ports.end() ? nullptr : &*port;
}

void transmit(Turn& turn, std::uint16_t number, const Bytes& frame) {
  turn.hit("DP-7");
  Port* port = port_of(turn.state, number);
  if (port == nullptr || (port->config.config & (OFPPC_NO_FWD | OFPPC_PORT_DOWN)) != 0) return;
  ++port->counters.tx_packets;
  port->counters.tx_bytes += frame.size();
  turn.emit(observation::PacketTx{number, frame});
}

void flood(Turn& turn, std::uint16_t in_port, std::uint32_t excluded, const Bytes& frame) {
  turn.hit("DP-8");
  std::vector<std::uint16_t> numbers;
  for (const Port& p : turn.state.ports) {
    if (p.config.number != in_port && (p.config.config & excluded) == 0) numbers.push_back(p.config.number);
  }
  std::ranges::sort(numbers);
  for (const std::uint16_t number : numbers) transmit(turn, number, frame);
}

void look_up(Turn& turn, Packet& packet);

// in_packet_out: the list is that of a packet-out, not of a rule.
void output(Turn& turn, const Output& to, Packet& packet, bool in_packet_out) {
  const std::uint16_t in_port = packet.wanted.in_port;
  switch (to.port) {
    case OFPP_IN_PORT:
      return transmit(turn, in_port, packet.frame);
    case OFPP_ALL:
      return flood(turn, in_port, 0, packet.frame);
    case OFPP_FLOOD:
    case OFPP_NORMAL:
      return flood(turn, in_port, OFPPC_NO_FLOOD, packet.frame);
    case OFPP_CONTROLLER:
      turn.hit("DP-9");
      return packet_in(turn.state, in_port, packet.frame, PacketInReason::action, to.max_len, turn.out);
    case OFPP_TABLE:
      turn.hit("DP-10");
      if (!in_packet_out) return;
      packet = packet_of(Bytes(packet.frame), in_port, turn.out.clauses);
      return look_up(turn, packet);
    default:
      if (to.port != in_port) transmit(turn, to.port, packet.frame);
  }
}

void run(Turn& turn, ByteView actions, Packet& packet, bool in_packet_out) {
  while (!actions.empty()) {
    const ByteView action = take_action(actions);
    if (const std::optional<Output> to = output_of(action)) {
      write(packet, turn.out.clauses);
      output(turn, *to, packet, in_packet_out);
    } else {
      apply(packet, action, turn.out.clauses);
    }
  }
}

void miss(Turn& turn, const Packet& packet) {
  turn.hit("DP-5");
  const std::uint16_t in_port = packet.wanted.in_port;
  const Port* port = port_of(turn.state, in_port);
  if (port != nullptr && (port->config.config & OFPPC_NO_PACKET_IN) != 0) return;
  packet_in(turn.state, in_port, packet.frame, PacketInReason::no_match, 0xffff, turn.out);
}

Bytes actions_in_force(Turn& turn, const Rule& rule) {
  const Operation* op = turn.operation_on(rule.name);
  if (op == nullptr || op->kind != OperationKind::modify) return rule.actions;
  turn.hit("DP-11");
  return op->old_actions;
}

void look_up(Turn& turn, Packet& packet) {
  turn.hit("DP-1");
  constexpr std::uint8_t table = 0;
  Rule* rule = choose(turn, table, matching(turn, table, packet.written));
  ++turn.state.tables[table].lookup_count;
  turn.emit(observation::Lookup{table, rule ? std::optional(rule->name) : std::nullopt});
  if (rule == nullptr) return miss(turn, packet);
  turn.hit("MATCH-1");
  ++turn.state.tables[table].matched_count;
  count(turn, *rule, packet.frame.size());
  run(turn, actions_in_force(turn, *rule), packet, false);
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

}  // namespace

void packet_arrives(Turn& turn, std::uint16_t number, ByteView frame) {
  Port* port = port_of(turn.state, number);
  if (port == nullptr) return;
  if (!received(turn, *port, frame)) {
    turn.hit("DP-6");
    ++port->counters.rx_dropped;
    return;
  }
  ++port->counters.rx_packets;
  port->counters.rx_bytes += frame.size();
  Packet packet = packet_of(frame, number, turn.out.clauses);
  look_up(turn, packet);
}

void packet_out(Turn& turn, std::uint16_t in_port, ByteView frame, ByteView actions) {
  turn.hit("DP-13");
  if (frame.size() < kEthernetHeader) return;
  Packet packet = packet_of(frame, in_port, turn.out.clauses);
  run(turn, actions, packet, true);
}

void execute_rule(Turn& turn, RuleName name, std::uint16_t in_port, ByteView frame) {
  if (frame.size() < kEthernetHeader) return;
  for (Table& table : turn.state.tables) {
    const auto rule = std::ranges::find(table.rules, name, &Rule::name);
    if (rule == table.rules.end()) continue;
    turn.hit("DP-14");
    count(turn, *rule, frame.size());
    Packet packet = packet_of(frame, in_port, turn.out.clauses);
    return run(turn, Bytes(rule->actions), packet, false);
  }
}

}  // namespace oftwin::model
