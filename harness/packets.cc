// One scenario at a time: played, then each frame judged, then the flows at the end. What a difference in one frame
// does to the counters is carried along, so that the flows are judged exactly, too.
#include "harness/packets.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/packets_prediction.h"
#include "harness/packets_registers.h"
#include "harness/packets_rules.h"
#include "harness/print.h"
#include "harness/recording.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

constexpr ConnName kConn{ConnKind::service, 1};               // has no packet buffers, as the recorded connection
constexpr std::uint32_t kTableIdsEvent = 3, kRulesEvent = 5;  // the n-th message of the latter makes the n-th rule
constexpr std::size_t kTables = 254;                          // as many as recorded
constexpr std::size_t kShown = 12;                            // failures that are spelled out

// --- What a side let out --------------------------------------------------------------------------------------------

struct SideHits {
  std::vector<observation::Lookup> lookups;
  std::vector<PacketHit> hits;  // cookie not filled in
  std::vector<Bytes> errors;
};

std::vector<Bytes> sent(std::span<const Observation> observations, std::uint8_t type) {
  std::vector<Bytes> messages;
  for (const Observation& o : observations) {
    const auto* send = std::get_if<observation::Send>(&o);
    if (send == nullptr || send->bytes.size() < wire::header::size) continue;
    if (send->bytes[wire::header::type.offset] == type) messages.push_back(send->bytes);
  }
  return messages;
}

PacketHit packet_in(const Bytes& message) {
  Reader r(message);
  r.take(wire::packet_in::total_len.offset);
  PacketHit h;
  h.total_len = r.get<std::uint16_t>();
  h.in_port = r.get<std::uint16_t>();
  h.miss = r.get<std::uint8_t>() == OFPR_NO_MATCH;
  r.take(1);
  const ByteView frame = r.rest();
  h.frame.assign(frame.begin(), frame.end());
  return h;
}

PacketMeta packet_meta(const observation::Metadata& o) {
  PacketMeta meta;
  meta.tun_id = o.tun_id;
  std::ranges::copy(o.reg, meta.reg.begin());
  return meta;
}

SideHits side_hits(std::span<const Observation> observations) {
  SideHits s;
  PacketMeta meta;  // of the frame that goes next
  for (const Observation& o : observations) {
    if (const auto* lookup = std::get_if<observation::Lookup>(&o)) s.lookups.push_back(*lookup);
    if (const auto* metadata = std::get_if<observation::Metadata>(&o)) meta = packet_meta(*metadata);
    if (std::holds_alternative<observation::PacketTx>(o)) meta = {};
    for (const Bytes& message : sent({&o, 1}, OFPT_PACKET_IN)) {
      s.hits.push_back(packet_in(message));
      s.hits.back().meta = std::exchange(meta, {});
    }
  }
  s.errors = sent(observations, OFPT_ERROR);
  return s;
}

// source: OpenFlow 1.0 struct ofp_flow_stats
std::vector<PacketFlow> flow_stats(std::span<const Observation> observations) {
  std::vector<PacketFlow> flows;
  for (const Bytes& message : sent(observations, OFPT_STATS_REPLY)) {
    ByteView rest = ByteView(message).subspan(std::min<std::size_t>(wire::stats_msg::size, message.size()));
    while (rest.size() >= wire::flow_stats::size) {
      const ByteView entry = rest.first(std::min<std::size_t>(Reader(rest).get<std::uint16_t>(), rest.size()));
      if (entry.size() < wire::flow_stats::size) break;
      const auto number = [&](wire::Field f) {
        std::uint64_t n = 0;
        for (std::size_t i = 0; i < f.size; ++i) n = n << 8 | entry[f.offset + i];
        return n;
      };
      PacketFlow f;
      f.table = static_cast<std::uint8_t>(number(wire::flow_stats::table_id));
      f.priority = static_cast<std::uint16_t>(number(wire::flow_stats::priority));
      f.idle_timeout = static_cast<std::uint16_t>(number(wire::flow_stats::idle_timeout));
      f.hard_timeout = static_cast<std::uint16_t>(number(wire::flow_stats::hard_timeout));
      f.cookie = number(wire::flow_stats::cookie);
      f.packets = number(wire::flow_stats::packet_count);
      f.bytes = number(wire::flow_stats::byte_count);
      f.actions.assign(entry.begin() + wire::flow_stats::size, entry.end());
      flows.push_back(std::move(f));
      rest = rest.subspan(entry.size());
    }
  }
  return flows;
}

// --- One scenario ---------------------------------------------------------------------------------------------------

bool same(const PacketHit& side, const PacketHit& recorded) {
  return side.miss == recorded.miss && side.in_port == recorded.in_port && side.total_len == recorded.total_len &&
         side.frame == recorded.frame && side.meta == recorded.meta;
}

std::string hits_text(const std::vector<PacketHit>& hits) {
  std::string text;
  for (const PacketHit& h : hits) text += fmt::format("\n    {} {}", h.miss ? "miss" : "action", print_hex(h.frame));
  return hits.empty() ? " nothing" : text;
}

class ScenarioJudge {
 public:
  ScenarioJudge(PacketScenario scenario, Lockstep& lockstep, PacketsReport& report,
                std::array<std::uint64_t, kPacketLabels>& used)
      : s_(std::move(scenario)), lockstep_(lockstep), report_(report), used_(used) {}

  void judge() {
    lockstep_.start(switch_config());
    deliver(1, encode(request::SetConfig{1, OFPC_FRAG_NORMAL, 0xffff}));
    if (alive_ && s_.table_ids) deliver(kTableIdsEvent, encode(request::FlowModTableId{kTableIdsEvent, 1}));
    Bytes rules;
    for (const Bytes& rule : s_.rules) put_bytes(rules, rule);
    if (!alive_) return;
    deliver(kRulesEvent, rules);
    if (!alive_) return;
    judge_answers();
    std::uint32_t event = kRulesEvent + 2;
    for (const PacketProbe& probe : s_.probes) {
      judge_probe(event, probe);
      event += 2;
      if (!alive_) return;
    }
    deliver(event, encode(everything()));
    if (!alive_) return;
    judge_flows(flow_stats(lockstep_.wanted()), "model");
    judge_flows(flow_stats(lockstep_.got()), "subject");
  }

 private:
  static request::FlowStats everything() {
    request::FlowStats r;
    r.xid = 2;
    return r;
  }
  static SwitchConfig switch_config() {
    SwitchConfig c;
    c.provider = ProviderMode::simulated;
    c.connections = {kConn};
    c.tables.resize(kTables);
    for (const std::uint16_t number : std::initializer_list<std::uint16_t>{1, 2, 3, OFPP_LOCAL}) {
      PortConfig port;
      port.number = number;
      port.hw_addr = {0xaa, 0x55, 0xaa, 0x55, 0, static_cast<std::uint8_t>(number)};
      port.name = number == OFPP_LOCAL ? "br0" : fmt::format("p{}", number);
      c.ports.push_back(std::move(port));
    }
    return c;
  }

  // Bytes to the switch; the Loop event after it carries what came out.
  void deliver(std::uint32_t id, Bytes bytes) {
    advance({id, event::Recv{kConn, std::move(bytes)}});
    if (alive_) advance({id + 1, event::Loop{0}});
  }
  void advance(const Event& event) {
    if (const std::optional<Divergence> d = lockstep_.advance(event)) {
      alive_ = false;
      const auto line = [](const std::optional<Observation>& o) { return o ? print_observation(*o) : "nothing"; };
      fail(fmt::format("event {}", event.id), fmt::format("model and subject differ: {}\n  model: {}\n  subject: {}",
                                                          d->note, line(d->want), line(d->got)));
    }
  }

  void fail(std::string_view where, std::string_view what) {
    ++report_.failures;
    if (report_.differences.size() < kShown)
      report_.differences.push_back(fmt::format("{} {}: {}", s_.id, where, what));
  }

  void use(PacketLabels labels) {
    for (std::size_t i = 0; i < kPacketLabels; ++i) used_[i] += labels[i];
  }

  void judge_answers() {
    for (const std::string_view side : {"model", "subject"}) {
      const auto errors = sent(side == "model" ? lockstep_.wanted() : lockstep_.got(), OFPT_ERROR);
      PacketRules read = read_rules(s_, errors, lockstep_.state(), kRulesEvent);
      for (const std::string& complaint : read.complaints) fail(side, complaint);
      if (side == "subject") continue;  // the rules are the model's, with which the subject has agreed
      for (const PacketLabel label : read.used) use(only(label));
      rules_ = std::move(read.rules);
    }
    adjust_packets_.resize(rules_.size());
    adjust_bytes_.resize(rules_.size());
    report_.rules += s_.rules.size();
  }

  // Whether the prediction is what was recorded.
  bool explains(const PacketPrediction& p, const PacketProbe& probe) const {
    if (p.refused == probe.error.empty() || p.hits.size() != probe.hits.size()) return false;
    for (std::size_t i = 0; i < p.hits.size(); ++i) {
      const PacketHit& hit = probe.hits[i];
      const auto rule = p.hits[i].rule;
      const bool equal = hit.cookie == (rule ? rules_[*rule].cookie : 0) && hit.miss == !rule &&
                         hit.in_port == p.hits[i].in_port && hit.total_len == hit.frame.size() &&
                         hit.meta == p.hits[i].meta && equal_but_open(p.hits[i].frame, hit.frame, p.open);
      if (!equal) return false;
    }
    return true;
  }

  PacketPrediction prediction(const PacketProbe& probe, PacketLabels labels) const {
    return predict(rules_, probe.in_port, probe.frame, labels);
  }

  // The fewest labels with which the prediction is what was recorded, and has run the rules that it has run with all of
  // them; none if all together do not explain it.
  PacketLabels explanation(const PacketProbe& probe, const PacketPrediction& law) const {
    PacketLabels needed = PacketLabels{}.set();
    const PacketPrediction all = prediction(probe, needed);
    if (!explains(all, probe)) return {};
    if (explains(law, probe) && law.executed == all.executed) return {};
    for (std::size_t i = 0; i < kPacketLabels; ++i) {
      PacketLabels fewer = needed;
      const PacketPrediction p = prediction(probe, fewer.reset(i));
      if (explains(p, probe) && p.executed == all.executed) needed = fewer;
    }
    return needed;
  }

  bool same_lookups(const SideHits& side, const PacketPrediction& law) const {
    return std::ranges::equal(side.lookups, law.lookups, [&](const auto& seen, const auto& wanted) {
      return seen.table == wanted.table &&
             seen.rule == (wanted.rule ? std::optional(rules_[*wanted.rule].name) : std::nullopt);
    });
  }

  bool equals_law(const SideHits& side, const PacketPrediction& law) const {
    if (!side.errors.empty() || !same_lookups(side, law) || side.hits.size() != law.hits.size()) return false;
    for (std::size_t i = 0; i < side.hits.size(); ++i) {
      const PacketHit& hit = side.hits[i];
      const PacketPrediction::Hit& wanted = law.hits[i];
      if (hit.frame != wanted.frame || hit.miss == wanted.rule.has_value() || hit.meta != wanted.meta) return false;
    }
    return true;
  }

  bool equals_recording(const SideHits& side, const PacketProbe& probe) const {
    return side.errors.empty() && probe.error.empty() && std::ranges::equal(side.hits, probe.hits, same);
  }

  // Which rule sent what up is the law's to say: a packet-in does not name it, but the lookups on the way do.
  void judge_side(const SideHits& side, const PacketProbe& probe, const PacketPrediction& law, PacketLabels why,
                  PacketsSide& counts, std::string_view name) {
    if (equals_recording(side, probe) && explains(law, probe) && equals_law(side, law)) {
      ++counts.agreed;
    } else if (why.any() && equals_law(side, law)) {
      ++counts.covered;
    } else {
      ++counts.diverged;
      fail(fmt::format("in_port {} frame {} ({})", probe.in_port, print_hex(probe.frame), name),
           fmt::format("got{}\n  recorded{}", hits_text(side.hits), hits_text(probe.hits)));
    }
  }

  void judge_probe(std::uint32_t event, const PacketProbe& probe) {
    const request::PacketOut packet_out{event, OFP_NO_BUFFER, probe.in_port, action::output(OFPP_TABLE), probe.frame};
    deliver(event, encode(packet_out));
    if (!alive_) return;
    ++report_.frames;
    report_.hits += probe.hits.size();
    const SideHits model = side_hits(lockstep_.wanted()), subject = side_hits(lockstep_.got());
    const PacketPrediction law = prediction(probe, {});
    const PacketLabels why = explanation(probe, law);
    use(why);
    judge_side(model, probe, law, why, report_.model, "model");
    judge_side(subject, probe, law, why, report_.subject, "subject");
    note_rules_run(probe, law, prediction(probe, why));
  }

  // How the recorded switch counted the frame, in relation to the law.
  void note_rules_run(const PacketProbe& probe, const PacketPrediction& law, const PacketPrediction& recorded) {
    const auto size = static_cast<std::int64_t>(probe.frame.size());
    for (const std::size_t rule : law.executed) --adjust_packets_[rule], adjust_bytes_[rule] -= size;
    for (const std::size_t rule : recorded.executed) ++adjust_packets_[rule], adjust_bytes_[rule] += size;
  }

  void judge_flows(const std::vector<PacketFlow>& flows, std::string_view side) {
    const auto here_only = std::ranges::count_if(rules_, [](const PacketRule& r) { return r.lawful && r.other_there; });
    const auto there_only = std::ranges::count_if(rules_, [](const PacketRule& r) { return !r.lawful; });
    const auto expected = static_cast<std::ptrdiff_t>(s_.final_flows.size()) - there_only + here_only;
    if (static_cast<std::ptrdiff_t>(flows.size()) != expected) fail(side, "another number of flows at the end");
    for (const PacketFlow& recorded : s_.final_flows) {
      report_.final_flows += side == "model";
      const auto rule = std::ranges::find(rules_, recorded.cookie, &PacketRule::cookie);
      if (rule == rules_.end()) {
        fail(side, fmt::format("no rule with cookie {:x}", recorded.cookie));
      } else {
        judge_flow(recorded, *rule, flows, static_cast<std::size_t>(rule - rules_.begin()), side);
      }
    }
  }

  // A rule that the law does not have was counted in the predictions only.
  void judge_flow(const PacketFlow& recorded, const PacketRule& rule, const std::vector<PacketFlow>& flows,
                  std::size_t at, std::string_view side) {
    const auto found = std::ranges::find(flows, recorded.cookie, &PacketFlow::cookie);
    if ((found != flows.end()) != rule.lawful) return fail(side, fmt::format("flow {:x} at the end", recorded.cookie));
    PacketFlow flow = rule.lawful ? *found : recorded;
    if (!rule.lawful) flow.packets = flow.bytes = 0;
    flow.packets += static_cast<std::uint64_t>(adjust_packets_[at]);
    flow.bytes += static_cast<std::uint64_t>(adjust_bytes_[at]);
    if (flow == recorded) return;
    fail(side, fmt::format("flow {:x}: table {} {}, priority {} {}, packets {} {}, bytes {} {}, actions {} {}",
                           recorded.cookie, flow.table, recorded.table, flow.priority, recorded.priority, flow.packets,
                           recorded.packets, flow.bytes, recorded.bytes, print_actions(flow.actions),
                           print_actions(recorded.actions)));
  }

  PacketScenario s_;
  Lockstep& lockstep_;
  PacketsReport& report_;
  std::array<std::uint64_t, kPacketLabels>& used_;
  bool alive_ = true;  // model and subject still agree
  std::vector<PacketRule> rules_;
  std::vector<std::int64_t> adjust_packets_, adjust_bytes_;  // recorded minus ours, by the frames' differences
};

void judge_labels(const std::vector<PacketLabelEntry>& entries, const std::array<std::uint64_t, kPacketLabels>& used,
                  PacketsReport& report) {
  for (std::size_t i = 0; i < kPacketLabels; ++i) {
    const auto entry = std::ranges::find(entries, kPacketLabelNames[i], &PacketLabelEntry::label);
    const bool listed = entry != entries.end() && entry->is_for(report.theme);
    if (listed && used[i] == 0) report.stale.push_back(fmt::format("{} is not used in this theme", entry->label));
    if (used[i] == 0) continue;
    if (entry == entries.end()) {
      ++report.failures;
      report.differences.push_back(fmt::format("label {} is used, but has no reason", kPacketLabelNames[i]));
      continue;
    }
    report.labels.push_back({entry->label, entry->clause, entry->reason, used[i]});
    if (!listed) report.stale.push_back(fmt::format("{} is used, but does not list this theme", entry->label));
  }
}

}  // namespace

PacketsReport judge_packets(const std::vector<PacketScenario>& scenarios, const std::vector<PacketLabelEntry>& entries,
                            Subject& subject) {
  PacketsReport report;
  std::array<std::uint64_t, kPacketLabels> used{};
  Lockstep lockstep(subject, {});
  for (const PacketScenario& scenario : scenarios) {
    report.theme = scenario.theme;
    ++report.scenarios;
    ScenarioJudge(with_four_registers(scenario), lockstep, report, used).judge();
  }
  judge_labels(entries, used, report);
  report.stats = lockstep.stats();
  return report;
}

PacketsReport check_packets(const std::string& path, Subject& subject) {
  std::vector<PacketScenario> scenarios;
  read_packet_scenarios(path, [&](const PacketScenario& scenario) {
    scenarios.push_back(scenario);
    return true;
  });
  const std::filesystem::path beside = std::filesystem::path(path).parent_path() / "differences.txt";
  const bool own = std::filesystem::exists(beside);
  return judge_packets(scenarios, own ? read_packet_labels(beside.string()) : built_in_packet_labels(), subject);
}

std::string PacketsReport::summary() const {
  std::string text = fmt::format("{}: {} scenarios, {} rules, {} frames, {} packet-ins, {} final flows\n", theme,
                                 scenarios, rules, frames, hits, final_flows);
  for (const auto& [name, side] : {std::pair{"model", model}, std::pair{"subject", subject}}) {
    text += fmt::format("  {:<8} {} frames equal, {} covered by labels, {} different\n", name, side.agreed,
                        side.covered, side.diverged);
  }
  for (const Use& use : labels) text += fmt::format("  {:>6}  {} ({})\n", use.count, use.label, use.clause);
  if (failures != 0) text += fmt::format("  {} failures\n", failures);
  for (const std::string& d : differences) text += "  " + d + "\n";
  return text;
}

}  // namespace oftwin::harness
