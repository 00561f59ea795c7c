#include "harness/words.h"

namespace oftwin::harness {
namespace {

// Commas separate match fields as in ovs-ofctl, but are part of `actions=` and of lists of ports and the like.
bool comma_separates(std::string_view word) {
  std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return true;
  std::string_view key = word.substr(0, equals);
  return key != "actions" && key != "ports" && key != "connections";
}

}  // namespace

Words::Words(std::string_view line, std::size_t first_column) {
  bool quoted = false;
  std::size_t begin = 0, i = 0;
  auto finish = [&] {
    if (i > begin) words_.emplace_back(line.substr(begin, i - begin), begin + first_column);
    begin = i + 1;
  };
  for (; i < line.size(); ++i) {
    char c = line[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '#') {
      break;
    } else if (c == ' ' || c == '\t' || (c == ',' && comma_separates(line.substr(begin, i - begin)))) {
      finish();
    }
  }
  i = std::min(i, line.size());
  finish();
  end_column_ = i + first_column;
}

Word Words::next() {
  if (done()) throw SyntaxError(end_column_, "the line ends too early");
  return words_[at_++];
}

std::optional<Word> Words::take_key(std::string_view key) {
  for (std::size_t i = at_; i < words_.size(); ++i) {
    if (!words_[i].has_value() || words_[i].key() != key) continue;
    Word found = words_[i];
    words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(i));
    return found;
  }
  return std::nullopt;
}

}  // namespace oftwin::harness
