// Writes generated traces, in binary, as seeds for a corpus: fuzz_seeds DIR FIRST_SEED COUNT.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "harness/binary.h"
#include "harness/generator.h"

int main(int argc, char** argv) {
  using namespace oftwin;
  if (argc != 4) {
    std::fputs("usage: fuzz_seeds DIR FIRST_SEED COUNT\n", stderr);
    return 2;
  }
  const std::filesystem::path dir = argv[1];
  const std::uint64_t first = std::strtoull(argv[2], nullptr, 10), count = std::strtoull(argv[3], nullptr, 10);
  std::filesystem::create_directories(dir);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Bytes bytes = harness::encode_binary(harness::generate(seed));
    std::ofstream out(dir / ("generated-" + std::to_string(seed) + ".bin"), std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) {
      std::fprintf(stderr, "%s: cannot be written\n", dir.c_str());
      return 2;
    }
  }
  return 0;
}
