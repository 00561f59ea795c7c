#include "harness/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <vector>

#include "harness/expect.h"
#include "harness/nxm_render.h"
#include "harness/print.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "model/step.h"

namespace oftwin::harness {
namespace {

constexpr std::uint32_t kMaxSettling = 1000;  // iterations of a loop that settles

std::string error_word(Error e) {
  switch (e.space) {
    case ErrorSpace::openflow:
      return fmt::format("{}:{}", e.type, e.code);
    case ErrorSpace::nicira:
      return fmt::format("nx:{}:{}", e.type, e.code);
    case ErrorSpace::system:
      return fmt::format("errno:{}", e.code);
    default:
      return "ok";
  }
}

std::string answer_word(const Answer& a) {
  switch (a.kind) {
    case AnswerKind::pending:
      return "pend";
    case AnswerKind::failed:
      return "fail:" + error_word(a.error);
    case AnswerKind::refused:
      return "ret:" + error_word(a.error);
    default:
      return "ok";
  }
}

std::string kind_word(std::optional<OperationKind> kind) { return kind ? std::string(operation_word(*kind)) : "all"; }

Bytes phy_port(const PortConfig& p) {
  Bytes out;
  put(out, p.number);
  put_bytes(out, p.hw_addr);
  std::string name = p.name.substr(0, OFP_MAX_PORT_NAME_LEN - 1);
  out.insert(out.end(), name.begin(), name.end());
  put_zeros(out, OFP_MAX_PORT_NAME_LEN - name.size());
  for (std::uint32_t n : {p.config, p.state, p.curr, p.advertised, p.supported, p.peer}) put(out, n);
  return out;
}

Bytes features_reply(const SwitchConfig& c) {
  Bytes out = {OFP_VERSION, OFPT_FEATURES_REPLY, 0, 0, 0, 0, 0, 0};
  put(out, c.datapath_id);
  put(out, c.n_buffers);
  put(out, static_cast<std::uint8_t>(c.tables.size()));
  put_zeros(out, 3);
  put(out, c.capabilities);
  put(out, c.actions);
  for (const auto& p : c.ports) put_bytes(out, phy_port(p));
  set_u16(out, wire::header::length.offset, out.size());
  return out;
}

std::string config_json(const SwitchConfig& c) {
  std::vector<std::string> ports, conns;
  for (const auto& p : c.ports) {
    ports.push_back(fmt::format(R"({{"no":{},"hw":"{}","name":"p{}","phy":"{}"}})", p.number, print_hex(p.hw_addr),
                                p.number, print_hex(phy_port(p))));
  }
  for (const auto& n : c.connections) {
    conns.push_back(fmt::format(R"({{"name":"{}","kind":"{}"}})", print_conn(n),
                                n.kind == ConnKind::primary ? "primary" : "service"));
  }
  return fmt::format(
      R"({{"tables":{},"ports":[{}],"connections":[{}],"datapath_id":"{:016x}","clock_ms":{},"features_reply":"{}"}})",
      c.tables.size(), fmt::join(ports, ","), fmt::join(conns, ","), c.datapath_id, c.clock_ms,
      print_hex(features_reply(c)));
}

// The recording's own numbers of rules and operations.
class Numbers {
 public:
  void allocated(RuleName rule) { rules_[rule] = ++last_rule_; }
  std::uint32_t started(RuleName rule) { return operations_[rule] = ++last_operation_; }
  // 0: nothing has that number.
  std::uint32_t rule(RuleName rule) const { return find(rules_, rule); }
  std::uint32_t operation(RuleName rule) const { return find(operations_, rule); }

 private:
  using Map = std::map<RuleName, std::uint32_t>;
  static std::uint32_t find(const Map& map, RuleName rule) {
    auto found = map.find(rule);
    return found == map.end() ? 0 : found->second;
  }
  Map rules_, operations_;
  std::uint32_t last_rule_ = 0, last_operation_ = 0;
};

// --- Inputs
// -------------------------------------------------------------------------------------------------------------

struct InputWriter {
  const Numbers& numbers;

  static std::string conn(const char* what, ConnName c) {
    return fmt::format(R"({{"k":"{}","c":"{}"}})", what, print_conn(c));
  }
  static std::string word(const char* what, const std::string& value) {
    return fmt::format(R"({{"k":"{}","v":"{}"}})", what, value);
  }

  std::string operator()(const event::ConnOpen& e) const {
    return conn(e.conn.kind == ConnKind::primary ? "accept" : "open", e.conn);
  }
  std::string operator()(const event::ConnClose& e) const { return conn("close", e.conn); }
  std::string operator()(const event::Recv& e) const {
    if (!cut_messages(e.bytes).rest.empty()) throw RecordError("bytes that are no whole message");
    return fmt::format(R"({{"k":"rx","m":[["{}","{}"]]}})", print_conn(e.conn), print_hex(e.bytes));
  }
  std::string operator()(const event::ProviderPlan& e) const {
    std::string answers;
    for (const auto& a : e.answers) answers += fmt::format(R"({}"{}")", answers.empty() ? "" : ",", answer_word(a));
    return fmt::format(R"({{"k":"plan","what":"{}","q":[{}]}})", kind_word(e.kind), answers);
  }
  std::string operator()(const event::ProviderPolicy& e) const {
    return fmt::format(R"({{"k":"policy","what":"{}","v":"{}"}})", kind_word(e.kind), answer_word(e.answer));
  }
  std::string operator()(const event::ProviderComplete& e) const {
    return fmt::format(R"({{"k":"complete","op":{},"err":"{}"}})", numbers.operation(e.rule), error_word(e.error));
  }
  std::string operator()(const event::ProviderExpire& e) const {
    return fmt::format(R"({{"k":"expire","r":{},"why":"{}"}})", numbers.rule(e.rule),
                       e.reason == ExpiryReason::idle ? "idle" : "hard");
  }
  std::string operator()(const event::ProviderPacketIn& e) const {
    return fmt::format(R"({{"k":"packet_in","port":{},"why":"{}","send_len":{},"d":"{}"}})", e.port,
                       e.reason == PacketInReason::action ? "action" : "nomatch", e.send_len, print_hex(e.frame));
  }
  std::string operator()(const event::ProviderCounters& e) const {
    return fmt::format(R"({{"k":"counters","r":{},"packets":{},"bytes":{}}})", numbers.rule(e.rule), e.packets,
                       e.bytes);
  }
  std::string operator()(const event::ProviderUnknownCounters& e) const {
    return fmt::format(R"({{"k":"unknown_counters","v":{}}})", e.unknown ? 1 : 0);
  }
  std::string operator()(const event::ProviderChooseTable& e) const {
    if (!e.answer) return word("choose_table", "null");
    if (auto table = std::get_if<std::uint8_t>(&*e.answer)) {
      return fmt::format(R"({{"k":"choose_table","v":{}}})", *table);
    }
    return word("choose_table", error_word(std::get<Error>(*e.answer)));
  }
  std::string operator()(const event::ProviderExecuteResult& e) const {
    return word("exec_error", error_word(e.error));
  }
  std::string operator()(const event::ProviderPacketOutResult& e) const {
    return word("packet_out_error", error_word(e.error));
  }
  std::string operator()(const event::ProviderAllocFail& e) const {
    return fmt::format(R"({{"k":"alloc_fail","v":{}}})", e.fail ? 1 : 0);
  }
  std::string operator()(const event::Clock& e) const { return fmt::format(R"({{"k":"clock","ms":{}}})", e.ms); }
  std::string operator()(const event::Loop&) const { return R"({"k":"run"})"; }
  std::string operator()(const event::Flush&) const { return R"({"k":"flush"})"; }
  // At most an ingress port is matched, and the only action is output.
  static std::uint16_t in_port(const WireMatchBytes& bytes) {
    const WireMatch match = decode_match(bytes);
    if (match != match_of_port(match.in_port)) throw RecordError("a recording has no word for this match");
    return match.in_port;
  }
  std::string operator()(const event::HiddenAdd& e) const {
    const auto port = e.actions.size() == 8 ? static_cast<std::uint16_t>(e.actions[4] << 8 | e.actions[5]) : 0;
    if (e.actions != action::output(static_cast<std::uint16_t>(port))) {
      throw RecordError("a recording has no word for these actions");
    }
    return fmt::format(R"({{"k":"hidden_add","prio":{},"in_port":{},"out_port":{}}})", e.priority, in_port(e.match),
                       port);
  }
  std::string operator()(const event::HiddenDel& e) const {
    return fmt::format(R"({{"k":"hidden_del","prio":{},"in_port":{}}})", e.priority, in_port(e.match));
  }
  std::string operator()(const event::Destroy&) const { return R"({"k":"destroy"})"; }
  template <class Other>
  std::string operator()(const Other&) const {
    throw RecordError("a recording has no word for this");
  }
};

// --- Outputs
// ------------------------------------------------------------------------------------------------------------

struct OutputWriter {
  Numbers& numbers;

  static std::string at(const char* what, ConnName c) {
    return fmt::format(R"({{"o":"{}","c":"{}"}})", what, print_conn(c));
  }
  template <class T>
  static std::string handled(const char* what, const T& o) {
    return fmt::format(R"({{"o":"{}","c":"{}","type":{},"xid":{}}})", what, print_conn(o.conn), o.type, o.xid);
  }
  std::string rule(const char* what, RuleName r) const {
    return fmt::format(R"({{"o":"{}","r":{}}})", what, numbers.rule(r));
  }

  std::string operator()(const observation::Send& o) const {
    return fmt::format(R"({{"o":"send","c":"{}","d":"{}"}})", print_conn(o.conn), print_hex(o.bytes));
  }
  std::string operator()(const observation::Operation& o) const {
    const char* what = o.kind == OperationKind::add      ? "construct"
                       : o.kind == OperationKind::modify ? "modify"
                                                         : "destruct";
    std::string victim = o.victim ? fmt::format(R"(,"victim":{})", numbers.rule(*o.victim)) : "";
    return fmt::format(R"({{"o":"{}","op":{},"r":{},"table":{},"prio":{},"match":"{}","actions":"{}",)"
                       R"("cookie":"{:016x}","idle":{},"hard":{},"rem":{}{},"ans":"{}"}})",
                       what, numbers.started(o.rule), numbers.rule(o.rule), o.table, o.priority,
                       print_hex(render_nxm(o.match)), print_hex(o.actions), o.cookie, o.idle_timeout, o.hard_timeout,
                       o.send_flow_removed ? 1 : 0, victim, answer_word(o.answer));
  }
  std::string operator()(const observation::Complete& o) const {
    return fmt::format(R"({{"o":"complete","op":{},"kind":"{}","r":{},"err":"{}"}})", numbers.operation(o.rule),
                       operation_word(o.kind), numbers.rule(o.rule), error_word(o.error));
  }
  std::string operator()(const observation::Alloc& o) const {
    if (o.failed) return R"({"o":"alloc","r":null})";
    numbers.allocated(o.rule);
    return rule("alloc", o.rule);
  }
  std::string operator()(const observation::Dealloc& o) const { return rule("dealloc", o.rule); }
  std::string operator()(const observation::ChooseTable& o) const {
    auto table = std::get_if<std::uint8_t>(&o.answer);
    if (table) return fmt::format(R"({{"o":"choose_table","ans":{}}})", *table);
    return fmt::format(R"({{"o":"choose_table","ans":"{}"}})", error_word(std::get<Error>(o.answer)));
  }
  std::string operator()(const observation::Execute& o) const {
    return fmt::format(R"({{"o":"execute","r":{},"in_port":{},"d":"{}","ans":"{}"}})", numbers.rule(o.rule), o.in_port,
                       print_hex(o.frame), error_word(o.answer));
  }
  std::string operator()(const observation::PacketOut& o) const {
    return fmt::format(R"({{"o":"packet_out","in_port":{},"actions":"{}","d":"{}","ans":"{}"}})", o.in_port,
                       print_hex(o.actions), print_hex(o.frame), error_word(o.answer));
  }
  std::string operator()(const observation::FlushPass&) const { return R"({"o":"flush"})"; }
  std::string operator()(const observation::PortReconfigured& o) const {
    return fmt::format(R"({{"o":"port_reconfigured","port":{},"old":{},"new":{}}})", o.port, o.old_config,
                       o.new_config);
  }
  std::string operator()(const observation::SetDropFrags& o) const {
    return fmt::format(R"({{"o":"set_drop_frags","v":{}}})", o.drop ? 1 : 0);
  }
  std::string operator()(const observation::HiddenDelResult& o) const {
    return fmt::format(R"({{"o":"hidden_del","ok":{}}})", o.ok ? 1 : 0);
  }
  std::string operator()(const observation::DestroySwitch&) const { return R"({"o":"destruct_switch"})"; }
  std::string operator()(const observation::Remaining& o) const { return rule("remaining", o.rule); }
  std::string operator()(const observation::DeallocSwitch&) const { return R"({"o":"dealloc_switch"})"; }
  std::string operator()(const observation::ConnUp& o) const { return at("up", o.conn); }
  std::string operator()(const observation::ConnDown& o) const { return at("down", o.conn); }
  std::string operator()(const observation::ConnGone& o) const { return at("gone", o.conn); }
  std::string operator()(const observation::Iteration& o) const {
    return fmt::format(R"({{"o":"iter","i":{}}})", o.index);
  }
  std::string operator()(const observation::Take& o) const { return handled("take", o); }
  std::string operator()(const observation::Retry& o) const { return handled("retry", o); }
  std::string operator()(const observation::Postpone& o) const {
    return fmt::format(R"({{"o":"postpone","c":"{}","xid":{}}})", print_conn(o.conn), o.xid);
  }
  // What the loop waits for was not recorded, nor memory errors that go unnoticed.
  std::string operator()(const observation::Wake&) const { return {}; }
  std::string operator()(const observation::Defect&) const { return {}; }
  std::string operator()(const observation::PacketTx&) const { return {}; }
  std::string operator()(const observation::Metadata&) const { return {}; }
  std::string operator()(const observation::Lookup&) const { return {}; }
  std::string operator()(const observation::EvictionThreshold&) const { return {}; }
  std::string operator()(const observation::DumpedFlow&) const { return {}; }
};

class Recorder {
 public:
  explicit Recorder(const Trace& trace) : trace_(trace), state_(model::initial(trace.config, edition_of(trace))) {}

  std::string write(const std::string& id) {
    for (const auto& e : trace_.events) {
      if (end_ != "ok") break;
      try {
        step(e);
      } catch (const RecordError& error) {
        throw RecordError(fmt::format("e{} ({}): {}", e.id, print_event(e), error.what()));
      }
    }
    return fmt::format(
        "{{\"id\":\"{}\",\"theme\":\"{}\",\"config\":{},\"steps\":[{}],\"final\":null,\"end\":\"{}\"}}\n", id,
        id.substr(0, id.find('-')), config_json(trace_.config), fmt::join(steps_, ","), end_);
  }

 private:
  void step(const Event& e) {
    std::string in = std::visit(InputWriter{numbers_}, e.body);
    outputs_.clear();
    std::uint32_t n = 0;
    auto loop = std::get_if<event::Loop>(&e.body);
    if (!loop) {
      drive(e, 0);
    } else if (loop->iterations > 0) {
      n = loop->iterations;
      drive(e, 0);
    } else {
      while (wake_ == observation::WakeKind::now && n < kMaxSettling) drive({0, event::Loop{1}}, n++);
    }
    std::string count = end_ == "ok" ? fmt::format("{}", n) : "null";
    steps_.push_back(fmt::format(R"({{"in":{},"n":{},"out":[{}]}})", in, count, fmt::join(outputs_, ",")));
  }

  // `iteration`: what an Iteration observation of this event counts from.
  void drive(const Event& e, std::uint32_t iteration) {
    model::Outcome outcome;
    model::step(state_, e, {}, outcome);
    for (auto& o : outcome.observations) {
      if (auto i = std::get_if<observation::Iteration>(&o)) i->index += iteration;
      if (auto w = std::get_if<observation::Wake>(&o)) wake_ = w->kind;
      if (auto d = std::get_if<observation::Defect>(&o); d && d->fatal) end_ = "abort: " + d->erratum;
      std::string text = std::visit(OutputWriter{numbers_}, o);
      if (!text.empty()) outputs_.push_back(std::move(text));
    }
  }

  const Trace& trace_;
  model::State state_;
  Numbers numbers_;
  std::vector<std::string> steps_, outputs_;
  observation::WakeKind wake_ = observation::WakeKind::input;
  std::string end_ = "ok";
};

}  // namespace

std::string record(const Trace& trace, const std::string& id) {
  if (trace.config.provider != ProviderMode::scripted) {
    throw RecordError("a recording is of a scripted provider, this trace's is simulated");
  }
  if (trace.config.limits != Limits{})
    throw RecordError("a recording has no word for other limits than the usual ones");
  std::string name = id;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !(std::isalnum(c) || c == '-' || c == '_' || c == '.'); },
      '_');
  return Recorder(trace).write(name);
}

}  // namespace oftwin::harness
