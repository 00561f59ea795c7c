#include "cli/serving.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

namespace oftwin::cli {

namespace {

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

[[noreturn]] void become(const std::vector<std::string>& command, const std::string& output_file,
                         const std::map<std::string, std::string>& environment) {
  const int out = ::open(output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

}  // namespace

Process::Process(std::vector<std::string> command, std::string output_file,
                 std::map<std::string, std::string> environment)
    : output_file_(std::move(output_file)), pid_(::fork()) {
  if (pid_ == 0) become(command, output_file_, environment);
}

Process::~Process() {
  if (running()) stop(SIGKILL);
}

bool Process::running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  pid_ = -1;
  return false;
}

int Process::stop(int signal) {
  if (running() && signal != 0) ::kill(pid_, signal);
  if (!wait_for([this] { return !running(); }, 20)) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  return code_;
}

std::string Process::output() const { return slurp(output_file_); }

bool wait_for_step(double& left) {
  constexpr double step = 0.01;
  ::usleep(static_cast<useconds_t>(step * 1e6));
  return (left -= step) > 0;
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

Serving::Serving(std::vector<std::string> more) {
  std::string name = (std::filesystem::temp_directory_path() / "oftwin-serve.XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  folder_ = name;
  std::vector<std::string> command = {OFTWIN_COMMAND, "serve",
                                      "--listen",     "ptcp:0",
                                      "--listen",     "punix:" + folder_ + "/br0.mgmt",
                                      "--snoop",      "punix:" + folder_ + "/br0.snoop",
                                      "--log",        folder_ + "/log",
                                      "--json",       folder_ + "/summary.json"};
  command.insert(command.end(), more.begin(), more.end());
  process_ = std::make_unique<Process>(command, folder_ + "/printed");
  std::smatch found;
  const std::regex line("listening on ptcp:([0-9]+):127\\.0\\.0\\.1\n(.*\n)*listening on punix:.*snoop\n");
  std::string text;
  EXPECT_TRUE(wait_for([&] { return std::regex_search(text = printed(), found, line) || !process_->running(); }));
  EXPECT_FALSE(found.empty()) << text;
  if (!found.empty()) port_ = static_cast<std::uint16_t>(std::stoi(found[1]));
}

Serving::~Serving() {
  process_.reset();
  std::filesystem::remove_all(folder_);
}

std::vector<std::string> Serving::ofctl_command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> out = {"ovs-ofctl", "--timeout=60"};
  out.insert(out.end(), arguments.begin(), arguments.end());
  return out;
}

std::string Serving::ofctl(const std::vector<std::string>& arguments, int code) {
  Process tool(ofctl_command(arguments), folder_ + "/tool", ofctl_environment());
  const int ended = tool.stop(0);
  std::string text = tool.output();
  std::string all;
  for (const std::string& word : arguments) all += " " + word;
  EXPECT_EQ(ended, code) << "ovs-ofctl" << all << "\n" << text;
  text = std::regex_replace(text, std::regex(" \\(xid=0x[0-9a-f]+\\)"), "");
  return std::regex_replace(text, std::regex("duration=[0-9.]+s, "), "");
}

std::uint64_t Serving::resident_kb() const {
  const std::string status = slurp("/proc/" + std::to_string(process_->id()) + "/status");
  std::smatch found;
  return std::regex_search(status, found, std::regex("VmRSS:\\s+([0-9]+)")) ? std::stoull(found[1]) : 0;
}

std::vector<pid_t> Serving::children() const {
  const std::string id = std::to_string(process_->id());
  std::istringstream in(slurp("/proc/" + id + "/task/" + id + "/children"));
  std::vector<pid_t> out;
  for (pid_t child = 0; in >> child;) out.push_back(child);
  return out;
}

int Serving::stop_anyhow() { return process_->stop(SIGTERM); }

std::map<std::string, double> Serving::stop() {
  EXPECT_EQ(stop_anyhow(), 0) << printed();
  const auto json = nlohmann::json::parse(slurp(folder_ + "/summary.json"), nullptr, false);
  std::map<std::string, double> out;
  EXPECT_TRUE(json.is_object());
  if (json.is_object()) out = json.get<std::map<std::string, double>>();
  EXPECT_EQ(out["divergences"], 0) << printed();
  EXPECT_FALSE(std::filesystem::exists(log())) << "a divergence was logged";
  return out;
}

}  // namespace oftwin::cli
