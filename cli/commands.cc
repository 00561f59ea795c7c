#include "cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/check_live.h"
#include "cli/exit_codes.h"
#include "cli/inputs.h"
#include "cli/isolate.h"
#include "cli/live_trace.h"
#include "cli/lost.h"
#include "cli/say.h"
#include "cli/stop.h"
#include "cli/subjects.h"
#include "harness/capture_of.h"
#include "harness/convert.h"
#include "harness/coverage.h"
#include "harness/edition.h"
#include "harness/errata.h"
#include "harness/expect.h"
#include "harness/files.h"
#include "harness/report.h"
#include "harness/session_events.h"
#include "harness/trace_text.h"
#include "spec/clauses.h"

namespace oftwin::cli {
namespace {

std::string_view kind_word(ClauseKind kind) {
  constexpr std::string_view words[] = {"must", "freedom", "unmodelled", "contract"};
  return words[static_cast<std::size_t>(kind)];
}

void print_clause(const Clause& c) {
  say("{} {}\n{}\nkind: {}\nsource: {}\nspec/{}:{}\n", c.id, c.title, c.text, kind_word(c.kind), c.source, c.file,
      c.line);
}

// Nothing where the sources are not beside the command any more.
void print_places(const char* what, const harness::ClausePlaces& places, const std::string& id) {
  const auto found = places.find(id);
  if (found == places.end()) return;
  for (const std::string& place : found->second) say("{}: {}\n", what, place);
}

void print_lines(const char* side, const std::vector<std::string>& lines) {
  for (const auto& l : lines) say("  {:<9} {}\n", side, l);
  if (lines.empty()) say("  {:<9} nothing\n", side);
}

// One block on both sides. The lines of the subject are shown only where they differ.
bool replay_block(const harness::Trace& trace, const harness::Block& block, harness::Lockstep& lockstep,
                  harness::BlockLines& lines) {
  std::vector<Observation> wanted;
  for (std::size_t i = block.first; i <= block.last; ++i) {
    const Event& e = trace.events[i];
    if (e.id)
      say("e{:<4} {}\n", e.id, harness::print_event(e));
    else if (std::get<event::Loop>(e.body).iterations)
      say("      {}\n", harness::print_event(e));
    auto divergence = lockstep.advance(e);
    wanted.insert(wanted.end(), lockstep.wanted().begin(), lockstep.wanted().end());
    if (!divergence) continue;
    print_lines("both", lines.lines(block, std::span(wanted).first(wanted.size() - lockstep.wanted().size())));
    say("\n{}\n{}", harness::print_difference(*divergence, trace.events),
        harness::print_clauses(trace.config, *divergence));
    return false;
  }
  print_lines("both", lines.lines(block, wanted));
  return true;
}

// What the model does in the trace's edition and, where that is something else, in `corrected`.
int replay_edition(const harness::Trace& trace) {
  const harness::ModelRun run = harness::run_model(trace, harness::edition_of(trace));
  const harness::ModelRun corrected = harness::run_model(trace, {});
  say("Edition {}: the model alone.\n\n", *trace.edition);
  for (std::size_t b = 0; b < trace.blocks.size(); ++b) {
    for (std::size_t i = trace.blocks[b].first; i <= trace.blocks[b].last; ++i) {
      if (trace.events[i].id) say("e{:<4} {}\n", trace.events[i].id, harness::print_event(trace.events[i]));
    }
    const bool same = run.lines[b] == corrected.lines[b];
    print_lines(same ? "both" : trace.edition->c_str(), run.lines[b]);
    if (!same) print_lines("corrected", corrected.lines[b]);
  }
  return 0;
}

}  // namespace

int run_replay(const ReplayOptions& options) {
  harness::Trace trace = read_eventful_trace(options.trace, options.id);
  if (!options.edition.empty()) trace.edition = options.edition;
  if (harness::edition_of(trace).any()) return replay_edition(trace);
  if (is_live(options.subject)) {
    CheckOptions how = options.live;
    how.subject = options.subject;
    try {
      return replay_live(trace, options.trace, how);
    } catch (const harness::SubjectLost& e) {
      complain("oftwin: {}\n", e.what());
      return 3;
    }
  }
  IsolateOptions how = isolation_for(options.subject, "replay");
  how.quiet = true;
  how.told = hand_out;
  const Stoppable stoppable;
  IsolatedOutcome outcome = run_isolated(how, [&](Progress& progress) {
    hand_out_through([&](std::string_view text) { progress.tell(std::string(text)); });
    auto subject = make_subject(options.subject);
    harness::Lockstep lockstep(*subject, {});
    harness::BlockLines lines(trace);
    progress.about_to_drive(trace);
    lockstep.start(trace.config);
    for (const auto& block : trace.blocks) {
      if (!replay_block(trace, block, lockstep, lines)) return std::string("diverged");
      progress.step(0, 0, 0);
    }
    return std::string("agreed");
  });
  if (outcome.stopped) {
    complain("oftwin: {}; what comes behind was not driven\n", stop_reason());
    return kStopped;
  }
  if (!outcome.result) {
    if (how.guard) complain("{}\n", finding_of(trace, loss_of(outcome), options.subject).report);
    complain("The subject was lost: {}.\n", outcome.why);
    return 3;
  }
  return *outcome.result == "agreed" ? 0 : 1;
}

namespace {

// With what stands beside it. What a capture cannot say is said.
int write_capture(const harness::Trace& trace, const std::string& path) {
  const harness::WrittenCapture written = harness::capture_of(trace);
  harness::write_file(path, written.pcap);
  const std::string frames = harness::session_stem(path) + ".frames";
  if (!written.frames.empty()) {
    harness::write_file(frames, written.frames);
    complain("{}: the frames that arrive on ports are in {}\n", path, frames);
  }
  if (written.left_out > 0) {
    complain("{}: {} events are not in the capture: they do not show on a connection\n", path, written.left_out);
  }
  return 0;
}

}  // namespace

int run_convert(const ConvertOptions& options) {
  harness::Trace trace = harness::read_any_trace(options.in, options.id);
  if (options.expect) {
    harness::ModelRun run = harness::run_model(trace, harness::edition_of(trace));
    for (std::size_t i = 0; i < trace.blocks.size(); ++i) trace.blocks[i].expected = run.lines[i];
  }
  if (options.out.ends_with(".pcap")) return write_capture(trace, options.out);
  std::string content = harness::encode_for(options.out, trace);
  if (options.out == "-")
    say("{}", content);
  else
    harness::write_file(options.out, content);
  return 0;
}

int run_clause(const std::string& id) {
  if (id.empty()) {
    for (const Clause& c : clauses()) say("{:<12} {:<11} {}\n", c.id, kind_word(c.kind), c.title);
    return 0;
  }
  auto c = std::find_if(clauses().begin(), clauses().end(), [&](const Clause& x) { return x.id == id; });
  if (c == clauses().end()) throw UsageError(fmt::format("there is no clause '{}'; `oftwin clause` lists all", id));
  print_clause(*c);
  print_places("modelled", harness::clauses_in_model(OFTWIN_SOURCE_DIR), id);
  print_places("judged", harness::clauses_in_contract(OFTWIN_SOURCE_DIR), id);
  print_places("checked", harness::clauses_claimed(OFTWIN_SOURCE_DIR), id);
  for (const harness::Erratum& e : harness::listed_errata()) {
    if (e.about(id)) say("erratum: {} {} (spec/errata.md:{})\n", e.id, e.title, e.line);
  }
  return 0;
}

}  // namespace oftwin::cli
