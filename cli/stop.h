// What ends the command from outside, and what ends with it.
//
// SIGINT, SIGTERM and SIGHUP (unless it is ignored, as under nohup) ask it to stop. Work that is Stoppable then ends by
// itself, says what it has, and its exit code tells that it was stopped; what has not ended within kStopMs is ended.
// Other work is ended at once: it has nothing that would be lost.
//
// Processes that this one forks end with it, however it ends: each of them is a be_child().
#pragma once

#include <sys/types.h>

#include <string>

namespace oftwin::cli {

inline constexpr int kStopMs = 1600;       // from the first signal to the last word
inline constexpr int kChildStopMs = 1000;  // of them: for a child to end by itself

// From now on. Once, at the beginning of the command.
void catch_stop();
bool asked_to_stop();
std::string stop_reason();  // "it was asked to stop (SIGTERM)"

class Stoppable {
 public:
  Stoppable();
  ~Stoppable();
  Stoppable(const Stoppable&) = delete;
  Stoppable& operator=(const Stoppable&) = delete;
};

// The exit code, should the command be ended before it can say so; the worst of all that are noted counts.
void note_exit_code(int code);

// In a process that `parent` has just forked: it is killed when the parent is gone, leads a process group of its own,
// so that what it starts can be ended with it, and a signal only sets asked_to_stop().
void be_child(pid_t parent);
// Asks a child's group to stop; ends it.
void ask_child_to_stop(pid_t child);
void kill_child(pid_t child);
// waitpid(), but ends the child when this process is asked to stop.
int wait_for_child(pid_t child);

}  // namespace oftwin::cli
