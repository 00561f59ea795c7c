#include "harness/live/cables.h"

#include <fmt/format.h>

#include <algorithm>

namespace oftwin::harness::live {
namespace {

std::string place_of(const Profile& profile, std::uint16_t port) {
  const auto line = profile.lines.find(fmt::format("port.{}", port));
  if (line == profile.lines.end()) return fmt::format("{}: port {}", profile.file, port);
  return fmt::format("{}:{}: port {}", profile.file, line->second, port);
}

}  // namespace

Cables::Cables(net::Reactor& reactor, const Profile& profile) : reactor_(reactor), settle_ms_(profile.settle_ms) {
  for (const ProfilePort& port : profile.ports) {
    if (port.connected == "nothing") continue;
    One one{nullptr, place_of(profile, port.number)};
    try {
      one.cable = make_cable(reactor, port.connected);
    } catch (const CableError& e) { throw CableError(fmt::format("{}: {}", one.place, e.what())); }
    cables_.emplace(port.number, std::move(one));
  }
}

std::vector<std::uint16_t> Cables::ports() const {
  std::vector<std::uint16_t> out;
  for (const auto& [port, one] : cables_) out.push_back(port);
  return out;
}

void Cables::connect(const SwitchConfig& config, net::Deadline deadline) {
  for (const auto& [number, one] : cables_) {
    const auto is = [port = number](const PortConfig& p) { return p.number == port; };
    if (std::none_of(config.ports.begin(), config.ports.end(), is)) {
      throw CableError(fmt::format("{}: the switch has no such port", one.place));
    }
    try {
      one.cable->connect(deadline);
    } catch (const CableError& e) { throw CableError(fmt::format("{}: {}", one.place, e.what())); }
    while (one.cable->take()) {}
  }
}

void Cables::put(std::uint16_t port, ByteView frame) { cables_.at(port).cable->put(frame); }

std::optional<FrameOut> Cables::take() {
  for (const auto& [port, one] : cables_) {
    if (auto frame = one.cable->take()) return FrameOut{port, std::move(*frame)};
  }
  return std::nullopt;
}

}  // namespace oftwin::harness::live
