// The profile by which speeds are counted (see harness/generator.h).
#include <array>

#include "harness/default_config.h"
#include "harness/generator.h"
#include "harness/request.h"

namespace oftwin::harness {
namespace {

// One of 64 flows, so that the table holds 20 to 60 of them when adds are a little more frequent than deletes.
request::FlowMod flow(Source& s, std::uint32_t xid) {
  const auto number = static_cast<std::uint32_t>(s.below(64));
  request::FlowMod fm;
  fm.xid = xid;
  fm.match.wildcards &= ~static_cast<std::uint32_t>(OFPFW_IN_PORT);
  fm.match.in_port = static_cast<std::uint16_t>(1 + number % 4);
  if (number % 2 == 0) {
    fm.match.wildcards &= ~(static_cast<std::uint32_t>(OFPFW_DL_TYPE) | 63u << OFPFW_NW_DST_SHIFT);
    fm.match.wildcards |= (number % 8) << OFPFW_NW_DST_SHIFT;
    fm.match.dl_type = 0x0800;
    fm.match.nw_dst = 0x0a000000 + (number << 8);
  } else {
    fm.match.wildcards &= ~static_cast<std::uint32_t>(OFPFW_DL_DST);
    fm.match.dl_dst = {0, 0, 0, 0, 1, static_cast<std::uint8_t>(number)};
  }
  fm.priority = static_cast<std::uint16_t>(100 + number % 3);
  fm.cookie = s.below(4);
  fm.actions = action::output(static_cast<std::uint16_t>(s.between(1, 4)));
  return fm;
}

Bytes flow_mod(Source& s, std::uint32_t xid) {
  request::FlowMod fm = flow(s, xid);
  const std::uint64_t kind = s.below(100);
  fm.command = OFPFC_ADD;
  if (kind >= 55) fm.command = OFPFC_MODIFY_STRICT;
  if (kind >= 65) fm.command = OFPFC_DELETE_STRICT;
  if (kind >= 96) fm.command = OFPFC_MODIFY;
  if (kind >= 98) fm.command = OFPFC_DELETE;
  if (s.chance(10) && fm.command == OFPFC_ADD) fm.flags = OFPFF_CHECK_OVERLAP;
  if (s.chance(20)) fm.flags = OFPFF_SEND_FLOW_REM;
  return encode(fm);
}

Bytes statistics(Source& s, std::uint32_t xid) {
  const std::uint64_t kind = s.below(100);
  if (kind < 5) return encode(request::Stats{xid, OFPST_TABLE, 0, {}});
  request::FlowStats fs;
  fs.xid = xid;
  fs.aggregate = kind < 35;
  if (kind >= 20) fs.match = flow(s, xid).match;
  return encode(fs);
}

Bytes message(Source& s, std::uint32_t xid) {
  const std::uint64_t kind = s.below(100);
  if (kind < 70) return flow_mod(s, xid);
  if (kind < 85) return statistics(s, xid);
  if (kind < 93) return encode(request::BarrierRequest{xid});
  if (kind < 98) return encode(request::EchoRequest{xid, Bytes(8, 0)});
  return encode(request::GetConfigRequest{xid});
}

}  // namespace

Trace benchmark_trace(std::uint64_t seed, std::size_t messages) {
  RandomSource s(seed);
  Trace trace;
  trace.config = default_config({1, 2, 3, 4});
  const ConnName conn = trace.config.connections.front();
  std::uint32_t id = 0;
  const auto block = [&](std::initializer_list<EventBody> inputs) {
    const std::size_t first = trace.events.size();
    for (const EventBody& body : inputs) trace.events.push_back({++id, body});
    trace.events.push_back({0, event::Loop{}});
    Block b;
    b.first = first;
    b.last = trace.events.size() - 1;
    trace.blocks.push_back(std::move(b));
  };
  while (messages-- > 0) {
    const std::uint32_t xid = default_xid(id + 1);
    if (s.chance(5)) {  // an add that the provider answers late
      request::FlowMod fm = flow(s, default_xid(id + 2));
      const RuleName rule{id + 2, 1};
      block({event::ProviderPolicy{OperationKind::add, {AnswerKind::pending, {}}}, event::Recv{conn, encode(fm)}});
      block({event::ProviderPolicy{OperationKind::add, {}}, event::ProviderComplete{rule, {}}});
      continue;
    }
    block({event::Recv{conn, message(s, xid)}});
  }
  return trace;
}

}  // namespace oftwin::harness
