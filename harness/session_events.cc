#include "harness/session_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "harness/session_builder.h"
#include "harness/session_reply.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

namespace fs = std::filesystem;

// "SECONDS.MICROSECONDS PORT HEX" on each line, in the order of time.
std::vector<SessionFrame> read_frames(const fs::path& path) {
  std::vector<SessionFrame> out;
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

std::uint32_t xid_of_message(ByteView m) {
  Reader r(m.subspan(std::min<std::size_t>(m.size(), 4)));
  return r.get<std::uint32_t>();
}

// Which of the switch's messages answers which of a controller's: the latest with that xid on the connection. A
// connection's first HELLO asks for nothing.
void find_replies(Session& session) {
  const std::vector<CapturedMessage>& messages = session.capture.messages;
  session.replies.resize(messages.size());
  session.request_of.resize(messages.size());
  std::vector<bool> greeted(session.capture.connections.size(), false);
  std::map<std::pair<std::size_t, std::uint32_t>, std::size_t> latest;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const CapturedMessage& m = messages[i];
    const std::uint32_t xid = xid_of_message(m.bytes);
    if (m.from_switch) {
      const auto request = latest.find({m.connection, xid});
      if (request == latest.end() || is_asynchronous(m.bytes) || m.bytes[1] == OFPT_HELLO ||
          m.bytes[1] == OFPT_ECHO_REQUEST)
        continue;
      session.request_of[i] = request->second;
      session.replies[request->second].push_back(i);
    } else if (m.bytes[1] != OFPT_HELLO || greeted[m.connection]) {
      latest[{m.connection, xid}] = i;
    } else {
      greeted[m.connection] = true;
    }
  }
}

}  // namespace

std::string session_stem(const std::string& path) {
  fs::path stem(path);
  if (stem.extension() == ".gz") stem.replace_extension();
  return stem.replace_extension().string();
}

Session read_session(const std::string& path, const Profile* profile) {
  Session session;
  session.name = fs::path(session_stem(path)).filename().string();
  session.capture = read_capture(path);
  const Capture& capture = session.capture;
  if (capture.connections.empty()) {
    const std::string others = print_others(capture), broken = capture.broken;
    throw CaptureError(fmt::format("{}: no OpenFlow 1.0 connection in the capture{}{}{}", path,
                                   others.empty() ? "" : "; " + others,
                                   broken.empty() ? "" : "; it ends early: ", broken));
  }
  SessionConfig config = learn_session_config(capture, profile);
  session.config = std::move(config.config);
  session.ports_known = config.ports_known;
  session.addresses_known = config.addresses_known;
  std::vector<SessionFrame> frames;
  if (const fs::path beside = session_stem(path) + ".frames"; fs::exists(beside)) {
    frames = read_frames(beside);
    session.frames_known = true;
  }
  session.frames = frames.size();
  find_replies(session);
  SessionBuilder(session, frames, config.from_the_beginning, profile).build();
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
