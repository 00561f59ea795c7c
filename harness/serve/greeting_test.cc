#include "harness/serve/greeting.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace oftwin;
using namespace oftwin::harness;

Bytes header(std::uint8_t version, std::uint8_t type, std::uint8_t size) {
  return {version, type, 0, size, 0, 0, 0, 9};
}
Bytes with(Bytes out, const Bytes& more) {
  out.insert(out.end(), more.begin(), more.end());
  return out;
}
bool welcome(const Bytes& message) { return answer_greeting(message).refusal.empty(); }

TEST(Greeting, who_can_speak_openflow_10_is_welcome) {
  EXPECT_TRUE(welcome(hello()));
  EXPECT_TRUE(welcome(header(1, 0, 8)));
  EXPECT_TRUE(welcome(header(3, 0, 8)));
  EXPECT_TRUE(welcome(header(6, 0, 8))) << "no list: all up to the version";
  EXPECT_TRUE(welcome(with(header(6, 0, 16), {0, 1, 0, 8, 0, 0, 0, 0x7e})));
  EXPECT_TRUE(welcome(with(header(4, 0, 24), {0, 9, 0, 5, 1, 0, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0x02})));
  EXPECT_TRUE(welcome(with(header(1, 0, 12), {1, 2, 3, 4}))) << "OpenFlow 1.0 ignores what follows";
}

TEST(Greeting, who_cannot_is_refused_with_a_reason) {
  EXPECT_FALSE(welcome(with(header(4, 0, 16), {0, 1, 0, 8, 0, 0, 0, 0x10})));
  EXPECT_FALSE(welcome(header(0, 0, 8)));
  EXPECT_FALSE(welcome(header(1, 2, 8)));
  EXPECT_FALSE(welcome({'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'}));
  const Greeting refused = answer_greeting(header(1, 14, 8));
  EXPECT_EQ(refused.why, "the first message is of type 14, not HELLO");
  // OFPT_ERROR, HELLO_FAILED, INCOMPATIBLE, and the reason as ASCII.
  ASSERT_EQ(refused.refusal.size(), 12 + refused.why.size());
  EXPECT_EQ(Bytes(refused.refusal.begin(), refused.refusal.begin() + 4),
            (Bytes{1, 1, 0, static_cast<std::uint8_t>(refused.refusal.size())}));
  EXPECT_EQ(Bytes(refused.refusal.begin() + 8, refused.refusal.begin() + 12), (Bytes{0, 0, 0, 0}));
  EXPECT_EQ(std::string(refused.refusal.begin() + 12, refused.refusal.end()), refused.why);
}

// Whatever it is, and however it is cut, there is an answer.
TEST(Greeting, a_list_of_versions_that_is_cut_off_is_no_list) {
  const Bytes whole = with(header(4, 0, 24), {0, 9, 0, 5, 1, 0, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0x10});
  EXPECT_FALSE(welcome(whole));
  for (std::size_t n = 8; n < whole.size(); ++n) EXPECT_TRUE(welcome(Bytes(whole.begin(), whole.begin() + n))) << n;
  EXPECT_TRUE(welcome(with(header(4, 0, 12), {0, 1, 0, 0})));
}

}  // namespace
