// Bounded-exhaustive exploration: that it is what it says (exact encoding, sound symmetry, the same count on any number
// of threads), that `corrected` violates nothing in the quick tier, that it can fail (every erratum is a seeded
// defect), and that the optimized switch refines the model in a small scope. The long run is `ci/explore`.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/edition.h"
#include "harness/files.h"
#include "harness/subject/builtin.h"
#include "model/step.h"
#include "properties/explore/alphabet.h"
#include "properties/explore/branches.h"
#include "properties/explore/encoding.h"
#include "properties/explore/evidence.h"
#include "properties/explore/explorer.h"
#include "properties/explore/hunt.h"
#include "properties/explore/path.h"
#include "properties/explore/refinement.h"
#include "spec/openflow.h"

namespace oftwin::explore {

// For GoogleTest.
void PrintTo(const Scope& scope, std::ostream* out);
void PrintTo(const Scope& scope, std::ostream* out) { *out << scope.name; }

namespace {

class EveryScope : public testing::TestWithParam<Scope> {};
INSTANTIATE_TEST_SUITE_P(all, EveryScope, testing::ValuesIn(scopes()),
                         [](const auto& param) { return param.param.name; });

// The first `most` states of a scope, breadth first, with those that were not new: `each(state, new)`.
template <class Each>
void walk(const Scope& scope, std::size_t most, Each each) {
  Alphabet alphabet(scope);
  Branches branches(alphabet);
  Canonical canonical(alphabet.words());
  std::set<Fingerprint> seen;
  std::vector<model::State> states(1, model::initial(config_of(scope)));
  model::Outcome outcome;
  for (const Event& e : alphabet.preamble()) model::step(states[0], e, {}, outcome);
  seen.insert(canonical(states[0]));
  std::uint32_t id = 100;
  for (std::size_t i = 0; i < states.size() && seen.size() < most; ++i) {
    canonical(states[i]);
    const std::vector<Event*> events = alphabet.enabled(states[i], canonical);
    for (Event* e : events) {
      e->id = ++id;
      for (branches.begin(); branches.more(); branches.next()) {
        model::State after = states[i];
        outcome.observations.clear();
        model::step(after, *e, branches.choices(), outcome);
        const bool fresh = seen.insert(canonical(after)).second;
        each(after, fresh);
        if (fresh) states.push_back(std::move(after));
      }
    }
  }
}

// Where every event leads, with every choice.
std::set<Fingerprint> successors(const Scope& scope, const model::State& state) {
  Alphabet alphabet(scope);
  Branches branches(alphabet);
  Canonical canonical(alphabet.words());
  canonical(state);
  std::set<Fingerprint> all;
  model::Outcome outcome;
  for (Event* e : alphabet.enabled(state, canonical)) {
    e->id = 1000000;
    for (branches.begin(); branches.more(); branches.next()) {
      model::State after = state;
      outcome.observations.clear();
      model::step(after, *e, branches.choices(), outcome);
      all.insert(canonical(after));
    }
  }
  return all;
}

TEST_P(EveryScope, a_state_survives_its_encoding) {
  const Alphabet alphabet(GetParam());
  model::State other = model::initial(config_of(GetParam()));
  std::size_t n = 0;
  walk(GetParam(), 3000, [&](const model::State& state, bool fresh) {
    if (!fresh || state.dead) return;
    std::vector<std::uint8_t> bytes;
    encode(state, alphabet.words(), bytes);
    ASSERT_EQ(decode(bytes, alphabet.words(), other), bytes.size());
    ASSERT_EQ(other, state);
    ++n;
  });
  EXPECT_GT(n, 1000u);
}

// Symmetry is sound: what counts as one state has one future.
TEST_P(EveryScope, states_of_one_fingerprint_have_the_same_future) {
  const Scope& scope = GetParam();
  const Alphabet alphabet(scope);
  Canonical form(alphabet.words());
  std::map<Fingerprint, model::State> first;
  std::size_t pairs = 0, seen = 0;
  walk(scope, 3000, [&](const model::State& state, bool) {
    const auto [it, fresh] = first.try_emplace(form(state), state);
    if (fresh || it->second == state || ++seen % 37 != 0) return;
    ASSERT_TRUE(successors(scope, it->second) == successors(scope, state));
    ++pairs;
  });
  EXPECT_GT(pairs, 10u);
}

TEST_P(EveryScope, corrected_violates_nothing_in_the_quick_tier) {
  Options options;
  options.states = 20000;
  options.threads = 2;
  const Result r = explore(GetParam(), options);
  EXPECT_GE(r.states, 10000u);
  for (const Finding& f : r.findings) ADD_FAILURE() << info(f.invariant).name << ": " << f.detail;
}

TEST(Explore, threads_do_not_change_what_is_found) {
  Options options;
  options.depth = 4;
  const Result one = explore(*find_scope("own"), options);
  options.threads = 3;
  const Result three = explore(*find_scope("own"), options);
  EXPECT_EQ(one.states, three.states);
  EXPECT_EQ(one.transitions, three.transitions);
  EXPECT_EQ(one.ending, Ending::depth);
  EXPECT_GT(one.left, 0u) << "what was left out is said";
}

TEST(Explore, at_most_64_bytes_are_kept_of_a_state) {
  Options options;
  options.states = 300000;
  options.check = false;
  options.threads = 2;
  const Result r = explore(*find_scope("connections"), options);
  EXPECT_LE(r.bytes_kept, 64 * r.states);
}

// Every erratum is a defect that somebody once wrote: they show that the invariants can fail, and which of them do. The
// first 29 and the last two, with bounds for seconds; `ci/explore` goes through all of them, further.
TEST(Explore, the_originals_defects_violate_invariants) {
  HuntOptions options;
  options.states = 2000;
  options.compare = false;
  options.threads = 2;
  std::set<Invariant> violated;
  std::size_t found = 0;
  std::vector<unsigned> errata = listed_errata();
  std::erase_if(errata, [](unsigned erratum) { return erratum > 29 && erratum < 40; });
  ASSERT_EQ(errata.size(), 31u);
  for (const Hunted& h : hunt(errata, options)) {
    if (!h.finding) continue;
    ++found;
    violated.insert(h.finding->invariant);
    // The trace that is printed shows it.
    model::Errata alone;
    alone.set(h.erratum);
    bool again = false;
    for (const Violated& v : violations_of(config_of(h.scope), h.finding->path, alone)) {
      again |= v.invariant == h.finding->invariant;
    }
    EXPECT_TRUE(again) << fmt::format("E-{:02}: the path does not replay", h.erratum);
    EXPECT_TRUE(violations_of(config_of(h.scope), h.finding->path, {}).empty())
        << fmt::format("E-{:02}: corrected violates something in it, too", h.erratum);
  }
  EXPECT_GE(found, 22u);
  EXPECT_GE(violated.size(), 18u);
}

TEST(Explore, the_switch_refines_the_model_in_a_small_scope) {
  const auto subject = harness::make_builtin_subject();
  const RefinementResult r = refine(*find_scope("small"), *subject, 300, 0);
  EXPECT_FALSE(r.divergence);
  EXPECT_GE(r.states - r.left, 300u);
  EXPECT_GT(r.steps, 3000u);
}

// Says nothing when a barrier has waited for something.
class ForgetfulSubject : public harness::Subject {
 public:
  void reset(const SwitchConfig& config) override { inner_->reset(config); }
  void drive(const Event& event, std::vector<Observation>& out) override {
    const std::size_t before = out.size();
    inner_->drive(event, out);
    const bool completed = std::any_of(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
                                       [](const auto& o) { return std::holds_alternative<observation::Complete>(o); });
    if (!completed) return;
    std::erase_if(out, [](const Observation& o) {
      const auto* send = std::get_if<observation::Send>(&o);
      return send && send->bytes[1] == OFPT_BARRIER_REPLY;
    });
  }
  unsigned channels() const override { return inner_->channels(); }
  std::string name() const override { return "forgetful"; }

 private:
  std::unique_ptr<harness::Subject> inner_ = harness::make_builtin_subject();
};

TEST(Explore, a_forgetful_switch_does_not) {
  ForgetfulSubject forgetful;
  const RefinementResult r = refine(*find_scope("whole"), forgetful, 5000, 0);
  ASSERT_TRUE(r.divergence);
  EXPECT_FALSE(r.trace.events.empty());
}

TEST(Explore, the_page_of_invariants_is_up_to_date) {
  EXPECT_EQ(harness::read_file(OFTWIN_SOURCE_DIR "/spec/invariants.md"), invariants_page())
      << "write it anew: oftwin explore --page > spec/invariants.md";
}

}  // namespace
}  // namespace oftwin::explore
