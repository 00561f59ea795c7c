// A provider that was lost in its process: where, which clause that breaks, and the smallest trace that does it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/isolate.h"
#include "harness/minimize.h"
#include "harness/subject/provider.h"
#include "harness/trace.h"
#include "harness/verdict.h"

namespace oftwin::cli {

// How much a provider is given, and for how long.
struct ProviderLimits {
  harness::Patience patience;
  unsigned call_s = 10;       // that one call may take
  unsigned memory_mb = 1024;  // that the process may grow by; 0: no limit
  bool in_process = false;    // without isolation, for a debugger
};

// For a process with a provider in it.
IsolateOptions isolation_for(const ProviderLimits& limits, const std::string& label);

// The same for a subject by its name, whether it is a provider or not.
IsolateOptions isolation_for(const std::string& subject, const std::string& label);

struct Loss {
  End end = End::exited;
  bool greedy = false;       // it had most of the memory that it may have
  bool hosts_fault = false;  // it was not the provider
  std::size_t clause = 0;    // PROV-8 or PROV-13
  std::string call;          // the one in progress; empty: none
  std::string how;           // it was ended by signal 11 (Segmentation fault), in rule_construct()
  std::string words;         // its last ones
  std::string frames;        // the stack as the C library prints it
  // What a smaller trace has to share with this one.
  bool like(const Loss& other) const { return clause == other.clause && call == other.call; }
};
Loss loss_of(const IsolatedOutcome& outcome);

// `probe`, each time in a process of its own; one that is lost shows nothing.
harness::Probe isolated(harness::Probe probe, unsigned seconds);

// The smallest trace that is lost in the same way, each attempt in a process of its own: few, where each takes long.
harness::Trace minimize_loss(const harness::Trace& trace, const Loss& loss, harness::Subject& subject,
                             const ProviderLimits& limits, harness::MinimizeLimits effort = {},
                             harness::MinimizeEffort* spent = nullptr);

// `libmine.so(+0x10b6)[0x7f..]`, as the C library says it: with the function and the line, if addr2line is there to
// tell.
std::string frame_named(const std::string& frame);

// How it was lost, in a line; its words, the stack and the clause in those that follow.
std::string print_loss(const Loss& loss);

harness::Finding finding_of(const harness::Trace& shown, const Loss& loss, const std::string& subject);

}  // namespace oftwin::cli
