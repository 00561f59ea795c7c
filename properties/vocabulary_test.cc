// The catalogue of the vocabulary names what spec/ numbers, and what is counted is what was handled.
#include "harness/vocabulary.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <string>

#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

std::set<std::string> enumerators(const std::string& header) {
  std::ifstream in(std::string(OFTWIN_SOURCE_DIR) + "/spec/" + header);
  EXPECT_TRUE(in) << header;
  const std::regex word(
      "^ *((OFPT|OFPST|OFPAT|OFPHFC|OFPBRC|OFPBAC|OFPFMFC|OFPPMFC|OFPQOFC|NXT|NXST|NXAST|NXBRC|NXFMFC|"
      "NXM_OF|NXM_NX)_[A-Z0-9_]+) = ");
  std::set<std::string> out;
  std::smatch found;
  for (std::string line; std::getline(in, line);) {
    if (std::regex_search(line, found, word)) out.insert(found[1]);
  }
  return out;
}

std::size_t word(WordKind kind, std::string_view name) {
  for (std::size_t i = 0; i < vocabulary().size(); ++i) {
    if (vocabulary()[i].kind == kind && vocabulary()[i].name == name) return i;
  }
  ADD_FAILURE() << name;
  return 0;
}

TEST(vocabulary, names_everything_that_is_numbered) {
  std::set<std::string> named;
  for (const VocabularyWord& w : vocabulary()) named.emplace(w.name);
  std::size_t checked = 0;
  for (const char* header : {"openflow.h", "nicira.h"}) {
    for (const std::string& name : enumerators(header)) {
      EXPECT_TRUE(named.contains(name)) << name;
      ++checked;
    }
  }
  EXPECT_GT(checked, 120U);  // the headers were read
}

TEST(vocabulary, no_word_stands_twice) {
  std::set<std::pair<WordKind, std::uint32_t>> values;
  for (const VocabularyWord& w : vocabulary()) EXPECT_TRUE(values.emplace(w.kind, w.value).second) << w.name;
}

// 01 00 0008 ........: a barrier; a flow-mod of which only the first output action can be cut out.
TEST(vocabulary, malformed_messages_are_read_as_far_as_they_go) {
  Bytes flow_mod(72, 0);
  flow_mod[0] = 1;
  flow_mod[1] = OFPT_FLOW_MOD;
  const Bytes actions = {0, 0, 0, 8, 0, 1, 0, 0, 0, 3, 0, 80, 0, 0, 0, 0};
  flow_mod.insert(flow_mod.end(), actions.begin(), actions.end());
  flow_mod[3] = static_cast<std::uint8_t>(flow_mod.size());
  EXPECT_EQ(words_of(flow_mod, false),
            (std::vector{word(WordKind::message, "OFPT_FLOW_MOD"), word(WordKind::action, "OFPAT_OUTPUT")}));
  EXPECT_TRUE(words_of(Bytes{1, 14, 0}, false).empty());
}

TEST(vocabulary, a_request_counts_when_it_is_taken) {
  const ConnName c1{ConnKind::primary, 1};
  const Bytes barrier = {1, OFPT_BARRIER_REQUEST, 0, 8, 0, 0, 0, 7}, echo = {1, OFPT_ECHO_REQUEST, 0, 8, 0, 0, 0, 8};
  Bytes both = barrier;
  both.insert(both.end(), echo.begin(), echo.end());
  const std::size_t barrier_word = word(WordKind::message, "OFPT_BARRIER_REQUEST");
  const std::size_t echo_word = word(WordKind::message, "OFPT_ECHO_REQUEST");
  WordCounts counts;
  counts.note({1, event::Recv{c1, both}}, {});
  EXPECT_EQ(counts.count(barrier_word), 0U);
  const std::vector<Observation> taken = {observation::Take{c1, OFPT_ECHO_REQUEST, 8}};
  counts.note({0, event::Loop{}}, taken);
  EXPECT_EQ(counts.count(barrier_word), 0U);  // it was skipped: nobody took it
  EXPECT_EQ(counts.count(echo_word), 1U);
  counts.note({0, event::Loop{}}, taken);  // and is not there a second time
  EXPECT_EQ(counts.count(echo_word), 1U);
}

}  // namespace
}  // namespace oftwin::harness
