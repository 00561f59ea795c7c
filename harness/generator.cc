#include "harness/generator.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "harness/default_config.h"
#include "harness/generate_frame.h"
#include "harness/generate_message.h"
#include "harness/generate_settings.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

enum Feature : std::size_t {
  f_message,
  f_burst,
  f_plan,
  f_policy,
  f_complete,
  f_clock,
  f_packet,
  f_counters,
  f_latency,
  f_close,
  f_open,
  f_stall,
  f_flush,
  f_expire,
  f_hidden,
  f_fault,
  f_port_change,
  f_setting,
  f_snoop,
  f_features
};
constexpr std::array<unsigned, f_features> kBase = {40, 1, 9, 3, 16, 3, 4, 2, 2, 1, 2, 1, 1, 2, 2, 2, 1, 3, 1};

constexpr std::array<std::uint16_t, 4> kErrnos = {12, 28, 5, 22};
// Some of which no part of the switch itself ever thinks of.
constexpr std::array kProviderErrors = {
    openflow_error(OFPET_BAD_ACTION, OFPBAC_BAD_OUT_PORT), openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_EPERM),
    openflow_error(OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_QUEUE), nicira_error(OFPET_BAD_REQUEST, 0x108),
    nicira_error(OFPET_FLOW_MOD_FAILED, NXFMFC_HARDWARE)};

SwitchConfig draw_config(Source& s, const GeneratorOptions& options) {
  constexpr std::array<std::uint8_t, 5> tables = {1, 1, 2, 2, 3};
  const std::uint64_t n_ports = s.between(2, 4);
  std::vector<std::uint16_t> ports;
  for (std::uint16_t n = 1; n <= n_ports; ++n) ports.push_back(n);
  SwitchConfig config = default_config(ports);
  const bool simulated = options.simulated && (!options.scripted || s.chance(35));
  config.provider = simulated ? ProviderMode::simulated : ProviderMode::scripted;
  config.tables.resize(s.chance(3) ? s.between(254, 255) : s.pick(tables));
  config.connections.clear();
  const auto primaries = static_cast<std::uint16_t>(s.between(s.chance(10) ? 0 : 1, 2));
  const auto services = static_cast<std::uint16_t>(primaries == 0 ? 1 : s.below(2));
  for (std::uint16_t n = 1; n <= primaries; ++n) config.connections.push_back({ConnKind::primary, n});
  for (std::uint16_t n = 1; n <= services; ++n) config.connections.push_back({ConnKind::service, n});
  if (options.limits && s.chance(25)) {
    const auto small = [&] { return static_cast<std::uint16_t>(s.between(1, 4)); };
    config.limits.pending_groups = small();
    config.limits.packet_buffers = small();
    config.limits.unsent_replies = small();
  }
  return config;
}

class TraceGenerator {
 public:
  TraceGenerator(Source& source, const GeneratorOptions& options)
      : s_(source), options_(options), config_(draw_config(source, options)), messages_(source, options, config_) {
    trace_.config = config_;
    draw_weights();
  }

  Trace run() {
    const std::uint64_t inputs = s_.between(options_.min_inputs, options_.max_inputs);
    prologue();
    while (id_ < inputs) {
      input();
      if (!s_.chance(hold_percent_)) loop(s_.chance(85) ? 0 : static_cast<std::uint32_t>(s_.between(1, 3)));
    }
    loop(0);
    epilogue();
    return std::move(trace_);
  }

 private:
  // --- Events --------------------------------------------------------------------------------------------------------
  std::uint32_t add(EventBody body) {
    trace_.events.push_back({++id_, std::move(body)});
    return id_;
  }
  void loop(std::uint32_t iterations) {
    const std::size_t first = trace_.blocks.empty() ? 0 : trace_.blocks.back().last + 1;
    trace_.events.push_back({0, event::Loop{iterations}});
    Block block;
    block.first = first;
    block.last = trace_.events.size() - 1;
    trace_.blocks.push_back(std::move(block));
  }

  // --- The swarm -----------------------------------------------------------------------------------------------------
  void draw_weights() {
    constexpr std::array<unsigned, 5> amount = {0, 0, 1, 1, 4};
    constexpr std::array<unsigned, 4> holds = {0, 0, 15, 50};
    const bool simulated = config_.provider == ProviderMode::simulated;
    for (std::size_t f = 0; f < f_features; ++f) weights_[f] = kBase[f] * s_.pick(amount);
    weights_[f_message] = kBase[f_message];
    if (!simulated) weights_[f_latency] = 0;
    if (simulated) weights_[f_packet] *= 3;
    if (simulated) weights_[f_clock] *= 2;  // rules time out by themselves
    if (simulated) weights_[f_expire] = weights_[f_counters] = weights_[f_fault] = 0;
    if (!options_.disconnects) weights_[f_close] = weights_[f_open] = weights_[f_stall] = 0;
    if (!options_.flushes) weights_[f_flush] = weights_[f_expire] = weights_[f_hidden] = 0;
    if (!options_.faults) weights_[f_fault] = 0;
    if (!options_.settings) weights_[f_setting] = weights_[f_snoop] = 0;
    if (!options_.buffers && !simulated) weights_[f_packet] = 0;
    hold_percent_ = s_.pick(holds);
    open_ = config_.connections;
    for (ConnName c : open_) next_service_ = std::max(next_service_, static_cast<std::uint16_t>(c.number + 1));
    messages_.set_table_percent(0);
  }

  void prologue() {
    if (s_.chance(50)) add(event::ProviderPolicy{std::nullopt, {AnswerKind::pending, {}}});
    if (config_.tables.size() > 1 && s_.chance(60)) {
      for (ConnName conn : open_) {
        request::FlowModTableId on;
        on.xid = default_xid(id_ + 1);
        add(event::Recv{conn, encode(on)});
      }
      messages_.set_table_percent(70);
    }
  }

  void input() {
    switch (static_cast<Feature>(s_.weighted(weights_))) {
      case f_message:
        return message();
      case f_burst:
        return burst();
      case f_plan:
        return plan();
      case f_policy:
        return policy();
      case f_complete:
        return complete();
      case f_clock:
        return clock();
      case f_packet:
        return packet();
      case f_counters:
        return counters();
      case f_latency:
        return latency();
      case f_close:
        return close();
      case f_open:
        return open();
      case f_stall:
        return stall();
      case f_flush:
        add(event::Flush{});
        return;
      case f_expire:
        return expire();
      case f_hidden:
        return hidden();
      case f_fault:
        return fault();
      case f_port_change:
        return port_change();
      case f_setting:
        return setting();
      case f_snoop:
        return snoop();
      case f_features:
        break;
    }
  }

  // --- Connections ---------------------------------------------------------------------------------------------------
  // Which rule a message may make is known from its place among the messages that this event completes.
  void recv(ConnName conn, unsigned count, auto&& make) {
    Bytes bytes = std::exchange(cut_[conn], {});
    const std::uint32_t event = id_ + 1;
    const std::uint32_t first = bytes.empty() ? 1 : 2;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Bytes one = make(first + i, default_xid(event, first + i));
      bytes.insert(bytes.end(), one.begin(), one.end());
    }
    for (std::uint32_t i = 1; i < first + count; ++i) rules_.push_back({event, i});
    if (s_.chance(2) && bytes.size() > 1) {  // cut somewhere; the rest comes with the next input here
      const auto at = static_cast<std::ptrdiff_t>(s_.between(1, bytes.size() - 1));
      const Bytes rest(bytes.begin() + at, bytes.end());
      if (rest.size() < 72) {
        cut_[conn] = rest;
        bytes.resize(static_cast<std::size_t>(at));
      }
    }
    add(event::Recv{conn, std::move(bytes)});
  }

  void message() {
    if (open_.empty()) return clock();
    constexpr std::array<unsigned, 8> counts = {1, 1, 1, 1, 1, 2, 3, 6};
    const ConnName conn = s_.pick(open_);
    recv(conn, s_.pick(counts), [&](std::uint32_t, std::uint32_t xid) { return messages_.any(xid); });
  }

  // More than fifty operations that stay pending, so that the limit on groups is met.
  void burst() {
    if (open_.empty()) return clock();
    add(event::ProviderPolicy{std::nullopt, {AnswerKind::pending, {}}});
    const auto count = static_cast<unsigned>(s_.between(20, 56));
    for (int part = 0; part < 2; ++part) {
      recv(s_.pick(open_), count, [&](std::uint32_t i, std::uint32_t xid) {
        return messages_.distinct_add(static_cast<unsigned>(part) * 100 + i, xid);
      });
    }
  }

  void close() {
    if (open_.empty()) return clock();
    const std::size_t i = s_.below(open_.size());
    add(event::ConnClose{open_[i]});
    cut_.erase(open_[i]);
    if (open_[i].kind == ConnKind::primary) closed_.push_back(open_[i]);
    if (s_.chance(90)) open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  void open() {
    if (!closed_.empty() && s_.chance(70)) {
      add(event::Clock{1000});
      loop(0);
      add(event::ConnOpen{closed_.back()});
      open_.push_back(closed_.back());
      closed_.pop_back();
    } else if (next_service_ < 5) {
      open_.push_back({ConnKind::service, next_service_++});
      add(event::ConnOpen{open_.back()});
    } else {
      message();
    }
  }

  void stall() {
    if (open_.empty()) return clock();
    add(event::PeerStall{s_.pick(open_), s_.chance(50)});
  }

  // --- The provider --------------------------------------------------------------------------------------------------
  Error draw_error() {
    if (s_.chance(20)) return system_error(s_.pick(kErrnos));
    return s_.chance(50) ? openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL) : s_.pick(kProviderErrors);
  }

  Answer draw_answer() {
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

  OperationKind draw_kind() { return static_cast<OperationKind>(s_.below(3)); }

  void plan() {
    event::ProviderPlan plan{draw_kind(), {}};
    for (std::uint64_t n = s_.between(1, 3); n > 0; --n) plan.answers.push_back(draw_answer());
    add(plan);
  }

  void policy() {
    event::ProviderPolicy policy;
    if (s_.chance(60)) policy.kind = draw_kind();
    policy.answer = s_.chance(40) ? Answer{} : draw_answer();
    add(policy);
  }

  // Any rule may be the one; those made lately more often.
  RuleName some_rule() {
    if (rules_.empty()) return {1, 1};
    const std::size_t window = s_.chance(60) ? std::min<std::size_t>(rules_.size(), 4) : rules_.size();
    return rules_[rules_.size() - 1 - s_.below(window)];
  }

  void complete() {
    for (std::uint64_t n = s_.chance(80) ? 1 : s_.between(2, 6); n > 0; --n) {
      add(event::ProviderComplete{some_rule(), s_.chance(65) ? Error{} : draw_error()});
    }
  }

  void expire() { add(event::ProviderExpire{some_rule(), s_.chance(50) ? ExpiryReason::idle : ExpiryReason::hard}); }

  void counters() {
    if (s_.chance(15)) {
      add(event::ProviderUnknownCounters{s_.chance(60)});
    } else {
      constexpr std::array<std::uint64_t, 4> some = {0, 1, 77, UINT64_MAX};
      add(event::ProviderCounters{some_rule(), s_.pick(some), s_.pick(some)});
    }
  }

  void latency() {
    constexpr std::array<std::uint32_t, 4> some = {0, 1, 10, 500};
    event::ProviderLatency latency;
    if (s_.chance(50)) latency.kind = draw_kind();
    latency.ms = s_.pick(some);
    add(latency);
  }

  // Enough packets that the buffers come round to the first one.
  void flood() {
    const auto port = messages_.port();
    const Bytes frame = messages_.frame();
    if (s_.chance(30)) stall();
    for (int i = 0; i < 260; ++i) {
      if (config_.provider == ProviderMode::simulated)
        add(event::PacketArrives{port, frame, 0});
      else
        add(event::ProviderPacketIn{port, PacketInReason::no_match, 0xffff, frame});
    }
  }

  void packet() {
    if (options_.buffers && s_.below(400) == 0) return flood();
    if (config_.provider == ProviderMode::simulated) {
      event::PacketArrives arrives;
      arrives.port = messages_.port();
      arrives.frame = messages_.frame();
      if (s_.chance(20)) arrives.tun_id = s_.chance(70) ? s_.pick(universe::tun_ids) : s_.pick(universe::words);
      add(std::move(arrives));
      return;
    }
    event::ProviderPacketIn in;
    in.port = messages_.port();
    in.reason = s_.chance(70) ? PacketInReason::no_match : PacketInReason::action;
    if (s_.chance(30)) in.send_len = static_cast<std::uint16_t>(s_.below(200));
    in.frame = messages_.frame();
    add(std::move(in));
  }

  void fault() {
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

  void choose_table() {
    event::ProviderChooseTable choose;
    const std::uint64_t most = config_.tables.size() + (s_.chance(10) ? 1 : 0);  // one that is not there, now and then
    if (s_.chance(70)) choose.answer = static_cast<std::uint8_t>(s_.below(most));
    if (s_.chance(20)) choose.answer = draw_error();
    add(choose);
  }

  // --- The switch ----------------------------------------------------------------------------------------------------
  void clock() {
    constexpr std::array<std::uint64_t, 10> some = {1, 10, 500, 999, 1000, 1000, 2000, 5000, 5001, 15000};
    add(event::Clock{s_.pick(some)});
  }

  void hidden() {
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
  void setting() {
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

  void configured(const event::SetControllers& controllers) {
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

  void snoop() {
    const ConnName name{ConnKind::snoop, static_cast<std::uint16_t>(s_.between(1, s_.chance(90) ? 3 : 12))};
    constexpr std::array<unsigned, 4> kinds = {5, 1, 1, 1};
    switch (s_.weighted(kinds)) {
      case 0:
        add(event::ConnOpen{name});
        return;
      case 1:
        add(event::ConnClose{name});
        return;
      case 2:
        add(event::PeerStall{name, s_.chance(50)});
        return;
      default:
        add(event::Recv{name, messages_.any(default_xid(id_ + 1))});
    }
  }

  void port_change() {
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

  // Everything pending ends, everybody is asked what he sees: what went wrong in silence is heard here.
  void epilogue() {
    if (s_.chance(20)) return;
    const std::size_t some = std::min<std::size_t>(rules_.size(), 40);
    for (std::size_t i = rules_.size() - some; i < rules_.size(); ++i) add(event::ProviderComplete{rules_[i], {}});
    loop(0);
    for (ConnName conn : open_) {
      recv(conn, 2, [&](std::uint32_t i, std::uint32_t xid) {
        return i % 2 == 1 ? messages_.all_flows(xid) : messages_.draw(MessageKind::barrier, xid);
      });
    }
    loop(0);
    if (options_.flushes && s_.chance(10)) {
      add(event::Destroy{});
      loop(0);
    }
  }

  Source& s_;
  const GeneratorOptions& options_;
  const SwitchConfig config_;
  MessageGenerator messages_;
  Trace trace_;
  std::uint32_t id_ = 0;
  std::array<unsigned, f_features> weights_{};
  unsigned hold_percent_ = 0;
  std::vector<ConnName> open_, closed_;
  std::uint16_t next_service_ = 1;
  std::map<ConnName, Bytes> cut_;  // begun messages whose rest has not been sent yet
  std::vector<RuleName> rules_;    // that messages may have made
};

}  // namespace

Trace generate(Source& source, const GeneratorOptions& options) { return TraceGenerator(source, options).run(); }

Trace generate(std::uint64_t seed, const GeneratorOptions& options) {
  RandomSource source(seed);
  return generate(source, options);
}

}  // namespace oftwin::harness
