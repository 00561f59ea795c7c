// The generator, its sources and the mutator keep what their headers promise.
#include "harness/generator.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <variant>

#include "harness/binary.h"
#include "harness/mutate.h"
#include "harness/request.h"
#include "harness/trace_text.h"
#include "model/step.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

bool is_loop(const Event& e) { return std::holds_alternative<event::Loop>(e.body); }

// Numbers and order that do not depend on compiler or library: a seed in a bug report means the same everywhere.
TEST(RandomSource, the_same_seed_gives_the_same_numbers_everywhere) {
  RandomSource source(1);
  EXPECT_EQ(source.next(), 0xb3f2af6d0fc710c5u);
  EXPECT_EQ(source.next(), 0x853b559647364ceau);
}

TEST(Generator, the_same_seed_gives_the_same_trace_everywhere) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    EXPECT_EQ(generate(seed), generate(seed));
    for (std::uint8_t byte : encode_binary(generate(seed))) hash = (hash ^ byte) * 0x100000001b3u;
  }
  EXPECT_EQ(hash, 3087314835719332209u)
      << "a new hash is right only if the generator or the binary format was meant to change";
}

TEST(EnumeratingSource, gives_every_sequence_of_answers_once) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  std::size_t rounds = 0;
  EnumeratingSource source;
  do {
    const std::uint64_t first = source.below(3);
    const std::uint64_t second = first == 1 ? source.between(10, 13) : 0;
    seen.emplace(first, second);
    ++rounds;
  } while (source.next());
  EXPECT_EQ(rounds, 6u);  // 0, 1 with four, 2
  EXPECT_EQ(seen.size(), 6u);
}

TEST(EnumeratingSource, takes_chances_and_weights_both_ways_but_not_the_impossible) {
  std::size_t rounds = 0, impossible = 0;
  EnumeratingSource source;
  do {
    impossible += source.chance(0) || !source.chance(100);
    const unsigned weights[] = {0, 5, 0, 1};
    const std::size_t which = source.weighted(weights);
    impossible += which != 1 && which != 3;
    (void)source.chance(50);
    ++rounds;
  } while (source.next());
  EXPECT_EQ(impossible, 0u);
  EXPECT_EQ(rounds, 4u);
}

void expect_well_formed(const Trace& trace) {
  std::uint32_t id = 0;
  for (const Event& e : trace.events) EXPECT_EQ(e.id, is_loop(e) ? 0 : ++id);
  std::size_t next = 0;
  for (const Block& block : trace.blocks) {
    EXPECT_EQ(block.first, next);
    EXPECT_TRUE(is_loop(trace.events[block.last]));
    next = block.last + 1;
  }
  EXPECT_EQ(next, trace.events.size());
}

TEST(Generator, traces_are_well_formed_and_survive_text_and_bytes) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Trace trace = generate(seed);
    expect_well_formed(trace);
    EXPECT_EQ(parse_trace(print_trace(trace)), trace) << "seed " << seed;
    EXPECT_EQ(decode_binary(encode_binary(trace)), trace) << "seed " << seed;
  }
}

// What a modification did can only be seen on a packet that meets the flow afterwards.
TEST(Generator, packets_meet_flows_that_have_been_modified) {
  std::size_t traces = 0, met = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const Trace trace = generate(seed, {.scripted = false});
    model::State state = model::initial(trace.config);
    std::map<RuleName, Bytes> first;
    std::set<RuleName> modified;
    bool meets = false;
    for (const Event& e : trace.events) {
      model::Outcome out;
      model::step(state, e, {}, out);
      for (const Observation& o : out.observations) {
        const auto* lookup = std::get_if<observation::Lookup>(&o);
        meets = meets || (lookup && lookup->rule && modified.contains(*lookup->rule));
      }
      for (const model::Table& table : state.tables) {
        for (const model::Rule& rule : table.rules) {
          if (!(first.try_emplace(rule.name, rule.actions).first->second == rule.actions)) modified.insert(rule.name);
        }
      }
    }
    ++traces;
    met += meets;
  }
  EXPECT_GE(met * 100, traces * 5);  // without stories: 2
}

TEST(Generator, limits_are_small_only_if_that_is_asked_for) {
  std::size_t small = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    EXPECT_EQ(generate(seed).config.limits, Limits{});
    const Trace trace = generate(seed, {.limits = true});
    small += trace.config.limits != Limits{};
    EXPECT_EQ(parse_trace(print_trace(trace)), trace) << "seed " << seed;
  }
  EXPECT_GE(small, 10u);
}

TEST(Mutate, changes_keep_traces_traces) {
  std::size_t changed = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    RandomSource source(seed);
    Trace trace = generate(source), other = generate(source);
    for (int i = 0; i < 20; ++i) {
      const Trace before = trace;
      if (i % 5 == 4) {
        trace = crossover(trace, other, source);
      } else {
        mutate(trace, source);
      }
      changed += !(trace == before);
      expect_well_formed(trace);
      EXPECT_LE(trace.events.size(), kMaxMutatedEvents + 1);
    }
  }
  EXPECT_GT(changed, 1500u);  // of 2000; some changes have nothing to change
}

// The words by which speeds are counted: 70 % flow-mods, 15 % statistics, 20 to 60 rules.
TEST(BenchmarkTrace, is_the_mix_that_figures_are_quoted_for) {
  const Trace trace = benchmark_trace(1, 4000);
  std::size_t messages = 0, flow_mods = 0, statistics = 0, rules = 0, events = 0;
  model::State state = model::initial(trace.config);
  for (const Event& e : trace.events) {
    model::Outcome out;
    model::step(state, e, {}, out);
    rules += state.tables[0].rules.size();
    ++events;
    const auto* recv = std::get_if<event::Recv>(&e.body);
    if (recv == nullptr) continue;
    ++messages;
    flow_mods += recv->bytes[1] == OFPT_FLOW_MOD;
    statistics += recv->bytes[1] == OFPT_STATS_REQUEST;
  }
  EXPECT_EQ(messages, 4000u);
  EXPECT_NEAR(static_cast<double>(flow_mods) / 40, 70, 3);
  EXPECT_NEAR(static_cast<double>(statistics) / 40, 15, 2);
  EXPECT_GE(rules / events, 20u);
  EXPECT_LE(rules / events, 60u);
}

}  // namespace
}  // namespace oftwin::harness
