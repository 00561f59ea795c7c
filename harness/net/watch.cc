#include "harness/net/watch.h"

#include <asio/posix/stream_descriptor.hpp>

#include "harness/net/reactor.h"

namespace oftwin::net {

struct Watch::Inside {
  explicit Inside(Reactor& reactor) : descriptor(reactor.inside().io) {}
  asio::posix::stream_descriptor descriptor;
  bool waiting = false;
};

Watch::Watch(Reactor& reactor, int descriptor) : inside_(std::make_shared<Inside>(reactor)) {
  asio::error_code error;
  inside_->descriptor.assign(descriptor, error);
  if (error) throw NetError("a descriptor cannot be waited for: " + error.message());
}

Watch::~Watch() { inside_->descriptor.release(); }

void Watch::again() {
  if (inside_->waiting) return;
  inside_->waiting = true;
  inside_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [self = inside_](const asio::error_code&) { self->waiting = false; });
}

}  // namespace oftwin::net
