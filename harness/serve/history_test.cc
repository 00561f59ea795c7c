#include "harness/serve/history.h"

#include <gtest/gtest.h>

#include "harness/default_config.h"
#include "harness/trace_text.h"
#include "model/step.h"

namespace {

using namespace oftwin;
using namespace oftwin::harness;

constexpr ConnName c1{ConnKind::primary, 1};

Event recv(std::uint32_t id, std::size_t size) { return {id, event::Recv{c1, Bytes(size, 0x01)}}; }

TEST(History, all_of_it_is_a_trace_that_reads_back) {
  const SwitchConfig config = default_config();
  const model::State state = model::initial(config);
  History history(1 << 20);
  history.begin(config);
  for (std::uint32_t i = 1; i <= 10; ++i) history.add(recv(i, 20), state);
  history.add({0, event::Loop{}}, state);
  const Trace trace = history.trace({"what it is"});
  EXPECT_EQ(trace.events.size(), 11u);
  EXPECT_EQ(trace.comments, std::vector<std::string>{"what it is"});
  EXPECT_EQ(parse_trace(print_trace(trace)), trace);
}

TEST(History, what_is_too_much_is_forgotten_from_the_beginning_and_the_trace_says_so) {
  const SwitchConfig config = default_config();
  model::State state = model::initial(config);
  History history(100'000);
  history.begin(config);
  for (std::uint32_t i = 1; i <= 1000; ++i) {
    state.now_ms = 5'000 + i;
    history.add(recv(i, 1000), state);
    std::size_t bytes = 0;
    for (const Event& e : history.events()) bytes += sizeof e + std::get<event::Recv>(e.body).bytes.size();
    ASSERT_LE(bytes, 100'000u);
    ASSERT_EQ(history.events().back().id, i);
    ASSERT_EQ(history.missing() + history.events().size(), i) << "between two events that are kept none is missing";
    // The head says what the clock was when the part that is kept began.
    if (history.missing() > 0) { ASSERT_EQ(history.config().clock_ms, 5'000 + history.events().front().id); }
  }
  EXPECT_GT(history.missing(), 0u);
  ASSERT_EQ(history.trace({}).comments.size(), 1u);
  EXPECT_EQ(history.trace({}).comments[0].rfind("The beginning is missing: ", 0), 0u);
  history.begin(config);
  EXPECT_TRUE(history.events().empty());
  EXPECT_EQ(history.missing(), 0u);
}

}  // namespace
