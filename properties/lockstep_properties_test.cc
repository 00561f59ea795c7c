// Properties of whole histories: model against impl, rollback, order of replies, balance of rules.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "harness/lockstep.h"
#include "harness/report.h"
#include "harness/subject/builtin.h"
#include "model/step.h"
#include "properties/small_world.h"

namespace oftwin {
namespace {

using small_world::Step;

// The built-in switch, with its provider's rules counted: the lockstep itself compares only some of the allocations.
class Counted final : public harness::Subject {
 public:
  void reset(const SwitchConfig& config) override { inner_->reset(config); }
  void drive(const Event& event, std::vector<Observation>& out) override {
    const std::size_t first = out.size();
    inner_->drive(event, out);
    for (std::size_t i = first; i < out.size(); ++i) {
      if (const auto* alloc = std::get_if<observation::Alloc>(&out[i]); alloc != nullptr && !alloc->failed) {
        ++live[alloc->rule];
      }
      if (const auto* dealloc = std::get_if<observation::Dealloc>(&out[i])) --live[dealloc->rule];
    }
  }
  unsigned channels() const override { return inner_->channels(); }
  void project(Observation& o) const override { inner_->project(o); }
  std::string name() const override { return inner_->name(); }

  std::map<RuleName, int> live;  // 1: allocated; 0: and given back

 private:
  std::unique_ptr<harness::Subject> inner_ = harness::make_builtin_subject();
};

// Drives both sides and keeps what the switch did. Any difference fails the property.
class World {
 public:
  World() : lockstep_(subject_, {}) { lockstep_.start(small_world::config()); }

  void drive(const Event& event) {
    events_.push_back(event);
    if (const auto divergence = lockstep_.advance(event)) {
      RC_FAIL(harness::print_report(small_world::config(), events_, *divergence, subject_.name()));
    }
    seen_.insert(seen_.end(), lockstep_.got().begin(), lockstep_.got().end());
  }
  void drive(const std::vector<Event>& events) {
    for (const Event& event : events) drive(event);
  }
  void settle() { drive({0, event::Loop{}}); }
  std::uint32_t next_id() const {
    std::uint32_t id = 0;
    for (const Event& e : events_) id = std::max(id, e.id);
    return id + 1;
  }

  // Whatever is pending is completed, and the provider answers at once from now on (but for answers still planned).
  void finish_operations() {
    drive({next_id(), event::ProviderPolicy{std::nullopt, {}}});
    settle();
    while (!state().operations.empty()) {
      drive({next_id(), event::ProviderComplete{state().operations.front().rule, {}}});
      settle();
    }
  }

  const model::State& state() const { return lockstep_.state(); }
  const std::vector<Observation>& seen() const { return seen_; }
  const std::map<RuleName, int>& live() const { return subject_.live; }

  // All rules, in an order that does not depend on the tables'.
  std::vector<model::Rule> rules() const {
    std::vector<model::Rule> out;
    for (const model::Table& table : state().tables) out.insert(out.end(), table.rules.begin(), table.rules.end());
    std::ranges::sort(out, {}, &model::Rule::name);
    return out;
  }

 private:
  Counted subject_;
  harness::Lockstep lockstep_;
  std::vector<Event> events_;
  std::vector<Observation> seen_;
};

RC_GTEST_PROP(Lockstep, model_and_impl_agree_on_every_history, ()) {
  World world;
  world.drive(small_world::events_of(*small_world::histories()));
}

// --- Order of replies
// --------------------------------------------------------------------------------------------------
std::uint32_t xid_of(ByteView message) {
  return std::uint32_t{message[4]} << 24 | std::uint32_t{message[5]} << 16 | std::uint32_t{message[6]} << 8 |
         message[7];
}

// Requests that have exactly one reply of their own, as they were sent on each connection.
std::map<ConnName, std::vector<std::uint32_t>> answered_requests(const std::vector<Event>& events) {
  std::map<ConnName, std::vector<std::uint32_t>> out;
  for (const Event& e : events) {
    const auto* recv = std::get_if<event::Recv>(&e.body);
    if (recv != nullptr && recv->bytes[1] != OFPT_FLOW_MOD) out[recv->conn].push_back(xid_of(recv->bytes));
  }
  return out;
}

RC_GTEST_PROP(Order, every_request_is_answered_once_and_in_order_and_no_error_passes_a_barrier, ()) {
  const std::vector<Event> events = small_world::events_of(*small_world::histories());
  World world;
  world.drive(events);
  world.finish_operations();
  std::map<ConnName, std::vector<std::uint32_t>> replies;
  std::map<ConnName, std::uint32_t> barrier;
  for (const Observation& o : world.seen()) {
    const auto* sent = std::get_if<observation::Send>(&o);
    if (sent == nullptr || sent->bytes[1] == OFPT_FLOW_REMOVED) continue;
    const std::uint32_t xid = xid_of(sent->bytes);
    if (sent->bytes[1] == OFPT_ERROR) {
      RC_ASSERT(xid > barrier[sent->conn]);
      continue;
    }
    replies[sent->conn].push_back(xid);
    if (sent->bytes[1] == OFPT_BARRIER_REPLY) barrier[sent->conn] = xid;
  }
  RC_CLASSIFY(!barrier.empty(), "a barrier was answered");
  RC_ASSERT(replies == answered_requests(events));
}

// --- Rollback
// ---------------------------------------------------------------------------------------------------------- Some
// history, everything in it finished; then one add or modify whose operations all fail, at once or later.
void failing_request(World& world, const Step& step, bool late) {
  const Error error = openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL);
  const Answer answer = late ? Answer{AnswerKind::pending, {}} : Answer{AnswerKind::failed, error};
  world.drive({world.next_id(), event::ProviderPolicy{std::nullopt, answer}});
  Step request = step;
  request[1] %= 3;   // add, modify, modify_strict
  request[3] &= 31;  // on c1
  Bytes bytes = small_world::flow_mod(request, 7);
  const Bytes action = harness::action::output(OFPP_CONTROLLER, 77);  // what no flow has, so no operation is saved
  bytes.resize(72);
  bytes.insert(bytes.end(), action.begin(), action.end());
  world.drive({world.next_id(), event::Recv{{ConnKind::primary, 1}, bytes}});
  world.settle();
  while (!world.state().operations.empty()) {
    world.drive({world.next_id(), event::ProviderComplete{world.state().operations.front().rule, error}});
    world.settle();
  }
}

void failed_request_leaves_nothing(bool late) {
  World world;
  std::vector<Step> history = *small_world::histories();
  for (Step& step : history) {
    if (step[0] % 8 == 4) step[0] = 5;  // no planned answers: the last request's is the policy's
  }
  world.drive(small_world::events_of(history));
  world.finish_operations();
  const std::vector<model::Rule> before = world.rules();
  const std::size_t seen = world.seen().size();
  failing_request(world, *rc::gen::container<Step>(rc::gen::arbitrary<std::uint8_t>()), late);
  RC_ASSERT((world.rules() == before));
  std::size_t errors = 0;
  for (std::size_t i = seen; i < world.seen().size(); ++i) {
    const auto* sent = std::get_if<observation::Send>(&world.seen()[i]);
    errors += sent != nullptr && sent->bytes[1] == OFPT_ERROR && xid_of(sent->bytes) == 7;
  }
  RC_ASSERT(errors == 1u);
  // The switch says so, too: its flow statistics are compared with the model's.
  harness::request::FlowStats all;
  all.xid = 8;
  world.drive({world.next_id(), event::Recv{{ConnKind::primary, 1}, harness::encode(all)}});
  world.settle();
}

RC_GTEST_PROP(Rollback, ADD_8_a_request_that_fails_at_once_leaves_nothing, ()) { failed_request_leaves_nothing(false); }
RC_GTEST_PROP(Rollback, MOD_5_a_request_that_fails_later_leaves_nothing, ()) { failed_request_leaves_nothing(true); }

// --- Balance
// -----------------------------------------------------------------------------------------------------------
RC_GTEST_PROP(Balance, END_1_every_rule_allocated_is_deallocated_once, ()) {
  World world;
  world.drive(small_world::events_of(*small_world::histories()));
  const bool pending = !world.state().operations.empty();
  RC_CLASSIFY(pending, "destroyed with operations pending");
  if (!pending || *rc::gen::inRange(0, 2) == 0) world.finish_operations();
  world.drive({world.next_id(), event::Destroy{}});
  world.settle();
  for (const auto& [rule, live] : world.live()) RC_ASSERT(live == 0);
}

}  // namespace
}  // namespace oftwin
