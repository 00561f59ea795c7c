#include "harness/live/link.h"

#include <fmt/format.h>

#include "harness/request.h"
#include "harness/spelling.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

// The version of a session is the smaller one of the two that HELLO offers; ours is 1.
void check_hello(ByteView message) {
  if (message[1] == OFPT_ERROR) { throw LinkError("the switch refused our HELLO: " + print_hex(message.subspan(8))); }
  if (message[1] != OFPT_HELLO) {
    throw LinkError(fmt::format("the switch's first message is of type {} instead of HELLO", message[1]));
  }
  if (message[0] < OFP_VERSION) {
    throw LinkError(fmt::format("the switch speaks version {:#x}; OpenFlow 1.0 is 0x1", message[0]));
  }
}

}  // namespace

Link::Link(net::Meeting& meeting, net::Deadline deadline) : channel_(meeting.open(deadline)) {
  if (!channel_) throw LinkError("the switch cannot be reached: " + meeting.why_not());
  channel_->send(encode(request::Hello{}));
  const auto hello = channel_->receive(deadline);
  if (!hello) {
    throw LinkError(channel_->closed() ? "the switch closed the connection before its HELLO: " + channel_->why()
                                       : std::string("the switch says no HELLO"));
  }
  check_hello(*hello);
}

void Link::send(ByteView bytes) {
  if (!channel_->send(bytes)) throw LinkError("the switch has gone away: " + channel_->why());
}

bool Link::own_business(ByteView message) {
  if (message[1] == OFPT_HELLO) return true;
  if (message[1] != OFPT_ECHO_REQUEST) return false;
  Bytes answer(message.begin(), message.end());
  answer[1] = OFPT_ECHO_REPLY;
  channel_->send(answer);
  return true;
}

std::optional<ByteView> Link::next(net::Deadline deadline) {
  for (;;) {
    const auto message = channel_->receive(deadline);
    if (!message) {
      if (channel_->closed()) throw LinkError("the switch has gone away: " + channel_->why());
      return std::nullopt;
    }
    if (!own_business(*message)) return message;
  }
}

void Link::flush(net::Deadline deadline) {
  if (!channel_->flush(deadline)) {
    throw LinkError(channel_->closed() ? "the switch has gone away: " + channel_->why()
                                       : std::string("the switch does not read what is sent to it"));
  }
}

}  // namespace oftwin::harness::live
