// The patches of defects/ can still do what they claim. `defects/run`, which takes minutes, shows that they do it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "properties/explore/invariants.h"
#include "properties/explore/lasso.h"
#include "properties/explore/scope.h"
#include "properties/prove/prove.h"

namespace oftwin {
namespace {

bool starts(const std::string& line, const std::string& with, std::string& rest) {
  if (!line.starts_with(with)) return false;
  rest = line.substr(with.size());
  return true;
}

bool is_invariant(const std::string& name) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(explore::Invariant::count); ++i) {
    if (explore::info(static_cast<explore::Invariant>(i)).name == name) return true;
  }
  return false;
}

bool is_lasso(const std::string& name) {
  using enum explore::LassoKind;
  return std::ranges::any_of(std::array{sleeps, spins, goes_round},
                             [&](explore::LassoKind kind) { return explore::info(kind).name == name; });
}

// The claim names a theorem, an invariant or a lasso and a scope, or a scope.
bool meaningful(const std::string& claim) {
  std::string what;
  if (starts(claim, "breaks: ", what)) {
    return std::ranges::any_of(prove::theorems(), [&](const auto& theorem) { return theorem.name == what; });
  }
  if (starts(claim, "diverges: ", what)) return explore::find_scope(what) != nullptr;
  const bool lasso = starts(claim, "lasso: ", what);
  if (!lasso && !starts(claim, "violates: ", what)) return false;
  const std::size_t in = what.find(" in ");
  if (in == std::string::npos || !explore::find_scope(what.substr(in + 4))) return false;
  what.resize(in);
  return lasso ? is_lasso(what) : is_invariant(what);
}

TEST(Defects, every_patch_applies_and_names_a_check) {
  std::size_t n = 0;
  for (const auto& file : std::filesystem::directory_iterator(OFTWIN_SOURCE_DIR "/properties/defects")) {
    if (file.path().extension() != ".patch") continue;
    ++n;
    std::ifstream in(file.path());
    std::string what, claim;
    std::getline(in, what);
    std::getline(in, claim);
    EXPECT_TRUE(meaningful(claim)) << file.path() << ": " << claim;
    const std::string command = "cd '" OFTWIN_SOURCE_DIR "' && git apply --check '" + file.path().string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << file.path();
  }
  EXPECT_GE(n, 18u);
  EXPECT_FALSE(meaningful("violates: nothing in protocol"));
  EXPECT_FALSE(meaningful("lasso: spins in nowhere"));
  EXPECT_FALSE(meaningful("lasso: no-twins in own"));
}

}  // namespace
}  // namespace oftwin
