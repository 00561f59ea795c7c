// A steered campaign: the same in every process, and near to what showed something new.
#include "harness/steering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <variant>

#include "harness/subject/builtin.h"

namespace oftwin::harness {
namespace {

std::bitset<kFeatures> shown_by(Subject& subject, const Trace& trace) {
  Lockstep lockstep(subject, {});
  FeatureWalk walk;
  std::bitset<kFeatures> shown;
  lockstep.start(trace.config);
  for (const Event& event : trace.events) {
    EXPECT_FALSE(lockstep.advance(event));
    for (const std::size_t feature : walk.event(lockstep)) shown.set(feature);
  }
  return shown;
}

TEST(Steering, whoever_is_told_the_same_makes_the_same_traces) {
  const auto subject = make_builtin_subject();
  const std::vector<Trace> beginning = {generate(5), generate(6)};
  Steering one(3, beginning, {}), other(3, beginning, {}), elsewhere(4, beginning, {});
  EXPECT_EQ(one.trace(0), beginning[0]);
  EXPECT_EQ(one.trace(1), beginning[1]);
  for (std::uint64_t n = 0; n < 150; ++n) {
    ASSERT_EQ(one.trace(n), other.trace(n)) << n;
    EXPECT_TRUE(n < 2 || one.trace(n) != elsewhere.trace(n));
    one.showed(n, shown_by(*subject, one.trace(n)));
    for (const Steering::Kept& kept : one.take_kept()) other.keep(kept);
  }
  EXPECT_EQ(one.corpus(), other.corpus());
  EXPECT_EQ(one.features(), other.features());
  EXPECT_GT(one.corpus().size(), 50u);
}

TEST(Steering, what_shows_nothing_new_is_not_kept) {
  Steering steering(1, {}, {});
  std::bitset<kFeatures> seen;
  seen.set(7).set(70);
  steering.showed(0, seen);
  ASSERT_EQ(steering.take_kept(), (std::vector<Steering::Kept>{{0, {7, 70}}}));
  steering.showed(1, seen);
  EXPECT_TRUE(steering.take_kept().empty());
  steering.showed(2, seen.set(8));
  EXPECT_EQ(steering.take_kept(), (std::vector<Steering::Kept>{{2, {8}}}));
}

bool flushes(const Trace& trace) {
  const auto flush = [](const Event& e) { return std::holds_alternative<event::Flush>(e.body); };
  return std::ranges::any_of(trace.events, flush);
}

// The generator is told to make no flush; what it is begun with has some.
TEST(Steering, goes_where_something_new_was_seen) {
  GeneratorOptions without;
  without.flushes = false;
  std::vector<Trace> beginning;
  for (std::uint64_t seed = 1; beginning.size() < 5; ++seed) {
    if (Trace trace = generate(seed); flushes(trace)) beginning.push_back(std::move(trace));
  }
  const auto subject = make_builtin_subject();
  Steering steering(1, beginning, without), blind(1, {}, without);
  std::size_t near = 0;
  for (std::uint64_t n = 0; n < 200; ++n) {
    EXPECT_FALSE(flushes(blind.trace(n)));
    near += n >= beginning.size() && flushes(steering.trace(n));
    if (n < 20) steering.showed(n, shown_by(*subject, steering.trace(n)));
  }
  EXPECT_GT(near, 5u);
}

}  // namespace
}  // namespace oftwin::harness
