#include "harness/print.h"

#include <fmt/format.h>

#include "harness/default_config.h"
#include "harness/print_reply.h"
#include "harness/settings_text.h"
#include "harness/spelling.h"

namespace oftwin::harness {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

constexpr Spelling kOperations[] = {{static_cast<std::uint32_t>(OperationKind::add), "add"},
                                    {static_cast<std::uint32_t>(OperationKind::modify), "modify"},
                                    {static_cast<std::uint32_t>(OperationKind::remove), "delete"}};
constexpr Spelling kTypes[] = {{OFPT_HELLO, "hello"},
                               {OFPT_ERROR, "error"},
                               {OFPT_ECHO_REQUEST, "echo_request"},
                               {OFPT_ECHO_REPLY, "echo_reply"},
                               {OFPT_VENDOR, "vendor"},
                               {OFPT_FEATURES_REQUEST, "features_request"},
                               {OFPT_GET_CONFIG_REQUEST, "get_config_request"},
                               {OFPT_SET_CONFIG, "set_config"},
                               {OFPT_PACKET_OUT, "packet_out"},
                               {OFPT_FLOW_MOD, "flow_mod"},
                               {OFPT_PORT_MOD, "port_mod"},
                               {OFPT_STATS_REQUEST, "stats_request"},
                               {OFPT_BARRIER_REQUEST, "barrier_request"},
                               {OFPT_QUEUE_GET_CONFIG_REQUEST, "queue_get_config_request"}};

// --- Events
// -----------------------------------------------------------------------------------------------------------

std::string kind_or_all(std::optional<OperationKind> kind) { return kind ? std::string(operation_word(*kind)) : "all"; }

std::string error_field(Error e) { return e ? " error=" + print_error(e) : ""; }

std::string print_message(ByteView message, std::uint32_t usual_xid) {
  auto request = decode_request(message);
  if (!request) return "bytes " + print_bytes(message);
  std::uint32_t xid = xid_of(*request);
  return print_request(*request) + (xid == usual_xid ? "" : fmt::format(" xid={:#x}", xid));
}

std::string print_recv(const event::Recv& recv, std::uint32_t id) {
  Cut cut = cut_messages(recv.bytes);
  if (recv.bytes.empty()) return print_conn(recv.conn) + " bytes";
  if (!cut.rest.empty()) cut.messages.push_back(cut.rest);
  std::string out = print_conn(recv.conn);
  for (std::size_t i = 0; i < cut.messages.size(); ++i) {
    out += (i ? "\n  + " : " ") + print_message(cut.messages[i], default_xid(id, static_cast<std::uint32_t>(i + 1)));
  }
  return out;
}

std::string print_choose_table(const event::ProviderChooseTable& e) {
  if (!e.answer) return "provider choose_table none";
  if (auto table = std::get_if<std::uint8_t>(&*e.answer)) return fmt::format("provider choose_table {}", *table);
  return "provider choose_table " + print_error(std::get<Error>(*e.answer));
}

struct EventPrinter {
  std::uint32_t id;

  std::string operator()(const event::ConnOpen& e) const { return print_conn(e.conn) + " open"; }
  std::string operator()(const event::ConnClose& e) const { return print_conn(e.conn) + " close"; }
  std::string operator()(const event::PeerStall& e) const {
    return print_conn(e.conn) + (e.stalled ? " stall" : " resume");
  }
  std::string operator()(const event::Recv& e) const { return print_recv(e, id); }
  std::string operator()(const event::ProviderPlan& e) const {
    std::string out = fmt::format("provider next {}", operation_word(e.kind));
    for (const auto& answer : e.answers) out += " " + print_answer(answer);
    return out;
  }
  std::string operator()(const event::ProviderPolicy& e) const {
    return fmt::format("provider policy {} {}", kind_or_all(e.kind), print_answer(e.answer));
  }
  std::string operator()(const event::ProviderComplete& e) const {
    return "provider complete " + print_rule(e.rule) + error_field(e.error);
  }
  std::string operator()(const event::ProviderExpire& e) const {
    return fmt::format("provider expire {} {}", print_rule(e.rule), e.reason == ExpiryReason::idle ? "idle" : "hard");
  }
  std::string operator()(const event::ProviderPacketIn& e) const {
    std::string limit = e.send_len == 0xffff ? "" : fmt::format(" send_len={}", e.send_len);
    return fmt::format("provider packet_in port={} reason={}{} frame={}", print_port(e.port),
                       e.reason == PacketInReason::no_match ? "no_match" : "action", limit, print_hex(e.frame));
  }
  std::string operator()(const event::ProviderCounters& e) const {
    return fmt::format("provider counters {} packets={} bytes={}", print_rule(e.rule), e.packets, e.bytes);
  }
  std::string operator()(const event::ProviderUnknownCounters& e) const {
    return fmt::format("provider unknown_counters {}", e.unknown ? "on" : "off");
  }
  std::string operator()(const event::ProviderChooseTable& e) const { return print_choose_table(e); }
  std::string operator()(const event::ProviderExecuteResult& e) const {
    return "provider execute " + print_error(e.error);
  }
  std::string operator()(const event::ProviderPacketOutResult& e) const {
    return "provider packet_out " + print_error(e.error);
  }
  std::string operator()(const event::ProviderAllocFail& e) const {
    return fmt::format("provider alloc {}", e.fail ? "fail" : "ok");
  }
  std::string operator()(const event::ProviderLatency& e) const {
    return fmt::format("provider latency {} {}ms", kind_or_all(e.kind), e.ms);
  }
  std::string operator()(const event::PacketArrives& e) const {
    const std::string tunnel = e.tun_id != 0 ? fmt::format("tun_id={:#x} ", e.tun_id) : "";
    return fmt::format("p{} packet {}{}", e.port, tunnel, print_hex(e.frame));
  }
  std::string operator()(const event::Clock& e) const { return fmt::format("clock {}ms", e.ms); }
  std::string operator()(const event::Loop& e) const {
    return e.iterations ? fmt::format("loop run {}", e.iterations) : "loop settle";
  }
  std::string operator()(const event::Flush&) const { return "switch flush"; }
  std::string operator()(const event::HiddenAdd& e) const { return print_hidden(e); }
  std::string operator()(const event::HiddenDel& e) const { return print_hidden(e); }
  std::string operator()(const event::PortChange& e) const {
    const char* word = e.kind == event::PortChangeKind::add      ? "add"
                       : e.kind == event::PortChangeKind::remove ? "remove"
                                                                 : "modify";
    return fmt::format("p{} {}{}", e.port.number, word, print_port_fields(e.port));
  }
  std::string operator()(const event::Destroy&) const { return "switch destroy"; }
  std::string operator()(const event::Reconnect&) const { return "switch reconnect"; }
  std::string operator()(const event::DumpFlows&) const { return "switch dump_flows"; }
  template <class Setting>
  std::string operator()(const Setting& e) const {
    return print_setting(e);
  }
};

// --- Observations
// -----------------------------------------------------------------------------------------------------

std::string rule_fields(const observation::Operation& o) {
  std::string out = fmt::format(" table={} priority={}", o.table, o.priority);
  std::string match = print_match(o.match);
  if (!match.empty()) out += " " + match;
  if (!o.match_rendering.empty()) out += " match=" + print_hex(o.match_rendering);
  if (o.cookie) out += fmt::format(" cookie={:#x}", o.cookie);
  if (o.idle_timeout) out += fmt::format(" idle_timeout={}", o.idle_timeout);
  if (o.hard_timeout) out += fmt::format(" hard_timeout={}", o.hard_timeout);
  if (o.send_flow_removed) out += " send_flow_rem";
  return out + " actions=" + print_actions(o.actions) + (o.invalid_actions ? " invalid" : "");
}

std::string print_operation(const observation::Operation& o) {
  const char* call = o.kind == OperationKind::add      ? "construct"
                     : o.kind == OperationKind::modify ? "modify"
                                                       : "destruct";
  std::string victim = o.victim ? " victim=" + print_rule(*o.victim) : "";
  return fmt::format("provider {} {}{}{} -> {}", call, print_rule(o.rule), victim, rule_fields(o),
                     print_answer(o.answer));
}

std::string print_dumped(const observation::DumpedFlow& o) {
  const auto counter = [](std::uint64_t n) { return n == UINT64_MAX ? "unknown" : fmt::format("{}", n); };
  const std::string match = print_match(o.match);
  return fmt::format("switch flow {} table={} priority={}{}{} age={}s n_packets={} n_bytes={} actions={}",
                     print_rule(o.rule), o.table, o.priority, match.empty() ? "" : " ", match, o.duration_s,
                     counter(o.packets), counter(o.bytes), print_actions(o.actions));
}

struct ObservationPrinter {
  const Naming& naming;

  std::string progress(const char* word, ConnName conn, std::uint32_t xid, std::optional<std::uint8_t> type) const {
    std::string what;
    if (type) {
      auto name = word_for(kTypes, *type);
      what = name ? fmt::format(" {}", *name) : fmt::format(" type={}", *type);
    }
    return fmt::format("{} {}{}{}", print_conn(conn), word, what, naming.request(conn, xid));
  }

  std::string operator()(const observation::Send& o) const { return print_reply(o.conn, o.bytes, naming); }
  std::string operator()(const observation::Operation& o) const { return print_operation(o); }
  std::string operator()(const observation::Complete& o) const {
    return fmt::format("provider completed {} {}{}", operation_word(o.kind), print_rule(o.rule), error_field(o.error));
  }
  std::string operator()(const observation::Alloc& o) const {
    return o.failed ? "provider alloc -> failed" : "provider alloc " + print_rule(o.rule);
  }
  std::string operator()(const observation::Dealloc& o) const { return "provider dealloc " + print_rule(o.rule); }
  std::string operator()(const observation::ChooseTable& o) const {
    auto table = std::get_if<std::uint8_t>(&o.answer);
    return "provider choose_table -> " + (table ? fmt::format("{}", *table) : print_error(std::get<Error>(o.answer)));
  }
  std::string operator()(const observation::Execute& o) const {
    return fmt::format("provider execute {} in_port={} frame={} -> {}", print_rule(o.rule), print_port(o.in_port),
                       print_hex(o.frame), print_error(o.answer));
  }
  std::string operator()(const observation::PacketOut& o) const {
    return fmt::format("provider packet_out in_port={} actions={}{} frame={} -> {}", print_port(o.in_port),
                       print_actions(o.actions), o.invalid_actions ? " invalid" : "", print_hex(o.frame),
                       print_error(o.answer));
  }
  std::string operator()(const observation::FlushPass&) const { return "provider flush"; }
  std::string operator()(const observation::PortReconfigured& o) const {
    return fmt::format("provider port_reconfigured port={} config={:#x} was={:#x}", print_port(o.port), o.new_config,
                       o.old_config);
  }
  std::string operator()(const observation::SetDropFrags& o) const {
    return fmt::format("provider set_drop_frags {}", o.drop ? "on" : "off");
  }
  std::string operator()(const observation::HiddenDelResult& o) const {
    return fmt::format("switch hidden_del -> {}", o.ok ? "ok" : "pending");
  }
  std::string operator()(const observation::EvictionThreshold& o) const {
    return fmt::format("provider eviction_threshold {}", o.flows);
  }
  std::string operator()(const observation::DumpedFlow& o) const { return print_dumped(o); }
  std::string operator()(const observation::DestroySwitch&) const { return "provider destruct_switch"; }
  std::string operator()(const observation::Remaining& o) const { return "provider remaining " + print_rule(o.rule); }
  std::string operator()(const observation::DeallocSwitch&) const { return "provider dealloc_switch"; }
  std::string operator()(const observation::PacketTx& o) const {
    return fmt::format("p{} packet {}", o.port, print_hex(o.frame));
  }
  std::string operator()(const observation::Metadata& o) const {
    std::string text = "provider metadata";
    if (o.tun_id != 0) text += fmt::format(" tun_id={:#x}", o.tun_id);
    for (std::size_t i = 0; i < o.reg.size(); ++i) {
      if (o.reg[i] != 0) text += fmt::format(" reg{}={:#x}", i, o.reg[i]);
    }
    return o.queue ? text + fmt::format(" queue={}", *o.queue) : text;
  }
  std::string operator()(const observation::Lookup& o) const {
    return fmt::format("provider lookup table={} -> {}", o.table, o.rule ? print_rule(*o.rule) : "miss");
  }
  std::string operator()(const observation::ConnUp& o) const { return print_conn(o.conn) + " up"; }
  std::string operator()(const observation::ConnDown& o) const { return print_conn(o.conn) + " down"; }
  std::string operator()(const observation::ConnGone& o) const { return print_conn(o.conn) + " gone"; }
  std::string operator()(const observation::Iteration& o) const { return fmt::format("loop iteration {}", o.index); }
  std::string operator()(const observation::Take& o) const { return progress("take", o.conn, o.xid, o.type); }
  std::string operator()(const observation::Retry& o) const { return progress("retry", o.conn, o.xid, o.type); }
  std::string operator()(const observation::Postpone& o) const {
    return progress("postpone", o.conn, o.xid, std::nullopt);
  }
  std::string operator()(const observation::Wake& o) const {
    switch (o.kind) {
      case observation::WakeKind::now:
        return "loop wakes now";
      case observation::WakeKind::at:
        return fmt::format("loop wakes at {}ms", o.at_ms);
      case observation::WakeKind::input:
        return "loop wakes on input";
      case observation::WakeKind::never:
        return "loop wakes never";
    }
    return "loop wakes never";
  }
  std::string operator()(const observation::Defect& o) const {
    return fmt::format("switch defect {}{} {}", o.erratum, o.fatal ? " fatal" : "", print_quoted(o.what));
  }
};

}  // namespace

std::string_view operation_word(OperationKind kind) {
  return word_for(kOperations, static_cast<std::uint32_t>(kind)).value_or("add");
}

std::string print_event(const Event& event) { return std::visit(EventPrinter{event.id}, event.body); }

std::string print_observation(const Observation& observation, const Naming& naming) {
  return std::visit(ObservationPrinter{naming}, observation);
}

Naming::Key Naming::key(ConnName conn, std::uint32_t xid) {
  return static_cast<Key>(conn.kind) << 48 | static_cast<Key>(conn.number) << 32 | xid;
}

Naming::Naming(std::span<const Event> events) : events_known_(true) {
  std::unordered_map<Key, Bytes> streams;
  for (const auto& e : events) {
    auto restart = [&](ConnName conn) { streams.erase(key(conn, 0)); };
    auto receive = [&](const event::Recv& recv) {
      Bytes& stream = streams[key(recv.conn, 0)];
      stream.insert(stream.end(), recv.bytes.begin(), recv.bytes.end());
      Cut cut = cut_messages(stream);
      for (std::uint32_t i = 0; i < cut.messages.size(); ++i) {
        ByteView m = cut.messages[i];
        auto xid = static_cast<std::uint32_t>(m[4] << 24 | m[5] << 16 | m[6] << 8 | m[7]);
        ByteView head = m.first(std::min(m.size(), OFP_ERROR_REQUEST_BYTES));
        requests_[key(recv.conn, xid)].push_back({{e.id, i + 1}, Bytes(head.begin(), head.end())});
      }
      stream = Bytes(cut.rest.begin(), cut.rest.end());
    };
    std::visit(Overloaded{[&](const event::ConnOpen& o) { restart(o.conn); },
                          [&](const event::ConnClose& c) { restart(c.conn); }, receive, [](const auto&) {}},
               e.body);
  }
}

void Naming::enter_block(std::span<const Event> block) {
  only_.clear();
  for (const auto& e : block) {
    auto recv = std::get_if<event::Recv>(&e.body);
    if (!recv) continue;
    for (ByteView m : cut_messages(recv->bytes).messages) {
      auto xid = static_cast<std::uint32_t>(m[4] << 24 | m[5] << 16 | m[6] << 8 | m[7]);
      auto [only, first] = only_.emplace(key(recv->conn, 0), xid);
      if (!first) only->second = std::nullopt;
    }
  }
}

std::string Naming::request(ConnName conn, std::uint32_t xid) const {
  auto only = only_.find(key(conn, 0));
  if (only != only_.end() && only->second == xid) return {};
  if (events_known_) {
    auto known = requests_.find(key(conn, xid));
    if (known != requests_.end()) return " request=" + print_rule(known->second.front().name);
    return fmt::format(" xid={:#x}", xid);
  }
  if (xid >> 8 == 0 || (xid & 0xff) == 0) return fmt::format(" xid={:#x}", xid);
  return " request=" + print_rule({xid >> 8, xid & 0xff});
}

bool Naming::quotes(ConnName conn, std::uint32_t xid, ByteView data) const {
  auto known = requests_.find(key(conn, xid));
  if (known == requests_.end()) return false;
  for (const auto& k : known->second) {
    if (std::equal(k.head.begin(), k.head.end(), data.begin(), data.end())) return true;
  }
  return false;
}

}  // namespace oftwin::harness
