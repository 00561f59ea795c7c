#include "harness/learn_config.h"

#include <algorithm>

#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

std::string text_of(ByteView bytes) { return {bytes.begin(), std::find(bytes.begin(), bytes.end(), std::uint8_t{0})}; }

PortConfig read_port(Reader& r) {
  PortConfig p;
  p.number = r.get<std::uint16_t>();
  p.hw_addr = r.array<6>();
  p.name = text_of(r.take(OFP_MAX_PORT_NAME_LEN));
  for (std::uint32_t* field : {&p.config, &p.state, &p.curr, &p.advertised, &p.supported, &p.peer}) {
    *field = r.get<std::uint32_t>();
  }
  return p;
}

}  // namespace

PortConfig learn_port(ByteView description) {
  Reader r(description);
  return read_port(r);
}

void learn_features(ByteView message, SwitchConfig& config) {
  Reader r(message.subspan(wire::header::size));
  config.datapath_id = r.get<std::uint64_t>();
  config.n_buffers = r.get<std::uint32_t>();
  const auto n_tables = r.get<std::uint8_t>();
  r.take(3);
  config.capabilities = r.get<std::uint32_t>();
  config.actions = r.get<std::uint32_t>();
  config.tables.resize(std::max<std::size_t>(1, n_tables));
  while (r.left() >= wire::phy_port::size) config.ports.push_back(read_port(r));
}

void learn_tables(ByteView body, SwitchConfig& config) {
  Reader r(body);
  while (r.left() >= wire::table_stats::size) {
    const auto id = r.get<std::uint8_t>();
    r.take(3);
    TableConfig table{text_of(r.take(OFP_MAX_TABLE_NAME_LEN)), r.get<std::uint32_t>(), 0};
    table.max_entries = r.get<std::uint32_t>();
    r.take(20);
    if (id < config.tables.size()) config.tables[id] = table;
  }
}

void learn_description(ByteView body, Description& out) {
  Reader r(body);
  out.mfr_desc = text_of(r.take(wire::desc_stats::mfr_desc.size));
  out.hw_desc = text_of(r.take(wire::desc_stats::hw_desc.size));
  out.sw_desc = text_of(r.take(wire::desc_stats::sw_desc.size));
  out.serial_num = text_of(r.take(wire::desc_stats::serial_num.size));
  out.dp_desc = text_of(r.take(wire::desc_stats::dp_desc.size));
}

}  // namespace oftwin::harness
