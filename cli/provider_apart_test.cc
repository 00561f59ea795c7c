// A provider in a process of its own says the same as one in this process would, and its loss is a SubjectLost.
#include "cli/provider_apart.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "cli/subjects.h"
#include "harness/default_config.h"
#include "harness/generator.h"
#include "harness/lockstep.h"
#include "harness/subject/provider_library.h"

namespace oftwin::cli {
namespace {

ProviderApart apart(const std::string& name, unsigned call_s = 10) {
  ProviderLimits limits;
  limits.call_s = call_s;
  return {make_provider("provider:" OFTWIN_EXAMPLES "/" + name), limits};
}

// Every kind of observation and of conduct comes across, or model and provider would differ.
TEST(ProviderApart, agrees_with_the_model_as_it_does_in_this_process) {
  for (const char* name : {"provider_c.so", "provider_c.so,late"}) {
    ProviderApart there = apart(name);
    const auto here = make_provider("provider:" OFTWIN_EXAMPLES "/" + std::string(name));
    harness::Lockstep lockstep(there, {}), local(*here, {});
    harness::GeneratorOptions what;
    what.scripted = false;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const harness::Trace trace = harness::generate(seed, what);
      lockstep.start(trace.config);
      local.start(trace.config);
      for (const Event& event : trace.events) {
        const auto found = lockstep.advance(event);
        ASSERT_FALSE(found) << name << " seed " << seed << ": " << found->note;
        ASSERT_FALSE(local.advance(event));
        ASSERT_EQ(lockstep.got(), local.got()) << name << " seed " << seed;
      }
    }
    EXPECT_GT(lockstep.stats().observations, 1000u);
  }
}

TEST(ProviderApart, a_breach_of_the_contract_comes_across) {
  ProviderApart there = apart("broken_sleeps.so");
  harness::Lockstep lockstep(there, {});
  harness::GeneratorOptions what;
  what.scripted = false;
  std::optional<harness::Divergence> found;
  for (std::uint64_t seed = 1; seed <= 20 && !found; ++seed) {
    const harness::Trace trace = harness::generate(seed, what);
    found = lockstep.run(trace.config, trace.events);
  }
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->clauses[clause("PROV-14")]) << found->note;
}

TEST(ProviderApart, one_that_hangs_is_lost_in_time_and_begins_anew) {
  ProviderApart there = apart("broken_hangs.so", 1);
  SwitchConfig config = harness::default_config();
  for (int i = 0; i < 2; ++i) {
    there.reset(config);
    std::vector<Observation> seen;
    there.drive({1, event::Flush{}}, seen);
    const auto begin = std::chrono::steady_clock::now();
    try {
      there.drive({0, event::Loop{}}, seen);
      FAIL() << "it should hang";
    } catch (const harness::SubjectLost& lost) {
      const std::string what = lost.what();
      EXPECT_EQ(what.substr(0, what.find('\n')),
                "it did not return within 1 s (it was computing) and was ended, in flush()");
      EXPECT_NE(what.find("PROV-13"), std::string::npos) << what;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  }
}

TEST(ProviderApart, what_cannot_be_loaded_is_refused) {
  ProviderApart there(make_provider("provider:/there/is/none.so"), {});
  EXPECT_THROW(there.reset({}), harness::ProviderRefused);
}

}  // namespace
}  // namespace oftwin::cli
