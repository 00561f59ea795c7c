// Cookies, priorities and addresses by plain values, wherever a trace has one (rename.h).
#include <array>
#include <iterator>
#include <set>
#include <span>

#include "harness/change_requests.h"
#include "harness/numbering.h"
#include "harness/rename.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

// `change(flow_mod)` for both forms.
template <class Change>
void change_flow_mods(std::vector<Event>& events, Change change) {
  change_requests(events, [&](const Event&, Request& r) {
    if (auto* m = std::get_if<request::FlowMod>(&r)) change(*m);
    if (auto* m = std::get_if<request::NxFlowMod>(&r)) change(*m);
  });
}

// --- Addresses ------------------------------------------------------------------------------------------------------

// Numbers Ethernet and IPv4 addresses in order of first use: 00:00:00:00:00:01 and 0.0.0.1 are the first. Zeros,
// groups and what has a mask stay. (In frames Ethernet's only: a checksum is over the others.)
class PlainAddresses {
 public:
  void ethernet(std::span<std::uint8_t> address) {
    if (address[0] & 1) return;
    number(address, ethernet_);
  }
  void ip(std::span<std::uint8_t> address) { number(address, ip_); }
  void ip(std::uint32_t& address) {
    if (address != 0) address = static_cast<std::uint32_t>(ip_.of(address) + 1);
  }

  void match(WireMatch& m) {
    if (!(m.wildcards & OFPFW_DL_SRC)) ethernet(m.dl_src);
    if (!(m.wildcards & OFPFW_DL_DST)) ethernet(m.dl_dst);
    if ((m.wildcards >> OFPFW_NW_SRC_SHIFT & OFPFW_NW_BITS_MASK) == 0) ip(m.nw_src);
    if ((m.wildcards >> OFPFW_NW_DST_SHIFT & OFPFW_NW_BITS_MASK) == 0) ip(m.nw_dst);
  }

  // An extended one.
  void match(Bytes& entries) {
    for (std::size_t at = 0; entries.size() - at >= 4;) {
      const std::size_t length = entries[at + 3];
      if (length > entries.size() - at - 4) return;
      const bool masked = entries[at + 2] & 1;
      const std::uint32_t type =
          (std::uint32_t{entries[at]} << 16 | std::uint32_t{entries[at + 1]} << 8 | entries[at + 2]) >> 1;
      if (!masked) entry(type, std::span(entries).subspan(at + 4, length));
      at += 4 + length;
    }
  }

  void actions(Bytes& actions) {
    namespace w = wire::action;
    for (std::size_t at = 0; actions.size() - at >= 8;) {
      const std::size_t type = std::size_t{actions[at]} << 8 | actions[at + 1];
      const std::size_t length = std::size_t{actions[at + 2]} << 8 | actions[at + 3];
      if (length < 8 || length > actions.size() - at) return;
      const auto action = std::span(actions).subspan(at, length);
      if ((type == OFPAT_SET_DL_SRC || type == OFPAT_SET_DL_DST) && length == 16) {
        ethernet(action.subspan(w::dl_addr.offset, w::dl_addr.size));
      }
      if (type == OFPAT_SET_NW_SRC || type == OFPAT_SET_NW_DST) {
        ip(action.subspan(w::nw_addr.offset, w::nw_addr.size));
      }
      at += length;
    }
  }

  void frame(Bytes& frame) {
    if (frame.size() < 12) return;
    ethernet(std::span(frame).first(6));
    ethernet(std::span(frame).subspan(6, 6));
  }

  void request(Request& r) {
    std::visit([this](auto& m) { in(m); }, r);
  }

 private:
  void entry(std::uint32_t type, std::span<std::uint8_t> value) {
    switch (type) {
      case NXM_OF_ETH_SRC:
      case NXM_OF_ETH_DST:
      case NXM_NX_ARP_SHA:
      case NXM_NX_ARP_THA:
      case NXM_NX_ND_SLL:
      case NXM_NX_ND_TLL:
        if (value.size() == 6) ethernet(value);
        return;
      case NXM_OF_IP_SRC:
      case NXM_OF_IP_DST:
      case NXM_OF_ARP_SPA:
      case NXM_OF_ARP_TPA:
        if (value.size() == 4) ip(value);
        return;
      default:
        return;
    }
  }

  template <class Message>
  void in(Message&) {}
  template <class M>
  void in(request::FlowModOf<M>& m) {
    match(m.match);
    actions(m.actions);
  }
  template <class M>
  void in(request::FlowStatsOf<M>& m) {
    match(m.match);
  }
  void in(request::PacketOut& m) {
    actions(m.actions);
    frame(m.data);
  }

  static void number(std::span<std::uint8_t> address, Numbering<std::uint64_t>& numbers) {
    std::uint64_t value = 0;
    for (const std::uint8_t b : address) value = value << 8 | b;
    if (value == 0) return;
    value = numbers.of(value) + 1;
    for (std::size_t i = address.size(); i-- > 0; value >>= 8) address[i] = static_cast<std::uint8_t>(value);
  }

  Numbering<std::uint64_t> ethernet_, ip_;
};

}  // namespace

std::vector<Event> with_plain_cookies(const std::vector<Event>& events) {
  std::vector<Event> out = events;
  Numbering<std::uint64_t> numbers;
  change_flow_mods(out, [&](auto& m) {
    if (m.cookie != 0) m.cookie = numbers.of(m.cookie) + 0xa;
  });
  return out;
}

std::vector<Event> with_plain_priorities(const std::vector<Event>& events) {
  std::vector<Event> out = events;
  std::set<std::uint16_t> used;
  const auto each = [&](auto change) {
    change_flow_mods(out, [&](auto& m) {
      if (m.priority != OFP_DEFAULT_PRIORITY) change(m.priority);
    });
  };
  each([&](std::uint16_t& priority) { used.insert(priority); });
  each([&](std::uint16_t& priority) {
    priority = static_cast<std::uint16_t>(10 * (std::distance(used.begin(), used.find(priority)) + 1));
  });
  return out;
}

std::vector<Event> with_plain_addresses(const std::vector<Event>& events) {
  std::vector<Event> out = events;
  PlainAddresses plain;
  const auto in_wire_match = [&](WireMatchBytes& bytes) {
    WireMatch match = decode_match(bytes);
    plain.match(match);
    bytes = wire_bytes(match);
  };
  for (Event& e : out) {
    auto* recv = std::get_if<event::Recv>(&e.body);
    if (auto message = recv ? decode_request(recv->bytes) : std::nullopt) {
      plain.request(*message);
      recv->bytes = encode(*message);
    }
    if (auto* packet = std::get_if<event::PacketArrives>(&e.body)) plain.frame(packet->frame);
    if (auto* packet = std::get_if<event::ProviderPacketIn>(&e.body)) plain.frame(packet->frame);
    if (auto* hidden = std::get_if<event::HiddenDel>(&e.body)) in_wire_match(hidden->match);
    if (auto* hidden = std::get_if<event::HiddenAdd>(&e.body)) {
      in_wire_match(hidden->match);
      plain.actions(hidden->actions);
    }
  }
  return out;
}

}  // namespace oftwin::harness
