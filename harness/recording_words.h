// The words of a recording: hex strings, errors, provider answers, names (corpus/recordings/README.md, 4).
#pragma once

#include <stdexcept>
#include <string_view>

#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/event.h"
#include "spec/names.h"

namespace oftwin::harness::words {

// What can't be so; the reader of the file adds where.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// All throw Malformed.
Bytes parse_hex(std::string_view text);           // lower case, without separators
Error parse_error(std::string_view text);         // ok, 3:0, nx:1:256, errno:22
Answer parse_answer(std::string_view text);       // ok, pend, fail:ERR, ret:ERR
ConnName parse_conn(std::string_view text);       // c1, s2
OperationKind parse_kind(std::string_view text);  // add, modify, delete

// Big-endian.
std::uint64_t load(ByteView bytes, std::size_t offset, std::size_t size);

}  // namespace oftwin::harness::words
