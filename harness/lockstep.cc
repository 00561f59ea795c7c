#include "harness/lockstep.h"

#include <algorithm>
#include <chrono>

#include "harness/choices.h"

namespace oftwin::harness {

namespace {

namespace ob = observation;

// Adds the time of its life to `seconds`, if asked to.
class Stopwatch {
 public:
  Stopwatch(bool on, double& seconds) : seconds_(on ? &seconds : nullptr) {
    if (seconds_) begin_ = Clock::now();
  }
  ~Stopwatch() {
    if (seconds_) *seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  double* seconds_;
  Clock::time_point begin_;
};

// The rule that an event names, if it names one.
const RuleName* rule_named(const EventBody& body) {
  if (const auto* e = std::get_if<event::ProviderComplete>(&body)) return &e->rule;
  if (const auto* e = std::get_if<event::ProviderExpire>(&body)) return &e->rule;
  if (const auto* e = std::get_if<event::ProviderCounters>(&body)) return &e->rule;
  return nullptr;
}

std::uint64_t count_taken(const std::vector<Observation>& observations) {
  return static_cast<std::uint64_t>(std::count_if(observations.begin(), observations.end(), [](const Observation& o) {
    return std::holds_alternative<ob::Take>(o);
  }));
}

}  // namespace

Stats& Stats::operator+=(const Stats& other) {
  events += other.events;
  messages += other.messages;
  observations += other.observations;
  clauses |= other.clauses;
  return *this;
}

Lockstep::Lockstep(Subject& subject, LockstepOptions options) : subject_(subject), options_(options) {
  choices_.order = [this](const model::OrderQuestion& q) { return choose_order(q); };
  choices_.answer = [this](const model::AnswerQuestion& q) { return choose_answer(q); };
  choices_.lookup = [this](const model::LookupQuestion& q) {
    const Stopwatch watch(options_.timed, times_.compare);
    return lookup_found(q, got_at(q.position), comparison_.names());
  };
}

std::optional<Divergence> Lockstep::run(const SwitchConfig& config, std::span<const Event> events) {
  start(config);
  for (const Event& event : events) {
    if (auto found = advance(event)) return found;
  }
  return std::nullopt;
}

void Lockstep::start(const SwitchConfig& config) {
  subject_.reset(config);
  state_ = model::initial(subject_.as_built(config), options_.errata);
  const bool foreign = subject_.conduct() != nullptr;
  choices_.act = nullptr;
  choices_.table = nullptr;
  if (foreign) choices_.act = [this](std::size_t position) { return choose_act(position); };
  if (foreign) choices_.table = [this](std::size_t position) { return choose_table(position); };
  choices_.no_memory = nullptr;
  if (foreign) choices_.no_memory = [this](std::size_t position) { return no_memory(position); };
  choices_.packets = subject_.packets();
  comparison_.reset(subject_, subject_.channels() & options_.channels, options_.alloc_rule);
  next_event_ = 0;
  run_clauses_.reset();
  new_clauses_.reset();
}

std::optional<Divergence> Lockstep::advance(const Event& event) {
  outcome_.observations.clear();
  outcome_.clauses.reset();
  got_.clear();
  acts_run_ = acts_done_ = 0;
  {
    const Stopwatch watch(options_.timed, times_.subject);
    drive(event);
  }
  const Conduct* conduct = subject_.conduct();
  if (conduct && conduct->unknown_counters) state_.provider.unknown_counters = true;
  {
    const Stopwatch watch(options_.timed, times_.compare);
    comparison_.begin(outcome_.observations, got_);
  }
  const double compared_before = times_.compare;
  {
    const Stopwatch watch(options_.timed, times_.model);
    model::step(state_, subject_.as_driven(event), choices_, outcome_);
  }
  times_.model -= times_.compare - compared_before;  // what the choices took
  const Stopwatch watch(options_.timed, times_.compare);
  const bool agree = comparison_.finish();
  ++next_event_;
  ++stats_.events;
  stats_.clauses |= outcome_.clauses;
  if (conduct && conduct->breach) return broken_contract(*conduct->breach);
  if (!agree) return divergence();
  if (const ClauseSet fresh = outcome_.clauses & ~run_clauses_; fresh.any()) {
    new_clauses_ = fresh;
    run_clauses_ |= fresh;
  }
  stats_.messages += count_taken(outcome_.observations);
  stats_.observations += got_.size();
  return std::nullopt;
}

// The subject knows rules by its own count.
void Lockstep::drive(const Event& event) {
  const RuleName* rule = rule_named(event.body);
  if (!rule) return subject_.drive(event, got_);
  Event translated = event;
  *const_cast<RuleName*>(rule_named(translated.body)) = comparison_.names().to_subject(*rule);
  subject_.drive(translated, got_);
}

// What the subject did from the model's `position` on.
std::span<const Observation> Lockstep::got_at(std::size_t position) {
  comparison_.catch_up(position);
  if (comparison_.differs()) return {};
  return std::span<const Observation>(got_).subspan(comparison_.got_position());
}

std::vector<std::size_t> Lockstep::choose_order(const model::OrderQuestion& question) {
  const Stopwatch watch(options_.timed, times_.compare);
  const auto got = got_at(question.position);
  return question.about == model::OrderQuestion::About::rules ? order_of_rules(question.rules, got, comparison_.names())
                                                              : order_of_records(question.records, got);
}

Answer Lockstep::choose_answer(const model::AnswerQuestion& question) {
  if (!options_.answers_from_subject && !subject_.conduct()) return question.planned;
  const Stopwatch watch(options_.timed, times_.compare);
  const auto got = got_at(question.position);
  if (got.empty()) return question.planned;
  if (question.packet_out) {
    const auto* out = std::get_if<ob::PacketOut>(&got.front());
    if (!out) return question.planned;
    return {out->answer ? AnswerKind::failed : AnswerKind::done, out->answer};
  }
  if (question.execute) {
    const auto* run = std::get_if<ob::Execute>(&got.front());
    if (!run) return question.planned;
    return {run->answer ? AnswerKind::failed : AnswerKind::done, run->answer};
  }
  const auto* op = std::get_if<ob::Operation>(&got.front());
  return op && op->kind == question.kind ? op->answer : question.planned;
}

// The next thing that the provider did in the iteration that the model has come to; at its end, on to the next one.
std::optional<model::ProviderAct> Lockstep::choose_act(std::size_t position) {
  comparison_.catch_up(position);  // names are paired on the way
  const auto& runs = subject_.conduct()->runs;
  if (acts_run_ >= runs.size()) return std::nullopt;
  if (acts_done_ == runs[acts_run_].size() || comparison_.differs()) {
    ++acts_run_;
    acts_done_ = 0;
    return std::nullopt;
  }
  ProviderAct act = runs[acts_run_][acts_done_++];
  if (auto* e = std::get_if<event::ProviderComplete>(&act)) e->rule = comparison_.names().to_model(e->rule);
  if (auto* e = std::get_if<event::ProviderExpire>(&act)) e->rule = comparison_.names().to_model(e->rule);
  return act;
}

bool Lockstep::no_memory(std::size_t position) {
  const auto got = got_at(position);
  const auto* alloc = got.empty() ? nullptr : std::get_if<ob::Alloc>(&got.front());
  return alloc && alloc->failed;
}

std::optional<std::variant<std::uint8_t, Error>> Lockstep::choose_table(std::size_t position) {
  const auto got = got_at(position);
  const auto* chosen = got.empty() ? nullptr : std::get_if<ob::ChooseTable>(&got.front());
  if (!chosen) return std::nullopt;
  return chosen->answer;
}

// Whatever model and subject say: the provider has failed here.
Divergence Lockstep::broken_contract(const Conduct::Breach& breach) const {
  Divergence d;
  d.event_index = next_event_ - 1;
  d.note = breach.what;
  d.clauses.set(breach.clause);
  return d;
}

Divergence Lockstep::divergence() const {
  Divergence d;
  d.event_index = next_event_ - 1;
  d.clauses = outcome_.clauses;
  d.earlier = run_clauses_;
  d.before = new_clauses_;
  d.wants = comparison_.wanted();
  d.gots = got_;
  for (Observation& o : d.gots) comparison_.translate(o);
  d.place = comparison_.got_position();
  if (d.place < d.wants.size()) d.want = d.wants[d.place];
  if (d.place < d.gots.size()) d.got = d.gots[d.place];
  if (!d.want && !d.got && comparison_.imbalance()) d.note = comparison_.imbalance();
  return d;
}

}  // namespace oftwin::harness
