// The model as its own subject: agrees with itself by construction, so what a lockstep over it finds was planted. It is
// what the harness itself is tested with.
//
// Rules have provisional names (a count of allocations), as every subject's have.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/compare.h"
#include "harness/subject/subject.h"
#include "model/step.h"

namespace oftwin::harness {

class ModelSubject : public Subject {
 public:
  // Changes what comes out for an event, given how many events came before it; called with the model's names. What it
  // is told at the start of a trace is 0.
  using Tamper = std::function<void(const Event&, std::size_t, std::vector<Observation>&)>;

  explicit ModelSubject(Tamper tamper = {}, model::Errata errata = {})
      : tamper_(std::move(tamper)), errata_(std::move(errata)) {}

  void reset(const SwitchConfig& config) override {
    state_ = model::initial(config, errata_);
    names_.clear();
    count_ = 0;
    driven_ = 0;
  }

  void drive(const Event& event, std::vector<Observation>& out) override {
    Event ours = event;
    if (RuleName* rule = rule_in(ours.body)) *rule = names_.to_model(*rule);
    outcome_.observations.clear();
    outcome_.clauses.reset();
    model::step(state_, ours, choices_, outcome_);
    if (tamper_) tamper_(ours, driven_, outcome_.observations);
    ++driven_;
    for (Observation& o : outcome_.observations) out.push_back(provisional(std::move(o)));
  }

  unsigned channels() const override { return ~(bit(Channel::defect) | bit(Channel::progress)); }
  std::string name() const override { return "model"; }

 private:
  static RuleName* rule_in(EventBody& body) {
    if (auto* e = std::get_if<event::ProviderComplete>(&body)) return &e->rule;
    if (auto* e = std::get_if<event::ProviderExpire>(&body)) return &e->rule;
    if (auto* e = std::get_if<event::ProviderCounters>(&body)) return &e->rule;
    return nullptr;
  }

  Observation provisional(Observation o) {
    const auto rename = [this](RuleName& n) {
      const RuleName known = names_.to_subject(n);
      if (known != RuleName{}) n = known;
    };
    if (auto* alloc = std::get_if<observation::Alloc>(&o); alloc && !alloc->failed) {
      names_.bind({0, ++count_}, alloc->rule);
    }
    if (auto* e = std::get_if<observation::Operation>(&o)) {
      rename(e->rule);
      if (e->victim) rename(*e->victim);
    }
    if (auto* e = std::get_if<observation::Complete>(&o)) rename(e->rule);
    if (auto* e = std::get_if<observation::Alloc>(&o)) rename(e->rule);
    if (auto* e = std::get_if<observation::Dealloc>(&o)) rename(e->rule);
    if (auto* e = std::get_if<observation::Execute>(&o)) rename(e->rule);
    if (auto* e = std::get_if<observation::Remaining>(&o)) rename(e->rule);
    if (auto* e = std::get_if<observation::DumpedFlow>(&o)) rename(e->rule);
    if (auto* e = std::get_if<observation::Lookup>(&o); e && e->rule) rename(*e->rule);
    return o;
  }

  Tamper tamper_;
  model::Errata errata_;
  model::Choices choices_;
  model::State state_;
  model::Outcome outcome_;
  RuleNames names_;
  std::uint32_t count_ = 0;
  std::size_t driven_ = 0;
};

}  // namespace oftwin::harness
