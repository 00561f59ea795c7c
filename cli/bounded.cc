#include "cli/bounded.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "harness/printable.h"

#if defined(__SANITIZE_ADDRESS__)
#define OFTWIN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OFTWIN_SANITIZED 1
#endif
#endif
#ifndef OFTWIN_SANITIZED
#define OFTWIN_SANITIZED 0
#endif

namespace oftwin::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostKept = 16u << 20;  // bytes of what it says; more is read and forgotten

[[noreturn]] void become(const std::vector<std::string>& arguments, const Bounds& bounds, int out, int err) {
  setsid();
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  close_range(3, ~0u, 0);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const rlimit memory{rlim_t{bounds.memory_mb} << 20, rlim_t{bounds.memory_mb} << 20};
  if (!is_sanitized()) setrlimit(RLIMIT_AS, &memory);
  std::vector<char*> argv{const_cast<char*>("oftwin")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(OFTWIN_COMMAND, argv.data());
  _exit(127);
}

// False at its end.
bool take(int fd, std::string& to) {
  char buffer[65536];
  const ssize_t n = read(fd, buffer, sizeof buffer);
  if (n > 0 && to.size() < kMostKept) to.append(buffer, static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

// Whoever of it is still there is a child of this process by now, whatever sessions it made.
bool end_all_that_is_left(pid_t session) {
  bool some = false;
  for (int tries = 0; tries < 200; ++tries) {
    const pid_t gone = waitpid(-1, nullptr, WNOHANG);
    if (gone < 0) return some;
    if (gone > 0) continue;
    if (tries > 20) {  // it may be about to end
      some = true;
      kill(-session, SIGKILL);
      std::string path = fmt::format("/proc/self/task/{}/children", getpid());
      if (std::FILE* f = std::fopen(path.c_str(), "r")) {
        for (int pid = 0; std::fscanf(f, "%d", &pid) == 1;) kill(pid, SIGKILL);
        std::fclose(f);
      }
    }
    usleep(10000);
  }
  return some;
}

}  // namespace

bool is_sanitized() { return OFTWIN_SANITIZED != 0; }

Ended run_bounded(const std::vector<std::string>& arguments, const Bounds& bounds) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  Ended ended;
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) std::abort();
  const pid_t pid = fork();
  if (pid == 0) become(arguments, bounds, out[1], err[1]);
  close(out[1]);
  close(err[1]);
  const auto until = Clock::now() + std::chrono::seconds(bounds.seconds);
  int status = 0;
  bool over = false;
  for (bool o = true, e = true; (o || e) && !over;) {
    pollfd fds[] = {{o ? out[0] : -1, POLLIN, 0}, {e ? err[0] : -1, POLLIN, 0}};
    const bool quiet = poll(fds, 2, 20) == 0;
    if (fds[0].revents != 0) o = take(out[0], ended.out);
    if (fds[1].revents != 0) e = take(err[0], ended.err);
    if (quiet) over = waitpid(pid, &status, WNOHANG) == pid;  // others may hold its pipes
    if (Clock::now() < until) continue;
    ended.in_time = false;
    kill(-pid, SIGKILL);
    break;
  }
  close(out[0]);
  close(err[0]);
  while (!over && waitpid(pid, &status, WNOHANG) != pid) {
    if (Clock::now() > until) kill(pid, SIGKILL), ended.in_time = false;
    usleep(1000);
  }
  ended.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  ended.left_some = end_all_that_is_left(pid);
  return ended;
}

std::string obeyed_in(const std::string& text) {
  std::string found;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = harness::utf8_length(std::string_view(text).substr(at));
    const std::string one = text.substr(at, std::max<std::size_t>(length, 1));
    const bool begins_an_escape = one == "\\";  // it would be escaped once more
    if (!begins_an_escape && harness::printable(one) != one) {
      for (const char c : one) found += fmt::format("{:02x} ", static_cast<unsigned char>(c));
    }
    at += one.size();
  }
  return found;
}

}  // namespace oftwin::cli
