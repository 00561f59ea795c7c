#include "properties/explore/ledger.h"

#include <algorithm>
#include <optional>

#include "properties/explore/answers.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::explore {

namespace {

namespace ob = observation;
using model::Connection;

std::uint32_t word(ByteView bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);
}
std::uint16_t half(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
std::uint32_t xid_of(ByteView message) { return word(message, wire::header::xid.offset); }

// The type of the reply that a request gets; nullopt: none but an error.
std::optional<std::uint8_t> reply_to(ByteView request) {
  switch (request[1]) {
    case OFPT_ECHO_REQUEST:
      return OFPT_ECHO_REPLY;
    case OFPT_FEATURES_REQUEST:
      return OFPT_FEATURES_REPLY;
    case OFPT_GET_CONFIG_REQUEST:
      return OFPT_GET_CONFIG_REPLY;
    case OFPT_BARRIER_REQUEST:
      return OFPT_BARRIER_REPLY;
    case OFPT_QUEUE_GET_CONFIG_REQUEST:
      return OFPT_QUEUE_GET_CONFIG_REPLY;
    case OFPT_STATS_REQUEST:
      return OFPT_STATS_REPLY;
    case OFPT_VENDOR:
      if (request.size() >= 16 && word(request, 12) == NXT_ROLE_REQUEST) return OFPT_VENDOR;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}
bool last_part(ByteView reply) {
  return reply[1] != OFPT_STATS_REPLY || (half(reply, wire::stats_msg::flags.offset) & OFPSF_REPLY_MORE) == 0;
}
bool flow_mod(ByteView message) { return message[1] == OFPT_FLOW_MOD; }
bool names_buffer(ByteView message) {
  return flow_mod(message) && message.size() >= wire::flow_mod::size &&
         word(message, wire::flow_mod::buffer_id.offset) != OFP_NO_BUFFER;
}
bool unasked(std::uint8_t type) {
  return type == OFPT_PACKET_IN || type == OFPT_FLOW_REMOVED || type == OFPT_PORT_STATUS;
}

const Connection* find(const model::State& state, ConnName name) {
  for (const Connection& c : state.connections) {
    if (c.name == name) return &c;
  }
  return nullptr;
}

// A group in progress, followed through the step.
struct Live {
  std::uint32_t id = 0;  // as in the state before; those that began in this step are told apart by their connection
  std::optional<ConnName> conn;
  bool linked = false, failed = false, buffered = false;
  std::uint32_t xid = 0;
  std::size_t operations = 0;
};

class Ledger {
 public:
  Ledger(const Step& step, std::vector<Violation>& found) : s_(step), found_(found) {
    for (const model::Group& g : s_.before.groups) {
      Live live{g.id,
                g.owner,
                g.linked,
                bool{g.error},
                g.buffer_id != OFP_NO_BUFFER,
                g.request.empty() ? 0 : xid_of(g.request),
                0};
      for (const model::Operation& op : s_.before.operations) live.operations += op.group == g.id;
      live_.push_back(live);
    }
  }

  void run() {
    const std::size_t first_turn = next_turn(0);
    follow_completions(first_turn);
    for (std::size_t i = first_turn; i < s_.seen.size(); i = next_turn(i + 1)) handle_turn(i, next_turn(i + 1));
    check_rest();
    check_removals();
    check_fresh_sessions(s_, found_);
  }

 private:
  void report(Invariant invariant, std::string detail) { found_.push_back({invariant, std::move(detail)}); }

  // Where the next message is taken or tried again.
  std::size_t next_turn(std::size_t i) const {
    while (i < s_.seen.size() && !std::holds_alternative<ob::Take>(s_.seen[i]) &&
           !std::holds_alternative<ob::Retry>(s_.seen[i])) {
      ++i;
    }
    return i;
  }
  // Its session may end while the step goes on: nothing is owed to it.
  bool hears(ConnName conn) const {
    const Connection* c = find(s_.before, conn);
    return c && c->link == model::Link::up && !c->peer_closed;
  }
  std::size_t errors(ConnName conn, std::uint32_t xid, std::size_t from, std::size_t to) const {
    return static_cast<std::size_t>(std::count_if(s_.seen.begin() + from, s_.seen.begin() + to, [&](const auto& o) {
      const auto* send = std::get_if<ob::Send>(&o);
      return send && send->conn == conn && send->bytes[1] == OFPT_ERROR && xid_of(send->bytes) == xid;
    }));
  }

  // Completions come before anybody's turn. Each that ends a group may send one error.
  void follow_completions(std::size_t end) {
    for (std::size_t i = 0; i < end; ++i) {
      const auto* complete = std::get_if<ob::Complete>(&s_.seen[i]);
      if (!complete) continue;
      const auto op = std::find_if(s_.before.operations.begin(), s_.before.operations.end(),
                                   [&](const model::Operation& o) { return o.rule == complete->rule; });
      if (op == s_.before.operations.end()) continue;
      const auto live = std::find_if(live_.begin(), live_.end(), [&](const Live& l) { return l.id == op->group; });
      if (live == live_.end()) continue;
      live->failed |= complete->error && complete->kind != OperationKind::remove;
      check_buffer(i, *live);
      if (--live->operations > 0) continue;
      std::size_t next = i + 1;
      while (next < end && !std::holds_alternative<ob::Complete>(s_.seen[next])) ++next;
      end_group(*live, i, next);
      live_.erase(live);
    }
  }

  void check_buffer(std::size_t complete, const Live& live) {
    if (live.linked || complete + 1 >= s_.seen.size()) return;
    if (std::holds_alternative<ob::Execute>(s_.seen[complete + 1])) {
      report(Invariant::buffer_of_the_living, "a packet is sent for a connection that has gone");
    }
  }

  void end_group(const Live& live, std::size_t from, std::size_t to) {
    if (!live.linked || !live.conn || !hears(*live.conn)) return;
    const std::size_t told = errors(*live.conn, live.xid, from, to);
    if (told > 1 || (live.failed && told == 0) || (!live.failed && !live.buffered && told > 0)) {
      report(Invariant::error_for_failure, "a request whose last operation has ended is told something else than how");
    }
  }

  // One message: from where it is taken to where the next one is.
  void handle_turn(std::size_t from, std::size_t to) {
    const auto* take = std::get_if<ob::Take>(&s_.seen[from]);
    const auto* retry = std::get_if<ob::Retry>(&s_.seen[from]);
    const ConnName conn = take ? take->conn : retry->conn;
    const Connection* before = find(s_.before, conn);
    if (!before) return report(Invariant::taken_in_order, "a message is taken from a connection that is not there");
    const model::Message* message = next_message(*before, retry != nullptr);
    if (!message || xid_of(message->bytes) != (take ? take->xid : retry->xid)) {
      return report(Invariant::taken_in_order, "a message is taken that was not next");
    }
    if (!hears(conn)) return;
    const bool postponed = std::any_of(s_.seen.begin() + from, s_.seen.begin() + to, [&](const Observation& o) {
      const auto* p = std::get_if<ob::Postpone>(&o);
      return p && p->conn == conn;
    });
    check_answer(s_, {*before, message->bytes, s_.seen.subspan(from, to - from), postponed}, found_);
    if (postponed) return check_postponed(from, to);
    check_handled(*before, message->bytes, from, to);
  }

  // Follows how far each connection's messages have been taken.
  const model::Message* next_message(const Connection& conn, bool again) {
    auto it = std::find_if(taken_.begin(), taken_.end(), [&](const auto& t) { return t.first == conn.name; });
    if (it == taken_.end()) it = taken_.insert(taken_.end(), {conn.name, 0});
    const std::size_t at = it->second++;
    // What was postponed in an earlier session is forgotten when the next one comes up (CONN-5).
    if (conn.blocked && conn.link != model::Link::accepted) {
      if (at == 0) return again ? &*conn.blocked : nullptr;
      return again || at - 1 >= conn.inbox.size() ? nullptr : &conn.inbox[at - 1];
    }
    return again || at >= conn.inbox.size() ? nullptr : &conn.inbox[at];
  }

  void check_postponed(std::size_t from, std::size_t to) {
    for (std::size_t i = from + 1; i < to; ++i) {
      const Observation& o = s_.seen[i];
      const auto* send = std::get_if<ob::Send>(&o);
      if (std::holds_alternative<ob::Operation>(o) || std::holds_alternative<ob::Complete>(o) ||
          std::holds_alternative<ob::Execute>(o) || (send && !unasked(send->bytes[1]))) {
        report(Invariant::postponed_untouched, "a message that is postponed has done something");
      }
    }
  }

  struct Course {  // of one message
    std::size_t started = 0, ended = 0, executed = 0;
    bool failed = false, empty_buffer = false;
  };
  Course course(ConnName conn, std::uint32_t xid, std::size_t from, std::size_t to) const {
    Course c;
    for (std::size_t i = from; i < to; ++i) {
      const Observation& o = s_.seen[i];
      if (const auto* alloc = std::get_if<ob::Alloc>(&o)) c.failed |= alloc->failed;
      if (const auto* choice = std::get_if<ob::ChooseTable>(&o)) c.failed |= choice->answer.index() == 1;
      if (const auto* op = std::get_if<ob::Operation>(&o)) {
        c.started += op->answer.kind != AnswerKind::refused;
        c.failed |= op->answer.kind == AnswerKind::refused;
      }
      if (const auto* end = std::get_if<ob::Complete>(&o)) {
        ++c.ended;
        c.failed |= end->error && end->kind != OperationKind::remove;
      }
      if (const auto* run = std::get_if<ob::Execute>(&o)) c.executed += !run->answer;
      const auto* send = std::get_if<ob::Send>(&o);
      if (send && send->conn == conn && send->bytes[1] == OFPT_ERROR && xid_of(send->bytes) == xid) {
        const std::uint16_t code = half(send->bytes, wire::error_msg::code.offset);
        c.empty_buffer |= half(send->bytes, wire::error_msg::type.offset) == OFPET_BAD_REQUEST &&
                          (code == OFPBRC_BUFFER_EMPTY || code == OFPBRC_BUFFER_UNKNOWN);
      }
    }
    return c;
  }

  void check_handled(const Connection& conn, ByteView message, std::size_t from, std::size_t to) {
    const std::uint32_t xid = xid_of(message);
    const std::size_t told = errors(conn.name, xid, from, to);
    const Course c = course(conn.name, xid, from, to);
    if (const auto reply = reply_to(message)) {
      const std::size_t replies = count_replies(conn.name, *reply, xid, from, to);
      if (replies + told != 1) report(Invariant::owed_exactly_once, "a request gets no reply, or more than one");
    } else if (told > 1) {
      report(Invariant::owed_exactly_once, "a request gets more than one error");
    }
    if (message[1] == OFPT_BARRIER_REQUEST && works_for(conn.name)) {
      report(Invariant::barrier_waits, "a barrier is answered before what it waits for");
    }
    if (message[1] == OFPT_PORT_MOD && told == 0) check_port(message, from, to);
    if (c.started > 0 && live_.size() >= s_.before.config.limits.pending_groups) {
      report(Invariant::limit_respected, "a flow-mod is handled beyond the limit of pending groups");
    }
    if (c.executed > 0 && c.empty_buffer) {
      report(Invariant::own_buffer_once, "a request looks for its packet again");
    }
    const bool in_progress = c.started > c.ended;
    if (flow_mod(message) && !in_progress && c.failed && told == 0) {
      report(Invariant::error_for_failure, "a request fails, and nobody is told");
    }
    if (flow_mod(message) && c.started > 0 && !c.failed && !names_buffer(message) && told > 0) {
      report(Invariant::error_for_failure, "a request succeeds, and is told an error");
    }
    if (in_progress) {
      live_.push_back({0xffffffff, conn.name, true, c.failed, names_buffer(message), xid, c.started - c.ended});
    }
  }

  std::size_t count_replies(ConnName conn, std::uint8_t type, std::uint32_t xid, std::size_t from,
                            std::size_t to) const {
    return static_cast<std::size_t>(std::count_if(s_.seen.begin() + from, s_.seen.begin() + to, [&](const auto& o) {
      const auto* send = std::get_if<ob::Send>(&o);
      return send && send->conn == conn && send->bytes[1] == type && xid_of(send->bytes) == xid &&
             last_part(send->bytes);
    }));
  }

  bool works_for(ConnName conn) const {
    return std::any_of(live_.begin(), live_.end(), [&](const Live& l) { return l.linked && l.conn == conn; });
  }

  void check_port(ByteView message, std::size_t from, std::size_t to) {
    namespace w = wire::port_mod;
    if (next_turn(from + 1) != s_.seen.size() || to != s_.seen.size()) return;
    const std::uint32_t config = word(message, w::config.offset), mask = word(message, w::mask.offset);
    for (const model::Port& port : s_.after.ports) {
      if (port.config.number == half(message, w::port_no.offset) && ((port.config.config ^ config) & mask) != 0) {
        report(Invariant::port_as_asked, "a port that was reconfigured is not as asked");
      }
    }
  }

  // What was not taken is still there.
  void check_rest() {
    for (const auto& [name, taken] : taken_) {
      const Connection* before = find(s_.before, name);
      const Connection* after = find(s_.after, name);
      if (!before || !after || after->link != model::Link::up || !hears(name)) continue;
      const std::size_t had = before->inbox.size() + before->blocked.has_value();
      if (after->inbox.size() + after->blocked.has_value() + taken < had) {
        report(Invariant::taken_in_order, "a message is lost");
      }
    }
  }

  // Settings that decide who is told are as before the step.
  bool settings_stand() const {
    return std::none_of(s_.seen.begin(), s_.seen.end(), [](const Observation& o) {
      const auto* take = std::get_if<ob::Take>(&o);
      const auto* retry = std::get_if<ob::Retry>(&o);
      const std::uint8_t type = take ? take->type : retry ? retry->type : std::uint8_t{0};
      return type == OFPT_SET_CONFIG || type == OFPT_VENDOR || std::holds_alternative<ob::ConnDown>(o);
    });
  }

  void check_removals() {
    if (s_.before.flushing || s_.after.dead || !settings_stand()) return;
    std::size_t due = 0;
    for (const Observation& o : s_.seen) {
      const auto* op = std::get_if<ob::Operation>(&o);
      due += op && op->kind == OperationKind::remove && op->send_flow_removed && op->priority <= 0xffff;
    }
    for (const Connection& c : s_.before.connections) {
      const bool primary = c.name.kind == ConnKind::primary;
      if (!hears(c.name) || (primary ? c.role == model::Role::slave : c.miss_send_len == 0)) continue;
      const auto told =
          static_cast<std::size_t>(std::count_if(s_.seen.begin(), s_.seen.end(), [&](const Observation& o) {
            const auto* send = std::get_if<ob::Send>(&o);
            if (!send || send->conn != c.name) return false;
            const bool extended =
                send->bytes[1] == OFPT_VENDOR && send->bytes.size() > 16 && word(send->bytes, 12) == NXT_FLOW_REMOVED;
            return send->bytes[1] == OFPT_FLOW_REMOVED || extended;
          }));
      if (told != due) report(Invariant::removed_is_told, "flows are removed, and not reported once each");
    }
  }

  const Step& s_;
  std::vector<Violation>& found_;
  std::vector<Live> live_;
  std::vector<std::pair<ConnName, std::size_t>> taken_;
};

}  // namespace

void check_ledger(const Step& step, std::vector<Violation>& found) { Ledger(step, found).run(); }

}  // namespace oftwin::explore
