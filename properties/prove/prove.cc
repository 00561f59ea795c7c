#include "properties/prove/prove.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace oftwin::prove {

namespace {

// Processor time, of this process or of those that it has started and waited for: what others do meanwhile on the
// machine does not count.
double cpu_seconds(int whose) {
  rusage usage{};
  getrusage(whose, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Stopwatch {
 public:
  explicit Stopwatch(int whose = RUSAGE_SELF) : whose_(whose), start_(cpu_seconds(whose)) {}
  double seconds() const { return cpu_seconds(whose_) - start_; }

 private:
  int whose_;
  double start_;
};

struct Solved {
  z3::check_result result = z3::unknown;
  Values values;
};

Solved solve(Engine& engine, const z3::expr& formula, unsigned timeout_s) {
  z3::context& context = engine.context();
  // Three times as fast, on these formulas, as what Z3 does of itself: equations first, then bits.
  z3::tactic steps(context, "simplify");
  for (const char* step : {"propagate-values", "solve-eqs", "bit-blast", "sat"})
    steps = steps & z3::tactic(context, step);
  z3::solver solver = steps.mk_solver();
  z3::params params(context);
  params.set("timeout", timeout_s * 1000);
  solver.set(params);
  solver.add(formula);
  Solved out;
  out.result = solver.check();
  if (out.result != z3::sat) return out;
  const z3::model model = solver.get_model();
  for (const auto& [name, term] : engine.inputs()) out.values[name] = model.eval(term, true).get_numeral_uint64();
  return out;
}

// A script of one question after the other, each about several formulas: whether any of them can be true. What a
// question costs beside its formulas is saved, and no question becomes too large.
struct Script {
  std::string text;
  std::size_t questions = 0;
};

Script script(z3::context& context, const std::vector<z3::expr>& formulas) {
  constexpr std::size_t at_once = 8;
  Script out;
  for (std::size_t i = 0; i < formulas.size(); i += at_once) {
    z3::expr_vector some(context);
    for (std::size_t j = i; j < std::min(i + at_once, formulas.size()); ++j) some.push_back(formulas[j]);
    z3::solver solver(context);
    solver.add(z3::mk_or(some));
    out.text += (i == 0 ? "(set-logic QF_BV)\n" : "(reset)\n(set-logic QF_BV)\n") + solver.to_smt2();
    ++out.questions;
  }
  return out;
}

// What of a theorem is to be shown impossible, path by path, and what Z3 says to it.
struct Search {
  z3::check_result result = z3::unsat;
  Values counterexample, example;
  bool has_example = false;
  std::size_t paths = 0;
  std::vector<z3::expr> obligations;
};

Search search(Engine& engine, const Theorem& theorem, bool broken, unsigned timeout_s) {
  Search out;
  const auto code = [&] {
    Proof proof(broken);
    return theorem.symbolic(proof).term();
  };
  engine.explore(code, [&](const Path& path) {
    const z3::expr wrong = path.inputs && !path.goal;
    out.obligations.push_back(wrong);
    Solved solved = solve(engine, wrong, timeout_s);
    if (solved.result != z3::unsat) {
      out.result = solved.result;
      out.counterexample = std::move(solved.values);
      return false;
    }
    if (!broken && !out.has_example) {
      Solved seen = solve(engine, path.inputs && path.about, timeout_s);
      out.has_example = seen.result == z3::sat;
      out.example = std::move(seen.values);
    }
    return true;
  });
  out.paths = engine.paths();
  out.obligations.insert(out.obligations.end(), engine.impossible().begin(), engine.impossible().end());
  return out;
}

// Memory that another process can read as a file.
int memory_with(const std::string& text) {
  const int fd = memfd_create("question", MFD_CLOEXEC);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = write(fd, text.data() + at, text.size() - at);
    if (n < 0) throw std::runtime_error("there is no memory for a question to cvc5");
    at += static_cast<std::size_t>(n);
  }
  return fd;
}

// What cvc5 says about the script. It ends with this process, however that ends.
std::string run_cvc5(const std::string& script, unsigned timeout_s) {
  constexpr int no_such_command = 127;
  const std::string limit = "--tlimit-per=" + std::to_string(timeout_s * 1000);
  const int question = memory_with(script);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cvc5 cannot be started");
  const pid_t self = getpid(), pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != self) _exit(1);
    dup2(question, STDIN_FILENO), dup2(ends[1], STDOUT_FILENO), dup2(ends[1], STDERR_FILENO);
    execlp("cvc5", "cvc5", "--lang=smt2", "--bitblast=eager", limit.c_str(), "/dev/stdin", nullptr);
    _exit(no_such_command);
  }
  close(question), close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t n = 0; pid > 0 && (n = read(ends[0], buffer, sizeof buffer)) != 0;) {
    if (n > 0) said.append(buffer, static_cast<std::size_t>(n));
    if (n < 0 && errno != EINTR) break;
  }
  close(ends[0]);
  int status = 0;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (pid < 0) throw std::runtime_error("cvc5 cannot be started");
  if (WIFEXITED(status) && WEXITSTATUS(status) == no_such_command) {
    throw std::runtime_error("cvc5 is not installed (Debian's package cvc5)");
  }
  return said;
}

Decision ask_cvc5(const Script& script, unsigned timeout_s) {
  const Stopwatch watch(RUSAGE_CHILDREN);
  const std::string said = run_cvc5(script.text, timeout_s);
  std::istringstream lines(said);
  std::size_t unsat = 0;
  Answer answer = Answer::proved;
  for (std::string line; std::getline(lines, line);) {
    unsat += line == "unsat";
    if (line == "sat") answer = Answer::refuted;
  }
  if (answer == Answer::proved && unsat != script.questions) answer = Answer::unknown;
  return {answer, watch.seconds()};
}

Answer answer_of(z3::check_result result) {
  return result == z3::unsat ? Answer::proved : result == z3::sat ? Answer::refuted : Answer::unknown;
}

struct Replayed {
  bool goal, assumed;
  std::vector<std::pair<std::string, std::string>> shown;
};
Replayed replay(const Theorem& theorem, const Values& values, bool broken) {
  Replay source(broken, values);
  const bool goal = theorem.concrete(source);
  return {goal, source.assumed(), source.shown()};
}

}  // namespace

std::string print(Answer answer) {
  switch (answer) {
    case Answer::proved:
      return "proved";
    case Answer::refuted:
      return "refuted";
    case Answer::unknown:
      return "unknown";
    case Answer::not_asked:
      return "-";
  }
  return "";
}

bool Proven::good() const {
  return z3.answer == Answer::proved && (cvc5.answer == Answer::proved || cvc5.answer == Answer::not_asked) &&
         example.confirmed && of_broken.confirmed;
}

std::string smt_lib(const Theorem& theorem) {
  Engine engine;
  return script(engine.context(), search(engine, theorem, false, Options{}.timeout_s).obligations).text;
}

namespace {

void prove_right(const Theorem& theorem, const Options& options, Proven& out) {
  const Stopwatch watch;
  Engine engine;
  const Search found = search(engine, theorem, false, options.timeout_s);
  out.paths = found.paths;
  out.obligations = found.obligations.size();
  out.z3 = {answer_of(found.result), watch.seconds()};
  if (found.result == z3::sat) {
    const Replayed again = replay(theorem, found.counterexample, false);
    out.counterexample = {true, found.counterexample, again.shown, again.assumed && !again.goal};
  }
  if (found.has_example) {
    const Replayed again = replay(theorem, found.example, false);
    out.example = {true, found.example, again.shown, again.assumed && again.goal};
  }
  if (!options.cross_check) return;
  out.cvc5 = ask_cvc5(script(engine.context(), found.obligations), options.timeout_s);
}

void refute_broken(const Theorem& theorem, const Options& options, Proven& out) {
  const Stopwatch watch;
  Engine engine;
  const Search found = search(engine, theorem, true, options.timeout_s);
  if (found.result == z3::sat) {
    const Replayed broken = replay(theorem, found.counterexample, true);
    const Replayed right = replay(theorem, found.counterexample, false);
    out.of_broken = {true, found.counterexample, broken.shown,
                     broken.assumed && !broken.goal && (right.goal || !right.assumed)};
  }
  out.broken_seconds = watch.seconds();
}

}  // namespace

Proven prove(const Theorem& theorem, const Options& options) {
  Proven out;
  out.name = theorem.name;
  prove_right(theorem, options, out);
  refute_broken(theorem, options, out);
  return out;
}

}  // namespace oftwin::prove
