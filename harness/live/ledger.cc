#include "harness/live/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "harness/built_in.h"
#include "harness/files.h"
#include "harness/limits.h"
#include "harness/words.h"
#include "spec/clauses.h"

namespace oftwin::harness::live {
namespace {

struct Part {
  std::string_view name;
  std::string Description::* text;
};
constexpr Part kParts[] = {{"mfr_desc", &Description::mfr_desc},
                           {"hw_desc", &Description::hw_desc},
                           {"sw_desc", &Description::sw_desc},
                           {"serial_num", &Description::serial_num},
                           {"dp_desc", &Description::dp_desc}};

std::string text_of(const Word& word) {
  return word.value().starts_with('"') ? word.string() : std::string(word.value());
}

LedgerEntry parse_entry(Words& words) {
  LedgerEntry e;
  e.label = words.next().text();
  bool model = false, on_switch = false;
  while (!words.done()) {
    const Word word = words.next();
    if (word.key() == "clause") {
      e.clause = word.value();
      const auto known = [&](const Clause& c) { return c.id == e.clause; };
      if (std::none_of(clauses().begin(), clauses().end(), known)) word.fail_value("no such clause in spec/*.md");
    } else if (word.key() == "in") {
      const std::size_t dot = word.value().find('.');
      if (dot == std::string_view::npos) word.fail_value("expected RECORD.FIELD");
      e.record = word.value().substr(0, dot);
      e.field = word.value().substr(dot + 1);
    } else if (word.key() == "model") {
      e.model = text_of(word);
      model = true;
    } else if (word.key() == "switch") {
      e.on_switch = text_of(word);
      on_switch = true;
    } else if (word.key() == "request") {
      e.request = text_of(word);
    } else {
      word.fail(fmt::format("'{}' is not understood", word.text()));
    }
  }
  if (e.clause.empty()) throw SyntaxError(1, "expected LABEL clause=ID");
  if (model != on_switch || model == e.record.empty()) throw SyntaxError(1, "in=, model= and switch= go together");
  return e;
}

// "instead: text" and "because: text"; lines without such a word go on with the one before.
void add_text(LedgerEntry& e, std::string_view line, std::string*& current) {
  for (auto& [word, text] : {std::pair{std::string_view("instead: "), &e.instead}, {"because: ", &e.because}}) {
    if (!line.starts_with(word)) continue;
    current = text;
    line.remove_prefix(word.size());
  }
  if (!current) throw SyntaxError(1, "expected 'instead: ...' or 'because: ...'");
  if (!current->empty()) *current += ' ';
  *current += line;
}

}  // namespace

Ledger Ledger::parse(std::string_view text, const std::string& file) {
  Ledger out;
  out.file_ = file;
  unsigned number = 0;
  std::string* current = nullptr;
  const auto fail = [&](unsigned line, std::size_t column, std::string_view what) {
    throw LedgerError(fmt::format("{}:{}:{}: {}", file, line, column, what));
  };
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line[0] == '#') continue;
    try {
      if (begin > 0) {
        if (out.entries_.empty()) throw SyntaxError(1, "a reason without an entry above it");
        add_text(out.entries_.back(), std::string_view(line).substr(begin), current);
        continue;
      }
      Words words(line);
      if (words.peek().text() == "switch") {
        words.next();
        while (!words.done()) {
          const Word word = words.next();
          const bool known =
              std::any_of(std::begin(kParts), std::end(kParts), [&](const Part& p) { return p.name == word.key(); });
          if (!known) word.fail(fmt::format("a description has no '{}'", word.key()));
          out.about_[std::string(word.key())] = text_of(word);
        }
      } else if (words.peek().text() == "dialect") {
        words.next();
        const Word name = words.next();
        out.dialect_ = live::dialect(name.text());
        if (!out.dialect_) name.fail(fmt::format("there is no dialect '{}'", name.text()));
      } else {
        out.entries_.push_back(parse_entry(words));
        out.entries_.back().line = number;
        current = nullptr;
      }
    } catch (const SyntaxError& e) { fail(number, e.column(), e.what()); }
  }
  for (const LedgerEntry& e : out.entries_) {
    if (e.instead.empty()) fail(e.line, 1, fmt::format("'{}' does not say what the switch does instead", e.label));
    if (e.because.empty()) fail(e.line, 1, fmt::format("'{}' does not say why that is acceptable", e.label));
    out.has_values_ = out.has_values_ || !e.record.empty();
    if (!e.record.empty()) continue;
    const auto& known = out.dialect_ ? out.dialect_->readings : std::span<const std::string_view>();
    if (std::find(known.begin(), known.end(), e.label) == known.end()) {
      fail(e.line, 1,
           fmt::format("there is no reading '{}' in this dialect, and no in=, model=, switch= here", e.label));
    }
  }
  return out;
}

Ledger Ledger::read(const std::string& path) { return parse(read_text(path, limits::kSetting, "a ledger"), path); }

bool Ledger::in_force(std::string_view reading) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const LedgerEntry& e) { return e.record.empty() && e.label == reading; });
}

bool Ledger::is_about(const Description& description) const {
  return !about_.empty() && std::all_of(about_.begin(), about_.end(), [&](const auto& part) {
    const auto it =
        std::find_if(std::begin(kParts), std::end(kParts), [&](const Part& p) { return p.name == part.first; });
    return (description.*it->text).starts_with(part.second);
  });
}

void Ledger::amend(Records& records, std::string_view request, const Used& used) const {
  for (const LedgerEntry& e : entries_) {
    if (e.record.empty() || !request.starts_with(e.request)) continue;
    for (ReplyRecord& r : records) {
      if (r.kind != e.record) continue;
      for (ReplyField& f : r.fields) {
        if (f.name != e.field || f.value != e.model) continue;
        f.value = e.on_switch;
        used(e.label);
      }
    }
  }
}

Ledger Ledger::without(std::string_view label) const {
  Ledger out = *this;
  std::erase_if(out.entries_, [&](const LedgerEntry& e) { return e.label == label; });
  return out;
}

Ledger find_ledger(const Description& description) {
  for (const BuiltIn& file : built_in()) {
    if (!file.path.ends_with(".ledger")) continue;
    Ledger ledger = Ledger::parse(file.text, std::string(file.path));
    if (ledger.is_about(description)) return ledger;
  }
  return {};
}

}  // namespace oftwin::harness::live
