// A switch's messages as records of named fields, so that a difference between two switches has a name.
//
// Invariant: nothing of a message is lost but its version, length, xid, padding, how its matches are spelled (MATCH-9),
// and what MATCH-11 and ACT-22 leave open: two messages of equal records are equal in all that a controller could read.
// A multi-part statistics reply is one list of records.
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
  std::string name = {};  // which one it is, for people, where a reply has several: `table=0 priority=100 in_port=1`
  bool operator==(const ReplyRecord& other) const {
    return kind == other.kind && fields == other.fields && duration_ms == other.duration_ms;
  }
};

// nullptr: there is no field of that name.
const std::string* field_of(const ReplyRecord& record, std::string_view name);
// What tells a record from others of its kind in one reply (a flow: table, match and priority); `table`: with the
// table of a flow, which flow-removed messages do not name.
std::string identity_of(const ReplyRecord& record, bool table = true);

// Whether the message is one that a switch sends of its own accord.
bool is_asynchronous(ByteView message);

// Appends the records of one whole message.
void append_records(ByteView message, std::vector<ReplyRecord>& out);

// In the order of their fields: that of flows, tables and ports in a message is a freedom.
void sort_records(std::vector<ReplyRecord>& records);

std::string print_record(const ReplyRecord& record);

}  // namespace oftwin::harness
