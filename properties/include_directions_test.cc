// Who may include whom: reads the #include lines of every room and holds them against the design's table.
//
// The CMake targets keep the same rule at compile time; this test also sees what they cannot: relative paths, includes
// without a room, and headers of a room that another target happens to have on its path.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const std::set<std::string> everything_below_properties = {"spec",          "model",           "impl",
                                                           "harness",       "harness/subject", "harness/net",
                                                           "harness/serve", "harness/live",    "datapath-sim"};

std::set<std::string> with(std::set<std::string> rooms, const std::string& one) {
  rooms.insert(one);
  return rooms;
}

// Room -> what it may include beside itself: a room, or a single header.
const std::map<std::string, std::set<std::string>> may_include = {
    {"spec", {}},
    {"model", {"spec"}},
    {"impl", {"spec"}},
    {"datapath-sim", {"spec", "impl/provider.h"}},
    {"harness", {"spec", "model", "harness/subject/subject.h"}},  // the interface, not the adapters
    {"harness/subject", {"spec", "model", "harness", "impl", "datapath-sim"}},
    {"harness/net", {"spec"}},
    {"harness/live", {"spec", "model", "harness", "harness/net"}},
    {"harness/serve", {"spec", "model", "harness", "harness/subject", "harness/net"}},
    {"fuzz", {"spec", "model", "harness", "harness/subject"}},
    {"properties", everything_below_properties},
    {"cli", with(everything_below_properties, "properties")},  // its proofs and explorations are commands
    {"bench", everything_below_properties},
    {"docs", {"impl/provider.h"}},
    {"examples", {"impl/provider.h"}},
};

// The room that a path (of a file, or in an #include) belongs to; empty if none.
std::string room_of(const std::string& path) {
  std::string best;
  for (const auto& [room, allowed] : may_include) {
    if (path.starts_with(room + "/") && room.size() > best.size()) best = room;
  }
  return best;
}

bool allowed(const std::string& file, const std::string& target) {
  const std::string from = room_of(file), to = room_of(target);
  if (file == "impl/provider.h") return false;  // plain C, alone
  if (from == to) return true;
  const std::set<std::string>& list = may_include.at(from);
  return list.contains(to) || list.contains(target);
}

// One line for each #include of `text` that the table forbids.
std::vector<std::string> violations(const std::string& file, const std::string& text) {
  static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<std::string> out;
  std::istringstream lines(text);
  std::string line;
  for (unsigned n = 1; std::getline(lines, line); ++n) {
    std::smatch m;
    if (!std::regex_search(line, m, include)) continue;
    const std::string target = m[2];
    const std::string where = file + ":" + std::to_string(n) + ": ";
    if (target.find("..") != std::string::npos) {
      out.push_back(where + target + " is a relative path");
    } else if (room_of(target).empty()) {
      if (m[1] == "\"") out.push_back(where + target + " names no room; write \"room/file.h\"");
    } else if (!allowed(file, target)) {
      out.push_back(where + room_of(file) + " may not include " + target);
    }
  }
  return out;
}

std::vector<fs::path> sources() {
  std::vector<fs::path> out;
  for (const auto& [room, allowed] : may_include) {
    const fs::path dir = fs::path(OFTWIN_SOURCE_DIR) / room;
    if (room.find('/') != std::string::npos || !fs::exists(dir)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".h" || extension == ".cc" || extension == ".c" || extension == ".inc") {
        out.push_back(fs::relative(entry.path(), OFTWIN_SOURCE_DIR));
      }
    }
  }
  return out;
}

TEST(IncludeDirections, every_room_includes_only_what_the_design_allows) {
  const std::vector<fs::path> files = sources();
  ASSERT_GT(files.size(), 20u);
  for (const fs::path& file : files) {
    std::ifstream in(fs::path(OFTWIN_SOURCE_DIR) / file);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    for (const std::string& violation : violations(file.generic_string(), text)) ADD_FAILURE() << violation;
  }
}

// The check itself can fail: each of these seeded violations is seen, and what is allowed is not.
TEST(IncludeDirections, a_seeded_violation_is_detected) {
  EXPECT_EQ(violations("model/step.cc", "#include \"impl/switch.h\"\n").size(), 1u);
  EXPECT_EQ(violations("impl/decode.cc", "\n#include \"model/match.h\"\n").size(), 1u);
  EXPECT_EQ(violations("impl/decode.cc", "#  include <model/match.h>\n").size(), 1u);
  EXPECT_EQ(violations("spec/match.h", "#include \"model/match.h\"\n").size(), 1u);
  EXPECT_EQ(violations("datapath-sim/queue.cc", "#include \"impl/switch.h\"\n").size(), 1u);
  EXPECT_EQ(violations("harness/lockstep.cc", "#include \"impl/switch.h\"\n").size(), 1u);
  EXPECT_EQ(violations("harness/lockstep.cc", "#include \"harness/subject/builtin.h\"\n").size(), 1u);
  EXPECT_EQ(violations("fuzz/mutate.cc", "#include \"impl/switch.h\"\n").size(), 1u);
  EXPECT_EQ(violations("model/step.cc", "#include \"../impl/switch.h\"\n").size(), 1u);
  EXPECT_EQ(violations("model/step.cc", "#include \"step.h\"\n").size(), 1u);
  EXPECT_EQ(violations("impl/provider.h", "#include \"spec/match.h\"\n").size(), 1u);
}

TEST(IncludeDirections, what_the_design_allows_is_allowed) {
  EXPECT_TRUE(violations("model/step.cc", "#include \"model/step.h\"\n#include \"spec/event.h\"\n").empty());
  EXPECT_TRUE(violations("model/step.cc", "#include <vector>\n").empty());
  EXPECT_TRUE(violations("datapath-sim/queue.cc", "#include \"impl/provider.h\"\n").empty());
  EXPECT_TRUE(violations("harness/subject/builtin.cc", "#include \"impl/switch.h\"\n").empty());
  EXPECT_TRUE(violations("cli/check.cc", "#include \"harness/subject/builtin.h\"\n").empty());
}

}  // namespace
