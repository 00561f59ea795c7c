#include "harness/default_config.h"

#include <fmt/format.h>

namespace oftwin::harness {
namespace {

constexpr std::size_t kNameMax = OFP_MAX_PORT_NAME_LEN - 1;

struct Number {
  const char* name;
  std::uint32_t PortConfig::* field;
};
constexpr Number kNumbers[] = {{"config", &PortConfig::config},       {"state", &PortConfig::state},
                               {"curr", &PortConfig::curr},           {"advertised", &PortConfig::advertised},
                               {"supported", &PortConfig::supported}, {"peer", &PortConfig::peer}};

bool parse_number_field(PortConfig& port, const Word& w) {
  for (const auto& n : kNumbers) {
    if (w.key() != n.name) continue;
    port.*n.field = w.number<std::uint32_t>();
    return true;
  }
  return false;
}

}  // namespace

PortConfig default_port(std::uint16_t number) {
  PortConfig port;
  port.number = number;
  std::uint16_t last = number == OFPP_LOCAL ? std::uint16_t{0} : number;
  port.hw_addr = {0xaa, 0x55, 0xaa, 0x55, static_cast<std::uint8_t>(last >> 8), static_cast<std::uint8_t>(last)};
  port.name = number == OFPP_LOCAL ? "br0" : fmt::format("p{}", number);
  return port;
}

SwitchConfig default_config(const std::vector<std::uint16_t>& ports) {
  SwitchConfig config;
  for (std::uint16_t number : ports) config.ports.push_back(default_port(number));
  config.description = {"oftwin", "reference", "1", "None", "None"};
  return config;
}

std::string print_port_fields(const PortConfig& port) {
  PortConfig usual = default_port(port.number);
  std::string out;
  if (port.hw_addr != usual.hw_addr) out += " hw_addr=" + print_mac(port.hw_addr);
  if (port.name != usual.name) out += " name=" + print_quoted(port.name);
  for (const auto& n : kNumbers) {
    if (port.*n.field != usual.*n.field) out += fmt::format(" {}={:#x}", n.name, port.*n.field);
  }
  return out;
}

PortConfig parse_port_fields(std::uint16_t number, Words& words) {
  PortConfig port = default_port(number);
  while (!words.done()) {
    Word w = words.next();
    if (w.key() == "hw_addr") {
      port.hw_addr = w.mac();
    } else if (w.key() == "name") {
      port.name = w.string();
      if (port.name.find('\0') != std::string::npos) w.fail_value("a port's name has no zero byte");
      if (port.name.size() > kNameMax) w.fail_value(fmt::format("a port's name has at most {} bytes", kNameMax));
    } else if (!parse_number_field(port, w)) {
      w.fail(fmt::format("unknown field '{}' of a port", w.key()));
    }
  }
  return port;
}

}  // namespace oftwin::harness
