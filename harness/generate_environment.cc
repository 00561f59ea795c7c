// Everything that is no controller: the provider, time, ports, rules of the switch's own, settings.
#include <algorithm>
#include <utility>

#include "harness/default_config.h"
#include "harness/generate_frame.h"
#include "harness/generate_settings.h"
#include "harness/trace_generator.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

constexpr std::array<std::uint16_t, 4> kErrnos = {12, 28, 5, 22};
// Some of which no part of the switch itself ever thinks of.
constexpr std::array kProviderErrors = {
    openflow_error(OFPET_BAD_ACTION, OFPBAC_BAD_OUT_PORT), openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_EPERM),
    openflow_error(OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_QUEUE), nicira_error(OFPET_BAD_REQUEST, 0x108),
    nicira_error(OFPET_FLOW_MOD_FAILED, NXFMFC_HARDWARE)};

}  // namespace

Error TraceGenerator::draw_error() {
  if (s_.chance(20)) return system_error(s_.pick(kErrnos));
  return s_.chance(50) ? openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL) : s_.pick(kProviderErrors);
}

Answer TraceGenerator::draw_answer() {
  switch (s_.below(6)) {
    case 0:
      return {AnswerKind::done, {}};
    case 1:
      return {AnswerKind::failed, draw_error()};
    case 2:
      return {AnswerKind::refused, draw_error()};
    default:
      return {AnswerKind::pending, {}};
  }
}

OperationKind TraceGenerator::draw_kind() { return static_cast<OperationKind>(s_.below(3)); }

void TraceGenerator::plan() {
  event::ProviderPlan plan{draw_kind(), {}};
  for (std::uint64_t n = s_.between(1, 3); n > 0; --n) plan.answers.push_back(draw_answer());
  add(plan);
}

void TraceGenerator::policy() {
  event::ProviderPolicy policy;
  if (s_.chance(60)) policy.kind = draw_kind();
  policy.answer = s_.chance(40) ? Answer{} : draw_answer();
  add(policy);
}

// Any rule may be the one; those made lately more often.
RuleName TraceGenerator::some_rule() {
  if (rules_.empty()) return {1, 1};
  const std::size_t window = s_.chance(60) ? std::min<std::size_t>(rules_.size(), 4) : rules_.size();
  return rules_[rules_.size() - 1 - s_.below(window)];
}

void TraceGenerator::complete() {
  for (std::uint64_t n = s_.chance(80) ? 1 : s_.between(2, 6); n > 0; --n) {
    add(event::ProviderComplete{some_rule(), s_.chance(65) ? Error{} : draw_error()});
  }
}

void TraceGenerator::expire() {
  add(event::ProviderExpire{some_rule(), s_.chance(50) ? ExpiryReason::idle : ExpiryReason::hard});
}

void TraceGenerator::counters() {
  if (s_.chance(15)) {
    add(event::ProviderUnknownCounters{s_.chance(60)});
  } else {
    constexpr std::array<std::uint64_t, 4> some = {0, 1, 77, UINT64_MAX};
    add(event::ProviderCounters{some_rule(), s_.pick(some), s_.pick(some)});
  }
}

void TraceGenerator::latency() {
  constexpr std::array<std::uint32_t, 4> some = {0, 1, 10, 500};
  event::ProviderLatency latency;
  if (s_.chance(50)) latency.kind = draw_kind();
  latency.ms = s_.pick(some);
  add(latency);
}

void TraceGenerator::fault() {
  switch (s_.below(4)) {
    case 0:
      add(event::ProviderAllocFail{s_.chance(50)});
      return;
    case 1:
      return choose_table();
    case 2:
      add(event::ProviderExecuteResult{s_.chance(50) ? Error{} : draw_error()});
      return;
    default:
      add(event::ProviderPacketOutResult{s_.chance(50) ? Error{} : draw_error()});
  }
}

void TraceGenerator::choose_table() {
  event::ProviderChooseTable choose;
  const std::uint64_t most = config_.tables.size() + (s_.chance(10) ? 1 : 0);  // one that is not there, now and then
  if (s_.chance(70)) choose.answer = static_cast<std::uint8_t>(s_.below(most));
  if (s_.chance(20)) choose.answer = draw_error();
  add(choose);
}

void TraceGenerator::clock() {
  constexpr std::array<std::uint64_t, 10> some = {1, 10, 500, 999, 1000, 1000, 2000, 5000, 5001, 15000};
  add(event::Clock{s_.pick(some)});
}

void TraceGenerator::hidden() {
  const std::uint32_t priority = 0x10000 + static_cast<std::uint32_t>(s_.below(2));
  const auto in_port = static_cast<std::uint16_t>(s_.below(3));
  const WireMatchBytes match = wire_bytes(s_.chance(80) ? match_of_port(in_port) : messages_.match());
  if (s_.chance(60)) {
    const Bytes output = action::output(static_cast<std::uint16_t>(s_.between(1, 2)));
    rules_.push_back({add(event::HiddenAdd{priority, match, s_.chance(80) ? output : messages_.actions()}), 1});
  } else {
    add(event::HiddenDel{priority, match});
  }
}

// Settings come with the time that they need to show, and with controllers that connect (again).
void TraceGenerator::setting() {
  EventBody body = draw_setting(s_);
  const auto rules = std::min<std::uint32_t>(most_own_rules(body), 9);
  if (const auto* controllers = std::get_if<event::SetControllers>(&body)) configured(*controllers);
  const bool ends_sessions = std::holds_alternative<event::Reconnect>(body);
  add(std::move(body));
  for (std::uint32_t index = 1; index <= rules; ++index) rules_.push_back({id_, index});
  if (ends_sessions) {
    for (const ConnName c : open_) {
      if (c.kind == ConnKind::primary) closed_.push_back(c);
    }
    open_.clear();
  }
  if (s_.chance(50)) loop(0);
  while (!closed_.empty() && s_.chance(60)) {
    add(event::ConnOpen{closed_.back()});
    open_.push_back(closed_.back());
    closed_.pop_back();
  }
  if (s_.chance(40)) clock();
}

void TraceGenerator::configured(const event::SetControllers& controllers) {
  const auto removed = [&](ConnName c) {
    return c.kind == ConnKind::primary &&
           std::find(controllers.numbers.begin(), controllers.numbers.end(), c.number) == controllers.numbers.end();
  };
  std::erase_if(open_, removed);
  std::erase_if(closed_, removed);
  for (const std::uint16_t number : controllers.numbers) {
    const ConnName c{ConnKind::primary, number};
    const bool known = std::find(open_.begin(), open_.end(), c) != open_.end() ||
                       std::find(closed_.begin(), closed_.end(), c) != closed_.end();
    if (!known) closed_.push_back(c);
  }
}

void TraceGenerator::port_change() {
  event::PortChange change;
  constexpr std::array<std::uint16_t, 5> odd = {OFPP_LOCAL, OFPP_LOCAL, 0, OFPP_MAX, OFPP_NONE};
  change.kind = static_cast<event::PortChangeKind>(s_.below(3));
  change.port = default_port(s_.chance(90) ? static_cast<std::uint16_t>(s_.between(1, 5)) : s_.pick(odd));
  change.port.state = static_cast<std::uint32_t>(s_.below(2));
  if (s_.chance(15)) change.port.name = default_port(static_cast<std::uint16_t>(s_.between(1, 5))).name;
  if (s_.chance(20)) change.port.config = static_cast<std::uint32_t>(s_.below(128));
  if (s_.chance(10)) change.port.curr = static_cast<std::uint32_t>(s_.below(4096));
  if (s_.chance(5)) change.port.hw_addr.back() ^= 1;
  add(change);
}

}  // namespace oftwin::harness
