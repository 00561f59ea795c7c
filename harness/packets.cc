// One scenario at a time: played, then each frame judged, then the flows at the end. What a difference in one frame
// does to the counters is carried along, so that the flows are judged exactly, too.
#include "harness/packets.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "harness/packets_reading.h"
#include "harness/print.h"
#include "harness/recording.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "model/decode.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

constexpr ConnName kConn{ConnKind::service, 1};  // has no packet buffers, as the recorded connection
constexpr std::uint32_t kRulesEvent = 3;         // whose n-th message makes the n-th rule
constexpr std::size_t kShown = 12;               // failures that are spelled out

// --- differences.txt: "## label", then "clause: ", "themes: ", "reason: " -------------------------------------------

struct LabelEntry {
  std::string label, clause, reason, themes;
};

std::vector<LabelEntry> read_labels(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw RecordingError(fmt::format("{}: cannot be opened", path));
  std::vector<LabelEntry> entries;
  std::string line;
  for (std::size_t n = 1; std::getline(in, line); ++n) {
    const auto value_of = [&](std::string_view key) { return line.substr(key.size()); };
    const auto complain = [&](const char* why) { throw RecordingError(fmt::format("{}:{}: {}", path, n, why)); };
    if (line.starts_with("## ")) {
      entries.push_back({value_of("## "), "", "", ""});
      if (std::ranges::find(kPacketLabelNames, entries.back().label) == kPacketLabelNames.end()) {
        complain("no such label");
      }
    } else if (line.starts_with("clause: ") && !entries.empty()) {
      entries.back().clause = value_of("clause: ");
      const auto known = std::ranges::find(clauses(), entries.back().clause, &Clause::id);
      if (known == clauses().end()) complain("no such clause");
    } else if (line.starts_with("themes: ") && !entries.empty()) {
      entries.back().themes = value_of("themes: ");
    } else if (line.starts_with("reason: ") && !entries.empty()) {
      entries.back().reason = value_of("reason: ");
    } else if (!line.empty() && !line.starts_with("# ")) {
      complain("neither a label nor one of its lines clause, themes, reason");
    }
  }
  for (const LabelEntry& e : entries) {
    if (!e.clause.empty() && !e.themes.empty() && !e.reason.empty()) continue;
    throw RecordingError(fmt::format("{}: {} needs clause, themes and reason", path, e.label));
  }
  return entries;
}

// --- What a side let out --------------------------------------------------------------------------------------------

struct SideHits {
  std::vector<std::optional<RuleName>> lookups;
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

SideHits side_hits(std::span<const Observation> observations) {
  SideHits s;
  for (const Observation& o : observations) {
    if (const auto* lookup = std::get_if<observation::Lookup>(&o)) s.lookups.push_back(lookup->rule);
  }
  for (const Bytes& message : sent(observations, OFPT_PACKET_IN)) s.hits.push_back(packet_in(message));
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
         side.frame == recorded.frame;
}

std::string hits_text(const std::vector<PacketHit>& hits) {
  std::string text;
  for (const PacketHit& h : hits) text += fmt::format("\n    {} {}", h.miss ? "miss" : "action", print_hex(h.frame));
  return hits.empty() ? " nothing" : text;
}

class ScenarioJudge {
 public:
  ScenarioJudge(const PacketScenario& scenario, Lockstep& lockstep, PacketsReport& report,
                std::array<std::uint64_t, kPacketLabels>& used)
      : s_(scenario), lockstep_(lockstep), report_(report), used_(used) {}

  void judge() {
    lockstep_.start(switch_config());
    deliver(1, encode(request::SetConfig{1, OFPC_FRAG_NORMAL, 0xffff}));
    Bytes rules;
    for (const Bytes& rule : s_.rules) put_bytes(rules, rule);
    if (!alive_) return;
    deliver(kRulesEvent, rules);
    if (!alive_) return;
    judge_answers(lockstep_.wanted(), "model");
    judge_answers(lockstep_.got(), "subject");
    note_rules();
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

  void judge_answers(std::span<const Observation> observations, std::string_view side) {
    const std::vector<Bytes> errors = sent(observations, OFPT_ERROR);
    std::size_t next = 0;
    for (std::size_t i = 0; i < s_.rules.size(); ++i) {
      const Bytes& recorded = s_.errors[i];
      if (recorded.empty()) continue;
      const Bytes got = next < errors.size() ? errors[next++] : Bytes{};
      if (got == recorded) continue;
      // The recorded switch gives back the whole request, and says so in the length; all before that is equal.
      const std::size_t cut = wire::error_msg::size + OFP_ERROR_REQUEST_BYTES;
      Bytes shortened(recorded.begin(), recorded.begin() + static_cast<std::ptrdiff_t>(std::min(cut, recorded.size())));
      set_u16(shortened, wire::header::length.offset, shortened.size());
      if (got != shortened) {
        fail(fmt::format("rule {} ({})", i, side),
             fmt::format("answer {}, recorded {}", print_hex(got), print_hex(recorded)));
      } else if (side == "model") {
        use(PacketLabels{}.set(static_cast<std::size_t>(PacketLabel::whole_request_in_error)));
      }
    }
    if (next != errors.size()) fail(fmt::format("rules ({})", side), "more errors than recorded");
  }

  // The accepted rules, with the law's reading of their matches from the model's own tables.
  void note_rules() {
    for (const model::Rule& rule : lockstep_.state().tables[0].rules) {
      const Bytes& message = s_.rules[rule.name.index - 1];
      const Match as_sent = model::decode_match(message, wire::flow_mod::match.offset);
      rules_.push_back({as_sent, rule.match, rule.priority, rule.actions});
      cookies_.push_back(rule.cookie);
      names_.push_back(rule.name);
    }
    adjust_packets_.resize(rules_.size());
    adjust_bytes_.resize(rules_.size());
    report_.rules += s_.rules.size();
  }

  std::uint64_t cookie_of(std::optional<std::size_t> rule) const { return rule ? cookies_[*rule] : 0; }

  // Whether the prediction is what was recorded.
  bool explains(const PacketPrediction& p, const PacketProbe& probe) const {
    if (p.frames.size() != probe.hits.size()) return false;
    for (std::size_t i = 0; i < p.frames.size(); ++i) {
      const PacketHit& hit = probe.hits[i];
      const bool equal = hit.cookie == cookie_of(p.rule) && hit.miss == !p.rule && hit.in_port == probe.in_port &&
                         hit.total_len == hit.frame.size() && equal_but_open(p.frames[i], hit.frame, p.open);
      if (!equal) return false;
    }
    return true;
  }

  PacketPrediction prediction(const PacketProbe& probe, PacketLabels labels) const {
    return predict(rules_, probe.in_port, probe.frame, labels);
  }

  // The fewest labels that explain what was recorded; none if all together do not.
  PacketLabels explanation(const PacketProbe& probe) const {
    PacketLabels needed = prediction(probe, PacketLabels{}.set()).applied;
    if (!explains(prediction(probe, needed), probe)) return {};
    for (std::size_t i = 0; i < kPacketLabels; ++i) {
      if (!needed[i]) continue;
      PacketLabels fewer = needed;
      fewer.reset(i);
      if (explains(prediction(probe, fewer), probe)) needed = fewer;
    }
    return needed;
  }

  bool equals_recording(const SideHits& side, const PacketProbe& probe) const {
    if (!side.errors.empty() || side.lookups.size() > 1 || side.hits.size() != probe.hits.size()) return false;
    for (std::size_t i = 0; i < side.hits.size(); ++i) {
      const bool met = side.lookups.size() == 1 && side.lookups[0].has_value();
      const auto rule = met ? std::ranges::find(names_, *side.lookups[0]) : names_.end();
      const std::uint64_t cookie = rule == names_.end() ? 0 : cookies_[static_cast<std::size_t>(rule - names_.begin())];
      if (!same(side.hits[i], probe.hits[i]) || cookie != probe.hits[i].cookie) return false;
    }
    return true;
  }

  bool equals_law(const SideHits& side, const PacketPrediction& law) const {
    if (!side.errors.empty() || side.hits.size() != law.frames.size()) return false;
    std::vector<std::optional<RuleName>> lookups;
    if (law.looked_up) lookups.push_back(law.rule ? std::optional(names_[*law.rule]) : std::nullopt);
    if (side.lookups != lookups) return false;
    for (std::size_t i = 0; i < side.hits.size(); ++i) {
      if (side.hits[i].frame != law.frames[i] || side.hits[i].miss == law.rule.has_value()) return false;
    }
    return true;
  }

  void judge_side(const SideHits& side, const PacketProbe& probe, PacketLabels why, PacketsSide& counts,
                  std::string_view name) {
    if (equals_recording(side, probe)) {
      ++counts.agreed;
    } else if (why.any() && equals_law(side, prediction(probe, {}))) {
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
    PacketLabels why;
    if (!equals_recording(model, probe)) {
      why = explanation(probe);
      use(why);
    }
    judge_side(model, probe, why, report_.model, "model");
    judge_side(subject, probe, why, report_.subject, "subject");
    note_rule_met(probe);
  }

  // How the recorded switch counted the frame, in relation to the law.
  void note_rule_met(const PacketProbe& probe) {
    const auto bump = [&](std::optional<std::size_t> rule, std::int64_t by) {
      if (!rule) return;
      adjust_packets_[*rule] += by;
      adjust_bytes_[*rule] += by * static_cast<std::int64_t>(probe.frame.size());
    };
    const PacketPrediction law = prediction(probe, {}), all = prediction(probe, PacketLabels{}.set());
    bump(law.rule, -1);
    std::optional<std::size_t> met = all.rule;
    if (probe.hits.empty() && met != law.rule) {  // to be seen in the counters only
      for (std::size_t i = 0; i < kPacketLabels; ++i) {
        const PacketLabels one = PacketLabels{}.set(i);
        if (all.applied[i] && prediction(probe, one).rule != law.rule) use(one);
      }
    }
    if (!probe.hits.empty()) {
      const auto at = std::ranges::find(cookies_, probe.hits[0].cookie);
      met = at == cookies_.end() ? std::nullopt : std::optional(static_cast<std::size_t>(at - cookies_.begin()));
    }
    bump(met, +1);
  }

  void judge_flows(const std::vector<PacketFlow>& flows, std::string_view side) {
    if (flows.size() != s_.final_flows.size()) fail(side, "another number of flows at the end");
    for (const PacketFlow& recorded : s_.final_flows) {
      report_.final_flows += side == "model";
      const auto flow = std::ranges::find(flows, recorded.cookie, &PacketFlow::cookie);
      const auto rule = std::ranges::find(cookies_, recorded.cookie) - cookies_.begin();
      if (flow == flows.end()) {
        fail(side, fmt::format("no flow with cookie {:x} at the end", recorded.cookie));
        continue;
      }
      const auto with = [](std::uint64_t count, std::int64_t by) { return count + static_cast<std::uint64_t>(by); };
      const auto at = static_cast<std::size_t>(rule);
      const bool equal = flow->table == recorded.table && flow->priority == recorded.priority &&
                         flow->idle_timeout == recorded.idle_timeout && flow->hard_timeout == recorded.hard_timeout &&
                         flow->actions == recorded.actions &&
                         with(flow->packets, adjust_packets_[at]) == recorded.packets &&
                         with(flow->bytes, adjust_bytes_[at]) == recorded.bytes;
      if (equal) continue;
      fail(side, fmt::format("flow {:x}: priority {} {}, packets {}{:+} {}, bytes {}{:+} {}, actions {} {}",
                             recorded.cookie, flow->priority, recorded.priority, flow->packets, adjust_packets_[at],
                             recorded.packets, flow->bytes, adjust_bytes_[at], recorded.bytes, print_hex(flow->actions),
                             print_hex(recorded.actions)));
    }
  }

  const PacketScenario& s_;
  Lockstep& lockstep_;
  PacketsReport& report_;
  std::array<std::uint64_t, kPacketLabels>& used_;
  bool alive_ = true;  // model and subject still agree
  std::vector<PacketRule> rules_;
  std::vector<std::uint64_t> cookies_;
  std::vector<RuleName> names_;
  std::vector<std::int64_t> adjust_packets_, adjust_bytes_;  // recorded minus ours, by the frames' differences
};

// Messages with an extended match, and Nicira's actions (ACT-5).
bool needs_more_than_openflow10(const PacketScenario& s) {
  return std::ranges::any_of(s.rules, [](const Bytes& rule) {
    if (rule.size() < wire::flow_mod::size || rule[wire::header::type.offset] != OFPT_FLOW_MOD) return true;
    for (Reader actions(ByteView(rule).subspan(wire::flow_mod::size)); actions.left() > 0;) {
      if (actions.get<std::uint16_t>() == OFPAT_VENDOR) return true;
      actions.take(std::max<std::size_t>(actions.get<std::uint16_t>(), 4) - 4);
    }
    return false;
  });
}

void judge_labels(const std::vector<LabelEntry>& entries, const std::array<std::uint64_t, kPacketLabels>& used,
                  PacketsReport& report) {
  const auto complain = [&](std::string_view label, std::string_view what) {
    ++report.failures;
    report.differences.push_back(fmt::format("label {}: {}", label, what));
  };
  for (std::size_t i = 0; i < kPacketLabels; ++i) {
    const auto entry = std::ranges::find_if(entries, [&](const LabelEntry& e) {
      return e.label == kPacketLabelNames[i] &&
             (" " + e.themes + " ").find(" " + report.theme + " ") != std::string::npos;
    });
    if (entry == entries.end()) {
      if (used[i] != 0) complain(kPacketLabelNames[i], "is used, but has no reason for this theme");
      continue;
    }
    report.labels.push_back({entry->label, entry->clause, entry->reason, used[i]});
    if (used[i] == 0) complain(kPacketLabelNames[i], "is never used in this theme");
  }
}

}  // namespace

PacketsReport judge_packets(const std::vector<PacketScenario>& scenarios, const std::string& differences,
                            Subject& subject) {
  const std::vector<LabelEntry> entries = read_labels(differences);
  PacketsReport report;
  std::array<std::uint64_t, kPacketLabels> used{};
  Lockstep lockstep(subject, {});
  for (const PacketScenario& scenario : scenarios) {
    report.theme = scenario.theme;
    ++report.scenarios;
    if (needs_more_than_openflow10(scenario)) {
      ++report.outside;
    } else {
      ScenarioJudge(scenario, lockstep, report, used).judge();
    }
  }
  if (report.outside != report.scenarios) judge_labels(entries, used, report);
  report.stats = lockstep.stats();
  return report;
}

PacketsReport check_packets(const std::string& path, Subject& subject) {
  std::vector<PacketScenario> scenarios;
  read_packet_scenarios(path, [&](const PacketScenario& scenario) {
    scenarios.push_back(scenario);
    return true;
  });
  return judge_packets(scenarios, (std::filesystem::path(path).parent_path() / "differences.txt").string(), subject);
}

std::string PacketsReport::summary() const {
  std::string text = fmt::format("{}: {} scenarios ({} outside), {} rules, {} frames, {} packet-ins, {} final flows\n",
                                 theme, scenarios, outside, rules, frames, hits, final_flows);
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
