#include "harness/session_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/applicable.h"
#include "harness/learn_config.h"
#include "harness/request.h"
#include "harness/session_unknown.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

// A flow-removed message, in either form, that tells of a time-out; nullopt: it is none.
struct TimedOut {
  ReplyRecord flow;
  ExpiryReason reason = ExpiryReason::idle;
};
std::optional<TimedOut> timed_out(const CapturedMessage& m) {
  const bool may_be = m.from_switch && (m.bytes[1] == OFPT_FLOW_REMOVED || m.bytes[1] == OFPT_VENDOR);
  std::vector<ReplyRecord> records;
  if (may_be) append_records(m.bytes, records);
  const std::string* reason = records.empty() ? nullptr : field_of(records[0], "reason");
  const auto number = reason ? parse_as<std::uint8_t>(*reason) : std::nullopt;
  if (!number || (*number != OFPRR_IDLE_TIMEOUT && *number != OFPRR_HARD_TIMEOUT)) return std::nullopt;
  return TimedOut{std::move(records[0]), *number == OFPRR_IDLE_TIMEOUT ? ExpiryReason::idle : ExpiryReason::hard};
}

// The shortest time-out of any flow in this session, in seconds; nullopt: no flow has any. Without the frames that met
// flows, only the capture can say when they end.
std::optional<unsigned> shortest_timeout(const Capture& capture) {
  std::optional<unsigned> out;
  const auto add = [&](unsigned seconds) {
    if (seconds != 0) out = std::min(out.value_or(seconds), seconds);
  };
  std::vector<ReplyRecord> records;
  for (const CapturedMessage& m : capture.messages) {
    if (m.from_switch && m.bytes[1] == OFPT_STATS_REPLY) append_records(m.bytes, records);
    for (const ReplyRecord& r : records) {
      for (const std::string* timeout : {field_of(r, "idle_timeout"), field_of(r, "hard_timeout")}) {
        if (timeout) add(parse_as<std::uint16_t>(*timeout).value_or(0));
      }
    }
    records.clear();
    const auto request = m.from_switch ? std::nullopt : decode_request(m.bytes);
    if (const auto* r = request ? std::get_if<request::FlowMod>(&*request) : nullptr) {
      add(r->idle_timeout);
      add(r->hard_timeout);
    }
    if (const auto* r = request ? std::get_if<request::NxFlowMod>(&*request) : nullptr) {
      add(r->idle_timeout);
      add(r->hard_timeout);
    }
  }
  return out;
}

}  // namespace

void SessionBuilder::name_connections() {
  std::map<std::string, std::uint16_t> primaries;
  std::uint16_t services = 0;
  for (const CapturedConnection& c : session_.capture.connections) {
    if (c.switch_listens) {
      session_.conns.push_back({ConnKind::service, ++services});
      continue;
    }
    const auto number = static_cast<std::uint16_t>(primaries.size() + 1);
    const auto [it, fresh] = primaries.emplace(c.controller, number);
    session_.conns.push_back({ConnKind::primary, it->second});
    if (fresh) session_.config.connections.push_back(session_.conns.back());
  }
}

void SessionBuilder::add(EventBody body, std::optional<std::size_t> message) {
  const bool loop = std::holds_alternative<event::Loop>(body);
  session_.events.push_back({loop ? 0 : next_id_++, std::move(body)});
  session_.message_of.push_back(message);
  outcome_.observations.clear();
  model::step(state_, session_.events.back(), {}, outcome_);
}

void SessionBuilder::add_and_settle(EventBody body, std::optional<std::size_t> message) {
  add(std::move(body), message);
  add(event::Loop{0});
}

void SessionBuilder::pass_time(std::uint64_t time_us) {
  const std::uint64_t ms = time_us > start_us_ ? (time_us - start_us_) / 1000 : 0;
  if (ms > now_ms_) add(event::Clock{ms - now_ms_});
  now_ms_ = std::max(now_ms_, ms);
}

void SessionBuilder::frames_until(std::uint64_t time_us) {
  for (; next_frame_ < frames_.size() && frames_[next_frame_].time_us <= time_us; ++next_frame_) {
    const SessionFrame& frame = frames_[next_frame_];
    pass_time(frame.time_us);
    add_and_settle(event::PacketArrives{frame.port, frame.bytes, 0});
  }
}

void SessionBuilder::from_controller(std::size_t index) {
  const CapturedMessage& m = session_.capture.messages[index];
  const ConnName conn = session_.conns[m.connection];
  if (!open_[m.connection]) {
    open_[m.connection] = true;
    add_and_settle(event::ConnOpen{conn});
    if (m.bytes[1] == OFPT_HELLO) return;
  }
  if (is_refused_by_profile(index)) return;
  const event::Recv request{conn, without_unknown_buffer(index)};
  if (is_refused_beside(index, request) || is_refused_for_earlier(index, request)) return;
  if (flows_ != Flows::known || may_have_timed_out()) learn_flows(index, request);
  session_.flows_known[index] = flows_ != Flows::unknown;
  add_and_settle(request, index);
  modified_ = modified_ || (flows_ == Flows::unknown && modifies_flows(m.bytes));
  if (deletes_all_flows(m.bytes) && session_.replies[index].empty()) flows_ = Flows::known;
}

// The switch has not got what this asks for, and says so.
bool SessionBuilder::is_refused_by_profile(std::size_t index) {
  const auto why = profile_ ? obstacle(*profile_, session_.capture.messages[index].bytes) : std::nullopt;
  if (!why) return false;
  const std::vector<std::size_t>& replies = session_.replies[index];
  const bool refused = std::any_of(replies.begin(), replies.end(),
                                   [&](std::size_t r) { return session_.capture.messages[r].bytes[1] == OFPT_ERROR; });
  if (refused) session_.ruled_out[index] = print_obstacle(*why);
  return refused;
}

// Where flows end when the capture says so, the model's provider is scripted, and leaves it to a trace which actions
// are wrong. Whether they are is asked of the simulated one.
bool SessionBuilder::is_refused_beside(std::size_t index, const event::Recv& request) {
  const std::vector<std::size_t>& replies = session_.replies[index];
  if (session_.config.provider == ProviderMode::simulated || replies.empty()) return false;
  if (session_.capture.messages[replies[0]].bytes[1] != OFPT_ERROR) return false;
  model::State simulated = state_;
  simulated.config.provider = ProviderMode::simulated;
  std::vector<ReplyRecord> answer = would_answer(simulated, request);
  if (answer.empty() || answer[0].kind != "error") return false;
  session_.refusals[index] = std::move(answer);
  return true;
}

// What the switch refuses because of flows that are not known has not happened.
bool SessionBuilder::is_refused_for_earlier(std::size_t index, const event::Recv& request) {
  if (flows_ != Flows::unknown || session_.replies[index].empty()) return false;
  std::vector<ReplyRecord> records;
  append_records(session_.capture.messages[session_.replies[index][0]].bytes, records);
  Unknown unknown;
  unknown.flows = true;
  if (records.empty() || records[0].kind != "error" || excuse_for_more(unknown, records[0]).empty()) return false;
  const std::vector<ReplyRecord> model = would_answer(state_, request);
  if (!model.empty() && model[0].kind == "error") return false;
  session_.ruled_out[index] = kFlowsUnknown;
  return true;
}

bool SessionBuilder::may_have_timed_out() const {
  return session_.may_time_out_ms && now_ms_ >= *session_.may_time_out_ms;
}

// What a controller sent and the capture has lost may have made flows or deleted them.
void SessionBuilder::forget_after_losses(std::size_t packet) {
  const auto lost = [&](std::size_t at) { return at < packet; };
  if (std::erase_if(losses_, lost) > 0) flows_ = Flows::unknown;
}

// A port changes of itself, unless the model has it so already: then a port-mod was the cause, or another connection
// has heard of it.
void SessionBuilder::port_status(const CapturedMessage& m) {
  namespace w = wire::port_status;
  if (m.bytes.size() < w::size) return;
  const PortConfig port = learn_port(ByteView(m.bytes).subspan(w::desc.offset));
  const auto at = std::find_if(state_.ports.begin(), state_.ports.end(),
                               [&](const model::Port& p) { return p.config.number == port.number; });
  const bool there = at != state_.ports.end();
  const std::uint8_t reason = m.bytes[w::reason.offset];
  if (reason == OFPPR_DELETE) {
    if (there) add_and_settle(event::PortChange{event::PortChangeKind::remove, port});
  } else if (reason == OFPPR_ADD) {
    if (!there) add_and_settle(event::PortChange{event::PortChangeKind::add, port});
  } else if (there && at->config != port) {
    add_and_settle(event::PortChange{event::PortChangeKind::modify, port});
  }
}

// The rule that the switch would tell so of: tried on a copy.
void SessionBuilder::expiry(const CapturedMessage& m) {
  const TimedOut ended = *timed_out(m);
  const std::string* priority = field_of(ended.flow, "priority");
  model::State bare = state_;
  for (model::Table& table : bare.tables) table.rules.clear();
  for (const model::Table& table : state_.tables) {
    for (const model::Rule& rule : table.rules) {
      if (fmt::format("{}", rule.priority) != *priority) continue;
      const event::ProviderExpire end{rule.name, ended.reason};
      bare.tables[rule.table].rules = {rule};
      const bool it_is = tells(bare, end, ended.flow);
      bare.tables[rule.table].rules.clear();
      if (!it_is) continue;
      add_and_settle(end);
      return;
    }
  }
}

bool SessionBuilder::tells(model::State state, const event::ProviderExpire& end, const ReplyRecord& flow) const {
  model::Outcome outcome;
  model::step(state, {next_id_, end}, {}, outcome);
  model::step(state, {0, event::Loop{0}}, {}, outcome);
  std::vector<ReplyRecord> records;
  for (const Observation& o : outcome.observations) {
    const auto* send = std::get_if<observation::Send>(&o);
    if (send && is_asynchronous(send->bytes)) append_records(send->bytes, records);
  }
  const auto same = [&](const ReplyRecord& r) { return r.kind == flow.kind && identity_of(r) == identity_of(flow); };
  return std::any_of(records.begin(), records.end(), same);
}

// Connections whose controller's end was closed before this packet.
void SessionBuilder::closes_until(std::size_t packet) {
  for (std::size_t i = 0; i < session_.capture.connections.size(); ++i) {
    const CapturedConnection& c = session_.capture.connections[i];
    if (closed_[i] || !c.closed_packet || *c.closed_packet >= packet || !open_[i]) continue;
    closed_[i] = true;
    frames_until(c.closed_us);
    pass_time(c.closed_us);
    add_and_settle(event::ConnClose{session_.conns[i]});
  }
}

void SessionBuilder::build() {
  const Capture& capture = session_.capture;
  open_.assign(capture.connections.size(), false);
  closed_ = open_;
  session_.flows_known.assign(capture.messages.size(), false);
  session_.buffer_known.assign(capture.messages.size(), true);
  name_connections();
  for (const CapturedConnection& c : capture.connections) {
    if (c.controller_cut) losses_.push_back(c.controller_cut->packet);
  }
  const bool expiries = std::any_of(capture.messages.begin(), capture.messages.end(),
                                    [](const CapturedMessage& m) { return timed_out(m).has_value(); });
  session_.config.provider = expiries ? ProviderMode::scripted : ProviderMode::simulated;
  const auto shortest = session_.frames_known ? std::nullopt : shortest_timeout(capture);
  if (shortest) session_.may_time_out_ms = *shortest * std::uint64_t{1000} - kDurationTolerance_ms;
  start_us_ = capture.connections[0].opened_us;
  state_ = model::initial(session_.config);

  // A primary is up from the start; one that the capture shows to connect later is not.
  if (session_.conns[0].kind == ConnKind::primary) open_[0] = true;
  for (ConnName conn : session_.config.connections) {
    if (conn != session_.conns[0]) add_and_settle(event::ConnClose{conn});
  }
  bool first = open_[0];
  for (std::size_t i = 0; i < capture.messages.size(); ++i) {
    const CapturedMessage& m = capture.messages[i];
    closes_until(m.packet);
    frames_until(m.time_us);
    forget_after_losses(m.packet);
    if (m.from_switch) {
      from_switch(m);
      continue;
    }
    pass_time(m.time_us);
    if (first && m.connection == 0 && m.bytes[1] == OFPT_HELLO) {
      first = false;
    } else {
      from_controller(i);
    }
  }
  closes_until(capture.packets + 1);
  frames_until(~std::uint64_t{0});
}

// What it says of the world.
void SessionBuilder::from_switch(const CapturedMessage& m) {
  if (m.bytes[1] == OFPT_PACKET_IN && m.bytes.size() >= wire::packet_in::size) {
    Reader r(ByteView(m.bytes).subspan(wire::header::size));
    buffers_.insert(r.get<std::uint32_t>());
  } else if (m.bytes[1] == OFPT_PORT_STATUS) {
    pass_time(m.time_us);
    port_status(m);
  } else if (timed_out(m)) {
    pass_time(m.time_us);
    expiry(m);
  }
}

}  // namespace oftwin::harness
