// Traces as bytes: whatever the bytes are, they are a trace, and that trace survives both of its forms.
#include "harness/binary.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>

#include "harness/files.h"
#include "harness/generator.h"
#include "harness/source.h"
#include "harness/trace_text.h"

namespace oftwin::harness {
namespace {

void expect_survives(Trace t, std::uint64_t seed) {
  normalize(t);
  Trace again = decode_binary(encode_binary(t));
  ASSERT_TRUE(again.events == t.events && again.config == t.config) << "binary, seed " << seed << "\n"
                                                                    << print_trace(t);
  std::string text = print_trace(t);
  Trace read = parse_trace(text);
  ASSERT_TRUE(read == t) << "text, seed " << seed << "\n" << text << "\nread back as\n" << print_trace(read);
}

TEST(Binary, generated_traces_survive_both_forms) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    expect_survives(generate(seed), seed);
    if (HasFatalFailure()) return;
  }
}

// Else the model would be refused by nothing where an implementation sees success.
TEST(Binary, a_choice_of_table_that_is_refused_without_an_error_is_the_first_table) {
  Trace t = generate(1);
  t.events = {Event{1, event::ProviderChooseTable{Error{}}}};
  const Trace read = decode_binary(encode_binary(t));
  ASSERT_EQ(read.events.size(), 1u);
  EXPECT_TRUE(read.events[0].body == EventBody{event::ProviderChooseTable{std::uint8_t{0}}});
}

TEST(Binary, any_bytes_are_a_trace) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    RandomSource source(seed);
    Bytes bytes(source.below(400));
    bool small = source.chance(50);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(source.below(small ? 40 : 256));
    expect_survives(decode_binary(bytes), seed);
    if (HasFatalFailure()) return;
  }
}

TEST(Binary, cut_and_flipped_traces_are_traces) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    RandomSource source(seed);
    Bytes bytes = encode_binary(generate(seed));
    bytes.resize(source.below(bytes.size() + 1));
    for (int i = 0; i < 8 && !bytes.empty(); ++i) {
      bytes[source.below(bytes.size())] = static_cast<std::uint8_t>(source.below(256));
    }
    expect_survives(decode_binary(bytes), seed);
    if (HasFatalFailure()) return;
  }
}

std::size_t offset_of_error(const Bytes& bytes) {
  try {
    decode_binary(bytes, Damage::refuse);
  } catch (const BinaryError& e) { return e.offset; }
  return SIZE_MAX;
}

TEST(Binary, a_file_that_is_cut_anywhere_or_goes_on_is_refused_with_the_place) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Bytes bytes = encode_binary(generate(seed));
    EXPECT_EQ(offset_of_error(bytes), SIZE_MAX) << "seed " << seed;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(offset_of_error(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))), size)
          << "seed " << seed;
    }
    bytes.push_back(0);
    EXPECT_EQ(offset_of_error(bytes), bytes.size() - 1) << "seed " << seed;
  }
}

TEST(Binary, the_seeds_of_campaigns_are_whole_traces_of_this_version) {
  std::size_t seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(OFTWIN_SOURCE_DIR "/corpus/fuzz-seeds")) {
    if (entry.path().extension() != ".bin") continue;
    const std::string content = read_file(entry.path().string());
    EXPECT_TRUE(is_binary_trace(as_bytes(content))) << entry.path();
    EXPECT_EQ(offset_of_error(Bytes(content.begin(), content.end())), SIZE_MAX) << entry.path();
    ++seeds;
  }
  EXPECT_GE(seeds, 30u);
}

TEST(Binary, a_file_is_recognised_by_how_it_begins) {
  EXPECT_TRUE(is_binary_trace(encode_binary(Trace{})));
  EXPECT_FALSE(is_binary_trace(Bytes{'O', 'F', 'T', 'B'}));
  EXPECT_FALSE(is_binary_trace(Bytes{}));
}

}  // namespace
}  // namespace oftwin::harness
