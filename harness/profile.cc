#include "harness/profile.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <set>
#include <type_traits>

#include "harness/default_config.h"
#include "harness/files.h"
#include "harness/limits.h"
#include "harness/nxm_syntax.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

constexpr std::array<std::string_view, 4> kMaskWords = {"none", "exact", "prefix", "any"};

Masks masks_of(NxmMasks masks) {
  switch (masks) {
    case NxmMasks::none:
      return Masks::exact;
    case NxmMasks::leading_ones:
      return Masks::prefix;
    case NxmMasks::any:
    case NxmMasks::ethernet:
      break;
  }
  return Masks::any;
}

template <std::size_t N>
void add_switches(std::vector<Setting>& out, const char* section, const std::array<std::string_view, N>& names,
                  std::array<bool, N>& values) {
  for (std::size_t i = 0; i < N; ++i) {
    if (!names[i].empty()) out.push_back({section, std::string(names[i]), &values[i], {}});
  }
}

// [switch], [tables], [match], [nxm]
void add_matching(std::vector<Setting>& out, Profile& p) {
  out.push_back({"switch", "name", &p.name, "what the verdict calls it"});
  out.push_back({"tables", "count", Setting::Number{&p.tables, 1, 255}, "tables that OpenFlow can name"});
  out.push_back({"tables", "entries", Setting::Number{&p.entries, 1, 10000000}, "flows that each is sure to hold"});
  for (std::size_t i = 0; i < kMatchFields.size(); ++i) {
    out.push_back({"match", std::string(kMatchFields[i]), Setting::Mask{&p.match[i], Profile{}.match[i]},
                   i == 0 ? "none, exact, and prefix for addresses: what an OpenFlow 1.0 match can ask" : ""});
  }
  out.push_back({"nxm", "supported", &p.nxm, "Nicira's extended matches, in flow-mods and statistics"});
  for (std::size_t i = 0; i < nxm::fields.size(); ++i) {
    out.push_back({"nxm", std::string(nxm_name(nxm::fields[i].type)),
                   Setting::Mask{&p.nxm_match[i], masks_of(nxm::fields[i].masks)},
                   i == 0 ? "none, exact, prefix, any: its masks" : ""});
  }
}

// Everything else but ports.
void add_others(std::vector<Setting>& out, Profile& p) {
  add_switches(out, "actions", kActions, p.actions);
  add_switches(out, "nicira_actions", kNiciraActions, p.nicira_actions);
  add_switches(out, "output", kOutputs, p.outputs);
  add_switches(out, "statistics", kStatistics, p.statistics);
  out.push_back({"flow_mod", "check_overlap", &p.check_overlap, "the flag OFPFF_CHECK_OVERLAP"});
  out.push_back({"flow_mod", "emergency_refused", &p.emergency_refused,
                 "the flag OFPFF_EMERG; false: the switch keeps emergency flows, which are not modelled"});
  out.push_back({"flow_mod", "send_flow_removed", &p.send_flow_removed, "the flag OFPFF_SEND_FLOW_REM"});
  out.push_back({"flow_mod", "idle_timeout", &p.idle_timeout, ""});
  out.push_back({"flow_mod", "hard_timeout", &p.hard_timeout, ""});
  out.push_back({"flow_mod", "table_id", &p.table_id, "Nicira's table numbers in flow-mods"});
  out.push_back({"timeouts", "resolution_ms", Setting::Number{&p.timeout_resolution_ms, 1, 60000},
                 "how late a flow may time out"});
  out.push_back({"buffers", "count", Setting::Number{&p.buffers, 0, 0xffffffff}, "packet buffers; 0: none"});
  out.push_back({"messages", "nicira", &p.nicira, "Nicira's messages and actions at all"});
  out.push_back({"messages", "port_mod", &p.port_mod, ""});
  out.push_back({"messages", "queue_config", &p.queue_config, "QUEUE_GET_CONFIG_REQUEST"});
  out.push_back({"messages", "malformed", &p.malformed, "false: nothing that is no message is sent"});
  out.push_back({"connections", "count", Setting::Number{&p.connections, 1, 8}, "controllers at the same time"});
  out.push_back({"connections", "roles", &p.roles, "Nicira's role requests"});
  out.push_back({"pacing", "messages_per_s", Setting::Number{&p.messages_per_s, 0, 10000000}, "0: as fast as it goes"});
  out.push_back({"cables", "settle_ms", Setting::Number{&p.settle_ms, 0, 60000},
                 "how long ports and counters may be behind what was answered"});
}

// --- Reading ---------------------------------------------------------------------------------------------------------
class ProfileReader {
 public:
  explicit ProfileReader(const std::string& file) : settings_(settings_of(profile_)) { profile_.file = file; }

  Profile read(std::string_view text) {
    try {
      const toml::table table = toml::parse(text, profile_.file);
      for (const auto& [key, node] : table) section(key, node);
    } catch (const toml::parse_error& e) { wrong(e.source(), std::string(e.description())); }
    return std::move(profile_);
  }

 private:
  [[noreturn]] void wrong(const toml::source_region& at, const std::string& what) const {
    throw ProfileError(fmt::format("{}:{}:{}: {}", profile_.file, at.begin.line, at.begin.column, what));
  }

  void section(const toml::key& name, const toml::node& node) {
    if (name.str() == "port") return ports(node);
    const auto belongs = [&](const Setting& s) { return s.section == name.str(); };
    if (std::none_of(settings_.begin(), settings_.end(), belongs)) {
      wrong(name.source(), fmt::format("a profile has no section [{}]", name.str()));
    }
    if (!node.is_table()) wrong(node.source(), fmt::format("[{}] is a section, not a value", name.str()));
    for (const auto& [key, value] : *node.as_table()) this->value(std::string(name.str()), key, value);
  }

  void value(const std::string& section, const toml::key& key, const toml::node& node) {
    const auto is = [&](const Setting& s) { return s.section == section && s.key == key.str(); };
    const auto setting = std::find_if(settings_.begin(), settings_.end(), is);
    if (setting == settings_.end()) wrong(key.source(), fmt::format("[{}] has no key {}", section, key.str()));
    std::visit([&](const auto& into) { set(into, node); }, setting->value);
    profile_.lines[setting->name()] = key.source().begin.line;
  }

  void set(bool* into, const toml::node& node) {
    const std::optional<bool> value = node.value_exact<bool>();
    if (!value) wrong(node.source(), "true or false is wanted here");
    *into = *value;
  }
  void set(const Setting::Number& into, const toml::node& node) {
    const std::optional<std::int64_t> value = node.value_exact<std::int64_t>();
    if (!value || *value < into.least || *value > into.most) {
      wrong(node.source(), fmt::format("a number from {} to {} is wanted here", into.least, into.most));
    }
    *into.value = static_cast<std::uint32_t>(*value);
  }
  void set(const Setting::Mask& into, const toml::node& node) {
    const auto word = node.value_exact<std::string_view>();
    const auto at = std::find(kMaskWords.begin(), kMaskWords.end(), word.value_or(""));
    const auto masks = static_cast<Masks>(at - kMaskWords.begin());
    if (at == kMaskWords.end() || masks > into.most) {
      std::string words;
      for (std::size_t i = 0; i <= static_cast<std::size_t>(into.most); ++i) {
        words += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", kMaskWords[i]);
      }
      wrong(node.source(), "one of " + words + " is wanted here");
    }
    *into.value = masks;
  }
  void set(std::string* into, const toml::node& node) {
    const auto text = node.value_exact<std::string_view>();
    if (!text || text->empty()) wrong(node.source(), "a text is wanted here");
    *into = *text;
  }

  void ports(const toml::node& node) {
    const toml::array* list = node.as_array();
    if (!list) wrong(node.source(), "ports are written as [[port]]");
    for (const toml::node& one : *list) {
      if (!one.is_table()) wrong(one.source(), "ports are written as [[port]]");
      port(*one.as_table());
    }
  }

  void port(const toml::table& table) {
    ProfilePort port;
    std::uint32_t number = 0;
    for (const auto& [key, node] : table) {
      if (key.str() == "number") {
        set(Setting::Number{&number, 1, OFPP_MAX - 1}, node);
      } else if (key.str() == "connected") {
        set(&port.connected, node);
        if (!connection_known(port.connected)) {
          wrong(node.source(), "\"nothing\", \"interface:NAME\", \"unix:PATH\" or \"tcp:HOST:PORT\" is wanted here");
        }
        const auto other = std::find_if(profile_.ports.begin(), profile_.ports.end(), [&](const ProfilePort& p) {
          return p.connected == port.connected && port.connected != "nothing";
        });
        if (other != profile_.ports.end()) {
          wrong(node.source(), fmt::format("{} is connected to port {} already", port.connected, other->number));
        }
      } else {
        wrong(key.source(), fmt::format("[[port]] has no key {}", key.str()));
      }
    }
    if (number == 0) wrong(table.source(), "a port has a number");
    port.number = static_cast<std::uint16_t>(number);
    const auto same = [&](const ProfilePort& p) { return p.number == number; };
    if (std::any_of(profile_.ports.begin(), profile_.ports.end(), same)) {
      wrong(table.source(), fmt::format("port {} is there twice", number));
    }
    profile_.lines[fmt::format("port.{}", number)] = table.source().begin.line;
    profile_.ports.push_back(std::move(port));
  }

  // Only its kind; the rest is told when it is connected.
  static bool connection_known(std::string_view text) {
    constexpr std::array kinds = {"interface:", "unix:", "tcp:", "punix:", "ptcp:"};
    const auto is = [&](std::string_view kind) { return text.starts_with(kind) && text.size() > kind.size(); };
    return text == "nothing" || std::any_of(kinds.begin(), kinds.end(), is);
  }

  Profile profile_;
  std::vector<Setting> settings_;  // of profile_
};

// --- Writing ---------------------------------------------------------------------------------------------------------
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string print_value(const Setting& setting) {
  struct Printer {
    std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
    std::string operator()(const Setting::Number& n) const { return fmt::format("{}", *n.value); }
    std::string operator()(const Setting::Mask& m) const { return in_quotes(word_of(*m.value)); }
    std::string operator()(const std::string* text) const { return in_quotes(*text); }
  };
  return std::visit(Printer{}, setting.value);
}

constexpr std::size_t kCommentColumn = 27;

std::string line_of(const std::string& what, const std::string& comment) {
  return comment.empty() ? what + "\n" : fmt::format("{:<{}} # {}\n", what, kCommentColumn, comment);
}

}  // namespace

std::string_view word_of(Masks masks) { return kMaskWords[static_cast<std::size_t>(masks)]; }

std::array<Masks, nxm::fields.size()> Profile::all_masks() {
  std::array<Masks, nxm::fields.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = masks_of(nxm::fields[i].masks);
  return out;
}

bool Profile::operator==(const Profile& other) const {
  Profile a = *this, b = other;
  const std::vector<Setting> left = settings_of(a), right = settings_of(b);
  const auto same = [](const Setting& x, const Setting& y) { return print_value(x) == print_value(y); };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), same) && ports == other.ports;
}

std::vector<Setting> settings_of(Profile& profile) {
  std::vector<Setting> out;
  add_matching(out, profile);
  add_others(out, profile);
  return out;
}

Profile parse_profile(std::string_view text, const std::string& file) { return ProfileReader(file).read(text); }

Profile read_profile(const std::string& path) {
  const std::string text = read_text(path, limits::kSetting, "a profile");
  // A key of a thousand parts is a thousand tables within each other, which the parser takes apart by recursion.
  std::size_t number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end - at > limits::kSettingLine) {
      throw ProfileError(fmt::format("{}:{}:{}: bytes: {}", path, number, limits::kSettingLine + 1,
                                     limits::beyond(limits::kSettingLine, "a line of a profile")));
    }
    at = end + 1;
  }
  return parse_profile(text, path);
}

std::string print_profile(const Profile& profile, const std::map<std::string, std::string>& seen) {
  const auto note = [&](const std::string& name) {
    const auto at = seen.find(name);
    return at == seen.end() ? std::string() : at->second;
  };
  std::string out = "# What this switch has. What is not said here, it is taken to have.\n", section;
  Profile copy = profile;
  for (const Setting& setting : settings_of(copy)) {
    if (setting.section != section) out += fmt::format("\n[{}]\n", section = setting.section);
    std::string comment(setting.meaning);
    if (const std::string more = note(setting.name()); !more.empty()) comment += (comment.empty() ? "" : "; ") + more;
    out += line_of(fmt::format("{} = {}", setting.key, print_value(setting)), comment);
  }
  for (const ProfilePort& port : profile.ports) {
    out += fmt::format("\n[[port]]\nnumber = {}\n", port.number);
    out += line_of("connected = " + in_quotes(port.connected), note(fmt::format("port.{}", port.number)));
  }
  return out;
}

SwitchConfig config_of(const Profile& profile) {
  std::vector<std::uint16_t> ports;
  for (const ProfilePort& port : profile.ports) ports.push_back(port.number);
  if (ports.empty()) ports = {1, 2, 3};
  SwitchConfig config = default_config(ports);
  config.provider = ProviderMode::simulated;
  config.tables.resize(profile.tables);
  for (TableConfig& table : config.tables) table.max_entries = profile.entries;
  config.n_buffers = profile.buffers;
  config.actions = 0;
  for (std::size_t i = 0; i < kActions.size(); ++i) config.actions |= profile.actions[i] ? 1u << i : 0;
  return config;
}

}  // namespace oftwin::harness
