// Which clauses say something only about switches that have something: by key of the profile.
//
// Few: most clauses can be held against every switch. properties/profile_test.cc generates traces under a profile
// without the key and demands that none hits the clause, so no clause is excused that could have been checked.
#include <algorithm>
#include <array>

#include "harness/applicable.h"
#include "spec/clauses.h"

namespace oftwin::harness {
namespace {

using Keys = std::array<std::string_view, 3>;  // unused ones are empty

struct Need {
  std::string_view clauses;  // an ID, or an area: `NXM-`
  Keys keys;                 // not all of them are off
};

constexpr Need kNeeds[] = {
    {"NXM-11", {}},  // a match that OpenFlow 1.0 made may be one that it cannot say
    {"NXM-", {"nxm.supported"}},
    {"ROLE-", {"connections.roles"}},
    {"FM-4", {"flow_mod.table_id"}},
    {"MSG-6", {"messages.nicira"}},
    {"ADD-1", {"flow_mod.check_overlap"}},
    {"FM-2", {"flow_mod.emergency_refused"}},
    {"ASYNC-2", {"flow_mod.send_flow_removed"}},
    {"EXP-3", {"flow_mod.hard_timeout"}},
    {"EXP-4", {"flow_mod.idle_timeout"}},
    {"DEL-5", {"flow_mod.table_id"}},
    {"MATCH-8", {"match.nw_tos"}},
    {"BUF-1", {"buffers.count"}},
    {"BUF-6", {"buffers.count"}},
    {"BUF-7", {"buffers.count"}},
    {"BUF-2", {"buffers.count"}},
    {"BUF-4", {"buffers.count"}},
    {"BUF-5", {"buffers.count"}},
    {"DP-14", {"buffers.count"}},
    {"PORT-1", {"messages.port_mod"}},
    {"PORT-2", {"messages.port_mod"}},
    {"PORT-3", {"messages.port_mod"}},
    {"MSG-17", {"messages.queue_config"}},
    {"MSG-18", {"messages.queue_config"}},
    {"STAT-3", {"statistics.flow"}},
    {"STAT-5", {"statistics.flow"}},
    {"STAT-6", {"statistics.aggregate"}},
    {"STAT-7", {"statistics.table"}},
    {"STAT-8", {"statistics.port"}},
    {"STAT-9", {"statistics.queue"}},
    {"STAT-10", {"statistics.queue"}},
    {"STAT-11", {"statistics.desc"}},
    {"STAT-12", {"statistics.flow", "statistics.aggregate"}},
    {"STAT-13", {"statistics.flow", "statistics.aggregate"}},
    {"STAT-16", {"statistics.flow", "statistics.aggregate"}},
    {"STAT-17", {"statistics.queue"}},
    {"DP-8", {"output.flood", "output.all"}},
    {"DP-10", {"output.table"}},
    {"DP-15", {"nicira_actions.resubmit", "nicira_actions.resubmit_table", "output.table"}},
    {"DP-16", {"nicira_actions.resubmit", "nicira_actions.resubmit_table", "output.table"}},
    {"ACT-7", {"actions.set_vlan_vid", "actions.set_vlan_pcp", "actions.strip_vlan"}},
    {"ACT-11", {"nicira_actions.reg_move", "nicira_actions.reg_load"}},
    {"ACT-12", {"nicira_actions.multipath", "nicira_actions.autopath"}},
    {"ACT-13", {"nicira_actions.bundle", "nicira_actions.bundle_load"}},
    {"ACT-14", {"nicira_actions.reg_move", "nicira_actions.reg_load"}},
    {"ACT-16", {"nicira_actions.resubmit_table"}},
    {"ACT-18", {"nicira_actions.bundle", "nicira_actions.bundle_load"}},
    {"ACT-19", {"nicira_actions.autopath"}},
};

// What goes with all of Nicira's messages and actions.
bool is_nicira(std::string_view key) {
  return key.starts_with("nxm.") || key.starts_with("nicira_actions.") || key == "connections.roles" ||
         key == "flow_mod.table_id";
}

// Off: false, 0, none.
bool is_off(const Setting& s) {
  if (const auto* yes = std::get_if<bool*>(&s.value)) return !**yes;
  if (const auto* number = std::get_if<Setting::Number>(&s.value)) return *number->value == 0;
  if (const auto* mask = std::get_if<Setting::Mask>(&s.value)) return *mask->value == Masks::none;
  return false;
}

}  // namespace

std::span<const std::string_view> needs_of_clause(std::size_t clause) {
  const std::string_view id = clauses()[clause].id;
  for (const Need& need : kNeeds) {
    if (need.clauses != id && !(need.clauses.ends_with('-') && id.starts_with(need.clauses))) continue;
    const auto end = std::find(need.keys.begin(), need.keys.end(), std::string_view());
    return {need.keys.data(), static_cast<std::size_t>(end - need.keys.begin())};
  }
  return {};
}

std::optional<Obstacle> clause_obstacle(const Profile& profile, std::size_t clause) {
  const std::span<const std::string_view> keys = needs_of_clause(clause);
  if (keys.empty()) return std::nullopt;
  Profile copy = profile;
  const std::vector<Setting> settings = settings_of(copy);
  std::string_view why;
  for (const std::string_view key : keys) {
    const auto named = [&](const Setting& s) { return s.name() == key; };
    const auto setting = std::find_if(settings.begin(), settings.end(), named);
    const bool off = setting != settings.end() && is_off(*setting);
    if (!off && (profile.nicira || !is_nicira(key))) return std::nullopt;
    if (why.empty()) why = off ? key : "messages.nicira";
  }
  return obstacle_of_key(profile, why);
}

}  // namespace oftwin::harness
