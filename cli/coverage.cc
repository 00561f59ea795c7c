// `modelled` and `implemented` are not claims: they say that the model, or the switch, handled such a message or sent
// it, in lockstep with the other, in a trace of the inputs or of the campaign. A switch does not show what it takes
// from a connection; that it agreed in everything that followed is how it is known to have handled it.
#include "cli/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/exit_codes.h"
#include "cli/inputs.h"
#include "cli/say.h"
#include "cli/stop.h"
#include "cli/subjects.h"
#include "harness/convert.h"
#include "harness/edition.h"
#include "harness/expect.h"
#include "harness/files.h"
#include "harness/generator.h"
#include "harness/lockstep.h"
#include "harness/packets_file.h"
#include "harness/recording.h"
#include "harness/session_events.h"
#include "harness/vocabulary.h"

namespace oftwin::cli {
namespace {

using harness::WordCounts;

class Coverage {
 public:
  WordCounts model, subject, corpus, campaign;

  void add_file(const std::string& file) {
    switch (harness::kind_of_file(file)) {
      case harness::FileKind::text:
      case harness::FileKind::binary:
      case harness::FileKind::stream:
        return add_trace(harness::read_any_trace(file), corpus);
      case harness::FileKind::recording:
        return add_recordings(file);
      case harness::FileKind::packets:
        return add_packets(file);
      case harness::FileKind::capture:
        return add_capture(file);
    }
  }

  // Both sides, up to where they differ; or the model alone, for a trace that shows the original's defects.
  void add_trace(const harness::Trace& trace, WordCounts& seen) {
    const model::Errata errata = harness::edition_of(trace);
    for (WordCounts* counts : {&model, &subject, &seen}) counts->start();
    if (errata.any()) return add_alone(trace, errata, seen);
    harness::Lockstep lockstep(*subject_, {});
    lockstep.start(trace.config);
    for (const Event& event : trace.events) {
      if (lockstep.advance(event)) {
        ++differing;
        return;
      }
      model.note(event, lockstep.wanted());
      subject.note(event, handled(lockstep));
      seen.note(event, lockstep.wanted());
    }
  }

  std::uint64_t differing = 0;      // traces
  std::vector<std::string> unread;  // what was not counted, and why

 private:
  // What the model took, and what the switch did in the event in which both agree.
  static std::vector<Observation> handled(const harness::Lockstep& lockstep) {
    std::vector<Observation> out = lockstep.got();
    std::copy_if(lockstep.wanted().begin(), lockstep.wanted().end(), std::back_inserter(out),
                 [](const Observation& o) { return std::holds_alternative<observation::Take>(o); });
    return out;
  }
  static void add_alone(const harness::Trace& trace, const model::Errata& errata, WordCounts& seen) {
    model::State state = model::initial(trace.config, errata);
    for (const Event& event : trace.events) {
      model::Outcome outcome;
      model::step(state, event, {}, outcome);
      seen.note(event, outcome.observations);
    }
  }
  void add_recordings(const std::string& file) {
    harness::read_recordings(file, [&](const harness::Recording& recording) {
      corpus.start();
      for (std::size_t i = 0; i < recording.events.size(); ++i) corpus.note(recording.events[i], recording.outputs[i]);
      return !asked_to_stop();
    });
  }
  void add_packets(const std::string& file) {
    harness::read_packet_scenarios(file, [&](const harness::PacketScenario& scenario) {
      for (const Bytes& rule : scenario.rules) corpus.note_message(rule, false);
      for (const Bytes& error : scenario.errors) corpus.note_message(error, true);
      return !asked_to_stop();
    });
  }
  // What was on the wire counts as seen; what was said to the switch is played, to see whether it is known.
  void add_capture(const std::string& file) {
    const harness::Session session = harness::read_session(file);
    for (const auto& m : session.capture.messages) corpus.note_message(m.bytes, m.from_switch);
    WordCounts played;
    add_trace(harness::trace_of(session), played);
    for (const std::string& note : harness::capture_notes(session.capture)) {
      unread.push_back(fmt::format("{}: {}", file, note));
    }
  }

  std::unique_ptr<harness::Subject> subject_ = make_subject("builtin");
};

struct Row {
  harness::VocabularyWord word;
  bool modelled = false, implemented = false;
  std::uint64_t corpus = 0, campaign = 0;
  // Something is missing for which there is no reason.
  bool gap() const { return word.why_never.empty() && !(modelled && implemented && corpus > 0 && campaign > 0); }
};

std::vector<Row> rows_of(const Coverage& coverage) {
  std::vector<Row> rows;
  for (const auto& word : harness::vocabulary()) {
    const std::size_t i = rows.size();
    rows.push_back({word, coverage.model.count(i) > 0, coverage.subject.count(i) > 0, coverage.corpus.count(i),
                    coverage.campaign.count(i)});
  }
  return rows;
}

void print(const std::vector<Row>& rows) {
  const auto yes = [](bool b) { return b ? "yes" : "no"; };
  say("{:<28} {:<28} {:>8} {:>11} {:>9} {:>9}\n", "", "", "modelled", "implemented", "corpus", "campaign");
  for (const Row& r : rows) {
    say("{:<28} {:<28} {:>8} {:>11} {:>9} {:>9}{}{}\n", harness::word_kind(r.word.kind), r.word.name, yes(r.modelled),
        yes(r.implemented), r.corpus, r.campaign, r.gap() ? "  GAP" : "",
        r.word.why_never.empty() ? "" : fmt::format("  {}", r.word.why_never));
  }
}

std::string json_of(const std::vector<Row>& rows, const std::vector<std::string>& unread,
                    const CoverageOptions& options) {
  nlohmann::ordered_json json = {{"random", options.random}, {"seed", options.seed}, {"unread", unread}};
  for (const Row& r : rows) {
    json["words"].push_back({{"kind", harness::word_kind(r.word.kind)},
                             {"word", r.word.name},
                             {"modelled", r.modelled},
                             {"implemented", r.implemented},
                             {"corpus", r.corpus},
                             {"campaign", r.campaign},
                             {"why_never", r.word.why_never},
                             {"gap", r.gap()}});
  }
  return json_text(json, 1);
}

}  // namespace

int run_coverage(const CoverageOptions& options) {
  if (options.inputs.empty() && options.random == 0) throw UsageError("nothing to look at: name inputs, or --random N");
  if (!options.json.empty() && options.json != "-") harness::must_be_writable(options.json);
  const Stoppable stoppable;
  Coverage coverage;
  bool bad_input = false;
  for (const std::string& file : expand_inputs(options.inputs)) {
    if (asked_to_stop()) break;
    try {
      coverage.add_file(file);
    } catch (const std::runtime_error& e) {
      bad_input = true;
      coverage.unread.emplace_back(e.what());
    }
  }
  for (std::uint64_t i = 0; i < options.random && !asked_to_stop(); ++i) {
    coverage.add_trace(harness::generate(options.seed + i), coverage.campaign);
  }
  for (const std::string& why : coverage.unread) complain("{}\n", why);
  const std::vector<Row> rows = rows_of(coverage);
  const bool seen = std::any_of(rows.begin(), rows.end(), [](const Row& r) { return r.corpus + r.campaign > 0; });
  if (!seen) throw UsageError("nothing was counted: there is no message in the inputs");
  if (options.json != "-") print(rows);
  if (!options.json.empty() && options.json != "-")
    harness::write_file(options.json, json_of(rows, coverage.unread, options));
  if (options.json == "-") hand_out(json_of(rows, coverage.unread, options));
  const auto gaps = std::count_if(rows.begin(), rows.end(), [](const Row& r) { return r.gap(); });
  if (options.json != "-") {
    say("{} words, {} gaps; {} generated traces from seed {}\n", rows.size(), gaps, options.random, options.seed);
    if (coverage.differing > 0) say("{} traces were left where model and switch differ\n", coverage.differing);
  }
  const int code = bad_input ? kUsage : gaps > 0 || coverage.differing > 0 ? kDiverged : kAgreed;
  if (!asked_to_stop()) return code;
  complain("oftwin: {}; what comes behind was not looked at\n", stop_reason());
  return bad_input ? kUsage : coverage.differing > 0 ? kDiverged : kStopped;
}

}  // namespace oftwin::cli
