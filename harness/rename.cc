#include "harness/rename.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "harness/default_config.h"
#include "harness/generate_settings.h"
#include "harness/request.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

// The rule that an event names, if it names one.
RuleName* rule_in(EventBody& body) {
  if (auto* e = std::get_if<event::ProviderComplete>(&body)) return &e->rule;
  if (auto* e = std::get_if<event::ProviderExpire>(&body)) return &e->rule;
  if (auto* e = std::get_if<event::ProviderCounters>(&body)) return &e->rule;
  return nullptr;
}

void rename_rules(std::vector<Event>& events, const std::map<RuleName, RuleName>& names) {
  for (Event& e : events) {
    RuleName* rule = rule_in(e.body);
    if (!rule) continue;
    const auto found = names.find(*rule);
    *rule = found == names.end() ? RuleName{} : found->second;
  }
}

template <class Change>
void change_requests(std::vector<Event>& events, Change change) {
  for (Event& e : events) {
    auto* recv = std::get_if<event::Recv>(&e.body);
    if (!recv) continue;
    auto message = decode_request(recv->bytes);
    if (!message) continue;
    change(e, *message);
    recv->bytes = encode(*message);
  }
}

// A stream whose deliveries are cut where messages end.
class Stream {
 public:
  struct Piece {
    std::size_t size = 0;
    bool completes = false;  // a message
  };
  // `bytes` come next on the stream.
  std::vector<Piece> cut(ByteView bytes) {
    std::vector<Piece> pieces;
    std::size_t size = 0;
    for (const std::uint8_t b : bytes) {
      ++size;
      if (!broken_ && take(b)) pieces.push_back({std::exchange(size, 0), true});
    }
    if (size > 0) pieces.push_back({size, false});
    return pieces;
  }

 private:
  // True if this byte was a message's last.
  bool take(std::uint8_t b) {
    if (at_ == wire::header::version.offset) broken_ = b != OFP_VERSION;
    if (at_ == wire::header::length.offset) length_ = std::size_t{b} << 8;
    if (at_ == wire::header::length.offset + 1) length_ |= b;
    if (++at_ < wire::header::size) return false;
    broken_ |= length_ < wire::header::size;
    if (broken_ || at_ < length_) return false;
    at_ = 0;
    return true;
  }

  std::size_t at_ = 0, length_ = 0;
  bool broken_ = false;
};

// Numbers in order of first use.
template <class T>
class Numbering {
 public:
  std::size_t of(const T& value) { return numbers_.emplace(value, numbers_.size()).first->second; }

 private:
  std::map<T, std::size_t> numbers_;
};

// --- Ports ----------------------------------------------------------------------------------------------------------

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
void each_port(Request& r, Visit visit) {
  if (auto* m = std::get_if<request::FlowMod>(&r)) {
    if (!(m->match.wildcards & OFPFW_IN_PORT)) visit(m->match.in_port);
    visit(m->out_port);
    each_port_in_actions(m->actions, visit);
  } else if (auto* stats = std::get_if<request::FlowStats>(&r)) {
    if (!(stats->match.wildcards & OFPFW_IN_PORT)) visit(stats->match.in_port);
    visit(stats->out_port);
  } else if (auto* out = std::get_if<request::PacketOut>(&r)) {
    visit(out->in_port);
    each_port_in_actions(out->actions, visit);
  } else if (auto* port_stats = std::get_if<request::PortStats>(&r)) {
    visit(port_stats->port);
  } else if (auto* port_mod = std::get_if<request::PortMod>(&r)) {
    visit(port_mod->port);
  }
}

template <class Visit>
void each_port(EventBody& body, Visit visit) {
  if (auto* e = std::get_if<event::ProviderPacketIn>(&body)) visit(e->port);
  if (auto* e = std::get_if<event::PacketArrives>(&body)) visit(e->port);
  const auto visit_match = [&](WireMatchBytes& bytes) {
    WireMatch match = decode_match(bytes);
    if (!(match.wildcards & OFPFW_IN_PORT)) visit(match.in_port);
    bytes = wire_bytes(match);
  };
  if (auto* e = std::get_if<event::HiddenDel>(&body)) visit_match(e->match);
  if (auto* e = std::get_if<event::HiddenAdd>(&body)) {
    visit_match(e->match);
    each_port_in_actions(e->actions, visit);
  }
}

// --- Connections ----------------------------------------------------------------------------------------------------

ConnName* conn_in(EventBody& body) {
  if (auto* e = std::get_if<event::ConnOpen>(&body)) return &e->conn;
  if (auto* e = std::get_if<event::ConnClose>(&body)) return &e->conn;
  if (auto* e = std::get_if<event::PeerStall>(&body)) return &e->conn;
  if (auto* e = std::get_if<event::Recv>(&body)) return &e->conn;
  return nullptr;
}

// Every connection that an event names.
template <class Visit>
void each_conn(EventBody& body, Visit visit) {
  if (ConnName* conn = conn_in(body)) visit(*conn);
  if (auto* e = std::get_if<event::SetControllers>(&body)) {
    for (std::uint16_t& number : e->numbers) {
      ConnName conn{ConnKind::primary, number};
      visit(conn);
      number = conn.number;
    }
  }
}

// The rules of an event that is no message keep their place in it.
void keep_rule_names(std::map<RuleName, RuleName>& names, const Event& e, std::uint32_t id) {
  for (std::uint32_t index = 1; index <= most_own_rules(e.body); ++index) names[{e.id, index}] = {id, index};
}

}  // namespace

std::vector<Event> split_messages(const std::vector<Event>& events) {
  std::vector<Event> out;
  std::map<ConnName, Stream> streams;
  std::map<RuleName, RuleName> names;
  std::uint32_t id = 0;
  for (const Event& e : events) {
    const auto* recv = std::get_if<event::Recv>(&e.body);
    if (!recv) {
      const bool loop = std::holds_alternative<event::Loop>(e.body);
      out.push_back({loop ? 0 : ++id, e.body});
      keep_rule_names(names, e, id);
      continue;
    }
    std::uint32_t index = 0;
    auto at = recv->bytes.begin();
    for (const Stream::Piece& piece : streams[recv->conn].cut(recv->bytes)) {
      const auto end = at + static_cast<std::ptrdiff_t>(piece.size);
      out.push_back({++id, event::Recv{recv->conn, Bytes(at, end)}});
      if (piece.completes) names[{e.id, ++index}] = {id, 1};
      at = end;
    }
  }
  rename_rules(out, names);
  return out;
}

std::vector<Event> joined_messages(const std::vector<Event>& events) {
  std::vector<Event> out;
  std::map<ConnName, Stream> streams;
  std::map<RuleName, RuleName> names;
  std::optional<std::size_t> open;  // where in `out` the messages go, as long as only loops have followed
  std::uint32_t completed = 0;      // messages there
  for (const Event& e : events) {
    const auto* recv = std::get_if<event::Recv>(&e.body);
    if (!recv) {
      if (!std::holds_alternative<event::Loop>(e.body)) {
        open.reset();
        keep_rule_names(names, e, e.id);
      }
      out.push_back(e);
      continue;
    }
    if (open && std::get<event::Recv>(out[*open].body).conn == recv->conn) {
      Bytes& bytes = std::get<event::Recv>(out[*open].body).bytes;
      bytes.insert(bytes.end(), recv->bytes.begin(), recv->bytes.end());
      out.resize(*open + 1);  // the loops between
    } else {
      open = out.size();
      completed = 0;
      out.push_back(e);
    }
    std::uint32_t index = 0;
    for (const Stream::Piece& piece : streams[recv->conn].cut(recv->bytes)) {
      if (piece.completes) names[{e.id, ++index}] = {out[*open].id, ++completed};
    }
  }
  rename_rules(out, names);
  return out;
}

std::vector<Event> with_loops_between(const std::vector<Event>& events) {
  std::vector<Event> out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    out.push_back(events[i]);
    const bool message = std::holds_alternative<event::Recv>(events[i].body);
    const bool looped = i + 1 < events.size() && std::holds_alternative<event::Loop>(events[i + 1].body);
    if (message && !looped) out.push_back({0, event::Loop{}});
  }
  return out;
}

std::vector<Event> renumbered(const std::vector<Event>& events, bool default_xids) {
  std::vector<Event> out = events;
  std::map<RuleName, RuleName> names;
  std::uint32_t id = 0;
  for (Event& e : out) {
    if (std::holds_alternative<event::Loop>(e.body)) continue;
    ++id;
    // As many rules as an event can make: one for each message.
    const auto* recv = std::get_if<event::Recv>(&e.body);
    const std::size_t most = recv ? recv->bytes.size() / wire::header::size + 1 : most_own_rules(e.body);
    for (std::uint32_t index = 1; index <= most; ++index) names[{e.id, index}] = {id, index};
    e.id = id;
  }
  rename_rules(out, names);
  if (default_xids) change_requests(out, [](const Event& e, Request& r) { set_xid(r, default_xid(e.id)); });
  return out;
}

Renaming with_plain_ports(const SwitchConfig& config, const std::vector<Event>& events) {
  Renaming out{config, events};
  Numbering<std::uint16_t> numbers;
  const auto rename = [&](std::uint16_t& port) {
    if (port != 0 && port < OFPP_MAX) port = static_cast<std::uint16_t>(numbers.of(port) + 1);
  };
  const auto rename_config = [&](PortConfig& port) {
    const std::uint16_t before = port.number;
    rename(port.number);
    const PortConfig plain = default_port(port.number);
    if (port.number != before) port.hw_addr = plain.hw_addr;
    // A port may have the usual name of another.
    if (auto other = parse_port(port.name.starts_with('p') ? port.name.substr(1) : "")) {
      rename(*other);
      port.name = default_port(*other).name;
    } else if (port.number != before) {
      port.name = plain.name;
    }
  };
  for (Event& e : out.events) {
    auto* recv = std::get_if<event::Recv>(&e.body);
    auto message = recv ? decode_request(recv->bytes) : std::nullopt;
    if (message) {
      each_port(*message, rename);
      recv->bytes = encode(*message);
    }
    auto* change = std::get_if<event::PortChange>(&e.body);
    if (change)
      rename_config(change->port);
    else
      each_port(e.body, rename);
  }
  for (PortConfig& port : out.config.ports) rename_config(port);
  std::sort(out.config.ports.begin(), out.config.ports.end(),
            [](const PortConfig& a, const PortConfig& b) { return a.number < b.number; });
  return out;
}

Renaming with_plain_connections(const SwitchConfig& config, const std::vector<Event>& events) {
  Renaming out{config, events};
  std::map<ConnKind, Numbering<ConnName>> numbers;
  const auto rename = [&](ConnName& conn) {
    conn.number = static_cast<std::uint16_t>(numbers[conn.kind].of(conn) + 1);
  };
  for (ConnName& conn : out.config.connections) rename(conn);
  for (Event& e : out.events) each_conn(e.body, rename);
  return out;
}

std::vector<Renaming> with_fewer_connections(const SwitchConfig& config, const std::vector<Event>& events) {
  constexpr ConnName kFirst{ConnKind::primary, 1};
  std::set<ConnName> used;
  std::vector<Event> copy = events;
  for (Event& e : copy) {
    each_conn(e.body, [&](const ConnName& conn) {
      if (conn != kFirst && conn.kind != ConnKind::snoop) used.insert(conn);
    });
  }
  std::vector<Renaming> out;
  for (const ConnName& other : used) {
    Renaming& r = out.emplace_back(Renaming{config, events});
    for (Event& e : r.events) {
      each_conn(e.body, [&](ConnName& conn) {
        if (conn == other) conn = kFirst;
      });
    }
    auto& connections = r.config.connections;
    std::erase(connections, other);
    if (std::find(connections.begin(), connections.end(), kFirst) == connections.end()) connections.push_back(kFirst);
  }
  return out;
}

std::vector<Event> with_plain_cookies(const std::vector<Event>& events) {
  std::vector<Event> out = events;
  Numbering<std::uint64_t> numbers;
  change_requests(out, [&](const Event&, Request& r) {
    auto* m = std::get_if<request::FlowMod>(&r);
    if (m && m->cookie != 0) m->cookie = numbers.of(m->cookie) + 0xa;
  });
  return out;
}

std::vector<Event> with_plain_priorities(const std::vector<Event>& events) {
  std::vector<Event> out = events;
  std::set<std::uint16_t> used;
  const auto each = [&](auto change) {
    change_requests(out, [&](const Event&, Request& r) {
      auto* m = std::get_if<request::FlowMod>(&r);
      if (m && m->priority != OFP_DEFAULT_PRIORITY) change(m->priority);
    });
  };
  each([&](std::uint16_t& priority) { used.insert(priority); });
  each([&](std::uint16_t& priority) {
    priority = static_cast<std::uint16_t>(10 * (std::distance(used.begin(), used.find(priority)) + 1));
  });
  return out;
}

}  // namespace oftwin::harness
