// One direction of a captured TCP connection: its segments put together, out of order, sent again or overlapping.
//
// Invariant: what append() hands out is the stream without a gap. What the capture does not hold is never skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/capture_segment.h"
#include "spec/bytes.h"

namespace oftwin::harness {

// From where on a stream is not known.
struct StreamCut {
  std::size_t packet = 0;  // from which the bytes that are missing can be told
  std::string why;
  bool operator==(const StreamCut&) const = default;
};

class CapturedStream {
 public:
  // Takes a segment and appends to `in_order` what the stream goes on with. The first segment decides where the stream
  // begins: after a SYN, or in its middle.
  void append(const TcpSegment& segment, std::size_t packet, Bytes& in_order);

  // Its beginning was captured.
  bool from_syn() const { return from_syn_; }
  // nullopt: all bytes that can be known of are there.
  std::optional<StreamCut> cut() const;

 private:
  struct Early {
    Bytes bytes;
    std::size_t packet;
  };
  // A segment of which a part was captured: it ends here.
  struct Part {
    std::uint64_t end;
    StreamCut cut;
  };

  void accept(ByteView bytes, std::size_t known, Bytes& in_order);

  bool started_ = false, from_syn_ = false;
  std::uint32_t next_ = 0;                // sequence number expected
  std::uint64_t position_ = 0;            // of next_, from the stream's first byte
  std::map<std::uint64_t, Early> early_;  // by position: what came before its predecessors
  std::vector<Part> parts_;
  std::optional<StreamCut> unusable_;  // a segment of which nothing could be read: the stream ends before it
};

}  // namespace oftwin::harness
