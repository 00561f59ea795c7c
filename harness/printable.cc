#include "harness/printable.h"

#include <fmt/format.h>

#include <iterator>

namespace oftwin::harness {
namespace {

constexpr bool between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

// What a terminal obeys, or what turns the text around it: C0, DEL and C1, marks of direction, separators of lines.
constexpr bool obeyed(char32_t c) {
  return (c < 0x20 && c != '\n' && c != '\t') || between(c, 0x7f, 0x9f) || between(c, 0x200e, 0x200f) ||
         between(c, 0x2028, 0x202e) || between(c, 0x2066, 0x2069);
}

struct Decoded {
  char32_t point = 0;
  std::size_t length = 0;  // bytes; 0: no valid UTF-8
};

Decoded decoded(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = between(lead, 0xc2, 0xdf) ? 2 : between(lead, 0xe0, 0xef) ? 3 : lead <= 0xf4 ? 4 : 0;
  if (lead < 0xc2 || length == 0 || text.size() < length) return {};
  char32_t point = lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3fu);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeast[length] || point > 0x10ffff || between(point, 0xd800, 0xdfff)) return {};
  return {point, length};
}

}  // namespace

std::size_t utf8_length(std::string_view text) { return text.empty() ? 0 : decoded(text).length; }

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded next = decoded(text);
    const std::size_t taken = next.length == 0 ? 1 : next.length;
    if (next.length == 0 || obeyed(next.point) || text.starts_with("\\{")) {
      for (const char c : text.substr(0, taken)) {
        fmt::format_to(std::back_inserter(out), "\\{{{:02x}}}", static_cast<unsigned char>(c));
      }
    } else {
      out += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace oftwin::harness
