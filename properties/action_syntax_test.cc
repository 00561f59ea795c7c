// Every list of actions survives being printed and read, and what can be spelt is spelt as ovs-ofctl does.
#include "harness/action_syntax.h"

#include <gtest/gtest.h>

#include <random>

#include "harness/nicira_action_syntax.h"
#include "harness/print.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

TEST(action_syntax, nicira_actions_are_spelt_as_ovs_ofctl_does) {
  const std::pair<const char*, const char*> spelt[] = {
      {"resubmit:3", "ffff0010000023200001000300000000"},
      {"resubmit(,7)", "ffff001000002320000efff807000000"},
      {"resubmit(4,)", "ffff001000002320000e0004ff000000"},
      {"set_tunnel:0x12", "ffff0010000023200002000000000012"},
      {"set_tunnel64:0x100000000",
       "ffff0018000023200009000000000000"
       "0000000100000000"},
      {"set_queue:5", "ffff0010000023200004000000000005"},
      {"pop_queue", "ffff0010000023200005000000000000"},
      {"move:NXM_OF_VLAN_TCI[0..11]->NXM_NX_REG1[4..15]",
       "ffff0018000023200006000c00000004"
       "0000080200010204"},
      {"load:0x5->NXM_NX_REG0[31]",
       "ffff00180000232000"
       "0707c0000100040000000000000005"},
      {"note:01.02.03.04.05.06", "ffff0010000023200008010203040506"},
      {"autopath(9,NXM_NX_REG3[0..15])",
       "ffff001800002320000b000f00010604"
       "0000000900000000"},
      {"multipath(symmetric_l4,50,iter_hash,16,8,NXM_NX_REG0[])",
       "ffff002000002320000a000100320000"
       "0003000f000000080000001f00010004"},
      {"bundle(eth_src,0,hrw,ofport,slaves:4,LOCAL)",
       "ffff002800002320000c000100000000"
       "00000002000200000000000000000000"
       "0004fffe00000000"},
      {"bundle_load(eth_src,7,active_backup,ofport,NXM_NX_REG1[0..15],slaves:)",
       "ffff002000002320000d000000000007"
       "000000020000000f0001020400000000"},
  };
  for (const auto& [text, hex] : spelt) {
    const ActionsOrError parsed = parse_actions(text);
    EXPECT_EQ(parsed.error, "") << text;
    EXPECT_EQ(print_hex(parsed.actions), hex) << text;
    EXPECT_EQ(print_actions(parsed.actions), text);
  }
}

TEST(action_syntax, a_list_is_cut_at_commas_outside_parentheses) {
  const char* text = "resubmit(1,2),output:3,bundle(eth_src,0,hrw,ofport,slaves:1,2),pop_queue";
  EXPECT_EQ(print_actions(parse_actions(text).actions), text);
  EXPECT_EQ(parse_actions("output:1,resubmit(1,2").column, 9u);
  EXPECT_NE(parse_actions("load:1->NXM_NX_REG9[]").error, "");
  EXPECT_NE(parse_actions("move:NXM_NX_REG0[]->NXM_OF_VLAN_TCI[]").error, "");
}

TEST(action_syntax, any_bytes_survive) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    Bytes action;
    put<std::uint16_t>(action, OFPAT_VENDOR);
    put(action, static_cast<std::uint16_t>(8 + 8 * (random() % 6)));
    put(action, NX_VENDOR_ID);
    if (action[3] > 8) put(action, static_cast<std::uint16_t>(random() % 16));
    while (action.size() < action[3]) action.push_back(random() % 3 == 0 ? static_cast<std::uint8_t>(random()) : 0);
    const std::string text = print_actions(action);
    const ActionsOrError parsed = parse_actions(text);
    ASSERT_EQ(parsed.error, "") << text;
    ASSERT_EQ(print_hex(parsed.actions), print_hex(action)) << text;
  }
}

}  // namespace
}  // namespace oftwin::harness
