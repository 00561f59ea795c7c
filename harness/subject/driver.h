// The optimized switch over some provider, driven by events: what all subjects of this kind have in common.
//
// The switch, the interposer that reports its calls, the clock and the poll loop are here; a derived class brings the
// provider, and says what the events that concern a provider do to it. Invariant: outside drive() nothing is reported.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/subject/interposer.h"
#include "impl/switch.h"
#include "spec/event.h"
#include "spec/observation.h"

namespace oftwin::harness {

class Driver : public impl::Listener {
 public:
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() override;

  void drive(const Event& event, std::vector<Observation>& out);

 protected:
  static constexpr std::uint32_t kMaxSettle = 1000;

  explicit Driver(const SwitchConfig& config) : now_ms_(config.clock_ms) {}
  // To be called once, before anything else.
  void build(const SwitchConfig& config, const oft_provider& provider, void* instance);
  // To be called by the destructor of whoever owns the provider, before that goes.
  void tear_down();

  // An event that concerns the provider; others never come here.
  virtual void provider_event(const EventBody& event) = 0;
  // Until it no longer asks to run at once.
  virtual void settle();

  Interposer& interposer() { return *interposer_; }
  impl::Switch& the_switch() { return *switch_; }
  std::vector<Observation>& out() { return *out_; }
  bool wants_to_run() const { return switch_->wake().kind == observation::WakeKind::now; }

 private:
  void send(ConnName conn, ByteView message) override;
  void conn_up(ConnName conn) override { out_->push_back(observation::ConnUp{conn}); }
  void conn_down(ConnName conn) override { out_->push_back(observation::ConnDown{conn}); }
  void conn_gone(ConnName conn) override { out_->push_back(observation::ConnGone{conn}); }
  void flow(const oft_rule& rule, std::uint64_t age_s, std::uint64_t packets, std::uint64_t bytes) override;
  void report_to(std::vector<Observation>* out);

  struct Apply;

  std::vector<Observation> nowhere_;
  std::vector<Observation>* out_ = &nowhere_;
  std::uint64_t now_ms_;
  std::unique_ptr<Interposer> interposer_;
  std::unique_ptr<impl::Switch> switch_;
};

}  // namespace oftwin::harness
