#include "harness/serve/judged_switch.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "harness/files.h"
#include "harness/report.h"
#include "harness/trace_text.h"

namespace oftwin::harness {

JudgedSwitch::JudgedSwitch(Subject& subject, JudgedSwitchOptions options)
    : subject_(subject), options_(std::move(options)), lockstep_(subject, {}), history_(options_.history_bytes) {
  begin_anew();
}

void JudgedSwitch::begin_anew() {
  lockstep_.start(options_.config);
  history_.begin(options_.config);
  next_id_ = 1;
  beginning_ = true;
  for (const EventBody& body : options_.beginning) happen(body);
  beginning_ = false;
}

bool JudgedSwitch::happen(EventBody body) {
  if (next_id_ == UINT32_MAX) {  // names of rules are made of it
    if (options_.say) options_.say("4294967294 events: the switch begins anew");
    begin_anew();
    return false;
  }
  const bool loop = std::holds_alternative<event::Loop>(body);
  const Event event{loop ? 0 : next_id_++, std::move(body)};
  history_.add(event, lockstep_.state());
  try {
    const auto divergence = lockstep_.advance(event);
    if (!divergence) return true;
    differed(*divergence);
  } catch (const SubjectLost& how) {
    lost(how);
    if (beginning_ || !options_.replaceable) throw;
    begin_anew();
    return false;
  }
  if (beginning_) throw SubjectLost("it differs from the model before anybody has connected");
  begin_anew();
  return false;
}

// The first line says how, the others where.
void JudgedSwitch::lost(const SubjectLost& how) {
  ++losses_;
  const std::string text = how.what();
  const std::size_t end = std::min(text.find('\n'), text.size());
  save("lost", fmt::format("{} was lost: {}", subject_.name(), text.substr(0, end)),
       text.substr(std::min(end + 1, text.size())));
}

void JudgedSwitch::differed(const Divergence& divergence) {
  ++divergences_;
  save("divergence", fmt::format("{} and the model differ", subject_.name()),
       print_difference(divergence, history_.events()) + "\n" + print_clauses(options_.config, divergence));
}

void JudgedSwitch::save(const std::string& kind, const std::string& what, const std::string& report) {
  if (saved_ == options_.kept) return;
  std::string line = what;
  ++saved_;
  if (!options_.log.empty()) {
    const std::string name = fmt::format("{}/{}-{:%Y%m%dT%H%M%SZ}-{}-{}", options_.log, kind,
                                         fmt::gmtime(std::time(nullptr)), ::getpid(), saved_);
    write_file(name + ".trace", print_trace(history_.trace({what})));
    write_file(name + ".txt", what + "\n\n" + report);
    line += fmt::format(", after {} events; saved as {}.trace (oftwin minimize makes it small)",
                        history_.missing() + history_.events().size(), name);
  }
  if (!report.empty()) line += "\n" + report;
  if (saved_ == options_.kept) line += "\nwhat comes now is only counted";
  if (options_.say) options_.say(line);
}

}  // namespace oftwin::harness
