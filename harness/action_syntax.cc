#include "harness/action_syntax.h"

#include <fmt/format.h>

#include "harness/nicira_action_syntax.h"
#include "harness/print.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

constexpr std::size_t kRepeated = 4;       // so many equal actions in a row are printed as one, with a count
constexpr std::size_t kMaxActions = 8192;  // more of the shortest do not fit into a message

std::string print_output(std::uint16_t port, std::uint16_t max_len) {
  std::string name = print_port(port);
  if (port == OFPP_CONTROLLER) return fmt::format("{}:{}", name, max_len);
  bool number = name[0] >= '0' && name[0] <= '9';
  if (max_len) return fmt::format("output:{}:{}", name, max_len);
  return number ? "output:" + name : name;
}

// As the syntax has it; whether it says everything is for print_one() to find out.
std::string print_known(std::uint16_t type, Reader r) {
  switch (type) {
    case OFPAT_OUTPUT: {
      auto port = r.get<std::uint16_t>();
      return print_output(port, r.get<std::uint16_t>());
    }
    case OFPAT_SET_VLAN_VID:
      return fmt::format("mod_vlan_vid:{}", r.get<std::uint16_t>());
    case OFPAT_SET_VLAN_PCP:
      return fmt::format("mod_vlan_pcp:{}", r.get<std::uint8_t>());
    case OFPAT_STRIP_VLAN:
      return "strip_vlan";
    case OFPAT_SET_DL_SRC:
      return "mod_dl_src:" + print_mac(r.array<6>());
    case OFPAT_SET_DL_DST:
      return "mod_dl_dst:" + print_mac(r.array<6>());
    case OFPAT_SET_NW_SRC:
      return "mod_nw_src:" + print_ipv4(r.get<std::uint32_t>());
    case OFPAT_SET_NW_DST:
      return "mod_nw_dst:" + print_ipv4(r.get<std::uint32_t>());
    case OFPAT_SET_NW_TOS:
      return fmt::format("mod_nw_tos:{}", r.get<std::uint8_t>());
    case OFPAT_SET_TP_SRC:
      return fmt::format("mod_tp_src:{}", r.get<std::uint16_t>());
    case OFPAT_SET_TP_DST:
      return fmt::format("mod_tp_dst:{}", r.get<std::uint16_t>());
    case OFPAT_ENQUEUE: {
      auto port = r.get<std::uint16_t>();
      r.take(6);
      return fmt::format("enqueue:{}:{}", print_port(port), r.get<std::uint32_t>());
    }
    default:
      return {};
  }
}

std::optional<Bytes> parse_output(std::string_view value) {
  std::size_t colon = value.find(':');
  auto port = parse_port(value.substr(0, colon));
  if (!port) return std::nullopt;
  if (colon == std::string_view::npos) return action::output(*port);
  auto max_len = parse_as<std::uint16_t>(value.substr(colon + 1));
  return max_len ? std::optional(action::output(*port, *max_len)) : std::nullopt;
}

std::optional<Bytes> parse_enqueue(std::string_view value) {
  std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto port = parse_port(value.substr(0, colon));
  auto queue = parse_as<std::uint32_t>(value.substr(colon + 1));
  return port && queue ? std::optional(action::enqueue(*port, *queue)) : std::nullopt;
}

template <class T, class Make>
std::optional<Bytes> made(const std::optional<T>& value, Make make) {
  return value ? std::optional<Bytes>(make(*value)) : std::nullopt;
}

// An action with an argument; nullopt: no such action, or a bad argument.
std::optional<Bytes> parse_with_argument(std::string_view name, std::string_view value) {
  if (name == "output") return parse_output(value);
  if (name == "enqueue") return parse_enqueue(value);
  if (name == "raw") return parse_hex(value);
  if (name == "mod_vlan_vid") return made(parse_as<std::uint16_t>(value), action::set_vlan_vid);
  if (name == "mod_vlan_pcp") return made(parse_as<std::uint8_t>(value), action::set_vlan_pcp);
  if (name == "mod_dl_src") return made(parse_mac(value), action::set_dl_src);
  if (name == "mod_dl_dst") return made(parse_mac(value), action::set_dl_dst);
  if (name == "mod_nw_src") return made(parse_ipv4(value), action::set_nw_src);
  if (name == "mod_nw_dst") return made(parse_ipv4(value), action::set_nw_dst);
  if (name == "mod_nw_tos") return made(parse_as<std::uint8_t>(value), action::set_nw_tos);
  if (name == "mod_tp_src") return made(parse_as<std::uint16_t>(value), action::set_tp_src);
  if (name == "mod_tp_dst") return made(parse_as<std::uint16_t>(value), action::set_tp_dst);
  if (parse_port(name) == OFPP_CONTROLLER) {
    return made(parse_as<std::uint16_t>(value), [](std::uint16_t n) { return action::output(OFPP_CONTROLLER, n); });
  }
  return std::nullopt;
}

std::optional<Bytes> parse_one_action(std::string_view text) {
  if (auto nicira = parse_nicira_action(text)) return nicira;
  if (text == "strip_vlan") return action::strip_vlan();
  std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) return parse_with_argument(text.substr(0, colon), text.substr(colon + 1));
  auto port = parse_port(text);
  // As in ovs-ofctl, a bare CONTROLLER wants the whole packet.
  return made(port, [](std::uint16_t p) { return action::output(p, p == OFPP_CONTROLLER ? 0xffff : 0); });
}

std::string print_one(ByteView bytes) {
  Reader r(bytes);
  auto type = r.get<std::uint16_t>();
  r.take(2);
  std::string text = type == OFPAT_VENDOR ? print_nicira_action(bytes) : print_known(type, r);
  auto again = parse_one_action(text);
  bool exact = again && std::equal(again->begin(), again->end(), bytes.begin(), bytes.end());
  return exact ? text : "raw:" + print_hex(bytes);
}

// Where the action that begins at `from` ends: at a comma outside parentheses.
std::size_t end_of_action(std::string_view text, std::size_t from) {
  bool inside = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '(' || text[i] == ')') inside = text[i] == '(';
    if (text[i] == ',' && !inside) return i;
  }
  return text.size();
}

}  // namespace

std::string print_actions(ByteView actions) {
  if (actions.empty()) return "drop";
  std::string out, last;
  std::size_t times = 0;
  auto finish = [&] {
    for (; times > 0 && times < kRepeated; --times) out += (out.empty() ? "" : ",") + last;
    if (times > 0) out += fmt::format("{}{}*{}", out.empty() ? "" : ",", last, times);
    times = 0;
  };
  auto add = [&](const std::string& action) {
    if (action != last) finish();
    last = action;
    ++times;
  };
  while (actions.size() >= 8) {
    std::size_t len = static_cast<std::size_t>(actions[2] << 8 | actions[3]);
    if (len < 8 || len > actions.size()) break;
    add(print_one(actions.first(len)));
    actions = actions.subspan(len);
  }
  if (!actions.empty()) add("raw:" + print_hex(actions));
  finish();
  return out;
}

ActionsOrError parse_actions(std::string_view text) {
  ActionsOrError out;
  if (text == "drop" || text.empty()) return out;
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t comma = end_of_action(text, from);
    std::string_view one = text.substr(from, comma - from);
    std::size_t star = one.find('*');
    auto times = star == std::string_view::npos ? std::optional<std::uint64_t>(1)
                                                : parse_number(one.substr(star + 1), kMaxActions);
    auto bytes = parse_one_action(one.substr(0, star));
    if (!bytes || !times) {
      out.error = fmt::format("'{}' is no action", one);
      out.column = from;
      return out;
    }
    for (std::uint64_t i = 0; i < *times; ++i) put_bytes(out.actions, *bytes);
    from = comma + 1;
  }
  return out;
}

}  // namespace oftwin::harness
