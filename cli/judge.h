// What a check has seen, as a verdict for each clause, in the files that --verdict names.
#pragma once

#include "cli/check.h"
#include "cli/results.h"
#include "harness/verdict.h"

namespace oftwin::cli {

// The format of a file by its ending: .txt .html .json .xml (JUnit) .sarif; `-`: text on standard output. throws
// UsageError for any other.
void must_be_verdicts(const std::vector<std::string>& files);

harness::Verdict verdict_of(const CheckSummary& summary, const CheckOptions& options);

// throws FileError.
void write_verdicts(const harness::Verdict& verdict, const std::vector<std::string>& files);

}  // namespace oftwin::cli
