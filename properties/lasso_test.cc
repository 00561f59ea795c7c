// Liveness: the graph of fair steps knows a cycle when there is one; `corrected` comes to rest from everywhere within
// the quick bounds; each kind of lasso is found where it is known to be, and comes back to where its loop began.
#include "properties/explore/lasso.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "harness/edition.h"
#include "harness/expect.h"
#include "harness/trace_text.h"
#include "properties/explore/explorer.h"
#include "properties/explore/fair_graph.h"

namespace oftwin::explore {

// For GoogleTest.
void PrintTo(const Scope& scope, std::ostream* out);
void PrintTo(const Scope& scope, std::ostream* out) { *out << scope.name; }

namespace {

constexpr FairKind kLoop{true, false}, kRestingLoop{true, true}, kOldest{false, true}, kYounger{false, false};

unsigned number_as_depth(std::uint32_t state) { return state; }

TEST(FairGraph, a_way_to_rest_is_as_long_as_its_longest_branch) {
  const FairGraph graph({{0, 1, kLoop}, {1, 4, kOldest}, {0, 2, kYounger}, {2, 3, kOldest}, {3, 4, kLoop}});
  EXPECT_EQ(graph.longest(), 3u);
  EXPECT_TRUE(graph.spin(number_as_depth).empty());
  EXPECT_TRUE(graph.round(number_as_depth).empty());
  EXPECT_EQ(FairGraph({}).longest(), 0u);
}

TEST(FairGraph, iterations_alone_are_a_spin_even_while_something_is_in_progress) {
  const FairGraph graph({{5, 6, kOldest}, {6, 7, kLoop}, {7, 6, kLoop}, {7, 8, kOldest}});
  const std::vector<FairStep> spin = graph.spin(number_as_depth);
  ASSERT_EQ(spin.size(), 2u);
  EXPECT_EQ(spin[0].from, 6u);
  EXPECT_EQ(spin[1].to, 6u);
  EXPECT_TRUE(graph.round(number_as_depth).empty()) << "its oldest operation is never served";
  EXPECT_EQ(FairGraph({{3, 3, kLoop}}).spin(number_as_depth).size(), 1u) << "a state may lead to itself";
}

TEST(FairGraph, a_round_serves_the_oldest_operation) {
  const std::vector<FairStep> unfair = {{0, 1, kYounger}, {1, 0, kLoop}};
  EXPECT_TRUE(FairGraph(unfair).round(number_as_depth).empty());
  std::vector<FairStep> fair = unfair;
  fair.emplace_back(1, 2, kOldest);
  EXPECT_TRUE(FairGraph(fair).round(number_as_depth).empty()) << "to be served leads out of the cycle";
  fair.emplace_back(2, 0, kRestingLoop);
  const std::vector<FairStep> round = FairGraph(fair).round(number_as_depth);
  ASSERT_FALSE(round.empty());
  EXPECT_TRUE(std::ranges::any_of(round, [](const FairStep& s) { return s.served != 0; }));
  EXPECT_TRUE(FairGraph(fair).spin(number_as_depth).empty());
}

// Against the obvious: a step is on a cycle if its beginning can be reached from its end.
TEST(FairGraph, finds_a_cycle_exactly_if_there_is_one) {
  std::mt19937 random(1);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  std::size_t cycles = 0;
  for (int n = 0; n < 3000; ++n) {
    constexpr std::uint32_t states = 7;
    std::vector<FairStep> steps;
    bool leads[states][states] = {};
    for (std::uint32_t i = 0, most = below(10); i < most; ++i) {
      steps.emplace_back(below(states), below(states), FairKind{below(2) == 0, below(3) == 0});
      leads[steps.back().from][steps.back().to] = true;
    }
    for (std::uint32_t k = 0; k < states; ++k) {
      for (std::uint32_t a = 0; a < states; ++a) {
        for (std::uint32_t b = 0; b < states; ++b) leads[a][b] = leads[a][b] || (leads[a][k] && leads[k][b]);
      }
    }
    const bool round = std::ranges::any_of(
        steps, [&](const FairStep& s) { return s.served != 0 && (s.from == s.to || leads[s.to][s.from]); });
    const std::vector<FairStep> found = FairGraph(steps).round(number_as_depth);
    ASSERT_EQ(!found.empty(), round) << n;
    cycles += round;
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i].to, found[(i + 1) % found.size()].from);
  }
  EXPECT_GT(cycles, 300u);
  EXPECT_LT(cycles, 2700u);
}

Result live(const Scope& scope, const std::string& edition, std::uint64_t states, unsigned threads = 2) {
  Options options;
  options.errata = *harness::parse_edition(edition);
  options.states = states;
  options.threads = threads;
  options.check = false;
  options.live = true;
  return explore(scope, options);
}

class EveryScope : public testing::TestWithParam<Scope> {};
INSTANTIATE_TEST_SUITE_P(all, EveryScope, testing::ValuesIn(scopes()),
                         [](const auto& param) { return param.param.name; });

TEST_P(EveryScope, corrected_comes_to_rest_from_everywhere_in_the_quick_tier) {
  const Result r = live(GetParam(), "corrected", 2000);
  ASSERT_TRUE(r.liveness);
  EXPECT_TRUE(r.liveness->complete);
  EXPECT_GE(r.states, 2000u);
  EXPECT_GT(r.liveness->steps, 1000u);
  EXPECT_GT(r.liveness->longest, 3u);
  if (r.liveness->lasso) ADD_FAILURE() << lasso_text(GetParam(), *r.liveness->lasso, "corrected");
}

// What is found on the way does not depend on who finds it.
TEST(Lasso, threads_do_not_change_what_is_followed) {
  Scope scope = *find_scope("own");
  Options options;
  options.depth = 3;
  options.check = false;
  options.live = true;
  const Result one = explore(scope, options);
  options.threads = 3;
  const Result three = explore(scope, options);
  EXPECT_EQ(one.states, three.states);
  EXPECT_EQ(one.liveness->steps, three.liveness->steps);
  EXPECT_EQ(one.liveness->beyond, three.liveness->beyond);
  EXPECT_EQ(one.liveness->longest, three.liveness->longest);
}

TEST(Lasso, what_memory_had_no_room_for_is_not_called_complete) {
  Options options;
  options.memory_mb = 1;
  options.check = false;
  options.live = true;
  const Result r = explore(*find_scope("small"), options);
  EXPECT_EQ(r.ending, Ending::memory);
  EXPECT_FALSE(r.liveness->complete);
}

// In that edition there is a lasso of that kind; it can be replayed, and what it shows is not so in `corrected`.
void expect_lasso(const std::string& scope_name, const std::string& edition, LassoKind kind) {
  SCOPED_TRACE(edition);
  const Scope& scope = *find_scope(scope_name);
  const Result r = live(scope, edition, 5000);
  ASSERT_TRUE(r.liveness->lasso);
  const Lasso& lasso = *r.liveness->lasso;
  EXPECT_EQ(lasso.kind, kind) << info(lasso.kind).name;
  EXPECT_TRUE(lasso.comes_back);
  EXPECT_LT(lasso.loop, lasso.path.size());
  EXPECT_LE(lasso.stem_events, 8u);
  EXPECT_GE(lasso.loop_events, 1u);
  const std::string text = lasso_text(scope, lasso, edition);
  const std::size_t mark = text.find("\n# From here on again and again, for ever");
  ASSERT_NE(mark, std::string::npos);
  const harness::Trace trace = harness::parse_trace(text, "lasso");
  EXPECT_TRUE(harness::unmet_expectations(trace).empty());
  // The loop is marked at a block of its own, at whose end only a spinning loop asks to run.
  const auto block = std::ranges::find(trace.blocks, lasso.loop, &harness::Block::first);
  ASSERT_NE(block, trace.blocks.end());
  ASSERT_TRUE(trace.blocks.back().expected);
  const bool asks = std::ranges::count(*trace.blocks.back().expected, "loop wakes now") != 0;
  EXPECT_EQ(asks, kind == LassoKind::spins);
  harness::Trace meant = trace;
  meant.edition.reset();
  EXPECT_FALSE(harness::unmet_expectations(meant).empty()) << "corrected does the same";
}

TEST(Lasso, OP_7_who_waits_for_a_group_that_nobody_owns_waits_for_ever) {
  expect_lasso("ends", "E-07", LassoKind::sleeps);
}
TEST(Lasso, LOOP_3_a_loop_that_sleeps_with_work_at_hand_sleeps_for_ever) {
  expect_lasso("own", "E-08", LassoKind::sleeps);
  expect_lasso("standalone", "E-08", LassoKind::sleeps);
}
// It finds at every iteration that it is time to fail open, flushes, and puts its rule in when the flush has ended.
TEST(Lasso, FAIL_2_a_switch_that_is_always_ready_to_fail_open_never_rests) {
  expect_lasso("standalone", "E-32,E-33", LassoKind::goes_round);
}

}  // namespace
}  // namespace oftwin::explore
