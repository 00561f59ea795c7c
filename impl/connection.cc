// One iteration of one connection. Nothing overtakes a postponed message: it stays at the head of the stream, and
// nothing behind it is read.
#include "impl/connection.h"

#include <algorithm>

#include "impl/dispatch.h"
#include "impl/encode.h"
#include "impl/errors.h"
#include "impl/own_rules.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

bool may_handle(const Core& core, const Connection& conn) {
  if (core.flushing || conn.snoop() || conn.queued_replies >= core.config.limits.unsent_replies) return false;
  return conn.blocked ? conn.retry : conn.up;
}

// Something to handle that needs no further input: a message, the end of the stream, or a break in it.
bool has_input(const Connection& conn) {
  return conn.blocked || conn.peer_closed || conn.input.head() != Stream::Head::incomplete;
}

std::uint64_t now_s(const Core& core) { return core.now_ms / 1000; }

// A copy for everybody who snoops on this connection and reads.
void tell_snoopers(Core& core, const Connection& conn, ByteView message) {
  for (Connection* snooper : conn.snoopers) {
    if (!snooper->up || snooper->stalled) continue;
    if (snooper->peer_closed) {
      drop(core, *snooper);
    } else {
      core.listener.send(snooper->name, message);
    }
  }
}

// A controller that says more than what everybody says at first, or stays, has let the switch in.
void look_for_admission(const Core& core, Connection& conn, ByteView message) {
  constexpr std::uint64_t stays_s = 30;
  const bool sign = get<wire::header::type>(message.data()) > OFPT_SET_CONFIG;
  conn.admitted = conn.admitted || sign || now_s(core) >= conn.session_s + stays_s;
  if (conn.admitted) conn.admitted_s = now_s(core);
}

// Handles the message at the head of the stream, for the first time or again.
void handle_next(Core& core, Connection& conn) {
  const ByteView message = conn.input.message();
  if (!conn.blocked) {
    look_for_admission(core, conn, message);
    tell_snoopers(core, conn, message);
  }
  recover(core);
  conn.blocked = !handle_message(core, conn, message);
  if (conn.blocked) {
    conn.retry = false;
  } else {
    conn.input.pop();
  }
}

// What a controller finds when it comes: every session begins anew.
void start_session(const Core& core, Connection& conn) {
  conn.role = NX_ROLE_OTHER;
  conn.flow_mod_table_id = false;
  conn.flow_format = NXFF_OPENFLOW10;
  conn.miss_send_len = conn.primary() ? OFP_DEFAULT_MISS_SEND_LEN : std::uint16_t{0};
  conn.buffers.reset();
  if (conn.primary() && core.config.n_buffers > 0) {
    conn.buffers = std::make_unique<PacketBuffers>(core.config.limits.packet_buffers);
  }
}

// After this no group refers to the connection.
void detach_groups(Connection& conn) {
  while (conn.groups != nullptr) {
    Group* group = conn.groups;
    conn.groups = group->next;
    group->connection = nullptr;
    group->next = group->prev = nullptr;
  }
}

// After this nothing refers to the connection, and nothing of the old session is left.
void forget_session(const Core& core, Connection& conn) {
  detach_groups(conn);
  start_session(core, conn);
  conn.ended = conn.blocked = false;
  conn.input.clear();
}

void come_up(Core& core, Connection& conn) {
  detach_groups(conn);
  start_session(core, conn);
  conn.connecting = conn.ended = conn.admitted = false;
  conn.up = true;
  conn.session_s = now_s(core);
  heard(core, conn);
  core.came_up.push_back(&conn);
}

void send(Core& core, Connection& conn, bool counted) {
  if (!conn.up) return;
  tell_snoopers(core, conn, core.out);
  if (conn.peer_closed) {
    drop(core, conn);
    return;
  }
  if (conn.stalled && counted) ++conn.queued_replies;
  core.listener.send(conn.name, core.out);
}

// Asks a silent peer whether it is there; one that was asked and stayed silent is not.
void keep_alive(Core& core, Connection& conn) {
  if (core.now_ms < silent_at_ms(conn)) return;
  if (conn.asked) {
    drop(core, conn);
    return;
  }
  conn.asked = true;
  conn.heard_s = now_s(core);
  start_message(core.out, OFPT_ECHO_REQUEST, 0, wire::header::size);
  send_unasked(core, conn);
}

// Whom to snoop on: of the primaries with the highest role the first.
Connection* most_important(Core& core) {
  const auto rank = [](const Connection& conn) {
    return conn.role == NX_ROLE_MASTER ? 2 : conn.role == NX_ROLE_OTHER ? 1 : 0;
  };
  Connection* best = nullptr;
  for (const auto& conn : core.connections) {
    if (conn->primary() && (best == nullptr || rank(*conn) > rank(*best))) best = conn.get();
  }
  return best;
}

bool watch_somebody(Core& core, Connection& snooper) {
  Connection* watched = most_important(core);
  if (watched == nullptr || watched->snoopers.size() >= kMaxSnoopers) return false;
  snooper.watched = watched;
  watched->snoopers.push_back(&snooper);
  return true;
}

void stop_watching(Connection& snooper) {
  if (snooper.watched != nullptr) std::erase(snooper.watched->snoopers, &snooper);
  snooper.watched = nullptr;
}

}  // namespace

std::unique_ptr<Connection> make_connection(const Core& core, ConnName name) {
  auto conn = std::make_unique<Connection>();
  conn->name = name;
  conn->heard_s = conn->session_s = conn->admitted_s = now_s(core);
  if (!conn->snoop()) conn->probe_interval_s = core.probe_interval_s;
  start_session(core, *conn);
  return conn;
}

Connection* find_connection(Core& core, ConnName name) {
  for (const auto* list : {&core.connections, &core.arriving}) {
    for (const auto& conn : *list) {
      if (conn->name == name) return conn.get();
    }
  }
  return nullptr;
}

bool serve(Core& core, Connection& conn) {
  if (conn.connecting) come_up(core, conn);
  keep_alive(core, conn);
  for (int i = 0; i < kMessagesPerIteration && may_handle(core, conn); ++i) {
    const Stream::Head head = conn.input.head();
    if (head == Stream::Head::message) {
      handle_next(core, conn);
    } else if (head == Stream::Head::broken || conn.peer_closed) {
      drop(core, conn);
    } else {
      break;
    }
  }
  if (!conn.ended) return true;
  forget_session(core, conn);
  if (conn.primary()) return true;
  stop_watching(conn);
  core.listener.conn_gone(conn.name);
  return false;
}

bool has_work(const Core& core, const Connection& conn) {
  return conn.connecting || conn.ended || (may_handle(core, conn) && has_input(conn));
}

void accept_arrivals(Core& core) {
  for (auto& conn : core.arriving) {
    conn->ended = conn->snoop() && !watch_somebody(core, *conn);  // then it is never up
    if (!conn->ended) come_up(core, *conn);
    core.connections.push_back(std::move(conn));
  }
  core.arriving.clear();
  for (const Connection* conn : core.came_up) {
    if (conn->up) core.listener.conn_up(conn->name);  // a session may be over before it is reported
  }
  core.came_up.clear();
}

void drop(Core& core, Connection& conn) {
  conn.up = conn.peer_closed = conn.stalled = false;
  conn.ended = true;
  conn.queued_replies = conn.queued_packet_ins = 0;
  core.listener.conn_down(conn.name);
}

void destroy_connection(Core& core, Connection& conn) {
  if (conn.up) drop(core, conn);
  detach_groups(conn);
  core.listener.conn_gone(conn.name);
  for (Connection* snooper : conn.snoopers) {
    if (snooper->up) drop(core, *snooper);
    snooper->watched = nullptr;
  }
  conn.snoopers.clear();
}

std::uint64_t silent_at_ms(const Connection& conn) {
  return conn.up && conn.probe_interval_s != 0 ? (conn.heard_s + conn.probe_interval_s) * 1000 : OFT_NEVER;
}

void heard(const Core& core, Connection& conn) {
  conn.heard_s = now_s(core);
  conn.asked = false;
}

void send_reply(Core& core, Connection& conn) { send(core, conn, true); }
void send_unasked(Core& core, Connection& conn) { send(core, conn, false); }

void send_limited(Core& core, Connection& conn) {
  if (conn.queued_packet_ins >= kMaxQueuedPacketIns) return;
  if (conn.stalled) ++conn.queued_packet_ins;
  send(core, conn, false);
}

void send_error(Core& core, Connection& conn, ByteView request, Error error) {
  encode_error(core.out, as_openflow(error), request);
  send_reply(core, conn);
}

void raise_retry(Core& core) {
  for (const auto& conn : core.connections) conn->retry = true;
}

}  // namespace oftwin::impl
