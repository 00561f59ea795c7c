// oftwin minimize from outside, and what check makes small: with providers that are wrong in one thing each.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Ran {
  int code = -1;
  std::string out, complaints;
};

class Minimize : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("oftwin-minimize-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  static std::string slurp(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }

  Ran run(const std::string& arguments) const {
    Ran ran;
    const std::string line = OFTWIN_COMMAND " " + arguments + " 2>" + path("complaints") + " </dev/null";
    FILE* pipe = popen(line.c_str(), "r");
    std::array<char, 4096> buffer;
    while (std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) ran.out.append(buffer.data(), n);
    const int status = pclose(pipe);
    if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
    ran.complaints = slurp(path("complaints"));
    return ran;
  }
  static std::string broken(const std::string& name) {
    return " --subject provider:" OFTWIN_EXAMPLES "/broken_" + name + ".so";
  }
  // What minimizing says for machines; of a run that succeeds.
  nlohmann::json minimized(const std::string& trace, const std::string& how) const {
    const Ran ran = run("minimize --json - " + trace + how);
    EXPECT_EQ(ran.code, 0) << ran.out << ran.complaints;
    return ran.code == 0 ? nlohmann::json::parse(ran.out) : nlohmann::json();
  }

  fs::path folder_;
};

// A provider that does not count shows itself by a flow, a packet and a question.
constexpr const char* kCore =
    "c1 flow_mod add actions=drop\n\n"
    "p1 packet 0000000000000000000000000000\n"
    "c1 stats_request flow\n";

TEST_F(Minimize, a_minimal_trace_is_a_fixed_point_in_fewer_than_100_probes) {
  const nlohmann::json first = minimized(file("a.trace", std::string("\n") + kCore), broken("does_not_count"));
  EXPECT_EQ(first["inputs"], 3);
  EXPECT_TRUE(first["complete"]);
  EXPECT_LT(first["probes"], 100) << first;
  EXPECT_NE(first["trace"].get<std::string>().find(kCore), std::string::npos) << first["trace"];
  const nlohmann::json again = minimized(file("b.trace", first["trace"]), broken("does_not_count"));
  EXPECT_LT(again["probes"], 100) << again;
  EXPECT_EQ(again["trace"], first["trace"]);
}

TEST_F(Minimize, two_processes_write_the_same_bytes) {
  const Ran found = run("check --random 60 --out " + path("out") + broken("mixes_up_masks"));
  ASSERT_EQ(found.code, 1) << found.out;
  const Ran other = run("check --random 60 --out " + path("other") + broken("mixes_up_masks"));
  std::size_t traces = 0;
  for (const auto& entry : fs::directory_iterator(path("out"))) {
    ++traces;
    const std::string text = slurp(entry.path());
    EXPECT_EQ(text, slurp(path("other/" + entry.path().filename().string())));
    EXPECT_EQ(text.find("wildcards="), std::string::npos) << text;
  }
  EXPECT_GT(traces, 0u);
}

// Messages with everything in them, which have nothing to do with what is wrong.
const std::vector<std::string>& burdens() {
  static const std::vector<std::string> lines = {
      "flow_mod add priority=77 cookie=0x1234 idle_timeout=9 hard_timeout=8 send_flow_rem in_port=2 "
      "dl_src=02:00:00:00:00:01 dl_dst=02:00:00:00:00:02 dl_vlan=5 dl_vlan_pcp=3 ip nw_tos=32 nw_proto=6 "
      "nw_src=10.1.0.0/16 nw_dst=10.2.3.4 tp_src=80 tp_dst=81 "
      "actions=output:2,mod_vlan_vid:5,mod_vlan_pcp:3,strip_vlan,mod_dl_src:02:00:00:00:00:03,"
      "mod_dl_dst:02:00:00:00:00:04,mod_nw_src:10.0.0.9,mod_nw_dst:10.0.0.8,mod_nw_tos:16,mod_tp_src:7,mod_tp_dst:8,"
      "enqueue:2:1",
      "set_flow_format nxm",
      "flow_mod_table_id on",
      "flow_mod_table_id off",
      "role_request master",
      "nx_flow_mod add priority=78 cookie=0x4321 in_port=2 dl_src=02:00:00:00:00:01 tcp nw_src=10.1.0.0/255.255.0.0 "
      "tcp_src=80 "
      "tun_id=0x5/0xff reg0=0x7/0xf reg1=9 "
      "actions=set_tunnel:7,set_tunnel64:0x100000000,set_queue:4,pop_queue,move:NXM_NX_REG0[0..3]->NXM_NX_REG1[4..7],"
      "load:0x5->NXM_NX_REG0[],note:00.11.22.33.44.55.66,resubmit:2,resubmit(2,0),"
      "multipath(eth_src,50,modulo_n,1,0,NXM_NX_REG0[]),bundle(eth_src,0,active_backup,ofport,slaves:2,3),"
      "bundle_load(eth_src,0,hrw,ofport,NXM_NX_REG0[],slaves:2,3)",
      "nx_flow_mod add arp arp_spa=10.0.0.1 arp_tpa=10.0.0.2 arp_sha=02:00:00:00:00:01 arp_op=1 actions=output:3",
      "nx_flow_mod add tcp6 ipv6_src=2001:db8::1 ipv6_dst=2001:db8::/ffff:ffff:: tcp_dst=443 actions=output:3",
      "nx_flow_mod modify udp udp_src=9 actions=output:3",
      "flow_mod delete priority=3 in_port=3 out_port=2",
      "packet_out in_port=2 actions=mod_vlan_vid:5,output:3 data=000000000002000000000001060006000000",
      "port_mod port=2 config=0x1 mask=0x1",
      "set_config miss_send_len=99",
      "stats_request nx_flow tun_id=0x5 table=0 out_port=2",
      "stats_request nx_aggregate reg0=5",
      "stats_request aggregate in_port=3",
      "stats_request port port=2",
      "stats_request queue port=2 queue=1",
      "stats_request table",
      "stats_request desc",
      "echo_request data=0011223344",
      "features_request",
      "get_config_request",
      "barrier_request",
  };
  return lines;
}

TEST_F(Minimize, what_has_nothing_to_do_with_it_goes) {
  std::string trace;
  for (const std::string& line : burdens()) trace += "\nc1 " + line + "\n";
  const nlohmann::json small = minimized(file("a.trace", trace + "\n" + kCore), broken("does_not_count"));
  EXPECT_EQ(small["inputs_before"], burdens().size() + 3);
  EXPECT_EQ(small["inputs"], 3) << small["trace"];
  EXPECT_NE(small["trace"].get<std::string>().find(kCore), std::string::npos) << small["trace"];
}

// The messages that it is about are themselves full.
TEST_F(Minimize, messages_that_matter_become_plain) {
  const std::string trace =
      "\nc1 set_flow_format nxm\n"
      "\nc1 nx_flow_mod add priority=77 cookie=0x1234 idle_timeout=9 send_flow_rem in_port=2 "
      "dl_src=02:00:00:00:00:01 dl_dst=02:00:00:00:00:02 "
      "actions=output:3,output:1,output:2\n"
      "\np2 packet 02000000000202000000000108004500001400000000401100000a0100010a020304\n"
      "\nc1 stats_request nx_flow dl_src=02:00:00:00:00:01 table=0\n";
  const nlohmann::json small = minimized(file("a.trace", trace), broken("does_not_count"));
  EXPECT_EQ(small["inputs"], 3) << small["trace"];
  EXPECT_NE(small["trace"].get<std::string>().find(kCore), std::string::npos) << small["trace"];
}

TEST_F(Minimize, a_trace_that_shows_nothing_is_exit_code_2) {
  const Ran builtin = run("minimize " OFTWIN_SOURCE_DIR "/corpus/flow_mod/delete.trace");
  EXPECT_EQ(builtin.code, 2);
  EXPECT_NE(builtin.complaints.find("there is nothing to minimize"), std::string::npos) << builtin.complaints;
  const Ran provider = run("minimize " OFTWIN_SOURCE_DIR "/corpus/flow_mod/delete.trace" + broken("does_not_count"));
  EXPECT_EQ(provider.code, 2) << provider.out;
  EXPECT_EQ(provider.out, "");
}

TEST_F(Minimize, a_lost_provider_made_small_is_exit_code_0) {
  const std::string trace =
      "\nc1 barrier_request\n\nc1 flow_mod add priority=10 "
      "actions=output:1,output:2,output:3,output:1,output:2,output:3,"
      "output:1,output:2,output:3,output:1,output:2,output:3,output:1,output:2,output:3,output:1,output:2,output:3\n";
  const nlohmann::json small = minimized(file("a.trace", trace), broken("crashes_on_a_long_list"));
  EXPECT_EQ(small["inputs"], 1) << small;
  EXPECT_NE(small["shows"].get<std::string>().find("is lost"), std::string::npos) << small;
}

TEST_F(Minimize, a_budget_ends_it_with_what_is_small_until_then) {
  std::string trace;
  for (const std::string& line : burdens()) trace += "\nc1 " + line + "\n";
  const Ran ran = run("minimize --probes 5 --json " + path("a.json") + " " + file("a.trace", trace + "\n" + kCore) +
                      broken("does_not_count"));
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.complaints.find("ended early (5 probes): it may become smaller"), std::string::npos) << ran.complaints;
  const nlohmann::json told = nlohmann::json::parse(slurp(path("a.json")));
  EXPECT_EQ(told["probes"], 5);
  EXPECT_FALSE(told["complete"]);
  EXPECT_EQ(told["trace"], ran.out);
  EXPECT_LT(told["inputs"], told["inputs_before"]);
  // What was written goes on from there.
  EXPECT_EQ(minimized(file("b.trace", ran.out), broken("does_not_count"))["inputs"], 3);
}

TEST_F(Minimize, the_result_is_written_where_it_is_asked_for) {
  const Ran ran = run("minimize -o " + path("small.trace") + " " + file("a.trace", std::string("\n") + kCore) +
                      broken("does_not_count"));
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(slurp(path("small.trace")).find(kCore), std::string::npos);
  EXPECT_EQ(run("check " + path("small.trace") + broken("does_not_count")).code, 1);
}

}  // namespace
