// A capture's packets, one after the other: pcap and pcapng as libpcap reads them, plain or packed by gzip.
//
// Invariant: what is handed out was captured whole as far as `bytes` goes; a file that ends within a packet, or goes on
// with something that cannot be read, ends before it, and broken() says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "harness/capture.h"
#include "spec/bytes.h"

namespace oftwin::harness {

struct CapturedPacket {
  std::uint64_t time_us = 0;     // since the epoch
  ByteView bytes;                // what was captured, until the next call
  std::size_t whole_length = 0;  // on the wire
};

class CaptureFile {
 public:
  // throws CaptureError: it can't be opened, is no capture, or of a link type that is not understood.
  explicit CaptureFile(const std::string& path);
  ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  // nullopt: there are no more.
  std::optional<CapturedPacket> next();

  int link_type() const;  // a DLT_* number of libpcap
  std::size_t packets() const { return packets_; }
  // `packet 7, byte offset 4711`: the place of a packet, numbered from 1; offsets are those of the unpacked file.
  std::string place(std::size_t packet) const;
  // Why there are no more, if the file does not end where a packet does; empty: it does.
  const std::string& broken() const { return broken_; }

 private:
  struct Handle;
  std::string path_;
  std::unique_ptr<Handle> handle_;
  std::vector<long> offsets_;  // of each packet's record
  std::size_t packets_ = 0;
  std::string broken_;
};

}  // namespace oftwin::harness
