// Which traces can be caused from outside, and how.
#include <algorithm>
#include <map>
#include <optional>

#include "harness/live/scenario.h"
#include "harness/live/scenario_ports.h"
#include "harness/request.h"
#include "harness/trace_text.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

constexpr std::uint64_t kLongestWait_ms = 20'000;

// An event that something else than a peer of the switch causes.
const char* inside(const EventBody& body) {
  if (std::holds_alternative<event::PeerStall>(body)) return "a peer that does not read cannot be told from a slow one";
  if (std::holds_alternative<event::PacketArrives>(body)) return "a packet arrives on a port without a cable";
  if (std::holds_alternative<event::PortChange>(body)) return "a port changes";
  return "the provider or the switch itself does something";
}

// A port has another address on another switch. One that is to go down keeps the wrong one: what a switch then says of
// the link is its own affair.
void give_port_its_address(Bytes& message, const SwitchConfig& from, const SwitchConfig& to) {
  if (message[1] != OFPT_PORT_MOD || message.size() != wire::port_mod::size) return;
  if ((message[wire::port_mod::mask.offset + 3] & OFPPC_PORT_DOWN) != 0) return;
  const auto at = message.begin() + wire::port_mod::hw_addr.offset;
  const auto port = [&](const SwitchConfig& config) {
    return std::find_if(config.ports.begin(), config.ports.end(),
                        [&](const PortConfig& p) { return p.number == (message[8] << 8 | message[9]); });
  };
  const auto old = port(from), its = port(to);
  if (old == from.ports.end() || its == to.ports.end()) return;
  if (std::equal(old->hw_addr.begin(), old->hw_addr.end(), at)) std::copy(its->hw_addr.begin(), its->hw_addr.end(), at);
}

// What the peers of a switch do: of the streams whole messages, everything else as it is.
class Acts {
 public:
  explicit Acts(const std::vector<std::uint16_t>& cables) : cables_(cables) {}
  // A reason, if it is not what peers do.
  std::optional<std::string> read(const Trace& trace, bool reconnects) {
    for (const Event& e : trace.events) {
      if (std::holds_alternative<event::Loop>(e.body)) continue;
      if (auto why = one(e.body, reconnects)) return why;
    }
    for (const auto& [conn, stream] : streams_) {
      if (!stream.empty()) return "a message without its end, or a stream that ends the session";
    }
    return std::nullopt;
  }
  std::vector<EventBody> all;

 private:
  std::optional<std::string> one(const EventBody& body, bool reconnects) {
    if (const auto* clock = std::get_if<event::Clock>(&body)) {
      if (clock->ms > kLongestWait_ms) return "more time passes than a check can wait";
      all.push_back(body);
      return std::nullopt;
    }
    if (const auto* frame = std::get_if<event::PacketArrives>(&body); frame && can_arrive(*frame, cables_)) {
      all.push_back(body);
      return std::nullopt;
    }
    EventBody copy = body;
    const ConnName* conn = connection_in(copy);
    if (!conn) return inside(body);
    if (conn->kind == ConnKind::snoop) return "a connection that snoops";
    const auto* recv = std::get_if<event::Recv>(&body);
    if (recv) return hear(*recv);
    if (!reconnects) return "connections come and go";
    streams_.erase(*conn);
    all.push_back(body);
    return std::nullopt;
  }

  std::optional<std::string> hear(const event::Recv& recv) {
    Bytes& stream = streams_[recv.conn];
    stream.insert(stream.end(), recv.bytes.begin(), recv.bytes.end());
    const Cut cut = cut_messages(stream);
    for (const ByteView m : cut.messages) {
      if (m[0] != OFP_VERSION) return "a stream that ends the session";
      all.emplace_back(event::Recv{recv.conn, Bytes(m.begin(), m.end())});
    }
    stream = Bytes(cut.rest.begin(), cut.rest.end());
    return std::nullopt;
  }

  const std::vector<std::uint16_t>& cables_;
  std::map<ConnName, Bytes> streams_;
};

// The switch's connections play those of a trace: the first ones are those that are up at its beginning and used.
class Cast {
 public:
  Cast(const Trace& trace, std::vector<EventBody>& acts) {
    std::vector<ConnName> used;
    for (EventBody& act : acts) {
      const ConnName* conn = connection_in(act);
      if (conn && std::find(used.begin(), used.end(), *conn) == used.end()) used.push_back(*conn);
    }
    const auto up = [&](ConnName conn) {
      const auto& all = trace.config.connections;
      return std::find(all.begin(), all.end(), conn) != all.end();
    };
    for (const ConnName conn : used) {
      if (up(conn)) played_.push_back(conn);
    }
    open_ = played_.size();
    for (const ConnName conn : used) {
      if (!up(conn)) played_.push_back(conn);
    }
    if (played_.empty()) played_.push_back({}), open_ = 1;
  }
  std::size_t size() const { return played_.size(); }
  std::size_t open_at_the_beginning() const { return open_; }
  std::size_t position(ConnName conn) const {
    return static_cast<std::size_t>(std::find(played_.begin(), played_.end(), conn) - played_.begin());
  }

 private:
  std::vector<ConnName> played_;
  std::size_t open_ = 0;
};

}  // namespace

ByteView message_of(const Event& event) { return std::get<event::Recv>(event.body).bytes; }

ConnName* connection_in(EventBody& body) {
  if (auto* recv = std::get_if<event::Recv>(&body)) return &recv->conn;
  if (auto* open = std::get_if<event::ConnOpen>(&body)) return &open->conn;
  if (auto* close = std::get_if<event::ConnClose>(&body)) return &close->conn;
  return nullptr;
}

std::variant<Trace, std::string> scenario_of(const Trace& trace, const SwitchConfig& config, bool reconnects,
                                             const std::vector<std::uint16_t>& cables) {
  if (trace.edition && *trace.edition != "corrected") return "about a defect of the original";
  Acts acts(cables);
  if (auto why = acts.read(trace, reconnects)) return std::move(*why);
  const Cast cast(trace, acts.all);
  if (cast.size() > std::max<std::size_t>(config.connections.size(), 1))
    return "more connections than the switch takes";
  Trace out;
  out.config = config;
  out.config.connections.resize(cast.size());
  const auto add = [&](EventBody body) {
    out.events.push_back({static_cast<std::uint32_t>(out.events.size() / 2 + 1), std::move(body)});
    out.events.push_back({0, event::Loop{0}});
  };
  for (std::size_t i = 0; i < cast.size(); ++i) {
    const ConnName conn = out.config.connections[i];
    // As it is between scenarios, whatever kind of connection this is.
    if (i < cast.open_at_the_beginning()) add(event::Recv{conn, encode(request::SetConfig{0, OFPC_FRAG_NORMAL, 128})});
    if (i >= cast.open_at_the_beginning()) add(event::ConnClose{conn});
  }
  for (EventBody& act : acts.all) {
    if (auto* recv = std::get_if<event::Recv>(&act)) give_port_its_address(recv->bytes, trace.config, config);
    if (ConnName* conn = connection_in(act)) *conn = out.config.connections[cast.position(*conn)];
    add(std::move(act));
  }
  make_blocks(out);
  return out;
}

}  // namespace oftwin::harness::live
