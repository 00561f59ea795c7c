// The scripted provider's function table and the little state behind it.
#include "harness/subject/scripted_provider.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace oftwin::harness {

oft_error to_oft(const Error& error) {
  if (!error) return OFT_OK;
  return static_cast<oft_error>(error.space) << 32 | static_cast<oft_error>(error.type) << 16 | error.code;
}

Error from_oft(oft_error error) {
  if (error == OFT_OK) return {};
  return {static_cast<ErrorSpace>(error >> 32 & 3), static_cast<std::uint16_t>(error >> 16),
          static_cast<std::uint16_t>(error)};
}

oft_port to_oft(const PortConfig& port) {
  oft_port out{};
  out.size = sizeof out;
  out.number = port.number;
  std::ranges::copy(port.hw_addr, out.hw_addr);
  std::copy_n(port.name.data(), std::min(port.name.size(), sizeof out.name - 1), out.name);
  out.config = port.config;
  out.state = port.state;
  out.curr = port.curr;
  out.advertised = port.advertised;
  out.supported = port.supported;
  out.peer = port.peer;
  return out;
}

PortConfig from_oft(const oft_port& port) {
  PortConfig out;
  out.number = port.number;
  std::copy_n(port.hw_addr, out.hw_addr.size(), out.hw_addr.begin());
  out.name.assign(port.name, std::find(port.name, port.name + sizeof port.name - 1, '\0'));
  out.config = port.config;
  out.state = port.state;
  out.curr = port.curr;
  out.advertised = port.advertised;
  out.supported = port.supported;
  out.peer = port.peer;
  return out;
}

void ScriptedProvider::policy(std::optional<OperationKind> kind, const Answer& answer) {
  if (kind) {
    policy_[index(*kind)] = answer;
  } else {
    policy_.fill(answer);
  }
}

void ScriptedProvider::counters(void* handle, std::uint64_t packets, std::uint64_t bytes) {
  static_cast<Rule*>(handle)->packets = packets;
  static_cast<Rule*>(handle)->bytes = bytes;
}

Answer ScriptedProvider::next_answer(OperationKind kind) {
  std::deque<Answer>& plan = plan_[index(kind)];
  Answer answer = policy_[index(kind)];
  if (!plan.empty()) {
    answer = plan.front();
    plan.pop_front();
  }
  if (overrule_) answer = overrule_(kind, answer);
  if (kind == OperationKind::remove && answer.kind != AnswerKind::pending) return {};
  const bool fails = answer.kind == AnswerKind::failed || answer.kind == AnswerKind::refused;
  if (fails && !answer.error) return {};  // there is no refusal without an error
  if (kind == OperationKind::modify && answer.kind == AnswerKind::refused) answer.kind = AnswerKind::failed;
  return answer;
}

Error ScriptedProvider::packet_out_answer() const {
  if (!overrule_) return packet_out_result_;
  return overrule_(std::nullopt, {packet_out_result_ ? AnswerKind::failed : AnswerKind::done, packet_out_result_})
      .error;
}

void ScriptedProvider::start(Rule& rule, OperationKind kind, oft_op* op, const Answer& answer) {
  if (answer.kind == AnswerKind::pending) {
    rule.pending = op;
    rule.removal = kind == OperationKind::remove;
    rule.order = ++n_started_;
  } else {
    host_table_->op_complete(host_, op, answer.kind == AnswerKind::failed ? to_oft(answer.error) : OFT_OK);
  }
}

oft_error ScriptedProvider::construct(const oft_rule* r, oft_op* op) {
  const Answer answer = next_answer(OperationKind::add);
  if (answer.kind == AnswerKind::refused) return to_oft(answer.error);
  start(rule(r), OperationKind::add, op, answer);
  return OFT_OK;
}

void ScriptedProvider::complete(void* handle, const Error& error) {
  Rule& rule = *static_cast<Rule*>(handle);
  if (rule.pending == nullptr) return;
  oft_op* op = std::exchange(rule.pending, nullptr);
  host_table_->op_complete(host_, op, rule.removal ? OFT_OK : to_oft(error));
}

void ScriptedProvider::expire(const oft_rule* rule, ExpiryReason reason) {
  host_table_->rule_expire(host_, rule, reason == ExpiryReason::hard ? OFT_HARD_TIMEOUT : OFT_IDLE_TIMEOUT);
}

void ScriptedProvider::packet_in(const event::ProviderPacketIn& packet) {
  host_table_->packet_in(host_, packet.port, packet.frame.data(), packet.frame.size(),
                         packet.reason == PacketInReason::action ? OFT_ACTION : OFT_NO_MATCH, packet.send_len);
}

void ScriptedProvider::change_port(event::PortChangeKind kind, const PortConfig& port) {
  const oft_port changed = to_oft(port);
  const oft_port_change change = kind == event::PortChangeKind::add      ? OFT_PORT_ADD
                                 : kind == event::PortChangeKind::remove ? OFT_PORT_DELETE
                                                                         : OFT_PORT_MODIFY;
  host_table_->port_changed(host_, change, &changed);
}

void ScriptedProvider::finish_all() {
  while (true) {
    Rule* oldest = nullptr;
    for (Rule& rule : rules_) {
      if (rule.pending != nullptr && (oldest == nullptr || rule.order < oldest->order)) oldest = &rule;
    }
    if (oldest == nullptr) return;
    oft_op* op = std::exchange(oldest->pending, nullptr);
    host_table_->op_complete(host_, op, OFT_OK);
  }
}

std::uint32_t ScriptedProvider::get_ports(oft_port* ports, std::uint32_t max) const {
  for (std::size_t i = 0; i < ports_.size() && i < max; ++i) ports[i] = to_oft(ports_[i]);
  return static_cast<std::uint32_t>(ports_.size());
}

const oft_provider& ScriptedProvider::table() {
  static const oft_provider provider = [] {
    oft_provider t{};
    t.abi_major = OFT_PROVIDER_ABI_MAJOR;
    t.abi_minor = OFT_PROVIDER_ABI_MINOR;
    t.size = sizeof t;
    t.name = "scripted";
    t.attach = [](void* p, const oft_host* table, void* host, std::uint32_t* n_tables) -> oft_error {
      self(p).host_table_ = table;
      self(p).host_ = host;
      *n_tables = static_cast<std::uint32_t>(std::clamp<std::size_t>(self(p).config_.tables.size(), 1, 255));
      return OFT_OK;
    };
    t.destruct = [](void* p) { self(p).finish_all(); };
    t.run = [](void*) {};
    t.run_at = [](void*) -> std::uint64_t { return OFT_NEVER; };
    t.rule_alloc = [](void* p) -> void* {
      ScriptedProvider& me = self(p);
      if (me.alloc_fails_) return nullptr;
      if (me.free_.empty()) me.free_.push_back(&me.rules_.emplace_back());
      Rule* rule = me.free_.back();
      me.free_.pop_back();
      *rule = {};
      return rule;
    };
    t.rule_construct = [](void* p, const oft_rule* r, const oft_rule*, oft_op* op) { return self(p).construct(r, op); };
    t.rule_modify_actions = [](void* p, const oft_rule* r, oft_op* op) {
      self(p).start(rule(r), OperationKind::modify, op, self(p).next_answer(OperationKind::modify));
    };
    t.rule_destruct = [](void* p, const oft_rule* r, oft_op* op) {
      self(p).start(rule(r), OperationKind::remove, op, self(p).next_answer(OperationKind::remove));
    };
    t.rule_dealloc = [](void* p, void* handle) { self(p).free_.push_back(static_cast<Rule*>(handle)); };
    t.rule_get_stats = [](void* p, const oft_rule* r, std::uint64_t* packets, std::uint64_t* bytes) {
      *packets = self(p).unknown_counters_ ? OFT_COUNTER_UNKNOWN : rule(r).packets;
      *bytes = self(p).unknown_counters_ ? OFT_COUNTER_UNKNOWN : rule(r).bytes;
    };
    t.rule_execute = [](void* p, const oft_rule*, std::uint16_t, const std::uint8_t*, std::uint64_t) {
      return to_oft(self(p).execute_result_);
    };
    t.packet_out = [](void* p, std::uint16_t, const std::uint8_t*, std::uint64_t, const std::uint8_t*, std::uint64_t) {
      return to_oft(self(p).packet_out_answer());
    };
    t.choose_table = [](void* p, const oft_match*, std::uint8_t* table_id) -> oft_error {
      if (const auto* error = std::get_if<Error>(&self(p).choose_table_)) return to_oft(*error);
      *table_id = std::get<std::uint8_t>(self(p).choose_table_);
      return OFT_OK;
    };
    t.flush = [](void*) {};
    t.get_table_info = [](void* p, std::uint8_t table_id, oft_table_info* info) {
      if (table_id >= self(p).config_.tables.size()) return;
      const TableConfig& table = self(p).config_.tables[table_id];
      std::copy_n(table.name.data(), std::min(table.name.size(), sizeof info->name - 1), info->name);
      info->wildcards = table.wildcards;
      info->max_entries = table.max_entries;
    };
    t.get_ports = [](void* p, oft_port* ports, std::uint32_t max) { return self(p).get_ports(ports, max); };
    t.port_reconfigured = [](void*, std::uint16_t, std::uint32_t, std::uint32_t) {};
    t.get_port_stats = [](void*, std::uint16_t, oft_port_stats* stats) {
      const std::uint32_t size = stats->size;
      std::memset(stats, 0, sizeof *stats);
      stats->size = size;
    };
    t.get_drop_frags = [](void* p) -> std::uint8_t { return self(p).drop_frags_ ? 1 : 0; };
    t.set_drop_frags = [](void* p, std::uint8_t drop) { self(p).drop_frags_ = drop != 0; };
    return t;
  }();
  return provider;
}

}  // namespace oftwin::harness
