#include "harness/serve/recollect.h"

#include <algorithm>

#include "harness/nxm_render.h"
#include "harness/request.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr std::uint32_t kHighestVisible = 0xffff;
// Says what the controllers had said. No guest of a server is called that.
constexpr ConnName kWitness{ConnKind::service, UINT16_MAX};

void append(Bytes& out, const Request& request) {
  const Bytes message = encode(request);
  out.insert(out.end(), message.begin(), message.end());
}

Bytes flow_mods(const model::State& state) {
  Bytes out;
  request::FlowMod all;  // that settings may have made
  all.command = OFPFC_DELETE;
  append(out, all);
  append(out, request::FlowModTableId{0, 1});
  for (const model::Table& table : state.tables) {
    for (const model::Rule& rule : table.rules) {
      if (rule.priority > kHighestVisible) continue;
      request::NxFlowMod add;
      add.match = render_nxm(rule.match);
      add.cookie = rule.cookie;
      add.command = static_cast<std::uint16_t>(rule.table << 8 | OFPFC_ADD);
      add.idle_timeout = rule.idle_timeout;
      add.hard_timeout = rule.hard_timeout;
      add.priority = static_cast<std::uint16_t>(rule.priority);
      add.flags = rule.send_flow_removed ? OFPFF_SEND_FLOW_REM : 0;
      add.actions = rule.actions;
      append(out, add);
    }
  }
  return out;
}

}  // namespace

Recollection recollect(const SwitchConfig& began, const model::State& state) {
  Recollection out;
  out.config = began;
  out.config.clock_ms = state.now_ms;
  out.config.ports.clear();
  for (const model::Port& port : state.ports) out.config.ports.push_back(port.config);
  out.config.connections = {kWitness};
  const auto add = [&](EventBody body) {
    const bool loop = std::holds_alternative<event::Loop>(body);
    out.events.push_back({loop ? 0 : static_cast<std::uint32_t>(out.events.size() + 1), std::move(body)});
  };
  event::SetControllers controllers;
  for (const model::Connection& c : state.connections) {
    if (c.is_primary()) controllers.numbers.push_back(c.name.number);
  }
  if (!controllers.numbers.empty()) add(controllers);
  const Description& d = state.settings.description;
  if (d != began.description) add(event::Describe{d.mfr_desc, d.hw_desc, d.sw_desc, d.serial_num, d.dp_desc});
  add(event::Set{event::Setting::standalone, state.settings.standalone});
  add(event::Loop{});
  add(event::Recv{kWitness, flow_mods(state)});
  add(event::Loop{});
  add(event::ConnClose{kWitness});
  // What would disturb the flows comes after them.
  if (state.settings.probe_interval_s) add(event::Set{event::Setting::probe_interval, state.settings.probe_interval_s});
  for (const OperationKind kind : {OperationKind::add, OperationKind::modify, OperationKind::remove}) {
    const auto k = static_cast<std::size_t>(kind);
    if (state.provider.latency_ms[k]) add(event::ProviderLatency{kind, state.provider.latency_ms[k]});
    if (state.provider.policy[k] != Answer{}) add(event::ProviderPolicy{kind, state.provider.policy[k]});
  }
  for (const model::Connection& c : state.connections) {
    if (c.link == model::Link::up) add(event::ConnOpen{c.name});
  }
  add(event::Loop{});
  return out;
}

}  // namespace oftwin::harness
