// Inputs one after the other, each in a process of its own; what is lost there is looked into here.
//
// A process tells what it has found, and how far it is, while it works: that is said and kept here at once, so that
// nothing is lost with the process, or with this one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/check.h"
#include "cli/check_input.h"
#include "cli/corpus.h"
#include "cli/isolate.h"
#include "cli/lost.h"
#include "cli/results.h"
#include "cli/until.h"

namespace oftwin::cli {

class Checking {
 public:
  // Both outlive this. throws as InputChecker.
  Checking(const CheckOptions& options, const Until& until);

  InputChecker& checker() { return checker_; }

  // How a provider is lost by being loaded; nullopt: it is not. throws UsageError if it, if it is one, can't be used.
  std::optional<CheckResult> try_provider();

  CheckResult file(const std::string& file);

  // All that is generated. A process that is lost costs the trace that it was lost with, and no other.
  CheckResult generated();

 private:
  IsolateOptions how(const std::string& label) const;
  IsolatedOutcome batch(const CheckResult& so_far, std::uint64_t first, std::uint64_t count);
  // Beside a process: the newest of its results so far.
  void hear(const std::string& result);
  void begin_to_hear();
  // Of a part of what is generated; how many traces that were.
  std::uint64_t take(const std::string& result, CheckResult& all);
  void add_loss(const IsolatedOutcome& outcome, const std::optional<harness::Trace>& trace, const std::string& file,
                CheckResult& result);

  const CheckOptions& options_;
  const Until& until_;
  InputChecker checker_;
  const bool provider_;
  std::optional<CorpusFolder> corpus_;
  std::string told_;                                 // the newest that was heard
  std::size_t findings_heard_ = 0, kept_heard_ = 0;  // of it
  std::vector<Loss> losses_;
  bool known_to_hang_ = false;  // then it is not waited for so long again
};

}  // namespace oftwin::cli
