#include "harness/session_differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>

#include "harness/files.h"
#include "harness/limits.h"
#include "harness/words.h"
#include "spec/clauses.h"

namespace oftwin::harness {

namespace {

using How = KnownDifference::How;

// A value may stand in quotes.
std::string value_of(const Word& word) {
  if (!word.value().starts_with('"')) return std::string(word.value());
  return word.string();
}

void set_how(KnownDifference& d, const Word& word) {
  if (word.text() == "relation=model-is-prefix") {
    d.how = How::model_is_prefix;
  } else if (word.text() == "only=model") {
    d.how = How::only_model;
  } else if (word.text() == "only=switch") {
    d.how = How::only_switch;
  } else {
    word.fail("expected relation=model-is-prefix, only=model or only=switch");
  }
}

KnownDifference parse_entry(std::string_view line) {
  Words words(line);
  KnownDifference d;
  d.label = words.next().text();
  std::optional<std::string> model, on_switch, is;
  while (!words.done()) {
    const Word word = words.next();
    const std::string_view key = word.key();
    if (key == "clause") {
      d.clause = word.value();
      const auto known = [&](const Clause& c) { return c.id == d.clause; };
      if (std::none_of(clauses().begin(), clauses().end(), known)) word.fail_value("no such clause in spec/*.md");
    } else if (key == "in") {
      const std::size_t dot = word.value().find('.');
      if (dot == std::string_view::npos) word.fail_value("expected RECORD.FIELD");
      d.record = word.value().substr(0, dot);
      d.field = word.value().substr(dot + 1);
    } else if (key == "relation" || key == "only") {
      set_how(d, word);
    } else if (key == "model") {
      model = value_of(word);
    } else if (key == "switch") {
      on_switch = value_of(word);
    } else if (key == "is") {
      is = value_of(word);
    } else if (key == "request") {
      d.request = value_of(word);
    } else if (key == "times") {
      d.times = word.number<std::uint32_t>();
      if (d.times == 0) word.fail_value("a difference that is never seen is none");
    } else {
      word.fail(fmt::format("'{}' is not understood", word.text()));
    }
  }
  const bool only = d.how == How::only_model || d.how == How::only_switch, values = d.how == How::values;
  if (d.clause.empty() || d.record.empty() || d.times == 0 || only != is.has_value() || values != model.has_value() ||
      values != on_switch.has_value()) {
    throw SyntaxError(1, "expected LABEL clause= in= times= and model= switch=, relation=, or only= is=");
  }
  d.model = only ? *is : model.value_or("");
  d.on_switch = only ? *is : on_switch.value_or("");
  return d;
}

}  // namespace

KnownDifferences KnownDifferences::read(const std::string& path) {
  KnownDifferences out;
  if (!std::filesystem::exists(path)) return out;
  std::istringstream text(read_text(path, limits::kSetting, "differences"));
  const auto fail = [&](unsigned line, std::size_t column, std::string_view what) {
    throw DifferencesError(fmt::format("{}:{}:{}: {}", path, line, column, what));
  };
  unsigned number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line[0] == '#') continue;
    if (begin > 0) {
      if (out.entries_.empty()) fail(number, 1, "a reason without a difference above it");
      std::string& reason = out.entries_.back().reason;
      reason += (reason.empty() ? "" : " ") + line.substr(begin);
      continue;
    }
    try {
      out.entries_.push_back(parse_entry(line));
    } catch (const SyntaxError& e) { fail(number, e.column(), e.what()); }
    out.entries_.back().line = number;
  }
  for (const KnownDifference& d : out.entries_) {
    if (d.reason.empty()) fail(d.line, 1, fmt::format("difference '{}' has no reason below it", d.label));
  }
  return out;
}

bool KnownDifferences::cover(std::string_view record, std::string_view field, std::string_view model,
                             std::string_view on_switch, std::string_view request) {
  for (KnownDifference& d : entries_) {
    if (d.record != record || d.field != field || !request.starts_with(d.request)) continue;
    const bool same = d.how == How::values && d.model == model && d.on_switch == on_switch;
    const bool prefix = d.how == How::model_is_prefix && on_switch.starts_with(model);
    if (!same && !prefix) continue;
    ++d.used;
    return true;
  }
  return false;
}

bool KnownDifferences::cover_only(How side, std::string_view record, std::string_view field, std::string_view value,
                                  std::string_view request) {
  for (KnownDifference& d : entries_) {
    if (d.how != side || d.record != record || d.field != field || d.model != value) continue;
    if (!request.starts_with(d.request)) continue;
    ++d.used;
    return true;
  }
  return false;
}

}  // namespace oftwin::harness
