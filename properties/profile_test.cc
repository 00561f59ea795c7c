// Profiles: read and written, what they forbid, and that what they let through is what they say.
#include "harness/profile.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "harness/applicable.h"
#include "harness/default_config.h"
#include "harness/files.h"
#include "harness/generator.h"
#include "harness/lockstep.h"
#include "harness/message_parts.h"
#include "harness/request.h"
#include "harness/trace_text.h"
#include "model/step.h"

namespace oftwin::harness {
namespace {

Profile parse(const std::string& text) { return parse_profile(text, "mine.toml"); }

std::string refusal(const std::string& text) {
  try {
    parse(text);
  } catch (const ProfileError& e) { return e.what(); }
  return "read";
}

// Everything is off, or as small as it can be.
Profile bare() {
  Profile p;
  p.file = "bare.toml";
  for (const Setting& s : settings_of(p)) {
    if (auto* const* yes = std::get_if<bool*>(&s.value)) **yes = false;
    if (const auto* n = std::get_if<Setting::Number>(&s.value)) *n->value = n->least;
    if (const auto* m = std::get_if<Setting::Mask>(&s.value)) *m->value = Masks::none;
  }
  return p;
}

void set_off(Profile& p, std::string_view key) {
  for (const Setting& s : settings_of(p)) {
    if (s.name() != key) continue;
    if (auto* const* yes = std::get_if<bool*>(&s.value)) **yes = false;
    if (const auto* n = std::get_if<Setting::Number>(&s.value)) *n->value = 0;
    if (const auto* m = std::get_if<Setting::Mask>(&s.value)) *m->value = Masks::none;
    return;
  }
  FAIL() << "no key " << key;
}

ClauseSet clauses_hit(const Trace& trace) {
  model::State state = model::initial(trace.config);
  model::Outcome out;
  for (const Event& e : trace.events) model::step(state, e, {}, out);
  return out.clauses;
}

TEST(Profile, says_what_it_has_and_where) {
  const Profile p = parse(
      "[tables]\ncount = 4\n[match]\nnw_tos = \"none\"\n\n[[port]]\nnumber = 7\nconnected = \"interface:eth1\"\n");
  EXPECT_EQ(p.tables, 4u);
  EXPECT_EQ(p.match[8], Masks::none);
  EXPECT_EQ(p.match[6], Masks::prefix) << "what is not said is there";
  EXPECT_TRUE(p.nxm);
  ASSERT_EQ(p.ports.size(), 1u);
  EXPECT_EQ(p.ports[0], (ProfilePort{7, "interface:eth1"}));
  EXPECT_EQ(p.lines.at("match.nw_tos"), 4u);
  EXPECT_EQ(print_obstacle(obstacle_of_key(p, "match.nw_tos")), "mine.toml:4: [match] nw_tos = none");
}

TEST(Profile, what_is_wrong_is_said_with_its_place) {
  EXPECT_EQ(refusal("[tabels]\n"), "mine.toml:1:2: a profile has no section [tabels]");
  EXPECT_EQ(refusal("[match]\n\nnw_toss = \"none\"\n"), "mine.toml:3:1: [match] has no key nw_toss");
  EXPECT_EQ(refusal("[match]\nnw_tos = \"prefix\"\n"), "mine.toml:2:10: one of \"none\", \"exact\" is wanted here");
  EXPECT_EQ(refusal("[match]\nnw_tos = true\n"), "mine.toml:2:10: one of \"none\", \"exact\" is wanted here");
  EXPECT_EQ(refusal("[tables]\ncount = 256\n"), "mine.toml:2:9: a number from 1 to 255 is wanted here");
  EXPECT_EQ(refusal("[tables]\ncount = 1.5\n"), "mine.toml:2:9: a number from 1 to 255 is wanted here");
  EXPECT_EQ(refusal("[nxm]\nsupported = 1\n"), "mine.toml:2:13: true or false is wanted here");
  EXPECT_EQ(refusal("nxm = 1\n"), "mine.toml:1:7: [nxm] is a section, not a value");
  EXPECT_EQ(refusal("[[port]]\nnumber = 1\n[[port]]\nnumber = 1\n"), "mine.toml:3:1: port 1 is there twice");
  EXPECT_EQ(refusal("[[port]]\nnumber = 1\nconnected = \"cable\"\n"),
            "mine.toml:3:13: \"nothing\", \"interface:NAME\", \"unix:PATH\" or \"tcp:HOST:PORT\" is wanted here");
  EXPECT_EQ(refusal("[[port]]\nnumber = 1\nconnected = \"tcp:\"\n").substr(0, 14), "mine.toml:3:13");
  EXPECT_EQ(refusal("[[port]]\nnumber = 1\nconnected = \"unix:/a\"\n[[port]]\nnumber = 2\nconnected = \"unix:/a\"\n"),
            "mine.toml:6:13: unix:/a is connected to port 1 already");
  EXPECT_EQ(refusal("[port]\nnumber = 1\n"), "mine.toml:1:1: ports are written as [[port]]");
  EXPECT_TRUE(refusal("[match\n").starts_with("mine.toml:1:7: ")) << refusal("[match\n");
  EXPECT_TRUE(refusal("[match]\nin_port = \"none\"\nin_port = \"none\"\n").starts_with("mine.toml:3:"));
}

TEST(Profile, what_is_written_is_read_again) {
  for (Profile p : {Profile{}, bare()}) {
    p.name = "a \"quoted\" \\ name";
    p.ports = {{1, "nothing"}, {2, "interface:eth1"}};
    const Profile again = parse(print_profile(p, {{"match.nw_tos", "seen"}, {"port.2", "seen"}}));
    EXPECT_EQ(again, p);
    for (const Setting& s : settings_of(p)) EXPECT_TRUE(again.lines.contains(s.name())) << s.name();
  }
  EXPECT_NE(Profile{}, bare());
}

TEST(Profile, a_message_is_held_against_it) {
  const Profile none = bare();
  const auto key = [&](const Request& r) {
    const auto found = obstacle(none, encode(r));
    return found ? found->key : std::string();
  };
  EXPECT_EQ(key(request::BarrierRequest{}), "");
  EXPECT_EQ(key(request::FlowMod{}), "");
  request::FlowMod fm;
  fm.match.wildcards &= ~OFPFW_NW_TOS;
  EXPECT_EQ(key(fm), "match.nw_tos");
  fm = {};
  fm.actions = action::set_nw_dst(1);
  EXPECT_EQ(key(fm), "actions.set_nw_dst");
  fm = {};
  fm.flags = OFPFF_CHECK_OVERLAP;
  EXPECT_EQ(key(fm), "flow_mod.check_overlap");
  fm = {};
  fm.idle_timeout = 1;
  EXPECT_EQ(key(fm), "flow_mod.idle_timeout");
  EXPECT_EQ(key(request::Role{}), "messages.nicira");
  EXPECT_EQ(key(request::NxFlowMod{}), "messages.nicira");
  EXPECT_EQ(key(request::QueueStats{}), "statistics.queue");
  EXPECT_EQ(key(request::PortMod{}), "messages.port_mod");
  EXPECT_EQ(key(request::QueueGetConfig{}), "messages.queue_config");
  EXPECT_EQ(obstacle(none, Bytes{1, 99, 0, 8, 0, 0, 0, 0})->key, "messages.malformed");

  Profile exact;
  exact.match[6] = Masks::exact;
  fm = {};
  fm.match.wildcards &= ~(OFPFW_NW_BITS_MASK << OFPFW_NW_SRC_SHIFT);
  EXPECT_FALSE(obstacle(exact, encode(fm)));
  fm.match.wildcards |= 8u << OFPFW_NW_SRC_SHIFT;
  EXPECT_EQ(obstacle(exact, encode(fm))->key, "match.nw_src");

  Profile no_table;
  no_table.outputs[1] = false;
  request::PacketOut po;
  po.actions = action::output(OFPP_TABLE);
  EXPECT_EQ(obstacle(no_table, encode(po))->key, "output.table");
}

// Under any profile: nothing forbidden is left, and nothing is touched where nothing was forbidden.
TEST(Profile, restricted_traces_have_no_obstacle) {
  Profile some;
  some.match[0] = some.match[6] = some.match[8] = Masks::none;
  some.match[7] = Masks::exact;
  some.nxm_match[4] = Masks::exact;  // vlan_tci
  some.nxm_match[3] = Masks::none;   // dl_type, on which others rest
  some.actions[OFPAT_STRIP_VLAN] = some.nicira_actions[NXAST_RESUBMIT] = some.outputs[3] = false;
  some.connections = 1;
  unsigned changed = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    const Trace trace = generate(seed);
    EXPECT_EQ(restricted(Profile{}, trace).config.tables.size(), 1u);
    for (const Profile& p : {some, bare()}) {
      const Trace inside = restricted(p, trace);
      EXPECT_EQ(obstacle(p, inside), std::nullopt) << "seed " << seed;
      EXPECT_EQ(restricted(p, inside), inside);
      changed += inside.events != trace.events;
    }
    if (obstacle(some, trace)) continue;
    EXPECT_EQ(clauses_hit(restricted(some, trace)), clauses_hit(trace)) << "seed " << seed;
  }
  EXPECT_GT(changed, 120u);
}

// What rests on a dropped entry goes with it: no error where there was none.
TEST(Profile, a_repaired_extended_match_is_no_worse) {
  Profile p;
  for (std::size_t i = 0; i < nxm::fields.size(); ++i) {
    if (nxm::fields[i].type == NXM_OF_ETH_TYPE) p.nxm_match[i] = Masks::none;
  }
  const Trace trace = parse_trace(
      "switch tables=1 ports=1\n\nc1 nx_flow_mod add dl_type=0x800 nw_proto=6 tcp_src=80 in_port=1 actions=output:1\n");
  const Trace inside = restricted(p, trace);
  const auto& recv = std::get<event::Recv>(inside.events[0].body);
  const auto left = std::get<request::NxFlowMod>(*decode_request(recv.bytes));
  EXPECT_EQ(cut_entries(left.match).size(), 1u);
}

// The table of what clauses need is right: without any of its keys nothing that the profile lets through hits the
// clause; with all keys, generated traces do hit nearly all of these clauses (so the first half could have failed).
TEST(Profile, a_clause_that_does_not_apply_is_never_hit) {
  std::set<std::vector<std::string_view>> groups;
  for (std::size_t c = 0; c < clauses().size(); ++c) {
    const auto needs = needs_of_clause(c);
    if (!needs.empty()) groups.insert({needs.begin(), needs.end()});
  }
  EXPECT_GT(groups.size(), 20u);
  ClauseSet ever;
  std::size_t excused = 0;
  for (const auto& keys : groups) {
    Profile p;
    p.tables = 255;
    for (const std::string_view key : keys) set_off(p, key);
    ClauseSet hit;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) hit |= clauses_hit(restricted(p, generate(seed)));
    for (std::size_t c = 0; c < clauses().size(); ++c) {
      if (!clause_obstacle(p, c)) continue;
      ++excused;
      EXPECT_FALSE(hit[c]) << clauses()[c].id << " is hit without " << keys.front();
    }
  }
  for (std::uint64_t seed = 1; seed <= 250; ++seed) ever |= clauses_hit(generate(seed));
  std::size_t reached = 0, needing = 0;
  for (std::size_t c = 0; c < clauses().size(); ++c) {
    if (needs_of_clause(c).empty()) continue;
    ++needing;
    reached += ever[c];
  }
  EXPECT_GE(excused, needing);
  EXPECT_GE(reached * 100, needing * 85) << reached << " of " << needing;
}

// Every profile that is shipped can be read.
TEST(Profile, those_in_the_corpus_can_be_read) {
  unsigned read = 0;
  for (const auto& file : std::filesystem::directory_iterator(OFTWIN_SOURCE_DIR "/corpus/profiles")) {
    if (file.path().extension() != ".toml") continue;
    EXPECT_NO_THROW(read_profile(file.path().string())) << file.path();
    ++read;
  }
  EXPECT_GE(read, 1u);
}

}  // namespace
}  // namespace oftwin::harness
