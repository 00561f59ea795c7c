// Streams, sending, and a connection's share of an iteration.
// Invariant: a message leaves the inbox before it is handled, and stays with the connection only if it is postponed.
#include "model/connection.h"

#include <algorithm>
#include <utility>

#include "model/dispatch.h"
#include "model/encode.h"
#include "model/own_rules.h"
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

bool may_read(const State& state, const Connection& conn) {
  return (!conn.blocked || conn.retry) && conn.unsent < state.config.limits.unsent_replies;
}
bool can_end(const Connection& conn) { return conn.broken || conn.peer_closed; }

// Its groups run on without it; its postponed message is never handled.
void forget_work(Turn& turn, Connection& conn) {
  turn.hit("CONN-5");
  for (Group& group : turn.state.groups) {
    if (group.owner == conn.name) group.linked = false;
  }
  conn.blocked.reset();
  conn.ended = false;
  if (turn.erratum(27)) return;
  conn.role = Role::other;
  conn.flow_format = FlowFormat::openflow10;
  conn.flow_mod_table_id = false;
  conn.miss_send_len = OFP_DEFAULT_MISS_SEND_LEN;
  conn.buffers.assign(conn.buffers.size(), {});
  conn.next_buffer = 0;
}

std::uint64_t seconds(const Turn& turn) { return turn.state.now_ms / 1000; }

void begin_session(Turn& turn, Connection& conn) {
  conn.link = Link::up;
  conn.heard_s = conn.opened_s = seconds(turn);
  conn.probed = conn.admitted = false;
}

void heard(Turn& turn, Connection& conn) {
  conn.heard_s = seconds(turn);
  conn.probed = false;
}

// What the connection's peer says, or is told, goes to everybody who snoops on it and reads.
void copy_to_snoopers(Turn& turn, const Connection& conn, const Bytes& message) {
  for (Connection& snooper : turn.state.connections) {
    if (snooper.watched != conn.name || snooper.link != Link::up || snooper.stalled) continue;
    if (!snooper.peer_closed) {
      turn.hit("SNOOP-2");
      turn.emit(observation::Send{snooper.name, message});
    } else if (turn.erratum(34)) {
      snooper.watched.reset();
    } else {
      turn.hit("SNOOP-4");
      end_session(turn, snooper);
    }
  }
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

// A controller that talks about flows, or has kept the session up for long, has admitted the switch.
void note_admission(Turn& turn, Connection& conn, std::uint8_t type) {
  constexpr std::uint64_t long_s = 30;
  if (!conn.admitted && type <= OFPT_SET_CONFIG && seconds(turn) - conn.opened_s < long_s) return;
  conn.admitted = true;
  conn.admitted_s = seconds(turn);
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
    note_admission(turn, conn, type);
    if (turn.erratum(30)) heard(turn, conn);
    copy_to_snoopers(turn, conn, message.bytes);
  }
  leave_fail_open(turn);
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

// Asks a silent peer for a sign of life, and ends the session of one that has not given it.
void keep_alive(Turn& turn, Connection& conn) {
  const auto due = silence_due_ms(conn);
  if (!due || turn.state.now_ms < *due) return;
  if (conn.probed) {
    turn.hit("CONN-13");
    return end_session(turn, conn);
  }
  turn.hit("CONN-12");
  conn.probed = true;
  conn.heard_s = seconds(turn);
  send_unasked(turn, conn, encode_echo_request());
}

// The most important primary: a master rather than others, those rather than slaves; of equals the first.
const Connection* most_important(const State& state) {
  constexpr int rank[] = {1, 2, 0};  // by Role
  const Connection* best = nullptr;
  for (const Connection& c : state.connections) {
    const auto importance = [&](const Connection& x) { return rank[static_cast<std::size_t>(x.role)]; };
    if (c.is_primary() && (!best || importance(c) > importance(*best))) best = &c;
  }
  return best;
}

// False: there is nobody to snoop on, or enough do.
bool accept_snooper(Turn& turn, Connection& conn) {
  constexpr int most = 8;
  turn.hit("SNOOP-1");
  const Connection* best = most_important(turn.state);
  if (!best) return false;
  const ConnName name = best->name;
  if (std::ranges::count(turn.state.connections, std::optional(name), &Connection::watched) >= most) return false;
  conn.watched = name;
  return true;
}

void handle_messages(Turn& turn, Connection& conn) {
  for (int i = 0; i < kMostMessages && may_read(turn.state, conn); ++i) {
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

Connection make_connection(const State& state, ConnName name, Link link) {
  Connection conn;
  conn.name = name;
  conn.link = link;
  conn.heard_s = conn.opened_s = conn.admitted_s = state.now_ms / 1000;
  if (name.kind != ConnKind::snoop) conn.probe_interval_s = state.settings.probe_interval_s;
  if (name.kind == ConnKind::primary) {
    conn.miss_send_len = OFP_DEFAULT_MISS_SEND_LEN;
    if (state.config.n_buffers > 0) conn.buffers.resize(state.config.limits.packet_buffers);
  }
  return conn;
}

void end_session(Turn& turn, Connection& conn) {
  turn.hit("CONN-4");
  turn.emit(observation::ConnDown{conn.name});
  conn.link = Link::down;
  conn.ended = true;
  conn.peer_closed = conn.broken = conn.stalled = false;
  conn.unsent = conn.unsent_packet_ins = 0;
  conn.inbox.clear();
  conn.partial.clear();
}

void destroy_connection(Turn& turn, ConnName name) {
  Connection& conn = *turn.connection(name);
  if (conn.link == Link::up) end_session(turn, conn);
  forget_work(turn, conn);
  for (Group& group : turn.state.groups) group.owner_destroyed |= group.owner == name;
  turn.emit(observation::ConnGone{name});
  for (Connection& snooper : turn.state.connections) {
    if (snooper.watched != name) continue;
    turn.hit("SNOOP-3");
    if (snooper.link == Link::up) end_session(turn, snooper);
    snooper.watched.reset();
  }
  std::erase_if(turn.state.connections, [&](const Connection& c) { return c.name == name; });
}

void open_connection(Turn& turn, ConnName name) {
  if (name.kind == ConnKind::primary) {
    Connection* conn = turn.connection(name);
    if (conn && conn->link == Link::down) conn->link = Link::accepted;
    return;
  }
  if (turn.connection(name)) return;
  turn.state.connections.push_back(make_connection(turn.state, name, Link::waiting));
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
    conn->unsent = conn->unsent_packet_ins = 0;
  }
}

void stall_connection(Turn& turn, ConnName name, bool stalled) {
  Connection* conn = turn.connection(name);
  if (!conn || conn->link == Link::down || conn->peer_closed) return;
  conn->stalled = stalled;
  if (!stalled) conn->unsent = conn->unsent_packet_ins = 0;
}

void receive(Turn& turn, std::uint32_t event, ConnName name, ByteView bytes) {
  Connection* conn = turn.connection(name);
  if (!conn || conn->link == Link::down || conn->peer_closed) return;
  if (name.kind == ConnKind::snoop) return turn.hit("SNOOP-5");
  if (!turn.erratum(30) && !bytes.empty()) heard(turn, *conn);
  if (conn->broken) return;
  conn->partial.insert(conn->partial.end(), bytes.begin(), bytes.end());
  cut(*conn, event);
  turn.hit("CONN-6");
  if (conn->broken) turn.hit("CONN-7");
}

bool send_unasked(Turn& turn, Connection& conn, Bytes message) {
  if (conn.link != Link::up) return false;
  copy_to_snoopers(turn, conn, message);
  if (conn.peer_closed) {
    end_session(turn, conn);
    return false;
  }
  turn.emit(observation::Send{conn.name, std::move(message)});
  return true;
}

void send_reply(Turn& turn, Connection& conn, Bytes message) {
  if (!send_unasked(turn, conn, std::move(message)) || !conn.stalled) return;
  turn.hit("CONN-8");
  ++conn.unsent;
}

void send_packet_in(Turn& turn, Connection& conn, Bytes message) {
  if (conn.unsent_packet_ins >= kMostUnsentPacketIns) return turn.hit("CONN-14");
  if (send_unasked(turn, conn, std::move(message)) && conn.stalled) ++conn.unsent_packet_ins;
}

void send_error(Turn& turn, Connection& conn, Error error, ByteView request) {
  if (error.space == ErrorSpace::system) {
    if (turn.erratum(1)) return;
    turn.hit("MSG-8");
  }
  turn.hit("MSG-21");
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
      begin_session(turn, conn);
      up.push_back(conn.name);
    }
    keep_alive(turn, conn);
    if (!turn.state.flushing && conn.name.kind != ConnKind::snoop) handle_messages(turn, conn);
    if (conn.link == Link::down) forget_work(turn, conn);
    if (conn.link == Link::down && !conn.is_primary()) {
      turn.emit(observation::ConnGone{conn.name});
      for (Group& group : turn.state.groups) group.owner_destroyed |= group.owner == conn.name;
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
    begin_session(turn, conn);
    if (conn.name.kind != ConnKind::snoop || accept_snooper(turn, conn)) {
      up.push_back(conn.name);
    } else {
      conn.link = Link::down;
      conn.ended = true;
    }
  }
}

bool can_proceed(const State& state, const Connection& conn) {
  if (conn.link == Link::waiting || conn.link == Link::accepted || (conn.ended && !state.errata[17])) return true;
  if (state.flushing || !may_read(state, conn) || conn.name.kind == ConnKind::snoop) return false;
  const bool readable = conn.link == Link::up && (!conn.inbox.empty() || can_end(conn));
  if (conn.blocked) return readable || !state.errata[8];
  return readable;
}

std::optional<std::uint64_t> silence_due_ms(const Connection& conn) {
  if (conn.link != Link::up || conn.probe_interval_s == 0) return {};
  return (conn.heard_s + conn.probe_interval_s) * 1000;
}

}  // namespace oftwin::model
