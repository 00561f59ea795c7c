// Ports by other numbers, wherever a trace names one (rename.h).
#include <algorithm>
#include <map>
#include <optional>

#include "harness/change_requests.h"
#include "harness/default_config.h"
#include "harness/numbering.h"
#include "harness/rename.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

template <class Visit>
void visit_port(Bytes& bytes, std::size_t at, Visit visit) {
  auto port = static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
  visit(port);
  set_u16(bytes, at, port);
}

// Where resubmissions and bundles hold ports.
template <class Visit>
void each_port_in_nicira_action(Bytes& actions, std::size_t at, std::size_t length, Visit visit) {
  if (length < wire::nx_action::smallest) return;
  const unsigned subtype = actions[at + 8] << 8 | actions[at + 9];
  if (subtype == NXAST_RESUBMIT || subtype == NXAST_RESUBMIT_TABLE) {
    visit_port(actions, at + wire::nx_action::resubmit_in_port.offset, visit);
  }
  if ((subtype != NXAST_BUNDLE && subtype != NXAST_BUNDLE_LOAD) || length < wire::nx_action::bundle_slaves) return;
  const std::size_t count = at + wire::nx_action::bundle_n_slaves.offset;
  const std::size_t room = (length - wire::nx_action::bundle_slaves) / 2;
  const std::size_t slaves = std::min<std::size_t>(actions[count] << 8 | actions[count + 1], room);
  for (std::size_t i = 0; i < slaves; ++i) visit_port(actions, at + wire::nx_action::bundle_slaves + 2 * i, visit);
}

// Calls `visit` with every place in an action list that holds a port.
template <class Visit>
void each_port_in_actions(Bytes& actions, Visit visit) {
  for (std::size_t at = 0; actions.size() - at >= 8;) {
    const std::size_t type = std::size_t{actions[at]} << 8 | actions[at + 1];
    const std::size_t length = std::size_t{actions[at + 2]} << 8 | actions[at + 3];
    if (length < 8 || length > actions.size() - at) return;
    if (type == OFPAT_OUTPUT || type == OFPAT_ENQUEUE) visit_port(actions, at + 4, visit);
    if (type == OFPAT_VENDOR) each_port_in_nicira_action(actions, at, length, visit);
    at += length;
  }
}

template <class Visit>
void each_port_in_match(WireMatch& match, Visit visit) {
  if (!(match.wildcards & OFPFW_IN_PORT)) visit(match.in_port);
}

// In the entries of an extended match.
template <class Visit>
void each_port_in_match(Bytes& entries, Visit visit) {
  constexpr std::size_t kHeader = 4;
  for (std::size_t at = 0; entries.size() - at >= kHeader;) {
    const std::size_t length = entries[at + 3];
    if (length > entries.size() - at - kHeader) return;
    const std::uint32_t type =
        (std::uint32_t{entries[at]} << 16 | std::uint32_t{entries[at + 1]} << 8 | entries[at + 2]);
    if (type == NXM_OF_IN_PORT << 1 && length == 2) visit_port(entries, at + kHeader, visit);
    at += kHeader + length;
  }
}

// Overloads for each kind of request; most name none.
template <class Message, class Visit>
void each_port_in(Message&, Visit) {}
template <class M, class Visit>
void each_port_in(request::FlowModOf<M>& m, Visit visit) {
  each_port_in_match(m.match, visit);
  visit(m.out_port);
  each_port_in_actions(m.actions, visit);
}
template <class M, class Visit>
void each_port_in(request::FlowStatsOf<M>& m, Visit visit) {
  each_port_in_match(m.match, visit);
  visit(m.out_port);
}
template <class Visit>
void each_port_in(request::PacketOut& m, Visit visit) {
  visit(m.in_port);
  each_port_in_actions(m.actions, visit);
}
template <class Visit>
void each_port_in(request::PortStats& m, Visit visit) {
  visit(m.port);
}
template <class Visit>
void each_port_in(request::QueueStats& m, Visit visit) {
  visit(m.port);
}
template <class Visit>
void each_port_in(request::QueueGetConfig& m, Visit visit) {
  visit(m.port);
}
template <class Visit>
void each_port_in(request::PortMod& m, Visit visit) {
  visit(m.port);
}

template <class Visit>
void each_port(EventBody& body, Visit visit) {
  if (auto* e = std::get_if<event::ProviderPacketIn>(&body)) visit(e->port);
  if (auto* e = std::get_if<event::PacketArrives>(&body)) visit(e->port);
  const auto visit_match = [&](WireMatchBytes& bytes) {
    WireMatch match = decode_match(bytes);
    each_port_in_match(match, visit);
    bytes = wire_bytes(match);
  };
  if (auto* e = std::get_if<event::HiddenDel>(&body)) visit_match(e->match);
  if (auto* e = std::get_if<event::HiddenAdd>(&body)) {
    visit_match(e->match);
    each_port_in_actions(e->actions, visit);
  }
}

// The numbers, and the hardware addresses that the ports get with them.
class PlainPorts {
 public:
  void rename(std::uint16_t& port) {
    if (port != 0 && port < OFPP_MAX) port = static_cast<std::uint16_t>(numbers_.of(port) + 1);
  }
  void rename(PortConfig& port) {
    const std::uint16_t number = port.number;
    rename(port.number);
    const PortConfig plain = default_port(port.number);
    if (port.number != number) {
      addresses_[port.hw_addr] = plain.hw_addr;
      port.hw_addr = plain.hw_addr;
    }
    // A port may have the usual name of another.
    if (auto other = parse_port(port.name.starts_with('p') ? port.name.substr(1) : "")) {
      rename(*other);
      port.name = default_port(*other).name;
    } else if (port.number != number) {
      port.name = plain.name;
    }
  }
  void rename_address(Mac& address) const {
    if (const auto found = addresses_.find(address); found != addresses_.end()) address = found->second;
  }

 private:
  Numbering<std::uint16_t> numbers_;
  std::map<Mac, Mac> addresses_;
};

}  // namespace

Renaming with_plain_ports(const SwitchConfig& config, const std::vector<Event>& events) {
  Renaming out{config, events};
  PlainPorts ports;
  const auto rename = [&](std::uint16_t& port) { ports.rename(port); };
  for (Event& e : out.events) {
    auto* recv = std::get_if<event::Recv>(&e.body);
    auto message = recv ? decode_request(recv->bytes) : std::nullopt;
    if (message) {
      std::visit([&](auto& m) { each_port_in(m, rename); }, *message);
      recv->bytes = encode(*message);
    }
    auto* change = std::get_if<event::PortChange>(&e.body);
    if (change)
      ports.rename(change->port);
    else
      each_port(e.body, rename);
  }
  for (PortConfig& port : out.config.ports) ports.rename(port);
  std::sort(out.config.ports.begin(), out.config.ports.end(),
            [](const PortConfig& a, const PortConfig& b) { return a.number < b.number; });
  change_requests(out.events, [&](const Event&, Request& r) {
    if (auto* m = std::get_if<request::PortMod>(&r)) ports.rename_address(m->hw_addr);
  });
  return out;
}

}  // namespace oftwin::harness
