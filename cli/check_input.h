// One input of `oftwin check`, judged in this process.
#pragma once

#include <bitset>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/check.h"
#include "cli/isolate.h"
#include "cli/leaks.h"
#include "cli/results.h"
#include "cli/until.h"
#include "harness/minimize.h"
#include "harness/profile.h"
#include "harness/steering.h"
#include "harness/subject/provider.h"
#include "harness/trace.h"
#include "model/state.h"

namespace oftwin::cli {

class InputChecker {
 public:
  // Both outlive this. throws UsageError if there is no such subject; ProfileError, FileError.
  InputChecker(const CheckOptions& options, const Until& until);

  // The built-in subject does what `corrected` says; with errata in force only what was recorded or expected can be
  // compared. throws UsageError then; `what` is for its message.
  void must_be_comparable(const std::string& what) const;

  // A file of any kind. What is wrong with the file is in the result.
  CheckResult check(const std::string& file, Progress& progress);
  // Generated traces: `count` of them, from the `first` of the whole number on. `known`: clauses that findings are
  // about already. Ends early when `until` is over.
  CheckResult check_generated(const std::string& name, std::uint64_t first, std::uint64_t count,
                              const harness::ClauseSet& known, Progress& progress);
  // The n-th generated trace as it is driven; behind the random ones come tables with their probes.
  harness::Trace generated_trace(std::uint64_t n) const;
  // Where a trace about it is saved: OUT/diverged-seed-7.trace, OUT/diverged-table-7.trace; steered:
  // OUT/diverged-seed-1-7.trace.
  std::string file_of(const std::string& what, std::uint64_t n) const;

  // nullptr if what is generated is not steered.
  const harness::Steering* steering() const { return steering_ ? &*steering_ : nullptr; }
  // Of what is steered: what check_generated() has kept in another process.
  void keep(const std::vector<harness::Steering::Kept>& kept);

  harness::Subject& subject() { return *subject_; }
  // The library loaded and one switch made with it. throws ProviderRefused.
  std::string try_provider();

 private:
  void check_trace(harness::Trace trace, CheckResult& result, Progress& progress);
  // `save_as`: a file for the minimized trace if it diverges; may be empty.
  void check_lockstep(const harness::Trace& trace, const std::string& save_as, CheckResult& result, Progress& progress);
  // As lockstep.run(), and what it showed is in shown_.
  std::optional<harness::Divergence> run(harness::Lockstep& lockstep, const harness::Trace& trace,
                                         const CheckResult& so_far, Progress& progress);
  void check_recordings(const std::string& file, CheckResult& result, Progress& progress);
  void check_packets(const std::string& file, CheckResult& result, Progress& progress);
  void check_session(const std::string& file, CheckResult& result, Progress& progress);
  // Saves it, adds it, and tells it at once; it may become smaller.
  void add_raw(harness::Finding finding, const std::string& save_as, CheckResult& result, Progress& progress);
  // The smaller one in its place.
  void replace_raw(harness::Finding finding, CheckResult& result);
  // Minimizes `trace`, which diverges, and adds what it shows.
  void add_repeated(const harness::Trace& trace, const Leaks::Repeated& repeated, const std::string& save_as,
                    CheckResult& result, Progress& progress);
  void add_finding(const harness::Trace& trace, const harness::Divergence& divergence, const std::string& save_as,
                   CheckResult& result, Progress& progress);

  // For a provider: everything that is pending has its time to complete, and the switch comes to its end.
  harness::Trace with_epilogue(harness::Trace trace) const;
  harness::GeneratorOptions what_is_generated() const;
  void look_for_leaks(Progress& progress);
  harness::Trace smallest(const harness::Trace& trace, const harness::Probe& probe, std::size_t most,
                          const std::function<bool()>& enough, Progress& progress);
  // Whether the provider keeps memory. `thoroughly`: also such as malloc knows nothing of.
  void check_growth(const harness::Trace& trace, bool thoroughly, const std::string& save_as, CheckResult& result,
                    Progress& progress);
  std::string out_of_memory(const std::string& what) const;
  void add_conduct(CheckResult& result) const;

  const CheckOptions& options_;
  const Until& until_;
  std::unique_ptr<harness::Subject> subject_;
  harness::ProviderSubject* provider_ = nullptr;  // the subject, if it is one
  harness::ClauseSet known_;
  std::optional<Leaks> leaks_;  // of the provider, in the process that it is loaded in
  std::optional<harness::Profile> profile_;
  std::optional<harness::Steering> steering_;
  std::bitset<harness::kFeatures> shown_;  // by the last trace
};

}  // namespace oftwin::cli
