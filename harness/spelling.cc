#include "harness/spelling.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "harness/print.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

constexpr Spelling kPorts[] = {
    {OFPP_IN_PORT, "IN_PORT"}, {OFPP_TABLE, "TABLE"},           {OFPP_NORMAL, "NORMAL"}, {OFPP_FLOOD, "FLOOD"},
    {OFPP_ALL, "ALL"},         {OFPP_CONTROLLER, "CONTROLLER"}, {OFPP_LOCAL, "LOCAL"},   {OFPP_NONE, "NONE"},
};

constexpr Spelling kHelloFailed[] = {{OFPHFC_INCOMPATIBLE, "INCOMPATIBLE"}, {OFPHFC_EPERM, "EPERM"}};
constexpr Spelling kBadRequest[] = {
    {OFPBRC_BAD_VERSION, "BAD_VERSION"}, {OFPBRC_BAD_TYPE, "BAD_TYPE"},
    {OFPBRC_BAD_STAT, "BAD_STAT"},       {OFPBRC_BAD_VENDOR, "BAD_VENDOR"},
    {OFPBRC_BAD_SUBTYPE, "BAD_SUBTYPE"}, {OFPBRC_EPERM, "EPERM"},
    {OFPBRC_BAD_LEN, "BAD_LEN"},         {OFPBRC_BUFFER_EMPTY, "BUFFER_EMPTY"},
    {OFPBRC_BAD_ROLE, "BAD_ROLE"},       {OFPBRC_BUFFER_UNKNOWN, "BUFFER_UNKNOWN"},
};
constexpr Spelling kBadAction[] = {
    {OFPBAC_BAD_TYPE, "BAD_TYPE"},     {OFPBAC_BAD_LEN, "BAD_LEN"},
    {OFPBAC_BAD_VENDOR, "BAD_VENDOR"}, {OFPBAC_BAD_VENDOR_TYPE, "BAD_VENDOR_TYPE"},
    {OFPBAC_EPERM, "EPERM"},           {OFPBAC_BAD_OUT_PORT, "BAD_OUT_PORT"},
    {OFPBAC_TOO_MANY, "TOO_MANY"},     {OFPBAC_BAD_ARGUMENT, "BAD_ARGUMENT"},
    {OFPBAC_BAD_QUEUE, "BAD_QUEUE"},
};
constexpr Spelling kFlowModFailed[] = {
    {OFPFMFC_ALL_TABLES_FULL, "ALL_TABLES_FULL"},
    {OFPFMFC_OVERLAP, "OVERLAP"},
    {OFPFMFC_EPERM, "EPERM"},
    {OFPFMFC_BAD_EMERG_TIMEOUT, "BAD_EMERG_TIMEOUT"},
    {OFPFMFC_BAD_COMMAND, "BAD_COMMAND"},
    {OFPFMFC_UNSUPPORTED, "UNSUPPORTED"},
};
constexpr Spelling kPortModFailed[] = {{OFPPMFC_BAD_PORT, "BAD_PORT"}, {OFPPMFC_BAD_HW_ADDR, "BAD_HW_ADDR"}};
constexpr Spelling kQueueOpFailed[] = {
    {OFPQOFC_BAD_PORT, "BAD_PORT"}, {OFPQOFC_BAD_QUEUE, "BAD_QUEUE"}, {OFPQOFC_EPERM, "EPERM"}};
constexpr Spelling kNxBadRequest[] = {
    {NXBRC_NXM_INVALID, "NXM_INVALID"},       {NXBRC_NXM_BAD_TYPE, "NXM_BAD_TYPE"},
    {NXBRC_NXM_BAD_VALUE, "NXM_BAD_VALUE"},   {NXBRC_NXM_BAD_MASK, "NXM_BAD_MASK"},
    {NXBRC_NXM_BAD_PREREQ, "NXM_BAD_PREREQ"}, {NXBRC_NXM_DUP_TYPE, "NXM_DUP_TYPE"},
    {NXBRC_BAD_TABLE_ID, "BAD_TABLE_ID"},     {NXBRC_BAD_ROLE, "BAD_ROLE"},
    {NXBRC_BAD_IN_PORT, "BAD_IN_PORT"},
};
constexpr Spelling kNxFlowModFailed[] = {{NXFMFC_HARDWARE, "HARDWARE"}, {NXFMFC_BAD_TABLE_ID, "BAD_TABLE_ID"}};

struct ErrorFamily {
  ErrorSpace space;
  Spelling type;
  std::span<const Spelling> codes;
};
constexpr ErrorFamily kErrors[] = {
    {ErrorSpace::openflow, {OFPET_HELLO_FAILED, "HELLO_FAILED"}, kHelloFailed},
    {ErrorSpace::openflow, {OFPET_BAD_REQUEST, "BAD_REQUEST"}, kBadRequest},
    {ErrorSpace::openflow, {OFPET_BAD_ACTION, "BAD_ACTION"}, kBadAction},
    {ErrorSpace::openflow, {OFPET_FLOW_MOD_FAILED, "FLOW_MOD_FAILED"}, kFlowModFailed},
    {ErrorSpace::openflow, {OFPET_PORT_MOD_FAILED, "PORT_MOD_FAILED"}, kPortModFailed},
    {ErrorSpace::openflow, {OFPET_QUEUE_OP_FAILED, "QUEUE_OP_FAILED"}, kQueueOpFailed},
    {ErrorSpace::nicira, {OFPET_BAD_REQUEST, "BAD_REQUEST"}, kNxBadRequest},
    {ErrorSpace::nicira, {OFPET_FLOW_MOD_FAILED, "FLOW_MOD_FAILED"}, kNxFlowModFailed},
};

constexpr std::string_view kConnLetters = "csn";  // by ConnKind
constexpr std::string_view kNicira = "NX:", kErrno = "errno:";

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::uint8_t> hex_byte(std::string_view two) {
  if (two.size() != 2) return std::nullopt;
  auto high = hex_digit(two[0]), low = hex_digit(two[1]);
  if (!high || !low) return std::nullopt;
  return static_cast<std::uint8_t>(*high << 4 | *low);
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return upper(x) == upper(y); });
}

std::string print_typed_error(Error e) {
  const ErrorFamily* family = nullptr;
  for (const auto& f : kErrors) {
    if (f.space == e.space && f.type.value == e.type) family = &f;
  }
  if (!family) return fmt::format("{}/{}", e.type, e.code);
  if (auto word = word_for(family->codes, e.code)) return fmt::format("{}/{}", family->type.word, *word);
  return fmt::format("{}/{}", family->type.word, e.code);
}

std::optional<Error> parse_typed_error(ErrorSpace space, std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string_view type = text.substr(0, slash), code = text.substr(slash + 1);
  for (const auto& f : kErrors) {
    if (f.space != space || f.type.word != type) continue;
    auto value = value_for(f.codes, code);
    if (!value) value = parse_as<std::uint16_t>(code);
    if (!value) return std::nullopt;
    return Error{space, static_cast<std::uint16_t>(f.type.value), static_cast<std::uint16_t>(*value)};
  }
  auto t = parse_as<std::uint16_t>(type), c = parse_as<std::uint16_t>(code);
  return t && c ? std::optional(Error{space, *t, *c}) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failure != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

std::string print_mac(const Mac& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

std::optional<Mac> parse_mac(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  Mac mac{};
  for (std::size_t i = 0; i < 6; ++i) {
    auto byte = hex_byte(text.substr(i * 3, 2));
    if (!byte || (i < 5 && text[i * 3 + 2] != ':')) return std::nullopt;
    mac[i] = *byte;
  }
  return mac;
}

std::string print_ipv4(std::uint32_t a) {
  return fmt::format("{}.{}.{}.{}", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    auto byte = parse_as<std::uint8_t>(text.substr(0, dot));
    if (!byte) return std::nullopt;
    address = address << 8 | *byte;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return address;
}

std::string print_ipv6(std::span<const std::uint8_t, 16> address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET6, address.data(), text.data(), text.size());
}

std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) {
  std::array<std::uint8_t, 16> out{};
  return inet_pton(AF_INET6, std::string(text).c_str(), out.data()) == 1 ? std::optional(out) : std::nullopt;
}

std::string print_hex(ByteView bytes) {
  std::string out;
  for (std::uint8_t b : bytes) out += fmt::format("{:02x}", b);
  return out;
}

std::string print_bytes(ByteView bytes) {
  std::string out;
  for (std::uint8_t b : bytes) out += fmt::format("{}{:02x}", out.empty() ? "" : " ", b);
  return out;
}

std::optional<Bytes> parse_hex(std::string_view text) {
  Bytes out;
  for (; !text.empty(); text.remove_prefix(2)) {
    auto byte = hex_byte(text.substr(0, 2));
    if (!byte) return std::nullopt;
    out.push_back(*byte);
  }
  return out;
}

std::string print_port(std::uint16_t port) {
  auto word = word_for(kPorts, port);
  return word ? std::string(*word) : fmt::format("{}", port);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  for (const auto& p : kPorts) {
    if (same_ignoring_case(text, p.word)) return static_cast<std::uint16_t>(p.value);
  }
  return parse_as<std::uint16_t>(text);
}

std::string print_conn(ConnName conn) {
  return fmt::format("{}{}", kConnLetters[static_cast<std::size_t>(conn.kind)], conn.number);
}

std::optional<ConnName> parse_conn(std::string_view text) {
  const std::size_t kind = text.empty() ? std::string_view::npos : kConnLetters.find(text[0]);
  if (kind == std::string_view::npos) return std::nullopt;
  auto number = parse_as<std::uint16_t>(text.substr(1));
  return number ? std::optional(ConnName{static_cast<ConnKind>(kind), *number}) : std::nullopt;
}

std::string print_rule(RuleName rule) {
  if (rule.event == 0) return fmt::format("r{}", rule.index);
  return rule.index == 1 ? fmt::format("e{}", rule.event) : fmt::format("e{}.{}", rule.event, rule.index);
}

std::optional<RuleName> parse_rule(std::string_view text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'r')) return std::nullopt;
  bool own_count = text[0] == 'r';
  text.remove_prefix(1);
  std::size_t dot = text.find('.');
  auto first = parse_as<std::uint32_t>(text.substr(0, dot));
  if (!first) return std::nullopt;
  if (own_count) return dot == std::string_view::npos ? std::optional(RuleName{0, *first}) : std::nullopt;
  if (dot == std::string_view::npos) return RuleName{*first, 1};
  auto second = parse_as<std::uint32_t>(text.substr(dot + 1));
  return second ? std::optional(RuleName{*first, *second}) : std::nullopt;
}

std::string print_error(Error e) {
  switch (e.space) {
    case ErrorSpace::none:
      return "ok";
    case ErrorSpace::openflow:
      return print_typed_error(e);
    case ErrorSpace::nicira:
      return std::string(kNicira) + print_typed_error(e);
    case ErrorSpace::system:
      return fmt::format("{}{}", kErrno, e.code);
  }
  return "ok";
}

std::optional<Error> parse_error(std::string_view text) {
  if (text == "ok") return Error{};
  if (text.starts_with(kErrno)) {
    auto code = parse_as<std::uint16_t>(text.substr(kErrno.size()));
    return code ? std::optional(system_error(*code)) : std::nullopt;
  }
  if (text.starts_with(kNicira)) return parse_typed_error(ErrorSpace::nicira, text.substr(kNicira.size()));
  return parse_typed_error(ErrorSpace::openflow, text);
}

std::string print_answer(const Answer& answer) {
  switch (answer.kind) {
    case AnswerKind::done:
      return "done";
    case AnswerKind::pending:
      return "pending";
    case AnswerKind::failed:
      return "failed=" + print_error(answer.error);
    case AnswerKind::refused:
      return "refused=" + print_error(answer.error);
  }
  return "done";
}

std::string print_quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (text.substr(i).starts_with("\\{")) {
      out += "\\x5c";  // printable() leaves it alone
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::optional<std::string> parse_quoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) {
      out += text[++i];
    } else {
      auto byte = i + 1 < text.size() && text[i + 1] == 'x' ? hex_byte(text.substr(i + 2, 2)) : std::nullopt;
      if (!byte) return std::nullopt;
      out += static_cast<char>(*byte);
      i += 3;
    }
  }
  return out;
}

std::optional<std::string_view> word_for(std::span<const Spelling> table, std::uint32_t value) {
  for (const auto& s : table) {
    if (s.value == value) return s.word;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> value_for(std::span<const Spelling> table, std::string_view word) {
  for (const auto& s : table) {
    if (s.word == word) return s.value;
  }
  return std::nullopt;
}

}  // namespace oftwin::harness
