// A line of a trace as words with columns, for parsers that can say exactly where something is wrong.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/action_syntax.h"
#include "harness/spelling.h"

namespace oftwin::harness {

// Wrong words; `column` counts bytes from 1. The line is known to whoever reads lines.
class SyntaxError : public std::runtime_error {
 public:
  SyntaxError(std::size_t column, const std::string& what) : std::runtime_error(what), column_(column) {}
  std::size_t column() const { return column_; }

 private:
  std::size_t column_;
};

// One word: `text`, or `key=value`.
class Word {
 public:
  Word(std::string_view text, std::size_t column) : text_(text), column_(column), equals_(text.find('=')) {}

  std::string_view text() const { return text_; }
  std::string_view key() const { return text_.substr(0, equals_); }
  bool has_value() const { return equals_ != std::string_view::npos; }
  std::string_view value() const { return has_value() ? text_.substr(equals_ + 1) : std::string_view(); }
  std::size_t column() const { return column_; }
  std::size_t value_column() const { return has_value() ? column_ + equals_ + 1 : column_ + text_.size(); }

  [[noreturn]] void fail(const std::string& why) const { throw SyntaxError(column_, why); }
  [[noreturn]] void fail_value(const std::string& why) const { throw SyntaxError(value_column(), why); }

  // The value as what it must be, or a SyntaxError that says what was expected.
  template <class T>
  T number() const {
    auto n = parse_as<T>(value());
    if (!n) fail_value(fmt::format("{} must be a number from 0 to {}", key(), std::numeric_limits<T>::max()));
    return *n;
  }
  std::uint16_t port() const { return must(parse_port(value()), "a port number or name"); }
  Mac mac() const { return must(parse_mac(value()), "an Ethernet address such as 00:00:00:00:00:01"); }
  Bytes hex() const { return must(parse_hex(value()), "an even number of hexadecimal digits"); }
  Error error() const { return must(parse_error(value()), "an error such as FLOW_MOD_FAILED/OVERLAP or errno:12"); }
  RuleName rule() const { return must(parse_rule(value()), "a rule such as e3 or e3.2"); }
  std::string string() const { return must(parse_quoted(value()), "a text in double quotes"); }
  Bytes actions() const {
    ActionsOrError parsed = parse_actions(value());
    if (!parsed.error.empty()) throw SyntaxError(value_column() + parsed.column, parsed.error);
    return parsed.actions;
  }

  template <class T>
  T must(const std::optional<T>& parsed, const char* what) const {
    if (!parsed) fail_value(fmt::format("{} must be {}", key(), what));
    return *parsed;
  }

 private:
  std::string_view text_;
  std::size_t column_, equals_;
};

// The words of one line, in order.
class Words {
 public:
  // Cuts at blanks and, outside actions=, at commas between fields; a '#' outside quotes begins a comment.
  explicit Words(std::string_view line, std::size_t first_column = 1);

  bool done() const { return at_ == words_.size(); }
  std::size_t left() const { return words_.size() - at_; }
  // Throws SyntaxError at the end of the line.
  Word next();
  const Word& peek() const {
    if (done()) throw SyntaxError(end_column_, "the line ends too early");
    return words_[at_];
  }
  // The word `key=..` is taken out, wherever it stands.
  std::optional<Word> take_key(std::string_view key);

 private:
  std::vector<Word> words_;
  std::size_t at_ = 0, end_column_ = 1;
};

}  // namespace oftwin::harness
