#include "model/action_reading.h"

#include <algorithm>

#include "model/wire.h"
#include "spec/openflow.h"

namespace oftwin::model {
namespace {

// The actions of a list as far as it can be cut into some.
std::vector<ByteView> actions_of(ByteView list) {
  std::vector<ByteView> out;
  while (list.size() >= 8) {
    const std::size_t length = get(list, wire::action::len);
    if (length < 8 || length % 8 != 0 || length > list.size()) break;
    out.push_back(list.first(length));
    list = list.subspan(length);
  }
  return out;
}

// The list with bits that have no meaning cleared.
Bytes without_idle_bits(const Bytes& list) {
  Bytes out = list;
  for (const ByteView action : actions_of(list)) {
    const auto at = static_cast<std::size_t>(action.data() - list.data());
    const auto type = get<wire::action::type>(action);
    if (action.size() != 8) continue;
    if (type == OFPAT_SET_VLAN_VID) out[at + wire::action::vlan_vid.offset] &= 0x0f;
    if (type == OFPAT_SET_VLAN_PCP) out[at + wire::action::vlan_pcp.offset] &= 0x07;
    if (type == OFPAT_SET_NW_TOS) out[at + wire::action::nw_tos.offset] &= 0xfc;
  }
  return out;
}

// Whether the list sends to a port that there is not (yet), or to one that it should not name in such a list.
bool names_no_port(const State& state, ByteView list, ListOf of) {
  return std::ranges::any_of(actions_of(list), [&](ByteView action) {
    const auto type = get<wire::action::type>(action);
    if (type != OFPAT_OUTPUT && type != OFPAT_ENQUEUE) return false;
    const auto port = get<wire::action::output_port>(action);
    if (type == OFPAT_ENQUEUE && port == OFPP_LOCAL) return true;
    if (type == OFPAT_OUTPUT && port == OFPP_TABLE) return of != ListOf::packet;
    return port < OFPP_MAX && std::ranges::none_of(state.ports, [&](const Port& p) { return p.config.number == port; });
  });
}

bool has_enqueue(ByteView list) {
  return std::ranges::any_of(actions_of(list),
                             [](ByteView action) { return get<wire::action::type>(action) == OFPAT_ENQUEUE; });
}

}  // namespace

std::vector<Error> wrong_actions(ByteView actions, Layers layers) {
  Clauses unused;
  std::vector<Error> out;
  std::size_t cut = 0;
  for (const ByteView action : actions_of(actions)) {
    cut += action.size();
    if (const Error e = validate_actions(action, layers, unused)) out.push_back(e);
  }
  if (cut != actions.size()) out.push_back(bad_action(OFPBAC_BAD_LEN));
  return out;
}

Error read_actions(Turn& turn, Bytes& actions, Layers layers, ListOf list) {
  if (actions.empty()) return {};
  const Bytes read = without_idle_bits(actions);
  if (read != actions && list != ListOf::deletion && turn.reading("ACT-22")) actions = read;
  const std::vector<Error> wrong = wrong_actions(actions, layers);
  if (!wrong.empty()) {
    if (list == ListOf::deletion) return turn.reading("FM-7") ? turn.told(wrong.front(), wrong) : Error{};
    const Error told = turn.told(wrong.front(), wrong);
    return told == wrong.front() ? Error{} : told;
  }
  if (names_no_port(turn.state, actions, list) && turn.reading("ACT-20")) return bad_action(OFPBAC_BAD_OUT_PORT);
  if (has_enqueue(actions) && turn.reading("ACT-21")) return bad_action(OFPBAC_BAD_QUEUE);
  if (list == ListOf::flow && actions_of(actions).size() > 1 && turn.reading("FM-6")) {
    return openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_UNSUPPORTED);
  }
  return {};
}

}  // namespace oftwin::model
