// The errata cannot rot: text, model and traces name the same ones, each trace shows its erratum and nothing of it can
// be left out, and generated traces find them.
#include "harness/errata.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "harness/edition.h"
#include "harness/expect.h"
#include "harness/files.h"
#include "harness/replay.h"
#include "harness/trace_text.h"
#include "spec/clauses.h"

namespace oftwin::harness {
namespace {

namespace fs = std::filesystem;
const fs::path kRoot = OFTWIN_SOURCE_DIR;

std::set<std::size_t> described() {
  std::set<std::size_t> out;
  for (const Erratum& e : listed_errata()) out.insert(e.number());
  return out;
}

bool is_clause(const std::string& id) {
  return std::any_of(clauses().begin(), clauses().end(), [&](const Clause& c) { return c.id == id; });
}

TEST(errata, there_are_more_than_twenty) { EXPECT_GT(listed_errata().size(), 20u); }

TEST(errata, each_is_described_once_and_completely) {
  std::set<std::string> seen;
  for (const Erratum& e : listed_errata()) {
    EXPECT_TRUE(seen.insert(e.id).second) << e.id << " is described twice";
    for (const char* field : {"clause", "effect", "corrected", "trace"}) {
      EXPECT_TRUE(e.fields.contains(field)) << e.id << " does not say: " << field;
    }
    if (e.fields.contains("clause")) { EXPECT_TRUE(is_clause(e.fields.at("clause"))) << e.id; }
    if (e.fields.contains("trace")) { EXPECT_EQ(e.fields.at("trace"), "corpus/errata/" + e.id + ".trace"); }
  }
}

TEST(errata, text_and_model_name_the_same) {
  std::set<std::size_t> used;
  for (const auto& [number, places] : errata_in_model(kRoot)) used.insert(number);
  EXPECT_EQ(described(), used);
}

TEST(errata, each_trace_belongs_to_one_and_is_of_the_original) {
  std::set<std::size_t> traces;
  for (const auto& entry : fs::directory_iterator(kRoot / "corpus/errata")) {
    const std::string name = entry.path().stem().string();
    ASSERT_TRUE(name.starts_with("E-")) << name;
    traces.insert(std::stoul(name.substr(2)));
    EXPECT_EQ(parse_trace(read_file(entry.path().string())).edition, std::string(kOriginal)) << name;
  }
  EXPECT_EQ(described(), traces);
}

class EachErratum : public testing::TestWithParam<Erratum> {
 protected:
  Trace trace() const { return parse_trace(read_file((kRoot / GetParam().fields.at("trace")).string())); }
  // Whether the edition lets out something else than `corrected`, in the channels that the trace shows.
  static bool differs(const Trace& t, const model::Errata& errata) {
    return run_model(t, errata).lines != run_model(t, {}).lines;
  }
  model::Errata alone() const { return model::Errata{}.set(GetParam().number()); }
};

TEST_P(EachErratum, shows_in_the_original_and_by_itself) {
  EXPECT_TRUE(differs(trace(), all_errata()));
  EXPECT_TRUE(differs(trace(), alone()));
}

// What follows the first difference counts as superfluous, too.
TEST_P(EachErratum, has_a_trace_of_which_nothing_can_be_left_out) {
  const Trace whole = trace();
  for (std::size_t i = 0; i < whole.events.size(); ++i) {
    if (std::holds_alternative<event::Loop>(whole.events[i].body)) continue;
    Trace without = whole;
    without.events.erase(without.events.begin() + static_cast<std::ptrdiff_t>(i));
    without.blocks = {Block{0, without.events.size() - 1, {}, {}, 0}};
    EXPECT_FALSE(differs(without, alone())) << "without e" << whole.events[i].id << "\n" << print_trace(without);
  }
}

INSTANTIATE_TEST_SUITE_P(all, EachErratum, testing::ValuesIn(listed_errata()),
                         [](const auto& one) { return "E_" + one.param.id.substr(2); });

// corpus/facts/README.md: | fact | in short | traces | themes |.
TEST(errata, every_observed_fact_is_shown) {
  constexpr int facts = 56;
  std::ifstream in(kRoot / "corpus/facts/README.md");
  const std::regex row("\\| (\\d+) \\| [^|]+ \\| ([^|]*) \\| ?([^|]*)\\|"), trace("`([^`]+)`"), word("\\w+");
  std::set<int> seen;
  std::set<std::string> named;
  std::smatch found;
  for (std::string line; std::getline(in, line);) {
    if (!std::regex_match(line, found, row)) continue;
    EXPECT_TRUE(seen.insert(std::stoi(found[1])).second) << line;
    const std::string traces = found[2], themes = found[3];
    for (std::sregex_iterator it(traces.begin(), traces.end(), trace), end; it != end; ++it) {
      named.insert((*it)[1]);
      EXPECT_TRUE(fs::exists(kRoot / "corpus" / ((*it)[1].str() + ".trace"))) << line;
    }
    for (std::sregex_iterator it(themes.begin(), themes.end(), word), end; it != end; ++it) {
      EXPECT_TRUE(it->str() == "all" || fs::exists(kRoot / "corpus/recordings" / (it->str() + ".jsonl.gz"))) << line;
    }
  }
  EXPECT_EQ(seen.size(), std::size_t{facts});
  EXPECT_EQ(*seen.begin(), 1);
  EXPECT_EQ(*seen.rbegin(), facts);
  for (const auto& entry : fs::directory_iterator(kRoot / "corpus/facts")) {
    if (entry.path().extension() != ".trace") continue;
    EXPECT_TRUE(named.contains("facts/" + entry.path().stem().string())) << entry.path() << " shows no fact";
  }
}

TEST(errata, sources_are_read) {
  const fs::path root = fs::temp_directory_path() / "oftwin_errata_test";
  fs::remove_all(root);
  fs::create_directories(root / "model");
  write_file((root / "model/a.cc").string(),
             "if (turn.erratum(3)) x();\n\nif (s.errata[14] && !turn.erratum(3)) y();\n");
  const auto places = errata_in_model(root);
  EXPECT_EQ(places.at(3), (std::vector<std::string>{"model/a.cc:1", "model/a.cc:3"}));
  EXPECT_EQ(places.at(14), std::vector<std::string>{"model/a.cc:3"});
  const auto read = parse_errata("# Errata\n\n## E-03 One\nclause: ADD-4\ncorrected: As ADD-5 says.\n");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_TRUE(read[0].about("ADD-4") && read[0].about("ADD-5") && !read[0].about("ADD-1"));
  EXPECT_EQ(read[0].line, 3u);
}

}  // namespace
}  // namespace oftwin::harness
