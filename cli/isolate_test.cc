// A subject that crashes or hangs costs the check nothing but that subject, and its last trace is there.
#include "cli/isolate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace oftwin::cli {
namespace {

const IsolateOptions kQuietly{"test", std::chrono::seconds(1), true, std::nullopt, false};

harness::Trace some_trace() {
  harness::Trace trace;
  trace.events = {{1, event::Clock{7}}, {0, event::Loop{}}};
  return trace;
}

TEST(Isolate, gives_back_what_the_work_returns) {
  std::string large(300000, 'x');
  IsolatedOutcome o = run_isolated(kQuietly, [&](Progress&) { return large; });
  ASSERT_TRUE(o.result);
  EXPECT_EQ(*o.result, large);
}

TEST(Isolate, a_crash_is_told_with_its_signal_and_the_trace) {
  IsolatedOutcome o = run_isolated(kQuietly, [](Progress& p) -> std::string {
    p.about_to_drive(some_trace());
    std::signal(SIGABRT, SIG_DFL);
    std::abort();
  });
  EXPECT_FALSE(o.result);
  EXPECT_NE(o.why.find("signal 6"), std::string::npos) << o.why;
  ASSERT_TRUE(o.trace);
  EXPECT_EQ(o.trace->events, some_trace().events);
}

TEST(Isolate, a_hang_is_ended) {
  IsolatedOutcome o = run_isolated(kQuietly, [](Progress& p) -> std::string {
    p.step(1, 2, 3);
    for (;;) pause();
  });
  EXPECT_FALSE(o.result);
  EXPECT_EQ(o.end, End::hung);
  EXPECT_EQ(o.why, "it did not return within 1 s (it was waiting) and was ended");
  EXPECT_FALSE(o.trace);
}

TEST(Isolate, an_exception_is_a_loss) {
  IsolatedOutcome o = run_isolated(kQuietly, [](Progress&) -> std::string { throw std::runtime_error("on purpose"); });
  EXPECT_FALSE(o.result);
  EXPECT_EQ(o.end, End::threw);
  EXPECT_EQ(o.why, "an exception left it: on purpose");
}

}  // namespace
}  // namespace oftwin::cli
