// The seeded bugs of properties/mutants/ can still be put into the tree as it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> patches() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(fs::path(OFTWIN_SOURCE_DIR) / "properties/mutants")) {
    if (entry.path().extension() == ".patch") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool applies(const fs::path& patch) {
  const std::string command = "cd '" OFTWIN_SOURCE_DIR "' && git apply --check '" + patch.string() + "'";
  return std::system(command.c_str()) == 0;
}

TEST(Mutants, every_patch_applies_and_breaks_a_subject_only) {
  ASSERT_GE(patches().size(), 20u);
  for (const fs::path& patch : patches()) {
    EXPECT_TRUE(applies(patch)) << patch;
    std::ifstream in(patch);
    std::string line;
    ASSERT_TRUE(std::getline(in, line) && !line.empty()) << patch << " does not say what it breaks";
    while (std::getline(in, line)) {
      if (!line.starts_with("+++ ")) continue;
      EXPECT_TRUE(line.starts_with("+++ b/impl/") || line.starts_with("+++ b/datapath-sim/")) << patch << ": " << line;
    }
  }
}

TEST(Mutants, a_patch_that_does_not_apply_is_noticed) {
  const fs::path bad = fs::temp_directory_path() / "oftwin-bad.patch";
  std::ofstream(bad) << "--- a/impl/switch.h\n+++ b/impl/switch.h\n@@ -1 +1 @@\n-what is not there\n+what would be\n";
  EXPECT_FALSE(applies(bad));
  fs::remove(bad);
}

}  // namespace
