// ci/one-definition: the tree and the objects of this build have no name with two definitions, and a seeded pair of
// each kind is seen.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

struct Outcome {
  int code = 0;
  std::string out;
};

Outcome shell(const std::string& command) {
  Outcome outcome;
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  char text[4096];
  while (std::fgets(text, sizeof text, pipe) != nullptr) outcome.out += text;
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

Outcome one_definition(const std::string& arguments) {
  return shell("cd '" OFTWIN_SOURCE_DIR "' && ci/one-definition " + arguments);
}

// Two files with a text each, in a folder of their own.
class Pair {
 public:
  Pair(const std::string& one, const std::string& other, const std::string& ending = ".cc") {
    char name[] = "/tmp/one_definition_XXXXXX";
    folder_ = mkdtemp(name);
    files_[0] = folder_ + "/one" + ending;
    files_[1] = folder_ + "/other" + ending;
    std::ofstream(files_[0]) << one;
    std::ofstream(files_[1]) << other;
  }
  ~Pair() { std::filesystem::remove_all(folder_); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  Outcome sources() const { return one_definition("--sources " + files_[0] + " " + files_[1]); }
  Outcome objects() const {
    for (const std::string& file : files_) {
      const Outcome compiled = shell(OFTWIN_CXX " -std=c++20 -O1 -c " + file + " -o " + file + ".o");
      if (compiled.code != 0) return compiled;
    }
    return one_definition("--objects " + folder_);
  }

 private:
  std::string folder_, files_[2];
};

TEST(one_definition, holds_in_the_tree) {
  const Outcome outcome = one_definition("");
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_EQ(outcome.out, "");
}

TEST(one_definition, holds_in_the_objects_of_this_build) {
  const Outcome outcome = one_definition("--objects '" OFTWIN_BINARY_DIR "'");
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_EQ(outcome.out, "");
}

TEST(one_definition, pair_of_inline_variables_is_seen_in_sources_and_objects) {
  const Pair pair(
      "namespace o { inline constexpr int kFields[] = {1, 2, 3}; }\n"
      "const int* one() { return o::kFields; }\n",
      "namespace o { inline constexpr const char* kFields[] = {\"a\", \"b\"}; }\n"
      "const char* const* other() { return o::kFields; }\n");
  for (const Outcome& outcome : {pair.sources(), pair.objects()}) {
    EXPECT_EQ(outcome.code, 1) << outcome.out;
    EXPECT_NE(outcome.out.find("o::kFields is defined in several places"), std::string::npos) << outcome.out;
  }
}

TEST(one_definition, pair_of_contents_of_one_size_is_seen_in_objects) {
  const Pair pair("namespace o { inline const int kFields[] = {1, 2}; }\nconst int* one() { return o::kFields; }\n",
                  "namespace o { inline const int kFields[] = {1, 3}; }\nconst int* other() { return o::kFields; }\n");
  EXPECT_EQ(pair.objects().code, 1);
}

TEST(one_definition, pair_of_any_other_kind_is_seen_in_sources) {
  const std::pair<const char*, const char*> kinds[] = {
      {"struct S { int a; };", "struct S { long a; };"},
      {"class S { int a; };", "class S { int a, b; };"},
      {"enum class E { red };", "enum class E { blue };"},
      {"union U { int a; };", "union U { long a; };"},
      {"using T = int;", "using T = long;"},
      {"inline int f(int a) { return a; }", "inline int f(int b) { return b + 1; }"},
      {"constexpr int f(int a, int b = 1) { return a + b; }", "constexpr int f(int a, int b = 2) { return a + b; }"},
      {"template <class T>\nT f(const T& a) { return a; }", "template <class T>\nT f(const T& b) { return -b; }"},
      {"template <class T>\nstruct S { T a; };", "template <class T>\nstruct S { T a, b; };"},
  };
  for (const auto& [one, other] : kinds) {
    const Pair pair(std::string("namespace o {\n") + one + "\n}\n", std::string("namespace o {\n") + other + "\n}\n");
    const Outcome outcome = pair.sources();
    EXPECT_EQ(outcome.code, 1) << one << "\n" << outcome.out;
  }
}

TEST(one_definition, what_is_local_or_another_overload_is_no_pair) {
  const std::string local =
      "namespace o {\nnamespace {\nstruct S { int a; };\ntemplate <class T>\nT twice(T x) { return x + x; }\n}\n"
      "static int k() { return 1; }\nconstexpr int kLocal = 1;\n";
  const Pair pair(local + "inline int f(int a) { return a; }\n}\n", local + "inline int f(long a) { return 1; }\n}\n");
  const Outcome outcome = pair.sources();
  EXPECT_EQ(outcome.code, 0) << outcome.out;
}

TEST(one_definition, what_cannot_be_read_is_told) { EXPECT_EQ(one_definition("--objects /nonexistent").code, 2); }

}  // namespace
