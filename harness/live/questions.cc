#include "harness/live/questions.h"

#include <algorithm>
#include <chrono>

#include "harness/print.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness::live {
namespace {

std::uint32_t xid_in(ByteView message) { return Reader(message.subspan(4, 4)).get<std::uint32_t>(); }

net::Deadline in_ms(unsigned ms) { return net::Clock::now() + std::chrono::milliseconds(ms); }

}  // namespace

std::string Answer::why() const {
  if (errors.empty()) return {};
  Reader r(ByteView(errors.front()).subspan(wire::header::size));
  const auto type = r.get<std::uint16_t>(), code = r.get<std::uint16_t>();
  if (type != NXET_VENDOR) return print_error(openflow_error(type, code));
  r.get<std::uint32_t>();  // vendor
  const auto inner_type = r.get<std::uint16_t>(), inner_code = r.get<std::uint16_t>();
  return print_error(nicira_error(inner_type, inner_code));
}

Answer Questions::ask(const Request& request) { return ask(encode(request)); }

Answer Questions::ask(Bytes message) {
  const std::uint32_t xid = ++xid_;
  set_u16(message, 4, xid >> 16);
  set_u16(message, 6, xid & 0xffff);
  link_.send(message);
  return answer(xid, xid);
}

Answer Questions::ask_all(const std::vector<Request>& requests) {
  const std::uint32_t first = xid_ + 1;
  Bytes all;
  for (Request request : requests) {
    set_xid(request, ++xid_);
    put_bytes(all, encode(request));
  }
  link_.send(all);
  return answer(first, xid_);
}

Answer Questions::answer(std::uint32_t first, std::uint32_t last) {
  const std::uint32_t barrier = ++xid_;
  link_.send(encode(request::BarrierRequest{barrier}));
  const net::Deadline deadline = in_ms(timeout_ms_);
  Answer out;
  for (;;) {
    const auto message = link_.next(deadline);
    if (!message) throw LinkError("the switch does not answer a barrier request");
    const std::uint32_t xid = xid_in(*message);
    const std::uint8_t type = (*message)[1];
    if (xid == barrier && type == OFPT_BARRIER_REPLY) return out;
    const bool asynchronous = type == OFPT_PACKET_IN || type == OFPT_FLOW_REMOVED || type == OFPT_PORT_STATUS;
    if (xid < first || xid > last || asynchronous) {
      others_.emplace_back(message->begin(), message->end());
    } else if (type == OFPT_ERROR) {
      out.errors.emplace_back(message->begin(), message->end());
    } else {
      out.replies.emplace_back(message->begin(), message->end());
    }
  }
}

std::optional<Bytes> Questions::wait_for(std::uint8_t type, unsigned ms) {
  const net::Deadline deadline = in_ms(ms);
  for (;;) {
    const auto at = std::find_if(others_.begin(), others_.end(), [&](const Bytes& m) { return m[1] == type; });
    if (at != others_.end()) {
      Bytes found = std::move(*at);
      others_.erase(at);
      return found;
    }
    const auto message = link_.next(deadline);
    if (!message) return std::nullopt;
    others_.emplace_back(message->begin(), message->end());
  }
}

}  // namespace oftwin::harness::live
