#include "harness/convert.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "harness/binary.h"
#include "harness/edition.h"
#include "harness/files.h"
#include "harness/packets_file.h"
#include "harness/record.h"
#include "harness/recording.h"
#include "harness/session_events.h"
#include "harness/trace_text.h"

namespace oftwin::harness {
namespace {

bool ends_with_any(const std::string& name, std::initializer_list<std::string_view> endings) {
  for (std::string_view e : endings) {
    if (name.ends_with(e)) return true;
  }
  return false;
}

bool is_capture(std::string_view head) {
  for (std::string_view magic :
       {"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x0a\x0d\x0d\x0a"}) {
    if (head.starts_with(magic)) return true;
  }
  return false;
}

Trace read_recorded_trace(const std::string& path, const std::string& id) {
  std::optional<Trace> out;
  read_recordings(path, [&](const Recording& r) {
    if (!id.empty() && r.id != id) return true;
    out = trace_of(r);
    out->comments = {"Recorded as " + r.id + "."};
    return false;
  });
  if (!out) throw ConvertError(path + ": " + (id.empty() ? "holds no recording" : "holds no recording " + id));
  out->edition = std::string(kOriginal);
  normalize(*out);
  return *out;
}

}  // namespace

FileKind kind_of_file(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  if (ends_with_any(name, {".jsonl.gz", ".jsonl"})) {
    return is_packets_file(path) ? FileKind::packets : FileKind::recording;
  }
  if (ends_with_any(name, {".pcap", ".pcapng", ".cap"})) return FileKind::capture;
  std::string content = read_file(path);
  if (is_binary_trace(as_bytes(content)) || name.ends_with(".bin")) return FileKind::binary;
  if (is_capture(content)) return FileKind::capture;
  return FileKind::text;
}

bool is_input_file(const std::string& name) {
  return ends_with_any(name, {".trace", ".bin", ".jsonl.gz", ".jsonl", ".pcap", ".pcapng"});
}

Trace read_any_trace(const std::string& path, const std::string& id) {
  switch (kind_of_file(path)) {
    case FileKind::text:
      return parse_trace(read_file(path), path);
    case FileKind::binary: {
      const std::string content = read_file(path);
      if (!is_binary_trace(as_bytes(content))) {
        throw ConvertError(fmt::format("{}: byte 0: not a binary trace of version {}", path, kBinaryVersion));
      }
      try {
        return decode_binary(as_bytes(content), Damage::refuse);
      } catch (const BinaryError& e) { throw ConvertError(fmt::format("{}: byte {}: {}", path, e.offset, e.what)); }
    }
    case FileKind::recording:
      return read_recorded_trace(path, id);
    case FileKind::capture: {
      Trace trace = trace_of(read_session(path));
      trace.comments = {"Captured as " + std::filesystem::path(path).filename().string() + "."};
      normalize(trace);
      return trace;
    }
    case FileKind::packets:
      break;
  }
  throw ConvertError(path + ": recorded packets are no trace");
}

std::string encode_for(const std::string& path, const Trace& trace) {
  if (path.ends_with(".jsonl")) {
    try {
      return record(trace, std::filesystem::path(path).stem().string());
    } catch (const RecordError& e) { throw ConvertError(path + ": " + e.what()); }
  }
  return path.ends_with(".bin") ? std::string(as_text(encode_binary(trace))) : print_trace(trace);
}

}  // namespace oftwin::harness
