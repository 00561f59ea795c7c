#include "harness/applicable.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/message_parts.h"
#include "harness/nxm_syntax.h"
#include "harness/request.h"
#include "spec/clauses.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

// The value of a key as the file writes it.
std::string value_of(const Profile& profile, const std::string& name) {
  Profile copy = profile;
  for (const Setting& s : settings_of(copy)) {
    if (s.name() != name) continue;
    if (const auto* yes = std::get_if<bool*>(&s.value)) return **yes ? "true" : "false";
    if (const auto* number = std::get_if<Setting::Number>(&s.value)) return fmt::format("{}", *number->value);
    if (const auto* mask = std::get_if<Setting::Mask>(&s.value)) return std::string(word_of(*mask->value));
    return *std::get<std::string*>(s.value);
  }
  return {};
}

Obstacle because(const Profile& profile, std::string_view section, std::string_view key) {
  return obstacle_of_key(profile, fmt::format("{}.{}", section, key));
}

std::optional<Obstacle> unless(bool has, const Profile& profile, std::string_view section, std::string_view key) {
  if (has) return std::nullopt;
  return because(profile, section, key);
}

std::optional<Obstacle> of_match(const Profile& p, const WireMatch& m) {
  for (std::size_t i = 0; i < kMatchFields.size(); ++i) {
    if (asked_masks(m, i) > p.match[i]) return because(p, "match", kMatchFields[i]);
  }
  return std::nullopt;
}

std::optional<Obstacle> of_entries(const Profile& p, ByteView entries) {
  for (const NxmEntry& entry : cut_entries(entries)) {
    if (!entry.field) continue;  // the switch is to refuse it
    if (entry.masks > p.nxm_match[*entry.field]) return because(p, "nxm", nxm_name(nxm::fields[*entry.field].type));
  }
  return std::nullopt;
}

std::optional<Obstacle> of_port(const Profile& p, std::uint16_t port) {
  const std::size_t reserved = port - std::size_t{OFPP_IN_PORT};
  if (port < OFPP_IN_PORT || reserved >= kOutputs.size()) return std::nullopt;
  return unless(p.outputs[reserved], p, "output", kOutputs[reserved]);
}

std::optional<Obstacle> of_action(const Profile& p, const WireAction& a) {
  if (a.type < kActions.size()) {
    if (!p.actions[a.type]) return because(p, "actions", kActions[a.type]);
    return a.port ? of_port(p, *a.port) : std::nullopt;
  }
  if (!a.nicira) return std::nullopt;  // unknown: the switch is to refuse it
  if (!p.nicira) return because(p, "messages", "nicira");
  const std::size_t subtype = *a.nicira;
  if (subtype >= kNiciraActions.size() || kNiciraActions[subtype].empty()) return std::nullopt;
  return unless(p.nicira_actions[subtype], p, "nicira_actions", kNiciraActions[subtype]);
}

std::optional<Obstacle> of_actions(const Profile& p, ByteView actions) {
  for (const WireAction& action : cut_actions(actions)) {
    if (auto found = of_action(p, action)) return found;
  }
  return std::nullopt;
}

std::optional<Obstacle> of_parts(const Profile& p, const MessageParts& m) {
  if (m.nicira && !p.nicira) return because(p, "messages", "nicira");
  if (m.extended && !p.nxm) return because(p, "nxm", "supported");
  if (m.role && !p.roles) return because(p, "connections", "roles");
  if (m.table_id && !p.table_id) return because(p, "flow_mod", "table_id");
  if (m.port_mod && !p.port_mod) return because(p, "messages", "port_mod");
  if (m.queue_config && !p.queue_config) return because(p, "messages", "queue_config");
  if (m.statistics && *m.statistics < kStatistics.size() && !p.statistics[*m.statistics]) {
    return because(p, "statistics", kStatistics[*m.statistics]);
  }
  if (m.flags & OFPFF_CHECK_OVERLAP && !p.check_overlap) return because(p, "flow_mod", "check_overlap");
  if (m.flags & OFPFF_EMERG && !p.emergency_refused) return because(p, "flow_mod", "emergency_refused");
  if (m.flags & OFPFF_SEND_FLOW_REM && !p.send_flow_removed) return because(p, "flow_mod", "send_flow_removed");
  if (m.idle_timeout && !p.idle_timeout) return because(p, "flow_mod", "idle_timeout");
  if (m.hard_timeout && !p.hard_timeout) return because(p, "flow_mod", "hard_timeout");
  if (m.match) {
    if (auto found = of_match(p, *m.match)) return found;
  }
  if (auto found = of_entries(p, m.entries)) return found;
  return of_actions(p, m.actions);
}

// The streams of all connections. A message that arrives in pieces is one when its last piece is there.
class Streams {
 public:
  // The views hold until the next call. `rest`: no message will ever come of it.
  Cut arrive(const event::Recv& recv) {
    bytes_ = std::exchange(begun_[recv.conn], {});
    bytes_.insert(bytes_.end(), recv.bytes.begin(), recv.bytes.end());
    Cut cut = cut_messages(bytes_);
    const bool begun = cut.rest.size() < wire::header::size || wire_length(cut.rest) >= wire::header::size;
    if (begun) begun_[recv.conn].assign(cut.rest.begin(), cut.rest.end());
    if (begun) cut.rest = {};
    return cut;
  }

 private:
  static std::size_t wire_length(ByteView message) { return std::size_t{message[2]} << 8 | message[3]; }

  std::map<ConnName, Bytes> begun_;
  Bytes bytes_;
};

std::optional<Obstacle> of_config(const Profile& p, const SwitchConfig& config) {
  if (config.tables.size() > p.tables) return because(p, "tables", "count");
  if (config.connections.size() > p.connections) return because(p, "connections", "count");
  return std::nullopt;
}

}  // namespace

Obstacle obstacle_of_key(const Profile& profile, std::string_view key) {
  Obstacle out;
  out.key = key;
  const auto line = profile.lines.find(out.key);
  out.place = line == profile.lines.end() ? profile.file : fmt::format("{}:{}", profile.file, line->second);
  out.what = fmt::format("{} = {}", key.substr(key.find('.') + 1), value_of(profile, out.key));
  return out;
}

std::string print_obstacle(const Obstacle& o) {
  return fmt::format("{}: [{}] {}", o.place, o.key.substr(0, o.key.find('.')), o.what);
}

std::optional<Obstacle> obstacle(const Profile& profile, ByteView message) {
  const MessageParts parts = parts_of(message);
  if (parts.malformed && !profile.malformed) return because(profile, "messages", "malformed");
  return of_parts(profile, parts);
}

std::optional<Obstacle> obstacle(const Profile& profile, const Event& e) {
  if (const auto* own = std::get_if<event::HiddenAdd>(&e.body)) return of_actions(profile, own->actions);
  const auto* recv = std::get_if<event::Recv>(&e.body);
  if (!recv) return std::nullopt;
  const Cut cut = cut_messages(recv->bytes);
  for (const ByteView message : cut.messages) {
    if (auto found = obstacle(profile, message)) return found;
  }
  if (!cut.rest.empty() && !profile.malformed) return because(profile, "messages", "malformed");
  return std::nullopt;
}

std::optional<Obstacle> obstacle(const Profile& profile, const Trace& trace) {
  if (auto found = of_config(profile, trace.config)) return found;
  Streams streams;
  for (const Event& e : trace.events) {
    const auto* recv = std::get_if<event::Recv>(&e.body);
    if (!recv) {
      if (auto found = obstacle(profile, e)) return found;
      continue;
    }
    const Cut cut = streams.arrive(*recv);
    for (const ByteView message : cut.messages) {
      if (auto found = obstacle(profile, message)) return found;
    }
    if (!cut.rest.empty() && !profile.malformed) return because(profile, "messages", "malformed");
  }
  return std::nullopt;
}

Trace restricted(const Profile& profile, Trace trace) {
  SwitchConfig& config = trace.config;
  if (config.tables.size() > profile.tables) config.tables.resize(profile.tables);
  if (config.connections.size() > profile.connections) config.connections.resize(profile.connections);
  config.n_buffers = std::min(config.n_buffers, profile.buffers);
  Streams streams;
  for (Event& e : trace.events) {
    if (auto* own = std::get_if<event::HiddenAdd>(&e.body)) own->actions = repaired_actions(profile, own->actions);
    auto* recv = std::get_if<event::Recv>(&e.body);
    if (!recv) continue;
    const Cut cut = streams.arrive(*recv);
    Bytes out;
    for (const ByteView message : cut.messages) {
      const Bytes one = repaired(profile, message).value_or(encode(request::BarrierRequest{xid_in(message)}));
      out.insert(out.end(), one.begin(), one.end());
    }
    if (profile.malformed) out.insert(out.end(), cut.rest.begin(), cut.rest.end());
    recv->bytes = std::move(out);
  }
  return trace;
}

}  // namespace oftwin::harness
