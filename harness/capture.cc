#include "harness/capture.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "harness/capture_segment.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr std::size_t kHeader = wire::header::size;

// One direction of a TCP connection: its bytes in order, as far as there is no gap.
class Stream {
 public:
  // The first segment decides where the stream begins: after a SYN, or in its middle.
  void segment(const TcpSegment& s, std::size_t packet, Bytes& in_order) {
    const std::uint32_t first = s.sequence + (s.syn ? 1 : 0);
    if (!started_) {
      started_ = true;
      next_ = first;
    }
    if (s.payload.empty() || s.rst) return;
    const auto ahead = static_cast<std::int32_t>(first - next_);
    if (ahead > 0) {
      early_.try_emplace(position_ + static_cast<std::uint32_t>(ahead),
                         Early{Bytes(s.payload.begin(), s.payload.end()), packet});
      return;
    }
    accept(s.payload, static_cast<std::size_t>(-std::int64_t{ahead}), in_order);
    while (!early_.empty() && early_.begin()->first <= position_) {
      auto node = early_.extract(early_.begin());
      accept(node.mapped().bytes, position_ - node.key(), in_order);
    }
  }

  bool has_gap() const { return !early_.empty(); }
  std::size_t packet_after_gap() const { return early_.begin()->second.packet; }
  std::uint64_t missing_bytes() const { return early_.begin()->first - position_; }

 private:
  struct Early {
    Bytes bytes;
    std::size_t packet;
  };

  void accept(ByteView bytes, std::size_t known, Bytes& in_order) {
    if (known >= bytes.size()) return;  // sent again
    bytes = bytes.subspan(known);
    in_order.insert(in_order.end(), bytes.begin(), bytes.end());
    position_ += bytes.size();
    next_ += static_cast<std::uint32_t>(bytes.size());
  }

  bool started_ = false;
  std::uint32_t next_ = 0;                // sequence number expected
  std::uint64_t position_ = 0;            // of next_, from the stream's first byte
  std::map<std::uint64_t, Early> early_;  // by position: what came before its predecessors
};

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
  Stream stream;
  Bytes uncut;  // not yet a whole message
  bool begun = false, broken = false;
  std::optional<std::size_t> closed_packet;
  std::uint64_t closed_us = 0;
};

struct Connection {
  std::array<Side, 2> sides;  // [0] opened the connection, if that was captured; else sent its first packet
  std::size_t opened_packet = 0;
  std::uint64_t opened_us = 0;
  bool over = false;                    // both ends, or one by a reset
  std::optional<unsigned> switch_side;  // once told by a message
  bool speaks_other = false;            // something that is not OpenFlow 1.0
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

class CaptureReader {
 public:
  explicit CaptureReader(const std::string& path) : path_(path) {}

  Capture read();

 private:
  [[noreturn]] void fail(std::size_t packet, const std::string& what) const {
    throw CaptureError(fmt::format("{}: packet {}, byte offset {}: {}", path_, packet,
                                   packet <= offsets_.size() ? offsets_[packet - 1] : 0, what));
  }
  void packet(int link_type, const pcap_pkthdr& header, const u_char* data);
  Connection& connection_of(const TcpSegment& segment, bool& from_first);
  void cut(std::size_t connection, unsigned side);
  void classify(const Item& item);
  void classify_by_port();
  Capture finish();

  std::string path_;
  std::vector<long> offsets_;  // of each packet's record
  std::uint64_t time_us_ = 0;
  std::map<std::pair<Endpoint, Endpoint>, std::size_t> current_;  // by opener and other end
  std::vector<Connection> connections_;
  std::vector<Item> items_;
};

Capture CaptureReader::read() {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> pcap(pcap_open_offline(path_.c_str(), error.data()), pcap_close);
  if (!pcap) {
    const std::string what = error.data();
    throw CaptureError(what.starts_with(path_) ? what : path_ + ": " + what);
  }
  const int link_type = pcap_datalink(pcap.get());
  if (!knows_link_type(link_type)) {
    const char* name = pcap_datalink_val_to_name(link_type);
    throw CaptureError(
        fmt::format("{}: link type {} is not understood (Ethernet, loopback, Linux cooked and raw IP are)", path_,
                    name ? name : std::to_string(link_type)));
  }
  while (true) {
    offsets_.push_back(std::ftell(pcap_file(pcap.get())));
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    const int got = pcap_next_ex(pcap.get(), &header, &data);
    if (got == PCAP_ERROR_BREAK) break;
    if (got != 1) fail(offsets_.size(), pcap_geterr(pcap.get()));
    packet(link_type, *header, data);
  }
  offsets_.pop_back();
  return finish();
}

void CaptureReader::packet(int link_type, const pcap_pkthdr& header, const u_char* data) {
  const std::size_t number = offsets_.size();
  time_us_ = static_cast<std::uint64_t>(header.ts.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(header.ts.tv_usec);
  std::optional<TcpSegment> segment;
  try {
    segment = find_segment(link_type, ByteView(data, header.caplen), header.len);
  } catch (const std::runtime_error& e) { fail(number, e.what()); }
  if (!segment) return;

  bool from_first = false;
  Connection& c = connection_of(*segment, from_first);
  Side& side = c.sides[from_first ? 0 : 1];
  side.stream.segment(*segment, number, side.uncut);
  cut(static_cast<std::size_t>(&c - connections_.data()), from_first ? 0 : 1);
  if ((segment->fin || segment->rst) && !side.closed_packet) {
    side.closed_packet = number;
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
  c.opened_packet = segment.syn ? offsets_.size() : 0;
  c.opened_us = time_us_;
  current_[{c.sides[0].endpoint, c.sides[1].endpoint}] = connections_.size();
  connections_.push_back(std::move(c));
  return connections_.back();
}

void CaptureReader::cut(std::size_t connection, unsigned side) {
  Connection& c = connections_[connection];
  Bytes& uncut = c.sides[side].uncut;
  std::size_t at = 0;
  const auto emit = [&](std::size_t size, bool whole) {
    const auto begin = uncut.begin() + static_cast<std::ptrdiff_t>(at);
    items_.push_back(
        {connection, side, offsets_.size(), time_us_, whole, Bytes(begin, begin + static_cast<std::ptrdiff_t>(size))});
    at += size;
    classify(items_.back());
  };
  if (!uncut.empty() && !c.sides[side].begun) {
    c.sides[side].begun = true;
    if (!is_openflow_version(uncut[0])) c.speaks_other = true;
  }
  while (!c.sides[side].broken && uncut.size() - at >= kHeader) {
    const std::size_t length = static_cast<std::size_t>(uncut[at + 2]) << 8 | uncut[at + 3];
    if (length < kHeader) {
      c.sides[side].broken = true;
      emit(uncut.size() - at, false);
    } else if (uncut.size() - at < length) {
      break;
    } else {
      emit(length, true);
    }
  }
  if (c.sides[side].broken) at = uncut.size();
  uncut.erase(uncut.begin(), uncut.begin() + static_cast<std::ptrdiff_t>(at));
}

void CaptureReader::classify(const Item& item) {
  Connection& c = connections_[item.connection];
  const std::uint8_t version = item.bytes[0], type = item.bytes[1];
  if (c.switch_side || c.speaks_other || (type == OFPT_HELLO && is_openflow_version(version))) return;
  if (version != OFP_VERSION) {
    c.speaks_other = true;
  } else if (const auto from_switch = only_from_switch(type)) {
    c.switch_side = *from_switch ? item.side : 1 - item.side;
  }
}

// A connection of hellos and echoes only: the end that others connected to is what it was for them.
void CaptureReader::classify_by_port() {
  std::map<Endpoint, unsigned> switch_side;
  for (const Connection& c : connections_) {
    if (c.switch_side && !c.speaks_other) switch_side[c.sides[1].endpoint] = *c.switch_side;
  }
  for (Connection& c : connections_) {
    const auto known = switch_side.find(c.sides[1].endpoint);
    if (!c.switch_side && known != switch_side.end()) c.switch_side = known->second;
  }
}

Capture CaptureReader::finish() {
  Capture out;
  out.packets = offsets_.size();
  classify_by_port();
  std::vector<std::optional<std::size_t>> index(connections_.size());
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const Connection& c = connections_[i];
    if (!c.switch_side || c.speaks_other) {
      ++out.other_connections;
      continue;
    }
    for (const Side& side : c.sides) {
      if (!side.stream.has_gap()) continue;
      fail(side.stream.packet_after_gap(),
           fmt::format("{} bytes that {}:{} sent before this are not in the capture", side.stream.missing_bytes(),
                       side.endpoint.address, side.endpoint.port));
    }
    const auto text = [](const Endpoint& e) { return fmt::format("{}:{}", e.address, e.port); };
    const Side &its = c.sides[*c.switch_side], &controller = c.sides[1 - *c.switch_side];
    index[i] = out.connections.size();
    out.connections.push_back({text(controller.endpoint), text(its.endpoint), *c.switch_side == 1, c.opened_packet,
                               c.opened_us, controller.closed_packet, controller.closed_us,
                               its.uncut.size() + controller.uncut.size()});
  }
  for (Item& item : items_) {
    if (!index[item.connection]) continue;
    const bool from_switch = item.side == *connections_[item.connection].switch_side;
    if (from_switch && !item.whole) fail(item.packet, "the switch sent a message with a length below 8");
    out.messages.push_back({*index[item.connection], from_switch, item.packet, item.time_us, std::move(item.bytes)});
  }
  return out;
}

}  // namespace

Capture read_capture(const std::string& path) { return CaptureReader(path).read(); }

}  // namespace oftwin::harness
