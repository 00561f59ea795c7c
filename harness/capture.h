// Captured OpenFlow connections: a pcap or pcapng file, its TCP streams put together, the messages cut out.
//
// Reassembly copes with segments out of order, sent again or overlapping; bytes that the capture does not hold are an
// error, never skipped. Which end is the switch is told by the first message that only one of the two may send, or by
// other connections to the same address and port.
// Connections that do not speak OpenFlow 1.0 are left out and counted.
//
// Invariant: messages stand in the order in which their last byte was captured; each is whole, unless it is the last of
// a controller's stream that can't be cut any further (then it holds the rest of that stream).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "spec/bytes.h"

namespace oftwin::harness {

// What is wrong with a file, with its name, the packet's number (from 1) and the offset of its first byte in the file.
class CaptureError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct CapturedMessage {
  std::size_t connection = 0;  // into Capture::connections
  bool from_switch = false;
  std::size_t packet = 0;     // number of the packet that completed it, from 1
  std::uint64_t time_us = 0;  // since the epoch, of that packet
  Bytes bytes;
};

struct CapturedConnection {
  std::string controller, switch_end;  // address:port
  bool switch_listens = false;         // the controller connected to the switch (a service connection)
  std::size_t opened_packet = 0;       // 0: before the capture began
  std::uint64_t opened_us = 0;         // of the first packet
  // The controller's end was closed or reset.
  std::optional<std::size_t> closed_packet;
  std::uint64_t closed_us = 0;
  std::size_t unfinished_bytes = 0;  // of both directions, that the capture's end cut off
};

struct Capture {
  std::vector<CapturedConnection> connections;  // in the order of their first packets
  std::vector<CapturedMessage> messages;
  std::size_t packets = 0;
  std::size_t other_connections = 0;  // TCP, but nothing that is judged here: see above
};

// throws CaptureError.
Capture read_capture(const std::string& path);

}  // namespace oftwin::harness
