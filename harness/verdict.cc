#include "harness/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/applicable.h"
#include "harness/markup.h"
#include "harness/print.h"
#include "harness/report.h"
#include "harness/trace_text.h"
#include "spec/clauses.h"

namespace oftwin::harness {
namespace {

constexpr std::size_t kNamed = 6;  // failed clauses that the sentence names

struct Unseen {
  std::string_view clause;
  Channel channel;  // that would show it
};
constexpr Unseen kUnseen[] = {
    {"LOOP-1", Channel::wake},     {"LOOP-2", Channel::wake},   {"LOOP-3", Channel::wake},
    {"LOOP-4", Channel::provider}, {"OP-1", Channel::provider}, {"OP-10", Channel::provider},
    {"DEL-4", Channel::provider},
};

template <class List, class Predicate>
std::vector<std::size_t> places_where(const List& list, Predicate predicate) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (predicate(list[i])) out.push_back(i);
  }
  return out;
}

ClauseVerdict judge(const Judged& judged, std::size_t clause) {
  const Clause& c = clauses()[clause];
  ClauseVerdict v;
  v.clause = clause;
  v.findings = places_where(judged.findings, [&](const Finding& f) { return f.clauses[clause]; });
  v.readings = places_where(judged.readings, [&](const Reading& r) { return r.clause == c.id; });
  if (!v.findings.empty()) {
    v.ruling = Ruling::fail;
    if (judged.compared[clause]) v.why = "held elsewhere";
  } else if (judged.elsewhere[clause]) {
    v.ruling = Ruling::not_applicable;
    v.why = judged.elsewhere_why;
  } else if (judged.compared[clause] && !judged.unseen[clause]) {
    v.ruling = Ruling::pass;
  } else if (judged.unseen[clause]) {
    v.why = "does not show on this subject";
  } else if (const auto why = judged.profile ? clause_obstacle(*judged.profile, clause) : std::nullopt) {
    v.ruling = Ruling::not_applicable;
    v.why = print_obstacle(*why);
  } else {
    v.why = "no input came to it";
  }
  return v;
}

// Those that held nowhere come first.
std::string failed_ids(const Verdict& verdict) {
  std::string out;
  std::size_t failed = 0;
  for (const bool held : {false, true}) {
    for (const ClauseVerdict& v : verdict.clauses) {
      if (v.ruling != Ruling::fail || v.why.empty() == held) continue;
      if (++failed <= kNamed) out += fmt::format("{}{}", out.empty() ? "" : ", ", clauses()[v.clause].id);
    }
  }
  return failed > kNamed ? fmt::format("{} and {} more", out, failed - kNamed) : out;
}

std::string counted(std::uint64_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(n), n == 1 ? one : many);
}

// Clauses that passed, and for which a recorded reading was applied.
std::size_t read_otherwise(const Verdict& v) {
  return static_cast<std::size_t>(std::count_if(v.clauses.begin(), v.clauses.end(), [&](const ClauseVerdict& c) {
    const auto used = [&](std::size_t r) { return v.judged.readings[r].used > 0; };
    return c.ruling == Ruling::pass && std::any_of(c.readings.begin(), c.readings.end(), used);
  }));
}

std::string sentence_of(const Verdict& v) {
  const auto count = [&](Ruling r) { return v.counts[static_cast<std::size_t>(r)]; };
  const std::size_t passed = count(Ruling::pass), failed = count(Ruling::fail);
  const auto lost = static_cast<std::size_t>(
      std::count_if(v.judged.findings.begin(), v.judged.findings.end(), [](const Finding& f) { return f.lost; }));
  std::string what;
  if (v.conforms) {
    what = fmt::format("kept all {} of the specification that came to be tested", counted(passed, "clause", "clauses"));
    if (const std::size_t read = read_otherwise(v); read > 0) {
      what += fmt::format(" ({} of them as recorded readings have it)", read);
    }
  } else if (passed + failed == 0 && v.judged.findings.empty()) {
    what = "was not tested";
  } else if (failed == 0) {
    what = lost > 0 ? fmt::format("was lost {}", counted(lost, "time", "times")) : "differed from the specification";
  } else {
    what = fmt::format("broke {} of the {} of the specification that came to be tested", failed,
                       counted(passed + failed, "clause", "clauses"));
    what += fmt::format(" ({})", failed_ids(v));
    if (lost > 0) what += fmt::format(" and was lost {}", counted(lost, "time", "times"));
  }
  std::string out = fmt::format("{}: {} {}; {} untested, {} not applicable", v.judged.tool, v.judged.subject, what,
                                count(Ruling::untested), count(Ruling::not_applicable));
  if (v.judged.profile) out += fmt::format(" (profile {})", v.judged.profile->file);
  return out + fmt::format("; {} in {}.", counted(v.judged.messages, "message", "messages"),
                           counted(v.judged.inputs, "trace", "traces"));
}

// Of the first line.
std::string told(const std::optional<Observation>& observation) {
  if (!observation) return "nothing";
  const std::string text = print_observation(*observation);
  return text.substr(0, text.find('\n'));
}

}  // namespace

Finding finding_of(const Trace& shown, const Divergence& d, std::string_view subject) {
  Finding f;
  f.clauses = suspects(shown.config, d);
  f.title = d.note.empty() ? fmt::format("wanted {}, got {}", told(d.want), told(d.got)) : d.note;
  f.report = print_report(shown.config, shown.events, d, subject);
  f.trace = print_trace(shown);
  return f;
}

Verdict verdict_of(Judged judged) {
  Verdict verdict;
  for (std::size_t i = 0; i < clauses().size(); ++i) {
    if (clauses()[i].kind == ClauseKind::unmodelled) continue;
    verdict.clauses.push_back(judge(judged, i));
    ++verdict.counts[static_cast<std::size_t>(verdict.clauses.back().ruling)];
  }
  verdict.conforms = judged.findings.empty() && verdict.counts[static_cast<std::size_t>(Ruling::pass)] > 0;
  verdict.judged = std::move(judged);
  verdict.sentence = sentence_of(verdict);
  return verdict;
}

ClauseSet unseen_on(unsigned channels) {
  ClauseSet out;
  for (const Unseen& unseen : kUnseen) {
    if ((channels & bit(unseen.channel)) != 0) continue;
    for (std::size_t i = 0; i < clauses().size(); ++i) out[i] = out[i] || clauses()[i].id == unseen.clause;
  }
  return out;
}

}  // namespace oftwin::harness
