#include "harness/live/campaign.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "harness/applicable.h"
#include "harness/live/scenario_ports.h"
#include "harness/probe/table_trace.h"
#include "harness/request.h"
#include "harness/trace_text.h"

namespace oftwin::harness::live {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kScenariosOnWire = 64, kBytesOnWire = 100'000, kPacketsOnWire = 40;
constexpr std::uint32_t kPortBits = 0x7f;  // that OpenFlow 1.0 knows
constexpr milliseconds kPatience{1500};    // for a flow-removed message that may yet come
// For one more connection that we open, or that the switch does: those that it has more than one controller for come
// together.
constexpr std::uint64_t kAnother_ms = 2000, kAnotherComes_ms = 1200;

net::Deadline in(std::uint64_t ms) { return net::Clock::now() + milliseconds(ms); }

// By one of its messages. How large the switch is, the switch says itself.
std::optional<Obstacle> ruled_out(const Profile& profile, const Trace& scenario) {
  for (const Event& e : scenario.events) {
    if (auto found = obstacle(profile, e)) return found;
  }
  return std::nullopt;
}

}  // namespace

Campaign::Campaign(const CampaignOptions& options)
    : options_(options), meeting_(reactor_, options.endpoint, options.tls) {
  if (options_.stop) reactor_.stop_when(options_.stop);
  if (options_.ledger) ledger_ = Ledger::read(*options_.ledger);
  if (options_.profile) cables_.emplace(reactor_, *options_.profile);
  if (cables_ && cables_->none()) cables_.reset();
  meet();
}

Campaign::~Campaign() = default;

std::string Campaign::why_no_more_connections() const {
  return links_ && links_->size() < options_.connections ? links_->why_not() : std::string();
}

void Campaign::use(Ledger ledger) {
  ledger_ = std::move(ledger);
  name_connections();
}

void Campaign::meet() {
  if (conversation_) sent_before_ += conversation_->messages_sent();
  const std::size_t before = links_ ? links_->size() : 0;
  conversation_.reset();
  links_.reset();
  links_ = std::make_unique<Links>(reactor_, meeting_, in(options_.meet_ms), options_.answer_ms);
  intro_ = introduce((*links_)[0], in(options_.answer_ms));
  intro_.accepted = !options_.endpoint.listens;
  restore_ports();
  add_connections(before);
  if (!options_.ledger && !met_) ledger_ = find_ledger(intro_.config.description);
  met_ = true;
  name_connections();
  ConversationOptions how;
  how.answer_ms = options_.answer_ms;
  how.arrival_ms = options_.arrival_ms;
  if (cables_) cables_->connect(intro_.config, in(options_.meet_ms));
  conversation_ = std::make_unique<Conversation>(*links_, intro_, how, cables_ ? &*cables_ : nullptr);
  conversation_->clean_up();
}

// A switch that we lost in the middle of a scenario has its ports as they were then.
void Campaign::restore_ports() {
  if (!met_) ports_ = intro_.config.ports;
  for (PortConfig& port : intro_.config.ports) {
    const auto same = [&](const PortConfig& p) { return p.number == port.number && p.hw_addr == port.hw_addr; };
    const auto before = std::find_if(ports_.begin(), ports_.end(), same);
    if (before == ports_.end() || before->config == port.config) continue;
    port.config = before->config;
    (*links_)[0].send(encode(request::PortMod{0, port.number, port.hw_addr, port.config, kPortBits, 0}));
  }
}

// As many as are wanted, or as the switch takes. (To where we listen, somebody else's switch may come.) A switch that
// is met again takes as many as before, or it is not quite there.
void Campaign::add_connections(std::size_t before) {
  const std::uint64_t first_ms = intro_.accepted ? kAnother_ms : kAnotherComes_ms;
  while (links_->size() < std::min(options_.connections, kMostLinks)) {
    Link* link = links_->add(in(links_->size() < before ? options_.meet_ms : first_ms));
    if (!link) break;
    if (is_the_same(*link, intro_.config.datapath_id, in(options_.answer_ms))) continue;
    links_->drop_last("another switch has come");
    break;
  }
  if (links_->size() < before) throw LinkError("the switch takes fewer connections than before: " + links_->why_not());
}

// A connection that the switch accepts is a service connection, unless it is known to have roles nevertheless.
void Campaign::name_connections() {
  const Dialect* dialect = ledger_.dialect();
  const bool roles = dialect && ledger_.in_force(dialect->roles_for_anyone);
  const ConnKind kind = intro_.accepted && !roles ? ConnKind::service : ConnKind::primary;
  intro_.config.connections.clear();
  for (std::size_t i = 0; i < links_->size(); ++i) {
    intro_.config.connections.push_back({kind, static_cast<std::uint16_t>(i + 1)});
  }
}

// The switch may be there before it is ready, so that one failure is none.
void Campaign::meet_again(const std::string& why) {
  ++report_.reconnects;
  const net::Deadline deadline = in(options_.meet_ms);
  for (;;) {
    try {
      return meet();
    } catch (const LinkError& e) {
      if (net::Clock::now() > deadline) {
        throw LinkError(fmt::format("{}; and it does not come back: {}", why, e.what()));
      }
    }
    std::this_thread::sleep_for(milliseconds(50));
  }
}

Campaign::Job Campaign::random_job(std::uint64_t seed) {
  DrawOptions draw;
  draw.nxm = intro_.nxm;
  draw.table_id = intro_.table_id;
  draw.connections = links_->size();
  draw.reconnects = intro_.accepted;
  draw.cables = cables();
  draw.several_per_cent = options_.several_per_cent;
  // If its ports take their time, a scenario lasts longer than a second: it is short, and without time-outs.
  const bool slow = cables_ && cables_->settle_ms() > 0;
  if (slow) draw.max_inputs = 12;
  Job job{fmt::format("seed {}", seed), draw_scenario(seed, intro_.config, draw)};
  if (options_.profile) {
    const SwitchConfig config = job.trace.config;
    Profile profile = *options_.profile;
    if (slow) profile.idle_timeout = profile.hard_timeout = false;
    job.trace = restricted(profile, std::move(job.trace));
    job.trace.config = config;
  }
  if (!ledger_.dialect()) return job;
  // What is known to end the switch is not sent.
  for (std::size_t i = 0; i < job.trace.events.size();) {
    const auto* recv = std::get_if<event::Recv>(&job.trace.events[i].body);
    const std::string_view reading = recv ? ledger_.dialect()->deadly(recv->bytes) : std::string_view();
    if (reading.empty() || !ledger_.in_force(reading)) {
      ++i;
      continue;
    }
    const auto at = job.trace.events.begin() + static_cast<std::ptrdiff_t>(i);
    job.trace.events.erase(at, at + 2);
    ++report_.used[std::string(reading)];
  }
  make_blocks(job.trace);
  return job;
}

// A scenario is sent as fast as it goes, so that no time-out falls into it; the pace is kept between scenarios.
void Campaign::keep_pace() {
  if (options_.messages_per_s == 0) return;
  conversation_->idle(due_);
  due_ = std::max(due_, net::Clock::now());
}

void Campaign::begin(const Trace& scenario) {
  const std::uint64_t before = conversation_->messages_sent();
  conversation_->begin(scenario);
  if (options_.messages_per_s == 0) return;
  const double seconds =
      static_cast<double>(conversation_->messages_sent() - before) / static_cast<double>(options_.messages_per_s);
  due_ += std::chrono::duration_cast<net::Clock::duration>(std::chrono::duration<double>(seconds));
}

bool Campaign::room_for(const Trace& scenario) const {
  if (on_wire_.empty()) return true;
  if (options_.messages_per_s > 0) return false;
  if (!conversation_->pipelines(scenario) || !conversation_->pipelines(on_wire_.back().trace)) return false;
  return on_wire_.size() < kScenariosOnWire && conversation_->bytes_in_flight() < kBytesOnWire &&
         conversation_->packets_in_flight() < kPacketsOnWire;
}

void Campaign::run(const std::function<std::optional<Job>()>& next, const Progressing& progress) {
  std::optional<Job> waiting = next();
  while (waiting || !on_wire_.empty()) {
    try {
      while (waiting && room_for(waiting->trace)) {
        keep_pace();
        on_wire_.push_back(*std::exchange(waiting, next()));
        begin(on_wire_.back().trace);
      }
      finish_one();
      if (progress) progress(report_.scenarios, report_.messages);
    } catch (const LinkError& e) {
      std::vector<Job> jobs(on_wire_.begin(), on_wire_.end());
      on_wire_.clear();
      const std::string why = e.what();
      meet_again(why);
      examine_lost(std::move(jobs), why);
    }
  }
}

Judgement Campaign::judge_finished() {
  Judgement judgement = judge(conversation_->finished(), conversation_->heard(), ledger_);
  while (judgement.difference && judgement.difference->removals_missing &&
         conversation_->hear_more(net::Clock::now() + kPatience)) {
    judgement = judge(conversation_->finished(), conversation_->heard(), ledger_);
  }
  if (options_.played) options_.played(conversation_->finished(), conversation_->heard(), judgement);
  return judgement;
}

void Campaign::count(const Judgement& judgement) {
  ++report_.scenarios;
  report_.sent = sent_before_ + conversation_->messages_sent();
  report_.messages += judgement.messages;
  report_.clauses |= judgement.clauses;
  report_.most_states = std::max(report_.most_states, judgement.states);
  for (const auto& [reading, times] : judgement.used) report_.used[reading] += times;
  for (const auto& [reading, times] : judgement.open) report_.open[reading] += times;
  if (!judgement.left.empty() && !judgement.difference) ++report_.left_at[judgement.left];
  if (!judgement.left.empty() && !judgement.difference && judgement.replies == 0) ++report_.unheard;
  if (judgement.difference)
    ++report_.differing;
  else
    ++(judgement.left.empty() ? report_.agreed : report_.left);
}

void Campaign::finish_one() {
  conversation_->finish();
  const Judgement judgement = judge_finished();
  const Job job = on_wire_.front();
  on_wire_.pop_front();
  if (!judgement.difference) {
    count(judgement);
    return;
  }
  count(judgement);
  // What comes behind it is finished first: it is played by itself, and so is each of those that differs.
  std::vector<std::pair<Job, Difference>> differ = {{job, *judgement.difference}};
  while (!on_wire_.empty()) {
    conversation_->finish();
    const Judgement other = judge_finished();
    if (other.difference) differ.emplace_back(on_wire_.front(), *other.difference);
    on_wire_.pop_front();
    count(other);
  }
  for (const auto& [one, difference] : differ) examine(one, difference);
}

void Campaign::play_random(std::uint64_t seed, std::uint64_t count, const Progressing& progress) {
  play_made(count, [&](std::uint64_t n) { return random_job(seed + n); }, progress);
}

void Campaign::play_tables(std::uint64_t seed, std::uint64_t count, const Progressing& progress) {
  const Profile* profile = options_.profile ? &*options_.profile : nullptr;
  const auto table = [&](std::uint64_t n) {
    const Trace trace = probe::table_with_probes(seed + n, intro_.config, profile);
    return Job{fmt::format("table seed {}", seed + n),
               std::get<Trace>(scenario_of(trace, intro_.config, intro_.accepted, cables()))};
  };
  play_made(count, table, progress);
}

void Campaign::play_made(std::uint64_t count, const std::function<Job(std::uint64_t)>& make,
                         const Progressing& progress) {
  std::uint64_t made = 0;
  const auto next = [&]() -> std::optional<Job> {
    const bool enough = made == count || (options_.enough && options_.enough());
    return enough ? std::nullopt : std::optional(make(made++));
  };
  run(next, progress);
}

void Campaign::leave_out(const std::string& why) {
  ++report_.outside;
  ++report_.reasons[why];
}

void Campaign::play(const std::string& name, const Trace& trace) {
  auto scenario = scenario_of(trace, intro_.config, intro_.accepted, cables());
  if (const auto* why = std::get_if<std::string>(&scenario)) { return leave_out(*why); }
  if (const auto why = options_.profile ? ruled_out(*options_.profile, std::get<Trace>(scenario)) : std::nullopt) {
    return leave_out(print_obstacle(*why));
  }
  bool given = false;
  run(
      [&]() -> std::optional<Job> {
        if (given) return std::nullopt;
        given = true;
        return Job{name, std::get<Trace>(scenario)};
      },
      {});
}

}  // namespace oftwin::harness::live
