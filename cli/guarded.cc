// The inside of a process with somebody else's code in it: what it keeps to, and what it leaves behind when it is lost.
#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <new>
#include <string>
#include <typeinfo>

#include "cli/isolate.h"

namespace oftwin::cli {
namespace {

// Of a guarded child; for its signal handler.
int words_fd = -1;
Facts* facts_of_this = nullptr;
pid_t the_one = 0;
void (*begin_calls)(Facts&) = nullptr;
void (*describe_fault)(Facts&, const void*) = nullptr;
bool (*took_most)() = nullptr;
constexpr int kFaults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

void say_where(int signal, siginfo_t* info, void*) {
  auto none = Facts::Fault::none;
  facts_of_this->fault.compare_exchange_strong(none, Facts::Fault::signal);
  if (describe_fault) describe_fault(*facts_of_this, signal == SIGABRT ? nullptr : info->si_addr);
  facts_of_this->frames = lseek(words_fd, 0, SEEK_END) + 1;
  void* frames[48];
  const int n = backtrace(frames, static_cast<int>(std::size(frames)));
  backtrace_symbols_fd(frames, n, words_fd);
  std::signal(signal, SIG_DFL);
  raise(signal);
}

std::string name_of_exception() {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "an exception";
  int status = 0;
  char* const name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
  const std::string out = status == 0 ? name : type->name();
  std::free(name);
  return out;
}

void note(Facts& facts, Facts::Fault fault, const std::string& what) {
  facts.fault = fault;
  std::snprintf(facts.what, sizeof facts.what, "%s", what.c_str());
}

// An exception came to where none may pass: the stack is still that of who threw it.
[[noreturn]] void note_uncaught() {
  try {
    if (std::current_exception()) throw;
  } catch (const std::bad_alloc&) {
    facts_of_this->hosts = took_most != nullptr && took_most();
    note(*facts_of_this, Facts::Fault::no_memory, "");
  } catch (const std::exception& e) {
    note(*facts_of_this, Facts::Fault::exception, name_of_exception() + ": " + e.what());
  } catch (...) { note(*facts_of_this, Facts::Fault::exception, name_of_exception()); }
  std::abort();
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

void note_exception(Facts& facts, const std::exception& e) {
  const bool memory = dynamic_cast<const std::bad_alloc*>(&e) != nullptr;
  facts.hosts = !memory || (took_most != nullptr && took_most());
  note(facts, memory ? Facts::Fault::no_memory : Facts::Fault::exception, e.what());
}

void be_another_one() {
  static Facts own;
  if (the_one == 0 || the_one == getpid()) return;
  the_one = getpid();
  facts_of_this = &own;
  words_fd = -1;
  if (begin_calls) begin_calls(own);
}

void must_be_the_one(Facts& facts) {
  if (the_one == 0 || getpid() == the_one) return;
  facts.copied = true;
  _exit(0);
}

void be_guarded(const Guard& guard, int words, Facts& facts) {
  words_fd = out_of_the_way(fcntl(words, F_DUPFD_CLOEXEC, 3));
  facts_of_this = &facts;
  the_one = getpid();
  describe_fault = guard.describe;
  took_most = guard.host_took_most;
  begin_calls = guard.begin;
  if (begin_calls) begin_calls(facts);
  std::set_terminate(note_uncaught);
  if (const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC); nothing >= 0) dup2(nothing, STDIN_FILENO);
  dup2(words, STDOUT_FILENO);
  dup2(words, STDERR_FILENO);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  limit_memory(guard.memory_mb);
  catch_faults();
}

}  // namespace oftwin::cli
