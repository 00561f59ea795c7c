// A cable: what connects a port of the switch with this program. A frame that is put on it arrives on the port; what
// leaves on the port comes out of it, in order.
//
//   interface:NAME     a network interface of this machine whose other end is the port. Needs the right to open raw
//                      sockets (CAP_NET_RAW).
//   unix:PATH, tcp:HOST:PORT, punix:PATH, ptcp:PORT[:ADDR]
//                      a stream of frames, each preceded by its length as 16 bits in network order: what Open vSwitch's
//                      `dummy` interfaces speak (options:pstream=, options:stream=)
//
// Invariant: what was put on a cable does not come out of it here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "harness/live/link.h"
#include "harness/net/channel.h"
#include "spec/bytes.h"

namespace oftwin::harness::live {

inline constexpr std::size_t kShortestFrame = 14, kLongestFrame = 65535;  // bytes that a cable takes
inline constexpr std::size_t kPaddedFrame = 60;                           // what Ethernet fills a frame up to

// There cannot be such a cable: a wrong name, no such interface, no right to use it.
class CableError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Cable {
 public:
  virtual ~Cable() = default;
  // Meets the other end, unless it has. throws CableError; LinkError: nobody is there until `deadline`.
  virtual void connect(net::Deadline deadline) = 0;
  // `frame` has kShortestFrame to kLongestFrame bytes. throws LinkError when the cable is cut.
  virtual void put(ByteView frame) = 0;
  // The next frame that has come out of it; nullopt: none yet. throws LinkError when the cable is cut.
  virtual std::optional<Bytes> take() = 0;
  // Whether frames may be filled up with zeros on their way, as Ethernet does.
  virtual bool pads() const = 0;
};

// Not connected yet. `where` as above. The reactor's wait() ends when a frame comes. throws CableError.
std::unique_ptr<Cable> make_cable(net::Reactor& reactor, const std::string& where);

std::unique_ptr<Cable> make_interface_cable(net::Reactor& reactor, const std::string& name);

}  // namespace oftwin::harness::live
