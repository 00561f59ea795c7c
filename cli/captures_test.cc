// What the command makes of captures: the verdict is about the switch in the capture, whatever state the capture is in.
#include <nlohmann/json.hpp>
#include <regex>

#include "cli/command_runner.h"
#include "cli/made_session.h"

namespace {

using namespace oftwin;
using namespace oftwin::cli;
using namespace oftwin::cli::made;
using Begins = MadeSession::Begins;

class Captures : public CommandRunner {
 protected:
  Ran check(MadeSession& session, const std::string& more = "") {
    return run("check " + file("s.pcap", session.pcap()) + " " + more);
  }
  static std::size_t count(const std::string& text, const std::string& what) {
    std::size_t n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
  }
};

MadeSession wrong_aggregate() {
  MadeSession s;
  s.controller_says(encode(MadeFlow{1}.add(3))).barrier(4);
  s.controller_says(aggregate_request(5)).switch_says(aggregate_reply(5, 5));
  return s;
}

TEST_F(Captures, a_right_session_agrees_and_says_how_much_was_compared) {
  MadeSession s;
  s.controller_says(encode(MadeFlow{1}.add(3))).barrier(4);
  s.controller_says(flows_request(5)).switch_says(flows_reply(5, {{1}}));
  const Ran r = check(s, "--verdict -");
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_TRUE(r.says("3 requests answered as they must be, 1 rightly not answered")) << r.output;
  EXPECT_TRUE(r.says("kept all")) << r.output;
}

TEST_F(Captures, the_verdict_is_about_the_switch_in_the_capture) {
  MadeSession s = wrong_aggregate();
  std::string verdicts;
  for (const std::string ending : {"txt", "json", "xml", "sarif"}) verdicts += " --verdict " + path("v." + ending);
  const Ran r = check(s, verdicts);
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_TRUE(r.says("aggregate.flows: model 1 | switch 5")) << r.output;

  const std::string text = slurp(path("v.txt"));
  EXPECT_NE(text.find("FAIL STAT-6 "), std::string::npos) << text;
  EXPECT_NE(text.find("s.pcap (10.0.0.1:40000) broke 1 of the"), std::string::npos) << text;
  EXPECT_EQ(text.find("builtin"), std::string::npos) << text;
  const auto json = nlohmann::json::parse(slurp(path("v.json")));
  EXPECT_EQ(json["conforms"], false);
  for (const auto& clause : json["clauses"]) {
    if (clause["id"] == "STAT-6") { EXPECT_EQ(clause["verdict"], "fail"); }
  }
  const auto sarif = nlohmann::json::parse(slurp(path("v.sarif")));
  ASSERT_EQ(sarif["runs"][0]["results"].size(), 1u);
  EXPECT_EQ(sarif["runs"][0]["results"][0]["ruleId"], "STAT-6");
  EXPECT_NE(slurp(path("v.xml")).find("failures=\"1\""), std::string::npos);
}

TEST_F(Captures, a_capture_that_begins_after_the_handshake_is_judged) {
  MadeSession s(Begins::in_the_middle);
  s.controller_says(encode(MadeFlow{1}.add(3))).barrier(4);
  s.controller_says(aggregate_request(5)).switch_says(aggregate_reply(5, 1));
  const Ran r = check(s);
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_TRUE(r.says("2 requests answered as they must be, 1 rightly not answered")) << r.output;

  MadeSession fewer(Begins::in_the_middle);
  fewer.controller_says(encode(MadeFlow{1}.add(3))).barrier(4);
  fewer.controller_says(aggregate_request(5)).switch_says(aggregate_reply(5, 0));
  const Ran bad = check(fewer);
  EXPECT_EQ(bad.code, 1) << "the flow that was added is not counted: " << bad.output;
}

TEST_F(Captures, flows_from_before_are_not_judged_until_they_are_listed) {
  MadeSession s(Begins::in_the_middle);
  s.controller_says(encode(MadeFlow{1}.add(3))).barrier(4);
  s.controller_says(aggregate_request(5)).switch_says(aggregate_reply(5, 2));
  s.controller_says(flows_request(6)).switch_says(flows_reply(6, {{2, 7, 0xb, 500}, {1}}));
  s.controller_says(aggregate_request(7)).switch_says(aggregate_reply(7, 2, 41));
  const Ran r = check(s);
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_TRUE(r.says("the flows from before are not known")) << r.output;
  EXPECT_TRUE(r.says("1 flow from before the capture, as the switch lists them")) << r.output;

  MadeSession lost(Begins::in_the_middle);
  lost.controller_says(flows_request(6)).switch_says(flows_reply(6, {{2, 7, 0xb, 500}, {1, 7, 0xc, 500}}));
  lost.controller_says(flows_request(7)).switch_says(flows_reply(7, {{2, 7, 0xb, 500}}));
  const Ran bad = check(lost);
  EXPECT_EQ(bad.code, 1) << "a flow that was listed is gone: " << bad.output;
  EXPECT_TRUE(bad.says("only the model sends flow table=0 priority=7 in_port=1")) << bad.output;
}

TEST_F(Captures, a_flow_older_than_the_capture_was_there_before_it) {
  MadeSession s;
  s.controller_says(flows_request(3)).switch_says(flows_reply(3, {{1, 9, 0, 3600}}));
  EXPECT_EQ(check(s).code, 0);
  MadeSession young;
  young.pass(60'000).controller_says(flows_request(3)).switch_says(flows_reply(3, {{1, 9, 0, 5}}));
  const Ran r = check(young);
  EXPECT_EQ(r.code, 1) << "nobody has added it: " << r.output;
}

TEST_F(Captures, what_a_capture_does_not_tell_is_not_laid_to_the_switch) {
  MadeSession s;
  s.controller_says(encode(MadeFlow{1}.add(3))).barrier(4);
  Bytes frame{0, 0, 0, 77, 0, 60, 0, 1, 0, 0};  // a packet-in, with a buffer
  frame.resize(10 + 60);
  s.switch_says(message(OFPT_PACKET_IN, 0, frame));
  request::PacketOut out;
  out.xid = 5;
  out.buffer_id = 77;
  s.controller_says(encode(out)).barrier(6);
  MadeFlow counted{1};
  counted.packets = 12;
  s.controller_says(flows_request(7)).switch_says(flows_reply(7, {counted}));
  const Ran r = check(s);
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_TRUE(r.says("the frames that arrived on ports are not in the capture")) << r.output;
}

TEST_F(Captures, what_is_counted_does_not_shrink) {
  MadeSession s;
  s.controller_says(encode(MadeFlow{1}.add(3))).barrier(4);
  request::PacketOut out;
  out.xid = 5;
  out.in_port = 1;
  out.actions = harness::action::output(OFPP_TABLE);
  out.data = Bytes(60, 2);
  s.controller_says(encode(out)).barrier(6);
  s.controller_says(flows_request(7)).switch_says(flows_reply(7, {{1}}));
  const Ran r = check(s);
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_TRUE(r.says("flow.packets (table=0 priority=100 in_port=1): model 1 | switch 0")) << r.output;
}

TEST_F(Captures, a_capture_that_ends_before_the_answer_does_not_blame_the_switch) {
  MadeSession s;
  s.barrier(3).controller_says(message(OFPT_BARRIER_REQUEST, 4));
  Ran r = run("check " + file("s.pcap", s.unfinished()));
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_TRUE(r.says("1 times the capture ends before the answer")) << r.output;

  MadeSession passed_over;
  passed_over.controller_says(message(OFPT_BARRIER_REQUEST, 3)).barrier(4);
  r = run("check " + file("t.pcap", passed_over.unfinished()));
  EXPECT_EQ(r.code, 1) << "a later request was answered: " << r.output;
  EXPECT_TRUE(r.says("only the model sends barrier")) << r.output;
}

TEST_F(Captures, a_packet_cut_short_ends_the_judging_there) {
  MadeSession s;
  s.barrier(3).controller_says(flows_request(4)).switch_says(flows_reply(4, {}));
  std::string bytes = s.unfinished();
  // The last packet: 14 + 40 bytes of headers and 12 of the reply; 4 are cut off its end.
  const std::size_t record = bytes.size() - 66 - 16;
  bytes[record + 8] = static_cast<char>(bytes[record + 8] - 4);
  bytes.resize(bytes.size() - 4);
  Ran r = run("check " + file("s.pcap", bytes));
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_TRUE(r.says("what the switch sent is read up to packet ")) << r.output;
  EXPECT_TRUE(r.says("captured in part only; capture again with a larger snapshot length")) << r.output;
  EXPECT_TRUE(r.says("2 requests answered as they must be")) << r.output;

  bytes.resize(bytes.size() - 20);
  r = run("check " + file("cut.pcap", bytes));
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_TRUE(r.says("the file is read up to where it breaks off: packet ")) << r.output;
}

TEST_F(Captures, packed_captures_are_read) {
  MadeSession s = wrong_aggregate();
  const std::string plain = file("s.pcap", s.pcap());
  ASSERT_EQ(run_line("gzip " + plain).code, 0);
  const Ran r = run("check " + path("s.pcap.gz"));
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_TRUE(r.says("aggregate.flows: model 1 | switch 5")) << r.output;
  std::filesystem::rename(path("s.pcap.gz"), path("capture"));
  EXPECT_EQ(run("check " + path("capture")).code, 1) << "known by how it begins";
}

TEST_F(Captures, all_differences_are_told_the_first_three_at_length) {
  MadeSession s;
  for (std::uint32_t xid = 10; xid < 16; ++xid) {
    s.controller_says(aggregate_request(xid)).switch_says(aggregate_reply(xid, xid));
  }
  const Ran r = check(s, "--json " + path("r.json"));
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_EQ(count(r.output, "STAT-6 Aggregate statistics"), 3u) << r.output;
  for (int flows = 10; flows < 16; ++flows) {
    EXPECT_TRUE(r.says("aggregate.flows: model 0 | switch " + std::to_string(flows))) << r.output;
  }
  EXPECT_FALSE(r.says("and more")) << r.output;
  const auto json = nlohmann::json::parse(slurp(path("r.json")));
  EXPECT_EQ(json["inputs"][0]["findings"].size(), 6u);
}

TEST_F(Captures, flows_are_paired_by_match_priority_and_table) {
  MadeSession s;
  std::vector<MadeFlow> flows;
  for (std::uint16_t n = 1; n <= 40; ++n) flows.push_back({n, n, n});
  for (const MadeFlow& flow : flows) s.controller_says(encode(flow.add(100 + flow.in_port)));
  s.barrier(3);
  Bytes body;
  for (auto flow = flows.rbegin(); flow != flows.rend(); ++flow) {
    if (flow->in_port == 7) flow->cookie = 0x99;
    harness::put_bytes(body, flow->record());
  }
  s.controller_says(flows_request(4)).switch_says(statistics(4, OFPST_FLOW, body));
  const Ran r = check(s);
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_TRUE(r.says("flow.cookie (table=0 priority=7 in_port=7): model 0x7 | switch 0x99")) << r.output;
  EXPECT_EQ(count(r.output, " | switch "), 1u) << r.output;
}

TEST_F(Captures, long_values_are_shown_where_they_differ) {
  Bytes long_text(3000, 'x'), other = long_text;
  other[2000] = 'y';
  MadeSession s;
  s.controller_says(message(OFPT_ECHO_REQUEST, 3, long_text)).switch_says(message(OFPT_ECHO_REPLY, 3, other));
  const Ran r = check(s);
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_TRUE(r.says("echo_reply.data: model (3992 characters alike)..78787878")) << r.output;
  EXPECT_LT(r.output.size(), 3000u) << r.output;
}

TEST_F(Captures, a_reply_that_never_ends_is_wrong) {
  MadeSession s;
  s.controller_says(flows_request(3)).switch_says(flows_reply(3, {}, 1)).barrier(4);
  const Ran r = check(s);
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_TRUE(r.says("says that more come, and none does")) << r.output;
  EXPECT_TRUE(r.says("STAT-2 ")) << r.output;
}

TEST_F(Captures, an_empty_list_is_an_answer) {
  MadeSession s;
  s.controller_says(flows_request(3)).barrier(4);
  const Ran r = check(s);
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_TRUE(r.says("only the model answers, with an empty list")) << r.output;
}

TEST_F(Captures, of_which_version_a_capture_is) {
  MadeSession s(Begins::in_the_middle);
  s.controller_says(message(OFPT_HELLO, 1, {}, 4)).switch_says(message(OFPT_HELLO, 1, {}, 4));
  s.controller_says(message(OFPT_FEATURES_REQUEST, 2, {}, 4));
  const std::string name = file("s.pcap", s.pcap());
  for (const std::string command : {"check ", "coverage "}) {
    const Ran r = run(command + name);
    EXPECT_EQ(r.code, 2) << r.output;
    EXPECT_TRUE(r.says("1 connection speaks OpenFlow 1.3 (0x04)")) << r.output;
  }
}

TEST_F(Captures, what_a_profile_says_is_used_where_the_capture_says_nothing) {
  const std::string profile = file("p.toml", "[[port]]\nnumber = 1\n[[port]]\nnumber = 2\n");
  const auto session = [](std::uint16_t counted) {
    MadeSession s(Begins::in_the_middle);
    Bytes port;
    harness::put(port, counted);
    port.resize(104);
    request::PortStats asks;
    asks.xid = 3;
    asks.port = 9;
    s.controller_says(encode(asks)).switch_says(statistics(3, OFPST_PORT, port));
    return s;
  };
  MadeSession unknown = session(9), known = session(9);
  const Ran before = check(unknown);
  EXPECT_EQ(before.code, 2) << "the only reply is about ports that are not known: " << before.output;
  EXPECT_TRUE(before.says("the switch's ports are not known")) << before.output;
  const Ran after = check(known, "--profile " + profile);
  EXPECT_EQ(after.code, 1) << "there is no port 9: " << after.output;
}

TEST_F(Captures, ports_that_come_and_go_are_the_worlds_doing) {
  MadeSession s;
  Bytes status{1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 2, 'p', '2'};  // port 2 goes
  status.resize(56);
  s.switch_says(message(OFPT_PORT_STATUS, 0, status));
  s.controller_says(message(OFPT_FEATURES_REQUEST, 5));
  Bytes features = features_reply(5);
  features.resize(features.size() - 48);
  features[3] = static_cast<std::uint8_t>(features.size());
  s.switch_says(features);
  const Ran r = check(s);
  EXPECT_EQ(r.code, 0) << r.output;
}

TEST_F(Captures, coverage_counts_what_was_said_and_complains_of_the_rest) {
  MadeSession s = wrong_aggregate();
  std::string bytes = s.pcap();
  bytes.resize(bytes.size() - 10);
  const Ran r = run("coverage " + file("s.pcap", bytes));
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_TRUE(std::regex_search(r.output, std::regex("message +OFPT_FLOW_MOD +yes +yes +1 "))) << r.output;
  EXPECT_TRUE(std::regex_search(r.output, std::regex("statistics reply +OFPST_AGGREGATE +yes +yes +1 "))) << r.output;
  EXPECT_TRUE(r.says("s.pcap: the file is read up to where it breaks off: packet ")) << r.output;
}

TEST_F(Captures, a_trace_becomes_a_capture_that_is_read_back) {
  const std::string trace = file("a.trace",
                                 "switch tables=2 ports=1,2 provider=simulated\n\n"
                                 "c1 flow_mod add priority=10 in_port=1 actions=output:2\n----\n\n"
                                 "clock 3000\n----\n\nc1 stats_request flow\n----\n\nc1 barrier_request\n----\n\n"
                                 "p1 packet " +
                                     std::string(120, '0') + "\n----\n\nc1 stats_request aggregate\n----\n");
  Ran r = run("convert " + trace + " " + path("a.pcap"));
  ASSERT_EQ(r.code, 0) << r.output;
  r = run("check " + path("a.pcap"));
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_TRUE(r.says("4 requests answered as they must be, 1 rightly not answered")) << r.output;
  r = run("convert " + path("a.pcap") + " -");
  EXPECT_TRUE(r.says("c1 flow_mod add priority=10 in_port=1 actions=output:2")) << r.output;
  EXPECT_TRUE(r.says("clock 3000")) << r.output;
  // By a decoder of somebody else's.
  r = run_line("ovs-ofctl ofp-parse-pcap " + path("a.pcap"));
  EXPECT_TRUE(r.says("OFPT_FLOW_MOD")) << r.output;
  EXPECT_TRUE(r.says("duration=3s")) << r.output;
  EXPECT_EQ(run("convert " + trace + " " + path("a.pcapng")).code, 2);
}

TEST_F(Captures, a_stream_of_messages_is_what_a_controller_sent) {
  const Bytes add = encode(MadeFlow{1}.add(3)), hello = message(OFPT_HELLO, 1);
  std::string stream(hello.begin(), hello.end());
  stream.append(add.begin(), add.end());
  const std::string name = file("stream", stream);
  Ran r = run("check " + name);
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_TRUE(r.says("1 messages checked")) << r.output;
  r = run("convert " + name + " -");
  EXPECT_TRUE(r.says("c1 flow_mod add priority=100 in_port=1 actions=output:2")) << r.output;
  stream[0] = 4;
  r = run("check " + file("later", stream));
  EXPECT_EQ(r.code, 2) << r.output;
  EXPECT_TRUE(r.says("a stream of OpenFlow 1.3 (0x04) messages")) << r.output;
}

}  // namespace
