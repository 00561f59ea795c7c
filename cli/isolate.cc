#include "cli/isolate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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
#include <system_error>

#include "cli/say.h"
#include "cli/stop.h"
#include "harness/binary.h"

namespace oftwin::cli {

namespace {
constexpr std::size_t kTraceRoom = 16u << 20;  // bytes; a larger trace is not kept
constexpr std::size_t kCrowd = 64;             // processes at the same time that a guarded child may have started
}  // namespace

struct Progress::Shared {
  std::atomic<std::uint64_t> beats, done, total, messages;
  std::atomic<std::uint32_t> trace_size;
  std::atomic<bool> reading;
  Facts facts;
  std::uint8_t trace[kTraceRoom];
};

Progress::Progress(Shared* shared, std::function<void(const std::string&)> told)
    : shared_(shared), told_(std::move(told)) {}

void Progress::alive() {
  must_be_the_one(shared_->facts);
  ++shared_->beats;
}

void Progress::step(std::uint64_t done, std::uint64_t total, std::uint64_t messages) {
  shared_->done = done;
  shared_->total = total;
  shared_->messages = messages;
  alive();
}

void Progress::beat() { alive(); }

void Progress::beat(std::uint64_t messages) {
  shared_->messages = messages;
  alive();
}

void Progress::reading() { shared_->reading = true; }

void Progress::about_to_drive(const harness::Trace& trace) {
  shared_->reading = false;
  Bytes bytes = harness::encode_binary(trace);
  shared_->trace_size = 0;
  if (bytes.size() <= kTraceRoom) {
    std::memcpy(shared_->trace, bytes.data(), bytes.size());
    shared_->trace_size = static_cast<std::uint32_t>(bytes.size());
  }
  alive();
}

void Progress::tell(const std::string& what) { told_(what); }

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void child(int out, Secret secret, Progress::Shared* shared,
                        const std::function<std::string(Progress&)>& work) {
  const auto write = [&](PieceKind kind, const std::string& what) {
    if (!write_piece(out, secret, kind, what)) shared->facts.fault = Facts::Fault::descriptor;
  };
  Progress progress(shared, [&](const std::string& what) { write(PieceKind::told, what); });
  be_another_one();
  int code = 0;
  try {
    const std::string result = work(progress);
    must_be_the_one(shared->facts);
    write(PieceKind::result, result);
  } catch (const std::exception& e) {
    must_be_the_one(shared->facts);
    note_exception(shared->facts, e);
    code = 1;
  }
  std::fflush(nullptr);
  _exit(code);
}

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
  const bool shown_;
};

// Beside a child: reads what it tells until it ends or has to be ended.
class Watch {
 public:
  Watch(int in, pid_t pid, const Progress::Shared& shared, const IsolateOptions& options, int words, Pieces& pieces,
        const std::vector<pid_t>& known)
      : in_(in),
        pid_(pid),
        shared_(shared),
        options_(options),
        words_(words),
        pieces_(pieces),
        known_(known),
        end_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))),
        line_(options) {
    fcntl(in, F_SETFL, O_NONBLOCK);
  }
  ~Watch() {
    if (end_ >= 0) close(end_);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  bool stopped() const { return stopped_; }

  // Why it has to be ended; nullopt: it has ended, or is to be stopped.
  std::optional<End> until_its_end() {
    for (;;) {
      pollfd fds[] = {{in_, POLLIN, 0}, {end_, POLLIN, 0}};
      const int patience = static_cast<int>(std::min<std::int64_t>(options_.hang.count(), 200));
      poll(fds, 2, trim_words(words_, printed_) ? 10 : patience);
      const bool ended = fds[1].revents != 0;  // others may hold the other end of the pipe for long
      if ((!read_pieces() && end_ < 0) || ended) return std::nullopt;
      if (fds[0].revents & POLLHUP) usleep(1000);  // it has closed it and goes on
      line_.show(shared_);
      if (!asked_ && (asked_to_stop() || (options_.enough && options_.enough()))) {
        asked_ = Clock::now();
        ask_child_to_stop(pid_);
      }
      stopped_ = asked_ && Clock::now() - *asked_ > std::chrono::milliseconds(kChildStopMs);
      if (stopped_) return std::nullopt;
      if (shared_.facts.copied) return End::copied;
      if (options_.guard && too_many()) return End::crowd;
      if (hung()) return End::hung;
    }
  }

 private:
  // False: nothing more will come.
  bool read_pieces() {
    char buffer[65536];
    for (int i = 0; i < 64; ++i) {  // a flood must not keep us from looking up
      const ssize_t n = read(in_, buffer, sizeof buffer);
      if (n == 0) return false;
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      pieces_.add(buffer, static_cast<std::size_t>(n));
    }
    return true;
  }
  bool hung() {
    if (shared_.beats != beats_) {
      beats_ = shared_.beats;
      alive_ = Clock::now();
    }
    return Clock::now() - alive_ > options_.hang;
  }
  bool too_many() {
    if (Clock::now() - counted_ < std::chrono::milliseconds(100)) return false;
    counted_ = Clock::now();
    return children_of(pid_).size() + children_of(getpid(), known_).size() > kCrowd + 1;
  }

  const int in_;
  const pid_t pid_;
  const Progress::Shared& shared_;
  const IsolateOptions& options_;
  const int words_;
  Pieces& pieces_;
  const std::vector<pid_t>& known_;
  const int end_;  // can be read when it has ended
  ProgressLine line_;
  std::uint64_t beats_ = 0;
  std::int64_t printed_ = 0;
  bool stopped_ = false;
  std::optional<Clock::time_point> asked_;
  Clock::time_point alive_ = Clock::now(), counted_ = Clock::now();
};

// Whether it computes, as opposed to waiting for something.
bool computing(pid_t pid) {
  char state = '?';
  if (std::FILE* f = std::fopen(fmt::format("/proc/{}/stat", pid).c_str(), "re")) {
    if (std::fscanf(f, "%*d %*[^)]) %c", &state) != 1) state = '?';
    std::fclose(f);
  }
  return state == 'R';
}

std::string seconds_of(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000);
}

void describe_end(IsolatedOutcome& outcome, int status, const Facts& facts) {
  const Facts::Fault fault = facts.fault;
  if (fault == Facts::Fault::exception || fault == Facts::Fault::no_memory) {
    const bool memory = fault == Facts::Fault::no_memory;
    outcome.end = memory ? End::no_memory : End::threw;
    outcome.why = memory ? "it found no memory (std::bad_alloc)" : fmt::format("an exception left it: {}", facts.what);
  } else if (WIFSIGNALED(status)) {
    outcome.end = End::signalled;
    outcome.why = fmt::format("it was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else if (fault == Facts::Fault::descriptor) {
    outcome.end = End::unheard;
    outcome.why = "a descriptor was closed, or made another one, that is not its own";
  } else {
    outcome.why = fmt::format("it exited with code {}", WEXITSTATUS(status));
  }
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

IsolatedOutcome end_child(pid_t pid, const IsolateOptions& options, std::optional<End> end, int words,
                          const Facts& facts) {
  IsolatedOutcome outcome;
  const bool busy = end == End::hung && computing(pid);
  if (end == End::hung) end_hung(pid, options.guard.has_value());
  if (end && end != End::hung) kill_child(pid);
  int status = 0;
  rusage used{};
  while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR) {}
  kill(-pid, SIGKILL);  // those of its group, if it left some
  if (!end && facts.copied) end = End::copied;
  outcome.ended_well = !end && WIFEXITED(status) && WEXITSTATUS(status) == 0 && facts.fault == Facts::Fault::none;
  describe_end(outcome, status, facts);
  if (end) outcome.end = *end;
  if (end == End::hung) {
    outcome.why = fmt::format("it did not return within {} ({}) and was ended", seconds_of(options.hang),
                              busy ? "it was computing" : "it was waiting");
  } else if (end == End::copied) {
    outcome.why = "it forked, and both processes came back";
  } else if (end == End::crowd) {
    outcome.why = fmt::format("it started more than {} processes that live on", kCrowd);
  }
  const auto used_mb = static_cast<unsigned long>(used.ru_maxrss) / 1024;
  if (options.guard && options.guard->memory_mb != 0 && used_mb * 10 >= options.guard->memory_mb * 7ul) {
    outcome.greedy = true;
    outcome.why += fmt::format("; it had {} MB of memory, and the limit is {}", used_mb, options.guard->memory_mb);
  }
  outcome.hosts_fault = facts.hosts && (outcome.end == End::no_memory || outcome.end == End::threw);
  if (const char* call = facts.call) outcome.call = call;
  if (const char* clause = facts.clause) outcome.clause = clause;
  LastWords last = last_words_in(words, facts);
  outcome.last_words = std::move(last.printed);
  outcome.frames = std::move(last.frames);
  return outcome;
}

namespace {

IsolatedOutcome run_here(const std::function<void(const std::string&)>& told,
                         const std::function<std::string(Progress&)>& work) {
  const SharedMemory<Progress::Shared> memory;
  Progress progress(memory.get(), told ? told : [](const std::string&) {});
  IsolatedOutcome outcome;
  outcome.result = work(progress);
  return outcome;
}

}  // namespace

IsolatedOutcome run_isolated(const IsolateOptions& options, const std::function<std::string(Progress&)>& work) {
  if (options.in_process) return run_here(options.told, work);
  const SharedMemory<Progress::Shared> memory;
  const Secret secret = new_secret();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const int words = options.guard ? new_words() : -1;
  if (options.guard) inherit_orphans();
  const std::vector<pid_t> known = children_of(getpid());
  std::fflush(nullptr);
  const pid_t self = getpid(), pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    be_child(self);
    close(ends[0]);
    if (options.guard) be_guarded(*options.guard, words, memory.get()->facts);
    child(out_of_the_way(ends[1]), secret, memory.get(), work);
  }
  close(ends[1]);
  Pieces pieces(secret, options.told);
  std::optional<End> end;
  bool stopped = false;
  {
    Watch watch(ends[0], pid, *memory.get(), options, words, pieces, known);
    end = watch.until_its_end();
    stopped = watch.stopped();
  }
  close(ends[0]);
  if (stopped) kill_child(pid);
  IsolatedOutcome outcome = end_child(pid, options, end, words, memory.get()->facts);
  if (options.guard) outcome.strays = end_strays(known);
  outcome.foreign = pieces.foreign();
  outcome.done = memory.get()->done;
  outcome.reading = memory.get()->reading;
  if (words >= 0) close(words);
  if (outcome.ended_well && pieces.result) {
    outcome.result = std::move(pieces.result);
    return outcome;
  }
  if (outcome.ended_well && outcome.foreign > 0) {
    outcome.end = End::unheard;
    outcome.why = "it wrote to a descriptor that is not its own, and over what there was to tell";
  }
  outcome.stopped = stopped || asked_to_stop();
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
  const SharedMemory<Answer> memory;
  Answer* const answer = memory.get();
  std::fflush(nullptr);
  const pid_t self = getpid(), pid = fork();
  if (pid == 0) {
    be_child(self);
    const pid_t here = getpid();
    be_another_one();
    alarm(seconds);
    try {
      const std::int64_t value = attempt();
      if (getpid() != here) _exit(0);  // a fork that came back
      answer->value = value;
      answer->given = true;
    } catch (const std::exception&) {}
    _exit(0);
  }
  if (pid > 0) {
    wait_for_child(pid);
    kill(-pid, SIGKILL);  // those of its group, if it left some
  }
  std::optional<std::int64_t> out;
  if (pid > 0 && answer->given) out = answer->value;
  return out;
}

}  // namespace oftwin::cli
