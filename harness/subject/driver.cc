// Which call of the switch each event is.
#include "harness/subject/driver.h"

#include <variant>

namespace oftwin::harness {

struct Driver::Apply {
  Driver& me;
  const EventBody& event;
  impl::Switch& sw = *me.switch_;

  void operator()(const event::ConnOpen& e) { sw.conn_opened(e.conn); }
  void operator()(const event::ConnClose& e) { sw.conn_closed(e.conn); }
  void operator()(const event::PeerStall& e) { sw.conn_stalled(e.conn, e.stalled); }
  void operator()(const event::Recv& e) { sw.receive(e.conn, e.bytes); }

  void operator()(const event::Clock& e) {
    me.now_ms_ += e.ms;
    sw.set_now(me.now_ms_);
  }
  void operator()(const event::Loop& e) {
    for (std::uint32_t i = 0; i < e.iterations; ++i) sw.run();
    if (e.iterations == 0) me.settle();
  }
  void operator()(const event::Flush&) { sw.flush(); }
  void operator()(const event::HiddenAdd& e) { sw.hidden_add(e.priority, e.match, e.actions); }
  void operator()(const event::HiddenDel& e) {
    if (sw.wake().kind == observation::WakeKind::never) return;  // destroyed
    me.out_->push_back(observation::HiddenDelResult{sw.hidden_del(e.priority, e.match)});
  }
  void operator()(const event::SetControllers& e) { sw.set_controllers(e.numbers); }
  void operator()(const event::Reconnect&) { sw.reconnect(); }
  void operator()(const event::Set& e) { sw.set(e.setting, e.value); }
  void operator()(const event::Describe& e) { sw.describe(e); }
  void operator()(const event::InBand& e) { sw.set_in_band(e.local_mac, e.remotes); }
  void operator()(const event::DumpFlows&) { sw.dump_flows(); }
  void operator()(const event::Destroy&) { sw.destroy(); }

  // Everything else concerns the provider.
  template <class E>
  void operator()(const E&) {
    me.provider_event(event);
  }
};

Driver::~Driver() = default;

void Driver::build(const SwitchConfig& config, const oft_provider& provider, void* instance) {
  interposer_ = std::make_unique<Interposer>(provider, instance);
  switch_ = std::make_unique<impl::Switch>(config, interposer_->table(), interposer_.get(), *this);
}

void Driver::tear_down() {
  report_to(&nowhere_);
  switch_.reset();
}

void Driver::drive(const Event& event, std::vector<Observation>& out) {
  report_to(&out);
  std::visit(Apply{*this, event.body}, event.body);
  out.push_back(switch_->wake());
  report_to(&nowhere_);
}

void Driver::settle() {
  for (std::uint32_t i = 0; i < kMaxSettle && wants_to_run(); ++i) switch_->run();
}

void Driver::send(ConnName conn, ByteView message) {
  out_->push_back(observation::Send{conn, Bytes(message.begin(), message.end())});
}

void Driver::flow(const oft_rule& rule, std::uint64_t age_s, std::uint64_t packets, std::uint64_t bytes) {
  out_->push_back(interposer_->dumped(rule, age_s, packets, bytes));
}

void Driver::report_to(std::vector<Observation>* out) {
  out_ = out;
  if (interposer_) interposer_->report_to(out);
}

}  // namespace oftwin::harness
