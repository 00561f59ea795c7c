// Wires the optimized switch, an interposer and a provider together, and turns events into calls.
#include "harness/subject/builtin.h"

#include <utility>
#include <variant>

#include "datapath-sim/datapath.h"
#include "harness/subject/driver.h"
#include "harness/subject/scripted_provider.h"

namespace oftwin::harness {

namespace {

// One switch with all that belongs to it.
class Assembly : public Driver, public sim::Observer {
 public:
  Assembly(const SwitchConfig& config, const AnswerRule& answers) : Driver(config) {
    if (config.provider == ProviderMode::scripted) {
      scripted_ = std::make_unique<ScriptedProvider>(config);
      if (answers) scripted_->overrule([this, answers](auto, const Answer& a) { return overruled(answers, a); });
      build(config, ScriptedProvider::table(), scripted_.get());
      interposer().offer_choose_table(false);
    } else {
      datapath_ = std::make_unique<sim::Datapath>(config, this);
      build(config, sim::Datapath::provider(), datapath_.get());
    }
  }
  ~Assembly() override { tear_down(); }

 private:
  void packet_tx(std::uint16_t port, ByteView frame) override {
    out().push_back(observation::PacketTx{port, Bytes(frame.begin(), frame.end())});
  }
  void lookup(std::uint8_t table, const oft_rule* rule) override {
    observation::Lookup seen{table, {}};
    if (rule != nullptr) seen.rule = interposer().name_of(rule);
    out().push_back(seen);
  }
  void metadata(std::uint64_t tun_id, const std::array<std::uint32_t, 4>& reg,
                std::optional<std::uint32_t> queue) override {
    out().push_back(observation::Metadata{tun_id, reg, queue});
  }

  // The call that is being answered is the last thing that was observed.
  Answer overruled(const AnswerRule& answers, const Answer& planned) {
    if (out().empty()) return planned;
    return answers(out().back()).value_or(planned);
  }

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
    if (interposer().rule(e.rule) == nullptr) return;
    interposer().queue([this, e] {
      const oft_rule* rule = interposer().rule(e.rule);
      if (rule == nullptr) return;
      if (scripted_) {
        scripted_->complete(rule->handle, e.error);
      } else {
        datapath_->complete(rule, e.error);
      }
    });
  }
  void apply(const event::ProviderExpire& e) {
    if (!scripted_ || interposer().rule(e.rule) == nullptr) return;
    interposer().queue([this, e] {
      if (const oft_rule* rule = interposer().rule(e.rule)) scripted_->expire(rule, e.reason);
    });
  }
  void apply(const event::ProviderPacketIn& e) {
    if (scripted_) interposer().queue([this, e] { scripted_->packet_in(e); });
  }
  void apply(const event::PacketArrives& e) {
    if (datapath_) interposer().queue([this, e] { datapath_->packet_arrives(e.port, e.frame, e.tun_id); });
  }
  void apply(const event::PortChange& e) {
    interposer().queue([this, e] {
      if (scripted_) {
        scripted_->change_port(e.kind, e.port);
      } else {
        datapath_->change_port(e.kind, e.port);
      }
    });
  }

  void apply(const event::ProviderCounters& e) {
    const oft_rule* rule = interposer().rule(e.rule);
    if (scripted_ && rule != nullptr) scripted_->counters(rule->handle, e.packets, e.bytes);
  }
  void apply(const event::ProviderUnknownCounters& e) {
    if (scripted_) scripted_->unknown_counters(e.unknown);
  }
  void apply(const event::ProviderChooseTable& e) {
    if (!scripted_) return;
    interposer().offer_choose_table(e.answer.has_value());
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

  template <class E>
  void apply(const E&) {}  // of the switch: never comes here

  void provider_event(const EventBody& event) override {
    std::visit([this](const auto& e) { apply(e); }, event);
  }

  std::unique_ptr<ScriptedProvider> scripted_;
  std::unique_ptr<sim::Datapath> datapath_;
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
