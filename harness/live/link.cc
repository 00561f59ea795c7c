#include "harness/live/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "harness/request.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

constexpr std::uint32_t kEchoXid = 0x6f656368;  // of our own echo requests; scenarios count from 1

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

Link::Link(net::Meeting& meeting, net::Deadline deadline, const KeepAlive& keep_alive)
    : channel_(meeting.open(deadline)), times_(keep_alive), heard_(net::Clock::now()) {
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
  if (message[1] == OFPT_ECHO_REPLY) return Reader(message.subspan(4, 4)).get<std::uint32_t>() == kEchoXid;
  if (message[1] != OFPT_ECHO_REQUEST) return false;
  Bytes answer(message.begin(), message.end());
  answer[1] = OFPT_ECHO_REPLY;
  channel_->send(answer);
  return true;
}

net::Deadline Link::due() const {
  return heard_ + std::chrono::milliseconds(asked_ ? times_.answer_ms : times_.quiet_ms);
}

void Link::keep_alive() {
  if (net::Clock::now() < due()) return;
  if (asked_) {
    channel_->close();
    throw LinkError(
        fmt::format("the switch has gone away: it has not answered an echo request for {} ms", times_.answer_ms));
  }
  send(encode(request::EchoRequest{kEchoXid, {}}));
  asked_ = true;
  heard_ = net::Clock::now();
}

std::optional<ByteView> Link::poll() {
  while (const auto message = channel_->next_message()) {
    heard();
    if (!own_business(*message)) return message;
  }
  if (channel_->closed()) throw LinkError("the switch has gone away: " + channel_->why());
  return std::nullopt;
}

std::optional<ByteView> Link::next(net::Deadline deadline) {
  for (;;) {
    const auto message = channel_->receive(std::min(deadline, due()));
    if (message) {
      heard();
      if (!own_business(*message)) return message;
      continue;
    }
    if (channel_->closed()) throw LinkError("the switch has gone away: " + channel_->why());
    keep_alive();
    if (net::Clock::now() >= deadline) return std::nullopt;
  }
}

void Link::flush(net::Deadline deadline) {
  if (!channel_->flush(deadline)) {
    throw LinkError(channel_->closed() ? "the switch has gone away: " + channel_->why()
                                       : std::string("the switch does not read what is sent to it"));
  }
}

}  // namespace oftwin::harness::live
