// For tests: the command from outside, in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace oftwin::cli {

struct Ran {
  int code = -1;
  std::string output;  // both streams
  bool says(std::string_view text) const { return output.find(text) != std::string::npos; }
};

class CommandRunner : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              (std::string("oftwin-") + info->test_suite_name() + "-" + info->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Ran run_line(const std::string& line) {
    Ran ran;
    FILE* pipe = popen((line + " 2>&1 </dev/null").c_str(), "r");
    if (!pipe) return ran;
    std::array<char, 4096> buffer;
    while (std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) ran.output.append(buffer.data(), n);
    const int status = pclose(pipe);
    if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
    return ran;
  }
  static Ran run(const std::string& arguments) { return run_line(std::string(OFTWIN_COMMAND) + " " + arguments); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return path(name);
  }
  static std::string slurp(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  static std::string corpus(const std::string& name) { return std::string(OFTWIN_SOURCE_DIR) + "/corpus/" + name; }

  std::filesystem::path folder_;
};

}  // namespace oftwin::cli
