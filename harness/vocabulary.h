// The vocabulary of the protocol: every message, action, error code and match field of OpenFlow 1.0 and of the Nicira
// extensions of mid-2011, and how often each has been seen.
//
// The catalogue names everything that spec/openflow.h and spec/nicira.h number (a test compares them), with a reason
// for each word that no switch of this kind says or takes. What is counted is read from the bytes with tolerance: of a
// malformed message, as much as can be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "spec/bytes.h"
#include "spec/event.h"
#include "spec/names.h"
#include "spec/observation.h"

namespace oftwin::harness {

enum class WordKind : std::uint8_t {
  message,         // by OFPT_*
  nicira_message,  // by NXT_*
  request,         // of statistics, by OFPST_*
  reply,
  nicira_request,  // of statistics, by NXST_*
  nicira_reply,
  action,         // by OFPAT_*
  nicira_action,  // by NXAST_*
  error,          // type << 16 | code
  nicira_error,
  nxm_field,   // by NXM_* (in requests)
  nxm_masked,  // ... with a mask
};

struct VocabularyWord {
  WordKind kind;
  std::uint32_t value = 0;
  std::string_view name;
  std::string_view why_never;  // empty: it has to be seen
};

// In the order of the kinds, then of the values.
std::span<const VocabularyWord> vocabulary();
std::string_view word_kind(WordKind kind);

// The words of one whole message, as indices into vocabulary(), each as often as it occurs. Actions and fields are read
// in messages to a switch only.
std::vector<std::size_t> words_of(ByteView message, bool from_switch);

// Counts words on one side of a connection: those of messages that were handled (not of those that merely arrived), and
// those of messages that were sent.
class WordCounts {
 public:
  WordCounts() : counts_(vocabulary().size()) {}
  // A new trace: what has arrived and was not handled is forgotten.
  void start() { arrived_.clear(); }
  void note(const Event& event, std::span<const Observation> observations);
  void note_message(ByteView message, bool from_switch);
  std::uint64_t count(std::size_t word) const { return counts_[word]; }

 private:
  void take(const observation::Take& taken);

  std::map<ConnName, Bytes> arrived_;  // not handled yet
  std::vector<std::uint64_t> counts_;
};

}  // namespace oftwin::harness
