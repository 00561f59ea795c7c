#include "harness/convert.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>

#include "harness/binary.h"
#include "harness/capture_of.h"
#include "harness/default_config.h"
#include "harness/edition.h"
#include "harness/files.h"
#include "harness/limits.h"
#include "harness/packets_file.h"
#include "harness/record.h"
#include "harness/recording.h"
#include "harness/request.h"
#include "harness/session_events.h"
#include "harness/trace_text.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

bool ends_with_any(const std::string& name, std::initializer_list<std::string_view> endings) {
  for (std::string_view e : endings) {
    if (name.ends_with(e)) return true;
  }
  return false;
}

bool is_capture(std::string_view head) {
  for (std::string_view magic : {"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d",
                                 "\x0a\x0d\x0d\x0a", "\x34\xcd\xb2\xa1", "\xa1\xb2\xcd\x34"}) {
    if (head.starts_with(magic)) return true;
  }
  return false;
}

// ... behind gzip's packing.
bool is_packed_capture(const std::string& path, std::string_view content) {
  if (!content.starts_with("\x1f\x8b")) return false;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  std::array<char, 4> head{};
  const int got = file ? gzread(file.get(), head.data(), head.size()) : 0;
  return is_capture({head.data(), static_cast<std::size_t>(std::max(got, 0))});
}

// Nothing but messages, one behind the other: the first says so.
bool is_stream(std::string_view content) {
  constexpr char kVersions = 6, kTypes = 36;
  return content.size() >= wire::header::size && content[0] >= 1 && content[0] <= kVersions && content[1] >= 0 &&
         content[1] < kTypes && (content[2] != 0 || static_cast<unsigned char>(content[3]) >= wire::header::size);
}

// As what one controller sent. Its HELLO is no event.
Trace read_stream(const std::string& path) {
  const std::string content = read_file(path);
  if (content[0] != OFP_VERSION) {
    throw ConvertError(fmt::format("{}: a stream of {} messages; oftwin speaks OpenFlow 1.0 (0x01)", path,
                                   openflow_version(static_cast<std::uint8_t>(content[0]))));
  }
  Trace trace;
  trace.comments = {"The bytes of " + std::filesystem::path(path).filename().string() + "."};
  trace.config = default_config();
  const auto add = [&](ByteView bytes) {
    const auto id = static_cast<std::uint32_t>(trace.events.size() / 2 + 1);
    trace.events.push_back({id, event::Recv{trace.config.connections[0], Bytes(bytes.begin(), bytes.end())}});
    trace.events.push_back({0, event::Loop{0}});
  };
  const Cut cut = cut_messages(as_bytes(content));
  for (std::size_t i = 0; i < cut.messages.size(); ++i) {
    if (i > 0 || cut.messages[i][1] != OFPT_HELLO) add(cut.messages[i]);
  }
  if (!cut.rest.empty()) add(cut.rest);
  make_blocks(trace);
  normalize(trace);
  return trace;
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
  must_be_input(path, limits::kCapture, "an input");
  if (ends_with_any(name, {".jsonl.gz", ".jsonl"})) {
    return is_packets_file(path) ? FileKind::packets : FileKind::recording;
  }
  if (is_capture_name(name)) return FileKind::capture;
  std::string content = read_file(path);
  if (is_binary_trace(as_bytes(content)) || name.ends_with(".bin")) return FileKind::binary;
  if (is_capture(content) || is_packed_capture(path, content)) return FileKind::capture;
  return is_stream(content) ? FileKind::stream : FileKind::text;
}

bool is_input_file(const std::string& name) {
  return ends_with_any(name, {".trace", ".bin", ".jsonl.gz", ".jsonl"}) || is_capture_name(name);
}

bool is_capture_name(const std::string& name) {
  return ends_with_any(name, {".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz", ".cap.gz"});
}

namespace {

Trace read_trace_of_any_kind(const std::string& path, const std::string& id, const Profile* profile) {
  switch (kind_of_file(path)) {
    case FileKind::text:
      return parse_trace(read_text(path, limits::kTrace, "a trace"), path);
    case FileKind::binary: {
      const std::string content = read_file(path);
      if (!is_binary_trace(as_bytes(content))) {
        throw ConvertError(fmt::format("{}: byte 0: not a binary trace of version {}", path, kBinaryVersion));
      }
      try {
        return decode_binary(as_bytes(content), Damage::refuse);
      } catch (const BinaryError& e) { throw ConvertError(fmt::format("{}: byte {}: {}", path, e.offset, e.what)); }
    }
    case FileKind::stream:
      return read_stream(path);
    case FileKind::recording:
      return read_recorded_trace(path, id);
    case FileKind::capture: {
      Trace trace = trace_of(read_session(path, profile));
      trace.comments = {"Captured as " + std::filesystem::path(path).filename().string() + "."};
      normalize(trace);
      return trace;
    }
    case FileKind::packets:
      break;
  }
  throw ConvertError(path + ": recorded packets are no trace");
}

}  // namespace

Trace read_any_trace(const std::string& path, const std::string& id, const Profile* profile) {
  Trace trace = read_trace_of_any_kind(path, id, profile);
  if (const auto why = limits::exceeded_by(trace)) throw ConvertError(path + ": " + *why);
  return trace;
}

std::string encode_for(const std::string& path, const Trace& trace) {
  if (path.ends_with(".jsonl")) {
    try {
      return record(trace, std::filesystem::path(path).stem().string());
    } catch (const RecordError& e) { throw ConvertError(path + ": " + e.what()); }
  }
  if (path.ends_with(".pcap")) return capture_of(trace).pcap;
  if (is_capture_name(path)) throw ConvertError(path + ": captures are written as .pcap");
  return path.ends_with(".bin") ? std::string(as_text(encode_binary(trace))) : print_trace(trace);
}

}  // namespace oftwin::harness
