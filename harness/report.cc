#include "harness/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/print.h"
#include "harness/request.h"
#include "model/step.h"
#include "spec/clauses.h"

namespace oftwin::harness {

namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kNameColumn = 72;  // where the names of events begin, if their lines are not longer
constexpr std::size_t kMaxLines = 24;    // of one side; a statistics reply can have thousands

std::vector<std::string> lines_of(std::span<const Observation> observations, const Naming& naming) {
  std::vector<std::string> lines;
  for (const Observation& o : observations) {
    const std::string text = print_observation(o, naming);
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      if (end > at) lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  return lines;
}

void append_lines(std::string& out, std::string_view label, std::span<const std::string> lines) {
  const std::size_t shown = std::min(lines.size(), kMaxLines);
  for (const std::string& line : lines.first(shown)) out += fmt::format("{:<8}{}\n", label, line);
  if (shown < lines.size()) out += fmt::format("{:<8}... and {} more\n", label, lines.size() - shown);
}

// One side of a difference, which can be silence.
void append_side(std::string& out, std::string_view label, std::span<const std::string> lines) {
  append_lines(out, label, lines);
  if (lines.empty()) out += fmt::format("{:<8}nothing\n", label);
}

void append_wrapped(std::string& out, std::string_view indent, std::string_view text) {
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > kWidth) {
      end = text.rfind(' ', kWidth);
      if (end == std::string_view::npos || end == 0) end = text.find(' ');
      end = std::min(end, text.size());
    }
    out += fmt::format("{}{}\n", indent, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// What the most ordinary message hits: nothing that a reader needs to be told.
ClauseSet ordinary_clauses(const SwitchConfig& config) {
  SwitchConfig plain = config;
  plain.connections = {ConnName{ConnKind::primary, 1}};
  model::State state = model::initial(plain);
  model::Outcome out;
  const Bytes echo = encode(request::EchoRequest{});
  model::step(state, {1, event::Recv{plain.connections[0], echo}}, {}, out);
  model::step(state, {0, event::Loop{}}, {}, out);
  return out.clauses;
}

std::string ids_of(const ClauseSet& set) {
  std::string out;
  for (std::size_t i = 0; i < clauses().size(); ++i) {
    if (set[i]) out += fmt::format(" {}", clauses()[i].id);
  }
  return out;
}

}  // namespace

std::string print_difference(const Divergence& d, std::span<const Event> events) {
  const Naming naming = events.empty() ? Naming() : Naming(events);
  const std::vector<std::string> wants = lines_of(d.wants, naming), gots = lines_of(d.gots, naming);
  const std::span<const std::string> want(wants), got(gots);
  const auto [want_at, got_at] = std::mismatch(want.begin(), want.end(), got.begin(), got.end());
  const auto same = static_cast<std::size_t>(want_at - want.begin());
  const std::size_t most = std::min(want.size(), got.size()) - same;
  std::size_t tail = 0;  // lines at the end on which both agree again
  while (tail < most && want[want.size() - 1 - tail] == got[got.size() - 1 - tail]) ++tail;

  std::string out;
  append_lines(out, "both", want.first(same));
  if (d.note.empty()) {
    append_side(out, "wanted", want.subspan(same, want.size() - same - tail));
    append_side(out, "got", got.subspan(same, got.size() - same - tail));
  } else {
    out += fmt::format("{:<8}{}\n", "got", d.note);
  }
  append_lines(out, "both", want.last(tail));
  return out;
}

std::string print_clauses(const ClauseSet& hit) {
  std::string out;
  for (std::size_t i = 0; i < clauses().size(); ++i) {
    if (!hit[i]) continue;
    const Clause& c = clauses()[i];
    out += fmt::format("{} {} (spec/{}:{})\n", c.id, c.title, c.file, c.line);
    append_wrapped(out, "    ", c.text);
  }
  return out;
}

namespace {

ClauseSet freedoms() {
  ClauseSet out;
  for (std::size_t i = 0; i < clauses().size(); ++i) out[i] = clauses()[i].kind == ClauseKind::freedom;
  return out;
}

}  // namespace

// Nobody breaks a freedom: what was wrong beside one is in another clause, if there is one.
ClauseSet suspects(const SwitchConfig& config, const Divergence& d) {
  const ClauseSet all = d.clauses & ~ordinary_clauses(config), binding = all & ~freedoms();
  const ClauseSet telling = binding.any() ? binding : all;
  const ClauseSet fresh = telling & ~d.earlier;
  return fresh.any() ? fresh : telling.any() ? telling : d.clauses;
}

std::string print_clauses(const SwitchConfig& config, const Divergence& d) {
  const ClauseSet full = suspects(config, d);
  std::string out = print_clauses(full);
  if (const ClauseSet rest = d.clauses & ~full; rest.any()) out += fmt::format("Also at work:{}\n", ids_of(rest));
  const ClauseSet before = d.before & ~ordinary_clauses(config) & ~full;
  for (std::size_t i = 0; i < clauses().size(); ++i) {
    if (before[i]) out += fmt::format("Shortly before: {} {}\n", clauses()[i].id, clauses()[i].title);
  }
  return out;
}

std::string print_report(const SwitchConfig& config, std::span<const Event> events, const Divergence& d,
                         std::string_view subject) {
  std::string out = fmt::format("{} differs from the specification:\n\n", subject);
  const std::size_t shown = std::min(d.event_index + 1, events.size());
  for (const Event& event : events.first(shown)) {
    const auto* loop = std::get_if<event::Loop>(&event.body);
    if (loop && loop->iterations == 0) continue;
    const std::string line = print_event(event);
    out += event.id == 0 ? line + "\n" : fmt::format("{:<{}} # e{}\n", line, kNameColumn, event.id);
  }
  out += "----\n" + print_difference(d, events) + "\n" + print_clauses(config, d);
  return out;
}

}  // namespace oftwin::harness
