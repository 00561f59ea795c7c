// The ports of a conversation that have a cable: which scenario a frame belongs to, and whether what was put on a port
// has arrived.
//
// One scenario at a time. It begins with begin(), and is over on a port when that port has sent its sentinel. Nothing
// orders a cable with a connection, so that a frame has arrived only when the switch has counted it.
// Invariant: a frame that comes is heard in the scenario at hand, or told as a stray in the next.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/live/cables.h"
#include "harness/live/heard.h"

namespace oftwin::harness::live {

class Ports {
 public:
  explicit Ports(Cables& cables) : cables_(cables) {}

  // A scenario of that number begins; `heard` is there until the next does.
  void begin(std::uint64_t number, Heard& heard);
  // Sorts what has come. Whether anything had. throws LinkError.
  bool sort();
  // The ports that have not sent the sentinel of the scenario at hand, ascending.
  std::vector<std::uint16_t> open() const;

  // The switch's own count of what each port has taken in: a reply to a request for port statistics.
  void counted(ByteView reply);
  // Puts a frame on a port. throws LinkError.
  void put(std::uint16_t port, ByteView frame);
  // Whether all that was put on it is counted, or the switch does not count.
  bool arrived(std::uint16_t port) const;

  // What the switch has counted so far is not known.
  void count_anew();
  // What has not arrived on it by now, and what is put on it later in this scenario, is not waited for.
  void give_up(std::uint16_t port) { ports_.at(port).given_up = true; }

  Cables& cables() { return cables_; }

 private:
  struct One {
    bool over = true;
    bool given_up = false;
    bool counts = false;                      // the switch says how many frames the port has taken in
    std::uint64_t counted = 0, expected = 0;  // frames that were put on it, by the switch and by us
  };
  Cables& cables_;
  std::map<std::uint16_t, One> ports_;
  std::uint64_t number_ = 0;
  Heard* heard_ = nullptr;
  std::vector<std::string> strays_;
};

}  // namespace oftwin::harness::live
