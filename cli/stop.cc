#include "cli/stop.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "cli/exit_codes.h"

namespace oftwin::cli {
namespace {

constexpr int kStopSignals[] = {SIGINT, SIGTERM, SIGHUP};

// All of it is used in signal handlers.
std::atomic<int> asked{0};  // the signal
std::atomic<int> stoppables{0};
std::atomic<int> exit_code{kAgreed};
std::atomic<bool> is_child{false};
std::atomic<pid_t> waited_for{0};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

const char* name_of(int signal) { return signal == SIGINT ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM"; }

void write_words(const char* words) {
  if (write(STDERR_FILENO, words, std::strlen(words)) < 0) return;  // nothing can be done about it there
}

// Children are killed by the system when this process is gone.
[[noreturn]] void end_now() {
  write_words("oftwin: stopped by ");
  write_words(name_of(asked));
  write_words(" before its end\n");
  _exit(worse(exit_code, kStopped));
}

extern "C" void time_is_up(int) { end_now(); }

// timeout(1) sends its signal twice, so the second one means no more than the first.
extern "C" void ask(int signal) {
  const int saved = errno;
  if (const pid_t child = waited_for) kill_child(child);
  if (asked.exchange(signal) == 0 && !is_child) {
    if (stoppables == 0) end_now();
    const itimerval timer{{0, 0}, {kStopMs / 1000, kStopMs % 1000 * 1000}};
    setitimer(ITIMER_REAL, &timer, nullptr);
  }
  errno = saved;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void catch_stop() {
  struct sigaction hangup{};
  sigaction(SIGHUP, nullptr, &hangup);
  for (const int signal : kStopSignals) {
    if (signal != SIGHUP || hangup.sa_handler != SIG_IGN) handle(signal, ask);
  }
  handle(SIGALRM, time_is_up);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows too large is an error of writing
}

bool asked_to_stop() { return asked != 0; }

std::string stop_reason() { return fmt::format("it was asked to stop ({})", name_of(asked)); }

Stoppable::Stoppable() { ++stoppables; }
Stoppable::~Stoppable() { --stoppables; }

void note_exit_code(int code) { exit_code = worse(exit_code, code); }

void be_child(pid_t parent) {
  is_child = true;
  waited_for = 0;
  handle(SIGALRM, SIG_DFL);  // those who fork have their own use for it
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kLost);  // it was gone before that
  setpgid(0, 0);
  std::signal(SIGTTOU, SIG_IGN);
}

void ask_child_to_stop(pid_t child) { kill(child, SIGTERM); }

void kill_child(pid_t child) {
  if (kill(-child, SIGKILL) != 0) kill(child, SIGKILL);  // its group is not there yet, or not any more
}

int wait_for_child(pid_t child) {
  waited_for = child;
  if (asked_to_stop()) kill_child(child);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno == EINTR) continue;
    status = -1;
    break;
  }
  waited_for = 0;
  return status;
}

}  // namespace oftwin::cli
