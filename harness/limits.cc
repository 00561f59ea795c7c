#include "harness/limits.h"

#include <fmt/format.h>

#include <variant>

#include "harness/markup.h"
#include "harness/trace.h"
#include "spec/openflow.h"

namespace oftwin::harness::limits {
namespace {

constexpr const char* kBytes = "bytes";
constexpr Limit kAll[] = {
    {"a trace, as text or binary", kTrace, kBytes},
    {"a profile, a ledger, differences, flows, a key or a certificate", kSetting, kBytes},
    {"a line of a profile", kSettingLine, kBytes},
    {"a capture", kCapture, kBytes},
    {"a recording, unpacked", kRecording, kBytes},
    {"one line of a recording", kRecordingLine, kBytes},
    {"lists and objects within each other in a recording", kNesting, ""},
    {"ports in the head of a trace (no more fit into a FEATURES_REPLY)", kPorts, ""},
    {"connections in the head of a trace", kConnections, ""},
    {"events of a trace", kEvents, ""},
    {"messages that arrive before the loop runs", kWaiting, ""},
};

std::size_t messages_in(ByteView bytes) {
  std::size_t n = 0;
  while (bytes.size() >= wire::header::size) {
    const std::size_t length = static_cast<std::size_t>(bytes[2]) << 8 | bytes[3];
    ++n;
    if (length < wire::header::size || length >= bytes.size()) break;
    bytes = bytes.subspan(length);
  }
  return n;
}

}  // namespace

std::span<const Limit> all() { return kAll; }

std::string in_words(const Limit& limit) {
  if (limit.most % (1u << 20) == 0) return fmt::format("{} MiB", limit.most >> 20);
  return grouped(limit.most) + (limit.unit[0] != '\0' ? std::string(" ") + limit.unit : "");
}

std::string beyond(std::uint64_t most, const char* of) {
  return fmt::format("more than {}, the limit of {} (docs/limits.md)", in_words({of, most, ""}), of);
}

std::optional<std::string> exceeded_by(const Trace& trace) {
  if (trace.config.ports.size() > kPorts) return "ports: " + beyond(kPorts, "a switch");
  if (trace.config.connections.size() > kConnections) return "connections: " + beyond(kConnections, "a switch");
  if (trace.events.size() > kEvents) return "events: " + beyond(kEvents, "a trace");
  std::size_t waiting = 0;
  for (const Event& e : trace.events) {
    if (std::holds_alternative<event::Loop>(e.body)) waiting = 0;
    if (const auto* received = std::get_if<event::Recv>(&e.body)) waiting += messages_in(received->bytes);
    if (waiting > kWaiting) {
      return fmt::format("event {}: messages before the loop runs: {}", e.id, beyond(kWaiting, "what may wait"));
    }
  }
  return std::nullopt;
}

}  // namespace oftwin::harness::limits
