// Outputs: what may be replaced and what may not, disks that are full, folders that are none. Nothing that could not be
// written goes unnoticed, and nothing is lost that was there.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Ran {
  int code = -1;
  std::string output;  // what was written to the pipe
};

Ran shell(const std::string& line) {
  Ran ran;
  std::FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return ran;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) ran.output += static_cast<char>(c);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
  return ran;
}

Ran oftwin(const std::string& arguments) { return shell(OFTWIN_COMMAND " " + arguments + " 2>&1 </dev/null"); }

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

class Outputs : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("oftwin-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::ofstream(path("a.trace")) << "\nc1 barrier_request\n";
    converted_ = oftwin("convert " + path("a.trace") + " -").output;
    ASSERT_NE(converted_.find("barrier_request"), std::string::npos);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  Ran convert_to(const std::string& out) const { return oftwin("convert " + path("a.trace") + " " + out); }

  fs::path folder_;
  std::string converted_;
};

TEST_F(Outputs, standard_output_that_is_full_is_exit_code_2) {
  const std::string trace = path("a.trace");
  for (const std::string& command :
       std::vector<std::string>{"convert " + trace + " -", "check " + trace, "check --json - " + trace,
                                "check --verdict - " + trace, "replay " + trace, "clause", "clause ADD-8",
                                "coverage " + trace, "explore --list", "prove --list", "check --help", "--version"}) {
    const Ran ran = shell(OFTWIN_COMMAND " " + command + " 2>&1 >/dev/full </dev/null");
    EXPECT_EQ(ran.code, 2) << command;
    EXPECT_NE(ran.output.find("No space left on device"), std::string::npos) << command << ": " << ran.output;
  }
}

TEST_F(Outputs, a_fifo_is_written_through) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = slurp(path("fifo")); });
  EXPECT_EQ(convert_to(path("fifo")).code, 0);
  reader.join();
  EXPECT_EQ(read, converted_);
  EXPECT_TRUE(fs::is_fifo(path("fifo")));
}

TEST_F(Outputs, a_device_is_written_through) {
  const Ran full = convert_to("/dev/full");
  EXPECT_EQ(full.code, 2);
  EXPECT_NE(full.output.find("/dev/full: No space left on device"), std::string::npos) << full.output;
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  EXPECT_EQ(convert_to("/dev/null").code, 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(convert_to("/dev/stdout").output, converted_);
}

TEST_F(Outputs, links_are_followed_and_stay) {
  fs::create_directory(path("there"));
  std::ofstream(path("there/old.trace")) << "old";
  fs::create_symlink("there/old.trace", path("link.trace"));
  fs::create_symlink("there/new.trace", path("dangling.trace"));
  for (const char* link : {"link.trace", "dangling.trace"}) {
    EXPECT_EQ(convert_to(path(link)).code, 0);
    EXPECT_TRUE(fs::is_symlink(path(link))) << link;
    EXPECT_EQ(slurp(path(link)), converted_) << link;
  }
  fs::create_hard_link(path("there/old.trace"), path("twin.trace"));
  std::ofstream(path("there/old.trace")) << "old";
  EXPECT_EQ(convert_to(path("twin.trace")).code, 0);
  EXPECT_EQ(slurp(path("there/old.trace")), converted_);
}

TEST_F(Outputs, a_file_keeps_its_mode_and_a_new_one_has_that_of_the_umask) {
  std::ofstream(path("old.trace")) << "old";
  ASSERT_EQ(chmod(path("old.trace").c_str(), 0600), 0);
  EXPECT_EQ(convert_to(path("old.trace")).code, 0);
  EXPECT_EQ(slurp(path("old.trace")), converted_);
  const auto mode = [&](const std::string& name) {
    struct stat status{};
    return stat(path(name).c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  };
  EXPECT_EQ(mode("old.trace"), 0600u);
  EXPECT_EQ(shell("umask 027; " OFTWIN_COMMAND " convert " + path("a.trace") + " " + path("new.trace")).code, 0);
  EXPECT_EQ(mode("new.trace"), 0640u);
}

TEST_F(Outputs, on_a_full_disk_the_old_file_stays_and_nothing_is_left_beside_it) {
  std::ofstream(path("old.trace")) << "old";
  std::string large = "\n";
  for (int i = 0; i < 300; ++i) large += "c1 flow_mod add priority=" + std::to_string(i) + " actions=drop\n\n";
  std::ofstream(path("large.trace")) << large;
  const Ran ran =
      shell("ulimit -f 1; " OFTWIN_COMMAND " convert " + path("large.trace") + " " + path("old.trace") + " 2>&1");
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.output.find("old.trace: File too large"), std::string::npos) << ran.output;
  EXPECT_EQ(slurp(path("old.trace")), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 3);
}

TEST_F(Outputs, what_cannot_be_written_is_refused_before_the_work) {
  std::ofstream(path("file")) << "in the way";
  const std::string below = path("file") + "/x";
  const std::string check = "check --time 600 ";
  for (const std::string& command :
       std::vector<std::string>{check + "--out " + below, check + "--json " + below, check + "--junit " + below,
                                check + "--verdict " + below + ".txt", "fuzz --out " + below, "explore --out " + below,
                                "coverage --random 1000000000 --json " + below, "prove --all --json " + below,
                                "check --probe --subject tcp:127.0.0.1:1 -o " + below,
                                "serve --listen punix:" + path("s") + " --json " + below}) {
    const Ran ran = oftwin(command);
    EXPECT_EQ(ran.code, 2) << command;
    EXPECT_NE(ran.output.find("Not a directory"), std::string::npos) << command << ": " << ran.output;
  }
  EXPECT_NE(oftwin(check + "--json " + folder_.string()).output.find("Is a directory"), std::string::npos);
  EXPECT_EQ(slurp(path("file")), "in the way");
}

// The default folder is nobody's wish: what cannot be saved there is printed, and said to be nowhere else.
TEST_F(Outputs, a_finding_that_cannot_be_saved_is_printed) {
  std::ofstream(path("out")) << "in the way";
  const Ran ran = shell("cd " + folder_.string() + " && " OFTWIN_COMMAND " check --random 30 --subject provider:" +
                        OFTWIN_EXAMPLES "/broken_forgets_the_priority.so 2>&1 </dev/null");
  EXPECT_EQ(ran.code, 1) << ran.output;
  EXPECT_NE(ran.output.find("a trace could not be saved"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("flow_mod add"), std::string::npos) << ran.output;
}

}  // namespace
