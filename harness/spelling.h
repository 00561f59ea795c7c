// How single values are spelled in traces, both ways: numbers, addresses, ports, names of things, errors.
//
// Invariant: parse_X(print_X(v)) == v for every v that a trace can hold. Parsers accept nothing but whole words.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "harness/request.h"
#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/names.h"

namespace oftwin::harness {

// Decimal, or hexadecimal behind 0x; at most `max`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max);
template <class T>
std::optional<T> parse_as(std::string_view text) {
  auto n = parse_number(text, std::numeric_limits<T>::max());
  return n ? std::optional<T>(static_cast<T>(*n)) : std::nullopt;
}

std::string print_mac(const Mac& mac);
std::optional<Mac> parse_mac(std::string_view text);
std::string print_ipv4(std::uint32_t address);
std::optional<std::uint32_t> parse_ipv4(std::string_view text);
std::string print_ipv6(std::span<const std::uint8_t, 16> address);
std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text);
std::string print_hex(ByteView bytes);  // 010e0050, without separators
std::optional<Bytes> parse_hex(std::string_view text);

// Numbers, or the names of the reserved ports in any case.
std::optional<std::uint16_t> parse_port(std::string_view text);
std::optional<ConnName> parse_conn(std::string_view text);
std::optional<RuleName> parse_rule(std::string_view text);
std::optional<Error> parse_error(std::string_view text);

// "..." with \" \\ and \xHH for what is not printable.
std::string print_quoted(std::string_view text);
std::optional<std::string> parse_quoted(std::string_view text);

// A word for a number; tables of these are searched both ways.
struct Spelling {
  std::uint32_t value;
  std::string_view word;
};
std::optional<std::string_view> word_for(std::span<const Spelling> table, std::uint32_t value);
std::optional<std::uint32_t> value_for(std::span<const Spelling> table, std::string_view word);

}  // namespace oftwin::harness
