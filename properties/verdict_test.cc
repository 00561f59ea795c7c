// Verdicts: what passes, what fails, what is excused, and that all forms say the same.
#include "harness/verdict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>

#include "harness/generator.h"
#include "harness/minimize.h"
#include "harness/subject/builtin.h"
#include "spec/clauses.h"

namespace oftwin::harness {
namespace {

using nlohmann::json;

ClauseSet set_of(std::initializer_list<std::string_view> ids) {
  ClauseSet out;
  for (std::size_t i = 0; i < clauses().size(); ++i) {
    out[i] = std::find(ids.begin(), ids.end(), clauses()[i].id) != ids.end();
  }
  return out;
}

const ClauseVerdict& of(const Verdict& v, std::string_view id) {
  for (const ClauseVerdict& c : v.clauses) {
    if (clauses()[c.clause].id == id) return c;
  }
  throw std::out_of_range(std::string(id));
}

Judged some() {
  Judged j;
  j.subject = "a <switch> & \"more\"";
  j.tool = "oftwin 1";
  j.how = "oftwin check --random 7";
  j.compared = set_of({"ADD-6", "ADD-8", "LOOP-3", "NXM-1"});
  j.unseen = set_of({"LOOP-3"});
  j.profile = parse_profile("[nxm]\nsupported = false\n", "mine.toml");
  j.inputs = 7;
  j.messages = 1234567;
  return j;
}

Finding broken_add() {
  Finding f;
  f.clauses = set_of({"ADD-8"});
  f.title = "wanted <this>, got nothing";
  f.report = "c1 flow_mod add\n----\nwanted <this>\n";
  f.trace = "switch tables=1 ports=1\n\nc1 flow_mod add\n";
  f.file = "out/diverged-seed-3.trace";
  f.rate = "10 of 10";
  return f;
}

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

TEST(Verdict, every_clause_has_one) {
  const Verdict v = verdict_of(some());
  EXPECT_EQ(of(v, "ADD-6").ruling, Ruling::pass);
  EXPECT_EQ(of(v, "ADD-8").ruling, Ruling::pass);
  EXPECT_EQ(of(v, "LOOP-3").ruling, Ruling::untested) << "what cannot be seen cannot pass";
  EXPECT_EQ(of(v, "LOOP-3").why, "does not show on this subject");
  EXPECT_EQ(of(v, "NXM-1").ruling, Ruling::pass) << "it was tested, whatever the profile says";
  EXPECT_EQ(of(v, "NXM-2").ruling, Ruling::not_applicable);
  EXPECT_EQ(of(v, "NXM-2").why, "mine.toml:2: [nxm] supported = false");
  EXPECT_EQ(of(v, "DEL-1").ruling, Ruling::untested);
  EXPECT_EQ(of(v, "DEL-1").why, "no input came to it");
  EXPECT_TRUE(v.conforms);
  std::size_t modelled = 0;
  for (const Clause& c : clauses()) modelled += c.kind != ClauseKind::unmodelled;
  EXPECT_EQ(v.clauses.size(), modelled);
  EXPECT_EQ(v.counts[0] + v.counts[1] + v.counts[2] + v.counts[3], modelled);
  EXPECT_EQ(v.counts[0], 3u);
  EXPECT_EQ(v.counts[1], 0u);
  EXPECT_NE(v.sentence.find("kept all 3 clauses"), std::string::npos) << v.sentence;
  EXPECT_NE(v.sentence.find("1,234,567 messages in 7 traces."), std::string::npos) << v.sentence;
}

TEST(Verdict, what_a_finding_names_fails_although_it_held_elsewhere) {
  Judged j = some();
  j.findings = {broken_add()};
  const Verdict v = verdict_of(j);
  EXPECT_EQ(of(v, "ADD-8").ruling, Ruling::fail);
  EXPECT_EQ(of(v, "ADD-8").findings, std::vector<std::size_t>{0});
  EXPECT_EQ(of(v, "ADD-8").why, "held elsewhere");
  EXPECT_FALSE(v.conforms);
  EXPECT_NE(v.sentence.find("broke 1 of the 3 clauses of the specification that came to be tested (ADD-8)"),
            std::string::npos)
      << v.sentence;
}

TEST(Verdict, recorded_readings_that_were_applied_are_counted) {
  Judged j = some();
  j.readings = {{"ADD-6", "one", "", 12}, {"ADD-6", "two", "", 1}, {"ADD-8", "not met", "", 0}};
  const Verdict v = verdict_of(j);
  EXPECT_TRUE(v.conforms);
  EXPECT_NE(v.sentence.find("(1 of them as recorded readings have it)"), std::string::npos) << v.sentence;
}

TEST(Verdict, a_lost_subject_does_not_conform) {
  Judged j = some();
  Finding f;
  f.lost = true;
  f.title = "lost";
  j.findings = {f};
  const Verdict v = verdict_of(j);
  EXPECT_FALSE(v.conforms);
  EXPECT_NE(v.sentence.find("was lost 1 time"), std::string::npos) << v.sentence;
  EXPECT_NE(junit_of(v).find("failures=\"1\""), std::string::npos);
}

TEST(Verdict, nothing_tested_is_no_conformity) {
  Judged j = some();
  j.compared = {};
  const Verdict v = verdict_of(j);
  EXPECT_FALSE(v.conforms);
  EXPECT_NE(v.sentence.find("was not tested"), std::string::npos);
  EXPECT_EQ(html_of(v).find("Does not conform"), std::string::npos);
}

TEST(Verdict, all_forms_say_the_same) {
  Judged j = some();
  j.findings = {broken_add()};
  j.readings = {{"ADD-6", "keeps <its> age", "by design", 12}};
  const Verdict v = verdict_of(j);
  EXPECT_EQ(last_line(print_verdict(v)), v.sentence);
  EXPECT_NE(print_verdict(v).find("FAIL ADD-8"), std::string::npos);

  const json machine = json::parse(json_of(v));
  EXPECT_EQ(machine["sentence"], v.sentence);
  EXPECT_EQ(machine["conforms"], false);
  EXPECT_EQ(machine["counts"]["fail"], 1);
  EXPECT_EQ(machine["findings"][0]["trace"], j.findings[0].trace);
  EXPECT_EQ(machine["clauses"].size(), v.clauses.size());

  const std::string junit = junit_of(v);
  EXPECT_NE(junit.find("failures=\"1\""), std::string::npos);
  EXPECT_NE(junit.find("<failure message=\"wanted &lt;this&gt;"), std::string::npos);

  const json sarif = json::parse(sarif_of(v));
  EXPECT_EQ(sarif["runs"][0]["results"][0]["ruleId"], "ADD-8");

  const std::string html = html_of(v);
  EXPECT_NE(html.find("a &lt;switch&gt; &amp; &quot;more&quot;: Does not conform"), std::string::npos);
  EXPECT_EQ(html.find("<this>"), std::string::npos) << "what comes from outside is escaped";
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_FALSE(std::regex_search(html, std::regex("(src|href)=\"(?!#)"))) << "nothing is fetched from elsewhere";
  std::size_t rows = 0;
  for (std::size_t at = html.find("<td class=\"ruling"); at != std::string::npos;
       at = html.find("<td class=\"ruling", at + 1)) {
    ++rows;
  }
  EXPECT_EQ(rows, v.clauses.size());
}

// From a wrong switch to the clause that it breaks, the whole way; and the right switch passes the same.
TEST(Verdict, a_planted_bug_fails_its_clause) {
  const auto judge = [](Subject& subject) {
    Judged j;
    j.subject = subject.name();
    j.tool = "oftwin";
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      const Trace trace = generate(seed);
      Lockstep lockstep(subject, {});
      const auto divergence = lockstep.run(trace.config, trace.events);
      j.compared |= divergence ? divergence->earlier : lockstep.stats().clauses;
      if (!divergence || !j.findings.empty()) continue;
      const Trace small = minimize_divergence(trace, subject).value_or(trace);
      const auto again = lockstep.run(small.config, small.events);
      j.findings.push_back(finding_of(small, again.value_or(*divergence), subject.name()));
    }
    return verdict_of(std::move(j));
  };
  const auto right = make_builtin_subject();
  EXPECT_TRUE(judge(*right).conforms) << judge(*right).sentence;

  // A switch that says nothing of flows that have gone.
  class Silent final : public Subject {
   public:
    void reset(const SwitchConfig& config) override { inner_->reset(config); }
    void drive(const Event& event, std::vector<Observation>& out) override {
      const std::size_t before = out.size();
      inner_->drive(event, out);
      std::erase_if(out, [&](const Observation& o) {
        const auto* send = std::get_if<observation::Send>(&o);
        return &o >= out.data() + before && send && send->bytes[1] == OFPT_FLOW_REMOVED;
      });
    }
    unsigned channels() const override { return inner_->channels(); }
    std::string name() const override { return "silent"; }

   private:
    std::unique_ptr<Subject> inner_ = make_builtin_subject();
  } silent;
  const Verdict v = judge(silent);
  EXPECT_FALSE(v.conforms);
  EXPECT_EQ(of(v, "ASYNC-2").ruling, Ruling::fail) << v.sentence;
  EXPECT_EQ(of(v, "ASYNC-2").why, "") << "it held nowhere";
  EXPECT_EQ(of(v, "ADD-6").ruling, Ruling::pass);
}

}  // namespace
}  // namespace oftwin::harness
