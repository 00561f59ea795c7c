#include "cli/corpus.h"

#include <fmt/format.h>

#include <filesystem>

#include "harness/binary.h"
#include "harness/files.h"

namespace oftwin::cli {
namespace {

std::uint64_t fnv1a(ByteView bytes) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const std::uint8_t byte : bytes) h = (h ^ byte) * 0x100000001b3u;
  return h;
}

}  // namespace

void CorpusFolder::keep(const std::vector<harness::Trace>& traces) {
  for (; kept_ < traces.size(); ++kept_) {
    const Bytes bytes = harness::encode_binary(traces[kept_]);
    const std::filesystem::path file = std::filesystem::path(folder_) / fmt::format("{:016x}.bin", fnv1a(bytes));
    if (!std::filesystem::exists(file)) harness::write_file(file.string(), harness::as_text(bytes));
  }
}

}  // namespace oftwin::cli
