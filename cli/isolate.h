// Work in a process of its own, so that a subject that crashes or hangs takes nothing with it.
//
// The child tells how far it is, and which trace it is about to drive, through memory that it shares with its parent:
// when it dies, the trace is still there. Nothing is written to disk for the good case. What it has found until then it
// may tell while it works. When this process is asked to stop (stop.h), so is the child; it has a second for that.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "cli/wall.h"
#include "harness/trace.h"

namespace oftwin::cli {

class Progress {
 public:
  struct Shared;
  // `told`: where tell() goes.
  Progress(Shared* shared, std::function<void(const std::string&)> told);

  // `done` of `total` things (0: not known), `messages` checked so far. Also shows that the work is alive.
  void step(std::uint64_t done, std::uint64_t total, std::uint64_t messages);
  // It is alive, and has checked so many messages.
  void beat();
  void beat(std::uint64_t messages);
  // An input is being read: nothing that happens until the next about_to_drive() is anybody's fault but its own.
  void reading();
  // What to save if this is the last that is heard.
  void about_to_drive(const harness::Trace& trace);
  // For IsolateOptions::told on the other side, which has it whatever becomes of this one.
  void tell(const std::string& what);

 private:
  void alive();

  Shared* shared_;
  std::function<void(const std::string&)> told_;
};

// How a process came to its end.
enum class End : std::uint8_t {
  exited,     // by itself, with a code
  signalled,  // by a signal that nobody here sent
  threw,      // an exception was not caught
  no_memory,  // it wanted more than it may have
  hung,       // it was ended, because a call did not return
  copied,     // it was ended, because a fork of it came back, too
  crowd,      // it was ended, because it started more processes than anybody needs
  unheard     // it ended well, but what it had to tell could not be written or was written over
};

struct IsolatedOutcome {
  std::optional<std::string> result;    // what the work returned; nullopt: it was lost
  End end = End::exited;                // how it was lost
  std::string why;                      // the same in words, "it was ended by signal 11 (Segmentation fault)"
  bool hosts_fault = false;             // guarded: not in the code that is guarded against, but in what lies around it
  bool greedy = false;                  // guarded: it had most of the memory that it may have
  std::string call, clause;             // guarded: in progress at its end; that breaks. Empty: none
  bool ended_well = false;              // by itself, with code 0
  bool stopped = false;                 // it was asked to stop, and had no result in time
  std::optional<harness::Trace> trace;  // the last one announced
  std::uint64_t done = 0;               // as in the last step()
  bool reading = false;                 // it was lost while it read an input
  std::string last_words, frames;  // guarded: what it printed; the stack where it was lost, as the C library says it
  std::uint64_t foreign = 0;       // bytes that were written to descriptors that are not for it
  std::size_t strays = 0;          // processes that it left behind; they were ended
};

// For work with code of somebody else's in it.
struct Guard {
  unsigned memory_mb = 1024;  // that the child may take beyond what it has at its start; 0: no limit
  // Called in the child at its beginning: the call in progress is kept there from now on.
  void (*begin)(Facts& facts) = nullptr;
  // Called in the child's signal handler when it faults or is ended because it hangs: says which clause that breaks,
  // and whose fault it is. Only what is safe in a signal handler.
  void (*describe)(Facts& facts, const void* address) = nullptr;
  // Called in the child where there is no memory: whether it is not that code that has it.
  bool (*host_took_most)() = nullptr;
};

struct IsolateOptions {
  std::string label;                                           // of the progress line on a terminal
  std::chrono::milliseconds hang = std::chrono::seconds(120);  // without a step() for this long, the child is hung
  bool quiet = false;                                          // no progress line
  std::optional<Guard> guard;                                  // then what the child prints is kept, not shown
  bool in_process = false;  // for a debugger: no child, and a loss is the loss of this process
  std::function<void(const std::string&)> told = {};  // called here with what the child tells; may be empty
  std::function<bool()> enough = {};                  // then the child is asked to stop, too; may be empty
};

// `work` runs in the child; an exception that leaves it loses it.
IsolatedOutcome run_isolated(const IsolateOptions& options, const std::function<std::string(Progress&)>& work);

// For a process that is forked in another way. In it, at its beginning: it keeps to the guard's limits, what it prints
// goes to `words`, a descriptor of memory, and how it is lost to `facts`.
void be_guarded(const Guard& guard, int words, Facts& facts);
// In it: an exception was caught that nobody throws on purpose.
void note_exception(Facts& facts, const std::exception& e);
// Whether this process is the one that was guarded, and not a fork of it that has come back. If not, it ends here.
void must_be_the_one(Facts& facts);
// In a process that a guarded one forks for its own purposes: now it is this one, and what becomes of it is no fact
// about the other.
void be_another_one();
// Beside it: waits for its end, which is brought about if `end` says so; the outcome says how it was.
IsolatedOutcome end_child(pid_t pid, const IsolateOptions& options, std::optional<End> end, int words,
                          const Facts& facts);

// Runs `attempt` in a process of its own, for at most `seconds`; nullopt if that was lost.
std::optional<std::int64_t> attempt_isolated(unsigned seconds, const std::function<std::int64_t()>& attempt);

}  // namespace oftwin::cli
