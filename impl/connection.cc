// One iteration of one connection. Nothing overtakes a postponed message: it stays at the head of the stream, and
// nothing behind it is read.
#include "impl/connection.h"

#include <algorithm>

#include "impl/dispatch.h"
#include "impl/encode.h"
#include "impl/errors.h"

namespace oftwin::impl {

namespace {

bool may_handle(const Core& core, const Connection& conn) {
  if (core.flushing || conn.queued_replies >= kMaxQueuedReplies) return false;
  return conn.blocked ? conn.retry : conn.up;
}

// Something to handle that needs no further input: a message, the end of the stream, or a break in it.
bool has_input(const Connection& conn) {
  return conn.blocked || conn.peer_closed || conn.input.head() != Stream::Head::incomplete;
}

// Handles the message at the head of the stream, for the first time or again.
void handle_next(Core& core, Connection& conn) {
  conn.blocked = !handle_message(core, conn, conn.input.message());
  if (conn.blocked) {
    conn.retry = false;
  } else {
    conn.input.pop();
  }
}

// After this nothing refers to the connection, and nothing of the old session is left.
void forget_session(Connection& conn) {
  while (conn.groups != nullptr) {
    Group* group = conn.groups;
    conn.groups = group->next;
    group->connection = nullptr;
    group->next = group->prev = nullptr;
  }
  conn.ended = conn.blocked = false;
  conn.input.clear();
}

void come_up(Core& core, Connection& conn) {
  conn.connecting = false;
  conn.up = true;
  core.came_up.push_back(&conn);
}

void send(Core& core, Connection& conn, bool counted) {
  if (!conn.up) return;
  if (conn.peer_closed) {
    drop(core, conn);
    return;
  }
  if (conn.stalled && counted) ++conn.queued_replies;
  core.listener.send(conn.name, core.out);
}

}  // namespace

std::unique_ptr<Connection> make_connection(const Core& core, ConnName name) {
  auto conn = std::make_unique<Connection>();
  conn->name = name;
  if (conn->primary()) {
    conn->miss_send_len = OFP_DEFAULT_MISS_SEND_LEN;
    if (core.config.n_buffers > 0) conn->buffers = std::make_unique<PacketBuffers>();
  }
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
  forget_session(conn);
  if (conn.primary()) return true;
  core.listener.conn_gone(conn.name);
  return false;
}

bool has_work(const Core& core, const Connection& conn) {
  return conn.connecting || conn.ended || (may_handle(core, conn) && has_input(conn));
}

void accept_arrivals(Core& core) {
  for (auto& conn : core.arriving) {
    come_up(core, *conn);
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
  conn.queued_replies = 0;
  core.listener.conn_down(conn.name);
}

void send_reply(Core& core, Connection& conn) { send(core, conn, true); }
void send_unasked(Core& core, Connection& conn) { send(core, conn, false); }

void send_error(Core& core, Connection& conn, ByteView request, Error error) {
  encode_error(core.out, as_openflow(error), request);
  send_reply(core, conn);
}

void raise_retry(Core& core) {
  for (const auto& conn : core.connections) conn->retry = true;
}

}  // namespace oftwin::impl
