// A switch's messages as records of named fields, so that a difference between two switches has a name.
//
// Invariant: nothing of a message is lost but its version, length, xid, padding and how its matches are spelled (MATCH-9):
// two messages of equal records are equal in all that a controller could read. A multi-part statistics reply is one list
// of records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/bytes.h"

namespace oftwin::harness {

struct ReplyField {
  std::string_view name;
  std::string value;
  bool operator==(const ReplyField&) const = default;
};

struct ReplyRecord {
  std::string_view kind;  // error, echo_reply, features, port, config, barrier, desc, flow, aggregate, table ...
  std::vector<ReplyField> fields;
  std::optional<std::uint64_t> duration_ms;  // flow and flow_removed: the only field that is compared with a tolerance
  bool operator==(const ReplyRecord&) const = default;
};

// Whether the message is one that a switch sends of its own accord.
bool is_asynchronous(ByteView message);

// Appends the records of one whole message.
void append_records(ByteView message, std::vector<ReplyRecord>& out);

// In the order of their fields: that of flows, tables and ports in a message is a freedom.
void sort_records(std::vector<ReplyRecord>& records);

std::string print_record(const ReplyRecord& record);

}  // namespace oftwin::harness
