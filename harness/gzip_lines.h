// The lines of a recording, which may be packed by gzip or not.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <string>

namespace oftwin::harness {

// Invariant: never holds more than one line, and no line is longer than limits::kRecordingLine.
class GzipLines {
 public:
  // throws RecordingError.
  explicit GzipLines(const std::string& path);

  // False at the end. A line ends with a line feed, before which a carriage return may stand. throws RecordingError
  // with its place: what is damaged, longer than a line may be, nested deeper than limits::kNesting, or beyond
  // limits::kRecording in all.
  bool next(std::string& line);
  std::size_t number() const { return number_; }  // of the line that next() gave; from 1

 private:
  [[noreturn]] void fail(const std::string& why) const;
  void must_be_flat(const std::string& line) const;

  const std::string path_;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
  std::uint64_t unpacked_ = 0;  // bytes
  std::size_t number_ = 0;
};

}  // namespace oftwin::harness
