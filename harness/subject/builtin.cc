// Wires the optimized switch, an interposer and a provider together, and turns events into calls.
#include "harness/subject/builtin.h"

#include <type_traits>
#include <utility>

#include "datapath-sim/datapath.h"
#include "harness/subject/interposer.h"
#include "harness/subject/scripted_provider.h"
#include "impl/switch.h"

namespace oftwin::harness {

namespace {

constexpr std::uint32_t kMaxSettle = 1000;

// One switch with all that belongs to it; torn down in the reverse order.
class Assembly : public impl::Listener, public sim::Observer {
 public:
  Assembly(const SwitchConfig& config, const AnswerRule& answers) : now_ms_(config.clock_ms) {
    if (config.provider == ProviderMode::scripted) {
      scripted_ = std::make_unique<ScriptedProvider>(config);
      if (answers) scripted_->overrule([this, answers](auto, const Answer& a) { return overruled(answers, a); });
      interposer_ = std::make_unique<Interposer>(ScriptedProvider::table(), scripted_.get());
      interposer_->offer_choose_table(false);
    } else {
      datapath_ = std::make_unique<sim::Datapath>(config, this);
      interposer_ = std::make_unique<Interposer>(sim::Datapath::provider(), datapath_.get());
    }
    switch_ = std::make_unique<impl::Switch>(config, interposer_->table(), interposer_.get(), *this);
  }
  ~Assembly() override {
    report_to(&nowhere_);
    switch_.reset();
  }
  Assembly(const Assembly&) = delete;
  Assembly& operator=(const Assembly&) = delete;

  void drive(const Event& event, std::vector<Observation>& out) {
    report_to(&out);
    std::visit([this](const auto& e) { apply(e); }, event.body);
    out.push_back(switch_->wake());
    report_to(&nowhere_);
  }

 private:
  void send(ConnName conn, ByteView message) override {
    out_->push_back(observation::Send{conn, Bytes(message.begin(), message.end())});
  }
  void conn_up(ConnName conn) override { out_->push_back(observation::ConnUp{conn}); }
  void conn_down(ConnName conn) override { out_->push_back(observation::ConnDown{conn}); }
  void conn_gone(ConnName conn) override { out_->push_back(observation::ConnGone{conn}); }
  void flow(const oft_rule& rule, std::uint64_t age_s, std::uint64_t packets, std::uint64_t bytes) override {
    out_->push_back(interposer_->dumped(rule, age_s, packets, bytes));
  }
  void packet_tx(std::uint16_t port, ByteView frame) override {
    out_->push_back(observation::PacketTx{port, Bytes(frame.begin(), frame.end())});
  }
  void lookup(std::uint8_t table, const oft_rule* rule) override {
    observation::Lookup seen{table, {}};
    if (rule != nullptr) seen.rule = interposer_->name_of(rule);
    out_->push_back(seen);
  }
  void metadata(std::uint64_t tun_id, const std::array<std::uint32_t, 4>& reg,
                std::optional<std::uint32_t> queue) override {
    out_->push_back(observation::Metadata{tun_id, reg, queue});
  }

  // The call that is being answered is the last thing that was observed.
  Answer overruled(const AnswerRule& answers, const Answer& planned) const {
    if (out_->empty()) return planned;
    return answers(out_->back()).value_or(planned);
  }

  void report_to(std::vector<Observation>* out) {
    out_ = out;
    interposer_->report_to(out);
  }

  void apply(const event::ConnOpen& e) { switch_->conn_opened(e.conn); }
  void apply(const event::ConnClose& e) { switch_->conn_closed(e.conn); }
  void apply(const event::PeerStall& e) { switch_->conn_stalled(e.conn, e.stalled); }
  void apply(const event::Recv& e) { switch_->receive(e.conn, e.bytes); }

  void apply(const event::ProviderPlan& e) {
    for (const Answer& answer : e.answers) {
      if (scripted_) {
        scripted_->plan(e.kind, answer);
      } else {
        datapath_->plan(e.kind, answer);
      }
    }
  }
  void apply(const event::ProviderPolicy& e) {
    if (scripted_) {
      scripted_->policy(e.kind, e.answer);
    } else {
      datapath_->policy(e.kind, e.answer);
    }
  }
  void apply(const event::ProviderLatency& e) {
    if (datapath_) datapath_->latency(e.kind, e.ms);
  }

  // A name is looked up when the event happens; what becomes of the rule until the provider runs is another matter.
  void apply(const event::ProviderComplete& e) {
    if (interposer_->rule(e.rule) == nullptr) return;
    interposer_->queue([this, e] {
      const oft_rule* rule = interposer_->rule(e.rule);
      if (rule == nullptr) return;
      if (scripted_) {
        scripted_->complete(rule->handle, e.error);
      } else {
        datapath_->complete(rule, e.error);
      }
    });
  }
  void apply(const event::ProviderExpire& e) {
    if (!scripted_ || interposer_->rule(e.rule) == nullptr) return;
    interposer_->queue([this, e] {
      if (const oft_rule* rule = interposer_->rule(e.rule)) scripted_->expire(rule, e.reason);
    });
  }
  void apply(const event::ProviderPacketIn& e) {
    if (scripted_) interposer_->queue([this, e] { scripted_->packet_in(e); });
  }
  void apply(const event::PacketArrives& e) {
    if (datapath_) interposer_->queue([this, e] { datapath_->packet_arrives(e.port, e.frame, e.tun_id); });
  }
  void apply(const event::PortChange& e) {
    interposer_->queue([this, e] {
      if (scripted_) {
        scripted_->change_port(e.kind, e.port);
      } else {
        datapath_->change_port(e.kind, e.port);
      }
    });
  }

  void apply(const event::ProviderCounters& e) {
    const oft_rule* rule = interposer_->rule(e.rule);
    if (scripted_ && rule != nullptr) scripted_->counters(rule->handle, e.packets, e.bytes);
  }
  void apply(const event::ProviderUnknownCounters& e) {
    if (scripted_) scripted_->unknown_counters(e.unknown);
  }
  void apply(const event::ProviderChooseTable& e) {
    if (!scripted_) return;
    interposer_->offer_choose_table(e.answer.has_value());
    if (e.answer) scripted_->choose_table_answer(*e.answer);
  }
  void apply(const event::ProviderExecuteResult& e) {
    if (scripted_) scripted_->execute_result(e.error);
  }
  void apply(const event::ProviderPacketOutResult& e) {
    if (scripted_) scripted_->packet_out_result(e.error);
  }
  void apply(const event::ProviderAllocFail& e) {
    if (scripted_) scripted_->alloc_fails(e.fail);
  }

  void apply(const event::Clock& e) {
    now_ms_ += e.ms;
    switch_->set_now(now_ms_);
  }
  void apply(const event::Loop& e) {
    if (e.iterations > 0) {
      for (std::uint32_t i = 0; i < e.iterations; ++i) switch_->run();
    } else {
      for (std::uint32_t i = 0; i < kMaxSettle && switch_->wake().kind == observation::WakeKind::now; ++i) {
        switch_->run();
      }
    }
  }
  void apply(const event::Flush&) { switch_->flush(); }
  void apply(const event::HiddenAdd& e) { switch_->hidden_add(e.priority, e.match, e.actions); }
  void apply(const event::HiddenDel& e) {
    if (switch_->wake().kind == observation::WakeKind::never) return;  // destroyed
    out_->push_back(observation::HiddenDelResult{switch_->hidden_del(e.priority, e.match)});
  }
  void apply(const event::SetControllers& e) { switch_->set_controllers(e.numbers); }
  void apply(const event::Reconnect&) { switch_->reconnect(); }
  void apply(const event::Set& e) { switch_->set(e.setting, e.value); }
  void apply(const event::Describe& e) { switch_->describe(e); }
  void apply(const event::InBand& e) { switch_->set_in_band(e.local_mac, e.remotes); }
  void apply(const event::DumpFlows&) { switch_->dump_flows(); }
  void apply(const event::Destroy&) { switch_->destroy(); }

  std::vector<Observation> nowhere_;
  std::vector<Observation>* out_ = &nowhere_;
  std::uint64_t now_ms_;
  std::unique_ptr<ScriptedProvider> scripted_;
  std::unique_ptr<sim::Datapath> datapath_;
  std::unique_ptr<Interposer> interposer_;
  std::unique_ptr<impl::Switch> switch_;
};

class Builtin : public Subject {
 public:
  explicit Builtin(AnswerRule answers) : answers_(std::move(answers)) {}

  void reset(const SwitchConfig& config) override {
    assembly_.reset();
    simulated_ = config.provider == ProviderMode::simulated;
    assembly_ = std::make_unique<Assembly>(config, answers_);
  }
  void drive(const Event& event, std::vector<Observation>& out) override { assembly_->drive(event, out); }
  unsigned channels() const override {
    return bit(Channel::message) | bit(Channel::provider) | bit(Channel::connection) | bit(Channel::alloc) |
           bit(Channel::wake) | (simulated_ ? bit(Channel::packet) : 0);
  }
  std::string name() const override { return "builtin"; }

 private:
  AnswerRule answers_;
  std::unique_ptr<Assembly> assembly_;
  bool simulated_ = false;
};

}  // namespace

std::unique_ptr<Subject> make_builtin_subject(AnswerRule answers) {
  auto subject = std::make_unique<Builtin>(std::move(answers));
  subject->reset({});
  return subject;
}

}  // namespace oftwin::harness
