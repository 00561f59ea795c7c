// Errors as the switch and its provider speak of them.
#pragma once

#include <compare>
#include <cstdint>

namespace oftwin {

// `openflow`: an OFPT_ERROR of `type` and `code`. `nicira`: a vendor error (OFPT_ERROR type 0xb0c2, code 0, then
// vendor 0x00002320, `type`, `code`). `system`: an operating-system errno in `code`, which OpenFlow cannot express.
enum class ErrorSpace : std::uint8_t { none, openflow, nicira, system };

struct Error {
  ErrorSpace space = ErrorSpace::none;
  std::uint16_t type = 0;
  std::uint16_t code = 0;

  explicit operator bool() const { return space != ErrorSpace::none; }
  auto operator<=>(const Error&) const = default;
};

constexpr Error openflow_error(std::uint16_t type, std::uint16_t code) { return {ErrorSpace::openflow, type, code}; }
constexpr Error nicira_error(std::uint16_t type, std::uint16_t code) { return {ErrorSpace::nicira, type, code}; }
constexpr Error system_error(std::uint16_t errno_value) { return {ErrorSpace::system, 0, errno_value}; }

// What the provider answers when an operation is started (design: the provider is part of the environment).
//   done     accepted and completed inside the call
//   pending  accepted, will be completed later
//   failed   accepted and completed inside the call with `error`
//   refused  (construct only) refused by return value; no operation exists afterwards
enum class AnswerKind : std::uint8_t { done, pending, failed, refused };

struct Answer {
  AnswerKind kind = AnswerKind::done;
  Error error;
  auto operator<=>(const Answer&) const = default;
};

}  // namespace oftwin
