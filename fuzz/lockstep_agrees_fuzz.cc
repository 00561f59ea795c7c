// Do the reference model and the built-in switch do the same, whatever happens?
//
// Input: a binary trace (harness/binary.h); any bytes are one.
#include "fuzz/agreement.h"
#include "harness/binary.h"
#include "harness/subject/builtin.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto subject = oftwin::harness::make_builtin_subject();
  oftwin::fuzz::must_agree(*subject, oftwin::harness::decode_binary({data, size}));
  return 0;
}
