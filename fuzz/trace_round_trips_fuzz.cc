// Does every trace survive being written as text and as bytes?
#include <cstdlib>

#include "harness/binary.h"
#include "harness/trace_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace oftwin::harness;
  Trace trace = decode_binary({data, size});
  normalize(trace);
  if (!(decode_binary(encode_binary(trace)) == trace)) std::abort();
  if (!(parse_trace(print_trace(trace)) == trace)) std::abort();
  return 0;
}
