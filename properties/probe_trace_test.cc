// Probes as traces: both sides agree on them, they keep within a profile, and they find a wrong lookup.
#include <gtest/gtest.h>

#include <memory>

#include "harness/applicable.h"
#include "harness/default_config.h"
#include "harness/lockstep.h"
#include "harness/probe/table_trace.h"
#include "harness/report.h"
#include "harness/request.h"
#include "harness/subject/builtin.h"
#include "spec/openflow.h"

namespace oftwin::probe {
namespace {

SwitchConfig table_config() {
  SwitchConfig config = harness::default_config();
  config.provider = ProviderMode::simulated;
  return config;
}

TEST(Probe, tables_with_probes_agree_on_both_sides) {
  const auto subject = harness::make_builtin_subject();
  std::size_t packets_in = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const harness::Trace trace = table_with_probes(seed, table_config(), nullptr);
    EXPECT_EQ(table_with_probes(seed, table_config(), nullptr), trace);
    harness::Lockstep lockstep(*subject, {});
    lockstep.start(trace.config);
    for (const Event& event : trace.events) {
      const auto divergence = lockstep.advance(event);
      ASSERT_FALSE(divergence) << harness::print_report(trace.config, trace.events, *divergence, "builtin");
      for (const Observation& o : lockstep.got()) {
        const auto* send = std::get_if<observation::Send>(&o);
        packets_in += send && send->bytes[1] == OFPT_PACKET_IN;
      }
    }
  }
  EXPECT_GT(packets_in, 600u);
}

TEST(Probe, tables_with_probes_keep_within_a_profile) {
  const harness::Profile profile = harness::read_profile(OFTWIN_SOURCE_DIR "/corpus/profiles/one-small-table.toml");
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const harness::Trace trace = table_with_probes(seed, harness::config_of(profile), &profile);
    EXPECT_EQ(obstacle(profile, trace), std::nullopt);
    EXPECT_GT(trace.events.size(), 6u);
  }
}

// A switch that compares one bit too few of each destination: only the packets show it, because only what it says to
// its controller is compared, and that before it is asked for its flows.
class OneBitShort final : public harness::Subject {
 public:
  void reset(const SwitchConfig& config) override { inner_->reset(config); }
  void drive(const Event& event, std::vector<Observation>& out) override {
    Event changed = event;
    if (auto* recv = std::get_if<event::Recv>(&changed.body)) {
      auto request = harness::decode_request(recv->bytes);
      auto* fm = request ? std::get_if<harness::request::FlowMod>(&*request) : nullptr;
      const std::uint32_t bits = fm ? fm->match.wildcards >> OFPFW_NW_DST_SHIFT & OFPFW_NW_BITS_MASK : 32;
      if (bits < 32) {
        fm->match.wildcards += 1u << OFPFW_NW_DST_SHIFT;
        recv->bytes = harness::encode(*request);
      }
    }
    inner_->drive(changed, out);
  }
  unsigned channels() const override { return bit(Channel::message); }
  std::string name() const override { return "one bit short"; }

 private:
  std::unique_ptr<harness::Subject> inner_ = harness::make_builtin_subject();
};

TEST(Probe, tables_with_probes_find_a_wrong_lookup) {
  OneBitShort subject;
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const harness::Trace trace = table_with_probes(seed, table_config(), nullptr);
    harness::Lockstep lockstep(subject, {});
    const auto divergence = lockstep.run(trace.config, trace.events);
    if (!divergence) continue;
    const auto* recv = std::get_if<event::Recv>(&trace.events[divergence->event_index - 1].body);
    found += recv && recv->bytes[1] == OFPT_PACKET_OUT;
  }
  EXPECT_GT(found, 20u);
}

}  // namespace
}  // namespace oftwin::probe
