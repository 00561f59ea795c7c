// For tests: `oftwin serve` in a process of its own, and the tools that talk to it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace oftwin::cli {

// A program that runs beside the test, killed at the end of its life. What it prints goes to a file.
class Process {
 public:
  Process(std::vector<std::string> command, std::string output_file,
          std::map<std::string, std::string> environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return pid_; }
  bool running();
  // With the signal (0: waits for it to end by itself). The exit code; -1: a signal ended it, or it did not end in 20
  // s.
  int stop(int signal);
  std::string output() const;

 private:
  std::string output_file_;
  pid_t pid_ = -1;
  int code_ = -1;
};

// Looks every few milliseconds; false: not within so many seconds.
template <class Condition>
bool wait_for(Condition condition, double seconds = 15);
bool wait_for_step(double& left);  // of wait_for
std::uint16_t free_port();         // on loopback

class Serving {
 public:
  // Listens on a free port and on br0.mgmt and br0.snoop in a folder of its own.
  explicit Serving(std::vector<std::string> more = {});
  ~Serving();

  const std::string& folder() const { return folder_; }
  std::string tcp() const { return "tcp:127.0.0.1:" + std::to_string(port_); }
  std::string unix_socket() const { return "unix:" + folder_ + "/br0.mgmt"; }
  std::uint16_t port() const { return port_; }
  // ovs-ofctl with these arguments, which must end with this code: what it printed, without times and transaction ids.
  std::string ofctl(const std::vector<std::string>& arguments, int code = 0);
  std::vector<std::string> ofctl_command(const std::vector<std::string>& arguments) const;
  std::map<std::string, std::string> ofctl_environment() const { return {{"OVS_RUNDIR", folder_}}; }
  std::uint64_t resident_kb() const;
  std::vector<pid_t> children() const;  // processes that it has started

  // Ends it. Its exit code must be 0, and its summary must tell no divergence. The numbers of the summary.
  std::map<std::string, double> stop();
  // The same for any exit code.
  int stop_anyhow();
  std::string log() const { return folder_ + "/log"; }
  std::string printed() const { return process_->output(); }

 private:
  std::string folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

template <class Condition>
bool wait_for(Condition condition, double seconds) {
  while (!condition()) {
    if (!wait_for_step(seconds)) return condition();
  }
  return true;
}

}  // namespace oftwin::cli
