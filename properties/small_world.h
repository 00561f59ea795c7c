// A world small enough that things meet: RapidCheck's own generator of event sequences (not harness/generator.h, so
// that a blind spot there is not one here).
//
// A Step is five small numbers; what they mean is fixed by events_of(). RapidCheck shrinks sequences by dropping steps
// and making numbers smaller, and any sequence of steps is a legal history.
#pragma once

#include <rapidcheck.h>

#include <array>
#include <vector>

#include "harness/default_config.h"
#include "harness/request.h"
#include "spec/config.h"
#include "spec/event.h"
#include "spec/openflow.h"

namespace oftwin::small_world {

using Step = std::array<std::uint8_t, 5>;

inline rc::Gen<std::vector<Step>> histories() {
  return rc::gen::container<std::vector<Step>>(
      rc::gen::container<Step>(rc::gen::resize(200, rc::gen::arbitrary<std::uint8_t>())));
}

inline SwitchConfig config() {
  SwitchConfig c = harness::default_config({1, 2, 3});
  c.tables.resize(2);
  c.connections = {{ConnKind::primary, 1}, {ConnKind::primary, 2}, {ConnKind::service, 1}};
  return c;
}

// Eight matches: everything, two ports, IPv4 prefixes inside each other, and a combination.
inline harness::WireMatch match(unsigned which) {
  harness::WireMatch m;
  which %= 8;
  if (which == 1 || which == 2 || which == 7) {
    m.wildcards &= ~std::uint32_t{OFPFW_IN_PORT};
    m.in_port = static_cast<std::uint16_t>(which == 2 ? 2 : 1);
  }
  if (which >= 3) {
    m.wildcards &= ~(std::uint32_t{OFPFW_DL_TYPE} | 63u << OFPFW_NW_DST_SHIFT);
    m.dl_type = 0x0800;
    m.nw_dst = which == 6 ? 0x0a800000 : 0x0a000001;
    constexpr std::array<unsigned, 8> wild = {0, 0, 0, 24, 16, 0, 9, 8};
    m.wildcards |= wild[which] << OFPFW_NW_DST_SHIFT;
  }
  return m;
}

inline Bytes flow_mod(const Step& s, std::uint32_t xid) {
  harness::request::FlowMod fm;
  fm.xid = xid;
  fm.command = s[1] % 8 < 5 ? s[1] % 8 : 0;
  fm.match = match(s[2]);
  fm.priority = s[2] & 64 ? 200 : 100;
  fm.flags = static_cast<std::uint16_t>(s[3] & 1 ? OFPFF_SEND_FLOW_REM : 0);
  if (s[3] % 8 == 7) fm.flags |= OFPFF_CHECK_OVERLAP;
  if (s[3] % 16 == 5) fm.out_port = 2;
  fm.cookie = s[4] % 4;
  fm.actions = harness::action::output(static_cast<std::uint16_t>(1 + s[4] % 3));
  return harness::encode(fm);
}

inline Bytes other_request(const Step& s, std::uint32_t xid) {
  harness::request::FlowStats stats;
  stats.xid = xid;
  stats.match = match(s[2]);
  stats.aggregate = s[3] & 1;
  switch (s[1] % 8) {
    case 0:
    case 1:
      return harness::encode(harness::request::BarrierRequest{xid});
    case 2:
      return harness::encode(harness::request::EchoRequest{xid, {1, 2}});
    case 3:
      return harness::encode(harness::request::GetConfigRequest{xid});
    case 4:
      return harness::encode(harness::request::Stats{xid, OFPST_TABLE, 0, {}});
    default:
      return harness::encode(stats);
  }
}

inline Answer answer(unsigned which) {
  switch (which % 6) {
    case 0:
      return {};
    case 1:
      return {AnswerKind::failed, openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL)};
    case 2:
      return {AnswerKind::refused, openflow_error(OFPET_BAD_ACTION, OFPBAC_BAD_OUT_PORT)};
    case 3:
      return {AnswerKind::failed, system_error(12)};
    default:
      return {AnswerKind::pending, {}};
  }
}

// The events of a history, each step settled unless its last number says that more is to happen in the same iteration.
// Step i becomes event i + 1.
inline std::vector<Event> events_of(const std::vector<Step>& history) {
  const std::vector<ConnName> conns = config().connections;
  std::vector<Event> out;
  std::uint32_t id = 0;
  for (const Step& s : history) {
    ++id;
    const std::uint32_t xid = harness::default_xid(id);
    const ConnName conn = conns[s[3] / 32 % conns.size()];
    const std::uint32_t earlier = id > s[2] % 16u ? id - s[2] % 16u : 1;
    switch (s[0] % 8) {
      case 0:
      case 1:
      case 2:
        out.push_back({id, event::Recv{conn, flow_mod(s, xid)}});
        break;
      case 3:
        out.push_back({id, event::Recv{conn, other_request(s, xid)}});
        break;
      case 4:
        out.push_back({id, event::ProviderPlan{static_cast<OperationKind>(s[1] % 3), {answer(s[2])}}});
        break;
      case 5:
        out.push_back({id, event::ProviderPolicy{std::nullopt, answer(s[1] % 2 * 4)}});
        break;
      default:
        out.push_back({id, event::ProviderComplete{{earlier, 1}, s[1] % 3 == 0 ? answer(1).error : Error{}}});
    }
    if (s[4] < 200) out.push_back({0, event::Loop{s[4] < 20 ? 1u : 0u}});
  }
  out.push_back({0, event::Loop{}});
  return out;
}

}  // namespace oftwin::small_world
