// The matches of replies in one spelling (MATCH-9): what the standard leaves open goes, all that is asked of packets
// stays, and lockstep reads a subject that spells otherwise.
#include "harness/match_spelling.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <functional>
#include <span>

#include "harness/lockstep.h"
#include "harness/subject/builtin.h"
#include "harness/trace_text.h"
#include "model/wire_match.h"

namespace oftwin::harness {
namespace {

using Raw = std::array<std::uint8_t, wire::match::size>;

Raw draw_raw() {
  Raw raw{};
  for (std::uint8_t& byte : raw) byte = *rc::gen::arbitrary<std::uint8_t>();
  if (*rc::gen::inRange(0, 3) == 0) raw[18] = raw[19] = 0xff;  // no tag
  return raw;
}

RC_GTEST_PROP(MatchSpelling, MATCH_9_settling_keeps_all_that_is_asked_and_is_done_once, ()) {
  const Raw raw = draw_raw();
  Raw once = raw;
  settle_match(once);
  RC_ASSERT(model::decode_match(Bytes(once.begin(), once.end()), 0) ==
            model::decode_match(Bytes(raw.begin(), raw.end()), 0));
  Raw twice = once;
  settle_match(twice);
  RC_ASSERT(twice == once);
}

RC_GTEST_PROP(MatchSpelling, MATCH_9_two_spellings_of_one_match_become_one, ()) {
  Raw raw = draw_raw();
  raw[24] &= 0xfc;  // bits that no packet has
  if (raw[18] != 0xff || raw[19] != 0xff) raw[18] &= 0x0f;
  raw[20] &= 0x07;
  Bytes other(wire::match::size);
  model::encode_match(other, 0, model::decode_match(Bytes(raw.begin(), raw.end()), 0));
  settle_match(raw);
  settle_match(std::span(other).first<wire::match::size>());
  RC_ASSERT(other == Bytes(raw.begin(), raw.end()));
}

// The built-in switch, whose messages are changed on their way out.
class Respelled : public Subject {
 public:
  Respelled(Subject& inner, std::function<void(Bytes&)> change) : inner_(inner), change_(std::move(change)) {}
  void reset(const SwitchConfig& config) override { inner_.reset(config); }
  void drive(const Event& event, std::vector<Observation>& out) override {
    const std::size_t before = out.size();
    inner_.drive(event, out);
    for (std::size_t i = before; i < out.size(); ++i) {
      if (auto* send = std::get_if<observation::Send>(&out[i])) change_(send->bytes);
    }
  }
  unsigned channels() const override { return inner_.channels(); }
  void project(Observation& o) const override { inner_.project(o); }
  std::string name() const override { return "respelled"; }

 private:
  Subject& inner_;
  std::function<void(Bytes&)> change_;
};

bool agrees(const std::string& text, const std::function<void(Bytes&)>& change) {
  const Trace trace = parse_trace(text);
  const auto builtin = make_builtin_subject();
  Respelled subject(*builtin, change);
  Lockstep lockstep(subject, {});
  return !lockstep.run(trace.config, trace.events);
}

// Two flows of the same length, so that which is which shows in the record alone; listed, then told of.
constexpr const char* kTwoFlows = R"(
switch tables=1 ports=1,2 provider=simulated

c1 flow_mod add priority=1 send_flow_rem actions=output:1
c1 flow_mod add priority=2 ip nw_dst=10.0.0.0/8 send_flow_rem actions=output:2
c1 stats_request flow
c1 flow_mod delete
)";

// From the first OpenFlow 1.0 match of a message on; nothing if there is none.
void each_match(Bytes& m, const std::function<void(std::span<std::uint8_t>)>& change) {
  if (m[1] == OFPT_FLOW_REMOVED) change(std::span(m).subspan(8, 40));
  if (m[1] != OFPT_STATS_REPLY || m[9] != OFPST_FLOW) return;
  for (std::size_t at = 12; at < m.size(); at += m[at + 1]) change(std::span(m).subspan(at + 4, 40));
}
void swap_records(Bytes& m) {
  if (m[1] != OFPT_STATS_REPLY || m.size() < 12u + 2 * 96) return;
  std::swap_ranges(m.begin() + 12, m.begin() + 12 + 96, m.begin() + 12 + 96);
}

TEST(MatchSpelling, MATCH_9_lockstep_reads_every_count_from_32_on_as_any_in_whatever_order_flows_are_listed) {
  const auto any_is_63 = [](std::span<std::uint8_t> match) {
    const auto set = [&](std::size_t byte, unsigned bits) {
      match[byte] = static_cast<std::uint8_t>(match[byte] | bits);
    };
    if ((match[2] & 0x20) != 0) set(2, 0x3f);                // nw_src: bits 8 to 13 of the word
    if ((match[1] & 0x08) != 0) set(1, 0x0f), set(2, 0xc0);  // nw_dst: bits 14 to 19
  };
  EXPECT_TRUE(agrees(kTwoFlows, [&](Bytes& m) { each_match(m, any_is_63); }));
  EXPECT_TRUE(agrees(kTwoFlows, [&](Bytes& m) {
    each_match(m, any_is_63);
    swap_records(m);
  }));
}

TEST(MatchSpelling, MATCH_9_lockstep_sees_a_count_that_asks_for_something) {
  EXPECT_FALSE(agrees(kTwoFlows, [](Bytes& m) {
    each_match(m, [](std::span<std::uint8_t> match) { match[2] = static_cast<std::uint8_t>(match[2] & ~0x3f) | 0x1f; });
  }));
}

}  // namespace
}  // namespace oftwin::harness
