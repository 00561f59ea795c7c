// Files of every kind as traces, and traces as files.
#pragma once

#include <stdexcept>
#include <string>

#include "harness/profile.h"
#include "harness/trace.h"

namespace oftwin::harness {

// stream: what a controller sent, as bytes, and nothing else.
enum class FileKind { text, binary, recording, packets, capture, stream };

// By how the file begins, and for what begins like anything by its name. throws FileError if it cannot be read.
FileKind kind_of_file(const std::string& path);
// By its name alone, for the files of a folder: false for those that are no input.
bool is_input_file(const std::string& name);

// NAME.pcap, NAME.pcapng, NAME.cap, packed by gzip or not.
bool is_capture_name(const std::string& name);

// A file that holds no trace, or not the one asked for: "path: why".
class ConvertError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The trace that a file holds; a stream becomes one of a switch as a trace's head has it that says nothing. A
// recording's file holds many: `id` says which, and may be empty for the first. A trace from a recording or a capture
// has no expectations; that from a recording is of edition ovs-2011. throws what the readers throw (TraceError,
// RecordingError, CaptureError, FileError) and ConvertError. `profile` (may be nullptr): what the switch of a capture
// is like as far as the capture does not say.
Trace read_any_trace(const std::string& path, const std::string& id = {}, const Profile* profile = nullptr);

// As bytes if the name ends with .bin, as a recording of the model (harness/record.h) if it ends with .jsonl, as a
// capture of the model (harness/capture_of.h) if it ends with .pcap, else as text. throws ConvertError, TraceError.
std::string encode_for(const std::string& path, const Trace& trace);

}  // namespace oftwin::harness
