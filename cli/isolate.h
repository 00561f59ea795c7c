// Work in a process of its own, so that a subject that crashes or hangs takes nothing with it.
//
// The child tells how far it is, and which trace it is about to drive, through memory that it shares with its parent:
// when it dies, the trace is still there. Nothing is written to disk for the good case.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "harness/trace.h"

namespace oftwin::cli {

class Progress {
 public:
  struct Shared;
  explicit Progress(Shared* shared) : shared_(shared) {}

  // `done` of `total` things (0: not known), `messages` checked so far. Also shows that the work is alive.
  void step(std::uint64_t done, std::uint64_t total, std::uint64_t messages);
  // What to save if this is the last that is heard.
  void about_to_drive(const harness::Trace& trace);

 private:
  Shared* shared_;
};

struct IsolatedOutcome {
  std::optional<std::string> result;    // what the work returned; nullopt: it was lost
  std::string why;                      // how it was lost: signal, exit code or hang
  std::optional<harness::Trace> trace;  // the last one announced
};

struct IsolateOptions {
  std::string label;      // of the progress line on a terminal
  unsigned hang_s = 120;  // without a step() for this long, the child is hung
  bool quiet = false;     // no progress line
};

// `work` runs in the child; an exception that leaves it loses it.
IsolatedOutcome run_isolated(const IsolateOptions& options, const std::function<std::string(Progress&)>& work);

}  // namespace oftwin::cli
