// The smaller commands. Each returns the exit code.
#pragma once

#include <cstdint>
#include <string>

#include "cli/check.h"
#include "cli/lost.h"

namespace oftwin::cli {

struct ReplayOptions {
  std::string trace, id, subject = "builtin";
  std::string edition;  // in place of the trace's own; errata, too
  CheckOptions live;    // how a live switch is met
};
int run_replay(const ReplayOptions& options);

struct ConvertOptions {
  std::string in, out, id;
  bool expect = false;  // with the model's expectations
};
int run_convert(const ConvertOptions& options);

// One clause, or all of them (empty).
int run_clause(const std::string& id);

struct ProveOptions {
  std::string theorem;      // part of a name; empty: the quick set
  std::string cross_check;  // cvc5, or nothing
  std::string json;         // file, - for standard output
  std::string smt;          // folder for SMT-LIB 2 scripts; nothing is proved then
  bool list = false, all = false;
  unsigned timeout_s = 120;
};
int run_prove(const ProveOptions& options);

struct FuzzOptions {
  std::string subject = "builtin", engine = "libfuzzer", target, corpus, out = "out/fuzz";
  std::uint64_t time_s = 60, jobs = 1, seed = 0;
  std::uint64_t runs = 0;   // traces, of each job; 0: as many as there is time for
  ProviderLimits provider;  // for a subject that is a provider library
};
int run_fuzz(const FuzzOptions& options);
int fuzz_provider(const FuzzOptions& options);  // part of it

}  // namespace oftwin::cli
