// The ledger of readings: where a switch is known to differ from the law, each difference said once, with its reason.
//
//   switch mfr_desc="Nicira, Inc." hw_desc="Open vSwitch" sw_desc="3.1"     # descriptions that begin so
//   dialect open-vswitch-3                                                  # whose readings the names below are
//
//   identical-flow clause=ADD-1
//     instead: An add with the overlap check replaces a flow of the same match and priority.
//     because: OpenFlow 1.0 does not say whether a flow overlaps with itself.
//
//   no-queue clause=STAT-9 in=error.error model=QUEUE_OP_FAILED/BAD_PORT switch=QUEUE_OP_FAILED/BAD_QUEUE
//     instead: ...
//     because: ...
//
// An entry is the name of a reading (harness/live/reading.h), or says itself how one value of one field of a record
// (harness/session_reply.h) becomes another; request=".." restricts it to replies to requests that begin so.
//
// Invariant: an entry predicts. Where it applies, what the law says is a difference; an entry without a reason, without
// a clause or of an unknown reading is an error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/live/reading.h"
#include "spec/config.h"

namespace oftwin::harness::live {

// What is wrong with such a file: "file:line:column: why".
class LedgerError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct LedgerEntry {
  std::string label, clause, instead, because;
  std::string record, field, model, on_switch, request;  // empty record: the reading of that name
  unsigned line = 0;
};

class Ledger {
 public:
  Ledger() = default;  // no known difference
  // throws LedgerError.
  static Ledger read(const std::string& path);
  static Ledger parse(std::string_view text, const std::string& file);

  const std::string& file() const { return file_; }
  const Dialect* dialect() const { return dialect_; }
  const std::vector<LedgerEntry>& entries() const { return entries_; }
  bool in_force(std::string_view reading) const;
  // Whether it is about a switch that describes itself so.
  bool is_about(const Description& description) const;
  // Whether there are entries with values of their own.
  bool has_values() const { return has_values_; }
  // Changes what entries with values of their own say; `request` as traces spell it.
  void amend(Records& records, std::string_view request, const Used& used) const;
  // For a check of the ledger itself: without that entry.
  Ledger without(std::string_view label) const;

 private:
  std::string file_;
  std::map<std::string, std::string> about_;  // part of the description: how it begins
  const Dialect* dialect_ = nullptr;
  std::vector<LedgerEntry> entries_;
  bool has_values_ = false;
};

// The ledger that is built in (corpus/ledger/) about this switch; none: an empty one.
Ledger find_ledger(const Description& description);

}  // namespace oftwin::harness::live
