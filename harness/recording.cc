// Reads recordings. The only translation unit that knows their JSON.
#include "harness/recording.h"

#include <fmt/format.h>
#include <zlib.h>

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "harness/nxm_render.h"
#include "harness/recording_words.h"
#include "harness/request.h"
#include "harness/trace_text.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

using nlohmann::json;
using words::load;
using words::Malformed;
namespace ob = observation;

// --- Scalars ------------------------------------------------------------------------------------------------------
const std::string& text(const json& j) { return j.get_ref<const std::string&>(); }
Bytes parse_hex(const json& j) { return words::parse_hex(text(j)); }
Error parse_error(const json& j) { return words::parse_error(text(j)); }
Answer parse_answer(const json& j) { return words::parse_answer(text(j)); }
ConnName parse_conn(const json& j) { return words::parse_conn(text(j)); }
OperationKind parse_kind(const json& j) { return words::parse_kind(text(j)); }

template <class T = std::uint32_t>
T load(ByteView bytes, wire::Field f) {
  return static_cast<T>(load(bytes, f.offset, f.size));
}

std::uint64_t parse_hex_number(const json& j) {
  const Bytes bytes = parse_hex(j);
  return load(bytes, 0, bytes.size());
}

template <class T>
T number(const json& j, const char* key) {
  const auto& value = j.at(key);
  if (!value.is_number_integer()) throw Malformed(fmt::format("\"{}\" is no whole number", key));
  return value.get<T>();
}

std::optional<OperationKind> parse_kinds(const json& j) {
  return j == "all" ? std::nullopt : std::optional(parse_kind(j));
}

RuleName parse_rule(const json& j, const char* key) { return {0, number<std::uint32_t>(j, key)}; }

std::optional<std::variant<std::uint8_t, Error>> parse_table_choice(const json& j) {
  if (j.is_null() || j == "null") return std::nullopt;
  if (j.is_number()) return j.get<std::uint8_t>();
  return parse_error(j);
}

// --- Configuration ------------------------------------------------------------------------------------------------

std::string text_field(ByteView bytes, wire::Field f) {
  std::string text;
  for (std::size_t i = 0; i < f.size && bytes[f.offset + i] != 0; ++i) text += static_cast<char>(bytes[f.offset + i]);
  return text;
}

PortConfig parse_port(const json& j) {
  const Bytes phy = parse_hex(j.at("phy"));
  if (phy.size() != wire::phy_port::size) throw Malformed("\"phy\" is not 48 bytes long");
  namespace f = wire::phy_port;
  PortConfig port;
  port.number = load<std::uint16_t>(phy, f::port_no);
  for (std::size_t i = 0; i < 6; ++i) port.hw_addr[i] = phy[f::hw_addr.offset + i];
  port.name = text_field(phy, f::name);
  port.config = load(phy, f::config);
  port.state = load(phy, f::state);
  port.curr = load(phy, f::curr);
  port.advertised = load(phy, f::advertised);
  port.supported = load(phy, f::supported);
  port.peer = load(phy, f::peer);
  return port;
}

SwitchConfig parse_config(const json& j) {
  SwitchConfig config;
  config.tables.resize(number<std::uint8_t>(j, "tables"));
  for (std::size_t i = 0; i < config.tables.size(); ++i) config.tables[i].name = fmt::format("table{}", i);
  for (const json& port : j.at("ports")) config.ports.push_back(parse_port(port));
  config.connections.clear();
  for (const json& conn : j.at("connections")) config.connections.push_back(parse_conn(conn.at("name")));
  config.datapath_id = parse_hex_number(j.at("datapath_id"));
  config.clock_ms = number<std::uint64_t>(j, "clock_ms");
  const Bytes features = parse_hex(j.at("features_reply"));
  config.n_buffers = load(features, wire::switch_features::n_buffers);
  config.capabilities = load(features, wire::switch_features::capabilities);
  config.actions = load(features, wire::switch_features::actions);
  return config;
}

// Texts that are constants of the original, from the first reply that shows them (recordings/README.md, 7).
void learn_constants(ByteView message, SwitchConfig& config) {
  if (message.size() < wire::stats_msg::size || message[1] != OFPT_STATS_REPLY) return;
  const ByteView body = message.subspan(wire::stats_msg::size);
  const auto type = load<std::uint16_t>(message, wire::stats_msg::type);
  if (type == OFPST_DESC && body.size() == wire::desc_stats::size && config.description == Description{}) {
    namespace f = wire::desc_stats;
    config.description = {text_field(body, f::mfr_desc), text_field(body, f::hw_desc), text_field(body, f::sw_desc),
                          text_field(body, f::serial_num), text_field(body, f::dp_desc)};
  } else if (type == OFPST_TABLE && body.size() == config.tables.size() * wire::table_stats::size) {
    namespace f = wire::table_stats;
    for (std::size_t i = 0; i < config.tables.size(); ++i) {
      const ByteView record = body.subspan(i * f::size, f::size);
      config.tables[i] = {text_field(record, f::name), load(record, f::wildcards), load(record, f::max_entries)};
    }
  }
}

// --- Observations -------------------------------------------------------------------------------------------------

ob::Operation parse_operation(const json& j, OperationKind kind) {
  ob::Operation op;
  op.kind = kind;
  op.rule = parse_rule(j, "r");
  if (j.contains("victim")) op.victim = parse_rule(j, "victim");
  op.table = number<std::uint8_t>(j, "table");
  op.priority = number<std::uint32_t>(j, "prio");
  op.match_rendering = parse_hex(j.at("match"));
  op.actions = parse_hex(j.at("actions"));
  op.cookie = parse_hex_number(j.at("cookie"));
  op.idle_timeout = number<std::uint16_t>(j, "idle");
  op.hard_timeout = number<std::uint16_t>(j, "hard");
  op.send_flow_removed = number<int>(j, "rem") != 0;
  op.answer = parse_answer(j.at("ans"));
  return op;
}

std::optional<Observation> parse_call(const json& j, std::string_view what) {
  if (what == "alloc") {
    const bool failed = j.at("r").is_null();
    return ob::Alloc{failed ? RuleName{} : parse_rule(j, "r"), failed};
  }
  if (what == "construct") return parse_operation(j, OperationKind::add);
  if (what == "modify") return parse_operation(j, OperationKind::modify);
  if (what == "destruct") return parse_operation(j, OperationKind::remove);
  if (what == "complete") return ob::Complete{parse_kind(j.at("kind")), parse_rule(j, "r"), parse_error(j.at("err"))};
  if (what == "dealloc") return ob::Dealloc{parse_rule(j, "r")};
  if (what == "choose_table") return ob::ChooseTable{*parse_table_choice(j.at("ans"))};
  if (what == "execute") {
    return ob::Execute{parse_rule(j, "r"), number<std::uint16_t>(j, "in_port"), parse_hex(j.at("d")),
                       parse_error(j.at("ans"))};
  }
  if (what == "packet_out") {
    return ob::PacketOut{number<std::uint16_t>(j, "in_port"), parse_hex(j.at("actions")), parse_hex(j.at("d")), false,
                         parse_error(j.at("ans"))};
  }
  if (what == "flush") return ob::FlushPass{};
  if (what == "port_reconfigured") {
    return ob::PortReconfigured{number<std::uint16_t>(j, "port"), number<std::uint32_t>(j, "old"),
                                number<std::uint32_t>(j, "new")};
  }
  if (what == "set_drop_frags") return ob::SetDropFrags{number<int>(j, "v") != 0};
  if (what == "hidden_del") return ob::HiddenDelResult{number<int>(j, "ok") != 0};
  if (what == "destruct_switch") return ob::DestroySwitch{};
  if (what == "remaining") return ob::Remaining{parse_rule(j, "r")};
  if (what == "dealloc_switch") return ob::DeallocSwitch{};
  return std::nullopt;
}

Observation parse_output(const json& j, std::string_view what) {
  if (what == "iter") return ob::Iteration{number<std::uint32_t>(j, "i")};
  if (auto call = parse_call(j, what)) return *std::move(call);
  const ConnName conn = parse_conn(j.at("c"));
  if (what == "take") return ob::Take{conn, number<std::uint8_t>(j, "type"), number<std::uint32_t>(j, "xid")};
  if (what == "retry") return ob::Retry{conn, number<std::uint8_t>(j, "type"), number<std::uint32_t>(j, "xid")};
  if (what == "postpone") return ob::Postpone{conn, number<std::uint32_t>(j, "xid")};
  if (what == "send") return ob::Send{conn, parse_hex(j.at("d"))};
  if (what == "up") return ob::ConnUp{conn};
  if (what == "down") return ob::ConnDown{conn};
  if (what == "gone") return ob::ConnGone{conn};
  throw Malformed(fmt::format("an output of unknown kind '{}'", what));
}

// --- State dumps --------------------------------------------------------------------------------------------------

StateDump::Rule parse_dumped_rule(const json& j) {
  StateDump::Rule rule;
  rule.rule = parse_rule(j, "r");
  rule.table = number<std::uint8_t>(j, "table");
  rule.priority = number<std::uint32_t>(j, "prio");
  rule.match_rendering = parse_hex(j.at("match"));
  rule.actions = parse_hex(j.at("actions"));
  rule.cookie = parse_hex_number(j.at("cookie"));
  rule.idle_timeout = number<std::uint16_t>(j, "idle");
  rule.hard_timeout = number<std::uint16_t>(j, "hard");
  rule.send_flow_removed = number<int>(j, "rem") != 0;
  rule.pending = number<int>(j, "pending") != 0;
  rule.packets = std::stoull(j.at("pk").get<std::string>());
  rule.bytes = std::stoull(j.at("by").get<std::string>());
  return rule;
}

bool is_dump(std::string_view what) { return what == "state" || what == "rule" || what == "op" || what == "conn"; }

void add_to_dump(const json& j, std::string_view what, StateDump& dump) {
  if (what == "rule") dump.rules.push_back(parse_dumped_rule(j));
  if (what == "op") dump.operations.push_back({parse_kind(j.at("kind")), parse_rule(j, "r")});
  if (what == "conn") {
    const int blocked = number<int>(j, "blocked");
    dump.connections.push_back({parse_conn(j.at("c")), std::nullopt});
    if (blocked >= 0) dump.connections.back().blocked = static_cast<std::uint8_t>(blocked);
  }
}

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

// --- The file -----------------------------------------------------------------------------------------------------

class GzipLines {
 public:
  explicit GzipLines(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rb"), gzclose) {
    if (!file_) throw RecordingError(fmt::format("{}: can't be opened", path));
    gzbuffer(file_.get(), 1 << 18);
  }
  // False at the end.
  bool next(std::string& line) {
    line.clear();
    char chunk[1 << 16];
    while (gzgets(file_.get(), chunk, sizeof chunk)) {
      line += chunk;
      if (line.ends_with('\n')) {
        line.pop_back();
        return true;
      }
    }
    int code = Z_OK;
    const char* why = gzerror(file_.get(), &code);
    if (code != Z_OK && code != Z_STREAM_END) {
      std::string_view reason = why;  // zlib puts the file's name before it
      if (reason.starts_with(path_ + ": ")) reason.remove_prefix(path_.size() + 2);
      throw RecordingError(fmt::format("{}: byte {} (uncompressed): {}", path_, gztell(file_.get()), reason));
    }
    return !line.empty();
  }

 private:
  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

}  // namespace

void read_recordings(const std::string& path, const std::function<bool(const Recording&)>& visit) {
  GzipLines lines(path);
  std::string line;
  std::size_t number = 1;
  for (; lines.next(line); ++number) {
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
  if (number == 1) throw RecordingError(path + ": holds no recording");
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
