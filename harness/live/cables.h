// All cables of a switch, by port.
//
// Invariant: frames of one port come in the order in which they left it; there is no order among ports.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/live/cable.h"
#include "harness/profile.h"
#include "spec/config.h"

namespace oftwin::harness::live {

struct FrameOut {
  std::uint16_t port = 0;  // that it left on
  Bytes frame;
};

class Cables {
 public:
  // Those that the profile names; not connected yet. throws CableError, with its place.
  Cables(net::Reactor& reactor, const Profile& profile);

  bool none() const { return cables_.empty(); }
  std::vector<std::uint16_t> ports() const;  // that have one, ascending
  bool has(std::uint16_t port) const { return cables_.contains(port); }
  bool pads(std::uint16_t port) const { return cables_.at(port).cable->pads(); }
  // How long the switch takes until its ports follow what it has answered.
  std::uint64_t settle_ms() const { return settle_ms_; }

  // Connects all that are not; frames that have come out by then are forgotten. throws CableError if the switch has no
  // such port; LinkError.
  void connect(const SwitchConfig& config, net::Deadline deadline);
  // throws LinkError.
  void put(std::uint16_t port, ByteView frame);
  // The next frame that has come, on any port. throws LinkError.
  std::optional<FrameOut> take();
  // Until something has happened on a cable or on any other socket of the reactor, or `deadline`.
  void wait(net::Deadline deadline) { reactor_.wait(deadline); }

 private:
  struct One {
    std::unique_ptr<Cable> cable;
    std::string place;  // mine.toml:17: port 2
  };
  net::Reactor& reactor_;
  std::uint64_t settle_ms_;
  std::map<std::uint16_t, One> cables_;
};

}  // namespace oftwin::harness::live
