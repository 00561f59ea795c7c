#include "harness/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>

#include "harness/print.h"
#include "harness/report.h"
#include "harness/session_reply.h"
#include "harness/spelling.h"
#include "model/step.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

namespace fs = std::filesystem;
using How = KnownDifference::How;
using Records = std::vector<ReplyRecord>;

std::uint32_t xid_of_message(ByteView m) {
  return static_cast<std::uint32_t>(m[4]) << 24 | static_cast<std::uint32_t>(m[5]) << 16 |
         static_cast<std::uint32_t>(m[6]) << 8 | m[7];
}

std::string request_text(ByteView message) {
  const auto request = decode_request(message);
  return request ? print_request(*request) : "bytes " + print_bytes(message);
}

// Both sides' answers to one controller message.
struct Exchange {
  std::size_t message = 0;  // into Capture::messages
  Records model, real;
};

// What one side sends of its own accord on one connection, by kind; `batch` tells what came out of the same event.
struct Unasked {
  ReplyRecord record;
  std::size_t batch = 0;
  std::size_t packet = 0;
};
using UnaskedQueues = std::map<std::pair<ConnName, std::string_view>, std::deque<Unasked>>;

class Judge {
 public:
  Judge(const Session& session, KnownDifferences& known, SessionReport& report)
      : session_(session), known_(known), report_(report) {}

  void judge() {
    hear_real_switch();
    hear_model();
    for (auto& [index, exchange] : exchanges_) compare(exchange);
    compare_unasked();
    check_uses();
  }

 private:
  using Latest = std::map<std::pair<ConnName, std::uint32_t>, std::size_t>;

  void hear_real_switch();
  void hear_model();
  void compare(Exchange& exchange);
  void compare_unasked();
  void check_uses();
  bool same(const ReplyRecord& model, const ReplyRecord& real, std::string_view request, bool& covered,
            std::string& why);
  bool only(How side, const ReplyRecord& record, std::string_view request, bool& covered, std::string& why);
  bool same_list(Records& model, Records& real, std::string_view request, bool& covered, std::string& why);
  void problem(std::size_t packet, std::string_view about, std::string_view what) {
    report_.problems.push_back(fmt::format("packet {}: {}: {}", packet, about, what));
  }

  const Session& session_;
  KnownDifferences& known_;
  SessionReport& report_;
  std::map<std::size_t, Exchange> exchanges_;  // by message
  UnaskedQueues model_, real_;
};

void Judge::hear_real_switch() {
  Latest latest;
  std::vector<bool> greeted(session_.capture.connections.size(), false);
  for (const auto& index : session_.message_of) {
    if (index) exchanges_[*index].message = *index;  // a controller's HELLO is no event
  }
  for (std::size_t i = 0; i < session_.capture.messages.size(); ++i) {
    const CapturedMessage& m = session_.capture.messages[i];
    const ConnName conn = session_.conns[m.connection];
    if (!m.from_switch) {
      if (exchanges_.contains(i)) latest[{conn, m.bytes.size() < 8 ? 0 : xid_of_message(m.bytes)}] = i;
      continue;
    }
    const std::uint8_t type = m.bytes[1];
    if (type == OFPT_HELLO && !greeted[m.connection]) {
      greeted[m.connection] = true;
      continue;
    }
    if (type == OFPT_ECHO_REQUEST) continue;  // its inactivity probe
    Records records;
    append_records(m.bytes, records);
    if (is_asynchronous(m.bytes)) {
      for (ReplyRecord& r : records) real_[{conn, r.kind}].push_back({std::move(r), 0, m.packet});
      continue;
    }
    const auto request = latest.find({conn, xid_of_message(m.bytes)});
    if (request == latest.end()) {
      problem(m.packet, print_conn(conn), "a reply to nothing: " + request_text(m.bytes));
      continue;
    }
    Records& to = exchanges_[request->second].real;
    to.insert(to.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
  }
}

void Judge::hear_model() {
  model::State state = model::initial(session_.config);
  model::Outcome outcome;
  Latest latest;
  std::size_t packet = 0;
  for (std::size_t e = 0; e < session_.events.size(); ++e) {
    if (const auto index = session_.message_of[e]) {
      const CapturedMessage& m = session_.capture.messages[*index];
      packet = m.packet;
      latest[{session_.conns[m.connection], m.bytes.size() < 8 ? 0 : xid_of_message(m.bytes)}] = *index;
    }
    outcome.observations.clear();
    model::step(state, session_.events[e], {}, outcome);
    for (const Observation& o : outcome.observations) {
      const auto* send = std::get_if<observation::Send>(&o);
      if (!send) continue;
      Records records;
      append_records(send->bytes, records);
      if (is_asynchronous(send->bytes)) {
        for (ReplyRecord& r : records) model_[{send->conn, r.kind}].push_back({std::move(r), e, packet});
        continue;
      }
      const auto request = latest.find({send->conn, xid_of_message(send->bytes)});
      if (request == latest.end()) {
        problem(packet, print_conn(send->conn), "the model answers nothing: " + print_record(records[0]));
        continue;
      }
      Records& to = exchanges_[request->second].model;
      to.insert(to.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
    }
  }
}

// `covered` becomes true when a known difference was needed; `why` tells what is not known.
bool Judge::same(const ReplyRecord& model, const ReplyRecord& real, std::string_view request, bool& covered,
                 std::string& why) {
  const bool alike = model.kind == real.kind && model.fields.size() == real.fields.size() &&
                     model.duration_ms.has_value() == real.duration_ms.has_value();
  if (!alike) {
    why = fmt::format("model {} | switch {}", print_record(model), print_record(real));
    return false;
  }
  bool all = true;
  for (std::size_t i = 0; i < model.fields.size(); ++i) {
    const ReplyField &m = model.fields[i], &r = real.fields[i];
    if (m == r) continue;
    if (m.name == r.name && known_.cover(model.kind, m.name, m.value, r.value, request)) {
      covered = true;
      continue;
    }
    all = false;
    why += fmt::format("{}.{}: model {}={} | switch {}={} ", model.kind, m.name, m.name, m.value, r.name, r.value);
  }
  if (model.duration_ms) {
    const std::uint64_t a = *model.duration_ms, b = *real.duration_ms;
    if (std::max(a, b) - std::min(a, b) > kDurationTolerance_ms) {
      all = false;
      why += fmt::format("{}: duration: model {} ms | switch {} ms ", model.kind, a, b);
    }
  }
  return all;
}

bool Judge::only(How side, const ReplyRecord& record, std::string_view request, bool& covered, std::string& why) {
  for (const ReplyField& f : record.fields) {
    if (!known_.cover_only(side, record.kind, f.name, f.value, request)) continue;
    covered = true;
    return true;
  }
  why += fmt::format("only the {} sends {} ", side == How::only_model ? "model" : "switch", print_record(record));
  return false;
}

bool Judge::same_list(Records& model, Records& real, std::string_view request, bool& covered, std::string& why) {
  sort_records(model);
  sort_records(real);
  const auto same_kinds = [](const ReplyRecord& a, const ReplyRecord& b) { return a.kind == b.kind; };
  bool all = true;
  if (model.size() == real.size() && std::equal(model.begin(), model.end(), real.begin(), same_kinds)) {
    for (std::size_t i = 0; i < model.size(); ++i) all = same(model[i], real[i], request, covered, why) && all;
    return all;
  }
  // Different in number: what is equal on both sides goes, the rest stands alone.
  const auto equal_fields = [](const ReplyRecord& a) {
    return [&a](const ReplyRecord& b) { return a.kind == b.kind && a.fields == b.fields; };
  };
  for (auto m = model.begin(); m != model.end();) {
    const auto r = std::find_if(real.begin(), real.end(), equal_fields(*m));
    if (r == real.end()) {
      ++m;
    } else {
      real.erase(r);
      m = model.erase(m);
    }
  }
  for (const ReplyRecord& m : model) all = only(How::only_model, m, request, covered, why) && all;
  for (const ReplyRecord& r : real) all = only(How::only_switch, r, request, covered, why) && all;
  return all;
}

void Judge::compare(Exchange& exchange) {
  ReplyCounts& counts = report_.replies;
  ++counts.requests;
  if (exchange.model.empty() && exchange.real.empty()) {
    ++counts.silent;
    return;
  }
  const CapturedMessage& m = session_.capture.messages[exchange.message];
  const std::string request = request_text(m.bytes);
  bool covered = false;
  std::string why;
  if (!same_list(exchange.model, exchange.real, request, covered, why)) {
    ++counts.differing;
    problem(m.packet, print_conn(session_.conns[m.connection]) + " " + request, why);
  } else {
    ++(covered ? counts.covered : counts.equal);
  }
}

// What the model sends because of one event may come in any order from the switch.
void Judge::compare_unasked() {
  for (auto& [key, wanted] : model_) {
    std::deque<Unasked>& got = real_[key];
    while (!wanted.empty()) {
      const std::size_t batch = wanted.front().batch, packet = wanted.front().packet;
      Records model, real;
      for (; !wanted.empty() && wanted.front().batch == batch; wanted.pop_front()) {
        model.push_back(std::move(wanted.front().record));
        if (got.empty()) continue;
        real.push_back(std::move(got.front().record));
        got.pop_front();
      }
      bool covered = false;
      std::string why;
      const std::size_t n = model.size();
      if (!same_list(model, real, {}, covered, why)) {
        problem(packet, print_conn(key.first) + " unasked", why);
      } else {
        report_.replies.asynchronous += covered ? 0 : n;
      }
    }
  }
  for (auto& [key, rest] : real_) {
    for (const Unasked& u : rest) {
      bool covered = false;
      std::string why;
      if (!only(How::only_switch, u.record, {}, covered, why)) {
        problem(u.packet, print_conn(key.first) + " unasked", why);
      }
    }
  }
}

void Judge::check_uses() {
  for (const KnownDifference& d : known_.entries()) {
    if (d.used == d.times) continue;
    report_.problems.push_back(fmt::format("{}.differences:{}: '{}' was seen {} times instead of {}", session_.name,
                                           d.line, d.label, d.used, d.times));
  }
}

}  // namespace

ReplyCounts& ReplyCounts::operator+=(const ReplyCounts& other) {
  requests += other.requests;
  equal += other.equal;
  silent += other.silent;
  covered += other.covered;
  differing += other.differing;
  asynchronous += other.asynchronous;
  return *this;
}

SessionReport check_session(const std::string& path, Subject& subject) {
  const Session session = read_session(path);
  KnownDifferences known = KnownDifferences::read(fs::path(path).replace_extension(".differences").string());

  SessionReport report;
  report.name = session.name;
  report.subject = subject.name();
  report.connections = session.capture.connections.size();
  report.frames = session.frames;
  report.provider = session.config.provider;
  report.trace = trace_of(session);
  Lockstep lockstep(subject, {});
  report.divergence = lockstep.run(session.config, session.events);
  report.stats = lockstep.stats();
  Judge(session, known, report).judge();
  report.known = known.entries();
  return report;
}

std::vector<std::string> find_sessions(const std::string& folder) {
  std::vector<std::string> out;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string ending = entry.path().extension().string();
    if (entry.is_regular_file() && (ending == ".pcap" || ending == ".pcapng")) out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string print_session(const SessionReport& report) {
  const ReplyCounts& c = report.replies;
  std::string out = fmt::format(
      "{}: {} messages judged on both sides ({} connections, {} frames); real switch: {} answered alike, {} by "
      "neither, "
      "{} unasked alike, {} with known differences\n",
      report.name, report.stats.messages, report.connections, report.frames, c.equal, c.silent, c.asynchronous,
      c.covered);
  for (const KnownDifference& d : report.known) {
    out += fmt::format("  {:5} x {} ({}): {}\n", d.used, d.label, d.clause, d.reason);
  }
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(kShown, report.problems.size()); ++i) {
    out += fmt::format("  DIFFERS {}\n", report.problems[i]);
  }
  if (report.problems.size() > kShown) out += fmt::format("  and {} more\n", report.problems.size() - kShown);
  if (report.divergence) {
    out += fmt::format("  {} differs from the model:\n{}", report.subject,
                       print_difference(*report.divergence, report.trace.events));
  }
  return out;
}

}  // namespace oftwin::harness
