// A provider that breaks its contract cannot break the optimized switch.
//
// A small provider of our own answers everything late and calls the host when and with what it must not: completions
// of operations that are over or never were, completions from inside statistics, packets handed up at any time.
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <vector>

#include "impl/provider.h"
#include "impl/switch.h"

namespace oftwin::impl {
namespace {

struct Provider {
  const oft_host* host = nullptr;
  void* host_data = nullptr;
  std::vector<oft_op*> started;
  std::deque<int> handles;
  int alive = 0;
  bool noisy = false;
  bool completing = false;  // with `completion`
  std::uint32_t threshold = 0;
  oft_error completion = OFT_OK;

  // Everything that a provider could say, all of it wrong at most times.
  void shout() {
    if (!noisy) return;
    for (oft_op* op : started) host->op_complete(host_data, op, OFT_ERROR_ERRNO(12));
    host->op_complete(host_data, nullptr, OFT_OK);
    host->op_complete(host_data, reinterpret_cast<oft_op*>(0x7fff'ffff'ffffULL), OFT_OK);
    const std::uint8_t frame[4] = {1, 2, 3, 4};
    host->packet_in(host_data, 1, frame, sizeof frame, OFT_NO_MATCH, 0xffff);
  }
};

Provider& self(void* p) { return *static_cast<Provider*>(p); }

oft_provider table() {
  oft_provider t{};
  t.abi_major = OFT_PROVIDER_ABI_MAJOR;
  t.size = sizeof t;
  t.attach = [](void* p, const oft_host* host, void* data, std::uint32_t*) -> oft_error {
    self(p).host = host;
    self(p).host_data = data;
    return OFT_OK;
  };
  t.destruct = [](void*) {};  // leaves everything open
  t.dealloc = [](void*) {};
  t.run = [](void* p) {
    if (!self(p).completing) return;
    const std::vector<oft_op*> ops = self(p).started;
    for (oft_op* op : ops) self(p).host->op_complete(self(p).host_data, op, self(p).completion);
  };
  t.run_at = [](void*) -> std::uint64_t { return OFT_NEVER; };
  t.rule_alloc = [](void* p) -> void* {
    ++self(p).alive;
    return &self(p).handles.emplace_back();
  };
  t.rule_construct = [](void* p, const oft_rule*, const oft_rule*, oft_op* op) -> oft_error {
    self(p).started.push_back(op);
    return OFT_OK;
  };
  t.rule_modify_actions = [](void* p, const oft_rule*, oft_op* op) { self(p).started.push_back(op); };
  t.rule_destruct = [](void* p, const oft_rule*, oft_op* op) { self(p).started.push_back(op); };
  t.rule_dealloc = [](void* p, void*) { --self(p).alive; };
  t.rule_get_stats = [](void* p, const oft_rule*, std::uint64_t* packets, std::uint64_t* bytes) {
    *packets = *bytes = 7;
    self(p).shout();
  };
  t.rule_execute = [](void*, const oft_rule*, std::uint16_t, const std::uint8_t*, std::uint64_t) { return OFT_OK; };
  t.packet_out = [](void*, std::uint16_t, const std::uint8_t*, std::uint64_t, const std::uint8_t*, std::uint64_t) {
    return OFT_OK;
  };
  t.get_table_info = [](void* p, std::uint8_t, oft_table_info*) { self(p).shout(); };
  t.get_ports = [](void*, oft_port*, std::uint32_t) -> std::uint32_t { return 0; };
  t.port_reconfigured = [](void*, std::uint16_t, std::uint32_t, std::uint32_t) {};
  t.get_drop_frags = [](void*) -> std::uint8_t { return 0; };
  t.set_drop_frags = [](void*, std::uint8_t) {};
  t.set_eviction_threshold = [](void* p, std::uint32_t flows) { self(p).threshold = flows; };
  return t;
}

struct Out : Listener {
  std::vector<Bytes> sent;
  void send(ConnName, ByteView message) override { sent.emplace_back(message.begin(), message.end()); }
  void conn_up(ConnName) override {}
  void conn_down(ConnName) override {}
  void conn_gone(ConnName) override {}
  void flow(const oft_rule&, std::uint64_t, std::uint64_t, std::uint64_t) override {}
};

Bytes flow_mod(std::uint8_t in_port, std::uint8_t command = 0) {
  Bytes m(72);
  m[0] = 1, m[1] = 14, m[3] = 72;
  const std::uint8_t wildcards[] = {0, 0x3f, 0xff, 0xfe};
  std::memcpy(&m[8], wildcards, sizeof wildcards);
  m[13] = in_port;
  m[57] = command;
  for (std::size_t i = 64; i < 70; ++i) m[i] = 0xff;
  return m;
}

Bytes stats_request(std::uint8_t type) {
  Bytes m(type == 3 ? 12 : 56);
  m[0] = 1, m[1] = 16, m[3] = static_cast<std::uint8_t>(m.size()), m[9] = type;
  if (type == 3) return m;
  const std::uint8_t wildcards[] = {0, 0x3f, 0xff, 0xff};
  std::memcpy(&m[12], wildcards, sizeof wildcards);
  m[52] = m[54] = m[55] = 0xff;
  return m;
}

class ImplProviderContract : public testing::Test {
 protected:
  const ConnName c1{ConnKind::primary, 1};
  Provider provider;
  const oft_provider functions = table();
  Out out;
  Switch sw{SwitchConfig{}, functions, &provider, out};

  void receive(const Bytes& message) {
    sw.receive(c1, message);
    sw.run();
  }
  // In the next run(), for every operation that was ever started.
  void complete_all(oft_error error) {
    provider.completing = true;
    provider.completion = error;
    sw.run();
    provider.completing = false;
  }
};

TEST_F(ImplProviderContract, an_operation_completes_once_and_later_completions_are_ignored) {
  receive(flow_mod(1));
  complete_all(OFT_OK);
  complete_all(OFT_ERROR_ERRNO(12));  // the same operation again, as an error
  EXPECT_TRUE(out.sent.empty());
  receive(stats_request(1));
  ASSERT_EQ(out.sent.size(), 1u);
  EXPECT_EQ(out.sent[0].size(), 12u + 88u);
  // Its slot serves the next operation, which the old handle must not complete.
  receive(flow_mod(2));
  provider.started.pop_back();
  complete_all(OFT_ERROR_ERRNO(12));
  EXPECT_EQ(out.sent.size(), 1u);
}

TEST_F(ImplProviderContract, nothing_is_taken_from_inside_statistics) {
  receive(flow_mod(1));
  receive(flow_mod(2));
  complete_all(OFT_OK);
  receive(flow_mod(3));  // stays open
  provider.noisy = true;
  receive(stats_request(3));
  ASSERT_EQ(out.sent.size(), 1u);
  EXPECT_EQ(out.sent[0].size(), 12u + 64u);
  provider.noisy = false;
  complete_all(OFT_OK);
  provider.noisy = true;
  receive(stats_request(1));
  ASSERT_EQ(out.sent.size(), 2u);
  EXPECT_EQ(out.sent[1].size(), 12u + 3 * 88u);
}

TEST_F(ImplProviderContract, what_a_provider_leaves_open_at_its_end_is_given_back) {
  receive(flow_mod(1));
  complete_all(OFT_OK);
  receive(flow_mod(1));  // with a victim, open
  receive(flow_mod(2));  // open
  receive(flow_mod(3));
  complete_all(OFT_ERROR_ERRNO(28));
  receive(flow_mod(1, 3));  // a removal, open
  receive(flow_mod(4));     // open
  sw.destroy();
  EXPECT_EQ(provider.alive, 0);
}

// One that was built against minor version 0 has something else, or nothing, where the function stands today.
TEST_F(ImplProviderContract, an_older_provider_is_not_asked_what_it_does_not_know) {
  sw.set(event::Setting::eviction_threshold, 5);
  EXPECT_EQ(provider.threshold, 100u);
  Provider old;
  oft_provider shorter = table();
  shorter.size = offsetof(oft_provider, set_eviction_threshold);
  Switch with_old{SwitchConfig{}, shorter, &old, out};
  with_old.set(event::Setting::eviction_threshold, 5);
  EXPECT_EQ(old.threshold, 0u);
}

}  // namespace
}  // namespace oftwin::impl
