// Which actions a switch keeps: a flow is added that has one, and looked for.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/action_syntax.h"
#include "harness/live/profile_finder.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness::live {
namespace {

// One of each, in the order of kActions and kNiciraActions. `%` stands for a port of the switch.
constexpr std::array<std::string_view, kActions.size()> kSamples = {"output:%",
                                                                    "mod_vlan_vid:5,output:%",
                                                                    "mod_vlan_pcp:3,output:%",
                                                                    "strip_vlan,output:%",
                                                                    "mod_dl_src:02:00:00:00:00:01,output:%",
                                                                    "mod_dl_dst:02:00:00:00:00:02,output:%",
                                                                    "mod_nw_src:10.0.0.1,output:%",
                                                                    "mod_nw_dst:10.0.0.2,output:%",
                                                                    "mod_nw_tos:32,output:%",
                                                                    "mod_tp_src:80,output:%",
                                                                    "mod_tp_dst:80,output:%",
                                                                    "enqueue:%:0"};
constexpr std::array<std::string_view, kNiciraActions.size()> kNiciraSamples = {
    "",
    "resubmit:%",
    "set_tunnel:1",
    "",
    "set_queue:0",
    "pop_queue",
    "move:NXM_NX_REG0[]->NXM_NX_REG1[]",
    "load:0x1->NXM_NX_REG0[]",
    "note:01",
    "set_tunnel64:0x100000001",
    "multipath(eth_src,0,modulo_n,2,0,NXM_NX_REG0[])",
    "autopath(1,NXM_NX_REG0[])",
    "bundle(eth_src,0,active_backup,ofport,slaves:%)",
    "bundle_load(eth_src,0,active_backup,ofport,NXM_NX_REG0[],slaves:%)",
    "resubmit(,1)"};

Bytes sample(std::string_view text, std::uint16_t port) {
  std::string with_port;
  for (const char c : text) with_port += c == '%' ? std::to_string(port) : std::string(1, c);
  return parse_actions(with_port).actions;
}

// TCP over IPv4, so that every field is there.
request::FlowMod tcp_flow() {
  request::FlowMod fm;
  fm.match.wildcards &= ~(std::uint32_t{OFPFW_DL_TYPE} | OFPFW_NW_PROTO);
  fm.match.dl_type = 0x0800;
  fm.match.nw_proto = 6;
  return fm;
}

}  // namespace

bool ProfileFinder::actions_are_kept(const Bytes& actions, std::string& seen) {
  start_empty();
  request::FlowMod fm = tcp_flow();
  fm.actions = actions;
  const Answer answer = questions_.ask(Request(fm));
  if (answer.refused()) {
    seen = answer.why();
    return false;
  }
  const std::vector<Bytes> records = flows(false);
  const bool kept = records.size() == 1 && records[0].size() >= wire::flow_stats::size &&
                    std::ranges::equal(ByteView(records[0]).subspan(wire::flow_stats::size), actions);
  seen = kept ? kKept : kLost;
  return kept;
}

void ProfileFinder::actions() {
  const std::uint16_t port = p_.ports.empty() ? std::uint16_t{1} : p_.ports.front().number;
  for (std::size_t i = 0; i < kActions.size(); ++i) {
    about_ = fmt::format("actions.{}", kActions[i]);
    std::string seen;
    p_.actions[i] = actions_are_kept(sample(kSamples[i], port), seen);
    say(about_, seen);
  }
}

void ProfileFinder::nicira_actions() {
  const std::uint16_t port = p_.ports.empty() ? std::uint16_t{1} : p_.ports.front().number;
  for (std::size_t i = 0; i < kNiciraActions.size(); ++i) {
    if (kNiciraActions[i].empty()) continue;
    about_ = fmt::format("nicira_actions.{}", kNiciraActions[i]);
    std::string seen;
    p_.nicira_actions[i] = actions_are_kept(sample(kNiciraSamples[i], port), seen);
    say(about_, seen);
    p_.nicira = p_.nicira || p_.nicira_actions[i];
  }
}

void ProfileFinder::outputs() {
  for (std::size_t i = 0; i < kOutputs.size(); ++i) {
    const auto port = static_cast<std::uint16_t>(OFPP_IN_PORT + i);
    if (port == OFPP_TABLE) continue;
    about_ = fmt::format("output.{}", kOutputs[i]);
    std::string seen;
    p_.outputs[i] = actions_are_kept(action::output(port, port == OFPP_CONTROLLER ? 128 : 0), seen);
    say(about_, seen);
  }
  output_to_table();
}

// OpenFlow 1.0 has it in packet-outs only. What is in the table sends the packet up, or a miss does.
void ProfileFinder::output_to_table() {
  about_ = "output.table";
  start_empty();
  const bool can_send_up = p_.outputs[OFPP_CONTROLLER - OFPP_IN_PORT];
  if (can_send_up) {
    request::FlowMod up;
    up.actions = action::output(OFPP_CONTROLLER, 128);
    questions_.ask(Request(up));
  }
  request::PacketOut po;
  if (!p_.ports.empty()) po.in_port = p_.ports.front().number;
  po.actions = action::output(OFPP_TABLE);
  po.data = test_frame();
  const Answer answer = questions_.ask(Request(po));
  const bool came = !answer.refused() && questions_.wait_for(OFPT_PACKET_IN, kSoonMs).has_value();
  p_.outputs[OFPP_TABLE - OFPP_IN_PORT] = came || (!answer.refused() && !can_send_up);
  say("output.table", answer.refused() ? answer.why()
                      : came           ? "a packet-out to it came back"
                      : can_send_up    ? "accepted, but the packet did not come back"
                                       : "accepted; nothing would show what came of it");
}

}  // namespace oftwin::harness::live
