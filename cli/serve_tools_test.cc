// oftwin serve with the tools and controllers that people use: ovs-ofctl, and os-ken applications. What the tools show
// is what it should be, and no session ends with a divergence.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>

#include "cli/serving.h"

namespace {

using namespace oftwin::cli;
using Words = std::vector<std::string>;

// An ARP request from 02:00:00:00:00:01 to everybody, 60 bytes.
const std::string kArp =
    "ffffffffffff0200000000010806000108000604000102000000000101020304000000000000010203050000000000000000000000000000"
    "00000000";

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

// Whether somebody who listens has begun to: frames go to the controller until one is heard of. Their kind is one that
// no test asks about.
bool hears(Serving& serving, const Process& listener) {
  return wait_for([&] {
    serving.ofctl({"packet-out", "br0",
                   "in_port=1 packet=0180c200000e02000000000188cc" + std::string(92, '0') + " actions=CONTROLLER"});
    return count(listener.output(), "dl_type=0x88cc") > 0;
  });
}

class Tools : public ::testing::TestWithParam<const char*> {
 protected:
  std::string run(Words words, int code = 0) {
    words.insert(words.begin() + 1, GetParam() == std::string("tcp") ? serving_.tcp() : serving_.unix_socket());
    return serving_.ofctl(words, code);
  }
  Serving serving_{{"--tables", "2"}};
};

TEST_P(Tools, flows_are_added_changed_shown_and_deleted) {
  run({"add-flow", "priority=10,in_port=1 actions=output:2"});
  run({"add-flow",
       "table=1,priority=20,cookie=0x50,tcp,nw_dst=10.1.0.0/16,tp_dst=80 actions=mod_nw_dst:10.9.9.9,output:3"});
  EXPECT_EQ(run({"dump-flows"}),
            "NXST_FLOW reply:\n"
            " cookie=0x0, table=0, n_packets=0, n_bytes=0, priority=10,in_port=1 actions=output:2\n"
            " cookie=0x50, table=1, n_packets=0, n_bytes=0, priority=20,tcp,nw_dst=10.1.0.0/16,tp_dst=80 "
            "actions=mod_nw_dst:10.9.9.9,output:3\n");
  run({"mod-flows", "in_port=1 actions=output:3"});
  EXPECT_EQ(run({"dump-flows", "table=0"}),
            "NXST_FLOW reply:\n"
            " cookie=0x0, table=0, n_packets=0, n_bytes=0, priority=10,in_port=1 actions=output:3\n");
  EXPECT_EQ(run({"dump-aggregate", "out_port=3"}), "NXST_AGGREGATE reply: packet_count=0 byte_count=0 flow_count=2\n");
  run({"packet-out", "in_port=1 packet=" + kArp + " actions=TABLE"});
  EXPECT_EQ(run({"dump-aggregate", "in_port=1"}),
            "NXST_AGGREGATE reply: packet_count=1 byte_count=" + std::to_string(kArp.size() / 2) + " flow_count=1\n");
  EXPECT_EQ(run({"add-flow", "priority=10,in_port=1,check_overlap actions=drop"}, 1)
                .rfind("OFPT_ERROR: OFPFMFC_OVERLAP\n", 0),
            0u);
  run({"del-flows", "tcp,table=1"});
  run({"del-flows", "in_port=1"});
  EXPECT_EQ(run({"dump-flows"}), "NXST_FLOW reply:\n");
  EXPECT_GE(serving_.stop()["messages"], 20);
}

TEST_P(Tools, a_file_of_flows_is_loaded_compared_and_replaced) {
  const auto file = [&](const std::string& name, int from, int to) {
    std::ofstream out(serving_.folder() + "/" + name);
    for (int i = from; i < to; ++i) out << "priority=" << i + 1 << ",ip,nw_dst=10.0.0." << i << " actions=output:1\n";
    return serving_.folder() + "/" + name;
  };
  run({"add-flows", file("first", 0, 100)});
  EXPECT_EQ(count(run({"dump-flows"}), "actions=output:1"), 100u);
  EXPECT_EQ(run({"diff-flows", file("first", 0, 100)}), "");
  EXPECT_EQ(count(run({"diff-flows", file("second", 50, 120)}, 2), "\n"), 70u);
  run({"replace-flows", file("second", 50, 120)});
  EXPECT_EQ(run({"diff-flows", file("second", 50, 120)}), "");
  serving_.stop();
}

TEST_P(Tools, tables_ports_and_the_switch_itself) {
  EXPECT_EQ(run({"show"}).rfind("OFPT_FEATURES_REPLY: dpid:0000000000000001\nn_tables:2, n_buffers:256\n", 0), 0u);
  EXPECT_NE(run({"dump-desc"}).find("Manufacturer: oftwin\n"), std::string::npos);
  const std::string tables = run({"dump-tables"});
  EXPECT_NE(tables.find("table 0 (\"table0\"):\n    active=0, lookup=0, matched=0\n    max_entries=5000\n"),
            std::string::npos)
      << tables;
  run({"packet-out", "in_port=1 packet=" + kArp + " actions=output:2,output:4"});
  const std::string ports = run({"dump-ports"});
  EXPECT_EQ(ports.rfind("OFPST_PORT reply: 5 ports\n", 0), 0u);
  EXPECT_EQ(count(ports, "tx pkts=1, bytes=" + std::to_string(kArp.size() / 2)), 2u);
  EXPECT_EQ(run({"dump-ports", "4"}).rfind("OFPST_PORT reply: 1 ports\n  port  4: rx pkts=0,", 0), 0u);
  run({"mod-port", "1", "noflood"});
  run({"mod-port", "p2", "down"});
  const std::string shown = run({"show"});
  EXPECT_EQ(count(shown, "config:     NO_FLOOD"), 1u);
  EXPECT_EQ(count(shown, "config:     PORT_DOWN"), 1u);
  run({"packet-out", "in_port=LOCAL packet=" + kArp + " actions=FLOOD"});
  EXPECT_EQ(count(run({"dump-ports"}), "tx pkts=1,"), 2u) << "port 3 and once more port 4, neither port 1 nor port 2";
  EXPECT_EQ(count(run({"dump-ports"}), "tx pkts=2,"), 1u);
  EXPECT_EQ(run({"queue-stats"}), "OFPST_QUEUE reply: 0 queues\n");
  EXPECT_EQ(run({"probe"}), "");
  EXPECT_EQ(count(run({"ping"}), "64 bytes from "), 10u);
  EXPECT_EQ(serving_.stop()["frames"], 4);
}

TEST_P(Tools, fragment_handling_is_the_controllers_affair) {
  EXPECT_EQ(run({"get-frags"}), "normal\n");
  // MSG-13: from who is no primary it is ignored.
  EXPECT_NE(run({"set-frags", "drop"}, 1).find("setting fragment handling mode failed"), std::string::npos);
  EXPECT_EQ(run({"get-frags"}), "normal\n");
  EXPECT_EQ(run({"set-frags", "normal"}), "");
  serving_.stop();
}

TEST_P(Tools, a_monitor_is_told_of_packets_and_of_flows_that_go) {
  const std::string to = GetParam() == std::string("tcp") ? serving_.tcp() : serving_.unix_socket();
  Process monitor(serving_.ofctl_command({"monitor", to, "128"}), serving_.folder() + "/monitor",
                  serving_.ofctl_environment());
  ASSERT_TRUE(hears(serving_, monitor)) << monitor.output();
  run({"add-flow", "send_flow_rem,priority=7,arp actions=CONTROLLER:64"});
  run({"packet-out", "in_port=1 packet=" + kArp + " actions=TABLE"});
  run({"del-flows"});
  ASSERT_TRUE(wait_for([&] { return count(monitor.output(), "OFPT_FLOW_REMOVED") > 0; })) << monitor.output();
  const std::string heard = monitor.output();
  EXPECT_EQ(count(heard, "arp_op=1"), 1u) << heard;
  EXPECT_NE(heard.find("in_port=1 (via action)"), std::string::npos) << heard;
  EXPECT_EQ(count(heard, "OFPT_FLOW_REMOVED"), 1u) << heard;
  EXPECT_NE(heard.find("priority=7,arp reason=delete"), std::string::npos) << heard;
  monitor.stop(SIGTERM);
  serving_.stop();
}

INSTANTIATE_TEST_SUITE_P(Over, Tools, ::testing::Values("tcp", "unix"),
                         [](const auto& each) { return std::string(each.param); });

TEST(Serve, tls_with_the_tools_own_flags) {
  Serving plain;  // for its folder
  const std::string at = plain.folder() + "/";
  const std::string key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
  ASSERT_EQ(
      std::system(("cd " + at + " && exec >openssl.log 2>&1 && openssl req -x509 " + key +
                   "-subj /CN=authority -days 2 -keyout ca.key -out ca.crt && openssl req " + key +
                   "-subj /CN=both -keyout a.key -out a.csr && openssl x509 -req -in a.csr -CA ca.crt -CAkey ca.key "
                   "-CAcreateserial -days 2 -out a.crt")
                      .c_str()),
      0);
  const Words keys = {"--private-key=" + at + "a.key", "--certificate=" + at + "a.crt", "--ca-cert=" + at + "ca.crt"};
  const std::uint16_t port = free_port();
  Words flags = keys;
  flags.insert(flags.end(), {"--listen", "pssl:" + std::to_string(port)});
  Serving serving(flags);
  Words words = keys;
  words.insert(words.end(), {"add-flow", "ssl:127.0.0.1:" + std::to_string(port), "priority=5 actions=drop"});
  serving.ofctl(words);
  EXPECT_EQ(count(serving.ofctl({"dump-flows", serving.tcp()}), "actions=drop"), 1u);
  // A live check, with the certificate that the switch wants to see, and without.
  Words check = {OFTWIN_COMMAND, "check", "--subject", "ssl:127.0.0.1:" + std::to_string(port), "--random", "50"};
  check.insert(check.end(), keys.begin(), keys.end());
  Process shown(check, at + "shown");
  EXPECT_EQ(shown.stop(0), 0) << shown.output();
  check.erase(check.end() - 3, check.end() - 1);
  Process unshown(check, at + "unshown");
  EXPECT_EQ(unshown.stop(0), 3) << unshown.output();
  EXPECT_EQ(count(unshown.output(), "TLS: "), 1u) << unshown.output();
  EXPECT_GT(serving.stop().at("messages"), 500);
}

// An os-ken application, waiting for the switch on a port of its own.
class OsKen {
 public:
  OsKen(const std::string& folder, const std::string& application, const std::string& play)
      : port_(free_port()),
        done_(folder + "/done"),
        process_({"/usr/bin/python3", "-m", "os_ken.cmd.manager", "--ofp-listen-host", "127.0.0.1",
                  "--ofp-tcp-listen-port", std::to_string(port_), OFTWIN_SOURCE_DIR "/ci/sessions/" + application},
                 folder + "/os-ken",
                 {{"OFTWIN_PLAY", play},
                  {"OFTWIN_DONE", done_},
                  {"PYTHONPATH", OFTWIN_SOURCE_DIR "/ci/sessions"},
                  {"PYTHONHASHSEED", "0"},
                  {"PYTHONDONTWRITEBYTECODE", "1"}}) {}
  std::string endpoint() const { return "tcp:127.0.0.1:" + std::to_string(port_); }
  bool done() {
    return wait_for([&] { return std::filesystem::exists(done_) || !process_.running(); }, 40) &&
           std::filesystem::exists(done_);
  }
  void stop() { process_.stop(SIGTERM); }
  std::string output() const { return process_.output(); }

 private:
  std::uint16_t port_;
  std::string done_;
  Process process_;
};

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "oftwin-controller.XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

// Ethernet addresses 02:00:00:00:00:0x; the rest says nothing.
std::string frame(int to, int from) {
  return "02000000000" + std::to_string(to) + "02000000000" + std::to_string(from) + "88b5" + std::string(92, '0');
}

// A live check must not accuse a switch that keeps the law: here is one.
TEST(Serve, a_live_check_of_it_needs_no_ledger) {
  Serving serving;
  Process check({OFTWIN_COMMAND, "check", "--subject", serving.tcp(), "--random", "1000", "--seed", "57000",
                 "--several", "20", "--out", serving.folder() + "/findings"},
                serving.folder() + "/check");
  EXPECT_EQ(check.stop(0), 0) << check.output();
  EXPECT_EQ(count(check.output(), "1,000 agreed, 0 diverged"), 1u) << check.output();
  EXPECT_EQ(count(check.output(), "3 connections at once, roles refused"), 1u) << check.output();
  EXPECT_GT(serving.stop().at("messages"), 10000);
}

// Several primaries: roles, and what they mean for who may do and hear what.
TEST(Serve, its_controllers_have_roles) {
  const std::string port = std::to_string(free_port());
  Folder folder;
  Process check({OFTWIN_COMMAND, "check", "--subject", "ptcp:" + port, "--random", "100", "--several", "100", "--out",
                 folder.path + "/findings"},
                folder.path + "/check");
  const std::string controller = "tcp:127.0.0.1:" + port;
  Serving serving(
      {"--buffers", "0", "--controller", controller, "--controller", controller, "--controller", controller});
  EXPECT_EQ(check.stop(0), 0) << check.output();
  EXPECT_EQ(count(check.output(), "3 connections at once, roles taken, modelled as primary"), 1u) << check.output();
  EXPECT_EQ(count(check.output(), "count 100: 100 agreed; "), 1u) << check.output();
  serving.stop();
}

TEST(Serve, a_learning_switch_of_os_ken_learns) {
  Folder folder;
  OsKen controller(folder.path, "learning_switch.py", "");
  Serving serving({"--controller", controller.endpoint()});
  ASSERT_TRUE(controller.done()) << controller.output();
  Process snoop(serving.ofctl_command({"snoop", "br0"}), folder.path + "/snoop", serving.ofctl_environment());
  ASSERT_TRUE(hears(serving, snoop)) << snoop.output();
  const auto inject = [&](int port, int to, int from) {
    serving.ofctl(
        {"packet-out", "br0", "in_port=" + std::to_string(port) + " packet=" + frame(to, from) + " actions=TABLE"});
  };
  const auto flows = [&] { return count(serving.ofctl({"dump-flows", "br0"}), "actions=output:"); };
  inject(1, 2, 1);  // nobody knows 2: flooded
  EXPECT_TRUE(wait_for([&] { return count(serving.ofctl({"dump-ports", "br0"}), "tx pkts=1,") == 4; }));
  EXPECT_EQ(flows(), 0u);
  inject(2, 1, 2);  // 1 is known by now
  EXPECT_TRUE(wait_for([&] { return flows() == 1; }));
  inject(1, 2, 1);
  EXPECT_TRUE(wait_for([&] { return flows() == 2; }));
  const std::string table = serving.ofctl({"dump-flows", "br0"});
  EXPECT_NE(table.find("in_port=2,dl_src=02:00:00:00:00:02,dl_dst=02:00:00:00:00:01 actions=output:1"),
            std::string::npos)
      << table;
  inject(1, 2, 1);  // without the controller
  EXPECT_TRUE(
      wait_for([&] { return count(serving.ofctl({"dump-aggregate", "br0", "in_port=1"}), "packet_count=1 ") == 1; }));
  inject(3, 2, 1);  // host 1 has moved: the flows to it go
  EXPECT_TRUE(wait_for([&] { return count(serving.ofctl({"dump-flows", "br0"}), "dl_dst=02:00:00:00:00:01") == 0; }));
  ASSERT_TRUE(wait_for([&] { return count(snoop.output(), "OFPT_FLOW_REMOVED") == 1; })) << snoop.output();
  EXPECT_EQ(count(snoop.output(), "dl_type=0x88b5"), 4u) << snoop.output();
  EXPECT_EQ(count(snoop.output(), "OFPT_PACKET_OUT"), 4u);
  snoop.stop(SIGTERM);
  // Somebody who snoops and stops does not disturb; the controller comes back, and the flows are still there.
  controller.stop();
  EXPECT_GT(flows(), 0u);
  serving.stop();
}

// The scripted controllers that sessions with a real Open vSwitch were recorded with; what they ask is judged here.
class Plays : public ::testing::TestWithParam<const char*> {};

TEST_P(Plays, are_played_to_their_end_in_agreement) {
  Folder folder;
  OsKen controller(folder.path, "controller.py", GetParam());
  Serving serving({"--controller", controller.endpoint(), "--tables", "3"});
  EXPECT_TRUE(controller.done()) << controller.output();
  EXPECT_GT(serving.stop()["messages"], 30);
}

TEST_P(Plays, are_played_to_their_end_while_the_datapath_takes_its_time) {
  Folder folder;
  OsKen controller(folder.path, "controller.py", GetParam());
  Serving serving({"--controller", controller.endpoint(), "--latency", "2"});
  EXPECT_TRUE(controller.done()) << controller.output();
  EXPECT_GT(serving.stop()["messages"], 30);
}

INSTANTIATE_TEST_SUITE_P(OsKen, Plays,
                         ::testing::Values("churn", "overlaps", "pipelined", "errors", "packet_outs", "rewriting",
                                           "configuration"),
                         [](const auto& each) { return std::string(each.param); });

TEST(Serve, wrong_flags_are_told) {
  const auto refusal = [](Words words) {
    Folder folder;
    words.insert(words.begin(), {OFTWIN_COMMAND, "serve"});
    Process process(words, folder.path + "/output");
    EXPECT_EQ(process.stop(0), 2);
    return process.output();
  };
  EXPECT_EQ(refusal({"--listen", "ptcp:x"}),
            "oftwin: --listen: column 6 of 'ptcp:x': a port from 0 to 65535 is wanted\n");
  EXPECT_EQ(refusal({"--listen", "tcp:127.0.0.1:1"}),
            "oftwin: --listen: tcp:127.0.0.1:1 does not listen; ptcp:, pssl: or punix: is wanted\n");
  EXPECT_EQ(refusal({"--controller", "ptcp:1"}),
            "oftwin: --controller: ptcp:1 does not connect; tcp:, ssl: or unix: is wanted\n");
  EXPECT_EQ(refusal({"--listen", "pssl:0"}),
            "oftwin: pssl:0:127.0.0.1: ssl needs a private key, a certificate and the peers' CA certificate\n");
  EXPECT_EQ(refusal({"--listen", "punix:/nonexistent/socket"}),
            "oftwin: punix:/nonexistent/socket: No such file or directory\n");
  EXPECT_EQ(refusal({"--datapath-id", "xyz"}),
            "oftwin: --datapath-id: 'xyz' is not 1 to 16 hexadecimal digits above 0\n");
  EXPECT_EQ(refusal({"--fail-mode", "open"}), "oftwin: --fail-mode: 'open' is neither secure nor standalone\n");
  EXPECT_NE(refusal({"--tables", "0"}).find("--tables"), std::string::npos);
}

TEST(Serve, without_controllers_a_standalone_switch_forwards) {
  Serving serving({"--fail-mode", "standalone", "--datapath-id", "abc"});
  EXPECT_NE(serving.ofctl({"show", "br0"}).find("dpid:0000000000000abc"), std::string::npos);
  serving.ofctl({"packet-out", "br0", "in_port=1 packet=" + kArp + " actions=TABLE"});
  EXPECT_EQ(count(serving.ofctl({"dump-ports", "br0"}), "tx pkts=1,"), 4u) << "2, 3, 4 and LOCAL";
  serving.stop();
}

}  // namespace
