// The provider's function table over Datapath::State: nothing but translation between C and C++.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "datapath-sim/state.h"

namespace oftwin::sim {
namespace {

using State = Datapath::State;

ByteView view(const std::uint8_t* data, std::uint64_t length) { return {data, static_cast<std::size_t>(length)}; }

oft_error attach(void* p, const oft_host* table, void* host, std::uint32_t* n_tables) {
  if (table->abi_major != OFT_PROVIDER_ABI_MAJOR || table->size < sizeof *table) return OFT_ERROR_ERRNO(EINVAL);
  State& s = State::of(p);
  s.host = table;
  s.host_data = host;
  *n_tables = static_cast<std::uint32_t>(s.tables.size());
  return OFT_OK;
}

void dealloc(void* p) {
  State& s = State::of(p);
  s.host = nullptr;
  s.inputs.clear();
}

void rule_dealloc(void* p, void* handle) { State::of(p).deallocate(*static_cast<Rule*>(handle)); }

void rule_get_stats(void*, const oft_rule* rule, std::uint64_t* packets, std::uint64_t* bytes) {
  const Rule& r = *static_cast<const Rule*>(rule->handle);
  *packets = r.packets;
  *bytes = r.bytes;
}

oft_error rule_execute(void* p, const oft_rule* rule, std::uint16_t in_port, const std::uint8_t* frame,
                       std::uint64_t len) {
  return State::of(p).execute(*static_cast<Rule*>(rule->handle), in_port, view(frame, len));
}

oft_error packet_out(void* p, std::uint16_t in_port, const std::uint8_t* frame, std::uint64_t len,
                     const std::uint8_t* actions, std::uint64_t actions_len) {
  return State::of(p).packet_out(in_port, view(frame, len), view(actions, actions_len));
}

void get_table_info(void* p, std::uint8_t table_id, oft_table_info* info) {
  const State& s = State::of(p);
  if (table_id >= s.tables.size()) return;
  const Table& t = s.tables[table_id];
  std::memset(info->name, 0, sizeof info->name);
  std::memcpy(info->name, t.config.name.data(), std::min(t.config.name.size(), sizeof info->name - 1));
  info->wildcards = t.config.wildcards;
  info->max_entries = t.config.max_entries;
  info->lookup_count = t.lookups;
  info->matched_count = t.matches;
}

std::uint32_t get_ports(void* p, oft_port* out, std::uint32_t max) {
  const auto& ports = State::of(p).ports.in_order();
  for (std::size_t i = 0; i < ports.size() && i < max; ++i) out[i] = describe(ports[i].config);
  return static_cast<std::uint32_t>(ports.size());
}

void port_reconfigured(void* p, std::uint16_t number, std::uint32_t, std::uint32_t new_config) {
  if (Port* port = State::of(p).ports.find(number)) port->config.config = new_config;
}

// What can be counted is known, so a counter that nothing raises is 0.
void get_port_stats(void* p, std::uint16_t number, oft_port_stats* stats) {
  const std::uint32_t size = stats->size;
  *stats = {};
  stats->size = size;
  const Port* port = State::of(p).ports.find(number);
  if (port == nullptr) return;
  stats->rx_packets = port->rx_packets;
  stats->rx_bytes = port->rx_bytes;
  stats->rx_dropped = port->rx_dropped;
  stats->tx_packets = port->tx_packets;
  stats->tx_bytes = port->tx_bytes;
}

oft_provider make_table() {
  oft_provider t{};
  t.abi_major = OFT_PROVIDER_ABI_MAJOR;
  t.abi_minor = OFT_PROVIDER_ABI_MINOR;
  t.size = sizeof t;
  t.name = "datapath-sim";
  t.attach = attach;
  t.destruct = [](void* p) { State::of(p).finish_all(); };
  t.dealloc = dealloc;
  t.run = [](void* p) { State::of(p).run(); };
  t.run_at = [](void* p) { return State::of(p).run_at(); };
  t.rule_alloc = [](void* p) { return static_cast<void*>(State::of(p).allocate()); };
  t.rule_construct = [](void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
    return State::of(p).construct(*rule, victim, op);
  };
  t.rule_modify_actions = [](void* p, const oft_rule* rule, oft_op* op) { State::of(p).modify(*rule, op); };
  t.rule_destruct = [](void* p, const oft_rule* rule, oft_op* op) { State::of(p).destruct(*rule, op); };
  t.rule_dealloc = rule_dealloc;
  t.rule_get_stats = rule_get_stats;
  t.rule_execute = rule_execute;
  t.packet_out = packet_out;
  t.flush = [](void*) {};  // the removals that follow say all
  t.get_table_info = get_table_info;
  t.get_ports = get_ports;
  t.port_reconfigured = port_reconfigured;
  t.get_port_stats = get_port_stats;
  t.get_drop_frags = [](void* p) { return static_cast<std::uint8_t>(State::of(p).drop_frags); };
  t.set_drop_frags = [](void* p, std::uint8_t drop) { State::of(p).drop_frags = drop != 0; };
  return t;
}

}  // namespace

const oft_provider& Datapath::provider() {
  static const oft_provider table = make_table();
  return table;
}

}  // namespace oftwin::sim
