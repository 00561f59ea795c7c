// What makes a trace, event by event; the parts of it are in generator.cc (the swarm), generate_peer.cc (connections
// and their messages), generate_story.cc (packets, and flows that they are to meet) and generate_environment.cc
// (provider, time, ports, settings). Part of harness/generator.h; nobody else includes this.
#pragma once

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "harness/generate_message.h"
#include "harness/generator.h"
#include "harness/request.h"

namespace oftwin::harness {

enum Feature : std::size_t {
  f_message,
  f_burst,
  f_plan,
  f_policy,
  f_complete,
  f_clock,
  f_packet,
  f_story,
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

class TraceGenerator {
 public:
  TraceGenerator(Source& source, const GeneratorOptions& options);
  Trace run();

 private:
  std::uint32_t add(EventBody body);
  void loop(std::uint32_t iterations);
  bool simulated() const { return config_.provider == ProviderMode::simulated; }

  void draw_weights();
  void prologue();
  void input();
  void epilogue();

  // Which rule a message may make is known from its place among the messages that this event completes.
  // make: (index, xid) -> Bytes
  template <class Make>
  void recv(ConnName conn, unsigned count, Make make);
  void message();
  void burst();
  void close();
  void open();
  void stall();
  void snoop();

  void packet();
  void arrive(const DrawnPacket& packet);
  void flood();
  void story();
  void tell(ConnName conn, Bytes message);
  void show(const DrawnFlow& flow);
  void ageing(ConnName conn, const DrawnFlow& flow);

  Error draw_error();
  Answer draw_answer();
  OperationKind draw_kind();
  void plan();
  void policy();
  RuleName some_rule();
  void complete();
  void expire();
  void counters();
  void latency();
  void fault();
  void choose_table();
  void clock();
  void hidden();
  void setting();
  void configured(const event::SetControllers& controllers);
  void port_change();

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

template <class Make>
void TraceGenerator::recv(ConnName conn, unsigned count, Make make) {
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

}  // namespace oftwin::harness
