#include "harness/probe/probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/frame.h"
#include "harness/probe/goals.h"
#include "harness/probe/sharing.h"

namespace oftwin::probe {
namespace {

void meet_rule(std::span<const Rule> rules, const std::vector<Cube>& cubes, const Cube& packet, Packet& out) {
  for (std::size_t r = 0; r < rules.size(); ++r) {
    if (!covers(cubes[r], packet)) continue;
    if (out.hit && rules[*out.hit].priority > rules[r].priority) continue;
    out.free = out.hit && rules[*out.hit].priority == rules[r].priority;
    if (!out.free) out.hit = r;
  }
}

// Packets whose goals others reach as well are left out, the last first.
void drop_superfluous(std::vector<Packet>& packets, std::size_t goals) {
  std::vector<std::size_t> times(goals);
  for (const Packet& p : packets) {
    for (const std::size_t g : p.goals) ++times[g];
  }
  for (std::size_t i = packets.size(); i-- > 0;) {
    const auto elsewhere = [&](std::size_t g) { return times[g] > 1; };
    if (!std::all_of(packets[i].goals.begin(), packets[i].goals.end(), elsewhere)) continue;
    for (const std::size_t g : packets[i].goals) --times[g];
    packets.erase(packets.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace

std::string print_goal(const Goal& goal) {
  switch (goal.kind) {
    case GoalKind::reach:
      return fmt::format("reach #{}", goal.rule + 1);
    case GoalKind::over:
      return fmt::format("over #{} #{}", goal.rule + 1, goal.other + 1);
    case GoalKind::inside:
      return fmt::format("inside #{} {}", goal.rule + 1, fields()[goal.other].name);
    case GoalKind::edge:
      return fmt::format("edge #{} {}", goal.rule + 1, fields()[goal.other].name);
    case GoalKind::miss:
      break;
  }
  return "miss";
}

Plan plan(std::span<const Rule> rules, const Options& options) {
  WitnessSearch search(options.in_ports, options.steps, options.solver_timeout_ms);
  Goals goals = seek_goals(rules, options, search);
  const Sharing sharing = share(goals, options.effort, search);
  Plan out;
  for (const Shared& shared : sharing.packets) {
    Packet packet;
    packet.key = key_of(shared.packet);
    packet.frame = harness::frame_of(packet.key, options.payload);
    meet_rule(rules, goals.cubes, shared.packet, packet);
    for (std::size_t g = 0; g < goals.all.size(); ++g) {
      if (in_region(goals.cubes, goals.all[g].region, shared.packet)) packet.goals.push_back(g);
    }
    out.packets.push_back(std::move(packet));
  }
  drop_superfluous(out.packets, goals.all.size());
  for (const Sought& sought : goals.all) out.goals.push_back(sought.goal);
  out.unreachable = std::move(goals.unreachable);
  out.undecided = goals.undecided;
  out.at_least = std::min(sharing.at_least, out.packets.size());
  out.minimal = (sharing.minimal || out.packets.size() == sharing.at_least) && goals.undecided == 0;
  out.solved = search.counts().solved;
  return out;
}

}  // namespace oftwin::probe
