#include "harness/session_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/print.h"
#include "harness/spelling.h"

namespace oftwin::harness {

namespace {

constexpr std::size_t kLongest = 64;  // of a value's text
constexpr std::size_t kBefore = 8;    // characters that are shown before those that differ

std::string key_of(const ReplyRecord& record) { return fmt::format("{} {}", record.kind, identity_of(record)); }

std::size_t alike_fields(const ReplyRecord& a, const ReplyRecord& b) {
  if (a.kind != b.kind || a.fields.size() != b.fields.size()) return 0;
  std::size_t n = 0;
  for (std::size_t i = 0; i < a.fields.size(); ++i) n += a.fields[i] == b.fields[i];
  return n;
}

// The part of a value that is worth showing beside `other`.
std::string excerpt(const std::string& value, const std::string& other) {
  if (value.size() <= kLongest && other.size() <= kLongest) return value.empty() ? "nothing" : value;
  const auto at = static_cast<std::size_t>(std::mismatch(value.begin(), value.end(), other.begin(), other.end()).first -
                                           value.begin());
  const std::size_t from = at > kBefore ? (at - kBefore) / 2 * 2 : 0;  // of hexadecimal digits, whole bytes
  if (from >= value.size()) return fmt::format("ends after {} characters", value.size());
  const std::string_view part = std::string_view(value).substr(from, kLongest);
  return fmt::format(
      "{}{}{}", from > 0 ? fmt::format("({} characters alike)..", from) : "", part,
      from + part.size() < value.size() ? fmt::format("..({} more)", value.size() - from - part.size()) : "");
}

// As people read it: actions as words.
std::string readable(std::string_view field, const std::string& value) {
  const auto bytes = field == "actions" ? parse_hex(value) : std::nullopt;
  if (!bytes) return value;
  const std::string text = print_actions(*bytes);
  return text.empty() ? "drop" : text;
}

std::string record_text(const ReplyRecord& record) {
  std::string out = record.name;
  for (const ReplyField& f : record.fields) {
    const bool of_name =
        !record.name.empty() && identity_of(record).find(fmt::format("{}=", f.name)) != std::string::npos;
    if (of_name || (!record.name.empty() && f.value == "0")) continue;
    const std::string value = readable(f.name, f.value);
    const std::string shown = value.size() <= kLongest
                                  ? value
                                  : fmt::format("{}..({} more)", value.substr(0, kLongest), value.size() - kLongest);
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", f.name, shown);
  }
  return out;
}

}  // namespace

std::vector<RecordPair> pair_records(std::vector<ReplyRecord> model, std::vector<ReplyRecord> on_switch) {
  sort_records(model);
  sort_records(on_switch);
  std::multimap<std::string, std::size_t> waiting;
  std::vector<bool> taken(on_switch.size(), false);
  for (std::size_t i = 0; i < on_switch.size(); ++i) waiting.emplace(key_of(on_switch[i]), i);
  std::vector<RecordPair> out;
  for (ReplyRecord& m : model) {
    const auto [begin, end] = waiting.equal_range(key_of(m));
    auto best = begin;  // of several, the one that is equal
    for (auto it = begin; it != end; ++it) {
      if (on_switch[it->second] == m) best = it;
    }
    RecordPair& pair = out.emplace_back();
    if (begin != end) {
      pair.on_switch = on_switch[best->second];
      taken[best->second] = true;
      waiting.erase(best);
    }
    pair.model = std::move(m);
  }
  for (std::size_t i = 0; i < on_switch.size(); ++i) {
    if (!taken[i]) out.push_back({std::nullopt, std::move(on_switch[i])});
  }
  return out;
}

ReplyDifference whole_record(const ReplyRecord& record, bool of_model) {
  ReplyDifference out{std::string(record.kind), record.name, "", std::nullopt, std::nullopt};
  (of_model ? out.model : out.on_switch) = record_text(record);
  return out;
}

std::vector<ReplyDifference> joined(std::vector<RecordPair> alone) {
  constexpr std::size_t kMostJoined = 100;  // every one is held against every other
  std::vector<ReplyDifference> out;
  for (RecordPair& m : alone) {
    if (!m.model) continue;
    RecordPair* best = nullptr;
    std::size_t most = m.model->fields.size() / 2;
    for (RecordPair& r : alone) {
      if (alone.size() > kMostJoined || !r.on_switch || r.model || alike_fields(*m.model, *r.on_switch) <= most)
        continue;
      most = alike_fields(*m.model, *r.on_switch);
      best = &r;
    }
    if (!best) {
      out.push_back(whole_record(*m.model, true));
      continue;
    }
    for (std::size_t i = 0; i < m.model->fields.size(); ++i) {
      const ReplyField &a = m.model->fields[i], &b = best->on_switch->fields[i];
      if (!(a == b)) out.push_back({std::string(m.model->kind), m.model->name, std::string(a.name), a.value, b.value});
    }
    best->on_switch.reset();
  }
  for (const RecordPair& r : alone) {
    if (!r.model && r.on_switch) out.push_back(whole_record(*r.on_switch, false));
  }
  return out;
}

std::string print_reply_difference(const ReplyDifference& d) {
  const std::string name = d.name.empty() ? "" : fmt::format(" ({})", d.name);
  if (d.field.empty() && d.model && d.on_switch) {
    return fmt::format("the law has {} | the switch sends {}", *d.model, *d.on_switch);
  }
  if (d.field.empty()) {
    return fmt::format("only the {} sends {} {}", d.model ? "model" : "switch", d.record,
                       d.model ? *d.model : *d.on_switch);
  }
  const std::string a = readable(d.field, d.model.value_or("")), b = readable(d.field, d.on_switch.value_or(""));
  return fmt::format("{}.{}{}: model {} | switch {}", d.record, d.field, name, excerpt(a, b), excerpt(b, a));
}

}  // namespace oftwin::harness
