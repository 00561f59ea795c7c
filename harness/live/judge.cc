#include "harness/live/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "harness/live/compare_records.h"
#include "harness/live/scenario.h"
#include "harness/live/script.h"
#include "harness/print.h"
#include "harness/report.h"
#include "harness/request.h"
#include "harness/session.h"
#include "harness/session_reply.h"
#include "model/encode.h"
#include "model/step.h"
#include "spec/nicira.h"
#include "spec/openflow.h"
namespace oftwin::harness::live {
namespace {

using Messages = std::vector<Bytes>;
using Uses = std::map<std::string, std::uint64_t, std::less<>>;

std::string request_text(ByteView message) {
  const auto request = decode_request(message);
  return request ? print_request(*request) : "bytes " + print_bytes(message);
}

bool is_flow_removed(ByteView m) {
  return m[1] == OFPT_FLOW_REMOVED ||
         (m[1] == OFPT_VENDOR && m.size() >= 16 && m[15] == NXT_FLOW_REMOVED && m[10] == 0x23 && m[11] == 0x20);
}

Records records_of(const Messages& messages) {
  Records out;
  for (const Bytes& m : messages) append_records(m, out);
  return out;
}

// What one event lets out, in the model's words.
struct Wanted {
  Messages replies;
  std::map<ConnName, Messages> packet_ins, flow_removed, port_status;
};

// A flow-removed message and the event that caused it.
struct Removal {
  Bytes message;
  std::size_t event = 0;
};

Wanted wanted_of(const model::Outcome& outcome) {
  Wanted out;
  for (const Observation& o : outcome.observations) {
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

// How far one state of the model has read what the switch sent of its own accord.
struct Read {
  std::size_t packet_ins = 0, port_status = 0;
};
struct Branch {
  model::State state;
  std::map<ConnName, Read> read;
  std::map<ConnName, std::vector<Removal>> removals;
};

// A switch may look for rules to expire only now and then, and a message takes its time.
constexpr std::uint64_t kResolution_ms = 1600, kSlack_ms = 200;

// No rule's end is so near to the time `passed_ms` from now that it may or may not have come.
bool all_settled(const model::State& state, std::uint64_t passed_ms, std::uint64_t resolution_ms,
                 std::uint64_t slack_ms) {
  const std::uint64_t now = state.now_ms + passed_ms;
  const auto open = [&](std::uint64_t since, std::uint16_t timeout_s) {
    const std::uint64_t end = since + std::uint64_t{1000} * timeout_s;
    return timeout_s != 0 && end + resolution_ms > now && end < now + slack_ms;
  };
  return std::all_of(state.tables.begin(), state.tables.end(), [&](const model::Table& table) {
    return std::none_of(table.rules.begin(), table.rules.end(), [&](const model::Rule& r) {
      return open(r.created_ms, r.hard_timeout) || open(r.used_ms, r.idle_timeout);
    });
  });
}

bool is_flow_mod(ByteView message) {
  if (message[1] == OFPT_FLOW_MOD) return true;
  return message[1] == OFPT_VENDOR && message.size() >= wire::vendor_msg::nicira_size && message[15] == NXT_FLOW_MOD;
}

class Judge {
 public:
  Judge(const Trace& scenario, const Heard& heard, const Ledger& ledger)
      : scenario_(scenario), heard_(heard), ledger_(ledger) {
    baseline_ = records_of(heard.table_baseline);
    for (ReplyRecord& r : records_of(heard.port_baseline)) baseline_.push_back(std::move(r));
    branches_.push_back({model::initial(scenario.config), {}, {}});
  }
  Judgement judge();

 private:
  bool compare_lists(Records model, Records real);
  bool compare_replies(const Asked& asked, const Wanted& wanted, std::size_t at);
  std::optional<Taken> take(const Asked& asked);
  enum class Follow : std::uint8_t { agrees, differs, leaves };
  bool wait(std::size_t at);
  void reset(Branch& branch);
  Follow follow(Branch& branch, const Event& event, std::size_t at, ClauseSet& clauses);
  bool follow_all(Branch branch, const Branch& before, const Event& event, std::size_t at, std::vector<Branch>& left,
                  ClauseSet& clauses, Uses& used);
  void enlarge_packet_ins(const model::State& before, const Event& event, model::Outcome& outcome);
  bool leaves_afterwards(const Asked& asked, const ClauseSet& hit);
  model::Outcome advance(Branch& branch, const Event& event, const std::optional<Taken>& taken);
  bool compare_stream(const Messages& wanted, const std::deque<Bytes>& got, std::size_t& read);
  bool compare(const Asked& asked, Branch& branch, const Wanted& wanted, std::size_t at);
  bool leftovers(const Branch& branch);
  bool compare_removals(const Branch& branch, std::size_t& where);
  void differs(std::string kind, std::string what) {
    if (!kind_.empty()) return;
    kind_ = std::move(kind);
    what_ = std::move(what);
  }
  InForce in_force() const {
    return [this](std::string_view reading) { return ledger_.in_force(reading); };
  }

  const Trace& scenario_;
  const Heard& heard_;
  const Ledger& ledger_;
  std::vector<Branch> branches_;
  Script choices_;
  Uses used_;  // for the message that is being judged
  Judgement out_;
  bool missing_ = false;
  Records baseline_;
  std::string kind_, what_;  // the first difference since they were cleared
};

bool Judge::compare_lists(Records model, Records real) {
  const auto difference =
      first_difference(std::move(model), std::move(real), kDurationTolerance_ms + heard_.elapsed_ms);
  if (!difference) return true;
  differs(difference->kind, difference->what);
  return false;
}

bool Judge::compare_replies(const Asked& asked, const Wanted& wanted, std::size_t at) {
  const Messages& got = heard_.replies[at];
  const Uses before = used_;
  Records records = records_of(wanted.replies);
  if (ledger_.dialect())
    ledger_.dialect()->amend(asked, records, in_force(), [&](std::string_view r) { ++used_[std::string(r)]; });
  ledger_.amend(records, ledger_.has_values() ? request_text(asked.message) : std::string(),
                [&](std::string_view r) { ++used_[std::string(r)]; });
  if (used_ == before && wanted.replies == got) return true;
  Records real = records_of(got);
  subtract_baseline(real, baseline_);
  return compare_lists(std::move(records), std::move(real));
}

std::optional<Taken> Judge::take(const Asked& asked) {
  if (!ledger_.dialect()) return std::nullopt;
  auto taken = ledger_.dialect()->take(asked);
  if (taken && !ledger_.in_force(taken->reading)) return std::nullopt;
  return taken;
}

bool only_this_error(const model::Outcome& outcome, Error error, ByteView message) {
  const Wanted wanted = wanted_of(outcome);
  if (!error) return wanted.replies.empty() && wanted.flow_removed.empty() && wanted.packet_ins.empty();
  return wanted.replies.size() == 1 && wanted.replies[0] == model::encode_error(error, message);
}

// The list with every output to the controller sending all of the packet; whether there is any.
bool enlarge(Bytes& actions) {
  bool any = false;
  for (std::size_t at = 0; at + 8 <= actions.size();) {
    const std::size_t length = std::size_t{actions[at + 2]} << 8 | actions[at + 3];
    if (length < 8) break;
    const bool output = actions[at] == 0 && actions[at + 1] == OFPAT_OUTPUT;
    if (output && actions[at + 4] == 0xff && actions[at + 5] == (OFPP_CONTROLLER & 0xff)) {
      actions[at + 6] = actions[at + 7] = 0xff;
      any = true;
    }
    at += length;
  }
  return any;
}

// The packet-ins as they are when packets go to the controller whole.
void Judge::enlarge_packet_ins(const model::State& before, const Event& event, model::Outcome& outcome) {
  if (!ledger_.dialect() || !ledger_.in_force(ledger_.dialect()->whole_packets)) return;
  const auto is_packet_in = [](const Observation& o) {
    const auto* send = std::get_if<observation::Send>(&o);
    return send && send->bytes[1] == OFPT_PACKET_IN;
  };
  if (std::none_of(outcome.observations.begin(), outcome.observations.end(), is_packet_in)) return;
  model::State state = before;
  for (model::Table& table : state.tables) {
    for (model::Rule& rule : table.rules) enlarge(rule.actions);
  }
  Event whole = event;
  Bytes& message = std::get<event::Recv>(whole.body).bytes;
  const std::size_t length = std::size_t{message[14]} << 8 | message[15], at = wire::packet_out::size;
  Bytes actions(message.begin() + at, message.begin() + static_cast<std::ptrdiff_t>(at + length));
  enlarge(actions);
  std::copy(actions.begin(), actions.end(), message.begin() + at);
  model::Outcome enlarged;
  choices_.again();
  model::step(state, whole, choices_.choices(), enlarged);
  model::step(state, {0, event::Loop{0}}, choices_.choices(), enlarged);
  auto from = enlarged.observations.begin();
  for (Observation& o : outcome.observations) {
    if (!is_packet_in(o)) continue;
    from = std::find_if(from, enlarged.observations.end(), is_packet_in);
    if (from == enlarged.observations.end()) return;
    if (!(o == *from)) ++used_[std::string(ledger_.dialect()->whole_packets)];
    o = *from++;
  }
}

bool Judge::leaves_afterwards(const Asked& asked, const ClauseSet& hit) {
  if (!ledger_.dialect()) return false;
  const auto taken = ledger_.dialect()->afterwards(asked, hit);
  if (!taken || !ledger_.in_force(taken->reading)) return false;
  out_.left = taken->reading;
  ++out_.used[std::string(taken->reading)];
  return true;
}

// What the switch is expected to let out, and the state that it is then in.
model::Outcome Judge::advance(Branch& branch, const Event& event, const std::optional<Taken>& taken) {
  const auto law = [&](model::State& state, const Event& e) {
    model::Outcome outcome;
    model::step(state, e, choices_.choices(), outcome);
    model::step(state, {0, event::Loop{0}}, choices_.choices(), outcome);
    return outcome;
  };
  if (!taken && message_of(event)[1] == OFPT_PACKET_OUT) {
    const model::State before = branch.state;
    model::Outcome outcome = law(branch.state, event);
    enlarge_packet_ins(before, event, outcome);
    return outcome;
  }
  if (!taken) return law(branch.state, event);
  const auto& recv = std::get<event::Recv>(event.body);
  if (taken->instead.how == Instead::How::as) {
    ++used_[std::string(taken->reading)];
    model::Outcome outcome = law(branch.state, {event.id, event::Recv{recv.conn, taken->instead.message}});
    if (taken->instead.then) taken->instead.then(branch.state);
    return outcome;
  }
  // The law may say the same.
  model::State lawful = branch.state;
  model::Outcome outcome = law(lawful, event);
  if (taken->instead.how != Instead::How::answers && lawful.tables == branch.state.tables &&
      only_this_error(outcome, taken->instead.error, recv.bytes)) {
    branch.state = std::move(lawful);
    return outcome;
  }
  ++used_[std::string(taken->reading)];
  if (taken->instead.how == Instead::How::answers) {
    branch.state = std::move(lawful);
    return outcome;
  }
  outcome.observations.clear();
  if (taken->instead.how == Instead::How::replies) {
    outcome.observations.push_back(observation::Send{recv.conn, taken->instead.message});
  }
  if (taken->instead.how == Instead::How::refused) {
    outcome.observations.push_back(observation::Send{recv.conn, model::encode_error(taken->instead.error, recv.bytes)});
  }
  return outcome;
}

bool Judge::compare_stream(const Messages& wanted, const std::deque<Bytes>& got, std::size_t& read) {
  Messages real;
  for (std::size_t i = 0; i < wanted.size() && read < got.size(); ++i) real.push_back(got[read++]);
  return wanted == real || compare_lists(records_of(wanted), records_of(real));
}

bool Judge::compare(const Asked& asked, Branch& branch, const Wanted& wanted, std::size_t at) {
  bool all = compare_replies(asked, wanted, at);
  static const Unasked nothing;
  const auto streams = [&](const std::map<ConnName, Messages>& of, std::deque<Bytes> Unasked::* stream,
                           std::size_t Read::* read) {
    for (const auto& [conn, messages] : of) {
      const auto unasked = heard_.unasked.find(conn);
      const Unasked& got = unasked == heard_.unasked.end() ? nothing : unasked->second;
      all = compare_stream(messages, got.*stream, branch.read[conn].*read) && all;
    }
  };
  streams(wanted.packet_ins, &Unasked::packet_ins, &Read::packet_ins);
  for (const auto& [conn, messages] : wanted.flow_removed) {
    for (const Bytes& m : messages) branch.removals[conn].push_back({m, at});
  }
  streams(wanted.port_status, &Unasked::port_status, &Read::port_status);
  return all;
}

bool Judge::leftovers(const Branch& branch) {
  for (const auto& [conn, unasked] : heard_.unasked) {
    const auto it = branch.read.find(conn);
    const Read read = it == branch.read.end() ? Read{} : it->second;
    const auto left = [&](const std::deque<Bytes>& stream, std::size_t from) {
      if (from >= stream.size()) return false;
      Records records;
      append_records(stream[from], records);
      differs(fmt::format("only switch {} unasked", records[0].kind),
              "only the switch, unasked: " + print_record(records[0]));
      return true;
    };
    if (left(unasked.packet_ins, read.packet_ins) || left(unasked.port_status, read.port_status)) return true;
  }
  return false;
}

// The flow-removed messages of the whole scenario, in any order. `where`: the event of the first that differs.
bool Judge::compare_removals(const Branch& branch, std::size_t& where) {
  static const Unasked nothing;
  for (const ConnName conn : scenario_.config.connections) {
    const auto wants = branch.removals.find(conn);
    const auto unasked = heard_.unasked.find(conn);
    const std::deque<Bytes>& got = (unasked == heard_.unasked.end() ? nothing : unasked->second).flow_removed;
    Messages wanted, real(got.begin(), got.end());
    if (wants != branch.removals.end()) {
      for (const Removal& r : wants->second) wanted.push_back(r.message);
    }
    const auto amended = [&](const Messages& messages) {
      Records records = records_of(messages);
      if (ledger_.dialect()) {
        const Asked nothing_asked{{}, branch.state, conn};
        ledger_.dialect()->amend(nothing_asked, records, in_force(),
                                 [&](std::string_view r) { ++out_.used[std::string(r)]; });
      }
      return records;
    };
    if (compare_lists(amended(wanted), records_of(real))) continue;
    missing_ = missing_ || real.size() < wanted.size();
    if (wants == branch.removals.end()) return false;
    const auto unmet = std::find_if(wants->second.begin(), wants->second.end(), [&](const Removal& r) {
      return std::none_of(real.begin(), real.end(),
                          [&](const Bytes& m) { return compare_lists(amended({r.message}), records_of({m})); });
    });
    if (unmet != wants->second.end()) where = unmet->event;
    return false;
  }
  return true;
}

// One state of the model through one message.
Judge::Follow Judge::follow(Branch& branch, const Event& event, std::size_t at, ClauseSet& clauses) {
  // The reading looks at the state before; what it needs of that is in what it returns.
  const model::State* before = &branch.state;
  const Asked asked{message_of(event), *before, std::get<event::Recv>(event.body).conn};
  const auto taken = take(asked);
  if (taken && taken->instead.how == Instead::How::leaves) {
    out_.left = taken->reading;
    ++out_.used[std::string(taken->reading)];
    return Follow::leaves;
  }
  const model::Outcome outcome = advance(branch, event, taken);
  clauses |= outcome.clauses;
  if (leaves_afterwards(asked, outcome.clauses)) return Follow::leaves;
  if (taken && taken->instead.how == Instead::How::answers) return Follow::agrees;
  return compare(asked, branch, wanted_of(outcome), at) ? Follow::agrees : Follow::differs;
}

// What the conversation does when a scenario is over: flows that are still there are told to have gone.
void Judge::reset(Branch& branch) {
  request::FlowMod all;
  all.command = OFPFC_DELETE;
  const ConnName conn = scenario_.config.connections[0];
  const std::array messages = {encode(request::Role{0, NX_ROLE_OTHER}),
                               encode(request::SetFlowFormat{0, NXFF_OPENFLOW10}),
                               encode(request::FlowModTableId{0, 0}),
                               encode(request::SetConfig{0, OFPC_FRAG_NORMAL, OFP_DEFAULT_MISS_SEND_LEN}), encode(all)};
  auto id = static_cast<std::uint32_t>(scenario_.events.size());
  for (const Bytes& message : messages) {
    model::Outcome outcome;
    model::step(branch.state, {++id, event::Recv{conn, message}}, {}, outcome);
    model::step(branch.state, {0, event::Loop{0}}, {}, outcome);
    for (const auto& [to, removed] : wanted_of(outcome).flow_removed) {
      for (const Bytes& m : removed) branch.removals[to].push_back({m, scenario_.events.size()});
    }
  }
}

// Time has passed, and rules may have timed out. False: whether they have cannot be known.
bool Judge::wait(std::size_t at) {
  const std::uint64_t passed = heard_.passed_ms[at];
  std::uint64_t measured = 0;
  for (const std::uint64_t ms : heard_.passed_ms) measured += ms;
  const std::uint64_t unmeasured = heard_.elapsed_ms > measured ? heard_.elapsed_ms - measured : 0;
  for (Branch& branch : branches_) {
    if (!all_settled(branch.state, passed, kResolution_ms + unmeasured, kSlack_ms + unmeasured)) return false;
    model::Outcome outcome;
    model::step(branch.state, {scenario_.events[at].id, event::Clock{passed}}, {}, outcome);
    model::step(branch.state, {0, event::Loop{0}}, {}, outcome);
    out_.clauses |= outcome.clauses;
    for (const auto& [conn, messages] : wanted_of(outcome).flow_removed) {
      for (const Bytes& m : messages) branch.removals[conn].push_back({m, at});
    }
  }
  return true;
}

// Adds to `left` all that a branch can become by this message and what the switch said. `branch` is `before`, which is
// needed only if there is a choice. False: the scenario cannot be followed any further.
bool Judge::follow_all(Branch branch, const Branch& before, const Event& event, std::size_t at,
                       std::vector<Branch>& left, ClauseSet& clauses, Uses& used) {
  choices_.begin_message();
  do {
    Branch here = choices_.chose() ? before : std::move(branch);
    used_.clear();
    switch (follow(here, event, at, clauses)) {
      case Follow::leaves:
        return false;
      case Follow::agrees:
        left.push_back(std::move(here));
        used = used_;
        break;
      case Follow::differs:
        break;
    }
    if (left.size() > kMostStates) {
      out_.left = "undecided";
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
      out_.left = "time-is-open";
      ++out_.used["time-is-open"];
      return out_;
    }
    std::vector<Branch> left;
    ClauseSet clauses;
    kind_.clear();
    Uses used;
    for (Branch& branch : branches_) {
      const std::size_t agreed = left.size();
      const bool orders = is_flow_mod(message_of(event));
      const bool chooses = orders || message_of(event)[1] == OFPT_PACKET_OUT;
      const Branch before = chooses ? branch : Branch{};
      if (!follow_all(std::move(branch), before, event, at, left, clauses, used)) return out_;
      if (left.size() > agreed || !orders) continue;
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
  }
  for (Branch& branch : branches_) reset(branch);
  kind_.clear();
  std::size_t where = scenario_.events.size();
  std::erase_if(branches_, [&](const Branch& b) { return leftovers(b) || !compare_removals(b, where); });
  if (branches_.empty()) out_.difference = Difference{where, what_, kind_, {}, missing_};
  if (heard_.packet_ins_mixed && !out_.difference) {
    out_.difference = Difference{scenario_.events.size(), "packet-ins are missing", "only model packet_in", {}, false};
  }
  if (!heard_.oddities.empty() && !out_.difference) {
    out_.difference = Difference{scenario_.events.size(), heard_.oddities.front(), "oddity", {}, false};
  }
  return out_;
}

}  // namespace

Judgement judge(const Trace& scenario, const Heard& heard, const Ledger& ledger) {
  return Judge(scenario, heard, ledger).judge();
}

}  // namespace oftwin::harness::live
