#include "harness/capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "harness/capture_file.h"
#include "harness/capture_segment.h"
#include "harness/capture_stream.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr std::size_t kHeader = wire::header::size;

// A message of one of the two ends, before it is known which of them is the switch.
struct Item {
  std::size_t connection = 0;
  unsigned side = 0;
  std::size_t packet = 0;
  std::uint64_t time_us = 0;
  bool whole = true;
  Bytes bytes;
};

struct Side {
  Endpoint endpoint;
  CapturedStream stream;
  Bytes uncut;  // not yet a whole message
  bool begun = false, broken = false;
  std::uint8_t greeting = 0;  // the version of its HELLO; 0: none was seen
  std::optional<std::size_t> closed_packet;
  std::uint64_t closed_us = 0;
};

struct Connection {
  std::array<Side, 2> sides;  // [0] opened the connection, if that was captured; else sent its first packet
  std::size_t opened_packet = 0;
  std::uint64_t opened_us = 0;
  bool over = false;                    // both ends, or one by a reset
  std::optional<unsigned> switch_side;  // once told by a message
  std::string speaks;                   // something that is not OpenFlow 1.0; empty: not so, as far as is seen
};

// Which end sends messages of this type; nullopt: both.
std::optional<bool> only_from_switch(std::uint8_t type) {
  switch (type) {
    case OFPT_FEATURES_REPLY:
    case OFPT_GET_CONFIG_REPLY:
    case OFPT_PACKET_IN:
    case OFPT_FLOW_REMOVED:
    case OFPT_PORT_STATUS:
    case OFPT_STATS_REPLY:
    case OFPT_BARRIER_REPLY:
    case OFPT_QUEUE_GET_CONFIG_REPLY:
      return true;
    case OFPT_FEATURES_REQUEST:
    case OFPT_GET_CONFIG_REQUEST:
    case OFPT_SET_CONFIG:
    case OFPT_PACKET_OUT:
    case OFPT_FLOW_MOD:
    case OFPT_PORT_MOD:
    case OFPT_STATS_REQUEST:
    case OFPT_BARRIER_REQUEST:
    case OFPT_QUEUE_GET_CONFIG_REQUEST:
      return false;
    default:
      return std::nullopt;
  }
}

// 1.0 to 1.5: a HELLO may offer any of them.
bool is_openflow_version(std::uint8_t version) { return version >= 1 && version <= 6; }

std::string openflow_version(std::uint8_t version) {
  return fmt::format("OpenFlow 1.{} ({:#04x})", version - 1, version);
}

std::size_t length_at(ByteView bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

// Where, in bytes from the middle of a stream that end with a segment, messages begin. The first place counts if
// headers follow each other from there on; any other only if they lead to the very end.
std::optional<std::size_t> first_message(ByteView bytes) {
  constexpr std::uint8_t kLastType = 35;  // of OpenFlow 1.5
  for (std::size_t begin = 0; begin + kHeader <= bytes.size(); ++begin) {
    std::size_t at = begin;
    while (at + kHeader <= bytes.size() && bytes[at] == bytes[begin] && is_openflow_version(bytes[at]) &&
           bytes[at + 1] <= kLastType && length_at(bytes, at) >= kHeader) {
      at += length_at(bytes, at);
    }
    const bool to_the_end = at == bytes.size();
    const bool goes_on = begin == 0 && at > 0 && (at >= bytes.size() || bytes[at] == bytes[0]);
    if (to_the_end || goes_on) return begin;
  }
  return std::nullopt;
}

// Of TCP payload that a capture may hold; more is read no further.
constexpr std::size_t kMostBytes = std::size_t{1} << 29;

class CaptureReader {
 public:
  explicit CaptureReader(const std::string& path) : file_(path) {}

  Capture read();

 private:
  void packet(const CapturedPacket& packet);
  Connection& connection_of(const TcpSegment& segment, bool& from_first);
  bool begin_stream(Connection& connection, Side& side);
  void cut(std::size_t connection, unsigned side);
  void classify(const Item& item);
  void classify_by_port();
  void count_others(Capture& out) const;
  std::optional<StreamCut> placed(std::optional<StreamCut> cut) const;
  Capture finish();

  CaptureFile file_;
  std::uint64_t time_us_ = 0;
  std::size_t bytes_ = 0;                                         // of payload
  std::map<std::pair<Endpoint, Endpoint>, std::size_t> current_;  // by opener and other end
  std::vector<Connection> connections_;
  std::vector<Item> items_;
};

Capture CaptureReader::read() {
  while (const auto next = file_.next()) {
    packet(*next);
    if (bytes_ > kMostBytes) break;
  }
  return finish();
}

void CaptureReader::packet(const CapturedPacket& packet) {
  time_us_ = packet.time_us;
  const auto segment = find_segment(file_.link_type(), packet.bytes, packet.whole_length);
  if (!segment) return;
  bool from_first = false;
  Connection& c = connection_of(*segment, from_first);
  Side& side = c.sides[from_first ? 0 : 1];
  if (c.speaks.empty()) {
    bytes_ += segment->payload.size();
    side.stream.append(*segment, file_.packets(), side.uncut);
    cut(static_cast<std::size_t>(&c - connections_.data()), from_first ? 0 : 1);
  }
  if ((segment->fin || segment->rst) && !side.closed_packet) {
    side.closed_packet = file_.packets();
    side.closed_us = time_us_;
  }
  c.over = c.over || segment->rst || (c.sides[0].closed_packet && c.sides[1].closed_packet);
}

// A SYN opens a connection anew when the one with the same ends is over, or has had other bytes.
Connection& CaptureReader::connection_of(const TcpSegment& segment, bool& from_first) {
  const bool opens = segment.syn && !segment.ack;
  if (auto it = current_.find({segment.from, segment.to}); it != current_.end()) {
    from_first = true;
    if (!opens || !connections_[it->second].over) return connections_[it->second];
    current_.erase(it);
  } else if (auto reverse = current_.find({segment.to, segment.from}); reverse != current_.end()) {
    from_first = false;
    if (!opens) return connections_[reverse->second];
    current_.erase(reverse);
  }
  // A SYN that answers one which was not captured comes from the end that did not open.
  from_first = !(segment.syn && segment.ack);
  Connection c;
  c.sides[0].endpoint = from_first ? segment.from : segment.to;
  c.sides[1].endpoint = from_first ? segment.to : segment.from;
  c.opened_packet = segment.syn ? file_.packets() : 0;
  c.opened_us = time_us_;
  current_[{c.sides[0].endpoint, c.sides[1].endpoint}] = connections_.size();
  connections_.push_back(std::move(c));
  return connections_.back();
}

// False: what is there is no beginning. In the middle of a stream another segment may bring one.
bool CaptureReader::begin_stream(Connection& c, Side& side) {
  if (side.begun) return true;
  if (!side.stream.from_syn()) {
    const auto at = first_message(side.uncut);
    side.uncut.erase(side.uncut.begin(), at ? side.uncut.begin() + static_cast<std::ptrdiff_t>(*at) : side.uncut.end());
    side.begun = at.has_value();
    return side.begun;
  }
  constexpr std::uint8_t kTlsHandshake = 0x16;
  side.begun = true;
  if (is_openflow_version(side.uncut[0])) return true;
  c.speaks = side.uncut[0] == kTlsHandshake ? "TLS" : "something else";
  return false;
}

void CaptureReader::cut(std::size_t connection, unsigned side) {
  Connection& c = connections_[connection];
  Side& its = c.sides[side];
  if (its.uncut.empty() || !begin_stream(c, its)) return;
  std::size_t at = 0;
  const auto emit = [&](std::size_t size, bool whole) {
    const auto begin = its.uncut.begin() + static_cast<std::ptrdiff_t>(at);
    items_.push_back(
        {connection, side, file_.packets(), time_us_, whole, Bytes(begin, begin + static_cast<std::ptrdiff_t>(size))});
    at += size;
    classify(items_.back());
  };
  while (!its.broken && its.uncut.size() - at >= kHeader) {
    const std::size_t length = length_at(its.uncut, at);
    if (length < kHeader) {
      its.broken = true;
      emit(its.uncut.size() - at, false);
    } else if (its.uncut.size() - at < length) {
      break;
    } else {
      emit(length, true);
    }
  }
  if (its.broken) at = its.uncut.size();
  its.uncut.erase(its.uncut.begin(), its.uncut.begin() + static_cast<std::ptrdiff_t>(at));
}

void CaptureReader::classify(const Item& item) {
  Connection& c = connections_[item.connection];
  const std::uint8_t version = item.bytes[0], type = item.bytes[1];
  if (c.switch_side || !c.speaks.empty()) return;
  if (type == OFPT_HELLO && is_openflow_version(version)) {
    c.sides[item.side].greeting = version;
  } else if (version != OFP_VERSION) {
    c.speaks = is_openflow_version(version) ? openflow_version(version) : "something else";
  } else if (const auto from_switch = only_from_switch(type)) {
    c.switch_side = *from_switch ? item.side : 1 - item.side;
  }
}

// A connection of hellos and echoes only: the end that others connected to is what it was for them.
void CaptureReader::classify_by_port() {
  std::map<Endpoint, unsigned> switch_side;
  for (const Connection& c : connections_) {
    if (c.switch_side && c.speaks.empty()) switch_side[c.sides[1].endpoint] = *c.switch_side;
  }
  for (Connection& c : connections_) {
    const auto known = switch_side.find(c.sides[1].endpoint);
    const bool begun = c.sides[0].begun || c.sides[1].begun;
    if (!c.switch_side && begun && known != switch_side.end()) c.switch_side = known->second;
  }
}

// Two that greet each other settle on the lower of their versions.
void CaptureReader::count_others(Capture& out) const {
  for (const Connection& c : connections_) {
    const std::uint8_t settled = std::min(c.sides[0].greeting, c.sides[1].greeting);
    if (!c.speaks.empty()) {
      ++out.others[c.speaks];
    } else if (!c.switch_side) {
      const bool greeted = c.sides[0].greeting + c.sides[1].greeting > 0;
      ++out.others[settled > OFP_VERSION                  ? openflow_version(settled)
                   : greeted                              ? "OpenFlow, but only greetings"
                   : c.sides[0].begun || c.sides[1].begun ? "OpenFlow, but nothing that tells which end is the switch"
                                                          : "something else"];
    }
  }
}

std::optional<StreamCut> CaptureReader::placed(std::optional<StreamCut> cut) const {
  if (cut) cut->why = fmt::format("{}: {}", file_.place(cut->packet), cut->why);
  return cut;
}

Capture CaptureReader::finish() {
  Capture out;
  out.packets = file_.packets();
  out.end_us = time_us_;
  out.broken = file_.broken();
  if (bytes_ > kMostBytes) {
    out.broken = fmt::format("{}: more than {} MiB of messages, which is as much as is read", file_.place(out.packets),
                             kMostBytes >> 20);
  }
  classify_by_port();
  count_others(out);
  std::vector<std::optional<std::size_t>> index(connections_.size());
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const Connection& c = connections_[i];
    if (!c.switch_side || !c.speaks.empty()) continue;
    const auto text = [](const Endpoint& e) { return fmt::format("{}:{}", e.address, e.port); };
    const Side &its = c.sides[*c.switch_side], &controller = c.sides[1 - *c.switch_side];
    index[i] = out.connections.size();
    CapturedConnection& to = out.connections.emplace_back();
    to.controller = text(controller.endpoint);
    to.switch_end = text(its.endpoint);
    to.switch_listens = *c.switch_side == 1;
    to.opened_packet = c.opened_packet;
    to.opened_us = c.opened_us;
    to.closed_packet = controller.closed_packet;
    to.closed_us = controller.closed_us;
    to.switch_closed_packet = its.closed_packet;
    to.unfinished_bytes = its.uncut.size() + controller.uncut.size();
    to.controller_cut = placed(controller.stream.cut());
    to.switch_cut = placed(its.stream.cut());
  }
  for (Item& item : items_) {
    if (!index[item.connection]) continue;
    const bool from_switch = item.side == *connections_[item.connection].switch_side;
    if (from_switch && !item.whole) {
      // In the middle of a stream it may be no message that was taken for one.
      const Side& its = connections_[item.connection].sides[item.side];
      CapturedConnection& c = out.connections[*index[item.connection]];
      const StreamCut broke{item.packet, fmt::format("{}: a message with a length below 8", file_.place(item.packet))};
      if (its.stream.from_syn()) c.switch_broke = broke;
      if (!c.switch_cut) c.switch_cut = broke;
      continue;
    }
    out.messages.push_back({*index[item.connection], from_switch, item.packet, item.time_us, std::move(item.bytes)});
  }
  return out;
}

}  // namespace

Capture read_capture(const std::string& path) { return CaptureReader(path).read(); }

std::string print_others(const Capture& capture) {
  std::string out;
  for (const auto& [what, count] : capture.others) {
    out +=
        fmt::format("{}{} connection{} {}", out.empty() ? "" : ", ", count, count == 1 ? " speaks" : "s speak", what);
  }
  return out;
}

std::string openflow_version(std::uint8_t version) {
  return fmt::format("OpenFlow 1.{} ({:#04x})", version - 1, version);
}

std::vector<std::string> capture_notes(const Capture& capture) {
  std::vector<std::string> out;
  if (!capture.broken.empty()) out.push_back("the file is read up to where it breaks off: " + capture.broken);
  for (const CapturedConnection& c : capture.connections) {
    const std::string between = fmt::format("connection {} - {}", c.controller, c.switch_end);
    if (c.controller_cut) {
      out.push_back(fmt::format("{}: what the controller sent is read up to {}", between, c.controller_cut->why));
    }
    if (c.switch_cut) {
      out.push_back(fmt::format("{}: what the switch sent is read up to {}", between, c.switch_cut->why));
    }
  }
  if (const std::string others = print_others(capture); !others.empty()) out.push_back("not judged: " + others);
  return out;
}

}  // namespace oftwin::harness
