// One input of `oftwin check`, judged in this process.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/check.h"
#include "cli/isolate.h"
#include "cli/results.h"
#include "harness/profile.h"
#include "harness/subject/subject.h"
#include "harness/trace.h"
#include "model/state.h"

namespace oftwin::cli {

class InputChecker {
 public:
  // throws UsageError if there is no such subject; ProfileError, FileError.
  explicit InputChecker(const CheckOptions& options);

  // The built-in subject does what `corrected` says; with errata in force only what was recorded or expected can be
  // compared. throws UsageError then; `what` is for its message.
  void must_be_comparable(const std::string& what) const;

  // A file of any kind. What is wrong with the file is in the result.
  CheckResult check(const std::string& file, Progress& progress);
  CheckResult check_random(const std::string& name, Progress& progress);

 private:
  void check_trace(harness::Trace trace, CheckResult& result, Progress& progress);
  // `save_as`: a file for the minimized trace if it diverges; may be empty.
  void check_lockstep(const harness::Trace& trace, const std::string& save_as, CheckResult& result, Progress& progress);
  void check_recordings(const std::string& file, CheckResult& result, Progress& progress);
  void check_packets(const std::string& file, CheckResult& result, Progress& progress);
  void check_session(const std::string& file, CheckResult& result, Progress& progress);
  // Minimizes `trace`, which diverges, and adds what it shows.
  void add_finding(const harness::Trace& trace, const harness::Divergence& divergence, const std::string& save_as,
                   CheckResult& result);

  const CheckOptions& options_;
  std::unique_ptr<harness::Subject> subject_;
  std::optional<harness::Profile> profile_;
};

}  // namespace oftwin::cli
