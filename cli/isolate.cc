#include "cli/isolate.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>

#include "harness/binary.h"

namespace oftwin::cli {

namespace {
constexpr std::size_t kTraceRoom = 16u << 20;  // bytes; a larger trace is not kept
}

struct Progress::Shared {
  std::atomic<std::uint64_t> beats, done, total, messages;
  std::atomic<std::uint32_t> trace_size;
  std::uint8_t trace[kTraceRoom];
};

void Progress::step(std::uint64_t done, std::uint64_t total, std::uint64_t messages) {
  shared_->done = done;
  shared_->total = total;
  shared_->messages = messages;
  ++shared_->beats;
}

void Progress::about_to_drive(const harness::Trace& trace) {
  Bytes bytes = harness::encode_binary(trace);
  shared_->trace_size = 0;
  if (bytes.size() <= kTraceRoom) {
    std::memcpy(shared_->trace, bytes.data(), bytes.size());
    shared_->trace_size = static_cast<std::uint32_t>(bytes.size());
  }
  ++shared_->beats;
}

namespace {

using Clock = std::chrono::steady_clock;

class SharedMemory {
 public:
  SharedMemory() {
    void* p = mmap(nullptr, sizeof(Progress::Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    shared_ = static_cast<Progress::Shared*>(p);
  }
  ~SharedMemory() { munmap(shared_, sizeof(Progress::Shared)); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  Progress::Shared* get() const { return shared_; }

 private:
  Progress::Shared* shared_;
};

[[noreturn]] void child(int out, Progress::Shared* shared, const std::function<std::string(Progress&)>& work) {
  Progress progress(shared);
  int code = 0;
  try {
    std::string result = work(progress);
    for (std::size_t at = 0; at < result.size() && code == 0;) {
      ssize_t n = write(out, result.data() + at, result.size() - at);
      if (n > 0)
        at += static_cast<std::size_t>(n);
      else if (errno != EINTR)
        code = 1;
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    code = 1;
  }
  std::fflush(nullptr);
  _exit(code);
}

class ProgressLine {
 public:
  explicit ProgressLine(const IsolateOptions& options)
      : label_(options.label), shown_(!options.quiet && isatty(STDERR_FILENO)) {}
  ~ProgressLine() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
  }
  void show(const Progress::Shared& s) const {
    if (!shown_) return;
    std::string of = s.total ? fmt::format(" of {}", s.total.load()) : "";
    fmt::print(stderr, "\r\x1b[K{}: {}{}, {} messages", label_, s.done.load(), of, s.messages.load());
    std::fflush(stderr);
  }

 private:
  const std::string& label_;
  bool shown_;
};

// Everything that the child writes, until it closes; false: it hung.
bool read_all(int in, const Progress::Shared& shared, const IsolateOptions& options, std::string& out) {
  ProgressLine line(options);
  std::uint64_t beats = 0;
  auto alive = Clock::now();
  for (;;) {
    pollfd p{in, POLLIN, 0};
    int ready = poll(&p, 1, 200);
    if (ready > 0) {
      char buffer[65536];
      ssize_t n = read(in, buffer, sizeof buffer);
      if (n == 0 || (n < 0 && errno != EINTR)) return true;
      if (n > 0) out.append(buffer, static_cast<std::size_t>(n));
    }
    line.show(shared);
    if (shared.beats != beats) {
      beats = shared.beats;
      alive = Clock::now();
    }
    if (Clock::now() - alive > std::chrono::seconds(options.hang_s)) return false;
  }
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("it was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("it exited with code {}", WEXITSTATUS(status));
}

}  // namespace

IsolatedOutcome run_isolated(const IsolateOptions& options, const std::function<std::string(Progress&)>& work) {
  SharedMemory memory;
  int ends[2];
  if (pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  std::fflush(nullptr);
  pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    close(ends[0]);
    child(ends[1], memory.get(), work);
  }
  close(ends[1]);
  IsolatedOutcome outcome;
  std::string result;
  bool finished = read_all(ends[0], *memory.get(), options, result);
  close(ends[0]);
  if (!finished) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (finished && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    outcome.result = std::move(result);
    return outcome;
  }
  outcome.why = finished ? how_it_ended(status) : fmt::format("it did nothing for {} s and was ended", options.hang_s);
  if (std::uint32_t size = memory.get()->trace_size) {
    outcome.trace = harness::decode_binary({memory.get()->trace, size});
  }
  return outcome;
}

}  // namespace oftwin::cli
