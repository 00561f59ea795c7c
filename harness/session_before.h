// Flows that a switch lists and that nobody in the capture made: they were there before it, and are made by events of
// their own, so that what follows can be judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/session_reply.h"
#include "spec/bytes.h"

namespace oftwin::harness {

struct ListedFlow {
  ReplyRecord record;
  Bytes flow_mod;  // that makes it, with the table-id extension on
};
// Of flow statistics, in either form; `parts`: all that answered one request. Empty for what is something else.
std::vector<ListedFlow> listed_flows(std::span<const ByteView> parts);

// Whether the parts are all of a reply: the last one says that no more come.
bool is_complete(std::span<const ByteView> parts);

bool asks_for_flows(ByteView request);
bool asks_for_all_flows(ByteView request);  // in whatever table, to whatever port; also an aggregate request
bool deletes_all_flows(ByteView message);
bool modifies_flows(ByteView message);

}  // namespace oftwin::harness
