// libFuzzer's custom mutator and crossover for inputs that are binary traces: changes that keep a trace a trace, now
// and then plain bytes, so that the decoder of the format is not forgotten.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/binary.h"
#include "harness/generator.h"
#include "harness/mutate.h"
#include "harness/trace_text.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace oftwin;

// Writes the trace, without its last events if it would not fit.
std::size_t put(harness::Trace trace, std::uint8_t* out, std::size_t max_size) {
  for (;;) {
    const Bytes bytes = harness::encode_binary(trace);
    if (bytes.size() <= max_size) {
      std::copy(bytes.begin(), bytes.end(), out);
      return bytes.size();
    }
    if (trace.events.empty()) return 0;
    trace.events.resize(trace.events.size() / 2);
    harness::make_blocks(trace);
  }
}

}  // namespace

// Defaults that suit traces; what the command line says comes later and wins. A trace may be long: a reply that does
// not fit into one message takes flows with tens of thousands of bytes of actions. Traces have so many features that
// libFuzzer's own bookkeeping about rare ones, and its search for smaller inputs, cost more than the traces themselves.
// A corpus that nobody else writes into is not read again every second: a seed would lead elsewhere by the clock.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static char max_len[] = "-max_len=400000", len_control[] = "-len_control=0", entropic[] = "-entropic=0";
  static char reduce_inputs[] = "-reduce_inputs=0", shrink[] = "-shrink=0", reload[] = "-reload=0";
  static std::vector<char*> args;
  args.assign(*argv, *argv + *argc);
  args.insert(args.begin() + 1, {max_len, len_control, entropic, reduce_inputs, shrink, reload});
  *argc = static_cast<int>(args.size());
  args.push_back(nullptr);
  *argv = args.data();
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  harness::RandomSource source(seed);
  if (source.chance(2)) return LLVMFuzzerMutate(data, size, max_size);
  // Half of all inputs are new from the ground: the corpus is a good place to be near to, not the whole world.
  if (source.chance(50)) return put(harness::generate(source), data, max_size);
  harness::Trace trace = harness::decode_binary(ByteView(data, size));
  for (std::uint64_t n = source.between(1, source.chance(70) ? 2 : 8); n > 0; --n) harness::mutate(trace, source);
  return put(std::move(trace), data, max_size);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size, const std::uint8_t* b,
                                                 std::size_t b_size, std::uint8_t* out, std::size_t max_size,
                                                 unsigned seed) {
  harness::RandomSource source(seed);
  const harness::Trace left = harness::decode_binary(ByteView(a, a_size));
  const harness::Trace right = harness::decode_binary(ByteView(b, b_size));
  return put(harness::crossover(left, right, source), out, max_size);
}
