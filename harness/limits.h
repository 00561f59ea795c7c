// How much an input may be. What is larger is refused with a word why, before it is taken up: each limit lies far above
// what switches and recordings have, and below what a machine has. docs/limits.md says them to users.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace oftwin::harness {
struct Trace;
}

namespace oftwin::harness::limits {

inline constexpr std::uint64_t kTrace = 64u << 20;          // bytes of a trace, as text or binary
inline constexpr std::uint64_t kSetting = 1u << 20;         // bytes of a profile, ledger, differences or flows
inline constexpr std::uint64_t kSettingLine = 4096;         // bytes of a line of them
inline constexpr std::uint64_t kCapture = 1u << 30;         // bytes of a capture
inline constexpr std::uint64_t kRecording = 1u << 30;       // bytes of a recording, unpacked
inline constexpr std::uint64_t kRecordingLine = 16u << 20;  // bytes of a line of it: one scenario
inline constexpr std::uint64_t kNesting = 64;               // lists and objects within each other in a recording
inline constexpr std::uint64_t kPorts = (65535 - 32) / 48;  // of a switch: no more fit into a FEATURES_REPLY
inline constexpr std::uint64_t kConnections = 4096;         // in the head of a trace
inline constexpr std::uint64_t kEvents = 1000000;           // of a trace
inline constexpr std::uint64_t kWaiting = 10000;            // messages that arrive before the loop runs

struct Limit {
  const char* what;
  std::uint64_t most;
  const char* unit;
};
// All of them, in the order of docs/limits.md.
std::span<const Limit> all();

// "64 MiB", "4,096 bytes", "64".
std::string in_words(const Limit& limit);

// Why a trace is too large; nullopt: it is not.
std::optional<std::string> exceeded_by(const Trace& trace);

// "more than 64 MiB, the limit of a trace (docs/limits.md)"
std::string beyond(std::uint64_t most, const char* of);

}  // namespace oftwin::harness::limits
