#include "harness/generator.h"

#include <algorithm>
#include <utility>

#include "harness/default_config.h"
#include "harness/trace_generator.h"

namespace oftwin::harness {
namespace {

constexpr std::array<unsigned, f_features> kBase = {40, 1, 9, 3, 16, 3, 4, 6, 2, 2, 1, 2, 1, 1, 2, 2, 2, 1, 3, 1};

// With which a port may begin.
constexpr std::array<std::uint32_t, 6> kPortBits = {OFPPC_NO_FLOOD,    OFPPC_NO_FLOOD,     OFPPC_NO_FWD,
                                                    OFPPC_NO_RECV_STP, OFPPC_NO_PACKET_IN, OFPPC_NO_RECV};

SwitchConfig draw_config(Source& s, const GeneratorOptions& options) {
  constexpr std::array<std::uint8_t, 5> tables = {1, 1, 2, 2, 3};
  const std::uint64_t n_ports = s.between(2, 4);
  std::vector<std::uint16_t> ports;
  for (std::uint16_t n = 1; n <= n_ports; ++n) ports.push_back(n);
  SwitchConfig config = default_config(ports);
  for (PortConfig& port : config.ports) {
    if (s.chance(8)) port.config = s.pick(kPortBits);
  }
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

}  // namespace

TraceGenerator::TraceGenerator(Source& source, const GeneratorOptions& options)
    : s_(source), options_(options), config_(draw_config(source, options)), messages_(source, options, config_) {
  trace_.config = config_;
  draw_weights();
}

Trace TraceGenerator::run() {
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

std::uint32_t TraceGenerator::add(EventBody body) {
  trace_.events.push_back({++id_, std::move(body)});
  return id_;
}

void TraceGenerator::loop(std::uint32_t iterations) {
  const std::size_t first = trace_.blocks.empty() ? 0 : trace_.blocks.back().last + 1;
  trace_.events.push_back({0, event::Loop{iterations}});
  Block block;
  block.first = first;
  block.last = trace_.events.size() - 1;
  trace_.blocks.push_back(std::move(block));
}

void TraceGenerator::draw_weights() {
  constexpr std::array<unsigned, 5> amount = {0, 0, 1, 1, 4};
  constexpr std::array<unsigned, 4> holds = {0, 0, 15, 50};
  const bool simulated = this->simulated();
  for (std::size_t f = 0; f < f_features; ++f) weights_[f] = kBase[f] * s_.pick(amount);
  weights_[f_message] = kBase[f_message];
  if (!simulated) weights_[f_latency] = 0;
  if (simulated) weights_[f_packet] *= 3;
  if (simulated) weights_[f_clock] *= 2;  // rules time out by themselves
  if (!simulated) weights_[f_story] = 0;
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

void TraceGenerator::prologue() {
  if (simulated() && s_.chance(15)) {
    for (const ConnName conn : open_) {
      add(event::Recv{conn, encode(request::SetConfig{default_xid(id_ + 1), OFPC_FRAG_DROP, 128})});
    }
  }
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

void TraceGenerator::input() {
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
    case f_story:
      return story();
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

// Everything pending ends, everybody is asked what he sees: what went wrong in silence is heard here.
void TraceGenerator::epilogue() {
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

Trace generate(Source& source, const GeneratorOptions& options) { return TraceGenerator(source, options).run(); }

Trace generate(std::uint64_t seed, const GeneratorOptions& options) {
  RandomSource source(seed);
  return generate(source, options);
}

}  // namespace oftwin::harness
