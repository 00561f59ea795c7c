// Whole files: read, and written so that a reader sees either the old one or the new one, also after a crash.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "spec/bytes.h"

namespace oftwin::harness {

// "path: why".
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// throws FileError.
std::string read_file(const std::string& path);

// Written aside, synced, renamed. Missing folders are made. On an error nothing is left behind. throws FileError.
void write_file(const std::string& path, std::string_view content);

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace oftwin::harness
