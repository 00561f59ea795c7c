// For tests: captured sessions made up message by message. The switch (10.0.0.1) connects to a controller (10.0.1.1).
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/capture_write.h"
#include "harness/request.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::cli::made {

using harness::encode;
namespace request = harness::request;

inline Bytes message(std::uint8_t type, std::uint32_t xid, const Bytes& body = {}, std::uint8_t version = OFP_VERSION) {
  Bytes out{version, type};
  harness::put(out, static_cast<std::uint16_t>(8 + body.size()));
  harness::put(out, xid);
  harness::put_bytes(out, body);
  return out;
}
inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// One record of flow statistics that matches in_port, or everything for 0.
struct MadeFlow {
  std::uint16_t in_port = 0, priority = 100;
  std::uint64_t cookie = 0;
  std::uint32_t duration_s = 0;
  Bytes actions = harness::action::output(2);
  std::uint64_t packets = 0;
  std::uint16_t idle_timeout = 0;

  Bytes record() const {
    Bytes out;
    harness::put(out, static_cast<std::uint16_t>(88 + actions.size()));
    harness::put(out, std::uint16_t{0});  // table, padding
    harness::WireMatch match;
    match.wildcards = in_port == 0 ? 0x003820ff : 0x003820fe;  // as switches say it
    match.in_port = in_port;
    harness::put_bytes(out, encode(match));
    harness::put(out, duration_s);
    harness::put(out, std::uint32_t{0});
    harness::put(out, priority);
    harness::put(out, idle_timeout);
    harness::put(out, std::uint16_t{0});
    harness::put_zeros(out, 6);
    harness::put(out, cookie);
    harness::put(out, packets);
    harness::put(out, std::uint64_t{0});
    harness::put_bytes(out, actions);
    return out;
  }
  request::FlowMod add(std::uint32_t xid) const {
    request::FlowMod out;
    out.xid = xid;
    out.match = harness::match_of_port(in_port);
    out.priority = priority;
    out.cookie = cookie;
    out.actions = actions;
    out.idle_timeout = idle_timeout;
    return out;
  }
};

inline Bytes statistics(std::uint32_t xid, std::uint16_t type, const Bytes& body, std::uint16_t flags = 0) {
  Bytes out;
  harness::put(out, type);
  harness::put(out, flags);
  harness::put_bytes(out, body);
  return message(OFPT_STATS_REPLY, xid, out);
}
inline Bytes flows_reply(std::uint32_t xid, std::initializer_list<MadeFlow> flows, std::uint16_t flags = 0) {
  Bytes body;
  for (const MadeFlow& flow : flows) harness::put_bytes(body, flow.record());
  return statistics(xid, OFPST_FLOW, body, flags);
}
inline Bytes aggregate_reply(std::uint32_t xid, std::uint32_t flows, std::uint64_t packets = 0) {
  Bytes body;
  harness::put(body, packets);
  harness::put(body, std::uint64_t{0});
  harness::put(body, flows);
  harness::put_zeros(body, 4);
  return statistics(xid, OFPST_AGGREGATE, body);
}
inline Bytes flow_statistics(std::uint32_t xid, bool aggregate) {
  request::FlowStats asks;
  asks.xid = xid;
  asks.aggregate = aggregate;
  return encode(asks);
}
inline Bytes flows_request(std::uint32_t xid) { return flow_statistics(xid, false); }
inline Bytes aggregate_request(std::uint32_t xid) { return flow_statistics(xid, true); }

// With ports 1 and 2, one table, datapath id 7.
inline Bytes features_reply(std::uint32_t xid) {
  Bytes body;
  harness::put(body, std::uint64_t{7});
  harness::put(body, std::uint32_t{256});
  harness::put(body, std::uint32_t{1u << 24});
  harness::put(body, std::uint32_t{0x87});
  harness::put(body, std::uint32_t{0xfff});
  for (std::uint8_t n = 1; n <= 2; ++n) {
    Bytes port{0, n, 2, 0, 0, 0, 0, n, 'p', static_cast<std::uint8_t>('0' + n)};
    port.resize(48);
    harness::put_bytes(body, port);
  }
  return message(OFPT_FEATURES_REPLY, xid, body);
}

class MadeSession {
 public:
  enum class Begins { with_handshake, in_the_middle };
  explicit MadeSession(Begins begins = Begins::with_handshake)
      : connection_(*writer_, {0x0a000001, 40000}, {0x0a000101, 6633}) {
    if (begins == Begins::in_the_middle) return;
    connection_.open(time_us_);
    switch_says(message(OFPT_HELLO, 1)).controller_says(message(OFPT_HELLO, 1));
    controller_says(message(OFPT_FEATURES_REQUEST, 2)).switch_says(features_reply(2));
  }
  MadeSession& controller_says(const Bytes& bytes) {
    connection_.say(false, bytes, time_us_);
    return *this;
  }
  MadeSession& switch_says(const Bytes& bytes) {
    connection_.say(true, bytes, time_us_);
    return *this;
  }
  MadeSession& barrier(std::uint32_t xid) {
    return controller_says(message(OFPT_BARRIER_REQUEST, xid)).switch_says(message(OFPT_BARRIER_REPLY, xid));
  }
  MadeSession& pass(std::uint64_t ms) {
    time_us_ += ms * 1000;
    return *this;
  }
  // The connection's end, and the file.
  std::string pcap() {
    connection_.close(false, time_us_);
    return writer_->take();
  }
  // As it is, when the capture was ended before the connection.
  std::string unfinished() { return writer_->take(); }

 private:
  std::unique_ptr<harness::CaptureWriter> writer_ = std::make_unique<harness::CaptureWriter>();
  harness::WrittenConnection connection_;
  std::uint64_t time_us_ = 1'000'000'000;
};

}  // namespace oftwin::cli::made
