// Packets a second through the software datapath: from packet_arrives() to where the packet leaves, copying, parsing,
// lookup, actions and counting included. The argument is the number of rules; flows are as many different packets.
#include "datapath-sim/datapath.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "datapath-sim/packet.h"

namespace {

using namespace oftwin;

struct Counting : sim::Observer {
  void packet_tx(std::uint16_t, ByteView) override { ++sent; }
  void lookup(std::uint8_t, const oft_rule*) override {}
  void metadata(std::uint64_t, const std::array<std::uint32_t, 4>&, std::optional<std::uint32_t>) override {}
  std::uint64_t sent = 0;
};

struct HostRule {
  oft_rule base{};
  oft_match match{};
  Bytes actions;
};

Bytes output(std::uint8_t port) { return {0, 0, 0, 8, 0, port, 0, 0}; }
// Set the VLAN id, the network destination and the transport destination, then output.
Bytes rewriting(std::uint8_t port) {
  Bytes a = {0, 1, 0, 8, 0, 5, 0, 0, 0, 7, 0, 8, 10, 1, 2, 3, 0, 10, 0, 8, 0, 99, 0, 0};
  for (const std::uint8_t b : output(port)) a.push_back(b);
  return a;
}

Bytes tcp_frame(std::uint32_t source) {
  Bytes f = {2, 0, 0, 0,  0, 2, 2, 0,    0,    0, 0,  1, 8, 0, 0x45, 0, 0, 50, 0, 1,    0,    0,  64, 6, 0, 0, 0,
             0, 0, 0, 10, 0, 0, 2, 0x12, 0x34, 0, 80, 0, 0, 0, 1,    0, 0, 0,  2, 0x50, 0x10, 32, 0,  0, 0, 0, 0};
  f.resize(64);
  for (int i = 0; i < 4; ++i) f[26 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(source >> (24 - 8 * i));
  return f;
}

// Load register 0 with 42 and look up again in table 1, where a rule for that outputs.
Bytes resubmitting() {
  return {0xff, 0xff, 0, 24, 0,    0,    0x23, 0x20, 0, 7, 0,    31,   0, 1,  0,    4,    0, 0, 0, 0,
          0,    0,    0, 42, 0xff, 0xff, 0,    16,   0, 0, 0x23, 0x20, 0, 14, 0xff, 0xf8, 1, 0, 0, 0};
}

// A datapath with `n` rules in eight masks, each of which some packet meets.
class Loaded {
 public:
  Loaded(std::size_t n, const Bytes& actions) : datapath_(config(), &observer) {
    table_.abi_major = OFT_PROVIDER_ABI_MAJOR;
    table_.size = sizeof table_;
    table_.now_ms = [](void*) { return std::uint64_t{0}; };
    table_.op_complete = [](void*, oft_op*, oft_error) {};
    table_.packet_in = [](void*, std::uint16_t, const std::uint8_t*, std::uint64_t, oft_packet_in_reason,
                          std::uint16_t) {};
    table_.port_changed = [](void*, oft_port_change, const oft_port*) {};
    std::uint32_t tables = 0;
    api_.attach(&datapath_, &table_, nullptr, &tables);
    for (std::size_t i = 0; i < n; ++i) add(i, actions);
    add_to_second_table();
  }

  void pass(const std::vector<Bytes>& frames, std::size_t first, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) datapath_.packet_arrives(1, frames[(first + i) % frames.size()]);
    api_.run(&datapath_);
  }

  Counting observer;

 private:
  static SwitchConfig config() {
    SwitchConfig c;
    c.tables.resize(2);
    for (std::uint16_t n = 1; n <= 4; ++n) {
      PortConfig port;
      port.number = n;
      port.name = "p" + std::to_string(n);
      c.ports.push_back(port);
    }
    return c;
  }

  void add(std::size_t i, const Bytes& actions) {
    HostRule& r = *rules_.emplace_back(std::make_unique<HostRule>());
    oft_match& m = r.match;
    m.dl_type = 0x0800;
    m.dl_type_mask = 0xffff;
    m.nw_src = static_cast<std::uint32_t>(0x0a000000 + i);
    m.nw_src_mask = 0xffffffff;
    if (i & 1) m.nw_proto = 6, m.nw_proto_mask = 0xff;
    if (i & 2) m.in_port = 1, m.in_port_mask = 0xffff;
    if (i & 4) m.tp_dst = 80, m.tp_dst_mask = 0xffff;
    r.base.priority = static_cast<std::uint32_t>(100 + i % 5);
    construct(r, actions);
  }

  void add_to_second_table() {
    HostRule& r = *rules_.emplace_back(std::make_unique<HostRule>());
    r.match.reg[0] = 42;
    r.match.reg_mask[0] = 0xffffffff;
    r.base.table_id = 1;
    construct(r, output(2));
  }

  void construct(HostRule& r, const Bytes& actions) {
    r.actions = actions;
    r.base.match = &r.match;
    r.base.actions = r.actions.data();
    r.base.actions_len = r.actions.size();
    r.base.handle = api_.rule_alloc(&datapath_);
    api_.rule_construct(&datapath_, &r.base, nullptr, nullptr);
  }

  const oft_provider& api_ = sim::Datapath::provider();
  oft_host table_{};
  std::vector<std::unique_ptr<HostRule>> rules_;
  sim::Datapath datapath_;
};

std::vector<Bytes> frames(std::size_t n) {
  std::vector<Bytes> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(tcp_frame(static_cast<std::uint32_t>(0x0a000000 + i)));
  return out;
}

void forward(benchmark::State& state, const Bytes& actions) {
  constexpr std::size_t batch = 32;
  const auto n = static_cast<std::size_t>(state.range(0));
  Loaded loaded(n, actions);
  const std::vector<Bytes> input = frames(n);
  std::size_t first = 0;
  for (auto _ : state) {
    loaded.pass(input, first, batch);
    first += batch;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
  if (loaded.observer.sent != state.iterations() * batch) state.SkipWithError("packets lost");
}

void parse_only(benchmark::State& state) {
  const Bytes frame = tcp_frame(0x0a000001);
  for (auto _ : state) benchmark::DoNotOptimize(sim::parse(frame, 1));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(parse_only);
BENCHMARK_CAPTURE(forward, output, output(2))->Arg(1)->Arg(50)->Arg(10000);
BENCHMARK_CAPTURE(forward, rewriting, rewriting(2))->Arg(50)->Arg(10000);
BENCHMARK_CAPTURE(forward, resubmitting, resubmitting())->Arg(50)->Arg(10000);

}  // namespace

BENCHMARK_MAIN();
