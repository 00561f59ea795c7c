#include "harness/printable.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "harness/spelling.h"

namespace oftwin::harness {
namespace {

TEST(Printable, control_bytes_are_shown_and_not_sent) {
  EXPECT_EQ(printable("a\x1b[31mb\a\r\x7f"), "a\\{1b}[31mb\\{07}\\{0d}\\{7f}");
  EXPECT_EQ(printable(std::string("\0", 1)), "\\{00}");
  EXPECT_EQ(printable("\xc2\x9b"), "\\{c2}\\{9b}") << "CSI as one character of C1";
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\{e2}\\{80}\\{ae}") << "right-to-left override";
}

TEST(Printable, lines_tabs_and_valid_utf8_stay) {
  const std::string text = "a\tb\nΩ é 漢字 😀";
  EXPECT_EQ(printable(text), text);
}

TEST(Printable, what_is_no_utf8_is_shown_byte_by_byte) {
  EXPECT_EQ(printable("\xc3"), "\\{c3}") << "cut";
  EXPECT_EQ(printable("\xe6\xbc"), "\\{e6}\\{bc}") << "cut";
  EXPECT_EQ(printable("\xc0\xaf"), "\\{c0}\\{af}") << "too long for its value";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\{ed}\\{a0}\\{80}") << "a surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\{f4}\\{90}\\{80}\\{80}") << "beyond the last character";
  EXPECT_EQ(printable("\xffx"), "\\{ff}x");
}

TEST(Printable, different_texts_look_different) {
  std::set<std::string> seen;
  const std::string alphabet[] = {"\x1b", "\\", "{", "1b}", "5c}", "a"};
  std::size_t texts = 0;
  for (const auto& a : alphabet) {
    for (const auto& b : alphabet) {
      for (const auto& c : alphabet) {
        for (const auto& d : alphabet) {
          seen.insert(printable(a + b + c + d));
          ++texts;
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), texts);
}

TEST(Printable, a_text_in_a_trace_is_shown_as_it_is_written) {
  for (const std::string text : {"\\{1b}", "\x1b[m", "a\\", "\\x1b", "\xff\"", "{", "\\\\{"}) {
    const std::string quoted = print_quoted(text);
    EXPECT_EQ(printable(quoted), quoted);
    EXPECT_EQ(parse_quoted(quoted), text);
  }
}

}  // namespace
}  // namespace oftwin::harness
