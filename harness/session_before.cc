#include "harness/session_before.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "harness/flow_syntax.h"
#include "harness/request.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr std::uint16_t kMore = 1;  // the flag of statistics replies

struct Statistics {
  std::uint16_t type = 0, flags = 0;
  bool nicira_flows = false;
  ByteView records;
};

std::optional<Statistics> statistics_of(ByteView message) {
  if (message.size() < wire::stats_msg::size || message[1] != OFPT_STATS_REPLY) return std::nullopt;
  Reader r(message.subspan(wire::header::size));
  Statistics out;
  out.type = r.get<std::uint16_t>();
  out.flags = r.get<std::uint16_t>();
  if (out.type == OFPST_VENDOR) {
    const auto vendor = r.get<std::uint32_t>(), subtype = r.get<std::uint32_t>();
    r.take(4);
    out.nicira_flows = vendor == NX_VENDOR_ID && subtype == NXST_FLOW;
  }
  out.records = r.rest();
  return out;
}

template <class FlowMod>
void set_common(FlowMod& f, std::uint8_t table, std::uint16_t idle, std::uint16_t hard, std::uint16_t priority) {
  f.command = static_cast<std::uint16_t>(table << 8 | OFPFC_ADD);
  f.idle_timeout = idle;
  f.hard_timeout = hard;
  f.priority = priority;
}

// One record, behind its length. source: struct ofp_flow_stats.
Bytes flow_mod_of(Reader r) {
  request::FlowMod f;
  const auto table = r.get<std::uint8_t>();
  r.take(1);
  const ByteView match = r.take(wire::match::size);
  if (match.size() == wire::match::size) f.match = decode_match(match);
  r.take(8);  // duration
  const auto priority = r.get<std::uint16_t>(), idle = r.get<std::uint16_t>(), hard = r.get<std::uint16_t>();
  set_common(f, table, idle, hard, priority);
  r.take(6);
  f.cookie = r.get<std::uint64_t>();
  r.take(16);  // counters
  const ByteView actions = r.rest();
  f.actions = Bytes(actions.begin(), actions.end());
  return encode(f);
}

// source: struct nx_flow_stats.
Bytes nx_flow_mod_of(Reader r) {
  request::NxFlowMod f;
  const auto table = r.get<std::uint8_t>();
  r.take(9);  // padding, duration
  const auto priority = r.get<std::uint16_t>(), idle = r.get<std::uint16_t>(), hard = r.get<std::uint16_t>();
  set_common(f, table, idle, hard, priority);
  const std::size_t match_len = r.get<std::uint16_t>();
  r.take(4);
  f.cookie = r.get<std::uint64_t>();
  r.take(16);
  const ByteView match = r.take(std::min(match_len, r.left()));
  f.match = Bytes(match.begin(), match.end());
  r.take(std::min((8 - match_len % 8) % 8, r.left()));
  const ByteView actions = r.rest();
  f.actions = Bytes(actions.begin(), actions.end());
  return encode(f);
}

template <class T>
const T* request_of(const std::optional<Request>& request) {
  return request ? std::get_if<T>(&*request) : nullptr;
}

// The command without a table that the extension may have put before it.
template <class FlowMod>
bool is_for_everything(const FlowMod& f, bool matches_all) {
  return (f.command & 0xff) == OFPFC_DELETE && (f.command >> 8 == 0 || f.command >> 8 == OFP_ALL_TABLES) &&
         f.out_port == OFPP_NONE && matches_all;
}

// Address counts of 32 and above wildcard the whole address.
bool matches_all(const WireMatch& m) { return (m.wildcards & kReplyWildcards) == kReplyWildcards; }

template <class FlowStats>
bool is_for_everything(const FlowStats* s, bool matches_all) {
  return s && s->table_id == OFP_ALL_TABLES && s->out_port == OFPP_NONE && matches_all;
}

}  // namespace

std::vector<ListedFlow> listed_flows(std::span<const ByteView> parts) {
  std::vector<ListedFlow> out;
  for (const ByteView part : parts) {
    const auto s = statistics_of(part);
    if (!s || (s->type != OFPST_FLOW && !s->nicira_flows)) continue;
    std::vector<ReplyRecord> records;
    append_records(part, records);
    Reader r(s->records);
    for (ReplyRecord& record : records) {
      const std::size_t length = r.get<std::uint16_t>();
      const Reader one(r.take(std::min(r.left(), length < 2 ? 0 : length - 2)));
      out.push_back({std::move(record), s->nicira_flows ? nx_flow_mod_of(one) : flow_mod_of(one)});
    }
  }
  return out;
}

bool is_complete(std::span<const ByteView> parts) {
  const auto last = parts.empty() ? std::nullopt : statistics_of(parts.back());
  return last && (last->flags & kMore) == 0;
}

bool asks_for_flows(ByteView message) {
  const auto r = decode_request(message);
  const auto* plain = request_of<request::FlowStats>(r);
  const auto* nicira = request_of<request::NxFlowStats>(r);
  return (plain && !plain->aggregate) || (nicira && !nicira->aggregate);
}

bool asks_for_all_flows(ByteView message) {
  const auto r = decode_request(message);
  const auto* plain = request_of<request::FlowStats>(r);
  const auto* nicira = request_of<request::NxFlowStats>(r);
  return is_for_everything(plain, plain && matches_all(plain->match)) ||
         is_for_everything(nicira, nicira && nicira->match.empty());
}

bool deletes_all_flows(ByteView message) {
  const auto r = decode_request(message);
  const auto* plain = request_of<request::FlowMod>(r);
  const auto* nicira = request_of<request::NxFlowMod>(r);
  return (plain && is_for_everything(*plain, matches_all(plain->match))) ||
         (nicira && is_for_everything(*nicira, nicira->match.empty()));
}

bool modifies_flows(ByteView message) {
  const auto r = decode_request(message);
  const auto modifies = [](std::uint16_t command) {
    return (command & 0xff) == OFPFC_MODIFY || (command & 0xff) == OFPFC_MODIFY_STRICT;
  };
  const auto* plain = request_of<request::FlowMod>(r);
  const auto* nicira = request_of<request::NxFlowMod>(r);
  return (plain && modifies(plain->command)) || (nicira && modifies(nicira->command));
}

}  // namespace oftwin::harness
