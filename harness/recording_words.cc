#include "harness/recording_words.h"

#include <fmt/format.h>

namespace oftwin::harness::words {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw Malformed(fmt::format("'{}' is no lower-case hex digit", c));
}

std::uint16_t parse_u16(std::string_view text) {
  unsigned value = 0;
  if (text.empty() || text.size() > 5) throw Malformed(fmt::format("'{}' is no number from 0 to 65535", text));
  for (char c : text) {
    if (c < '0' || c > '9') throw Malformed(fmt::format("'{}' is no number from 0 to 65535", text));
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > 0xffff) throw Malformed(fmt::format("'{}' is no number from 0 to 65535", text));
  return static_cast<std::uint16_t>(value);
}

}  // namespace

Bytes parse_hex(std::string_view text) {
  if (text.size() % 2 != 0) throw Malformed("a hex string of odd length");
  Bytes out(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
  }
  return out;
}

Error parse_error(std::string_view text) {
  if (text == "ok") return {};
  if (text.starts_with("errno:")) return system_error(parse_u16(text.substr(6)));
  const bool nicira = text.starts_with("nx:");
  if (nicira) text.remove_prefix(3);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) throw Malformed(fmt::format("'{}' is no error", text));
  const std::uint16_t type = parse_u16(text.substr(0, colon)), code = parse_u16(text.substr(colon + 1));
  return nicira ? nicira_error(type, code) : openflow_error(type, code);
}

Answer parse_answer(std::string_view text) {
  if (text == "ok") return {};
  if (text == "pend") return {AnswerKind::pending, {}};
  if (text.starts_with("fail:")) return {AnswerKind::failed, parse_error(text.substr(5))};
  if (text.starts_with("ret:")) return {AnswerKind::refused, parse_error(text.substr(4))};
  throw Malformed(fmt::format("'{}' is no provider answer", text));
}

std::uint64_t load(ByteView bytes, std::size_t offset, std::size_t size) {
  if (offset + size > bytes.size()) throw Malformed("a byte string is too short");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[offset + i];
  return value;
}

ConnName parse_conn(std::string_view text) {
  const bool primary = text.starts_with('c');
  if (!primary && !text.starts_with('s')) throw Malformed(fmt::format("'{}' is no connection", text));
  return {primary ? ConnKind::primary : ConnKind::service, parse_u16(text.substr(1))};
}

OperationKind parse_kind(std::string_view text) {
  if (text == "add") return OperationKind::add;
  if (text == "modify") return OperationKind::modify;
  if (text == "delete") return OperationKind::remove;
  throw Malformed(fmt::format("'{}' is no kind of operation", text));
}

}  // namespace oftwin::harness::words
