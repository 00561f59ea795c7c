#include "cli/probes.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/say.h"
#include "cli/subjects.h"
#include "harness/capture_write.h"
#include "harness/files.h"
#include "harness/limits.h"
#include "harness/print.h"
#include "harness/probe/flows.h"
#include "harness/spelling.h"

namespace oftwin::cli {
namespace {

using nlohmann::json;
using probe::Flow;
using probe::Packet;
using probe::Plan;

std::vector<std::uint16_t> ports_of(const std::vector<Flow>& flows) {
  std::set<std::uint16_t> named;
  for (const Flow& f : flows) {
    if (f.rule.match.in_port.mask != 0) named.insert(f.rule.match.in_port.value);
  }
  std::uint16_t other = 1;
  while (named.contains(other)) ++other;
  named.insert(other);
  return {named.begin(), named.end()};
}

// What a packet has that is not zero, as a match prints it.
std::string print_packet(const FlowKey& key) {
  const auto exact = [](auto& masked, auto value) {
    masked.value = value;
    if (value != decltype(value){}) masked.mask = static_cast<decltype(value)>(~decltype(value){});
  };
  constexpr std::uint64_t mac = 0xffffffffffff;
  Match m;
  exact(m.in_port, key.in_port);
  m.dl_src = {key.dl_src, mac};
  m.dl_dst = {key.dl_dst, mac};
  exact(m.dl_type, key.dl_type);
  exact(m.vlan_tci, key.vlan_tci);
  exact(m.nw_src, key.nw_src);
  exact(m.nw_dst, key.nw_dst);
  if (key.nw_tos != 0) m.nw_tos = {key.nw_tos, 0xfc};
  exact(m.nw_proto, key.nw_proto);
  exact(m.tp_src, key.tp_src);
  exact(m.tp_dst, key.tp_dst);
  if (key.arp_sha != 0) m.arp_sha = {key.arp_sha, mac};
  if (key.arp_tha != 0) m.arp_tha = {key.arp_tha, mac};
  const auto address = [](Masked<Ipv6>& masked, const Ipv6& value) {
    masked.value = value;
    if (value != Ipv6{}) masked.mask.fill(0xff);
  };
  address(m.ipv6_src, key.ipv6_src);
  address(m.ipv6_dst, key.ipv6_dst);
  address(m.nd_target, key.nd_target);
  return harness::print_match(m);
}

std::string told(const std::vector<Flow>& flows, std::size_t rule) {
  const std::string& text = flows[rule].text;
  return fmt::format("#{} {}", rule + 1, text.empty() ? "everything" : text);
}

void print_plan(const std::vector<Flow>& flows, const Plan& plan) {
  const std::string how_few = plan.minimal ? "no fewer will do" : fmt::format("at least {} are needed", plan.at_least);
  say("{} flows, {} packets ({})\n", flows.size(), plan.packets.size(), how_few);
  for (std::size_t i = 0; i < plan.packets.size(); ++i) {
    const Packet& p = plan.packets[i];
    say("\npacket {}: {}\n", i + 1, print_packet(p.key));
    say("  meets {}{}\n", p.hit ? told(flows, *p.hit) : "no flow", p.free ? ", or another of that priority" : "");
    std::string shows;
    for (const std::size_t g : p.goals) shows += (shows.empty() ? "" : ", ") + print_goal(plan.goals[g]);
    say("  shows {}\n", shows);
  }
  if (!plan.unreachable.empty()) say("\nUnreachable:\n");
  for (const probe::Unreachable& u : plan.unreachable) {
    say("  {} (line {})", told(flows, u.rule), flows[u.rule].line);
    if (u.hidden_by.empty()) say(": no frame has what it asks for");
    for (std::size_t i = 0; i < u.hidden_by.size(); ++i) {
      say("{}#{}", i == 0 ? ": hidden by " : ", ", u.hidden_by[i] + 1);
    }
    say("\n");
  }
  if (plan.undecided > 0) say("\nNot decided in time: whether {} more can be shown\n", plan.undecided);
}

std::string json_of(const std::vector<Flow>& flows, const Plan& plan) {
  json out = {{"minimal", plan.minimal}, {"at_least", plan.at_least}, {"undecided", plan.undecided}};
  out["flows"] = out["packets"] = out["unreachable"] = json::array();
  for (const Flow& f : flows) {
    out["flows"].push_back(
        {{"line", f.line}, {"priority", f.rule.priority}, {"match", harness::print_match(f.rule.match)}});
  }
  for (const Packet& p : plan.packets) {
    json goals = json::array();
    for (const std::size_t g : p.goals) goals.push_back(print_goal(plan.goals[g]));
    json one = {{"in_port", p.key.in_port}, {"frame", harness::print_hex(p.frame)}, {"goals", goals}, {"free", p.free}};
    one["meets"] = p.hit ? json(*p.hit + 1) : json();
    out["packets"].push_back(std::move(one));
  }
  for (const probe::Unreachable& u : plan.unreachable) {
    json by = json::array();
    for (const std::size_t r : u.hidden_by) by.push_back(r + 1);
    out["unreachable"].push_back({{"flow", u.rule + 1}, {"hidden_by", by}});
  }
  return json_text(out, 2);
}

// The frames as a capture, the first at time 0, one second apart.
std::string capture_of(const Plan& plan) {
  harness::CaptureWriter writer;
  for (std::size_t i = 0; i < plan.packets.size(); ++i) writer.frame(i * 1'000'000, plan.packets[i].frame);
  return writer.take();
}

}  // namespace

int run_probes(const ProbesOptions& options) {
  const std::vector<Flow> flows =
      probe::parse_flows(harness::read_text(options.flows, harness::limits::kSetting, "flows"), options.flows,
                         static_cast<std::uint8_t>(options.table));
  if (flows.empty()) throw UsageError(options.flows + ": holds no flow, so there is nothing to show");
  std::vector<probe::Rule> rules;
  for (const Flow& f : flows) rules.push_back(f.rule);
  probe::Options how;
  how.in_ports = options.ports.empty() ? ports_of(flows) : options.ports;
  const Plan plan = probe::plan(rules, how);
  if (options.json != "-") print_plan(flows, plan);
  if (options.json == "-") hand_out(json_of(flows, plan));
  if (!options.json.empty() && options.json != "-") harness::write_file(options.json, json_of(flows, plan));
  if (!options.pcap.empty()) harness::write_file(options.pcap, capture_of(plan));
  return 0;
}

}  // namespace oftwin::cli
