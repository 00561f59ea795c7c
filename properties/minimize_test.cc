// The minimizer, the lockstep and the report, tried out on faults planted into the model itself.
#include "harness/minimize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>

#include "harness/errata.h"
#include "harness/generator.h"
#include "harness/rename.h"
#include "harness/report.h"
#include "harness/request.h"
#include "harness/subject/broken.h"
#include "harness/trace_text.h"
#include "properties/model_subject.h"

namespace oftwin::harness {
namespace {

std::size_t inputs(const std::vector<Event>& events) {
  return static_cast<std::size_t>(std::count_if(
      events.begin(), events.end(), [](const Event& e) { return !std::holds_alternative<event::Loop>(e.body); }));
}

TEST(lockstep, model_agrees_with_itself) {
  ModelSubject subject;
  Lockstep lockstep(subject, {});
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Trace trace = generate(seed);
    const auto divergence = lockstep.run(trace.config, trace.events);
    ASSERT_FALSE(divergence) << "seed " << seed << "\n"
                             << print_report(trace.config, trace.events, *divergence, subject.name());
  }
  EXPECT_GT(lockstep.stats().messages, 1000u);
}

// Whatever one observation is changed into, dropped or doubled, it is noticed at that event.
TEST(lockstep, every_tampering_is_noticed) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Trace trace = generate(seed);
    std::optional<std::size_t> tampered_at;
    ModelSubject subject([&](const Event&, std::size_t index, std::vector<Observation>& observations) {
      if (index == 0) tampered_at.reset();
      if (tampered_at || index < seed % 7) return;
      const auto send = std::find_if(observations.begin(), observations.end(),
                                     [](const Observation& o) { return std::holds_alternative<observation::Send>(o); });
      if (send == observations.end()) return;
      tampered_at = index;
      if (seed % 3 == 0) {
        std::get<observation::Send>(*send).bytes[4] ^= 0x80;
      } else if (seed % 3 == 1) {
        observations.erase(send);
      } else {
        observations.insert(send, Observation(*send));
      }
    });
    Lockstep lockstep(subject, {});
    const auto divergence = lockstep.run(trace.config, trace.events);
    ASSERT_EQ(divergence.has_value(), tampered_at.has_value()) << "seed " << seed;
    if (divergence) { EXPECT_EQ(divergence->event_index, *tampered_at) << "seed " << seed; }
  }
}

TEST(lockstep, unbalanced_rules_are_noticed) {
  const Trace trace = parse_trace("c1 flow_mod add priority=10 actions=output:1\n\nswitch destroy\n");
  ModelSubject honest;
  EXPECT_FALSE(symptom_of_run(honest, {}, trace.config, trace.events));
  ModelSubject leaks([](const Event&, std::size_t, std::vector<Observation>& observations) {
    std::erase_if(observations, [](const Observation& o) { return std::holds_alternative<observation::Dealloc>(o); });
  });
  EXPECT_TRUE(symptom_of_run(leaks, {}, trace.config, trace.events));
}

TEST(minimize, three_messages_of_two_thousand_are_left) {
  ModelSubject model;
  BrokenSubject broken(model);
  Trace trace = benchmark_trace(7, 2000);
  plant_fault(trace);
  const auto minimized = minimize_divergence(trace, broken);
  ASSERT_TRUE(minimized);
  EXPECT_EQ(inputs(minimized->events), 3u) << print_trace(*minimized);
  EXPECT_TRUE(symptom_of_run(broken, {}, minimized->config, minimized->events));
}

TEST(minimize, result_is_the_same_every_time) {
  ModelSubject model;
  BrokenSubject broken(model);
  Trace trace = benchmark_trace(3, 200);
  plant_fault(trace);
  EXPECT_EQ(minimize_divergence(trace, broken), minimize_divergence(trace, broken));
}

TEST(minimize, trace_without_divergence_is_refused) {
  ModelSubject model;
  EXPECT_FALSE(minimize_divergence(benchmark_trace(1, 50), model));
}

// No event of the result can be left out, whatever the fault: here, every error message is spoiled.
TEST(minimize, no_event_of_the_result_can_be_left_out) {
  ModelSubject broken([](const Event&, std::size_t, std::vector<Observation>& observations) {
    for (Observation& o : observations) {
      auto* send = std::get_if<observation::Send>(&o);
      if (send && send->bytes[1] == OFPT_ERROR) send->bytes[9] ^= 1;
    }
  });
  int minimized_traces = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Trace trace = generate(seed);
    const auto symptom = symptom_of_run(broken, {}, trace.config, trace.events);
    if (!symptom) continue;
    const Probe probe = shows(broken, {}, *symptom);
    const auto minimized = minimize(trace, probe);
    ASSERT_TRUE(minimized);
    ++minimized_traces;
    EXPECT_TRUE(probe(minimized->config, minimized->events));
    for (std::size_t i = 0; i < minimized->events.size(); ++i) {
      if (std::holds_alternative<event::Loop>(minimized->events[i].body)) continue;
      std::vector<Event> without = minimized->events;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_FALSE(probe(minimized->config, without)) << "seed " << seed << "\n" << print_trace(*minimized);
    }
    EXPECT_EQ(parse_trace(print_trace(*minimized)), *minimized);
  }
  EXPECT_GT(minimized_traces, 10);
}

// A subject with one defect of the original is told from `corrected` by generated traces, and by few events of them.
TEST(minimize, defects_of_the_original_are_found_and_small) {
  const std::set<std::string> out_of_sight = {"E-09"};  // corrupts memory, which no subject shows
  std::set<std::string> missed;
  for (const Erratum& erratum : listed_errata()) {
    ModelSubject defective({}, model::Errata{}.set(erratum.number()));
    bool found = false;
    const std::uint64_t seeds = out_of_sight.contains(erratum.id) ? 100 : 40000;
    for (std::uint64_t seed = 1; seed <= seeds && !found; ++seed) {
      const Trace trace = generate(seed);
      if (!symptom_of_run(defective, {}, trace.config, trace.events)) continue;
      found = true;
      const auto minimized = minimize_divergence(trace, defective);
      ASSERT_TRUE(minimized);
      EXPECT_LE(inputs(minimized->events), 10u) << erratum.id << "\n" << print_trace(*minimized);
      std::printf("%s: trace %d, %zu inputs\n", erratum.id.c_str(), static_cast<int>(seed), inputs(minimized->events));
    }
    if (!found) missed.insert(erratum.id);
  }
  EXPECT_EQ(missed, out_of_sight);
}

TEST(rename, split_messages_keep_their_rules) {
  Bytes both = encode(request::FlowMod{});
  const Bytes second = both;
  both.insert(both.end(), second.begin(), second.end());
  const ConnName c1{ConnKind::primary, 1};
  const Bytes first_part(both.begin(), both.begin() + 100), rest(both.begin() + 100, both.end());
  const std::vector<Event> split = split_messages({{1, event::Recv{c1, first_part}},
                                                   {2, event::Recv{c1, rest}},
                                                   {0, event::Loop{}},
                                                   {3, event::ProviderComplete{{2, 1}, {}}},
                                                   {4, event::ProviderComplete{{1, 1}, {}}}});
  ASSERT_EQ(split.size(), 6u);
  EXPECT_EQ(std::get<event::Recv>(split[0].body).bytes.size(), 72u);
  EXPECT_EQ(std::get<event::Recv>(split[1].body).bytes.size(), 28u);
  EXPECT_EQ(std::get<event::Recv>(split[2].body).bytes.size(), 44u);
  EXPECT_EQ(std::get<event::ProviderComplete>(split[4].body).rule, (RuleName{3, 1}));
  EXPECT_EQ(std::get<event::ProviderComplete>(split[5].body).rule, (RuleName{1, 1}));
}

}  // namespace
}  // namespace oftwin::harness
