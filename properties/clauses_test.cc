// Every clause is where it should be: the `must` clauses of spec/*.md, the clauses that the model hits, and the clauses
// that a trace, a property or a proof claims to show are the same.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/coverage.h"

namespace oftwin::harness {
namespace {

const std::filesystem::path kRoot = OFTWIN_SOURCE_DIR;

TEST(clauses, every_must_clause_is_hit_in_the_model) {
  EXPECT_EQ(print_ids(missing(clauses_of_kind(ClauseKind::must), ids_of(clauses_in_model(kRoot)))), "");
}

// (A clause of kind `unmodelled` can be about something that no event can say.)
TEST(clauses, every_freedom_is_hit_in_the_model) {
  EXPECT_EQ(print_ids(missing(clauses_of_kind(ClauseKind::freedom), ids_of(clauses_in_model(kRoot)))), "");
}

TEST(clauses, every_clause_of_the_contract_is_judged_and_claimed) {
  const ClauseIds contract = clauses_of_kind(ClauseKind::contract);
  EXPECT_EQ(print_ids(missing(contract, ids_of(clauses_in_contract(kRoot)))), "");
  EXPECT_EQ(print_ids(missing(contract, ids_of(clauses_claimed(kRoot)))), "");
}

TEST(clauses, every_must_clause_is_claimed_by_a_trace_or_a_property) {
  EXPECT_EQ(print_ids(missing(clauses_of_kind(ClauseKind::must), ids_of(clauses_claimed(kRoot)))), "");
}

TEST(clauses, what_is_claimed_exists) {
  ClauseIds all = clauses_of_kind(ClauseKind::must);
  for (const ClauseKind kind : {ClauseKind::freedom, ClauseKind::unmodelled, ClauseKind::contract}) {
    const ClauseIds more = clauses_of_kind(kind);
    all.insert(more.begin(), more.end());
  }
  EXPECT_EQ(print_ids(missing(ids_of(clauses_claimed(kRoot)), all)), "");
}

// The readers see what they are meant to see, and nothing else.
TEST(clauses, sources_are_read) {
  const auto root = std::filesystem::temp_directory_path() / "oftwin_clauses_test";
  std::filesystem::remove_all(root);
  for (const char* folder : {"model", "corpus/area", "properties/prove"})
    std::filesystem::create_directories(root / folder);
  std::ofstream(root / "model/a.cc") << "turn.hit(\"MATCH-1\");\n// MATCH-2 in a comment, \"NO-SUCH-3\"\n";
  std::ofstream(root / "corpus/area/b.trace") << "# clauses ADD-9\nclauses ADD-4 DEL-2\n\nc1 barrier_request\n";
  std::ofstream(root / "properties/c.cc") << "TEST(suite, OP_7_is_shown) {}\nRC_GTEST_PROP(suite, LOOP_1_too, ()) {}\n"
                                          << "TEST(suite, nothing_is_claimed) {}\n// TEST(suite, FM_1_is_a_comment)\n";
  std::ofstream(root / "properties/prove/d_theorems.cc")
      << "theorem({\"name\", \"MATCH-1 and more\", \"BUF-1 STAT-6\"}\n";
  EXPECT_EQ(print_ids(ids_of(clauses_in_model(root))), "MATCH-1");
  EXPECT_EQ(print_ids(ids_of(clauses_claimed(root))), "ADD-4 BUF-1 DEL-2 LOOP-1 OP-7 STAT-6");
  EXPECT_EQ(clauses_claimed(root).at("ADD-4"), std::vector<std::string>{"corpus/area/b.trace:2"});
  EXPECT_EQ(print_ids(missing({"ADD-4", "OP-7"}, {"OP-7"})), "ADD-4");
}

}  // namespace
}  // namespace oftwin::harness
