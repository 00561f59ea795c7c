// The parts of a recording's JSON (corpus/recordings/README.md): scalars, the switch, what came out, the state that the
// original reported. All throw words::Malformed, or json's own exceptions, at what is not as it should be.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "harness/recording.h"
#include "harness/recording_words.h"
#include "spec/openflow.h"

namespace oftwin::harness::items {

using nlohmann::json;
using words::Malformed;

inline const std::string& text(const json& j) { return j.get_ref<const std::string&>(); }
inline Bytes parse_hex(const json& j) { return words::parse_hex(text(j)); }
inline Error parse_error(const json& j) { return words::parse_error(text(j)); }
inline Answer parse_answer(const json& j) { return words::parse_answer(text(j)); }
inline ConnName parse_conn(const json& j) { return words::parse_conn(text(j)); }
inline OperationKind parse_kind(const json& j) { return words::parse_kind(text(j)); }

inline std::uint64_t parse_hex_number(const json& j) {
  const Bytes bytes = parse_hex(j);
  return words::load(bytes, 0, bytes.size());
}

template <class T>
T number(const json& j, const char* key) {
  const auto& value = j.at(key);
  if (!value.is_number_integer()) throw Malformed(fmt::format("\"{}\" is no whole number", key));
  return value.get<T>();
}

inline std::optional<OperationKind> parse_kinds(const json& j) {
  return j == "all" ? std::nullopt : std::optional(parse_kind(j));
}

inline RuleName parse_rule(const json& j, const char* key) { return {0, number<std::uint32_t>(j, key)}; }

inline std::optional<std::variant<std::uint8_t, Error>> parse_table_choice(const json& j) {
  if (j.is_null() || j == "null") return std::nullopt;
  if (j.is_number()) return j.get<std::uint8_t>();
  return parse_error(j);
}

SwitchConfig parse_config(const json& j);
// Texts that are constants of the original, from the first reply that shows them (recordings/README.md, 7).
void learn_constants(ByteView message, SwitchConfig& config);

// `what` came out.
Observation parse_output(const json& j, std::string_view what);

// Whether `what` is part of the state that the original reported; if so, it is added.
bool is_dump(std::string_view what);
void add_to_dump(const json& j, std::string_view what, StateDump& dump);

}  // namespace oftwin::harness::items
