// The machinery of the proofs: unknown words compute what machine words compute, every path is followed, a theorem
// that is false or empty is seen to be, and the table of spec/evidence.md is the list of theorems.
#include "properties/prove/prove.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <set>
#include <sstream>

#include "spec/clauses.h"

namespace oftwin::prove {
namespace {

// One operation, on machine words and on unknown ones that are then given the same values.
template <class A, class B, class Op>
void same_result(A a, B b, Op op) {
  const auto wanted = op(a, b);
  Engine engine;
  const auto code = [&] {
    const Word<A> x(engine.input("a", Word<A>::kBits));
    const Word<B> y(engine.input("b", Word<B>::kBits));
    engine.assume((x == a && y == b).term());
    const auto z = op(x, y);
    static_assert(std::is_same_v<Machine<decltype(z)>, std::remove_cvref_t<decltype(wanted)>>);
    return (z == wanted).term();
  };
  bool right = true;
  engine.explore(code, [&](const Path& path) {
    z3::solver solver(engine.context(), "QF_BV");
    solver.add(path.inputs && !path.goal);
    right = right && solver.check() == z3::unsat;
    return true;
  });
  EXPECT_TRUE(right) << +a << " " << +b;
}

template <class A, class B>
void same_results(A a, B b) {
  same_result(a, b, [](const auto& x, const auto& y) { return x & y; });
  same_result(a, b, [](const auto& x, const auto& y) { return x | y; });
  same_result(a, b, [](const auto& x, const auto& y) { return x ^ ~y; });
  same_result(a, b, [](const auto& x, const auto& y) { return x + y; });
  same_result(a, b, [](const auto& x, const auto& y) { return x - y; });
  same_result(a, b, [](const auto& x, const auto& y) { return x << (y & 7); });
  same_result(a, b, [](const auto& x, const auto& y) { return ~x >> (y & 15); });
  same_result(a, b, [](const auto& x, const auto& y) { return x < y; });
  same_result(a, b, [](const auto& x, const auto& y) { return x == y || !(x <= y); });
}

TEST(prove, unknown_words_compute_what_machine_words_compute) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 12; ++round) {
    const std::uint64_t a = random(), b = random();
    same_results(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b));
    same_results(static_cast<std::uint8_t>(a), static_cast<std::uint16_t>(b));
    same_results(static_cast<std::uint16_t>(a), static_cast<std::uint32_t>(b));
    same_results(static_cast<std::uint32_t>(a), b);
    same_results(a, static_cast<std::uint8_t>(b));
  }
}

// A walk that forks at every step has as many paths as leaves, whether or not examples spare questions.
std::size_t paths_of(bool remember, std::set<std::size_t>* ends) {
  Engine engine(remember);
  std::size_t end = 0;
  const auto code = [&] {
    const Word<std::uint8_t> x(engine.input("x", 8));
    engine.assume((x < 100).term());
    end = 0;
    while (x > end * 10) ++end;
    return engine.context().bool_val(true);
  };
  engine.explore(code, [&](const Path&) {
    ends->insert(end);
    return true;
  });
  return engine.paths();
}

TEST(prove, every_path_is_followed_once_and_no_impossible_one) {
  for (const bool remember : {true, false}) {
    std::set<std::size_t> ends;
    EXPECT_EQ(paths_of(remember, &ends), 11u);  // 0, 1 to 10, .., 91 to 99
    EXPECT_EQ(ends.size(), 11u);
  }
}

Theorem about_bytes(const std::string& name, const auto& code) { return theorem({name, "", "", "", "a byte"}, code); }

TEST(prove, what_is_false_is_refuted_and_the_counterexample_replays) {
  const auto p = prove(about_bytes("false", [](auto& q) { return q.template word<std::uint8_t>("x") != 77; }), {});
  EXPECT_EQ(p.z3.answer, Answer::refuted);
  EXPECT_TRUE(p.counterexample.confirmed);
  EXPECT_EQ(p.counterexample.inputs.at("x"), 77u);
  EXPECT_FALSE(p.good());
}

TEST(prove, what_is_about_nothing_is_not_good) {
  const auto p = prove(about_bytes("empty",
                                   [](auto& q) {
                                     const auto x = q.template word<std::uint8_t>("x");
                                     q.about(x != q.template word<std::uint8_t>("x"));
                                     return !q.broken() || x == 0;
                                   }),
                       {});
  EXPECT_EQ(p.z3.answer, Answer::proved);
  EXPECT_FALSE(p.example.found);
  EXPECT_FALSE(p.good());
}

TEST(prove, a_broken_rule_that_changes_nothing_is_not_good) {
  const auto p = prove(about_bytes("idle", [](auto& q) { return q.template word<std::uint8_t>("x") + 0 < 256; }), {});
  EXPECT_EQ(p.z3.answer, Answer::proved);
  EXPECT_FALSE(p.of_broken.found);
  EXPECT_FALSE(p.good());
}

// The shift is undefined on purpose: what the solver finds is run with machine words, too.
struct ShiftTooFar {
  template <class Q>
#if defined(__clang__)
  __attribute__((no_sanitize("shift")))
#endif
  auto
  operator()(Q& q) const {
    const auto x = q.template word<std::uint8_t>("x");
    return (std::uint32_t{1} << (x & 63)) * 0 == 0;
  }
};

TEST(prove, a_shift_by_too_much_is_refuted) {
  EXPECT_EQ(prove(about_bytes("shift", ShiftTooFar{}), {}).z3.answer, Answer::refuted);
}

TEST(prove, names_are_unique_and_clauses_exist) {
  std::set<std::string> names;
  for (const Theorem& t : theorems()) {
    EXPECT_TRUE(names.insert(t.name).second) << t.name;
    std::istringstream ids(t.clauses);
    for (std::string id; ids >> id;) {
      const auto known = [&](const Clause& c) { return c.id == id; };
      EXPECT_TRUE(std::ranges::any_of(clauses(), known)) << t.name << " is said to prove " << id;
    }
  }
  EXPECT_GE(names.size(), 20u);
}

TEST(prove, spec_evidence_lists_the_theorems) {
  std::ifstream in(OFTWIN_SOURCE_DIR "/spec/evidence.md");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_NE(text.find(evidence_table()), std::string::npos) << "spec/evidence.md should hold this table:\n"
                                                            << evidence_table();
}

class EveryTheorem : public testing::TestWithParam<std::string> {};
TEST_P(EveryTheorem, holds_for_two_solvers_and_fails_when_broken) {
  for (const Theorem& t : theorems()) {
    if (t.name != GetParam()) continue;
    const Proven p = prove(t, {.cross_check = true});
    EXPECT_EQ(p.z3.answer, Answer::proved);
    EXPECT_EQ(p.cvc5.answer, Answer::proved);
    EXPECT_TRUE(p.example.confirmed);
    EXPECT_TRUE(p.of_broken.confirmed);
  }
}
std::vector<std::string> quick() {
  std::vector<std::string> out;
  for (const Theorem& t : theorems()) {
    if (!t.slow) out.push_back(t.name);
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(Prove, EveryTheorem, testing::ValuesIn(quick()), [](const auto& i) { return i.param; });

}  // namespace
}  // namespace oftwin::prove
