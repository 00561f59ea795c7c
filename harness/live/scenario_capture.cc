#include "harness/live/scenario_capture.h"

#include <algorithm>
#include <map>
#include <set>

#include "harness/live/scenario.h"
#include "harness/request.h"
#include "harness/trace_text.h"

namespace oftwin::harness::live {

namespace {

bool has_timeout(const Event& e) {
  const auto* recv = std::get_if<event::Recv>(&e.body);
  const auto request = recv ? decode_request(recv->bytes) : std::nullopt;
  const auto* plain = request ? std::get_if<request::FlowMod>(&*request) : nullptr;
  const auto* nicira = request ? std::get_if<request::NxFlowMod>(&*request) : nullptr;
  return (plain && (plain->idle_timeout != 0 || plain->hard_timeout != 0)) ||
         (nicira && (nicira->idle_timeout != 0 || nicira->hard_timeout != 0));
}

// Names by which connections that are not open together are one.
class Names {
 public:
  explicit Names(const std::vector<ConnName>& open_at_first) {
    for (const ConnName conn : open_at_first) open(conn);
  }
  void open(ConnName conn) {
    std::uint16_t number = 1;
    while (taken_.contains(number)) ++number;
    taken_.insert(number);
    name_[conn] = {ConnKind::primary, number};
  }
  void close(ConnName conn) {
    if (const auto at = name_.find(conn); at != name_.end()) taken_.erase(at->second.number);
  }
  bool knows(ConnName conn) const { return name_.contains(conn); }
  ConnName of(ConnName conn) {
    if (!name_.contains(conn)) open(conn);
    return name_[conn];
  }

 private:
  std::map<ConnName, ConnName> name_;
  std::set<std::uint16_t> taken_;
};

// The connections that are up at the beginning: those that say something before they are opened.
std::vector<ConnName> open_at_first(const Trace& trace) {
  std::vector<ConnName> out, seen;
  for (const Event& e : trace.events) {
    EventBody body = e.body;
    const ConnName* conn = connection_in(body);
    if (!conn || std::find(seen.begin(), seen.end(), *conn) != seen.end()) continue;
    seen.push_back(*conn);
    if (std::holds_alternative<event::Recv>(body)) out.push_back(*conn);
  }
  return out;
}

}  // namespace

Trace scenario_of_capture(Trace captured, bool reconnects) {
  const bool timed = std::any_of(captured.events.begin(), captured.events.end(), has_timeout);
  Names names(open_at_first(captured));
  std::vector<Event> events;
  for (Event& e : captured.events) {
    ConnName* conn = connection_in(e.body);
    if (conn) {
      const ConnName old = *conn;
      if (std::holds_alternative<event::ConnClose>(e.body) && !names.knows(old)) continue;
      if (std::holds_alternative<event::ConnOpen>(e.body)) names.open(old);
      *conn = names.of(old);
      if (std::holds_alternative<event::ConnClose>(e.body)) names.close(old);
    }
    const bool comes_or_goes = conn && !std::holds_alternative<event::Recv>(e.body);
    const bool kept = conn ? reconnects || !comes_or_goes : timed && std::holds_alternative<event::Clock>(e.body);
    if (!kept) continue;
    events.push_back(std::move(e));
    events.push_back({0, event::Loop{0}});
  }
  captured.events = std::move(events);
  captured.config.connections = open_at_first(captured);
  make_blocks(captured);
  return captured;
}

}  // namespace oftwin::harness::live
