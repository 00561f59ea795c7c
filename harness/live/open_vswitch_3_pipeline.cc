#include "harness/live/open_vswitch_3_pipeline.h"

#include <algorithm>

#include "harness/live/open_vswitch_3_frame.h"
#include "harness/live/open_vswitch_3_hash.h"
#include "harness/live/open_vswitch_3_parts.h"
#include "model/action.h"
#include "model/async.h"
#include "model/match.h"
#include "model/nicira_action.h"
#include "model/turn.h"
#include "model/wire.h"
#include "spec/nicira.h"

namespace oftwin::harness::live::ovs3 {
namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::uint64_t kSpanningTree = 0x0180c2000000;
constexpr std::uint16_t kNoType = 0x05ff;                                            // of a frame of 802.3
constexpr std::uint32_t kDepth = 64, kResubmissions = 4096;                          // more is an error
constexpr std::uint32_t kLawDepth = 16, kLawResubmissions = 256, kLawCopies = 4096;  // DP-16, DP-17
constexpr std::size_t kMostWords = 60'000, kOutputWords = 300, kMostPacketIns = 40;  // see Run::emit
constexpr std::uint8_t kInternalTable = 254;

class Run {
 public:
  Run(const model::State& state, const Memory& memory, const Arrived& arrived, const model::Choices& choices, Way& way)
      : state_(state), memory_(memory), choices_(choices), way_(way), frame_(arrived.frame, arrived.in_port) {
    if (arrived.frame.size() < kEthernet) return;
    law_ = model::packet_of(arrived.frame, arrived.in_port, 0, unused_);
    if (law_->wanted != frame_.seen(false)) cause_ = "odd-frames";
  }

  void packet_out(ByteView actions) {
    const model::Port* in = port(frame_.wanted.in_port);
    const bool spanning_tree = frame_.wanted.dl_dst == kSpanningTree && frame_.wanted.dl_type == kNoType;
    const std::uint32_t refused = spanning_tree ? OFPPC_NO_RECV_STP : OFPPC_NO_RECV;
    if (in != nullptr && (in->config.config & refused) != 0) {
      if (!actions.empty()) differs("port-config-of-packet-outs");
      return;
    }
    list(actions, {});
  }
  void arrives() {
    arrived_ = true;
    look_up({0, frame_.wanted.in_port}, {}, true, true);
  }

 private:
  struct Place {
    std::uint8_t table = 0;
    std::uint32_t depth = 0, law_depth = 0;
  };
  using Candidates = std::vector<const model::Rule*>;

  const model::Port* port(std::uint16_t number) const { return model::find_port(state_.ports, number); }
  bool over() const { return way_.refused || !way_.leaves.empty(); }

  // From here on the law's packet goes another way.
  void parts(std::string_view reading) {
    differs(reading);
    law_.reset();
  }
  void differs(std::string_view reading) {
    if (std::find(way_.readings.begin(), way_.readings.end(), reading) == way_.readings.end())
      way_.readings.push_back(reading);
  }

  void list(ByteView actions, Place place) {
    while (!actions.empty() && !over()) {
      const ByteView action = model::take_action(actions);
      const std::uint16_t in_port = frame_.wanted.in_port;
      const auto again = model::is_nicira(action) ? model::resubmission_of(action, place.table, in_port) : std::nullopt;
      if (again) {
        resubmit(*again, place, false, false);
      } else if (const auto slave = slave_of(action)) {
        output(*slave, 0, place, false);
      } else if (const auto to = model::output_of(action, state_.ports, unused_)) {
        output(to->port, to->max_len, place, !to->queue);
      } else {
        change(action);
      }
    }
  }

  bool live(std::uint16_t slave) const {
    if (slave >= OFPP_IN_PORT && slave != OFPP_LOCAL) return true;
    const model::Port* p = port(slave);
    return p != nullptr && (p->config.state & OFPPS_LINK_DOWN) == 0;
  }
  // Of a bundle that sends; nullopt: it is none.
  std::optional<std::uint16_t> slave_of(ByteView action) {
    if (!model::is_nicira(action)) return std::nullopt;
    const auto lawful = model::bundle_port(action, state_.ports, unused_);
    if (!lawful) return std::nullopt;
    const std::uint16_t slave = bundle_slave(action, frame_.wanted, [&](std::uint16_t s) { return live(s); });
    if (slave != *lawful) parts("hashes");
    return slave;
  }

  void change(ByteView action) {
    if (law_) model::apply(*law_, action, state_.ports, unused_);
    if (!frame_.heeds(action)) return;
    if (!model::is_nicira(action) && model::get<wire::action::type>(action) == OFPAT_STRIP_VLAN)
      return frame_.strip_vlan();
    Bytes chosen(action.begin(), action.end());
    if (model::is_nicira(action)) choose(chosen);
    model::Packet packet;
    packet.wanted = frame_.wanted;
    model::apply(packet, chosen, state_.ports, unused_);
    frame_.wanted = packet.wanted;
  }
  // Makes the loading of what a hash chooses a plain load.
  void choose(Bytes& action) {
    namespace w = wire::nx_action;
    const auto type = model::get<w::subtype>(action);
    if (type != NXAST_MULTIPATH && type != NXAST_BUNDLE_LOAD) return;
    const bool multipath = type == NXAST_MULTIPATH;
    const std::uint16_t value = multipath
                                    ? multipath_link(action, frame_.wanted)
                                    : bundle_slave(action, frame_.wanted, [&](std::uint16_t s) { return live(s); });
    const auto range = multipath ? model::get<w::multipath_ofs_nbits>(action) : model::get<w::bundle_ofs_nbits>(action);
    const auto to = multipath ? model::get<w::multipath_dst>(action) : model::get<w::bundle_dst>(action);
    model::put(action, w::subtype, NXAST_REG_LOAD);
    model::put(action, w::load_ofs_nbits, range);
    model::put(action, w::load_dst, to);
    model::put(action, w::load_value, value);
    if (cause_.empty()) cause_ = "hashes";
  }

  void output(std::uint16_t to, std::uint16_t max_len, Place place, bool hands_up_a_miss) {
    const std::uint16_t in_port = frame_.wanted.in_port;
    switch (to) {
      case OFPP_NONE:
        return;
      case OFPP_TABLE:
        return resubmit({0, in_port}, place, hands_up_a_miss, true);
      case OFPP_IN_PORT:
        return transmit(in_port);
      case OFPP_ALL:
        return flood(0);
      case OFPP_FLOOD:
        return flood(OFPPC_NO_FLOOD);
      case OFPP_NORMAL:
        write();
        way_.normal = true;
        return differs("normal-learns");
      case OFPP_CONTROLLER:
        return hand_up(PacketInReason::action, max_len);
      default:
        if (to != in_port) transmit(to);
    }
  }

  void flood(std::uint32_t excluded) {
    std::vector<std::uint16_t> numbers;
    for (const model::Port& p : state_.ports) {
      if (p.config.number != frame_.wanted.in_port && (p.config.config & excluded) == 0)
        numbers.push_back(p.config.number);
    }
    std::sort(numbers.begin(), numbers.end());
    for (const std::uint16_t number : numbers) transmit(number);
  }

  void transmit(std::uint16_t number) {
    const model::Port* to = port(number);
    if (to == nullptr || (to->config.config & OFPPC_NO_FWD) != 0) return;
    if ((to->config.config & OFPPC_PORT_DOWN) != 0) differs("port-down");
    write();
    emit(number, PacketInReason::action);
  }
  void hand_up(PacketInReason reason, std::uint16_t max_len) {
    write();
    if (reason == PacketInReason::action && max_len < frame_.bytes.size()) differs("whole-packets");
    emit(OFPP_CONTROLLER, reason);
    const auto to_controller = [](const Way::Out& o) { return o.port == OFPP_CONTROLLER; };
    // So many may be lost on their way.
    if (std::count_if(way_.outs.begin(), way_.outs.end(), to_controller) > std::ptrdiff_t{kMostPacketIns})
      way_.leaves = "resubmit-depth";
  }
  // Its list of outputs has an end, which is known only roughly.
  void emit(std::uint16_t to, PacketInReason reason) {
    words_ += kOutputWords;
    if (words_ > kMostWords) way_.leaves = "resubmit-depth";
    if (++copies_ > kLawCopies) parts("resubmit-depth");
    way_.outs.push_back({to, frame_.bytes, reason});
  }
  void write() {
    frame_.commit();
    if (!law_) return;
    model::write(*law_, unused_);
    if (law_->frame != frame_.bytes) parts(cause_ == "hashes" ? "hashes" : "rewrites");
  }

  // hands_up_a_miss: to the controller; law_does: the law would.
  void resubmit(model::Resubmission to, Place from, bool hands_up_a_miss, bool law_does) {
    if (from.depth >= kDepth || resubmissions_ >= kResubmissions) {
      way_.refused = kUnencodable;
      return differs("resubmit-depth");
    }
    if (to.table > kInternalTable) return;
    if (from.law_depth == kLawDepth || resubmissions_ == kLawResubmissions) parts("resubmit-depth");
    ++resubmissions_;
    if (to.table == kInternalTable) return look_up_internal();
    look_up(to, {to.table, from.depth + (to.table <= from.table), from.law_depth + 1}, hands_up_a_miss, law_does);
  }
  void look_up(model::Resubmission to, Place here, bool hands_up_a_miss, bool law_does) {
    if (frame_.fragment && state_.provider.drop_fragments) {
      way_.lookups.push_back({to.table, {}, true});
      return parts("fragments-by-anyone");
    }
    const model::Rule* rule = meet(to);
    way_.lookups.push_back({to.table, rule ? std::optional(rule->name) : std::nullopt, rule != nullptr});
    if (rule != nullptr) return list(rule->actions, here);
    if (hands_up_a_miss != law_does) parts("hashes");
    if (!hands_up_a_miss) return;
    const model::Port* in = port(frame_.wanted.in_port);
    if (in != nullptr && (in->config.config & OFPPC_NO_PACKET_IN) != 0)
      parts(arrived_ ? "misses-come-nevertheless" : "port-config-of-packet-outs");
    hand_up(PacketInReason::no_match, 0xffff);
  }
  // The rules of its own are told by the first register; one of them stands for a miss.
  void look_up_internal() {
    if (frame_.wanted.reg[0] != 1) return;
    parts("table-of-its-own");
    hand_up(PacketInReason::no_match, 0xffff);
  }

  Candidates candidates(std::uint8_t table, const FlowKey& key) const {
    Candidates out;
    for (const model::Rule& rule : state_.tables[table].rules) {
      if (!out.empty() && rule.priority < out[0]->priority) continue;
      if (!model::matches(rule.match, key)) continue;
      if (!out.empty() && rule.priority > out[0]->priority) out.clear();
      out.push_back(&rule);
    }
    return out;
  }
  const model::Rule* meet(model::Resubmission to) {
    FlowKey key = frame_.seen(memory_.ports_of_fragments);
    const std::uint16_t in_port = to.in_port == OFPP_IN_PORT ? key.in_port : to.in_port;
    key.in_port = in_port;
    const Candidates rules = candidates(to.table, key);
    if (law_) {
      FlowKey lawful = law_->wanted;
      lawful.in_port = to.in_port;
      if (lawful != key && candidates(to.table, lawful) != rules) parts(why(lawful, key));
    }
    if (rules.size() < 2 || !choices_.lookup) return rules.empty() ? nullptr : rules[0];
    model::LookupQuestion question{0, to.table, {}};
    for (const model::Rule* r : rules) question.candidates.emplace_back(r->name);
    const std::size_t answer = choices_.lookup(question);
    return answer < rules.size() ? rules[answer] : rules[0];
  }
  std::string_view why(FlowKey lawful, const FlowKey& key) const {
    if (lawful.in_port != key.in_port) {
      lawful.in_port = key.in_port;
      if (lawful == key) return "resubmit-in-port";
    }
    if (frame_.fragment && memory_.ports_of_fragments) return "fragments-by-anyone";
    return cause_.empty() ? "rewrites" : cause_;
  }

  const model::State& state_;
  const Memory& memory_;
  const model::Choices& choices_;
  Way& way_;
  Frame frame_;
  std::optional<model::Packet> law_;  // as long as it goes the same way
  std::string_view cause_;            // of fields that are not the law's
  std::uint32_t resubmissions_ = 0, copies_ = 0;
  std::size_t words_ = 0;
  bool arrived_ = false;  // on a port
  model::Clauses unused_;
};

}  // namespace

Way follow(const model::State& state, const Memory& memory, const Arrived& arrived, const model::Choices& choices) {
  Way way;
  way.in_port = arrived.in_port;
  way.size = arrived.frame.size();
  Run run(state, memory, arrived, choices, way);
  arrived.actions ? run.packet_out(*arrived.actions) : run.arrives();
  const bool any = !way.lookups.empty() || way.refused;
  if (arrived.frame.size() < kEthernet && way.leaves.empty()) {
    // It is looked up and counted, and nothing comes out.
    way.readings.clear();
    if (any) way.readings.emplace_back("short-frame");
    way.outs.clear();
    way.normal = false;
  }
  return way;
}

void apply(const Way& way, model::State& state, Memory& memory, model::Outcome& outcome) {
  for (const Way::Lookup& lookup : way.lookups) {
    model::Table& table = state.tables[lookup.table];
    ++table.lookup_count;
    table.matched_count += lookup.matched;
    if (!lookup.rule) continue;
    model::Rule* rule = model::find(table.rules, *lookup.rule, &model::Rule::name);
    ++rule->packets;
    rule->bytes += way.size;
    rule->used_ms = state.now_ms;
  }
  memory.ports_are_open = memory.ports_are_open || way.normal;
  const model::Choices choices;
  model::Turn turn{state, choices, outcome};
  for (const Way::Out& out : way.outs) {
    if (out.port == OFPP_CONTROLLER) {
      model::packet_in(turn, way.in_port, out.frame, out.reason, 0xffff);
      continue;
    }
    model::Port* to = turn.port(out.port);
    ++to->counters.tx_packets;
    to->counters.tx_bytes += out.frame.size();
    turn.emit(observation::PacketTx{out.port, out.frame});
  }
}

}  // namespace oftwin::harness::live::ovs3
