// Whole files: read, and written so that a reader sees either the old one or the new one, also after a crash.
//
// Every file that is an output is written through write_file(): it is the one place that knows what may be replaced.
#pragma once

#include <cstdint>
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

// Anything but a plain file is refused: inputs are read more than once, and a FIFO or a device may never end. `most`:
// bytes; more are refused in the name of `of`, "a trace". throws FileError.
void must_be_input(const std::string& path, std::uint64_t most, const char* of);
std::string read_file(const std::string& path, std::uint64_t most, const char* of);
std::string read_file(const std::string& path);  // as much as a trace may be

// As read_file(), for text: a byte order mark is dropped, and lines end with a line feed, whatever they ended with.
// UTF-16 is refused with a word.
std::string read_text(const std::string& path, std::uint64_t most, const char* of);

// A plain file is written aside, synced and renamed, and keeps its mode; a new one has what the umask says. Symbolic
// links are followed. What is no plain file (a device, a FIFO), has several names, or lies where no file can be put
// beside it is written through; what is this process's own standard output or error is appended there. Missing folders
// are made. On an error a plain file is as it was, and nothing is left beside it. throws FileError.
void write_file(const std::string& path, std::string_view content);

// Whether write_file(path), or a file below the folder, has a chance: asked before long work. Makes and changes
// nothing. throws FileError.
void must_be_writable(const std::string& path);
void must_be_writable_folder(const std::string& folder);

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace oftwin::harness
