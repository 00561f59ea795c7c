#include "harness/live/judge.h"

#include <algorithm>

#include "harness/live/compare_records.h"
#include "harness/live/judge_parts.h"
#include "harness/live/scenario.h"
#include "harness/print.h"
#include "harness/reply_freedoms.h"
#include "harness/report.h"
#include "harness/request.h"
#include "harness/session.h"
#include "harness/session_reply.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

std::string request_text(ByteView message) {
  const auto request = decode_request(message);
  return request ? print_request(*request) : "bytes " + print_bytes(message);
}

bool is_flow_removed(ByteView m) {
  return m[1] == OFPT_FLOW_REMOVED ||
         (m[1] == OFPT_VENDOR && m.size() >= 16 && m[15] == NXT_FLOW_REMOVED && m[10] == 0x23 && m[11] == 0x20);
}

bool is_flow_mod(ByteView message) {
  if (message[1] == OFPT_FLOW_MOD) return true;
  return message[1] == OFPT_VENDOR && message.size() >= wire::vendor_msg::nicira_size && message[15] == NXT_FLOW_MOD;
}

// Only then is there a choice of the order in which a request touches rules, or of the rule that a packet meets.
bool has_several(const model::State& state) {
  std::size_t rules = 0;
  for (const model::Table& table : state.tables) rules += table.rules.size();
  return rules > 1;
}
bool has_equals(const model::State& state) {
  return std::any_of(state.tables.begin(), state.tables.end(), [](const model::Table& table) {
    for (auto a = table.rules.begin(); a != table.rules.end(); ++a) {
      if (std::any_of(a + 1, table.rules.end(), [&](const model::Rule& b) { return a->priority == b.priority; }))
        return true;
    }
    return false;
  });
}

}  // namespace

Records records_of(const Messages& messages) {
  Records out;
  for (const Bytes& m : messages) append_records(m, out);
  return out;
}

Wanted wanted_of(const model::Outcome& outcome) {
  Wanted out;
  for (const Observation& o : outcome.observations) {
    if (const auto* tx = std::get_if<observation::PacketTx>(&o)) out.frames[tx->port].push_back(tx->frame);
    const auto* send = std::get_if<observation::Send>(&o);
    if (!send) continue;
    const std::uint8_t type = send->bytes[1];
    if (type == OFPT_PACKET_IN) {
      out.packet_ins[send->conn].push_back(send->bytes);
    } else if (is_flow_removed(send->bytes)) {
      out.flow_removed[send->conn].push_back(send->bytes);
    } else if (type == OFPT_PORT_STATUS) {
      out.port_status[send->conn].push_back(send->bytes);
    } else {
      out.replies.push_back(send->bytes);
    }
  }
  return out;
}

bool Judge::compare_lists(Records model, Records real) {
  const auto difference =
      first_difference(std::move(model), std::move(real), kDurationTolerance_ms + heard_.elapsed_ms);
  if (!difference) return true;
  differs(difference->kind, difference->what);
  return false;
}

bool Judge::compare_replies(const Asked& asked, const Wanted& wanted, const Memory& memory, std::size_t at) {
  const Messages& got = heard_.replies[at];
  const Uses before = used_;
  Records records = records_of(wanted.replies);
  if (ledger_.dialect() && asked.is_read())
    ledger_.dialect()->amend(asked, records, in_force(), [&](std::string_view r) { ++used_[std::string(r)]; });
  ledger_.amend(records, ledger_.has_values() ? request_text(asked.message) : std::string(),
                [&](std::string_view r) { ++used_[std::string(r)]; });
  if (used_ == before && wanted.replies == got) return true;
  Records real = records_of(got);
  subtract_baseline(real, baseline_);
  if (memory.ports_are_open) {
    leave_ports_open(records);
    if (leave_ports_open(real)) ++out_.open[std::string(ledger_.dialect()->opens_ports)];
  }
  follow_freedoms(records, real, asked.message);
  return compare_lists(std::move(records), std::move(real));
}

// Takes away what ports have sent; whether there was any.
bool Judge::leave_ports_open(Records& records) {
  bool any = false;
  for (ReplyRecord& r : records) {
    if (r.kind != "port_stats") continue;
    any = true;
    std::erase_if(r.fields, [](const ReplyField& f) { return f.name == "tx_packets" || f.name == "tx_bytes"; });
  }
  return any;
}

bool Judge::compare(const Asked& asked, Branch& branch, const Wanted& wanted, std::size_t at) {
  const bool replies = compare_replies(asked, wanted, branch.memory, at);
  return compare_unasked(branch, wanted, at) && replies;
}

// One state of the model through one message or frame.
Judge::Follow Judge::follow(Branch& branch, const Event& event, std::size_t at, ClauseSet& clauses) {
  if (std::holds_alternative<event::PacketArrives>(event.body)) return follow_frame(branch, event, at, clauses);
  // The reading looks at the state before; what it needs of that is in what it returns.
  const model::State* before = &branch.state;
  const Memory memory = branch.memory;
  const Asked asked{message_of(event), *before, memory, choices_.choices(), std::get<event::Recv>(event.body).conn,
                    accepted_};
  const bool port_mod = asked.message[1] == OFPT_PORT_MOD;
  const std::vector<model::Port> ports = port_mod ? branch.state.ports : std::vector<model::Port>{};
  const std::vector<model::Rule> told = told_otherwise(branch.state);
  const auto taken = take(asked);
  if (taken && taken->instead.how == Instead::How::leaves) {
    leave(taken->reading);
    return Follow::leaves;
  }
  const model::Outcome outcome = advance(branch, event, taken);
  clauses |= outcome.clauses;
  if (taken && taken->instead.how == Instead::How::answers) return Follow::agrees;
  if (frames_unknown(branch)) {
    leave(ledger_.dialect()->opens_ports);
    return Follow::leaves;
  }
  Wanted wanted = wanted_of(outcome);
  if (port_mod) tell_port_mod(asked.conn, ports, branch, wanted);
  forget_deaf(branch.state, wanted);
  tell_removals(told, branch.state, wanted);
  return compare(asked, branch, wanted, at) ? Follow::agrees : Follow::differs;
}

// Two answers can lead to the same. from: where to look.
bool is_among(const Branch& branch, const std::vector<Branch>& branches, std::size_t from) {
  return std::any_of(branches.begin() + static_cast<std::ptrdiff_t>(from), branches.end(), [&](const Branch& b) {
    return b.habits == branch.habits && b.memory == branch.memory && b.read == branch.read && b.state == branch.state;
  });
}

// Adds to `left` all that a branch can become by this message and what the switch said. `branch` is `before`, which is
// needed only if there is a choice. False: the scenario cannot be followed any further.
bool Judge::follow_all(Branch branch, const Branch& before, const Event& event, std::size_t at,
                       std::vector<Branch>& left, ClauseSet& clauses, Uses& used) {
  choices_.begin_message();
  const std::size_t others = left.size();  // of other branches
  std::size_t tries = 0;
  do {
    Branch here = choices_.chose() ? before : std::move(branch);
    used_.clear();
    switch (follow(here, event, at, clauses)) {
      case Follow::leaves:
        return false;
      case Follow::agrees:
        here.habits = choices_.habits();
        if (!is_among(here, left, others)) left.push_back(std::move(here));
        used = used_;
        break;
      case Follow::differs:
        break;
    }
    if (left.size() > kMostStates || ++tries > kMostTries) {
      leave("undecided");
      return false;
    }
  } while (choices_.next());
  return true;
}

Judgement Judge::judge() {
  for (std::size_t at = 0; at < scenario_.events.size(); ++at) {
    const Event& event = scenario_.events[at];
    if (std::holds_alternative<event::Loop>(event.body)) continue;
    if (std::holds_alternative<event::Clock>(event.body)) {
      if (wait(at)) continue;
      leave("time-is-open");
      return out_;
    }
    const bool arrives = std::holds_alternative<event::PacketArrives>(event.body);
    if (!arrives && !std::holds_alternative<event::Recv>(event.body)) {
      come_or_go(at);
      continue;
    }
    std::vector<Branch> left;
    ClauseSet clauses;
    kind_.clear();
    Uses used;
    for (Branch& branch : branches_) {
      const std::size_t agreed = left.size();
      const bool orders = !arrives && is_flow_mod(message_of(event));
      const bool looks_up = arrives || message_of(event)[1] == OFPT_PACKET_OUT;
      const bool chooses = looks_up ? has_equals(branch.state) : orders && has_several(branch.state);
      const Branch before = branch;
      if (!follow_all(std::move(branch), before, event, at, left, clauses, used)) return out_;
      if (left.size() > agreed || !orders || !chooses) continue;
      choices_.any_order(true);
      const bool followed = follow_all(Branch{before}, before, event, at, left, clauses, used);
      choices_.any_order(false);
      if (!followed) return out_;
    }
    if (left.empty()) {
      Divergence here;
      here.clauses = clauses;
      here.earlier = out_.clauses;
      out_.difference = Difference{at, what_, kind_, suspects(scenario_.config, here), false};
      return out_;
    }
    out_.clauses |= clauses;
    branches_ = std::move(left);
    out_.states = std::max<std::uint64_t>(out_.states, branches_.size());
    for (const auto& [reading, times] : used) out_.used[reading] += times;
    ++out_.messages;
    out_.replies += heard_.replies[at].size();
  }
  kind_.clear();
  std::size_t where = scenario_.events.size();
  std::vector<Branch> left;
  for (Branch& branch : branches_) {
    if (reset(branch) && !leftovers(branch) && !frames_left_over(branch) && compare_removals(branch, where))
      left.push_back(std::move(branch));
  }
  branches_ = std::move(left);
  if (branches_.empty()) out_.difference = Difference{where, what_, kind_, {}, missing_};
  if (heard_.packet_ins_mixed && !out_.difference) {
    out_.difference = Difference{scenario_.events.size(), "packet-ins are missing", "only model packet_in", {}, false};
  }
  if (!heard_.oddities.empty() && !out_.difference) {
    out_.difference = Difference{scenario_.events.size(), heard_.oddities.front(), "oddity", {}, false};
  }
  return out_;
}

Judgement judge(const Trace& scenario, const Heard& heard, const Ledger& ledger) {
  return Judge(scenario, heard, ledger).judge();
}

}  // namespace oftwin::harness::live
