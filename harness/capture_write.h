// Captures as libpcap writes them: frames, or TCP connections made up for what is said on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "spec/bytes.h"

namespace oftwin::harness {

// A pcap file of Ethernet frames, in memory.
class CaptureWriter {
 public:
  CaptureWriter();  // throws FileError: there is no memory for it
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  void frame(std::uint64_t time_us, ByteView bytes);  // at most 65535 of them
  // The whole file; nothing can be added behind it.
  std::string take();

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

// One TCP connection over IPv4, from its SYN to its end. Whoever speaks is acknowledged by what the other says next.
class WrittenConnection {
 public:
  struct End {
    std::uint32_t ip = 0;
    std::uint16_t port = 0;
  };
  // `writer` outlives this. Times are microseconds, each later than the one before.
  WrittenConnection(CaptureWriter& writer, End opener, End other) : writer_(writer), ends_{opener, other} {}

  void open(std::uint64_t& time_us);
  void say(bool opener, ByteView bytes, std::uint64_t& time_us);
  // By both, this one first.
  void close(bool opener, std::uint64_t& time_us);

 private:
  void segment(bool opener, unsigned flags, ByteView payload, std::uint64_t& time_us);

  CaptureWriter& writer_;
  End ends_[2];
  std::uint32_t next_[2] = {1000, 2000};  // sequence numbers
};

}  // namespace oftwin::harness
