#include "harness/session_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "harness/learn_config.h"
#include "harness/session_reply.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "model/decode.h"
#include "model/step.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

namespace fs = std::filesystem;

struct Frame {
  std::uint64_t time_us = 0;
  std::uint16_t port = 0;
  Bytes bytes;
};

// "SECONDS.MICROSECONDS PORT HEX" on each line, in the order of time.
std::vector<Frame> read_frames(const fs::path& path) {
  std::vector<Frame> out;
  std::ifstream file(path);
  if (!file) throw CaptureError(path.string() + ": cannot be read");
  unsigned number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    std::istringstream words(line);
    std::string time, port, hex, more;
    words >> time >> port >> hex;
    const std::size_t dot = time.find('.');
    const auto seconds = parse_as<std::uint32_t>(time.substr(0, dot));
    const auto micros = dot == std::string::npos ? std::nullopt : parse_number("1" + time.substr(dot + 1), 1'999'999);
    const auto port_number = parse_port(port);
    const auto bytes = parse_hex(hex);
    if (!seconds || !micros || *micros < 1'000'000 || !port_number || !bytes || words >> more) {
      throw CaptureError(fmt::format("{}:{}:1: expected SECONDS.MICROSECONDS PORT HEX", path.string(), number));
    }
    out.push_back({*seconds * std::uint64_t{1'000'000} + (*micros - 1'000'000), *port_number, *bytes});
    if (out.size() > 1 && out[out.size() - 2].time_us > out.back().time_us) {
      throw CaptureError(fmt::format("{}:{}:1: this frame is earlier than the one before", path.string(), number));
    }
  }
  return out;
}

// The first message of the switch with this type, and for a statistics reply with this type of statistics.
const Bytes* first_reply(const Capture& capture, std::uint8_t type, std::optional<std::uint16_t> stats = {}) {
  for (const CapturedMessage& m : capture.messages) {
    if (!m.from_switch || m.bytes[1] != type) continue;
    if (!stats ||
        (m.bytes.size() >= wire::stats_msg::size && m.bytes[8] == *stats >> 8 && m.bytes[9] == (*stats & 0xff)))
      return &m.bytes;
  }
  return nullptr;
}

SwitchConfig read_config(const Capture& capture, const std::string& path) {
  SwitchConfig config;
  config.connections.clear();
  const Bytes* features = first_reply(capture, OFPT_FEATURES_REPLY);
  if (!features || features->size() < wire::switch_features::size) {
    throw CaptureError(path + ": no features reply in the capture, so the switch's ports and tables are not known");
  }
  learn_features(*features, config);
  if (const Bytes* tables = first_reply(capture, OFPT_STATS_REPLY, OFPST_TABLE)) {
    learn_tables(ByteView(*tables).subspan(wire::stats_msg::size), config);
  }
  if (const Bytes* desc = first_reply(capture, OFPT_STATS_REPLY, OFPST_DESC)) {
    learn_description(ByteView(*desc).subspan(wire::stats_msg::size), config.description);
  }
  return config;
}

bool timed_out(const CapturedMessage& m) {
  if (!m.from_switch || m.bytes[1] != OFPT_FLOW_REMOVED || m.bytes.size() < wire::flow_removed::size) return false;
  const std::uint8_t reason = m.bytes[wire::flow_removed::reason.offset];
  return reason == OFPRR_IDLE_TIMEOUT || reason == OFPRR_HARD_TIMEOUT;
}

// Makes the events in the order of the capture. The model runs along, because an expiry names the rule by the event
// that made it.
class Builder {
 public:
  Builder(Session& session, const std::vector<Frame>& frames) : session_(session), frames_(frames) {}
  void build();

 private:
  void name_connections();
  void add(EventBody body, std::optional<std::size_t> message = {});
  void add_and_settle(EventBody body, std::optional<std::size_t> message = {});
  void pass_time(std::uint64_t time_us);
  void frames_until(std::uint64_t time_us);
  void from_controller(std::size_t index);
  void expiry(const CapturedMessage& message);
  void closes_until(std::size_t packet);

  Session& session_;
  const std::vector<Frame>& frames_;
  std::size_t next_frame_ = 0;
  std::vector<bool> open_, closed_;  // by captured connection
  std::uint64_t now_ms_ = 0;         // since the capture's first packet
  std::uint64_t start_us_ = 0;
  std::uint32_t next_id_ = 1;
  model::State state_;
  model::Outcome outcome_;
};

void Builder::name_connections() {
  std::map<std::string, std::uint16_t> primaries;
  std::uint16_t services = 0;
  for (const CapturedConnection& c : session_.capture.connections) {
    if (c.switch_listens) {
      session_.conns.push_back({ConnKind::service, ++services});
      continue;
    }
    const auto number = static_cast<std::uint16_t>(primaries.size() + 1);
    const auto [it, fresh] = primaries.emplace(c.controller, number);
    session_.conns.push_back({ConnKind::primary, it->second});
    if (fresh) session_.config.connections.push_back(session_.conns.back());
  }
}

void Builder::add(EventBody body, std::optional<std::size_t> message) {
  const bool loop = std::holds_alternative<event::Loop>(body);
  session_.events.push_back({loop ? 0 : next_id_++, std::move(body)});
  session_.message_of.push_back(message);
  outcome_.observations.clear();
  model::step(state_, session_.events.back(), {}, outcome_);
}

void Builder::add_and_settle(EventBody body, std::optional<std::size_t> message) {
  add(std::move(body), message);
  add(event::Loop{0});
}

void Builder::pass_time(std::uint64_t time_us) {
  const std::uint64_t ms = time_us > start_us_ ? (time_us - start_us_) / 1000 : 0;
  if (ms > now_ms_) add(event::Clock{ms - now_ms_});
  now_ms_ = std::max(now_ms_, ms);
}

void Builder::frames_until(std::uint64_t time_us) {
  for (; next_frame_ < frames_.size() && frames_[next_frame_].time_us <= time_us; ++next_frame_) {
    const Frame& frame = frames_[next_frame_];
    pass_time(frame.time_us);
    add_and_settle(event::PacketArrives{frame.port, frame.bytes, 0});
  }
}

void Builder::from_controller(std::size_t index) {
  const CapturedMessage& m = session_.capture.messages[index];
  const ConnName conn = session_.conns[m.connection];
  if (!open_[m.connection]) {
    open_[m.connection] = true;
    add_and_settle(event::ConnOpen{conn});
    if (m.bytes[1] == OFPT_HELLO) return;
  }
  add_and_settle(event::Recv{conn, m.bytes}, index);
}

void Builder::expiry(const CapturedMessage& m) {
  namespace w = wire::flow_removed;
  Match match = model::decode_match(m.bytes, w::match.offset);
  const auto priority = static_cast<std::uint32_t>(m.bytes[w::priority.offset] << 8 | m.bytes[w::priority.offset + 1]);
  const bool idle = m.bytes[w::reason.offset] == OFPRR_IDLE_TIMEOUT;
  for (const model::Table& table : state_.tables) {
    for (const model::Rule& rule : table.rules) {
      if (rule.match != match || rule.priority != priority) continue;
      add_and_settle(event::ProviderExpire{rule.name, idle ? ExpiryReason::idle : ExpiryReason::hard});
      return;
    }
  }
}

// Connections whose controller's end was closed before this packet.
void Builder::closes_until(std::size_t packet) {
  for (std::size_t i = 0; i < session_.capture.connections.size(); ++i) {
    const CapturedConnection& c = session_.capture.connections[i];
    if (closed_[i] || !c.closed_packet || *c.closed_packet >= packet || !open_[i]) continue;
    closed_[i] = true;
    frames_until(c.closed_us);
    pass_time(c.closed_us);
    add_and_settle(event::ConnClose{session_.conns[i]});
  }
}

void Builder::build() {
  const Capture& capture = session_.capture;
  open_.assign(capture.connections.size(), false);
  closed_ = open_;
  name_connections();
  const bool expiries = std::any_of(capture.messages.begin(), capture.messages.end(), timed_out);
  session_.config.provider = expiries ? ProviderMode::scripted : ProviderMode::simulated;
  if (!capture.connections.empty()) start_us_ = capture.connections[0].opened_us;
  state_ = model::initial(session_.config);

  // A primary is up from the start; one that the capture shows to connect later is not.
  if (!session_.conns.empty() && session_.conns[0].kind == ConnKind::primary) open_[0] = true;
  for (ConnName conn : session_.config.connections) {
    if (conn != session_.conns[0]) add_and_settle(event::ConnClose{conn});
  }
  bool first = open_.empty() ? false : open_[0];
  for (std::size_t i = 0; i < capture.messages.size(); ++i) {
    const CapturedMessage& m = capture.messages[i];
    closes_until(m.packet);
    frames_until(m.time_us);
    if (m.from_switch && !timed_out(m)) continue;
    pass_time(m.time_us);
    if (m.from_switch) {
      expiry(m);
    } else if (first && m.connection == 0 && m.bytes[1] == OFPT_HELLO) {
      first = false;
    } else {
      from_controller(i);
    }
  }
  closes_until(capture.packets + 1);
  frames_until(~std::uint64_t{0});
}

}  // namespace

Session read_session(const std::string& path) {
  Session session;
  session.name = fs::path(path).stem().string();
  session.capture = read_capture(path);
  if (session.capture.connections.empty()) throw CaptureError(path + ": no OpenFlow 1.0 connection in the capture");
  session.config = read_config(session.capture, path);
  std::vector<Frame> frames;
  if (const fs::path beside = fs::path(path).replace_extension(".frames"); fs::exists(beside)) {
    frames = read_frames(beside);
  }
  session.frames = frames.size();
  Builder(session, frames).build();
  return session;
}

Trace trace_of(const Session& session) {
  Trace trace;
  trace.comments.push_back("Captured session " + session.name);
  trace.config = session.config;
  trace.events = session.events;
  for (std::size_t i = 0, first = 0; i < trace.events.size(); ++i) {
    if (!std::holds_alternative<event::Loop>(trace.events[i].body)) continue;
    trace.blocks.push_back({first, i, std::nullopt, {}, 0});
    first = i + 1;
  }
  return trace;
}

}  // namespace oftwin::harness
