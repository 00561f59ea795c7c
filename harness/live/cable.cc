#include "harness/live/cable.h"

#include <fmt/format.h>

#include "harness/wire_io.h"

namespace oftwin::harness::live {
namespace {

constexpr std::size_t kLengthBytes = 2;

class StreamCable final : public Cable {
 public:
  StreamCable(net::Reactor& reactor, const net::Endpoint& endpoint)
      : name_(net::print_endpoint(endpoint)), meeting_(reactor, endpoint) {}

  void connect(net::Deadline deadline) override {
    if (channel_ && channel_->open()) return;
    channel_ = meeting_.open(deadline);
    if (!channel_) throw LinkError(fmt::format("the cable {} has no other end: {}", name_, meeting_.why_not()));
  }

  void put(ByteView frame) override {
    Bytes bytes;
    oftwin::harness::put(bytes, static_cast<std::uint16_t>(frame.size()));
    put_bytes(bytes, frame);
    if (!channel_ || !channel_->send(bytes)) cut();
  }

  std::optional<Bytes> take() override {
    if (!channel_) cut();
    const ByteView come = channel_->received();
    const std::size_t length = come.size() < kLengthBytes ? 0 : std::size_t{come[0]} << 8 | come[1];
    if (come.size() < kLengthBytes + length || come.size() < kLengthBytes) {
      if (channel_->closed()) cut();
      return std::nullopt;
    }
    Bytes frame(come.begin() + kLengthBytes, come.begin() + static_cast<std::ptrdiff_t>(kLengthBytes + length));
    channel_->take(kLengthBytes + length);
    return frame;
  }

  bool pads() const override { return false; }

 private:
  [[noreturn]] void cut() const {
    throw LinkError(fmt::format("the cable {} is cut: {}", name_, channel_ ? channel_->why() : "not connected"));
  }

  const std::string name_;
  net::Meeting meeting_;
  std::unique_ptr<net::Channel> channel_;
};

}  // namespace

std::unique_ptr<Cable> make_cable(net::Reactor& reactor, const std::string& where) {
  constexpr std::string_view interface = "interface:";
  if (where.starts_with(interface)) return make_interface_cable(reactor, where.substr(interface.size()));
  try {
    const net::Endpoint endpoint = net::parse_endpoint(where);
    if (endpoint.transport == net::Transport::ssl) throw CableError("a cable has no TLS");
    return std::make_unique<StreamCable>(reactor, endpoint);
  } catch (const net::EndpointError& e) { throw CableError(e.what()); } catch (const net::NetError& e) {
    throw CableError(e.what());
  }
}

}  // namespace oftwin::harness::live
