#include "harness/session_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/print.h"
#include "harness/print_reply.h"
#include "harness/session_before.h"
#include "harness/wire_io.h"
#include "model/step.h"
#include "spec/clauses.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

using How = KnownDifference::How;

constexpr std::uint64_t kAnswer_us = 5'000'000;  // that an answer may take, where the capture goes on for so long
constexpr std::string_view kEnds = "the capture ends before the answer";
constexpr std::string_view kAskedBefore = "it answers what was asked before the capture";

std::uint32_t xid_of_message(ByteView m) {
  Reader r(m.subspan(std::min<std::size_t>(m.size(), 4)));
  return r.get<std::uint32_t>();
}

std::string request_text(ByteView message) {
  const auto request = decode_request(message);
  if (request) return print_request(*request);
  constexpr std::size_t kShown = 32;
  return message.size() <= kShown
             ? "bytes " + print_bytes(message)
             : fmt::format("bytes {} ..({} more)", print_bytes(message.first(kShown)), message.size() - kShown);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string short_text(const std::string& text) {
  constexpr std::size_t kShown = 160;
  const std::string line = first_line(text);
  return line.size() <= kShown ? line : fmt::format("{}..({} more)", line.substr(0, kShown), line.size() - kShown);
}

}  // namespace

void SessionJudge::judge() {
  find_ends();
  hear_switch();
  hear_model();
  for (auto& [index, exchange] : exchanges_) compare(index, exchange);
  compare_unasked();
  check_broken();
  check_uses();
  // Those of one packet stay in their order. (clang rejects libstdc++'s stable_sort.)
  std::multimap<decltype(SessionProblem::packet), SessionProblem> by_packet;
  for (SessionProblem& problem : report_.problems) by_packet.emplace(problem.packet, std::move(problem));
  report_.problems.clear();
  for (auto& [packet, problem] : by_packet) report_.problems.push_back(std::move(problem));
}

// How far each connection's answers go, and the capture's knowledge of flows comes late.
void SessionJudge::find_ends() {
  const Capture& capture = session_.capture;
  answered_.assign(capture.connections.size(), 0);
  bool unknown = false;
  for (std::size_t i = 0; i < capture.messages.size(); ++i) {
    const CapturedMessage& m = capture.messages[i];
    if (!session_.replies[i].empty()) answered_[m.connection] = i + 1;
    if (m.from_switch) continue;
    if (!session_.flows_known[i]) known_from_packet_ = capture.packets + 1;
    if (session_.flows_known[i] && unknown) known_from_packet_ = m.packet;
    unknown = !session_.flows_known[i];
  }
}

// Whether silence means something: the switch has answered what came later, or it has closed the connection, or it had
// the time.
bool SessionJudge::is_settled(std::size_t connection, std::size_t message, std::uint64_t time_us) const {
  const CapturedConnection& c = session_.capture.connections[connection];
  if (message < answered_[connection]) return true;
  if (c.switch_cut) return false;
  return c.switch_closed_packet || session_.capture.end_us - std::min(session_.capture.end_us, time_us) >= kAnswer_us;
}

Unknown SessionJudge::unknown_at(std::size_t message) const {
  const CapturedMessage& m = session_.capture.messages[message];
  Unknown out;
  out.flows = !session_.flows_known[message];
  const std::uint64_t began_us = session_.capture.connections[0].opened_us;
  out.timeouts = session_.may_time_out_ms && m.time_us >= began_us + *session_.may_time_out_ms * 1000;
  out.ports = !session_.ports_known;
  out.addresses = !session_.addresses_known;
  out.frames = !session_.frames_known || !session_.earlier.empty();
  out.settings = session_.capture.connections[m.connection].opened_packet == 0;
  out.buffers = !session_.buffer_known[message];
  return out;
}

void SessionJudge::hear_switch() {
  std::vector<bool> greeted(session_.capture.connections.size(), false);
  for (const auto& index : session_.message_of) {
    if (index) exchanges_[*index] = {};  // a controller's HELLO is no event
  }
  for (const auto& [index, why] : session_.ruled_out) exchanges_[index] = {};
  for (const auto& [index, answer] : session_.refusals) {
    exchanges_[index].model = answer;
    exchanges_[index].model_answers = true;
  }
  for (std::size_t i = 0; i < session_.capture.messages.size(); ++i) {
    const CapturedMessage& m = session_.capture.messages[i];
    if (!m.from_switch) continue;
    const ConnName conn = session_.conns[m.connection];
    if (m.bytes[1] == OFPT_HELLO && !greeted[m.connection]) {
      greeted[m.connection] = true;
    } else if (m.bytes[0] != OFP_VERSION) {
      problem({m.packet,
               print_conn(conn),
               {},
               fmt::format("the switch sends a message of version {:#04x}", m.bytes[0]),
               {},
               {}});
    } else if (is_asynchronous(m.bytes)) {
      Records records;
      append_records(m.bytes, records);
      for (ReplyRecord& r : records) switch_[{conn, r.kind}].push_back({std::move(r), 0, m.packet, {}, i});
    } else if (m.bytes[1] != OFPT_ECHO_REQUEST) {  // which is its inactivity probe
      hear_reply(i);
    }
  }
}

void SessionJudge::hear_reply(std::size_t index) {
  const CapturedMessage& m = session_.capture.messages[index];
  const auto request = session_.request_of[index];
  if (!request || !exchanges_.contains(*request)) {
    const CapturedConnection& c = session_.capture.connections[m.connection];
    const ConnName conn = session_.conns[m.connection];
    const bool lost = c.controller_cut && c.controller_cut->packet <= m.packet;
    if (request || lost || c.opened_packet == 0) return excuse_once(kAskedBefore);
    return problem({m.packet,
                    print_conn(conn),
                    {},
                    "a reply to nothing: " + short_text(print_reply(conn, m.bytes, Naming())),
                    {},
                    {}});
  }
  Exchange& exchange = exchanges_[*request];
  append_records(m.bytes, exchange.on_switch);
  exchange.switch_answers = true;
  const ByteView part(m.bytes);
  if (m.bytes[1] == OFPT_STATS_REPLY) exchange.ended = is_complete(std::span(&part, 1));
}

void SessionJudge::hear_model() {
  model::State state = model::initial(session_.config);
  model::Outcome outcome;
  std::map<std::pair<ConnName, std::uint32_t>, std::size_t> latest;
  std::size_t packet = 0, last = 0;
  std::optional<std::size_t> handled;
  for (std::size_t e = 0; e < session_.events.size(); ++e) {
    const Event& event = session_.events[e];
    if (const auto index = session_.message_of[e]) {
      const CapturedMessage& m = session_.capture.messages[*index];
      packet = m.packet;
      last = *index;
      latest[{session_.conns[m.connection], xid_of_message(m.bytes)}] = *index;
      handled = index;
    } else if (!std::holds_alternative<event::Loop>(event.body)) {
      handled.reset();
    }
    outcome = {};
    model::step(state, event, {}, outcome);
    if (handled) exchanges_[*handled].clauses |= outcome.clauses;
    for (const Observation& o : outcome.observations) {
      const auto* send = std::get_if<observation::Send>(&o);
      if (!send || send->conn == session_.earlier_conn) continue;
      Records records;
      append_records(send->bytes, records);
      if (is_asynchronous(send->bytes)) {
        for (ReplyRecord& r : records) {
          model_[{send->conn, r.kind}].push_back({std::move(r), e, packet, outcome.clauses, last});
        }
        continue;
      }
      const auto request = latest.find({send->conn, xid_of_message(send->bytes)});
      if (request == latest.end()) continue;  // its inactivity probe
      exchanges_[request->second].model_answers = true;
      Records& to = exchanges_[request->second].model;
      to.insert(to.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
    }
  }
}

void SessionJudge::compare(std::size_t message, Exchange& exchange) {
  ReplyCounts& counts = report_.replies;
  const CapturedMessage& m = session_.capture.messages[message];
  ++counts.requests;
  const bool settled = is_settled(m.connection, message, m.time_us);
  const auto leave = [&](std::string_view why) {
    ++counts.unjudged;
    excuse_once(why);
  };
  if (const auto why = session_.ruled_out.find(message); why != session_.ruled_out.end()) return leave(why->second);
  if (!exchange.switch_answers && !settled) return leave(kEnds);
  if (!exchange.ended && !settled) return leave(kEnds);
  if (!exchange.model_answers && !exchange.switch_answers) {
    ++counts.silent;
    report_.compared |= exchange.clauses;
    return;
  }
  const std::string request = request_text(m.bytes);
  const std::string about = fmt::format("{} {}", print_conn(session_.conns[m.connection]), short_text(request));
  Outcome outcome =
      compare_lists(unknown_at(message), std::move(exchange.model), std::move(exchange.on_switch), request);
  SessionProblem found{m.packet, about, std::move(outcome.differences), {}, exchange.clauses, {}};
  if (!exchange.ended) {
    found.note = "the last part of the reply says that more come, and none does";
    found.accused.set(clause("STAT-2"));
  } else if (found.differences.empty() && exchange.model_answers != exchange.switch_answers && !outcome.covered &&
             !outcome.excused) {
    found.note = fmt::format("only the {} answers, with an empty list", exchange.model_answers ? "model" : "switch");
    found.accused.set(clause("STAT-1"));
  }
  if (!found.note.empty() || !found.differences.empty()) {
    ++counts.differing;
    return problem(std::move(found));
  }
  if (outcome.excused && !outcome.compared) {
    ++counts.unjudged;
    return;
  }
  ++(outcome.covered ? counts.covered : counts.equal);
  report_.compared |= exchange.clauses;
}

void SessionJudge::compare_pair(const Unknown& unknown, const RecordPair& pair, std::string_view request, Outcome& out,
                                std::vector<RecordPair>& alone) {
  if (!pair.model || !pair.on_switch) {
    const bool more = !pair.model;
    const ReplyRecord& record = more ? *pair.on_switch : *pair.model;
    for (const ReplyField& f : record.fields) {
      const How side = more ? How::only_switch : How::only_model;
      if (!known_.cover_only(side, record.kind, f.name, f.value, request)) continue;
      out.covered = out.compared = true;
      return;
    }
    const std::string_view why = more ? excuse_for_more(unknown, record) : excuse_for_less(unknown, record);
    if (why.empty()) return alone.push_back(pair);
    out.excused = true;
    return excuse_once(why);
  }
  const ReplyRecord &model = *pair.model, &real = *pair.on_switch;
  out.compared = true;
  if (model.fields.size() != real.fields.size()) return alone.push_back(pair);
  const bool earlier = earlier_flow(model);
  Unknown its = unknown;
  its.frames = its.frames || earlier;  // what it counted before
  for (std::size_t i = 0; i < model.fields.size(); ++i) {
    const ReplyField &m = model.fields[i], &r = real.fields[i];
    if (m == r) continue;
    if (m.name == r.name && known_.cover(model.kind, m.name, m.value, r.value, request)) {
      out.covered = true;
    } else if (const auto why = excuse(its, model, m.name, m.value, r.value); !why.empty()) {
      out.excused = true;
      excuse_once(why);
    } else {
      out.differences.push_back({std::string(model.kind), model.name, std::string(m.name), m.value, r.value});
    }
  }
  if (!model.duration_ms || !real.duration_ms) return;
  const std::uint64_t a = *model.duration_ms, b = *real.duration_ms;
  if (std::max(a, b) - std::min(a, b) <= kDurationTolerance_ms || (earlier && b > a)) return;
  out.differences.push_back(
      {std::string(model.kind), model.name, "duration", fmt::format("{} ms", a), fmt::format("{} ms", b)});
}

SessionJudge::Outcome SessionJudge::compare_lists(const Unknown& unknown, Records model, Records on_switch,
                                                  std::string_view request) {
  Outcome out;
  out.compared = model.empty() && on_switch.empty();
  std::vector<RecordPair> alone;
  for (const RecordPair& pair : pair_records(std::move(model), std::move(on_switch))) {
    compare_pair(unknown, pair, request, out, alone);
  }
  for (ReplyDifference& d : joined(std::move(alone))) out.differences.push_back(std::move(d));
  return out;
}

bool SessionJudge::earlier_flow(const ReplyRecord& record) const {
  return !session_.earlier.empty() && session_.earlier.contains(identity_of(record, false));
}

// A message that is broken off, a reply that is none: seen on the stream.
void SessionJudge::check_broken() {
  for (std::size_t i = 0; i < session_.capture.connections.size(); ++i) {
    const CapturedConnection& c = session_.capture.connections[i];
    if (c.switch_broke) {
      problem({c.switch_broke->packet,
               print_conn(session_.conns[i]),
               {},
               "the switch sends " + c.switch_broke->why,
               {},
               {}});
    }
  }
}

void SessionJudge::check_uses() {
  for (const KnownDifference& d : known_.entries()) {
    if (d.used == d.times) continue;
    problem({0,
             {},
             {},
             fmt::format("{}.differences:{}: '{}' was seen {} times instead of {}", session_.name, d.line, d.label,
                         d.used, d.times),
             {},
             {}});
  }
}

}  // namespace oftwin::harness
