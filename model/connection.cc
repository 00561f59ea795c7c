// Streams, sending, and a connection's share of an iteration.
// Invariant: a message leaves the inbox before it is handled, and stays with the connection only if it is postponed.
#include "model/connection.h"

#include <algorithm>
#include <utility>

#include "model/dispatch.h"
#include "model/encode.h"
#include "model/wire.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

// source: errors.md
Error expressible(Error error) {
  if (error.space != ErrorSpace::system) return error;
  switch (error.code) {
    case 1:   // EPERM
    case 13:  // EACCES
      return openflow_error(OFPET_BAD_REQUEST, OFPBRC_EPERM);
    case 12:   // ENOMEM
    case 28:   // ENOSPC
    case 105:  // ENOBUFS
      return openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL);
    default:
      return openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_UNSUPPORTED);
  }
}

bool may_read(const Connection& conn) { return (!conn.blocked || conn.retry) && conn.unsent < kMostUnsentReplies; }
bool can_end(const Connection& conn) { return conn.broken || conn.peer_closed; }

// The switch's side of the session ends. What the connection has started stays with it until forget_work().
void end_session(Turn& turn, Connection& conn) {
  turn.hit("CONN-4");
  turn.emit(observation::ConnDown{conn.name});
  conn.link = Link::down;
  conn.ended = true;
  conn.peer_closed = conn.broken = conn.stalled = false;
  conn.unsent = 0;
  conn.inbox.clear();
  conn.partial.clear();
}

// Its groups run on without it; its postponed message is never handled.
void forget_work(Turn& turn, Connection& conn) {
  turn.hit("CONN-5");
  for (Group& group : turn.state.groups) {
    if (group.owner == conn.name) group.linked = false;
  }
  conn.blocked.reset();
  conn.ended = false;
}

// False if the session is over.
bool send(Turn& turn, Connection& conn, Bytes message) {
  if (conn.link != Link::up) return false;
  if (conn.peer_closed) {
    end_session(turn, conn);
    return false;
  }
  turn.emit(observation::Send{conn.name, std::move(message)});
  return true;
}

// Cuts whole messages off the front of the stream.
void cut(Connection& conn, std::uint32_t event) {
  std::uint32_t index = 0;
  std::size_t at = 0;
  const ByteView stream = conn.partial;
  while (!conn.broken && stream.size() - at >= wire::header::size) {
    const auto length = get<wire::header::length>(stream, at);
    const auto version = get<wire::header::version>(stream, at);
    if (length < wire::header::size || version != OFP_VERSION) {
      conn.broken = true;
    } else if (stream.size() - at < length) {
      break;
    } else {
      const ByteView whole = stream.subspan(at, length);
      conn.inbox.push_back({{event, ++index}, copy(whole)});
      at += length;
    }
  }
  conn.partial.erase(conn.partial.begin(), conn.partial.begin() + static_cast<std::ptrdiff_t>(at));
  if (conn.broken) conn.partial.clear();
}

Message next_message(Turn& turn, Connection& conn) {
  Message message;
  bool again = false;
  if (conn.blocked) {
    turn.hit("CONN-3");
    again = true;
    message = std::move(*conn.blocked);
    conn.blocked.reset();
  } else {
    message = std::move(conn.inbox.front());
    conn.inbox.erase(conn.inbox.begin());
  }
  const auto type = get<wire::header::type>(message.bytes);
  const auto xid = get<wire::header::xid>(message.bytes);
  if (again) {
    turn.emit(observation::Retry{conn.name, type, xid});
  } else {
    turn.emit(observation::Take{conn.name, type, xid});
  }
  return message;
}

void handle_one(Turn& turn, Connection& conn) {
  Message message = next_message(turn, conn);
  const Verdict verdict = handle_message(turn, conn, message);
  if (verdict.postponed) {
    turn.hit("CONN-2");
    turn.emit(observation::Postpone{conn.name, get<wire::header::xid>(message.bytes)});
    conn.blocked = std::move(message);
    conn.retry = false;
  } else if (verdict.error) {
    turn.hit("MSG-1");
    send_error(turn, conn, verdict.error, message.bytes);
  }
}

void handle_messages(Turn& turn, Connection& conn) {
  for (int i = 0; i < kMostMessages && may_read(conn); ++i) {
    const bool readable = conn.link == Link::up;
    if (conn.blocked || (readable && !conn.inbox.empty())) {
      turn.hit("CONN-1");
      handle_one(turn, conn);
    } else {
      if (readable && can_end(conn)) end_session(turn, conn);
      return;
    }
  }
}

}  // namespace

Connection make_connection(ConnName name, Link link) {
  Connection conn;
  conn.name = name;
  conn.link = link;
  if (name.kind == ConnKind::primary) {
    conn.miss_send_len = OFP_DEFAULT_MISS_SEND_LEN;
    conn.buffers.resize(kPacketBuffers);
  }
  return conn;
}

void open_connection(Turn& turn, ConnName name) {
  if (name.kind == ConnKind::primary) {
    Connection* conn = turn.connection(name);
    if (conn && conn->link == Link::down) conn->link = Link::accepted;
    return;
  }
  auto& used = turn.state.used_names;
  if (std::ranges::find(used, name) != used.end()) return;
  used.push_back(name);
  turn.state.connections.push_back(make_connection(name, Link::waiting));
}

void close_connection(Turn& turn, ConnName name) {
  Connection* conn = turn.connection(name);
  if (!conn) return;
  if (conn->link == Link::accepted) {
    conn->link = Link::down;
    conn->inbox.clear();
    conn->partial.clear();
    conn->broken = false;
  } else if (conn->link != Link::down) {
    conn->peer_closed = true;
    conn->stalled = false;
    conn->unsent = 0;
  }
}

void stall_connection(Turn& turn, ConnName name, bool stalled) {
  Connection* conn = turn.connection(name);
  if (!conn || conn->link == Link::down || conn->peer_closed) return;
  conn->stalled = stalled;
  if (!stalled) conn->unsent = 0;
}

void receive(Turn& turn, std::uint32_t event, ConnName name, ByteView bytes) {
  Connection* conn = turn.connection(name);
  if (!conn || conn->link == Link::down || conn->peer_closed || conn->broken) return;
  conn->partial.insert(conn->partial.end(), bytes.begin(), bytes.end());
  cut(*conn, event);
  turn.hit("CONN-6");
  if (conn->broken) turn.hit("CONN-7");
}

void send_reply(Turn& turn, Connection& conn, Bytes message) {
  if (!send(turn, conn, std::move(message)) || !conn.stalled) return;
  turn.hit("CONN-8");
  ++conn.unsent;
}

void send_unasked(Turn& turn, Connection& conn, Bytes message) { send(turn, conn, std::move(message)); }

void send_error(Turn& turn, Connection& conn, Error error, ByteView request) {
  if (error.space == ErrorSpace::system) {
    if (turn.erratum(1)) return;
    turn.hit("MSG-8");
  }
  send_reply(turn, conn, encode_error(expressible(error), request));
}

void run_connections(Turn& turn, std::vector<ConnName>& up) {
  for (std::size_t i = 0; i < turn.state.connections.size();) {
    Connection& conn = turn.state.connections[i];
    if (conn.link == Link::waiting) {
      ++i;
      continue;
    }
    if (conn.link == Link::accepted) {
      turn.hit("CONN-10");
      forget_work(turn, conn);
      conn.link = Link::up;
      up.push_back(conn.name);
    }
    if (!turn.state.flushing) handle_messages(turn, conn);
    if (conn.link == Link::down) forget_work(turn, conn);
    if (conn.link == Link::down && conn.name.kind == ConnKind::service) {
      turn.emit(observation::ConnGone{conn.name});
      turn.state.connections.erase(turn.state.connections.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

void accept_connections(Turn& turn, std::vector<ConnName>& up) {
  for (Connection& conn : turn.state.connections) {
    if (conn.link != Link::waiting) continue;
    turn.hit("CONN-9");
    conn.link = Link::up;
    up.push_back(conn.name);
  }
}

bool can_proceed(const State& state, const Connection& conn) {
  if (conn.link == Link::waiting || conn.link == Link::accepted || (conn.ended && !state.errata[17])) return true;
  if (state.flushing || !may_read(conn)) return false;
  const bool readable = conn.link == Link::up && (!conn.inbox.empty() || can_end(conn));
  if (conn.blocked) return readable || !state.errata[8];
  return readable;
}

}  // namespace oftwin::model
