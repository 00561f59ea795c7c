// Traces as text: what is printed is read back as it was, and what is wrong is told with its place.
#include "harness/trace_text.h"

#include <gtest/gtest.h>

#include "harness/print.h"

namespace oftwin::harness {
namespace {

constexpr const char* kExample = R"(# The provider accepts the replacement, thinks, and then fails.
switch tables=2 ports=1,2,3 provider=scripted

c1 flow_mod add priority=10 in_port=1 actions=output:2         # e1
----
provider construct e1 table=0 priority=10 in_port=1 actions=output:2 -> done

provider next add pend
----

c1 flow_mod add priority=10 in_port=1 actions=output:3         # e3
  + barrier_request
loop run 2
----
provider construct e3 victim=e1 table=0 priority=10 in_port=1 actions=output:3 -> pending

provider complete e3 error=FLOW_MOD_FAILED/ALL_TABLES_FULL
---- ovs-3.1  ADD-7: it says so
c1 error FLOW_MOD_FAILED/ALL_TABLES_FULL request=e3

c1 stats_request flow
c1 bytes 01 0e
loop hold
)";

void expect_round_trip(const Trace& t) {
  std::string text = print_trace(t);
  Trace again = parse_trace(text);
  EXPECT_EQ(print_trace(again), text);
  EXPECT_TRUE(again == t) << text;
}

std::string error_of(const std::string& text) {
  try {
    parse_trace(text, "t");
  } catch (const TraceError& e) { return e.what(); }
  return "no error";
}

Event one_event(const std::string& line) { return parse_trace("\n" + line + "\n").events.at(0); }

TEST(TraceText, the_example_of_the_design_is_read_as_it_is_meant) {
  Trace t = parse_trace(kExample);
  ASSERT_EQ(t.comments.size(), 1u);
  EXPECT_EQ(t.config.tables.size(), 2u);
  ASSERT_EQ(t.blocks.size(), 5u);
  using Lines = std::vector<std::string>;
  EXPECT_EQ(t.blocks[0].expected.value_or(Lines{}).size(), 1u);
  EXPECT_EQ(t.blocks[1].expected, Lines{});
  EXPECT_FALSE(t.blocks[3].expected.has_value());
  EXPECT_EQ(t.blocks[3].labelled.at(0).subject, "ovs-3.1");
  EXPECT_EQ(t.blocks[3].labelled.at(0).clause, "ADD-7");
  EXPECT_EQ(t.blocks[2].line, 11u);
  const Event& third = t.events.at(4);
  EXPECT_EQ(third.id, 3u);
  EXPECT_EQ(std::get<event::Recv>(third.body).bytes.size(), 88u);
  EXPECT_EQ(std::get<event::Loop>(t.events.at(5).body).iterations, 2u);
  EXPECT_EQ(t.events.back().id, 6u) << "a block that holds the loop ends with its last input";
  expect_round_trip(t);
}

TEST(TraceText, every_kind_of_line_survives) {
  const char* lines[] = {
      "c1 open",
      "s2 close",
      "c1 stall",
      "c1 resume",
      "c1 bytes",
      "c1 bytes 02 00 00 08 00 00 00 00",
      "c1 hello",
      "c1 echo_request data=0102",
      "c1 echo_reply",
      "c1 features_request",
      "c1 get_config_request",
      "c1 set_config miss_send_len=128",
      "c1 set_config flags=0x1 miss_send_len=0",
      "c1 barrier_request xid=0x7",
      "c1 flow_mod add actions=drop",
      "c1 flow_mod command=0x9 actions=drop",
      "c1 flow_mod modify_strict table=3 priority=10 tcp dl_vlan=5 dl_vlan_pcp=3 nw_src=10.0.0.0/8 nw_dst=10.1.2.3 "
      "nw_tos=16 tp_src=80 tp_dst=443 cookie=0xa idle_timeout=1 hard_timeout=2 buffer_id=0x100 send_flow_rem "
      "check_overlap emerg flags=0x8 actions=output:2,output:3:64,CONTROLLER:128,FLOOD,output:ALL:1,mod_vlan_vid:5,"
      "mod_vlan_pcp:1,strip_vlan,mod_dl_src:00:00:00:00:00:01,mod_dl_dst:00:00:00:00:00:02,mod_nw_src:1.2.3.4,"
      "mod_nw_dst:5.6.7.8,mod_nw_tos:4,mod_tp_src:1,mod_tp_dst:2,enqueue:1:7,raw:ffff000800002320",
      "c1 flow_mod add actions=output:1,output:1,output:1,output:2*4,FLOOD*8000,raw:00",
      "c1 flow_mod delete out_port=2",
      "c1 flow_mod delete_strict dl_vlan=0xffff",
      "c1 flow_mod add nw_src=0.0.0.0/0 actions=drop",
      "c1 flow_mod add icmp icmp_type=8 icmp_code=0 actions=drop",
      "c1 flow_mod add in_port=1 nw_tos=4 wildcards=0x003820fe actions=drop",
      "c1 flow_mod add in_port=1 wildcards=0xffffffff actions=raw:000000",
      "c1 packet_out in_port=1 actions=output:2 data=00010203",
      "c1 packet_out buffer_id=0x1 actions=TABLE",
      "c1 port_mod port=1 hw_addr=aa:55:aa:55:00:01 config=0x1 mask=0x1 advertise=0x2",
      "c1 stats_request desc",
      "c1 stats_request table",
      "c1 stats_request flow table=0 out_port=3 arp nw_proto=1",
      "c1 stats_request aggregate",
      "c1 stats_request port port=1",
      "c1 stats_request queue port=1 queue=2",
      "c1 stats_request type=9 flags=0x1 data=00",
      "c1 flow_mod_table_id on",
      "c1 flow_mod_table_id 7",
      "c1 role_request master",
      "c1 role_request 9",
      "c1 set_flow_format nxm",
      "c1 nx_flow_mod add actions=drop",
      "c1 nx_flow_mod modify_strict table=2 priority=10 in_port=1 dl_dst=01:00:00:00:00:00/01:00:00:00:00:00 "
      "dl_src=00:00:00:00:00:02 vlan_tci=0x1005/0x1fff dl_type=0x0800 nw_src=10.0.0.0/255.0.0.0 nw_proto=6 tcp_src=80 "
      "tun_id=0x1/0xff reg3=0x7 cookie=0xa buffer_id=0x100 send_flow_rem actions=output:2",
      ("c1 nx_flow_mod add dl_type=0x86dd nw_tos=4 ipv6_src=fe80::1 ipv6_dst=::/ffff:: nw_proto=58 icmpv6_type=135 "
       "nd_target=fe80::2 nd_sll=00:00:00:00:00:01 icmpv6_code=0 actions=drop"),
      "c1 nx_flow_mod delete dl_type=0x0806 arp_op=1 arp_spa=10.0.0.1 arp_sha=00:00:00:00:00:03 out_port=2",
      "c1 nx_flow_mod add in_port=1 in_port=1/0x00ff nxm=00000602 actions=drop",
      "c1 stats_request nx_flow table=0 out_port=3 reg0=0x1/0xf",
      "c1 stats_request nx_aggregate",
      "c1 vendor vendor=0x1 data=00000000",
      "c1 vendor data=00000009",
      "provider next add done pending failed=FLOW_MOD_FAILED/ALL_TABLES_FULL refused=NX:BAD_REQUEST/NXM_INVALID",
      "provider policy all failed=errno:12",
      "provider policy delete pending",
      "provider complete e3",
      "provider complete e3.2 error=17/3",
      "provider complete r4",
      "provider expire e1 hard",
      "provider packet_in port=1 reason=action send_len=64 frame=0011",
      "provider counters e1 packets=5 bytes=18446744073709551615",
      "provider unknown_counters on",
      "provider choose_table none",
      "provider choose_table 3",
      "provider choose_table errno:5",
      "provider execute BAD_REQUEST/9",
      "provider packet_out ok",
      "provider alloc fail",
      "provider latency add 10ms",
      "provider latency all 0ms",
      "p1 packet 001122",
      "p3 add hw_addr=00:00:00:00:00:09 name=\"x # y\" config=0x1",
      "p3 remove",
      "p65534 modify state=0x1",
      "clock 1000ms",
      "switch flush",
      "switch hidden_add priority=70000 in_port=1 actions=CONTROLLER:0",
      "switch hidden_del priority=70000",
      "switch hidden_add priority=180003 arp nw_proto=2 dl_dst=00:00:00:00:00:02 actions=set_queue:7,NORMAL",
      "switch destroy",
      "switch controllers c1 c3",
      "switch controllers none",
      "switch reconnect",
      "switch set datapath_id=0xffffffffffffffff",
      "switch set fail_mode=standalone",
      "switch set fail_mode=secure",
      "switch set probe_interval=5",
      "switch set in_band_queue=none",
      "switch set in_band_queue=3",
      "switch set eviction_threshold=100",
      "switch describe mfr_desc=\"a \\\"b\\\"\" dp_desc=\"\"",
      "switch in_band",
      "switch in_band local=00:00:00:00:00:01 remote=10.0.0.1:6633 remote=10.0.0.2:0/00:00:00:00:00:02",
      "switch dump_flows",
      "n1 open",
  };
  for (const char* line : lines) {
    Event e = one_event(line);
    EXPECT_EQ(print_event(e), line);
    expect_round_trip(parse_trace(std::string("\n") + line + "\n"));
  }
}

TEST(TraceText, the_fields_of_one_flow_may_be_separated_by_commas) {
  EXPECT_EQ(print_event(one_event("c1 flow_mod add priority=1,tcp,tp_dst=80,actions=2,controller,local")),
            "c1 flow_mod add priority=1 tcp tp_dst=80 actions=output:2,CONTROLLER:65535,LOCAL");
}

TEST(TraceText, ids_that_do_not_follow_are_written) {
  Trace t = parse_trace("c1 barrier_request\n\ne5: c1 barrier_request\n\nc1 barrier_request\n");
  EXPECT_EQ(t.events.at(2).id, 5u);
  EXPECT_EQ(t.events.at(4).id, 6u);
  expect_round_trip(t);
  renumber(t);
  EXPECT_EQ(print_trace(t).find("e5"), std::string::npos);
  EXPECT_EQ(print_trace(t).find("xid"), std::string::npos) << "derived xids move with their events";
}

TEST(TraceText, renumbering_keeps_what_names_mean) {
  Trace t = parse_trace(
      "clock 1ms\n\ne4: c1 flow_mod add actions=drop\n----\nprovider construct e4 x=e4.2 -> done\n\n"
      "provider complete e4\nprovider complete e9\n");
  renumber(t);
  EXPECT_EQ(std::get<event::ProviderComplete>(t.events.at(4).body).rule, (RuleName{2, 1}));
  EXPECT_EQ(std::get<event::ProviderComplete>(t.events.at(5).body).rule, (RuleName{9, 1})) << "names nothing, still";
  EXPECT_EQ(t.blocks.at(1).expected, std::vector<std::string>{"provider construct e2 x=e2.2 -> done"});
}

TEST(TraceText, errors_name_file_line_and_column) {
  EXPECT_EQ(error_of("\nc1 flow_mod ad actions=drop\n").substr(0, 10), "t:2:13: 'a");
  EXPECT_EQ(error_of("\nc1 flow_mod add priority=70000\n").substr(0, 8), "t:2:26: ");
  EXPECT_EQ(error_of("\nc1 flow_mod add actions=output:1,nonsense\n").substr(0, 8), "t:2:34: ");
  EXPECT_EQ(error_of("\nprovider choose_table ok\n").substr(0, 8), "t:2:23: ");
  EXPECT_EQ(error_of("\nnobody acts\n").substr(0, 7), "t:2:1: ");
  EXPECT_EQ(error_of("\nc1 bytes 0\n").substr(0, 8), "t:2:10: ");
  EXPECT_EQ(error_of("\nc1 flow_mod\n").substr(0, 8), "t:2:12: ");
  EXPECT_EQ(error_of("----\n").substr(0, 7), "t:1:1: ");
  EXPECT_EQ(error_of("\nloop hold\n").substr(0, 2), "t:");
  EXPECT_EQ(error_of("\n  + barrier_request\n").substr(0, 7), "t:2:3: ");
  EXPECT_EQ(error_of("clauses NO-1\n").substr(0, 7), "t:1:9: ");
  EXPECT_EQ(error_of("switch ports=1,x\n").substr(0, 8), "t:1:16: ");
  EXPECT_EQ(error_of("\ne2: clock 1ms\ne2: clock 1ms\n").substr(0, 7), "t:3:1: ");
}

TEST(TraceText, expectations_are_rewritten_in_place) {
  std::string text = "# keep\n\nclock 1ms  # and this\n----\nold\n\n# between\nclock 2ms\n";
  ParsedTrace p = parse_trace_text(text, "t");
  EXPECT_EQ(rewrite_expectations(text, p.expectations, {{"new", "lines"}, {}}),
            "# keep\n\nclock 1ms  # and this\n----\nnew\nlines\n\n# between\nclock 2ms\n----\n");
}

TEST(TraceText, replies_name_their_requests_only_where_needed) {
  Trace t = parse_trace("c1 barrier_request\n\nc1 barrier_request\n  + barrier_request\n");
  Naming naming(t.events);
  Bytes reply = {1, 0x13, 0, 8, 0, 0, 1, 1};
  observation::Send send{{ConnKind::primary, 1}, reply};
  EXPECT_EQ(print_observation(send, naming), "c1 barrier_reply request=e1");
  naming.enter_block(std::span(t.events).subspan(0, 2));
  EXPECT_EQ(print_observation(send, naming), "c1 barrier_reply");
  send.bytes[7] = 9;
  EXPECT_EQ(print_observation(send, naming), "c1 barrier_reply xid=0x109");
  send.bytes[6] = 2;
  send.bytes[7] = 2;
  EXPECT_EQ(print_observation(send, naming), "c1 barrier_reply request=e2.2");
  send.bytes[3] = 9;
  EXPECT_EQ(print_observation(send, naming), "c1 bytes 01 13 00 09 00 00 02 02");
}

}  // namespace
}  // namespace oftwin::harness
