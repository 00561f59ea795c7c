// oftwin fuzz: runs a libFuzzer target in several processes, watches them, and says what came of it.
//
// The target judges, minimizes and writes a divergence by itself (fuzz/finding.h); what ends it in any other way has
// cost the subject, and the input that did it is saved as a trace here.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/inputs.h"
#include "cli/results.h"
#include "cli/say.h"
#include "cli/stop.h"
#include "cli/subjects.h"
#include "harness/binary.h"
#include "harness/convert.h"
#include "harness/expect.h"
#include "harness/files.h"
#include "harness/trace_text.h"

namespace oftwin::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kTarget = "lockstep_agrees_fuzz";
constexpr unsigned kUnitTimeout_s = 30;
constexpr double kGrace_s = 2;          // beyond --time, for jobs that end by themselves
constexpr double kInterrupted_s = 0.9;  // for a job that was interrupted

std::string find_target(const FuzzOptions& options) {
  if (!options.target.empty()) {
    if (access(options.target.c_str(), X_OK) != 0) throw UsageError(options.target + ": is no program");
    return options.target;
  }
  std::error_code error;
  fs::path self = fs::read_symlink("/proc/self/exe", error);
  for (const fs::path& folder : {self.parent_path(), self.parent_path() / "../fuzz"}) {
    fs::path candidate = folder / kTarget;
    if (access(candidate.c_str(), X_OK) == 0) return candidate.lexically_normal().string();
  }
  throw UsageError(
      fmt::format("{} is not beside this command; build it (preset sanitize) and name it with --target", kTarget));
}

// Seeds of any kind, as the bytes that the target reads.
std::size_t plant_seeds(const std::string& from, const fs::path& corpus) {
  std::size_t n = 0;
  if (from.empty()) return n;
  for (const harness::Trace& trace : read_seeds(from)) {
    harness::write_file((corpus / fmt::format("seed-{}", n++)).string(),
                        harness::as_text(harness::encode_binary(trace)));
  }
  return n;
}

std::set<std::string> findings(const fs::path& out) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(out)) names.insert(entry.path().filename().string());
  return names;
}

struct Job {
  pid_t pid = -1;
  std::string log;
  std::optional<int> status;
  bool ended_by_us = false;
};

// `until`: when minimizing what was found has to end.
pid_t spawn(const std::vector<std::string>& args, const std::string& log, const std::string& findings_dir,
            Clock::time_point until) {
  std::fflush(nullptr);
  const pid_t self = getpid(), pid = fork();
  if (pid != 0) return pid;
  be_child(self);
  int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) _exit(127);
  setenv("OFTWIN_FINDINGS", findings_dir.c_str(), 1);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(until.time_since_epoch()).count();
  setenv("OFTWIN_UNTIL", fmt::format("{}", ms).c_str(), 1);
  std::vector<char*> argv;
  argv.reserve(args.size() + 1);
  for (const auto& a : args) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

class Campaign {
 public:
  explicit Campaign(const FuzzOptions& options)
      : options_(options), target_(find_target(options)), out_(options.out), corpus_(out_ / "corpus") {}

  int run() {
    fs::create_directories(corpus_);
    std::size_t seeds = plant_seeds(options_.corpus, corpus_);
    before_ = told_ = findings(out_);
    say("Fuzzing for {} s with {} jobs, from {} seeds: {}\n", options_.time_s, options_.jobs, seeds, target_);
    std::fflush(stdout);
    begin_ = Clock::now();
    for (std::uint64_t i = 0; i < options_.jobs; ++i) start(i);
    watch();
    return conclude();
  }

 private:
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  void start(std::uint64_t i) {
    Job job;
    job.log = (out_ / fmt::format("job-{}.log", i)).string();
    std::vector<std::string> args = {target_,
                                     corpus_.string(),
                                     fmt::format("-max_total_time={}", options_.time_s),
                                     fmt::format("-artifact_prefix={}/", out_.string()),
                                     fmt::format("-timeout={}", kUnitTimeout_s),
                                     "-print_final_stats=1",
                                     "-reload=1"};
    if (options_.runs) args.push_back(fmt::format("-runs={}", options_.runs));
    if (options_.seed) args.push_back(fmt::format("-seed={}", options_.seed + i));
    const auto until = options_.time_s != 0 ? begin_ + std::chrono::seconds(options_.time_s) : Clock::time_point::max();
    job.pid = spawn(args, job.log, out_.string(), until);
    if (job.pid < 0) throw UsageError("no process can be started");
    jobs_.push_back(job);
  }

  // Until all are done. The first that finds something ends the others; so do the time and who asks for the end.
  void watch() {
    std::optional<double> interrupted;  // when
    for (;;) {
      bool running = false, ended = false;
      for (auto& job : jobs_) {
        if (!job.status) reap(job);
        running = running || !job.status;
        ended = ended || (job.status && *job.status != 0);
      }
      tell_found();
      if (!running) break;
      const bool late = options_.time_s != 0 && elapsed() > static_cast<double>(options_.time_s) + kGrace_s;
      if (!interrupted && (ended || late || asked_to_stop())) {
        stop_all(SIGINT);
        interrupted = elapsed();
      }
      // One that has found something, and makes it small, may go on as long as there is time.
      const bool hurry = late || asked_to_stop();
      if (interrupted && hurry && elapsed() > *interrupted + kInterrupted_s) stop_all(SIGKILL);
      show();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    if (isatty(STDERR_FILENO)) show_progress("");
  }

  // What has come since this was last asked, at once.
  void tell_found() {
    for (const auto& name : findings(out_)) {
      if (!told_.insert(name).second || !is_finding(name)) continue;
      note_exit_code(name.starts_with("found-") || name.starts_with("divergence-") ? kDiverged : kLost);
      say("found: {}\n", (out_ / name).string());
      std::fflush(stdout);
    }
  }

  static bool is_finding(const std::string& name) {
    constexpr const char* beginnings[] = {"found-", "divergence-", "crash-", "timeout-", "oom-"};
    return std::ranges::any_of(beginnings, [&](const char* b) { return name.starts_with(b); });
  }

  void reap(Job& job) {
    int status = 0;
    pid_t pid = waitpid(job.pid, &status, WNOHANG);
    if (pid == job.pid)
      job.status = status;
    else if (pid < 0 && errno != EINTR)
      job.status = 0;
  }

  void stop_all(int signal) {
    for (auto& job : jobs_) {
      if (job.status) continue;
      job.ended_by_us = true;
      signal == SIGKILL ? kill_child(job.pid) : void(kill(job.pid, signal));
    }
  }

  void show() const {
    if (!isatty(STDERR_FILENO)) return;
    auto kept = std::distance(fs::directory_iterator(corpus_), fs::directory_iterator());
    show_progress(fmt::format("fuzzing: {:.0f} of {} s, {} traces kept", elapsed(), options_.time_s, kept));
    std::fflush(stderr);
  }

  static std::uint64_t number_after(const std::string& text, std::string_view label) {
    std::size_t at = text.rfind(label);
    return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + label.size(), nullptr, 10);
  }

  int conclude() {
    std::uint64_t executed = 0;
    std::string report;
    bool ended_badly = false;
    for (const auto& job : jobs_) {
      std::string log = harness::read_file(job.log);
      executed += std::max(number_after(log, "stat::number_of_executed_units:"), last_count(log));
      std::size_t from = log.find(" differs from the specification"), to = log.find("written to ", from);
      if (report.empty() && from != std::string::npos && to != std::string::npos) {
        from = log.rfind('\n', from) + 1;
        report = log.substr(from, log.find('\n', to) - from);
      }
      ended_badly = ended_badly || (job.status && *job.status != 0 && !job.ended_by_us);
    }
    say("{} traces driven in {:.0f} s\n{}\n", executed, elapsed(), coverage());
    if (!report.empty()) {
      say("\n{}\n", report);
      return kDiverged;
    }
    if (left_as_found()) return kDiverged;
    if (int code = lost_inputs()) {
      for (const auto& job : jobs_) print_line_with(harness::read_file(job.log), "SUMMARY: ");
      return code;
    }
    if (ended_badly) {
      say("\nA job ended early and left no input; its log is in {}\n", options_.out);
      return kLost;
    }
    say("Nothing was found.\n");
    if (!asked_to_stop()) return kAgreed;
    say("Ended early: {}\n", stop_reason());
    return kStopped;
  }

  // Divergences that there was no time to make smaller, or even to explain.
  bool left_as_found() const {
    bool any = false;
    for (const auto& name : findings(out_)) {
      if (!name.starts_with("found-") || before_.contains(name)) continue;
      say("\nModel and switch differ; {} is as it was found; `oftwin check` explains it, `oftwin minimize` makes "
          "it smaller\n",
          (out_ / name).string());
      any = true;
    }
    return any;
  }

  static void print_line_with(const std::string& log, std::string_view label) {
    std::size_t at = log.find(label);
    if (at != std::string::npos) say("{}\n", log.substr(at, log.find('\n', at) - at));
  }

  // `#12345 NEW ..`: what libFuzzer says while it runs, for jobs that were ended before their last words.
  static std::uint64_t last_count(const std::string& log) {
    std::size_t at = log.rfind("\n#");
    return at == std::string::npos ? 0 : std::strtoull(log.c_str() + at + 2, nullptr, 10);
  }

  std::string coverage() const {
    harness::ClauseSet hit;
    const auto until = Clock::now() + (asked_to_stop() ? std::chrono::milliseconds(200) : std::chrono::seconds(2));
    for (const auto& entry : fs::directory_iterator(corpus_)) {
      if (Clock::now() > until) break;
      harness::Trace trace = harness::decode_binary(harness::as_bytes(harness::read_file(entry.path().string())));
      hit |= harness::run_model(trace, {}).clauses;
    }
    return print_clauses_hit(hit);
  }

  // Inputs that crashed the target, or that it could not finish, as traces.
  int lost_inputs() {
    int code = 0;
    for (const auto& name : findings(out_)) {
      bool lost = name.starts_with("crash-") || name.starts_with("timeout-") || name.starts_with("oom-");
      if (!lost || name.ends_with(".trace") || before_.contains(name)) continue;
      std::string content = harness::read_file((out_ / name).string());
      harness::Trace trace = harness::decode_binary(harness::as_bytes(content));
      trace.comments = {"The subject was lost while a fuzzer drove this: " + name};
      std::string path = (out_ / (name + ".trace")).string();
      harness::write_file(path, harness::print_trace(trace));
      say("\nThe subject was lost; the trace is in {}; `oftwin minimize` makes it smaller\n", path);
      code = kLost;
    }
    return code;
  }

  const FuzzOptions& options_;
  std::string target_;
  fs::path out_, corpus_;
  const Stoppable stoppable_;
  std::set<std::string> before_, told_;
  std::vector<Job> jobs_;
  Clock::time_point begin_;
};

}  // namespace

int run_fuzz(const FuzzOptions& options) {
  harness::must_be_writable_folder(options.out);
  if (options.engine != "libfuzzer") throw UsageError("there is no engine '" + options.engine + "'; libfuzzer is");
  if (options.time_s == 0 && options.runs == 0) throw UsageError("--time 0: then --runs says when to end");
  if (make_provider(options.subject)) return fuzz_provider(options);
  if (options.subject != "builtin") {
    throw UsageError("--subject: builtin and provider:LIBRARY[,OPTIONS] can be fuzzed; a live switch is for check");
  }
  return Campaign(options).run();
}

}  // namespace oftwin::cli
