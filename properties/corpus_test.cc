// Every trace below corpus/: the model lets out what the trace expects, hits the clauses that it claims, and the
// built-in switch does the same as the model.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "harness/expect.h"
#include "harness/files.h"
#include "harness/report.h"
#include "harness/subject/builtin.h"
#include "harness/trace_text.h"

namespace oftwin::harness {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> all_traces() {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(OFTWIN_SOURCE_DIR) / "corpus")) {
    if (entry.path().extension() == ".trace") out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

class Corpus : public testing::TestWithParam<std::string> {};

TEST_P(Corpus, trace_holds) {
  Trace trace = parse_trace(read_file(GetParam()), GetParam());
  EXPECT_FALSE(trace.comments.empty() && trace.clauses.empty()) << "a trace says what it is about";
  for (const auto& b : trace.blocks) EXPECT_TRUE(b.expected.has_value()) << "line " << b.line << " expects nothing";
  for (const auto& unmet : unmet_expectations(trace))
    ADD_FAILURE() << GetParam() << ":" << unmet.line << ": " << unmet.what;
  EXPECT_TRUE(parse_trace(print_trace(trace)) == trace) << "it does not survive being printed";
}

TEST_P(Corpus, subject_agrees) {
  Trace trace = parse_trace(read_file(GetParam()), GetParam());
  // Whatever edition the expectations are of: given these events, both sides do what `corrected` says.
  auto subject = make_builtin_subject();
  Lockstep lockstep(*subject, {});
  auto divergence = lockstep.run(trace.config, trace.events);
  if (divergence) ADD_FAILURE() << print_report(trace.config, trace.events, *divergence, subject->name());
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = fs::relative(info.param, fs::path(OFTWIN_SOURCE_DIR) / "corpus").replace_extension().string();
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(all, Corpus, testing::ValuesIn(all_traces()), test_name);

Trace two_adds(const std::string& head, const std::string& expected) {
  return parse_trace(head + "switch tables=1 ports=1,2 provider=scripted\n\nc1 flow_mod add actions=drop\n----\n" +
                     expected);
}

TEST(CorpusRunner, sees_what_is_not_so) {
  const std::string line = "provider construct e1 table=0 priority=32768 actions=drop -> done\n";
  EXPECT_TRUE(unmet_expectations(two_adds("clauses ADD-6\n", line)).empty());
  EXPECT_EQ(unmet_expectations(two_adds("", "")).size(), 1u) << "more came out than was expected";
  EXPECT_EQ(unmet_expectations(two_adds("", line + line)).size(), 1u) << "less came out";
  EXPECT_EQ(unmet_expectations(two_adds("clauses ADD-7\n", line)).size(), 1u) << "the claim is wrong";
  EXPECT_EQ(unmet_expectations(two_adds("", line + "---- ovs-2011 ADD-6: no difference\n" + line)).size(), 1u);
  EXPECT_THROW(unmet_expectations(two_adds("edition E-99\n", line)), TraceError);
}

TEST(CorpusRunner, tells_a_completion_that_found_nothing) {
  Trace t = parse_trace("switch tables=1 ports=1 provider=scripted\n\nprovider complete e1\n----\n");
  ModelRun run = run_model(t, {});
  EXPECT_EQ(run.lines.at(0), std::vector<std::string>{"provider complete e1 -> nothing pending"});
}

}  // namespace
}  // namespace oftwin::harness
