#include "harness/gzip_lines.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "harness/files.h"
#include "harness/limits.h"
#include "harness/recording.h"

namespace oftwin::harness {
namespace {

gzFile opened(const std::string& path) {
  try {
    must_be_input(path, limits::kRecording, "a recording");
  } catch (const FileError& e) { throw RecordingError(e.what()); }
  return gzopen(path.c_str(), "rb");
}

}  // namespace

GzipLines::GzipLines(const std::string& path) : path_(path), file_(opened(path), gzclose) {
  if (!file_) throw RecordingError(fmt::format("{}: can't be opened", path));
  gzbuffer(file_.get(), 1 << 18);
}

void GzipLines::fail(const std::string& why) const {
  throw RecordingError(fmt::format("{}:{}: {}", path_, number_, why));
}

bool GzipLines::next(std::string& line) {
  ++number_;
  line.clear();
  std::array<char, 1 << 16> chunk;
  while (gzgets(file_.get(), chunk.data(), static_cast<int>(chunk.size()))) {
    const std::string_view read = chunk.data();
    line += read;
    unpacked_ += read.size();
    if (line.size() > limits::kRecordingLine) fail(limits::beyond(limits::kRecordingLine, "a line of a recording"));
    if (unpacked_ > limits::kRecording) fail(limits::beyond(limits::kRecording, "a recording, unpacked"));
    if (read.empty()) fail("holds a zero byte");
    if (!line.ends_with('\n')) continue;
    line.pop_back();
    if (line.ends_with('\r')) line.pop_back();
    must_be_flat(line);
    return true;
  }
  int code = Z_OK;
  std::string_view reason = gzerror(file_.get(), &code);
  if (code != Z_OK && code != Z_STREAM_END) {
    if (reason.starts_with(path_ + ": "))
      reason.remove_prefix(path_.size() + 2);  // zlib puts the file's name before it
    throw RecordingError(fmt::format("{}: byte {} (uncompressed): {}", path_, gztell(file_.get()), reason));
  }
  must_be_flat(line);
  return !line.empty();
}

void GzipLines::must_be_flat(const std::string& line) const {
  std::uint64_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') quoted = !quoted;
    if (quoted) {
      i += c == '\\';
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > limits::kNesting)
      fail(fmt::format("byte {}: lists within each other: {}", i, limits::beyond(limits::kNesting, "a recording")));
  }
}

}  // namespace oftwin::harness
