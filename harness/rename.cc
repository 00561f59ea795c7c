#include "harness/rename.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "harness/change_requests.h"
#include "harness/generate_settings.h"
#include "harness/numbering.h"
#include "harness/request.h"
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

std::vector<Event> with_whole_messages(const std::vector<Event>& events) {
  std::vector<Event> out;
  std::map<ConnName, Stream> streams;
  std::map<ConnName, std::size_t> begun;  // where in `out` the beginning of a message is
  for (const Event& e : events) {
    const auto* recv = std::get_if<event::Recv>(&e.body);
    out.push_back(e);
    if (!recv) continue;
    auto& bytes = std::get<event::Recv>(out.back().body).bytes;
    if (const auto at = begun.find(recv->conn); at != begun.end()) {
      Bytes& beginning = std::get<event::Recv>(out[at->second].body).bytes;
      bytes.insert(bytes.begin(), beginning.begin(), beginning.end());
      beginning.clear();
      begun.erase(at);
    }
    const auto pieces = streams[recv->conn].cut(recv->bytes);
    if (!pieces.empty() && !pieces.back().completes && pieces.size() == 1) begun[recv->conn] = out.size() - 1;
  }
  std::erase_if(out, [](const Event& e) {
    const auto* recv = std::get_if<event::Recv>(&e.body);
    return recv && recv->bytes.empty();
  });
  return out;
}

std::vector<std::vector<Event>> with_joined_clocks(const std::vector<Event>& events) {
  std::vector<std::vector<Event>> out;
  std::vector<Event> all;
  std::optional<std::size_t> clock;  // in `all`, with nothing but loops behind it
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto* later = std::get_if<event::Clock>(&events[i].body);
    if (later && clock) {
      std::get<event::Clock>(all[*clock].body).ms += later->ms;
      std::vector<Event> one = all;
      one.insert(one.end(), events.begin() + static_cast<std::ptrdiff_t>(i) + 1, events.end());
      out.push_back(std::move(one));
      continue;
    }
    if (later)
      clock = all.size();
    else if (!std::holds_alternative<event::Loop>(events[i].body))
      clock.reset();
    all.push_back(events[i]);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<Event> without_loops(const std::vector<Event>& events) {
  std::vector<Event> out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i + 1 == events.size() || !std::holds_alternative<event::Loop>(events[i].body)) out.push_back(events[i]);
  }
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

}  // namespace oftwin::harness
