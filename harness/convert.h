// Files of every kind as traces, and traces as files.
#pragma once

#include <stdexcept>
#include <string>

#include "harness/trace.h"

namespace oftwin::harness {

enum class FileKind { text, binary, recording, packets, capture };

// By how the file begins, and for what begins like anything by its name. throws FileError if it cannot be read.
FileKind kind_of_file(const std::string& path);
// By its name alone, for the files of a folder: false for those that are no input.
bool is_input_file(const std::string& name);

// A file that holds no trace, or not the one asked for: "path: why".
class ConvertError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The trace that a file holds. A recording's file holds many: `id` says which, and may be empty for the first. A trace
// from a recording or a capture has no expectations; that from a recording is of edition ovs-2011. throws what the
// readers throw (TraceError, RecordingError, CaptureError, FileError) and ConvertError.
Trace read_any_trace(const std::string& path, const std::string& id = {});

// As bytes if the name ends with .bin, as a recording of the model (harness/record.h) if it ends with .jsonl, else as
// text. throws ConvertError, TraceError.
std::string encode_for(const std::string& path, const Trace& trace);

}  // namespace oftwin::harness
