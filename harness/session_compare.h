// Two lists of records that answer the same request, one of the model and one of a switch: which belongs to which, and
// in what they differ.
//
// Records are paired by what they are about (flows by table, match and priority), never by their position.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/session_reply.h"

namespace oftwin::harness {

// One that only one side has stands alone. At least one of the two is there.
struct RecordPair {
  std::optional<ReplyRecord> model, on_switch;
};
// In the order of the model's records; what only the switch has comes last.
std::vector<RecordPair> pair_records(std::vector<ReplyRecord> model, std::vector<ReplyRecord> on_switch);

// One field, or one record that only one side has.
struct ReplyDifference {
  std::string record;                           // `flow`, `error`
  std::string name;                             // which one, if there are several: `table=0 priority=100 in_port=1`
  std::string field;                            // empty: the whole record
  std::optional<std::string> model, on_switch;  // of a whole record: its text; nullopt: has none
};

ReplyDifference whole_record(const ReplyRecord& record, bool of_model);

// Flows of which each side has one that the other has not, and that are alike in most fields, differ in the others: for
// people, that is less to read.
std::vector<ReplyDifference> joined(std::vector<RecordPair> alone);

// One line, however long the values are: of long ones what stands where they begin to differ.
std::string print_reply_difference(const ReplyDifference& difference);

}  // namespace oftwin::harness
