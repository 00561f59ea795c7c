// A live switch at the other end of a socket: Debian's Open vSwitch, started privately for each test.
//
// Each oracle is shown to fail: by an entry taken out of the ledger, by a switch that is killed, by requests that end
// it.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "harness/convert.h"
#include "harness/live/campaign.h"
#include "harness/request.h"
#include "harness/trace_text.h"
#include "properties/private_switch.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

namespace fs = std::filesystem;

CampaignOptions options_for(const properties::PrivateSwitch& ovs) {
  CampaignOptions out;
  out.endpoint = net::parse_endpoint(ovs.endpoint());
  return out;
}

std::string told(const CampaignReport& report) {
  std::string out;
  for (const Finding& f : report.findings) out += f.text() + "\n";
  return out;
}

TEST(LiveSwitch, TwoThousandGeneratedScenariosAgreeUnderTheLedger) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  ASSERT_EQ(fs::path(campaign.ledger().file()).filename(), "open-vswitch-3.1.ledger");
  campaign.play_random(1, 2000, {});
  const CampaignReport& report = campaign.report();
  EXPECT_EQ(report.scenarios, 2000u);
  EXPECT_EQ(report.agreed + report.left, 2000u) << told(report);
  EXPECT_GT(report.agreed, 1800u);
  EXPECT_GT(report.messages, 20'000u);
  EXPECT_EQ(report.reconnects, 0u);
}

TEST(LiveSwitch, TheCorpusAgreesAsFarAsItCanBePlayedFromOutside) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  for (const auto& entry : fs::recursive_directory_iterator(OFTWIN_SOURCE_DIR "/corpus")) {
    const bool finding = entry.path().string().find("/findings/") != std::string::npos;
    if (entry.path().extension() != ".trace" || finding) continue;
    campaign.play(entry.path().string(), read_any_trace(entry.path().string()));
  }
  EXPECT_EQ(campaign.report().differing, 0u) << told(campaign.report());
  EXPECT_GE(campaign.report().scenarios, 50u);
  EXPECT_GE(campaign.report().outside, 100u);
}

TEST(LiveSwitch, AnEntryTakenOutOfTheLedgerIsFoundMinimizedAndReproduced) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  campaign.use(campaign.ledger().without("undefined-flags"));
  campaign.play_random(1, 400, {});
  const CampaignReport& report = campaign.report();
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.differing + report.agreed + report.left, 400u);
  const Finding& finding = report.findings.front();
  EXPECT_EQ(finding.shown, 10u);
  EXPECT_EQ(finding.of, 10u);
  EXPECT_LE(finding.inputs, 3u) << finding.text();
  EXPECT_NE(finding.text().find("flags=0x"), std::string::npos) << finding.text();
}

TEST(LiveSwitch, AnEntryThatIsNoLongerTrueFails) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  std::ifstream file(campaign.ledger().file());
  std::string text((std::istreambuf_iterator<char>(file)), {});
  text +=
      "\nno-such-port clause=PORT-1 in=error.error model=PORT_MOD_FAILED/BAD_PORT switch=PORT_MOD_FAILED/BAD_HW_ADDR\n"
      "  instead: It says that the address is wrong.\n  because: It does not, which is the point.\n";
  campaign.use(Ledger::parse(text, "wrong.ledger"));
  campaign.play("wrong", parse_trace("switch tables=1 ports=1 provider=simulated\n\nc1 port_mod port=9\n"));
  EXPECT_EQ(campaign.report().differing, 1u);
}

TEST(LiveSwitch, TimeOutsComeInTime) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  campaign.play("time-outs", parse_trace("switch tables=1 ports=1,2 provider=simulated\n\n"
                                         "c1 flow_mod add priority=1 idle_timeout=1 send_flow_rem actions=drop\n"
                                         "  + flow_mod add priority=2 hard_timeout=1 send_flow_rem actions=drop\n"
                                         "  + flow_mod add priority=3 hard_timeout=10 send_flow_rem actions=drop\n\n"
                                         "clock 1000ms\n\nc1 stats_request flow\n"));
  const CampaignReport& report = campaign.report();
  EXPECT_EQ(report.agreed, 1u) << told(report) << report.left;
  EXPECT_TRUE(report.clauses[clause("EXP-3")]);
  EXPECT_TRUE(report.clauses[clause("EXP-4")]);
}

// Roles, what a slave may do and hears, settings of each connection, connections that close and open.
TEST(LiveSwitch, SeveralConnectionsAgreeUnderTheLedger) {
  const properties::PrivateSwitch ovs;
  CampaignOptions options = options_for(ovs);
  options.several_per_cent = 100;
  Campaign campaign(options);
  ASSERT_EQ(campaign.introduction().config.connections.size(), 3u) << campaign.why_no_more_connections();
  EXPECT_TRUE(campaign.introduction().roles);
  campaign.play_random(1, 200, {});
  const CampaignReport& report = campaign.report();
  EXPECT_EQ(report.agreed + report.left, 200u) << told(report);
  EXPECT_GT(report.used.at("roles-for-anyone"), 100u);
  for (const std::size_t met : {clause("ROLE-4"), clause("ROLE-5"), clause("CONN-4"), clause("CONN-10")}) {
    EXPECT_TRUE(report.clauses[met]) << met;
  }
}

TEST(LiveSwitch, AMasterThatIsDemotedMayChangeNothingAndHearsNothing) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  campaign.play("roles", parse_trace("switch tables=1 ports=1,2 connections=c1,c2 provider=simulated\n\n"
                                     "c1 role_request master\n\nc2 role_request master\n\n"
                                     "c1 flow_mod add priority=7 actions=drop\n\n"
                                     "c2 flow_mod add priority=8 send_flow_rem actions=drop\n\n"
                                     "c2 flow_mod delete\n\nc1 stats_request flow\n"));
  const CampaignReport& report = campaign.report();
  EXPECT_EQ(report.agreed, 1u) << told(report);
  EXPECT_TRUE(report.clauses[clause("ROLE-4")]);
  EXPECT_TRUE(report.clauses[clause("ROLE-5")]);
  EXPECT_TRUE(report.clauses[clause("ASYNC-2")]);
}

TEST(LiveSwitch, APortThatIsTakenDownHasNoLinkAndEverybodyIsTold) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  Trace trace = parse_trace("switch tables=1 ports=1 connections=c1,c2 provider=simulated\n\nc2 barrier_request\n");
  const PortConfig& port = campaign.introduction().config.ports.back();
  auto id = static_cast<std::uint32_t>(trace.events.size());
  for (const std::uint32_t down : {std::uint32_t{OFPPC_PORT_DOWN}, std::uint32_t{0}}) {
    for (const Bytes& message : {encode(request::PortMod{0, port.number, port.hw_addr, down, OFPPC_PORT_DOWN, 0}),
                                 encode(request::FeaturesRequest{})}) {
      trace.events.push_back({++id, event::Recv{trace.config.connections[0], message}});
    }
  }
  campaign.play("down and up", trace);
  const CampaignReport& report = campaign.report();
  EXPECT_EQ(report.agreed, 1u) << told(report);
  EXPECT_EQ(report.used.at("port-down"), 2u);
  EXPECT_EQ(report.used.at("port-mod-is-told"), 6u) << "the other one, then both, twice";
}

// The two readings that only several connections show, each left out: found, and with no more connections than it
// needs.
TEST(LiveSwitch, WhatOnlySeveralConnectionsShowIsFoundWithoutItsEntry) {
  const properties::PrivateSwitch ovs;
  CampaignOptions options = options_for(ovs);
  options.several_per_cent = 100;
  options.reruns = 3;
  Campaign campaign(options);
  const Ledger ledger = campaign.ledger();
  campaign.use(ledger.without("port-mod-is-told"));
  campaign.play("port-mod",
                parse_trace("switch tables=1 ports=1 connections=c1,c2,c3 provider=simulated\n\nc3 barrier_request\n\n"
                            "c1 flow_mod add actions=drop\n\nc2 port_mod port=1 config=0x10 mask=0x10\n"));
  EXPECT_EQ(campaign.report().differing, 0u) << "the address is wrong, so that nothing changes";
  campaign.play_random(1, 100, {});
  ASSERT_FALSE(campaign.report().findings.empty());
  const Finding& finding = campaign.report().findings.front();
  EXPECT_EQ(finding.shown, 3u);
  EXPECT_EQ(finding.trace.config.connections.size(), 2u) << finding.text();
  EXPECT_NE(finding.text().find("port_status"), std::string::npos) << finding.text();

  campaign.use(ledger.without("roles-for-anyone"));
  EXPECT_EQ(campaign.introduction().config.connections[0].kind, ConnKind::service);
  const std::uint64_t before = campaign.report().differing;
  campaign.play_random(1, 10, {});
  EXPECT_GT(campaign.report().differing, before);
}

TEST(LiveSwitch, ManyTimeOutsComeInTime) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  DrawOptions options;
  options.timed_per_10000 = 10'000;
  SwitchConfig config = campaign.introduction().config;
  config.connections.resize(1);
  std::size_t waits = 0;
  const Trace scenario = draw_scenario(3, config, options);
  for (const Event& e : scenario.events) waits += std::holds_alternative<event::Clock>(e.body);
  EXPECT_EQ(waits, 1u);
  EXPECT_GT(scenario.events.size(), 600u);
  campaign.play("many time-outs", scenario);
  EXPECT_EQ(campaign.report().agreed, 1u) << told(campaign.report());
}

TEST(LiveSwitch, ASwitchThatIsKilledAndComesBackLosesNoScenario) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  bool killed = false;
  std::thread again;
  campaign.play_random(5000, 1500, [&](std::uint64_t done, std::uint64_t) {
    if (done < 400 || killed) return;
    killed = true;
    ovs.run("kill");
    again = std::thread([&] { ovs.run("again"); });
  });
  again.join();
  const CampaignReport& report = campaign.report();
  EXPECT_GE(report.reconnects, 1u);
  EXPECT_EQ(report.scenarios, 1500u);
  EXPECT_EQ(report.agreed + report.left, 1500u) << told(report);
  EXPECT_EQ(report.lost, 0u);
}

// Without the ledger each finding shows, ten times of ten; with it none does.
TEST(LiveSwitch, TheFindingsShowEveryTime) {
  const properties::PrivateSwitch ovs;
  Campaign campaign(options_for(ovs));
  const Ledger ledger = campaign.ledger();
  std::uint64_t findings = 0;
  for (const auto& entry : fs::directory_iterator(OFTWIN_SOURCE_DIR "/corpus/findings")) {
    const std::string file = entry.path().string();
    if (entry.path().extension() != ".trace" || file.find("ends_the_switch") != std::string::npos) continue;
    if (file.find("no_packet_in") != std::string::npos) continue;  // needs a cable
    // To have a role at all, a service connection needs its entry.
    const bool roles = file.find("a_slave_") != std::string::npos;
    campaign.use(roles ? ledger.without("fragments-by-anyone") : Ledger());
    campaign.play(file, read_any_trace(file));
    // Against its own documentation; the standard can be read both ways (ASYNC-5).
    findings += file.find("maximum_length_of_zero") == std::string::npos ? 1 : 0;
    EXPECT_EQ(campaign.report().differing, findings) << file;
    campaign.use(ledger);
    campaign.play(file, read_any_trace(file));
    EXPECT_EQ(campaign.report().differing, findings) << file << "\n" << told(campaign.report());
  }
  EXPECT_EQ(findings, 6u);
  for (const Finding& f : campaign.report().findings) EXPECT_EQ(f.shown, 10u) << f.text();
}

// Somebody starts the switch again whenever it has ended.
TEST(LiveSwitch, RequestsThatEndTheSwitchAreAFinding) {
  const properties::PrivateSwitch ovs;
  std::atomic<bool> over{false};
  std::thread keeper([&] {
    while (!over) {
      try {
        if (!ovs.runs()) ovs.run("again");
      } catch (const std::runtime_error&) {
        // It has not quite ended yet, or ended while it began: again.
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  {
    CampaignOptions options = options_for(ovs);
    options.reruns = 2;
    options.probes = 4;
    Campaign campaign(options);
    for (const char* name : {"bundle_load_ends_the_switch", "a_reason_ends_the_switch"}) {
      const std::string file = std::string(OFTWIN_SOURCE_DIR "/corpus/findings/") + name + ".trace";
      campaign.play(file, read_any_trace(file));
    }
    EXPECT_EQ(campaign.report().lost, 2u);
    ASSERT_EQ(campaign.report().findings.size(), 2u);
    for (const Finding& finding : campaign.report().findings) {
      EXPECT_TRUE(finding.lost);
      EXPECT_EQ(finding.shown, 2u);
    }
  }
  over = true;
  keeper.join();
}

TEST(LiveSwitch, ASwitchThatIsNotThereIsSaidToBeNotThere) {
  CampaignOptions options;
  options.endpoint = net::parse_endpoint("unix:/nonexistent/br0.mgmt");
  options.meet_ms = 100;
  EXPECT_THROW(Campaign campaign(options), LinkError);
}

TEST(Ledger, SaysWhereItIsWrong) {
  const auto error = [](const std::string& text) -> std::string {
    try {
      Ledger::parse(text, "x.ledger");
    } catch (const LedgerError& e) { return e.what(); }
    return "";
  };
  const std::string reasons = "\n  instead: this\n  because: that\n";
  EXPECT_EQ(error("dialect nobody\n"), "x.ledger:1:9: there is no dialect 'nobody'");
  EXPECT_EQ(error("a clause=NO-1" + reasons), "x.ledger:1:10: no such clause in spec/*.md");
  EXPECT_EQ(error("a clause=ADD-1" + reasons),
            "x.ledger:1:1: there is no reading 'a' in this dialect, and no in=, model=, switch= here");
  EXPECT_EQ(error("a clause=ADD-1 in=flow" + reasons), "x.ledger:1:19: expected RECORD.FIELD");
  EXPECT_EQ(error("a clause=ADD-1 in=flow.table model=1" + reasons),
            "x.ledger:1:1: in=, model= and switch= go together");
  EXPECT_EQ(error("dialect open-vswitch-3\nidentical-flow clause=ADD-1\n  instead: this\n"),
            "x.ledger:2:1: 'identical-flow' does not say why that is acceptable");
  EXPECT_EQ(error("dialect open-vswitch-3\nidentical-flow clause=ADD-1\n  because: that\n"),
            "x.ledger:2:1: 'identical-flow' does not say what the switch does instead");
  EXPECT_EQ(error("switch colour=red\n"), "x.ledger:1:8: a description has no 'colour'");
}

// So that a seed that somebody has written down keeps its meaning when a switch takes more connections.
TEST(Scenario, MoreConnectionsChangeOnlyTheScenariosThatUseThem) {
  SwitchConfig one, three;
  for (SwitchConfig* config : {&one, &three}) config->provider = ProviderMode::simulated;
  one.connections = {{ConnKind::service, 1}};
  three.connections = {{ConnKind::service, 1}, {ConnKind::service, 2}, {ConnKind::service, 3}};
  DrawOptions alone, together;
  together.connections = 3;
  together.several_per_cent = 5;
  together.reconnects = true;
  std::size_t several = 0, reconnecting = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const Trace drawn = draw_scenario(seed, three, together);
    EXPECT_EQ(drawn, draw_scenario(seed, three, together));
    if (drawn.config.connections.size() == 1) {
      EXPECT_EQ(drawn.events, draw_scenario(seed, one, alone).events) << seed;
      continue;
    }
    ++several;
    reconnecting += std::any_of(drawn.events.begin(), drawn.events.end(),
                                [](const Event& e) { return std::holds_alternative<event::ConnClose>(e.body); });
  }
  EXPECT_NEAR(static_cast<double>(several), 100, 30);
  EXPECT_NEAR(static_cast<double>(reconnecting), static_cast<double>(several) / 2, 20);
}

TEST(Scenario, WhatIsCausedInsideTheSwitchIsOutside) {
  const SwitchConfig config;
  const auto reason = [&](const std::string& text) {
    const auto scenario = scenario_of(parse_trace("switch tables=1 ports=1 provider=scripted\n\n" + text), config);
    const auto* why = std::get_if<std::string>(&scenario);
    return why ? *why : "";
  };
  EXPECT_EQ(reason("c1 barrier_request\n"), "");
  EXPECT_EQ(reason("provider next add pending\n"), "the provider or the switch itself does something");
  EXPECT_EQ(reason("clock 5ms\n"), "");
  EXPECT_EQ(reason("clock 21000ms\n"), "more time passes than a check can wait");
  EXPECT_EQ(reason("c1 barrier_request\n\nc2 barrier_request\n"), "more connections than the switch takes");
  EXPECT_EQ(reason("c1 close\n"), "connections come and go");
  EXPECT_EQ(reason("n1 open\n"), "a connection that snoops");
  EXPECT_EQ(reason("c1 bytes 01 12 00 09 00 00 00 01\n"),
            "a message without its end, or a stream that ends the session");
}

}  // namespace
}  // namespace oftwin::harness::live
