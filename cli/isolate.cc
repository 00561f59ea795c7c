#include "cli/isolate.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iterator>
#include <system_error>

#include "cli/say.h"
#include "cli/stop.h"
#include "harness/binary.h"

namespace oftwin::cli {

namespace {
constexpr std::size_t kTraceRoom = 16u << 20;  // bytes; a larger trace is not kept
// What the child writes: its kind, its length, itself. A result is the last; without one the process ended by itself.
constexpr char kTold = 't', kResult = 'r';
constexpr std::size_t kHeader = 1 + sizeof(std::uint64_t);
constexpr std::size_t kWordsKept = 8192;  // of a guarded child's last ones
}  // namespace

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

void Progress::beat() { ++shared_->beats; }

void Progress::about_to_drive(const harness::Trace& trace) {
  Bytes bytes = harness::encode_binary(trace);
  shared_->trace_size = 0;
  if (bytes.size() <= kTraceRoom) {
    std::memcpy(shared_->trace, bytes.data(), bytes.size());
    shared_->trace_size = static_cast<std::uint32_t>(bytes.size());
  }
  ++shared_->beats;
}

void Progress::tell(const std::string& what) { told_(what); }

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

// Where a guarded child leaves its last words; for its signal handler.
int words_fd = -1;
void (*describe_fault)(int, const void*) = nullptr;
constexpr int kFaults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

void say_where(int signal, siginfo_t* info, void*) {
  if (describe_fault) describe_fault(words_fd, signal == SIGABRT ? nullptr : info->si_addr);
  void* frames[48];
  const int n = backtrace(frames, static_cast<int>(std::size(frames)));
  backtrace_symbols_fd(frames, n, words_fd);
  std::signal(signal, SIG_DFL);
  raise(signal);
}

bool sanitized() { return dlsym(RTLD_DEFAULT, "__asan_init") != nullptr; }

void catch_faults() {
  void* frames[1];
  backtrace(frames, 1);  // loads what it needs, which must not happen in the handler
  static std::uint8_t stack[1 << 16];
  const stack_t alternative{stack, 0, sizeof stack};
  sigaltstack(&alternative, nullptr);
  struct sigaction action{};
  action.sa_sigaction = say_where;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int signal : kFaults) sigaction(signal, &action, nullptr);
}

// Of address space: what the process has, and so much more.
void limit_memory(unsigned megabytes) {
  if (megabytes == 0 || sanitized()) return;
  unsigned long long pages = 0;
  if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%llu", &pages) != 1) pages = 0;
    std::fclose(f);
  }
  const rlim_t most = pages * static_cast<unsigned long>(sysconf(_SC_PAGESIZE)) + (rlim_t{megabytes} << 20);
  const rlimit limit{most, most};
  setrlimit(RLIMIT_AS, &limit);
}

}  // namespace

void be_guarded(const Guard& guard, int words) {
  words_fd = words;
  describe_fault = guard.describe;
  dup2(words, STDERR_FILENO);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  limit_memory(guard.memory_mb);
  catch_faults();
}

namespace {

void write_piece(int out, char kind, const std::string& text) {
  std::string piece(kHeader, kind);
  const std::uint64_t size = text.size();
  std::memcpy(piece.data() + 1, &size, sizeof size);
  piece += text;
  for (std::size_t at = 0; at < piece.size();) {
    const ssize_t n = write(out, piece.data() + at, piece.size() - at);
    if (n < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "what was found is lost");
    if (n > 0) at += static_cast<std::size_t>(n);
  }
}

[[noreturn]] void child(int out, Progress::Shared* shared, const std::function<std::string(Progress&)>& work) {
  Progress progress(shared, [out](const std::string& what) { write_piece(out, kTold, what); });
  int code = 0;
  try {
    write_piece(out, kResult, work(progress));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    code = 1;
  }
  std::fflush(nullptr);
  _exit(code);
}

// Takes the pieces apart that a child writes.
class Pieces {
 public:
  explicit Pieces(const std::function<void(const std::string&)>& told) : told_(told) {}

  void add(const char* bytes, std::size_t n) {
    text_.append(bytes, n);
    std::uint64_t size = 0;
    while (text_.size() >= kHeader) {
      std::memcpy(&size, text_.data() + 1, sizeof size);
      if (text_.size() - kHeader < size) return;
      const std::string piece = text_.substr(kHeader, size);
      if (text_[0] == kResult) result = piece;
      if (text_[0] == kTold && told_) told_(piece);
      text_.erase(0, kHeader + size);
    }
  }
  std::optional<std::string> result;

 private:
  const std::function<void(const std::string&)>& told_;
  std::string text_;
};

class ProgressLine {
 public:
  explicit ProgressLine(const IsolateOptions& options) : label_(options.label), shown_(!options.quiet) {}
  ~ProgressLine() {
    if (shown_) end_progress();
  }
  void show(const Progress::Shared& s) const {
    if (!shown_) return;
    tell_progress([&] {
      const std::string of = s.total ? fmt::format(" of {}", s.total.load()) : "";
      return fmt::format("{}: {}{}, {} messages", label_, s.done.load(), of, s.messages.load());
    });
  }

 private:
  const std::string& label_;
  bool shown_;
};

enum class Heard : std::uint8_t { all, hung, stopped };

// Everything that the child writes, until it closes.
Heard read_all(int in, pid_t pid, const Progress::Shared& shared, const IsolateOptions& options, Pieces& out) {
  ProgressLine line(options);
  std::uint64_t beats = 0;
  auto alive = Clock::now();
  std::optional<Clock::time_point> asked;
  for (;;) {
    pollfd p{in, POLLIN, 0};
    int ready = poll(&p, 1, static_cast<int>(std::min<std::int64_t>(options.hang.count(), 200)));
    if (ready > 0) {
      char buffer[65536];
      ssize_t n = read(in, buffer, sizeof buffer);
      if (n == 0 || (n < 0 && errno != EINTR)) return Heard::all;
      if (n > 0) out.add(buffer, static_cast<std::size_t>(n));
    }
    line.show(shared);
    if (!asked && (asked_to_stop() || (options.enough && options.enough()))) {
      asked = Clock::now();
      ask_child_to_stop(pid);
    }
    if (asked && Clock::now() - *asked > std::chrono::milliseconds(kChildStopMs)) return Heard::stopped;
    if (shared.beats != beats) {
      beats = shared.beats;
      alive = Clock::now();
    }
    if (Clock::now() - alive > options.hang) return Heard::hung;
  }
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("it was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("it exited with code {}", WEXITSTATUS(status));
}

// A hung child says where it hangs if it can, and is gone afterwards in any case.
void end_hung(pid_t pid, bool guarded) {
  if (guarded) {
    kill(pid, SIGABRT);
    for (int i = 0; i < 100; ++i) {
      siginfo_t ended{};
      if (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == pid)
        return;
      usleep(10000);
    }
  }
  kill_child(pid);
}

}  // namespace

std::string last_words_in(int words) {
  const off_t size = lseek(words, 0, SEEK_END);
  if (size <= 0) return "";
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(kWordsKept));
  std::string text(static_cast<std::size_t>(size - from), '\0');
  const ssize_t n = pread(words, text.data(), text.size(), from);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

IsolatedOutcome end_child(pid_t pid, const IsolateOptions& options, bool hung) {
  if (hung) end_hung(pid, options.guard.has_value());
  IsolatedOutcome outcome;
  int status = 0;
  rusage used{};
  while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR) {}
  outcome.ended_well = !hung && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  outcome.why =
      hung ? fmt::format("it did nothing for {:g} s and was ended", static_cast<double>(options.hang.count()) / 1000)
           : how_it_ended(status);
  const auto used_mb = static_cast<unsigned long>(used.ru_maxrss) / 1024;
  if (options.guard && options.guard->memory_mb != 0 && used_mb * 10 >= options.guard->memory_mb * 7ul) {
    outcome.why += fmt::format("; it had {} MB of memory, and the limit is {}", used_mb, options.guard->memory_mb);
  }
  return outcome;
}

namespace {

IsolatedOutcome run_here(const std::function<void(const std::string&)>& told,
                         const std::function<std::string(Progress&)>& work) {
  SharedMemory memory;
  Progress progress(memory.get(), told ? told : [](const std::string&) {});
  IsolatedOutcome outcome;
  outcome.result = work(progress);
  return outcome;
}

}  // namespace

IsolatedOutcome run_isolated(const IsolateOptions& options, const std::function<std::string(Progress&)>& work) {
  if (options.in_process) return run_here(options.told, work);
  SharedMemory memory;
  int ends[2];
  if (pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const int words = options.guard ? memfd_create("last words", 0) : -1;
  std::fflush(nullptr);
  const pid_t self = getpid(), pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    be_child(self);
    close(ends[0]);
    if (options.guard) be_guarded(*options.guard, words);
    child(ends[1], memory.get(), work);
  }
  close(ends[1]);
  Pieces pieces(options.told);
  const Heard heard = read_all(ends[0], pid, *memory.get(), options, pieces);
  close(ends[0]);
  if (heard == Heard::stopped) kill_child(pid);
  IsolatedOutcome outcome = end_child(pid, options, heard == Heard::hung);
  outcome.done = memory.get()->done;
  if (words >= 0) {
    outcome.last_words = last_words_in(words);
    close(words);
  }
  if (outcome.ended_well && pieces.result) {
    outcome.result = std::move(pieces.result);
    return outcome;
  }
  outcome.stopped = heard == Heard::stopped || asked_to_stop();
  if (std::uint32_t size = memory.get()->trace_size) {
    outcome.trace = harness::decode_binary({memory.get()->trace, size});
  }
  return outcome;
}

std::optional<std::int64_t> attempt_isolated(unsigned seconds, const std::function<std::int64_t()>& attempt) {
  struct Answer {
    std::int64_t value;
    bool given;
  };
  void* p = mmap(nullptr, sizeof(Answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  auto* answer = static_cast<Answer*>(p);
  std::fflush(nullptr);
  const pid_t self = getpid(), pid = fork();
  if (pid == 0) {
    be_child(self);
    alarm(seconds);
    try {
      answer->value = attempt();
      answer->given = true;
    } catch (const std::exception&) {}
    _exit(0);
  }
  if (pid > 0) wait_for_child(pid);
  std::optional<std::int64_t> out;
  if (pid > 0 && answer->given) out = answer->value;
  munmap(p, sizeof(Answer));
  return out;
}

}  // namespace oftwin::cli
