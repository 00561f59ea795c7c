// A provider that does what a trace tells it and computes nothing: answers by plan and policy, counters, the chosen
// table, packets handed up.
//
// Its exact semantics are those of the recordings (corpus/recordings/README.md, section 4): a planned answer is used
// up by one operation of its kind, then the policy holds; a removal takes every answer but `pending` for `done`; a
// modification takes `refused` for `failed`. Invariant: a rule's pending operation is known until it is completed.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "impl/provider.h"
#include "spec/config.h"
#include "spec/event.h"

namespace oftwin::harness {

class ScriptedProvider {
 public:
  explicit ScriptedProvider(const SwitchConfig& config) : config_(config), ports_(config.ports) {}

  // The instance to pass with it is the ScriptedProvider itself.
  static const oft_provider& table();

  void plan(OperationKind kind, const Answer& answer) { plan_[index(kind)].push_back(answer); }
  void policy(std::optional<OperationKind> kind, const Answer& answer);
  // `handle`: of a rule that is alive.
  void counters(void* handle, std::uint64_t packets, std::uint64_t bytes);
  void unknown_counters(bool unknown) { unknown_counters_ = unknown; }
  void execute_result(const Error& error) { execute_result_ = error; }
  void packet_out_result(const Error& error) { packet_out_result_ = error; }
  void alloc_fails(bool fails) { alloc_fails_ = fails; }
  // Asked last, with what plan or policy say, for each operation and (without a kind) for each packet-out.
  using Overrule = std::function<Answer(std::optional<OperationKind>, const Answer&)>;
  void overrule(Overrule rule) { overrule_ = std::move(rule); }
  void choose_table_answer(const std::variant<std::uint8_t, Error>& answer) { choose_table_ = answer; }

  // To be called from inside run(), by whoever queues work for it.
  void complete(void* handle, const Error& error);
  void expire(const oft_rule* rule, ExpiryReason reason);
  void packet_in(const event::ProviderPacketIn& packet);
  void change_port(event::PortChangeKind kind, const PortConfig& port);

 private:
  struct Rule {
    std::uint64_t packets = 0, bytes = 0;
    oft_op* pending = nullptr;
    bool removal = false;     // of the pending operation
    std::uint64_t order = 0;  // of the pending operation
  };

  static std::size_t index(OperationKind kind) { return static_cast<std::size_t>(kind); }
  static ScriptedProvider& self(void* p) { return *static_cast<ScriptedProvider*>(p); }
  static Rule& rule(const oft_rule* r) { return *static_cast<Rule*>(r->handle); }

  Answer next_answer(OperationKind kind);
  Error packet_out_answer() const;
  // Keeps the operation, or completes it at once.
  void start(Rule& rule, OperationKind kind, oft_op* op, const Answer& answer);
  void finish_all();
  oft_error construct(const oft_rule* r, oft_op* op);
  std::uint32_t get_ports(oft_port* ports, std::uint32_t max) const;

  SwitchConfig config_;
  std::vector<PortConfig> ports_;
  const oft_host* host_table_ = nullptr;
  void* host_ = nullptr;
  std::array<std::deque<Answer>, 3> plan_;
  std::array<Answer, 3> policy_{};
  std::deque<Rule> rules_;  // never shrinks, so that handles stay
  std::vector<Rule*> free_;
  Overrule overrule_;
  std::uint64_t n_started_ = 0;
  bool unknown_counters_ = false, alloc_fails_ = false, drop_frags_ = false;
  Error execute_result_, packet_out_result_;
  std::variant<std::uint8_t, Error> choose_table_ = std::uint8_t{0};
};

oft_error to_oft(const Error& error);
Error from_oft(oft_error error);
oft_port to_oft(const PortConfig& port);
PortConfig from_oft(const oft_port& port);

}  // namespace oftwin::harness
