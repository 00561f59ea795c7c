// Reads recordings: what follows from one part of a scenario for the next (recording_items.h reads each by itself).
#include "harness/recording.h"

#include <fmt/format.h>

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "harness/gzip_lines.h"
#include "harness/nxm_render.h"
#include "harness/recording_items.h"
#include "harness/request.h"
#include "harness/trace_text.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

using namespace items;
using words::load;
namespace ob = observation;

// --- A scenario ---------------------------------------------------------------------------------------------------

class ScenarioReader {
 public:
  Recording read(const json& j) {
    r_.id = j.at("id").get<std::string>();
    r_.theme = j.at("theme").get<std::string>();
    r_.end = j.at("end").get<std::string>();
    r_.config = parse_config(j.at("config"));
    const json& steps = j.at("steps");
    for (std::size_t i = 0; i < steps.size(); ++i) {
      step_ = i;
      if (steps[i].at("n").is_null()) break;  // the original died in this step
      read_step(steps[i]);
    }
    if (j.at("final").is_array()) {
      StateDump dump;
      for (const json& item : j.at("final")) add_to_dump(item, item.at("o").get_ref<const std::string&>(), dump);
      add_dump(std::move(dump));
    }
    return std::move(r_);
  }
  std::size_t step() const { return step_; }

 private:
  // Messages of a connection: those not read yet, the one at work and the postponed one, by the rule they would make.
  struct Inbox {
    std::deque<std::pair<std::uint32_t, RuleName>> unread;  // with xid
    RuleName current, postponed;
  };

  void add_event(EventBody body) {
    const bool loop = std::holds_alternative<event::Loop>(body);
    r_.events.push_back({loop ? 0 : next_id_++, std::move(body)});
    r_.outputs.emplace_back();
    r_.steps.push_back(step_);
  }

  void add_dump(StateDump dump) {
    dump.after = r_.events.size();
    r_.dumps.push_back(std::move(dump));
  }

  void read_step(const json& step) {
    const json& in = step.at("in");
    const std::size_t events_before = r_.events.size();
    add_input(in, in.at("k").get_ref<const std::string&>());
    const bool has_input = r_.events.size() > events_before;
    const std::uint32_t n = number<std::uint32_t>(step, "n");
    StateDump dump;
    bool dumped = false, looping = false;
    for (const json& item : step.at("out")) {
      const std::string_view what = item.at("o").get_ref<const std::string&>();
      if (is_dump(what)) {
        dumped = true;
        add_to_dump(item, what, dump);
        continue;
      }
      if (what == "iter" && !looping) {
        looping = true;
        if (n == 0) throw Malformed("an iteration in a step without any");
        add_event(event::Loop{n});
      }
      if (!looping && !has_input) throw Malformed("an output before the first input");
      add_output(item, what);
    }
    if (n > 0 && !looping) add_event(event::Loop{n});
    if (dumped) add_dump(std::move(dump));
  }

  void add_output(const json& item, std::string_view what) {
    Observation o = parse_output(item, what);
    if (what == "alloc" && !item.at("r").is_null()) names_[number<std::uint32_t>(item, "r")] = maker_;
    if (item.contains("op")) rule_of_op_[number<std::uint32_t>(item, "op")] = number<std::uint32_t>(item, "r");
    if (const auto* send = std::get_if<ob::Send>(&o)) learn_constants(send->bytes, r_.config);
    follow_messages(o);
    r_.outputs.back().push_back(std::move(o));
  }

  // Keeps track of whose rule an `alloc` would be.
  void follow_messages(const Observation& o) {
    if (const auto* take = std::get_if<ob::Take>(&o)) {
      Inbox& inbox = inboxes_[rule_of(take->conn)];
      if (inbox.unread.empty() || inbox.unread.front().first != take->xid) {
        throw Malformed(fmt::format("message {:#x} is taken, but did not arrive next", take->xid));
      }
      inbox.current = maker_ = inbox.unread.front().second;
      inbox.unread.pop_front();
    } else if (const auto* retry = std::get_if<ob::Retry>(&o)) {
      Inbox& inbox = inboxes_[rule_of(retry->conn)];
      inbox.current = maker_ = inbox.postponed;
    } else if (const auto* postpone = std::get_if<ob::Postpone>(&o)) {
      Inbox& inbox = inboxes_[rule_of(postpone->conn)];
      inbox.postponed = inbox.current;
    } else if (const auto* down = std::get_if<ob::ConnDown>(&o)) {
      inboxes_[rule_of(down->conn)].unread.clear();
    }
  }
  static std::uint32_t rule_of(ConnName c) { return static_cast<std::uint32_t>(c.kind) << 16 | c.number; }

  RuleName name(std::uint32_t rule) const {
    const auto found = names_.find(rule);
    return found == names_.end() ? RuleName{} : found->second;
  }

  void add_messages(const json& in) {
    for (const json& delivery : in.at("m")) {
      const ConnName conn = parse_conn(delivery.at(0));
      Bytes bytes = parse_hex(delivery.at(1));
      std::uint32_t index = 0;
      for (std::size_t at = 0; bytes.size() - at >= wire::header::size;) {
        const std::size_t length = load(bytes, at + wire::header::length.offset, wire::header::length.size);
        const auto xid = static_cast<std::uint32_t>(load(bytes, at + wire::header::xid.offset, 4));
        if (length < wire::header::size || length > bytes.size() - at) break;
        inboxes_[rule_of(conn)].unread.emplace_back(xid, RuleName{next_id_, ++index});
        at += length;
      }
      add_event(event::Recv{conn, std::move(bytes)});
    }
  }

  static WireMatchBytes match(const json& in) {
    return wire_bytes(match_of_port(number<std::uint16_t>(in, "in_port")));
  }

  void add_input(const json& in, std::string_view what) {
    if (what == "rx") {
      add_messages(in);
    } else if (what == "close") {
      add_event(event::ConnClose{parse_conn(in.at("c"))});
    } else if (what == "open" || what == "accept") {
      add_event(event::ConnOpen{parse_conn(in.at("c"))});
    } else if (what == "clock") {
      add_event(event::Clock{number<std::uint64_t>(in, "ms")});
    } else if (what == "flush") {
      add_event(event::Flush{});
    } else if (what == "destroy") {
      add_event(event::Destroy{});
    } else if (what == "hidden_add") {
      maker_ = {next_id_, 1};
      add_event(event::HiddenAdd{number<std::uint32_t>(in, "prio"), match(in),
                                 action::output(number<std::uint16_t>(in, "out_port"))});
    } else if (what == "hidden_del") {
      add_event(event::HiddenDel{number<std::uint32_t>(in, "prio"), match(in)});
    } else if (what != "run" && what != "dump") {
      add_provider_input(in, what);
    }
  }

  void add_provider_input(const json& in, std::string_view what) {
    if (what == "plan") {
      event::ProviderPlan plan{parse_kind(in.at("what")), {}};
      for (const json& answer : in.at("q")) plan.answers.push_back(parse_answer(answer));
      add_event(std::move(plan));
    } else if (what == "policy") {
      add_event(event::ProviderPolicy{parse_kinds(in.at("what")), parse_answer(in.at("v"))});
    } else if (what == "complete") {
      const auto found = rule_of_op_.find(number<std::uint32_t>(in, "op"));
      add_event(event::ProviderComplete{found == rule_of_op_.end() ? RuleName{} : name(found->second),
                                        parse_error(in.at("err"))});
    } else if (what == "expire") {
      add_event(event::ProviderExpire{name(number<std::uint32_t>(in, "r")),
                                      in.at("why") == "idle" ? ExpiryReason::idle : ExpiryReason::hard});
    } else if (what == "packet_in") {
      add_event(event::ProviderPacketIn{number<std::uint16_t>(in, "port"),
                                        in.at("why") == "action" ? PacketInReason::action : PacketInReason::no_match,
                                        number<std::uint16_t>(in, "send_len"), parse_hex(in.at("d"))});
    } else if (what == "counters") {
      add_event(event::ProviderCounters{name(number<std::uint32_t>(in, "r")), number<std::uint64_t>(in, "packets"),
                                        number<std::uint64_t>(in, "bytes")});
    } else if (what == "unknown_counters") {
      add_event(event::ProviderUnknownCounters{number<int>(in, "v") != 0});
    } else if (what == "choose_table") {
      add_event(event::ProviderChooseTable{parse_table_choice(in.at("v"))});
    } else if (what == "exec_error") {
      add_event(event::ProviderExecuteResult{parse_error(in.at("v"))});
    } else if (what == "packet_out_error") {
      add_event(event::ProviderPacketOutResult{parse_error(in.at("v"))});
    } else if (what == "alloc_fail") {
      add_event(event::ProviderAllocFail{number<int>(in, "v") != 0});
    } else {
      throw Malformed(fmt::format("an input of unknown kind '{}'", what));
    }
  }

  Recording r_;
  std::size_t step_ = 0;
  std::uint32_t next_id_ = 1;
  std::unordered_map<std::uint32_t, Inbox> inboxes_;
  RuleName maker_;                                     // of the next rule
  std::unordered_map<std::uint32_t, RuleName> names_;  // by rule
  std::unordered_map<std::uint32_t, std::uint32_t> rule_of_op_;
};

}  // namespace

void read_recordings(const std::string& path, const std::function<bool(const Recording&)>& visit) {
  GzipLines lines(path);
  std::string line;
  while (lines.next(line)) {
    const std::size_t number = lines.number();
    ScenarioReader scenario;
    Recording recording;
    try {
      recording = scenario.read(json::parse(line));
    } catch (const json::parse_error& e) {
      throw RecordingError(fmt::format("{}:{}: byte {}: no JSON", path, number, e.byte));
    } catch (const std::exception& e) {
      throw RecordingError(fmt::format("{}:{}: step {}: {}", path, number, scenario.step(), e.what()));
    }
    if (!visit(recording)) return;
  }
  if (lines.number() == 1) throw RecordingError(path + ": holds no recording");
}

Trace trace_of(const Recording& recording) {
  Trace trace;
  trace.comments = {recording.id};
  trace.edition = "ovs-2011";
  trace.config = recording.config;
  trace.events = recording.events;
  make_blocks(trace);
  return trace;
}

void RecordingSubject::drive(const Event&, std::vector<Observation>& out) {
  if (next_ >= recording_.outputs.size()) return;
  const std::vector<Observation>& recorded = recording_.outputs[next_++];
  out.insert(out.end(), recorded.begin(), recorded.end());
}

unsigned RecordingSubject::channels() const {
  return bit(Channel::message) | bit(Channel::provider) | bit(Channel::connection) | bit(Channel::alloc) |
         bit(Channel::progress);
}

void RecordingSubject::project(Observation& observation) const {
  if (auto* op = std::get_if<ob::Operation>(&observation)) {
    op->match_rendering = render_nxm(op->match);
    op->match = {};
    op->invalid_actions = false;
  } else if (auto* out = std::get_if<ob::PacketOut>(&observation)) {
    out->invalid_actions = false;
  }
}

}  // namespace oftwin::harness
