// What is judged on the way from the switch to the provider. (The way back: contract_host.cc.)
#include "harness/subject/contract.h"

#include <algorithm>
#include <utility>

#include "spec/clauses.h"

namespace oftwin::harness {

namespace {

std::atomic<const char*> here{nullptr};
std::atomic<const char*>* call_in_progress = &here;

}  // namespace

const char* provider_call_in_progress() { return *call_in_progress; }

void show_calls_in(std::atomic<const char*>& place) { call_in_progress = &place; }

CallShown::CallShown(const char* name) : before_(call_in_progress->exchange(name)), runs_(name) {}
CallShown::~CallShown() {
  if (std::uncaught_exceptions() == exceptions_) *call_in_progress = before_;
}

const char* clause_of_fault(const void* address) { return is_mirror_address(address) ? "PROV-8" : "PROV-13"; }

ProviderCounts& ProviderCounts::operator+=(const ProviderCounts& o) {
  at_once += o.at_once, late += o.late, refused += o.refused, failed += o.failed;
  no_memory += o.no_memory;
  expired += o.expired, injected += o.injected, transmitted += o.transmitted, handed_up += o.handed_up;
  return *this;
}

// A call into the provider, as long as it lasts.
class Contract::Calling {
 public:
  Calling(Contract& contract, Where where, const char* name)
      : contract_(contract), before_(std::exchange(contract.where_, where)), shown_(name) {}
  ~Calling() { contract_.where_ = before_; }
  Calling(const Calling&) = delete;
  Calling& operator=(const Calling&) = delete;

 private:
  Contract& contract_;
  const Where before_;
  const CallShown shown_;
};

Contract::Contract(const oft_provider& inner, void* instance, MirrorArena& arena, const Patience& patience,
                   Watcher& watcher)
    : inner_(inner), instance_(instance), arena_(arena), patience_(patience), watcher_(watcher) {
  fill_outer();
  fill_host();
}

void Contract::breach(std::size_t clause, std::string what) {
  if (!conduct_.breach) conduct_.breach = Conduct::Breach{clause, std::move(what)};
}

void Contract::begin_event() {
  conduct_.runs.clear();
  conduct_.unknown_counters = false;
}

void Contract::inject(std::uint16_t port, ByteView frame) noexcept {
  ++counts_.injected;
  const Calling calling(*this, Where::inject, "test_inject");
  inner_.test_inject(instance_, port, frame.data(), frame.size());
}

bool Contract::anything_overdue() const {
  if (in_progress_.empty() || conduct_.breach || host_table_ == nullptr) return false;
  const std::uint64_t now_ms = host_table_->now_ms(host_);
  return std::ranges::any_of(in_progress_, [&](const Op& op) { return now_ms - op.since_ms >= patience_.ms; });
}

oft_error Contract::attach(const oft_host* table, void* host, std::uint32_t* n_tables) {
  host_table_ = table;
  host_ = host;
  const Calling calling(*this, Where::reading, "attach");
  const oft_error error = inner_.attach(instance_, &inner_host_, this, n_tables);
  if (error == OFT_OK && *n_tables >= 1 && *n_tables <= 255) n_tables_ = *n_tables;
  return error;
}

void Contract::destruct() {
  {
    const Calling calling(*this, Where::destruct, "destruct");
    inner_.destruct(instance_);
  }
  if (!in_progress_.empty()) breach(clause("PROV-5"), "destruct() returns, and an operation is still in progress");
  for (const auto& [handle, rule] : by_handle_) look_after(rule.rule);
  ended_ = true;
}

void Contract::dealloc() {
  if (inner_.dealloc == nullptr) return;
  const Calling calling(*this, Where::over, "dealloc");
  inner_.dealloc(instance_);
}

void Contract::run() {
  conduct_.runs.emplace_back();
  ++runs_;
  {
    const Calling calling(*this, Where::run, "run");
    inner_.run(instance_);
  }
  if (const char* what = called_elsewhere_)
    breach(clause("PROV-9"), std::string(what) + "() is called in another thread");
  if (in_progress_.empty()) return;
  const std::uint64_t now_ms = host_table_->now_ms(host_);
  for (const Op& op : in_progress_) {
    if (runs_ - op.run >= patience_.runs && now_ms - op.since_ms >= patience_.ms) {
      breach(clause("PROV-2"), "an operation has not completed within the time and the runs that it was given");
    }
  }
}

std::uint64_t Contract::run_at() {
  std::uint64_t at_ms = OFT_NEVER;
  {
    const Calling calling(*this, Where::reading, "run_at");
    at_ms = inner_.run_at(instance_);
  }
  const std::uint64_t now_ms = host_table_->now_ms(host_);
  if (at_ms <= now_ms) return at_ms;
  if (!in_progress_.empty()) {
    if (at_ms == OFT_NEVER) breach(clause("PROV-14"), "run_at() returns OFT_NEVER, and an operation is in progress");
  } else if (at_ms > latest_run_at(now_ms)) {
    breach(clause("PROV-14"), at_ms == OFT_NEVER ? "run_at() returns OFT_NEVER, and a rule in force has a timeout"
                                                 : "run_at() returns a time behind that at which a rule times out");
  }
  return at_ms;
}

// When a rule was used last is the provider's to know: at the latest, now.
std::uint64_t Contract::latest_run_at(std::uint64_t now_ms) const {
  constexpr std::uint64_t second = 1000, clock_interval = 1000;  // ms; the latter of EXP-7
  std::uint64_t latest = OFT_NEVER;
  for (const auto& [handle, known] : by_handle_) {
    if (!known.in_force) continue;
    const oft_rule& rule = *known.rule;
    const std::uint64_t hard = rule.hard_timeout != 0 ? rule.created_ms + second * rule.hard_timeout : OFT_NEVER;
    const std::uint64_t idle = rule.idle_timeout != 0 ? now_ms + second * rule.idle_timeout : OFT_NEVER;
    const std::uint64_t end = std::min(hard, idle);
    if (end != OFT_NEVER) latest = std::min(latest, std::max(end, now_ms) + clock_interval);
  }
  return latest;
}

void* Contract::rule_alloc() {
  void* handle = nullptr;
  {
    const Calling calling(*this, Where::reading, "rule_alloc");
    handle = inner_.rule_alloc(instance_);
  }
  counts_.no_memory += handle == nullptr;
  if (handle != nullptr && !by_handle_.try_emplace(handle).second) {
    breach(clause("PROV-11"), "rule_alloc() returns the handle of a rule that is alive");
    return nullptr;  // to the host: there is no memory
  }
  return handle;
}

void Contract::rule_dealloc(void* handle) {
  const auto it = by_handle_.find(handle);
  if (it != by_handle_.end()) look_after(it->second.rule);
  {
    const Calling calling(*this, ended_ ? Where::over : Where::reading, "rule_dealloc");
    inner_.rule_dealloc(instance_, handle);
  }
  if (it == by_handle_.end()) return;
  if (it->second.mirror) by_mirror_.erase(it->second.mirror->rule());
  by_handle_.erase(handle);
}

const oft_rule* Contract::shown(const oft_rule& rule) {
  Known& known = by_handle_[rule.handle];
  known.rule = &rule;
  if (!known.mirror) {
    known.mirror = std::make_unique<RuleMirror>(arena_, rule);
    by_mirror_[known.mirror->rule()] = rule.handle;
  } else {
    look_after(&rule);
    known.mirror->refresh(rule);
  }
  return known.mirror->rule();
}

void Contract::look_after(const oft_rule* rule) {
  if (rule == nullptr) return;
  const auto it = by_handle_.find(rule->handle);
  if (it == by_handle_.end() || !it->second.mirror || it->second.mirror->intact()) return;
  breach(clause("PROV-7"), "the provider has written into the base of a rule");
}

template <class Call>
oft_error Contract::start(const char* name, OperationKind kind, const oft_rule* rule, oft_op* op, const Call& call) {
  void* const handle = rule->handle;  // the rule may be gone when the call returns
  in_progress_.push_back({op, kind, rule, runs_, host_table_->now_ms(host_)});
  oft_error refusal = OFT_OK;
  const oft_rule* mirror = shown(*rule);
  {
    const Calling calling(*this, Where::starting, name);
    refusal = call(mirror);
  }
  const auto at = std::ranges::find(in_progress_, op, &Op::handle);
  if (at != in_progress_.end()) at->inside = false;
  if (refusal != OFT_OK) {
    ++counts_.refused;
    refused_.push_back(op);
    if (at == in_progress_.end()) {
      breach(clause("PROV-3"), "rule_construct() returns an error and has completed the operation as well");
      return OFT_OK;  // it has ended already
    }
    in_progress_.erase(at);
  }
  const auto alive = by_handle_.find(handle);
  if (alive != by_handle_.end()) look_after(alive->second.rule);
  return refusal;
}

oft_error Contract::rule_construct(const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  const oft_rule* shown_victim = victim != nullptr ? shown(*victim) : nullptr;
  return start("rule_construct", OperationKind::add, rule, op,
               [&](const oft_rule* mirror) { return inner_.rule_construct(instance_, mirror, shown_victim, op); });
}

void Contract::rule_get_stats(const oft_rule* rule, std::uint64_t* packets, std::uint64_t* bytes) {
  const oft_rule* mirror = shown(*rule);
  {
    const Calling calling(*this, Where::reading, "rule_get_stats");
    inner_.rule_get_stats(instance_, mirror, packets, bytes);
  }
  look_after(rule);
  if (!has_door()) *packets = *bytes = 0;  // of packets that nobody sees
  conduct_.unknown_counters |= *packets == OFT_COUNTER_UNKNOWN && *bytes == OFT_COUNTER_UNKNOWN;
}

oft_error Contract::rule_execute(const oft_rule* rule, std::uint16_t in_port, ByteView frame) {
  const oft_rule* mirror = shown(*rule);
  const Calling calling(*this, Where::packet, "rule_execute");
  return inner_.rule_execute(instance_, mirror, in_port, frame.data(), frame.size());
}

// No exception may leave a call: behind it, and between it and what it calls back, is C. One that does ends the
// process.
void Contract::fill_outer() {
  oft_provider& t = outer_;
  t = inner_;
  t.create = nullptr;
  t.attach = [](void* p, const oft_host* table, void* host, std::uint32_t* n) noexcept {
    return self(p).attach(table, host, n);
  };
  t.destruct = [](void* p) noexcept { self(p).destruct(); };
  t.dealloc = [](void* p) noexcept { self(p).dealloc(); };
  t.run = [](void* p) noexcept { self(p).run(); };
  t.run_at = [](void* p) noexcept { return self(p).run_at(); };
  t.rule_alloc = [](void* p) noexcept { return self(p).rule_alloc(); };
  t.rule_dealloc = [](void* p, void* handle) noexcept { self(p).rule_dealloc(handle); };
  t.rule_construct = [](void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) noexcept {
    return self(p).rule_construct(rule, victim, op);
  };
  t.rule_modify_actions = [](void* p, const oft_rule* rule, oft_op* op) noexcept {
    Contract& me = self(p);
    me.start("rule_modify_actions", OperationKind::modify, rule, op, [&](const oft_rule* mirror) -> oft_error {
      me.inner_.rule_modify_actions(me.instance_, mirror, op);
      return OFT_OK;
    });
  };
  t.rule_destruct = [](void* p, const oft_rule* rule, oft_op* op) noexcept {
    Contract& me = self(p);
    me.start("rule_destruct", OperationKind::remove, rule, op, [&](const oft_rule* mirror) -> oft_error {
      me.inner_.rule_destruct(me.instance_, mirror, op);
      return OFT_OK;
    });
  };
  t.rule_get_stats = [](void* p, const oft_rule* rule, std::uint64_t* packets, std::uint64_t* bytes) noexcept {
    self(p).rule_get_stats(rule, packets, bytes);
  };
  t.rule_execute = [](void* p, const oft_rule* rule, std::uint16_t in_port, const std::uint8_t* frame,
                      std::uint64_t len) noexcept {
    return self(p).rule_execute(rule, in_port, {frame, static_cast<std::size_t>(len)});
  };
  t.packet_out = [](void* p, std::uint16_t in_port, const std::uint8_t* frame, std::uint64_t len,
                    const std::uint8_t* actions, std::uint64_t actions_len) noexcept {
    const Calling calling(self(p), Where::packet, "packet_out");
    return self(p).inner_.packet_out(self(p).instance_, in_port, frame, len, actions, actions_len);
  };
  if (inner_.choose_table != nullptr) {
    t.choose_table = [](void* p, const oft_match* match, std::uint8_t* table_id) noexcept {
      const Calling calling(self(p), Where::reading, "choose_table");
      return self(p).inner_.choose_table(self(p).instance_, match, table_id);
    };
  }
  t.flush = [](void* p) noexcept {
    const Calling calling(self(p), Where::reading, "flush");
    if (self(p).inner_.flush != nullptr) self(p).inner_.flush(self(p).instance_);
  };
  t.get_table_info = [](void* p, std::uint8_t id, oft_table_info* info) noexcept {
    {
      const Calling calling(self(p), Where::reading, "get_table_info");
      self(p).inner_.get_table_info(self(p).instance_, id, info);
    }
    if (!self(p).has_door()) info->lookup_count = info->matched_count = 0;
  };
  t.get_ports = [](void* p, oft_port* ports, std::uint32_t max) noexcept {
    const Calling calling(self(p), Where::reading, "get_ports");
    return self(p).inner_.get_ports(self(p).instance_, ports, max);
  };
  t.port_reconfigured = [](void* p, std::uint16_t port, std::uint32_t was, std::uint32_t is) noexcept {
    const Calling calling(self(p), Where::reading, "port_reconfigured");
    self(p).inner_.port_reconfigured(self(p).instance_, port, was, is);
  };
  t.get_port_stats = nullptr;
  if (inner_.get_port_stats != nullptr && has_door()) {
    t.get_port_stats = [](void* p, std::uint16_t port, oft_port_stats* stats) noexcept {
      const Calling calling(self(p), Where::reading, "get_port_stats");
      self(p).inner_.get_port_stats(self(p).instance_, port, stats);
    };
  }
  t.get_drop_frags = [](void* p) noexcept {
    const Calling calling(self(p), Where::reading, "get_drop_frags");
    return self(p).inner_.get_drop_frags(self(p).instance_);
  };
  t.set_drop_frags = [](void* p, std::uint8_t drop) noexcept {
    const Calling calling(self(p), Where::reading, "set_drop_frags");
    self(p).inner_.set_drop_frags(self(p).instance_, drop);
  };
  t.set_eviction_threshold = [](void* p, std::uint32_t flows) noexcept {
    const Calling calling(self(p), Where::reading, "set_eviction_threshold");
    if (self(p).inner_.set_eviction_threshold != nullptr) {
      self(p).inner_.set_eviction_threshold(self(p).instance_, flows);
    }
  };
}

}  // namespace oftwin::harness
