// What the switch of a captured session sends of its own accord.
#include <algorithm>
#include <array>

#include "harness/print.h"
#include "harness/session_judge.h"

namespace oftwin::harness {

// Whether the switch may send more of a kind than the model does, so that one cannot be told from another by its place.
bool SessionJudge::loose(std::string_view kind) const {
  if (kind == "packet_in") return !session_.frames_known;
  if (kind == "port_status") return !session_.ports_known;
  return known_from_packet_ > 0 || !session_.earlier.empty();
}

// Takes the one that is most like this one: the same flow; or equal in all fields, or if there is none such in all but
// the frame. What stands before it is left.
void SessionJudge::pick(std::deque<Unasked>& got, const ReplyRecord& like, Records& out) {
  const bool flow = like.kind == "flow_removed" || like.kind == "nx_flow_removed";
  const auto same = [&](const Unasked& u) {
    return flow ? identity_of(u.record) == identity_of(like) : u.record == like;
  };
  const auto alike = [&](const Unasked& u) {
    ReplyRecord with_its_frame = u.record;
    if (!with_its_frame.fields.empty() && !like.fields.empty()) with_its_frame.fields.back() = like.fields.back();
    return like.kind == "packet_in" && with_its_frame == like;
  };
  auto at = std::find_if(got.begin(), got.end(), same);
  if (at == got.end()) at = std::find_if(got.begin(), got.end(), alike);
  if (at == got.end()) return;
  out.push_back(std::move(at->record));
  got.erase(at);
}

// What the model sends because of one event may come in any order from the switch.
void SessionJudge::compare_batch(ConnName conn, std::deque<Unasked>& wanted, std::deque<Unasked>& got) {
  const Unasked first = wanted.front();
  Records model, on_switch;
  for (; !wanted.empty() && wanted.front().batch == first.batch; wanted.pop_front()) {
    if (loose(wanted.front().record.kind)) {
      pick(got, wanted.front().record, on_switch);
    } else if (!got.empty()) {
      on_switch.push_back(std::move(got.front().record));
      got.pop_front();
    }
    model.push_back(std::move(wanted.front().record));
  }
  // Where the capture ends before all of it has come.
  const auto conn_at = std::find(session_.conns.rbegin(), session_.conns.rend(), conn);
  const auto connection = static_cast<std::size_t>(session_.conns.rend() - conn_at) - 1;
  if (on_switch.size() < model.size() &&
      !is_settled(connection, first.message, session_.capture.messages[first.message].time_us)) {
    return excuse_once("the capture ends before the answer");
  }
  const std::size_t n = model.size();
  Unknown unknown;
  unknown.frames = !session_.frames_known;
  unknown.flows = first.packet < known_from_packet_;
  unknown.ports = !session_.ports_known;
  unknown.timeouts = session_.may_time_out_ms.has_value();
  Outcome outcome = compare_lists(unknown, std::move(model), std::move(on_switch), {});
  if (outcome.differences.empty()) {
    report_.replies.asynchronous += outcome.covered ? 0 : n;
    if (outcome.compared) report_.compared |= first.clauses;
    return;
  }
  problem({first.packet, print_conn(conn) + " unasked", std::move(outcome.differences), {}, first.clauses, {}});
}

void SessionJudge::leftover(ConnName conn, const Unasked& u) {
  for (const ReplyField& f : u.record.fields) {
    if (known_.cover_only(KnownDifference::How::only_switch, u.record.kind, f.name, f.value, {})) return;
  }
  Unknown unknown;
  unknown.frames = !session_.frames_known;
  unknown.flows = u.packet <= known_from_packet_ || earlier_flow(u.record);
  unknown.ports = !session_.ports_known;
  if (const auto why = excuse_for_more(unknown, u.record); !why.empty()) return excuse_once(why);
  problem({u.packet, print_conn(conn) + " unasked", {whole_record(u.record, false)}, {}, {}, {}});
}

void SessionJudge::compare_unasked() {
  for (auto& [key, wanted] : model_) {
    while (!wanted.empty()) compare_batch(key.first, wanted, switch_[key]);
  }
  for (const auto& [key, rest] : switch_) {
    for (const Unasked& u : rest) leftover(key.first, u);
  }
}

}  // namespace oftwin::harness
