// Work in a process of its own, so that a subject that crashes or hangs takes nothing with it.
//
// The child tells how far it is, and which trace it is about to drive, through memory that it shares with its parent:
// when it dies, the trace is still there. Nothing is written to disk for the good case. What it has found until then it
// may tell while it works. When this process is asked to stop (stop.h), so is the child; it has a second for that.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "harness/trace.h"

namespace oftwin::cli {

class Progress {
 public:
  struct Shared;
  // `told`: where tell() goes.
  Progress(Shared* shared, std::function<void(const std::string&)> told) : shared_(shared), told_(std::move(told)) {}

  // `done` of `total` things (0: not known), `messages` checked so far. Also shows that the work is alive.
  void step(std::uint64_t done, std::uint64_t total, std::uint64_t messages);
  // It is alive.
  void beat();
  // What to save if this is the last that is heard.
  void about_to_drive(const harness::Trace& trace);
  // For IsolateOptions::told on the other side, which has it whatever becomes of this one.
  void tell(const std::string& what);

 private:
  Shared* shared_;
  std::function<void(const std::string&)> told_;
};

struct IsolatedOutcome {
  std::optional<std::string> result;    // what the work returned; nullopt: it was lost
  std::string why;                      // how it was lost: signal, exit code or hang
  bool ended_well = false;              // by itself, with code 0
  bool stopped = false;                 // it was asked to stop, and had no result in time
  std::optional<harness::Trace> trace;  // the last one announced
  std::uint64_t done = 0;               // as in the last step()
  std::string last_words;               // guarded: what it wrote to standard error, and the stack where it was lost
};

// For work with code of somebody else's in it.
struct Guard {
  unsigned memory_mb = 1024;  // that the child may take beyond what it has at its start; 0: no limit
  // Called in the child's signal handler when it faults or is ended because it hangs: writes a line to `fd`. Only what
  // is safe in a signal handler.
  void (*describe)(int fd, const void* address) = nullptr;
};

struct IsolateOptions {
  std::string label;                                           // of the progress line on a terminal
  std::chrono::milliseconds hang = std::chrono::seconds(120);  // without a step() for this long, the child is hung
  bool quiet = false;                                          // no progress line
  std::optional<Guard> guard;                                  // then the child's standard error is kept and not shown
  bool in_process = false;  // for a debugger: no child, and a loss is the loss of this process
  std::function<void(const std::string&)> told = {};  // called here with what the child tells; may be empty
  std::function<bool()> enough = {};                  // then the child is asked to stop, too; may be empty
};

// `work` runs in the child; an exception that leaves it loses it.
IsolatedOutcome run_isolated(const IsolateOptions& options, const std::function<std::string(Progress&)>& work);

// For a process that is forked in another way. In it, at its beginning: it keeps to the guard's limits, and what it
// writes to standard error, and where it is lost, goes to `words`, a descriptor of memory.
void be_guarded(const Guard& guard, int words);
// Beside it: waits for its end, which is brought about if it hangs; `why` of the outcome says how it ended.
IsolatedOutcome end_child(pid_t pid, const IsolateOptions& options, bool hung);
std::string last_words_in(int words);

// Runs `attempt` in a process of its own, for at most `seconds`; nullopt if that was lost.
std::optional<std::int64_t> attempt_isolated(unsigned seconds, const std::function<std::int64_t()>& attempt);

}  // namespace oftwin::cli
