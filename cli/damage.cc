#include "cli/damage.h"

#include <algorithm>
#include <array>
#include <utility>

namespace oftwin::cli {
namespace {

// splitmix64: the C++ library's distributions differ from one library to the next.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  // From 0 to n - 1; 0 if n is 0.
  std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(next() % n); }

 private:
  std::uint64_t state_;
};

constexpr std::string_view kNumbers[] = {
    "0",   "-1", "65536",     "4294967296", "18446744073709551616", "0xffffffff", "1e308", "0x", "9223372036854775808",
    "007", "+3", "2147483648"};
constexpr std::string_view kFragments[] = {"\x1b[2J\x1b[31m",
                                           "\a",
                                           "\r",
                                           "\xc3",
                                           "\xe6\xbc",
                                           "\xff\xfe",
                                           "\xc2\x9b"
                                           "8m",
                                           "\xe2\x80\xae",
                                           "\xef\xbb\xbf",
                                           "\"",
                                           "\\",
                                           "\\x1",
                                           "#",
                                           "----",
                                           " ",
                                           "\t",
                                           "=",
                                           ",",
                                           "\n\n",
                                           "\n \n",
                                           "\n\t\n",
                                           "actions=",
                                           "[[",
                                           "{\"a\":",
                                           "%n%s",
                                           "e1.",
                                           "c1 ",
                                           "\n----",
                                           "null",
                                           "switch ports=",
                                           ":0",
                                           "/*/"};

bool digit(char c) { return c >= '0' && c <= '9'; }

void replace_number(std::string& text, Dice& dice) {
  const std::size_t from = dice.below(text.size());
  const auto begin = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), digit);
  const auto end = std::find_if_not(begin, text.end(), digit);
  const std::string_view number = kNumbers[dice.below(std::size(kNumbers))];
  text.replace(begin, end, number.begin(), number.end());
}

void swap_lines(std::string& text, Dice& dice) {
  const std::size_t a = text.find('\n', dice.below(text.size())), b = text.find('\n', a + 1);
  if (a == std::string::npos || b == std::string::npos) return;
  const std::string line = text.substr(a + 1, b - a);
  text.erase(a + 1, b - a);
  const std::size_t to = text.find('\n', dice.below(text.size()));
  text.insert(to == std::string::npos ? 0 : to + 1, line);
}

void other_line_ends(std::string& text) {
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2))
    text.insert(at, 1, '\r');
}

void wound(std::string& text, Dice& dice) {
  const std::size_t at = dice.below(text.size() + 1), rest = text.size() - at;
  const std::size_t some = std::min(rest, 1 + dice.below(64));
  switch (dice.below(14)) {
    case 0:  // cut
      text.resize(at);
      break;
    case 1:  // the beginning is missing
      text.erase(0, some);
      break;
    case 2:  // a bit
    case 3:
      if (rest > 0) text[at] = static_cast<char>(text[at] ^ 1 << dice.below(8));
      break;
    case 4:  // any bytes
      for (std::size_t i = 0; i < some; ++i) text[at + i] = static_cast<char>(dice.next());
      break;
    case 5:
      text.replace(at, some, some, '\0');
      break;
    case 6:
      text.erase(at, some);
      break;
    case 7:  // once more
      text.insert(at, text.substr(at, some));
      break;
    case 8:
    case 9:
      replace_number(text, dice);
      break;
    case 10:
      text.insert(at, kFragments[dice.below(std::size(kFragments))]);
      break;
    case 11:
      swap_lines(text, dice);
      break;
    case 12:
      other_line_ends(text);
      if (dice.below(2) == 0) text.insert(0, "\xef\xbb\xbf");
      break;
    case 13:  // far too much of something
      text.insert(at, std::string(1 + dice.below(50000), "[{(=.,a0 "[dice.below(9)]));
      break;
  }
}

}  // namespace

std::string damaged(std::string_view sound, std::uint64_t seed) {
  Dice dice(seed);
  std::string text(sound);
  for (std::size_t wounds = 1 + dice.below(4); wounds > 0; --wounds) wound(text, dice);
  return text;
}

}  // namespace oftwin::cli
