// One table of words for each kind of setting, used both ways.
#include "harness/settings_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/flow_syntax.h"
#include "harness/print.h"
#include "harness/trace.h"

namespace oftwin::harness {
namespace {

using Text = std::optional<std::string> event::Describe::*;
struct NamedText {
  std::string_view name;
  Text field;
};
constexpr NamedText kTexts[] = {{"mfr_desc", &event::Describe::mfr_desc},
                                {"hw_desc", &event::Describe::hw_desc},
                                {"sw_desc", &event::Describe::sw_desc},
                                {"serial_num", &event::Describe::serial_num},
                                {"dp_desc", &event::Describe::dp_desc}};

constexpr std::string_view kSettings[] = {"datapath_id", "fail_mode", "probe_interval", "in_band_queue",
                                          "eviction_threshold"};  // by event::Setting

std::string rule_words(std::uint32_t priority, const WireMatchBytes& match) {
  const std::string words = print_wire_match(decode_match(match));
  return fmt::format("priority={}{}{}", priority, words.empty() ? "" : " ", words);
}

std::string mac_word(std::uint64_t mac) {
  Mac bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(mac >> (40 - 8 * i));
  return print_mac(bytes);
}

std::uint64_t mac_number(const Mac& mac) {
  std::uint64_t n = 0;
  for (const std::uint8_t b : mac) n = n << 8 | b;
  return n;
}

// priority=, fields of a match, and actions= where there are some.
event::HiddenAdd parse_hidden(Words& words, bool with_actions) {
  event::HiddenAdd e;
  MatchParser match;
  while (!words.done()) {
    const Word w = words.next();
    if (w.key() == "priority" && w.has_value()) {
      e.priority = w.number<std::uint32_t>();
    } else if (w.key() == "actions" && with_actions) {
      e.actions = w.actions();
    } else {
      const auto value = w.has_value() ? std::optional(w.value()) : std::nullopt;
      const auto result = match.field(w.key(), value);
      if (result == MatchParser::Result::unknown_field) {
        w.fail(fmt::format("unknown field '{}' of a rule of the switch's own", w.key()));
      }
      if (result == MatchParser::Result::bad_value) w.fail_value(fmt::format("{} cannot have this value", w.key()));
    }
  }
  e.match = wire_bytes(match.match());
  return e;
}

EventBody parse_controllers(Words& words) {
  event::SetControllers e;
  if (!words.done() && words.peek().text() == "none") return words.next(), e;
  while (!words.done()) {
    const Word w = words.next();
    const auto conn = parse_conn(w.text());
    if (!conn || conn->kind != ConnKind::primary) w.fail(fmt::format("'{}' is no controller such as c1", w.text()));
    if (e.numbers.size() == kMaxControllers) w.fail(fmt::format("at most {} controllers", kMaxControllers));
    e.numbers.push_back(conn->number);
  }
  return e;
}

EventBody parse_set(Words& words) {
  const Word w = words.next();
  const auto name = std::ranges::find(kSettings, w.key());
  if (name == std::end(kSettings)) w.fail(fmt::format("'{}' is not one of: {}", w.key(), fmt::join(kSettings, ", ")));
  event::Set e{static_cast<event::Setting>(name - std::begin(kSettings)), 0};
  if (e.setting == event::Setting::datapath_id) {
    e.value = w.number<std::uint64_t>();
  } else if (e.setting == event::Setting::standalone) {
    if (w.value() != "standalone" && w.value() != "secure") w.fail_value("fail_mode is standalone or secure");
    e.value = w.value() == "standalone";
  } else if (e.setting == event::Setting::in_band_queue && w.value() == "none") {
    e.value = kNoQueue;
  } else {
    e.value = w.number<std::uint32_t>();
  }
  return e;
}

EventBody parse_describe(Words& words) {
  event::Describe e;
  while (!words.done()) {
    const Word w = words.next();
    const auto text = std::ranges::find(kTexts, w.key(), &NamedText::name);
    if (text == std::end(kTexts)) w.fail(fmt::format("unknown text '{}'", w.key()));
    e.*text->field = w.string();
    if ((e.*text->field)->size() > kMaxDescription) w.fail_value(fmt::format("at most {} bytes", kMaxDescription));
  }
  return e;
}

// 10.0.0.1:6633/00:00:00:00:00:01; the address of the next hop may be missing.
event::InBandRemote parse_remote(const Word& w) {
  const std::string_view text = w.value();
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto ip = parse_ipv4(text.substr(0, colon));
  const auto port = colon < slash ? parse_as<std::uint16_t>(text.substr(colon + 1, slash - colon - 1)) : std::nullopt;
  const auto mac = slash < text.size() ? parse_mac(text.substr(slash + 1)) : std::optional(Mac{});
  if (!ip || !port || !mac) w.fail_value("a remote is such as 10.0.0.1:6633 or 10.0.0.1:6633/00:00:00:00:00:01");
  return {*ip, *port, mac_number(*mac)};
}

EventBody parse_in_band(Words& words) {
  event::InBand e;
  while (!words.done()) {
    const Word w = words.next();
    if (w.key() == "local") {
      e.local_mac = mac_number(w.mac());
    } else if (w.key() == "remote") {
      if (e.remotes.size() == kMaxRemotes) w.fail(fmt::format("at most {} remotes", kMaxRemotes));
      e.remotes.push_back(parse_remote(w));
    } else {
      w.fail(fmt::format("unknown field '{}' of in-band control; local and remote are known", w.key()));
    }
  }
  return e;
}

}  // namespace

EventBody parse_switch_event(Words& words) {
  const Word what = words.next();
  const std::string_view word = what.text();
  if (word == "flush") return event::Flush{};
  if (word == "destroy") return event::Destroy{};
  if (word == "reconnect") return event::Reconnect{};
  if (word == "dump_flows") return event::DumpFlows{};
  if (word == "hidden_add") return parse_hidden(words, true);
  if (word == "controllers") return parse_controllers(words);
  if (word == "set") return parse_set(words);
  if (word == "describe") return parse_describe(words);
  if (word == "in_band") return parse_in_band(words);
  if (word == "hidden_del") {
    const event::HiddenAdd which = parse_hidden(words, false);
    return event::HiddenDel{which.priority, which.match};
  }
  what.fail(
      fmt::format("'{}' is not one of: flush, hidden_add, hidden_del, destroy, controllers, reconnect, set, "
                  "describe, in_band, dump_flows",
                  word));
}

std::string print_hidden(const event::HiddenAdd& e) {
  return fmt::format("switch hidden_add {} actions={}", rule_words(e.priority, e.match), print_actions(e.actions));
}
std::string print_hidden(const event::HiddenDel& e) { return "switch hidden_del " + rule_words(e.priority, e.match); }

std::string print_setting(const event::SetControllers& e) {
  std::string out = "switch controllers";
  for (const std::uint16_t number : e.numbers) out += " " + print_conn({ConnKind::primary, number});
  return e.numbers.empty() ? out + " none" : out;
}

std::string print_setting(const event::Set& e) {
  std::string value = fmt::format("{}", e.value);
  if (e.setting == event::Setting::datapath_id) value = fmt::format("{:#x}", e.value);
  if (e.setting == event::Setting::standalone) value = e.value != 0 ? "standalone" : "secure";
  if (e.setting == event::Setting::in_band_queue && e.value == kNoQueue) value = "none";
  return fmt::format("switch set {}={}", kSettings[static_cast<std::size_t>(e.setting)], value);
}

std::string print_setting(const event::Describe& e) {
  std::string out = "switch describe";
  for (const auto& [name, field] : kTexts) {
    if (e.*field) out += fmt::format(" {}={}", name, print_quoted(*(e.*field)));
  }
  return out;
}

std::string print_setting(const event::InBand& e) {
  std::string out = "switch in_band";
  if (e.local_mac != 0) out += " local=" + mac_word(e.local_mac);
  for (const event::InBandRemote& r : e.remotes) {
    out += fmt::format(" remote={}:{}", print_ipv4(r.ip), r.port);
    if (r.next_hop_mac != 0) out += "/" + mac_word(r.next_hop_mac);
  }
  return out;
}

}  // namespace oftwin::harness
