#include "datapath-sim/datapath.h"

#include <algorithm>
#include <utility>

#include "datapath-sim/state.h"

namespace oftwin::sim {

Datapath::State::State(const SwitchConfig& config, Observer* o) : ports(config.ports), observer(o) {
  tables.reserve(config.tables.size());
  for (const TableConfig& t : config.tables) tables.push_back({t, {}, 0, 0});
  if (tables.empty()) tables.emplace_back();
}

// What is asked for while this runs waits for the next time.
void Datapath::State::run() {
  if (host == nullptr) return;
  std::vector<Input> now;
  now.swap(inputs);
  for (const Input& input : now) {
    std::visit([this](const auto& i) { handle(i); }, input);
  }
  while (const auto operation = operations.take_due(host->now_ms(host_data))) finish(*operation, OFT_OK);
  expire_rules();
}

void Datapath::State::expire_rules() {
  const std::uint64_t now_ms = host->now_ms(host_data);
  expiring = timeouts.take_due(now_ms);
  for (std::size_t i = 0; i < expiring.size(); ++i) {
    const Rule* rule = std::exchange(expiring[i], nullptr);
    if (rule == nullptr) continue;
    host->rule_expire(host_data, rule->base, too_old(*rule, now_ms) ? OFT_HARD_TIMEOUT : OFT_IDLE_TIMEOUT);
  }
}

void Datapath::State::handle(const Told& told) {
  if (const auto operation = operations.take(told.rule_serial)) finish(*operation, told.error);
}

void Datapath::State::handle(const Change& change) {
  if (!ports.change(change.kind, change.port)) return;
  constexpr oft_port_change words[] = {OFT_PORT_ADD, OFT_PORT_DELETE, OFT_PORT_MODIFY};
  const oft_port port = describe(change.port);
  host->port_changed(host_data, words[static_cast<std::size_t>(change.kind)], &port);
}

std::uint64_t Datapath::State::run_at() {
  return inputs.empty() ? std::min(operations.next_due(), timeouts.next()) : OFT_NOW;
}

void Datapath::State::finish_all() {
  while (const auto operation = operations.take_oldest()) finish(*operation, OFT_OK);
}

Datapath::Datapath(const SwitchConfig& config, Observer* observer)
    : state_(std::make_unique<State>(config, observer)) {}

Datapath::~Datapath() = default;

void Datapath::plan(OperationKind kind, Answer answer) { state_->operations.plan(kind, answer); }

void Datapath::policy(std::optional<OperationKind> kind, Answer answer) { state_->operations.policy(kind, answer); }

void Datapath::latency(std::optional<OperationKind> kind, std::uint32_t ms) { state_->operations.latency(kind, ms); }

void Datapath::complete(const oft_rule* rule, Error error) {
  if (rule == nullptr || rule->handle == nullptr) return;
  state_->inputs.push_back(Told{static_cast<const Rule*>(rule->handle)->serial, to_abi(error)});
}

void Datapath::packet_arrives(std::uint16_t port, ByteView frame, std::uint64_t tun_id) {
  state_->inputs.push_back(Arrival{port, Bytes(frame.begin(), frame.end()), tun_id});
}

void Datapath::change_port(event::PortChangeKind kind, const PortConfig& port) {
  state_->inputs.push_back(Change{kind, port});
}

}  // namespace oftwin::sim
