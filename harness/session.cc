#include "harness/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/convert.h"
#include "harness/report.h"
#include "harness/session_accused.h"
#include "harness/session_judge.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShownDifferences = 8;  // of one problem

std::string name_of_switch(const Session& session) {
  const Description& d = session.config.description;
  std::string out;
  const bool told = std::any_of(session.capture.messages.begin(), session.capture.messages.end(), [](const auto& m) {
    return m.from_switch && m.bytes[1] == OFPT_STATS_REPLY && m.bytes.size() > 9 && m.bytes[8] == 0 && m.bytes[9] == 0;
  });
  if (!told) return session.capture.connections[0].switch_end;
  for (const std::string& part : {d.mfr_desc, d.hw_desc, d.sw_desc}) {
    if (!part.empty()) out += (out.empty() ? "" : " ") + part;
  }
  return out.empty() ? session.capture.connections[0].switch_end : out;
}

}  // namespace

ReplyCounts& ReplyCounts::operator+=(const ReplyCounts& other) {
  requests += other.requests;
  equal += other.equal;
  silent += other.silent;
  covered += other.covered;
  differing += other.differing;
  unjudged += other.unjudged;
  asynchronous += other.asynchronous;
  return *this;
}

std::string SessionProblem::line() const {
  std::string out = packet == 0 ? "" : fmt::format("packet {}: ", packet);
  if (!about.empty()) out += about + ": ";
  if (!note.empty()) return out + note;
  out += print_reply_difference(differences.at(0));
  return differences.size() == 1 ? out : fmt::format("{} (and {} more)", out, differences.size() - 1);
}

std::string SessionProblem::text() const {
  std::string out = packet == 0 ? "" : fmt::format("packet {}: ", packet);
  out += about.empty() ? note : about + (note.empty() ? "" : ": " + note);
  for (std::size_t i = 0; i < std::min(kShownDifferences, differences.size()); ++i) {
    out += "\n  " + print_reply_difference(differences[i]);
  }
  if (differences.size() > kShownDifferences) {
    out += fmt::format("\n  and {} more", differences.size() - kShownDifferences);
  }
  return accused.none() ? out : fmt::format("{}\n\n{}", out, print_clauses(accused));
}

SessionReport check_session(const std::string& path, Subject& subject, const Profile* profile) {
  const Session session = read_session(path, profile);
  KnownDifferences known = KnownDifferences::read(session_stem(path) + ".differences");

  SessionReport report;
  report.name = session.name;
  report.subject = subject.name();
  report.on_switch = name_of_switch(session);
  report.connections = session.capture.connections.size();
  report.frames = session.frames;
  report.provider = session.config.provider;
  report.trace = trace_of(session);
  report.notes = capture_notes(session.capture);
  if (const std::size_t n = session.earlier.size(); n > 0) {
    report.notes.push_back(
        fmt::format("{} flow{} from before the capture, as the switch lists them", n, n == 1 ? "" : "s"));
  }
  report.earlier_flows = session.earlier.size();
  Lockstep lockstep(subject, {});
  report.divergence = lockstep.run(session.config, session.events);
  report.stats = lockstep.stats();
  SessionJudge(session, known, report).judge();
  for (SessionProblem& p : report.problems) {
    if (p.accused.none()) p.accused = accused_of(p, session.config, report.compared);
  }
  report.known = known.entries();
  return report;
}

std::vector<std::string> find_sessions(const std::string& folder) {
  std::vector<std::string> out;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && is_capture_name(entry.path().filename().string())) {
      out.push_back(entry.path().string());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string print_session(const SessionReport& report) {
  const ReplyCounts& c = report.replies;
  std::string out = fmt::format(
      "{}: {} messages judged on both sides ({} connections, {} frames); real switch: {} answered alike, {} by "
      "neither, {} unasked alike, {} with known differences, {} not judged\n",
      report.name, report.stats.messages, report.connections, report.frames, c.equal, c.silent, c.asynchronous,
      c.covered, c.unjudged);
  for (const KnownDifference& d : report.known) {
    out += fmt::format("  {:5} x {} ({}): {}\n", d.used, d.label, d.clause, d.reason);
  }
  for (const std::string& note : report.notes) out += fmt::format("  {}\n", note);
  for (const auto& [why, times] : report.unjudged) out += fmt::format("  {:5} x not judged: {}\n", times, why);
  for (const SessionProblem& p : report.problems) out += fmt::format("  DIFFERS {}\n", p.line());
  if (report.divergence) {
    out += fmt::format("  {} differs from the model:\n{}", report.subject,
                       print_difference(*report.divergence, report.trace.events));
  }
  return out;
}

}  // namespace oftwin::harness
