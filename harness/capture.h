// Captured OpenFlow connections: a pcap or pcapng file, its TCP streams put together, the messages cut out.
//
// Reassembly copes with segments out of order, sent again or overlapping. Bytes that the capture does not hold (a
// packet cut short or lost, a fragment) are never skipped: there the stream ends, and the connection says why. A stream
// whose beginning was not captured is taken up where a message begins. Which end is the switch is told by the first
// message that only one of the two may send, or by other connections to the same address and port. Connections that do
// not speak OpenFlow 1.0 are left out and counted, by what they speak.
//
// Invariant: messages stand in the order in which their last byte was captured; each is whole, unless it is the last of
// a stream that can't be cut any further (then it holds the rest of that stream).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/capture_stream.h"
#include "spec/bytes.h"

namespace oftwin::harness {

// What is wrong with a file, with its name; of what is beside it (NAME.frames), the line.
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
  std::optional<std::size_t> switch_closed_packet;
  std::size_t unfinished_bytes = 0;  // of both directions, that the capture's end cut off
  // From where on it is not known what the controller sent, and what the switch sent.
  std::optional<StreamCut> controller_cut, switch_cut;
  std::optional<StreamCut> switch_broke;  // it sent what is no message
};

struct Capture {
  std::vector<CapturedConnection> connections;  // in the order of their first packets
  std::vector<CapturedMessage> messages;
  std::size_t packets = 0;
  std::uint64_t end_us = 0;                   // of the last packet
  std::map<std::string, std::size_t> others;  // connections that are not judged here, by what they speak
  std::string broken;                         // why the file ends before its end, with the place; empty: it does not
};

// Packed by gzip or not. throws CaptureError: it can't be opened, is no capture, or of a link type that is not
// understood.
Capture read_capture(const std::string& path);

// OpenFlow 1.3 (0x04)
std::string openflow_version(std::uint8_t version);

// Where the capture, or a connection in it, ends early, and which connections are not judged: a line each.
std::vector<std::string> capture_notes(const Capture& capture);

// `2 connections speak OpenFlow 1.3 (0x04), 1 speaks TLS`; empty: there are no others.
std::string print_others(const Capture& capture);

}  // namespace oftwin::harness
