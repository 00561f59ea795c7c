// What a switch has is found out by asking it: a switch that has exactly what some profile says, over a socket, is
// found to have exactly that.
#include "harness/live/find_profile.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "harness/applicable.h"
#include "harness/default_config.h"
#include "harness/live/campaign.h"
#include "harness/net/channel.h"
#include "harness/request.h"
#include "harness/trace_text.h"
#include "harness/wire_io.h"
#include "model/step.h"
#include "properties/private_switch.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

net::Deadline in_ms(unsigned ms) { return net::Clock::now() + std::chrono::milliseconds(ms); }

// The model on a socket, which refuses whatever its profile rules out, or (`forgets`) accepts it and does not keep it.
class SmallSwitch {
 public:
  // `closes_on`: the type of a message that ends the session; 255: none does.
  SmallSwitch(Profile profile, bool forgets, std::uint8_t closes_on = 255)
      : profile_(std::move(profile)),
        forgets_(forgets),
        closes_on_(closes_on),
        path_(std::filesystem::temp_directory_path() /
              ("oftwin-small-" + std::to_string(getpid()) + "-" + std::to_string(++count_))),
        listener_(reactor_, net::parse_endpoint("punix:" + path_.string())),
        thread_([this] { serve(); }) {}
  ~SmallSwitch() {
    stop_ = true;
    thread_.join();
    std::filesystem::remove(path_);
  }
  std::string endpoint() const { return "unix:" + path_.string(); }

 private:
  void serve() {
    SwitchConfig config = config_of(profile_);
    config.connections = {ConnName{ConnKind::primary, 1}};
    model::State state = model::initial(config);
    std::unique_ptr<net::Channel> channel;
    std::uint32_t id = 0;
    auto begin = net::Clock::now();
    while (!stop_) {
      reactor_.wait(in_ms(2));
      if (!channel && (channel = listener_.accept())) channel->send(encode(request::Hello{}));
      if (!channel) continue;
      model::Outcome out;
      while (const auto message = channel->next_message()) {
        if ((*message)[1] == OFPT_HELLO) continue;
        if ((*message)[1] == closes_on_) {
          channel->close();
          break;
        }
        receive(state, ++id, Bytes(message->begin(), message->end()), *channel, out);
      }
      const auto now = net::Clock::now();
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - begin).count();
      begin += std::chrono::milliseconds(ms);
      model::step(state, {++id, event::Clock{static_cast<std::uint64_t>(ms)}}, {}, out);
      model::step(state, {0, event::Loop{}}, {}, out);
      answer(out, *channel);
    }
  }

  void receive(model::State& state, std::uint32_t id, Bytes message, net::Channel& channel, model::Outcome& out) {
    if (obstacle(profile_, message)) {
      if (forgets_) {
        // As much of it as it has.
        const auto rest = repaired(profile_, message);
        if (!rest) return refuse(message, channel);
        message = *rest;
      } else {
        return refuse(message, channel);
      }
    }
    model::step(state, {id, event::Recv{{ConnKind::primary, 1}, message}}, {}, out);
    model::step(state, {0, event::Loop{}}, {}, out);
    answer(out, channel);
  }

  static void refuse(const Bytes& message, net::Channel& channel) {
    Bytes error = {OFP_VERSION, OFPT_ERROR,         0,          0, message[4],
                   message[5],  message[6],         message[7], 0, OFPET_FLOW_MOD_FAILED,
                   0,           OFPFMFC_UNSUPPORTED};
    put_bytes(error, ByteView(message).first(std::min<std::size_t>(message.size(), 64)));
    set_u16(error, 2, error.size());
    channel.send(error);
  }

  static void answer(model::Outcome& out, net::Channel& channel) {
    for (const Observation& o : out.observations) {
      if (const auto* send = std::get_if<observation::Send>(&o)) channel.send(send->bytes);
    }
    out.observations.clear();
  }

  static inline std::atomic<int> count_ = 0;
  const Profile profile_;
  const bool forgets_;
  const std::uint8_t closes_on_;
  const std::filesystem::path path_;
  net::Reactor reactor_;
  net::Listener listener_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

live::FoundProfile found(const Profile& profile, bool forgets, bool timeouts, std::uint8_t closes_on = 255) {
  SmallSwitch device(profile, forgets, closes_on);
  net::Reactor reactor;
  net::Meeting meeting(reactor, net::parse_endpoint(device.endpoint()));
  live::Link link(meeting, in_ms(5000));
  live::FindOptions options;
  options.most_entries = 60;
  options.timeouts = timeouts;
  return live::find_profile(link, options);
}

// What is not asked for here, or differs from what a profile says by default.
void leave_aside(Profile& p) {
  p.name = "";
  p.entries = p.timeout_resolution_ms = p.connections = p.buffers = 0;
}

TEST(FindProfile, a_switch_that_has_everything) {
  Profile whole;
  whole.ports = {{1, "nothing"}, {2, "nothing"}, {3, "nothing"}};
  live::FoundProfile f = found(whole, false, true);
  EXPECT_EQ(f.profile.entries, 60u);
  EXPECT_GE(f.profile.timeout_resolution_ms, 1000u);
  EXPECT_NE(f.seen.at("flow_mod.hard_timeout").find("one second took"), std::string::npos);
  leave_aside(whole);
  leave_aside(f.profile);
  EXPECT_EQ(f.profile, whole) << print_profile(f.profile, f.seen);
}

// Whatever is off is found to be off, and nothing else, whether it is refused or accepted and not kept.
TEST(FindProfile, what_is_missing_is_found) {
  for (const bool forgets : {false, true}) {
    for (const Setting& off : [] {
           static Profile all;
           return settings_of(all);
         }()) {
      Profile p;
      p.ports = {{1, "nothing"}, {2, "nothing"}, {3, "nothing"}};
      if (off.section == "messages" || off.section == "switch" || off.name() == "statistics.flow") continue;
      // What the fields and actions are asked for with.
      if (off.name() == "match.dl_type" || off.name() == "match.nw_proto" || off.name() == "actions.output") continue;
      if (off.name() == "nxm.dl_type" || off.name() == "nxm.nw_proto" || off.name() == "nxm.icmpv6_type") continue;
      if (off.name().ends_with("_timeout")) continue;            // the other test
      if (off.name() == "flow_mod.emergency_refused") continue;  // the switch behind the filter keeps none
      bool changed = false;
      for (const Setting& s : settings_of(p)) {
        if (s.name() != off.name()) continue;
        if (auto* const* yes = std::get_if<bool*>(&s.value)) **yes = false, changed = true;
        if (const auto* m = std::get_if<Setting::Mask>(&s.value)) *m->value = Masks::none, changed = true;
      }
      if (!changed) continue;
      live::FoundProfile f = found(p, forgets, false);
      leave_aside(p);
      leave_aside(f.profile);
      EXPECT_EQ(f.profile, p) << off.name() << (forgets ? " accepted" : " refused") << "\n"
                              << print_profile(f.profile, f.seen);
    }
  }
}

TEST(FindProfile, a_switch_that_ends_the_session_is_told_with_what_it_was_asked) {
  try {
    found(Profile{}, false, false, OFPT_PORT_MOD);
    FAIL();
  } catch (const live::LinkError& e) {
    EXPECT_NE(std::string(e.what()).find("when asked about messages.port_mod"), std::string::npos) << e.what();
  }
  const live::FoundProfile f = found(Profile{}, false, false, 77);
  EXPECT_FALSE(f.profile.malformed);
  EXPECT_TRUE(f.profile.port_mod);
}

// Debian's Open vSwitch.
TEST(FindProfile, open_vswitch_is_as_its_profile_says) {
  const properties::PrivateSwitch ovs;
  net::Reactor reactor;
  net::Meeting meeting(reactor, net::parse_endpoint(ovs.endpoint()));
  live::Link link(meeting, in_ms(5000));
  live::FoundProfile f = live::find_profile(link);
  Profile shipped = read_profile(OFTWIN_SOURCE_DIR "/corpus/profiles/open-vswitch-3.1.toml");
  EXPECT_EQ(f.profile.name, shipped.name);
  EXPECT_EQ(f.profile.buffers, shipped.buffers);
  leave_aside(f.profile);
  leave_aside(shipped);
  EXPECT_EQ(f.profile, shipped) << print_profile(f.profile, f.seen);
}

// Generated tables with their probes, and generated scenarios within a small profile, on a live switch.
TEST(FindProfile, open_vswitch_is_checked_within_profiles) {
  const properties::PrivateSwitch ovs;
  live::CampaignOptions options;
  options.endpoint = net::parse_endpoint(ovs.endpoint());
  const auto told = [](const live::CampaignReport& report) {
    std::string out;
    for (const live::Finding& f : report.findings) out += f.text() + "\n";
    return out;
  };
  {
    live::Campaign whole(options);
    whole.play_tables(1, 200, {});
    EXPECT_EQ(whole.report().scenarios, 200u);
    EXPECT_EQ(whole.report().differing, 0u) << told(whole.report());
    EXPECT_GT(whole.report().agreed, 150u);
  }
  options.profile = read_profile(OFTWIN_SOURCE_DIR "/corpus/profiles/one-small-table.toml");
  live::Campaign small(options);
  small.play_random(1, 200, {});
  small.play_tables(1, 50, {});
  EXPECT_EQ(small.report().differing, 0u) << told(small.report());
  EXPECT_EQ(small.report().scenarios, 250u);
  const ClauseSet& hit = small.report().clauses;
  for (std::size_t c = 0; c < clauses().size(); ++c) {
    EXPECT_FALSE(hit[c] && clause_obstacle(*options.profile, c)) << clauses()[c].id;
  }
  small.play("asks for nw_tos", parse_trace("switch tables=1 ports=1\n\nc1 flow_mod add ip nw_tos=4 actions=drop\n"));
  EXPECT_EQ(small.report().outside, 1u);
}

}  // namespace
}  // namespace oftwin::harness
