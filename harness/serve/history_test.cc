#include "harness/serve/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "harness/default_config.h"
#include "harness/generator.h"
#include "harness/nxm_render.h"
#include "harness/trace_text.h"
#include "model/step.h"

namespace {

using namespace oftwin;
using namespace oftwin::harness;

constexpr ConnName c1{ConnKind::primary, 1};

Event recv(std::uint32_t id, std::size_t size) { return {id, event::Recv{c1, Bytes(size, 0x01)}}; }

using Flow = std::tuple<std::uint8_t, std::uint32_t, Bytes, std::uint64_t, std::uint16_t, std::uint16_t, bool, Bytes>;

std::vector<Flow> visible_flows(const model::State& state) {
  std::vector<Flow> out;
  for (const model::Table& table : state.tables) {
    for (const model::Rule& r : table.rules) {
      if (r.priority > 0xffff) continue;
      out.push_back({r.table, r.priority, render_nxm(r.match), r.cookie, r.idle_timeout, r.hard_timeout,
                     r.send_flow_removed, r.actions});
    }
  }
  std::ranges::sort(out);
  return out;
}

TEST(History, all_of_it_is_a_trace_that_reads_back) {
  const SwitchConfig config = default_config();
  const model::State state = model::initial(config);
  History history(1 << 20);
  history.begin(config);
  for (std::uint32_t i = 1; i <= 10; ++i) history.add(recv(i, 20), state);
  history.add({0, event::Loop{}}, state);
  const Trace trace = history.trace({"what it is"});
  EXPECT_EQ(trace.events.size(), 11u);
  EXPECT_EQ(trace.comments, std::vector<std::string>{"what it is"});
  EXPECT_EQ(parse_trace(print_trace(trace)), trace);
}

TEST(History, what_is_too_much_is_forgotten_from_the_beginning_and_the_trace_says_so) {
  const SwitchConfig config = default_config();
  const model::State state = model::initial(config);
  History history(100'000);
  history.begin(config);
  for (std::uint32_t i = 1; i <= 1000; ++i) {
    history.add(recv(i, 1000), state);
    std::size_t bytes = 0;
    for (const Event& e : history.events()) bytes += sizeof e + std::get<event::Recv>(e.body).bytes.size();
    ASSERT_LE(bytes, 100'000u);
    ASSERT_EQ(history.events().back().id, i);
    ASSERT_EQ(history.missing() + history.events().size(), i) << "between two events that are kept none is missing";
  }
  EXPECT_GT(history.missing(), 0u);
  ASSERT_EQ(history.trace({}).comments.size(), 2u);
  EXPECT_EQ(history.trace({}).comments[0].rfind("The beginning is missing: ", 0), 0u);
  history.begin(config);
  EXPECT_TRUE(history.events().empty());
  EXPECT_EQ(history.missing(), 0u);
}

// What a controller can have put into the tables is there again when the beginning is missing.
TEST(History, a_switch_that_is_recollected_has_the_same_flows) {
  std::size_t flows = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    GeneratorOptions options;
    options.flushes = false;
    const Trace trace = generate(seed, options);
    if (trace.config.provider != ProviderMode::simulated) continue;
    model::State state = model::initial(trace.config);
    model::Outcome out;
    for (const Event& event : trace.events) model::step(state, event, {}, out);
    if (state.dead || state.flushing || !state.operations.empty()) continue;
    const Recollection recollection = recollect(trace.config, state);
    model::State again = model::initial(recollection.config);
    for (const Event& event : recollection.events) model::step(again, event, {}, out);
    ASSERT_EQ(again.now_ms, state.now_ms);
    ASSERT_EQ(visible_flows(again), visible_flows(state)) << "seed " << seed;
    ASSERT_EQ(again.ports.size(), state.ports.size());
    flows += visible_flows(state).size();
    Trace kept;
    kept.config = recollection.config;
    kept.events = recollection.events;
    make_blocks(kept);
    ASSERT_EQ(parse_trace(print_trace(kept)).events, kept.events);
  }
  EXPECT_GT(flows, 200u);
}

}  // namespace
