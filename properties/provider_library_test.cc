// Providers are taken or refused by what they say of themselves, and the correct one in examples/ agrees.
#include "harness/subject/provider_library.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "harness/generator.h"
#include "harness/lockstep.h"
#include "harness/subject/provider.h"

extern "C" const oft_provider* provider_of_c99();

namespace oftwin::harness {
namespace {

const std::string kProviderC = OFTWIN_PROVIDER_C;

oft_provider correct() { return ProviderLibrary(kProviderC).table(); }

std::string refusal(const oft_provider* given) {
  try {
    usable_table(given);
  } catch (const ProviderRefused& why) { return why.what(); }
  return "";
}

TEST(ProviderLibrary, the_header_is_the_same_in_c99) {
  const oft_provider& c = *provider_of_c99();
  EXPECT_EQ(c.size, sizeof(oft_provider));
  EXPECT_EQ(c.abi_minor, OFT_PROVIDER_ABI_MINOR);
}

TEST(ProviderLibrary, another_major_version_is_refused_with_words) {
  oft_provider other = correct();
  EXPECT_EQ(refusal(&other), "");
  other.abi_major = 2;
  EXPECT_NE(refusal(&other).find("built for major version 2"), std::string::npos) << refusal(&other);
}

TEST(ProviderLibrary, a_newer_minor_version_is_refused_with_words) {
  oft_provider newer = correct();
  newer.abi_minor = OFT_PROVIDER_ABI_MINOR + 1;
  EXPECT_NE(refusal(&newer).find("knows no more than 1.2"), std::string::npos) << refusal(&newer);
}

TEST(ProviderLibrary, what_makes_no_sense_is_refused_with_words) {
  EXPECT_NE(refusal(nullptr).find("NULL"), std::string::npos);
  oft_provider t = correct();
  t.size = 48;
  EXPECT_NE(refusal(&t).find("48"), std::string::npos) << refusal(&t);
  t = correct();
  t.rule_destruct = nullptr;
  EXPECT_NE(refusal(&t).find("rule_destruct() is NULL"), std::string::npos) << refusal(&t);
  t = correct();
  t.test_set_ports = nullptr;
  EXPECT_NE(refusal(&t).find("one and not the other"), std::string::npos) << refusal(&t);
  EXPECT_THROW(ProviderLibrary("/there/is/none.so"), ProviderRefused);
}

// Behind its end an older table has whatever the compiler put there.
TEST(ProviderLibrary, an_older_minor_version_has_null_where_it_has_nothing) {
  const std::size_t sizes[] = {offsetof(oft_provider, set_eviction_threshold), offsetof(oft_provider, test_set_ports)};
  for (std::uint32_t minor = 0; minor < 2; ++minor) {
    std::vector<unsigned char> memory(sizeof(oft_provider) + 64, 0xa5);
    oft_provider older = correct();
    older.abi_minor = minor;
    older.size = static_cast<std::uint32_t>(sizes[minor]);
    std::memcpy(memory.data(), &older, sizes[minor]);
    oft_provider given;
    std::memcpy(&given, memory.data(), sizeof given);
    const oft_provider table = usable_table(&given);
    EXPECT_EQ(table.size, sizeof table);
    EXPECT_EQ(table.test_inject, nullptr);
    EXPECT_EQ(table.test_set_ports, nullptr);
    if (minor == 0) { EXPECT_EQ(table.set_eviction_threshold, nullptr); }
    EXPECT_EQ(table.set_drop_frags, older.set_drop_frags);
  }
}

// One symbol is given out, and nothing is wanted but the C library's.
TEST(ProviderLibrary, the_example_exports_one_function) {
  std::string symbols;
  FILE* nm = popen(("nm -D --defined-only -j " + kProviderC).c_str(), "r");
  ASSERT_NE(nm, nullptr);
  char line[256];
  while (fgets(line, sizeof line, nm) != nullptr) symbols += line;
  pclose(nm);
  EXPECT_EQ(symbols, "oft_provider_get\n");
}

class ExampleAgrees : public testing::TestWithParam<const char*> {};

TEST_P(ExampleAgrees, on_generated_traces) {
  ProviderOptions options;
  options.path = kProviderC;
  if (*GetParam() != '\0') options.options = GetParam();
  const auto subject = make_provider_subject(options);
  Lockstep lockstep(*subject, {});
  GeneratorOptions what;
  what.scripted = false;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const Trace trace = generate(seed, what);
    const auto found = lockstep.run(trace.config, trace.events);
    ASSERT_FALSE(found) << "seed " << seed << " event " << found->event_index << ": " << found->note;
  }
  const ProviderCounts counts = subject->counts();
  EXPECT_GT(counts.at_once + counts.late, 1000u);
  EXPECT_GT(counts.transmitted, 100u);
  EXPECT_GT(counts.injected, 1000u);
}

INSTANTIATE_TEST_SUITE_P(Options, ExampleAgrees, testing::Values("", "late"),
                         [](const auto& p) { return std::string(*p.param ? p.param : "at_once"); });

}  // namespace
}  // namespace oftwin::harness
