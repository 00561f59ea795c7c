// Wakes a Reactor when a descriptor that somebody else reads (libpcap's) has something.
//
// Invariant: the descriptor is neither read nor closed here.
#pragma once

#include <memory>

#include "harness/net/channel.h"

namespace oftwin::net {

class Watch {
 public:
  // `descriptor` stays open for longer than this. throws NetError if it cannot be waited for.
  Watch(Reactor& reactor, int descriptor);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // From now on the next byte that can be read ends Reactor::wait(), once. To be called when nothing is left to read.
  void again();

  struct Inside;

 private:
  std::shared_ptr<Inside> inside_;
};

}  // namespace oftwin::net
