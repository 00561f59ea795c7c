// Each prediction of what Open vSwitch 3.1 does otherwise than the law, one after the other: Debian's Open vSwitch
// agrees to the end of the scenario; it is found out when its ledger does not say so; and a switch that follows the law
// is found out where the ledger says that it does not.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/live/campaign.h"
#include "harness/live/judge.h"
#include "harness/live/open_vswitch_3_pipeline.h"
#include "harness/live/scenario.h"
#include "harness/request.h"
#include "harness/source.h"
#include "harness/trace_text.h"
#include "model/decode.h"
#include "model/step.h"
#include "properties/private_switch.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

const std::string kLedger = OFTWIN_SOURCE_DIR "/corpus/ledger/open-vswitch-3.1.ledger";

// Frames, in hexadecimal.
const std::string kEthernet = "000000000002000000000001";
const std::string kIpv4 = "0a0000010a000002";
const std::string kUdp = kEthernet + "0800450000200000400040110000" + kIpv4 + "00500035000c12340badcafe";
const std::string kTcp =
    kEthernet + "08004500002800004000400600 00" + kIpv4 + "0050003500000001000000025010200012340000";
const std::string kIcmp = kEthernet + "080045000020000040004001 0000" + kIpv4 + "0800123400010002 0badcafe";
const std::string kSctp = kEthernet + "080045000024000040004084 0000" + kIpv4 + "00500035000000010000beef00030004";
const std::string kLongerThanItIs = kEthernet + "0800450040200000400040110000" + kIpv4 + "00500035000c12340badcafe";
const std::string kLaterFragment = kEthernet + "0800450000200000000140110000" + kIpv4 + "00500035000c12340badcafe";
const std::string kFirstFragment = kEthernet + "0800450000200000200040110000" + kIpv4 + "00500035000c12340badcafe";
const std::string kArpOfAnotherKind =
    kEthernet + "08060001080006040003" + "0000000000010a000001" + "0000000000020a000002";
const std::string kIpv6 = "fe800000000000000000000000000001fe800000000000000000000000000002";
const std::string kUdp6 = kEthernet + "86dd60000000000c1140" + kIpv6 + "00500035000c12340badcafe";
const std::string kIcmp6 = kEthernet + "86dd6000000000083a40" + kIpv6 + "8000123400010002";

std::string packet_out(const std::string& frame, const std::string& actions = "TABLE", const std::string& port = "1") {
  std::string hex;
  for (const char c : frame) {
    if (c != ' ') hex += c;
  }
  return "c1 packet_out in_port=" + port + " actions=" + actions + " data=" + hex + "\n\n";
}

struct Prediction {
  const char* name;     // of the test
  const char* reading;  // that makes it
  std::string events;
  bool open = false;  // a part of it is not compared, so that only the rest can be found out
  bool free = false;  // the law leaves it open (PKT-12, MATCH-10), so that it agrees without the ledger, too
};

std::vector<Prediction> predictions() {
  const std::string to_controller = "c1 flow_mod add priority=1 actions=CONTROLLER:65535\n\n";
  const std::string flows = "c1 stats_request flow\n\n", tables = "c1 stats_request table\n\n";
  const auto rewriting = [&](const std::string& action, const std::string& frame) {
    return "c1 flow_mod add actions=" + action + ",CONTROLLER:65535\n\n" + packet_out(frame);
  };
  const std::string with_tables = "c1 flow_mod_table_id on\n\n";
  const std::string plain = "c1 flow_mod add priority=10 actions=drop\n\n",
                    ethernet = "c1 flow_mod add priority=10 nw_proto=6 actions=output:1\n\n";
  return {
      {"TypeOfServiceOverIpv6", "rewrites", rewriting("mod_nw_tos:184", kUdp6)},
      {"PortsOverIpv6", "rewrites", rewriting("mod_tp_dst:99", kUdp6)},
      {"TypeOfIcmp", "rewrites", rewriting("mod_tp_src:3", kIcmp)},
      {"CodeOfIcmpv6", "rewrites", rewriting("mod_tp_dst:4", kIcmp6)},
      {"PortsOfSctp", "rewrites", rewriting("mod_tp_src:7,mod_tp_dst:8", kSctp)},
      {"SumInAFragment", "rewrites", rewriting("mod_nw_src:10.9.9.9", kLaterFragment)},
      {"AddressThatArpKeeps", "rewrites",
       with_tables + "c1 flow_mod add actions=mod_nw_dst:10.9.9.9,resubmit(,1)\n\n" +
           "c1 flow_mod add table=1 dl_type=0x0806 nw_dst=10.0.0.2 actions=CONTROLLER:65535\n\n" +
           packet_out(kEthernet + "08060001080006040001" + "0000000000010a000001" + "0000000000020a000002") + flows},
      {"TotalLengthBeyondTheFrame", "odd-frames",
       "c1 flow_mod add dl_type=0x0800 nw_src=10.0.0.1 actions=CONTROLLER:65535\n\n" + packet_out(kLongerThanItIs) +
           flows},
      {"ArpOfAnotherKind", "odd-frames",
       "c1 flow_mod add dl_type=0x0806 nw_src=10.0.0.1 actions=drop\n\n" + packet_out(kArpOfAnotherKind) + flows, false,
       true},
      {"TagOfAServiceProvider", "odd-frames",
       "c1 flow_mod add dl_vlan=5 actions=drop\n\n" + packet_out(kEthernet + "88a80005080100000000") + flows},
      {"WhatAHashChooses", "hashes",
       "c1 flow_mod add actions=multipath(symmetric_l4,1,modulo_n,255,0,NXM_NX_REG0[0..7]),"
       "move:NXM_NX_REG0[0..7]->NXM_OF_ETH_SRC[0..7],CONTROLLER:65535\n\n" +
           packet_out(kTcp) + packet_out(kUdp)},
      {"WhatAnotherHashChooses", "hashes",
       "c1 flow_mod add actions=multipath(eth_src,50,hrw,60,0,NXM_NX_REG0[0..7]),multipath(eth_src,7,hash_threshold,"
       "200,0,NXM_NX_REG0[8..15]),multipath(symmetric_l4,3,iter_hash,100,128,NXM_NX_REG0[16..31]),"
       "move:NXM_NX_REG0[]->NXM_OF_ETH_SRC[0..31],CONTROLLER:65535\n\n" +
           packet_out(kTcp) + packet_out(kUdp6)},
      {"TheSlaveThatAHashChooses", "hashes",
       "c1 flow_mod add actions=bundle_load(symmetric_l4,1,hrw,ofport,NXM_NX_REG0[0..15],slaves:1,2,3),"
       "move:NXM_NX_REG0[0..15]->NXM_OF_ETH_SRC[0..15],CONTROLLER:65535\n\n" +
           packet_out(kTcp) + packet_out(kUdp) + packet_out(kIcmp) + packet_out(kUdp6)},
      {"AResubmissionWithoutEnd", "resubmit-depth",
       "c1 flow_mod add actions=resubmit(,0)\n\n" + packet_out(kUdp) + flows},
      {"ThirtyResubmissions", "resubmit-depth",
       [&] {
         std::string out = with_tables;
         for (int i = 0; i < 30; ++i) {
           out +=
               "c1 flow_mod add table=" + std::to_string(i) + " actions=resubmit(," + std::to_string(i + 1) + ")\n\n";
         }
         return out + packet_out(kUdp) + tables + flows;
       }()},
      {"ItsOwnPort", "resubmit-in-port",
       "c1 flow_mod add priority=1 actions=load:0x1->NXM_NX_REG0[],resubmit:IN_PORT\n\n"
       "c1 nx_flow_mod add priority=2 in_port=1 reg0=0x1 actions=CONTROLLER:65535\n\n" +
           packet_out(kUdp) + flows},
      {"WholePackets", "whole-packets", "c1 flow_mod add actions=CONTROLLER:20\n\n" + packet_out(kUdp)},
      {"AFrameThatIsTooShort", "short-frame",
       "c1 flow_mod add actions=resubmit(,1),CONTROLLER\n\n" + packet_out("0000000000020000") + flows + tables},
      {"FragmentsThatAreDropped", "fragments-by-anyone",
       "c1 set_config flags=0x1 miss_send_len=128\n\n" + to_controller + packet_out(kFirstFragment) + tables + flows +
           "c1 get_config_request\n\n"},
      {"PortsOfAFirstFragment", "fragments-by-anyone",
       "c1 set_config flags=0x3 miss_send_len=128\n\n"
       "c1 flow_mod add dl_type=0x0800 nw_proto=17 tp_dst=53 actions=CONTROLLER:65535\n\n" +
           packet_out(kFirstFragment) + packet_out(kLaterFragment) + flows + "c1 get_config_request\n\n"},
      {"APortThatTakesNothingIn", "port-config-of-packet-outs",
       "c1 port_mod port=LOCAL hw_addr=aa:55:aa:55:00:00 config=0x4 mask=0x4\n\n" + to_controller +
           packet_out(kUdp, "TABLE", "LOCAL") + flows},
      {"AMissOnAPortWithoutPacketIns", "port-config-of-packet-outs",
       "c1 port_mod port=LOCAL hw_addr=aa:55:aa:55:00:00 config=0x40 mask=0x40\n\n" +
           packet_out(kUdp, "TABLE", "LOCAL")},
      {"AFloodThatIsOpen", "normal-learns",
       "c1 flow_mod add actions=NORMAL,CONTROLLER:65535\n\n" + packet_out(kUdp) + "c1 stats_request port\n\n" + flows,
       true},
      {"TwoFlowsSideBySide", "is-ethernet", plain + ethernet + flows},
      {"ALooseDeletionSparesTheOther", "is-ethernet",
       plain + ethernet + "c1 flow_mod delete nw_proto=6\n\n" + flows + "c1 flow_mod delete\n\n" + flows, false, true},
      {"AStrictDeletionFindsItsOwn", "is-ethernet",
       plain + ethernet + "c1 flow_mod delete_strict priority=10\n\n" + flows},
      {"ALooseModificationSparesTheOther", "is-ethernet",
       plain + ethernet + "c1 flow_mod modify nw_proto=6 actions=output:3\n\n" + flows},
      {"AModificationThatAdds", "is-ethernet",
       plain + "c1 flow_mod modify priority=10 nw_proto=6 actions=output:3\n\n" + flows},
      {"AListingOfThoseThatAskForEthernet", "is-ethernet",
       ethernet + plain + "c1 stats_request nx_flow vlan_tci=0x0000/0x0000\n\n"},
      {"TwoFlowsThatDifferInTimeOutsOnly", "is-ethernet",
       "c1 flow_mod add priority=10 hard_timeout=10 actions=drop\n\n"
       "c1 flow_mod add priority=10 nw_proto=6 hard_timeout=20 actions=drop\n\nc1 stats_request nx_flow\n\n"},
      {"AFieldThatNobodyKnows", "nxm-errors", "c1 nx_flow_mod add nxm=0080100400000001 actions=drop\n\n"},
      {"DescriptionsOfPortsWithABody", "newer-messages", "c1 stats_request type=13 data=0000000000000000\n\n"},
      {"AStrictDeletionInAllTables", "strict-in-all-tables",
       with_tables + "c1 flow_mod add table=1 priority=5 actions=output:1\n\n" +
           "c1 flow_mod add table=2 priority=5 actions=output:1\n\n" +
           "c1 flow_mod modify_strict table=255 priority=5 actions=output:2\n\n" + flows +
           "c1 flow_mod delete_strict table=255 priority=5\n\n" + flows},
  };
}

// What a switch says that follows the law.
Heard lawful(const Trace& scenario) {
  Heard out;
  out.replies.resize(scenario.events.size());
  out.passed_ms.resize(scenario.events.size());
  model::State state = model::initial(scenario.config);
  const auto step = [&](std::size_t at, const Event& event) {
    model::Outcome outcome;
    model::step(state, event, {}, outcome);
    for (const Observation& o : outcome.observations) {
      const auto* send = std::get_if<observation::Send>(&o);
      if (!send) continue;
      const std::uint8_t type = send->bytes[1];
      if (type == OFPT_PACKET_IN)
        out.unasked[send->conn].packet_ins.push_back(send->bytes);
      else if (type == OFPT_FLOW_REMOVED)
        out.unasked[send->conn].flow_removed.push_back(send->bytes);
      else
        out.replies[at].push_back(send->bytes);
    }
  };
  for (std::size_t i = 0; i + 1 < scenario.events.size(); i += 2) {
    step(i, scenario.events[i]);
    step(i, scenario.events[i + 1]);
  }
  return out;
}

Trace trace_of(const Prediction& p) {
  return parse_trace("switch tables=1 ports=1,2,3 provider=simulated\n\n" + p.events);
}

TEST(Readings, OpenVSwitchDoesWhatEachPredicts) {
  const properties::PrivateSwitch ovs;
  CampaignOptions options;
  options.endpoint = net::parse_endpoint(ovs.endpoint());
  options.ledger = kLedger;
  options.reruns = 1;
  options.probes = 1;
  options.findings = 100;
  Campaign campaign(options);
  const Ledger ledger = campaign.ledger();
  const CampaignReport& report = campaign.report();
  for (const Prediction& p : predictions()) {
    const auto used = [&] { return report.used.contains(p.reading) ? report.used.at(p.reading) : 0; };
    const std::uint64_t agreed = report.agreed, used_before = used(), found = report.findings.size();
    campaign.use(ledger);
    campaign.play(p.name, trace_of(p));
    EXPECT_EQ(report.agreed, agreed + 1) << p.name;
    if (report.findings.size() > found) ADD_FAILURE() << report.findings.back().text();
    EXPECT_GT(used(), used_before) << p.name;
    const std::uint64_t differing = report.differing;
    campaign.use(ledger.without(p.reading));
    campaign.play(p.name, trace_of(p));
    EXPECT_EQ(report.differing, differing + (p.open || p.free ? 0 : 1)) << p.name << " is not found out";
  }
  EXPECT_EQ(campaign.report().left, 0u);
  EXPECT_GE(campaign.report().open.at("normal-learns"), 1u);
}

TEST(Readings, ASwitchThatFollowsTheLawIsFoundOut) {
  const Ledger ledger = Ledger::read(kLedger);
  SwitchConfig config = parse_trace("switch tables=254 ports=1,2,3,LOCAL provider=simulated\n").config;
  config.connections = {{ConnKind::service, 1}};
  config.n_buffers = 0;
  for (PortConfig& port : config.ports)
    port.hw_addr = {0xaa, 0x55, 0xaa, 0x55, 0, static_cast<std::uint8_t>(port.number == OFPP_LOCAL ? 0 : port.number)};
  for (const Prediction& p : predictions()) {
    const auto scenario = scenario_of(trace_of(p), config);
    ASSERT_TRUE(std::holds_alternative<Trace>(scenario)) << p.name;
    const Trace& trace = std::get<Trace>(scenario);
    const Heard heard = lawful(trace);
    EXPECT_FALSE(judge(trace, heard, {}).difference) << p.name << ": " << judge(trace, heard, {}).difference->what;
    const Judgement judgement = judge(trace, heard, ledger);
    EXPECT_EQ(judgement.left, "") << p.name;
    EXPECT_TRUE(judgement.difference || p.open) << p.name << " follows the law and is not found out";
  }
}

// The two are written from different sources: wherever the readings say nothing, they must be the same.
TEST(Readings, AWayWithoutReadingsIsTheLaws) {
  SwitchConfig config = parse_trace("switch tables=4 ports=1,2,3 provider=simulated\n").config;
  config.connections = {{ConnKind::service, 1}};
  std::uint64_t same = 0, other = 0, packets = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    const Trace scenario = draw_scenario(seed, config, {});
    model::State state = model::initial(config);
    const Memory memory;
    for (std::size_t i = 0; i + 1 < scenario.events.size(); i += 2) {
      const Event& event = scenario.events[i];
      const model::State before = state;
      model::Outcome law;
      model::step(state, event, {}, law);
      model::step(state, scenario.events[i + 1], {}, law);
      const auto* recv = std::get_if<event::Recv>(&event.body);
      const bool refused = std::any_of(law.observations.begin(), law.observations.end(), [](const Observation& o) {
        const auto* send = std::get_if<observation::Send>(&o);
        return send && send->bytes[1] == OFPT_ERROR;
      });
      if (!recv || refused || recv->bytes[1] != OFPT_PACKET_OUT) continue;
      const auto request = decode_request(recv->bytes);
      const auto* out = request ? std::get_if<request::PacketOut>(&*request) : nullptr;
      if (!out || out->buffer_id != OFP_NO_BUFFER) continue;
      ++packets;
      const ovs3::Way way = ovs3::follow(before, memory, {out->in_port, out->data, out->actions}, {});
      if (!way.readings.empty() || !way.leaves.empty()) {
        ++other;
        continue;
      }
      model::State after = before;
      Memory kept;
      model::Outcome outcome;
      ovs3::apply(way, after, kept, outcome);
      ASSERT_TRUE(after.tables == state.tables && after.ports == state.ports) << "seed " << seed << " event " << i;
      std::vector<Observation> sent, lawfully_sent;
      const auto packets_in = [](const model::Outcome& from, std::vector<Observation>& to) {
        std::copy_if(
            from.observations.begin(), from.observations.end(), std::back_inserter(to), [](const Observation& o) {
              return std::holds_alternative<observation::Send>(o) || std::holds_alternative<observation::PacketTx>(o);
            });
      };
      packets_in(outcome, sent);
      packets_in(law, lawfully_sent);
      ASSERT_TRUE(sent == lawfully_sent) << "seed " << seed << " event " << i;
      ++same;
    }
  }
  EXPECT_GT(same, packets / 3);
  EXPECT_GT(other, 50u);
}

}  // namespace
}  // namespace oftwin::harness::live
