#include "harness/serve/server.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/print.h"
#include "harness/request.h"
#include "harness/serve/greeting.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

using namespace std::chrono_literals;
using net::Deadline;

constexpr auto kTurn = 5ms;          // of serving
constexpr auto kLongBatch = 1ms;     // after which a guest is given less at once
constexpr auto kShortBatch = 250us;  // ... and before which more
constexpr std::size_t kMostAtOnce = 50;
constexpr auto kLooksStalled = 20ms;                         // nothing taken for so long, with more than ..
constexpr std::size_t kMuch = 65536;                         // .. these bytes to be taken
constexpr auto kFirstPause = 250ms, kLongestPause = 8000ms;  // between calls of a controller
constexpr auto kFarewell = 2s;                               // for what was sent last
constexpr std::size_t kMostLeaving = 256;

std::vector<EventBody> beginning_of(const ServerOptions& options) {
  std::vector<EventBody> out;
  event::SetControllers set;
  for (std::size_t i = 0; i < options.controllers.size(); ++i) set.numbers.push_back(static_cast<std::uint16_t>(i + 1));
  if (!set.numbers.empty()) out.push_back(set);
  out.insert(out.end(), options.judged.beginning.begin(), options.judged.beginning.end());
  out.push_back(event::Loop{});
  return out;
}

JudgedSwitchOptions judged_options(const ServerOptions& options) {
  JudgedSwitchOptions out = options.judged;
  out.beginning = beginning_of(options);
  out.config.connections.clear();  // nobody is connected yet
  return out;
}

bool in_session(const Guest& guest) { return guest.phase == Guest::Phase::session; }
bool leaving(const Guest& guest) { return guest.phase == Guest::Phase::leaving; }

}  // namespace

Server::Server(net::Reactor& reactor, Subject& subject, ServerOptions options)
    : reactor_(reactor),
      options_(std::move(options)),
      budget_(options_.limits.flows, options_.limits.action_bytes),
      judged_(subject, judged_options(options_)),
      now_(net::Clock::now()),
      clock_at_(now_),
      wake_(Deadline::max()) {
  const net::ChannelLimits limits{options_.limits.backlog, 65536};
  const auto open = [&](const std::vector<net::Endpoint>& endpoints, ConnKind kind) {
    for (const net::Endpoint& e : endpoints) {
      doors_.push_back({std::make_unique<net::Listener>(reactor_, e, options_.tls, limits), kind});
    }
  };
  open(options_.listen, ConnKind::service);
  open(options_.snoop, ConnKind::snoop);
  for (const net::Endpoint& e : options_.controllers) controllers_.push_back({e, now_, 0ms, false});
}

Server::~Server() = default;

std::vector<net::Endpoint> Server::listening() const {
  std::vector<net::Endpoint> out;
  for (const Door& door : doors_) out.push_back(door.listener->endpoint());
  return out;
}

void Server::turn(Deadline latest) {
  reactor_.wait(wait_until(latest));
  now_ = net::Clock::now();
  accept();
  call_controllers();
  for (std::size_t i = 0; i < guests_.size(); ++i) {  // the switch may begin anew in between: nobody is removed here
    greet(*guests_[i]);
    watch(*guests_[i]);
  }
  serve();
  limit_backlogs();
  sweep();
}

Deadline Server::wait_until(Deadline latest) const {
  if (more_) return Deadline::min();
  Deadline out = std::min(latest, wake_);
  for (const Controller& c : controllers_) {
    if (!c.busy) out = std::min(out, c.again);
  }
  // Whoever is slow is looked at now and then.
  for (const auto& guest : guests_) {
    const bool much = guest->channel->unsent() > kMuch;
    if (!in_session(*guest) || much || guest->stalled) out = std::min(out, net::Clock::now() + kLooksStalled);
  }
  return out;
}

// --- Coming ---

void Server::accept() {
  for (const Door& door : doors_) {
    while (auto channel = door.listener->accept()) {
      ++counts_.accepted;
      if (!make_room()) {
        ++counts_.refused;
        continue;
      }
      auto guest = std::make_unique<Guest>();
      guest->channel = std::move(channel);
      guest->name = {door.kind, 0};
      guest->since = guest->sent_at = now_;
      guest->used = floor_;
      guests_.push_back(std::move(guest));
    }
  }
}

// For one more. Who has not said HELLO yet gives way, the oldest first.
bool Server::make_room() {
  const auto n = std::ranges::count_if(guests_, [](const auto& g) { return !leaving(*g); });
  if (static_cast<std::size_t>(n) < options_.limits.connections + controllers_.size()) return true;
  const auto oldest = std::ranges::find_if(
      guests_, [](const auto& g) { return g->phase == Guest::Phase::greeting && g->name.kind != ConnKind::primary; });
  if (oldest == guests_.end()) return false;
  drop(**oldest, "gave way before it said HELLO");
  return true;
}

void Server::call_controllers() {
  for (std::size_t i = 0; i < controllers_.size(); ++i) {
    Controller& c = controllers_[i];
    if (c.busy || now_ < c.again) continue;
    const ConnName name{ConnKind::primary, static_cast<std::uint16_t>(i + 1)};
    const model::Connection* known = connection(name);
    if (!known || known->link != model::Link::down) {  // the last session's end has not been noticed yet
      c.again = now_ + kFirstPause;
      continue;
    }
    c.busy = true;
    c.pause = std::clamp<std::chrono::milliseconds>(c.pause * 2, kFirstPause, kLongestPause);
    auto guest = std::make_unique<Guest>();
    guest->channel = net::Channel::connect(reactor_, c.endpoint, options_.tls, {options_.limits.backlog, 65536});
    guest->name = name;
    guest->since = guest->sent_at = now_;
    guest->used = floor_;
    guests_.push_back(std::move(guest));
  }
}

void Server::greet(Guest& guest) {
  if (guest.phase != Guest::Phase::greeting) return;
  if (guest.channel->open() && !guest.said_hello) guest.said_hello = guest.channel->send(hello());
  const ByteView come = guest.channel->received();
  if (come.size() >= wire::header::size) {
    const Greeting greeting = answer_greeting(come);
    if (!greeting.refusal.empty()) {
      guest.channel->send(greeting.refusal);
      return leave(guest);
    }
    if (guest.channel->next_message()) return enter(guest);
  }
  if (guest.channel->closed()) return leave(guest);
  if (now_ - guest.since > options_.limits.greeting) drop(guest, "did not say HELLO");
}

// Names of those that are gone come again, as late as possible.
ConnName Server::free_name(ConnKind kind) {
  std::uint16_t& last = kind == ConnKind::service ? last_service_ : last_snoop_;
  do { last = last < options_.limits.names ? last + 1 : 1; } while (connection({kind, last}));
  return {kind, last};
}

void Server::enter(Guest& guest) {
  clock();
  if (guest.name.kind != ConnKind::primary) {
    guest.name = free_name(guest.name.kind);
  } else {
    controllers_[guest.name.number - 1u].pause = 0ms;
  }
  ++counts_.sessions;
  guest.phase = Guest::Phase::session;
  guest.since = now_;
  if (happen(event::ConnOpen{guest.name})) happen(event::Loop{});
}

// --- Being served ---

// What a guest in session does beside speaking.
void Server::watch(Guest& guest) {
  if (!in_session(guest)) return;
  if (guest.name.kind == ConnKind::snoop) guest.channel->take(guest.channel->received().size());
  if (guest.channel->closed()) {
    if (guest.next_messages().empty() || !may_be_fed(guest)) end(guest);
    return;
  }
  if (guest.channel->bytes_sent() != guest.sent || guest.channel->unsent() == 0) {
    guest.sent = guest.channel->bytes_sent();
    guest.sent_at = now_;
  }
  const auto silent = now_ - guest.sent_at;
  const bool stalled = guest.channel->unsent() > kMuch && (guest.stalled || silent >= kLooksStalled);
  if (stalled != guest.stalled) {
    guest.stalled = stalled;
    clock();
    if (!happen(event::PeerStall{guest.name, stalled}) || !happen(event::Loop{})) return;
  }
  if (guest.stalled && silent > options_.limits.patience) drop(guest, "has not read anything for long");
}

// Nothing is waiting before the switch's door: what a guest sends beyond that stays in its socket.
bool Server::may_be_fed(const Guest& guest) const {
  if (guest.name.kind == ConnKind::snoop || guest.broken) return false;
  const model::Connection* known = connection(guest.name);
  return known && known->inbox.empty() && !known->blocked;
}

const model::Connection* Server::connection(ConnName name) const {
  const auto& all = judged_.state().connections;
  const auto it = std::ranges::find(all, name, &model::Connection::name);
  return it == all.end() ? nullptr : &*it;
}

Guest* Server::ready_guest() {
  Guest* best = nullptr;
  for (const auto& guest : guests_) {
    if (!in_session(*guest) || (best && best->used <= guest->used)) continue;
    if (!guest->next_messages().empty() && may_be_fed(*guest)) best = guest.get();
  }
  return best;
}

void Server::serve() {
  const Deadline enough = now_ + kTurn;
  if (wake_ <= now_) {
    clock();
    happen(event::Loop{});
  }
  do { more_ = serve_one(); } while (more_ && net::Clock::now() < enough);
}

// False: nobody waits.
bool Server::serve_one() {
  Guest* guest = ready_guest();
  if (!guest) return false;
  floor_ = std::max(floor_, guest->used);
  const Deadline begin = net::Clock::now();
  now_ = begin;
  const ByteView view = guest->next_messages();
  const Bytes messages(view.begin(), view.end());
  guest->channel->take(messages.size());
  feed(*guest, messages);
  const auto took = net::Clock::now() - begin;
  // Who has been away has no claim to the time in which it was.
  guest->used = std::max(guest->used, floor_) + took;
  if (took > kLongBatch) guest->batch = std::max<std::size_t>(guest->batch / 2, 1);
  if (took < kShortBatch) guest->batch = std::min<std::size_t>(guest->batch * 2, kMostAtOnce);
  return true;
}

void Server::feed(Guest& guest, ByteView messages) {
  const Cut cut = cut_messages(messages);
  guest.broken = !cut.rest.empty();
  std::size_t longest = 0;
  for (const ByteView message : cut.messages) {
    if (message[1] == OFPT_FLOW_MOD || message[1] == OFPT_VENDOR) longest = std::max(longest, message.size());
  }
  clock();
  if (longest > 0) {
    for (EventBody& body : budget_.before(judged_.state(), messages.size(), longest)) {
      if (!happen(std::move(body))) return;
    }
  }
  if (happen(event::Recv{guest.name, Bytes(messages.begin(), messages.end())})) happen(event::Loop{});
}

// --- Going ---

void Server::end(Guest& guest) {
  guest.channel->close();
  if (!in_session(guest)) return leave(guest);
  clock();
  const ConnName name = guest.name;
  if (!happen(event::ConnClose{name}) || !happen(event::Loop{})) return;
  // A snooping connection's end is noticed only when there is something to tell it.
  if (in_session(guest)) leave(guest);
}

void Server::drop(Guest& guest, const std::string& why) {
  ++counts_.dropped;
  if (in_session(guest)) say(fmt::format("{} is dropped: it {}", print_conn(guest.name), why));
  end(guest);
}

void Server::leave(Guest& guest) {
  if (leaving(guest)) return;
  guest.phase = Guest::Phase::leaving;
  guest.since = now_;
  guest.channel->finish();
  if (guest.name.kind == ConnKind::primary) {
    Controller& c = controllers_[guest.name.number - 1u];
    c.busy = false;
    c.again = now_ + std::max<std::chrono::milliseconds>(c.pause, kFirstPause);
  }
}

// The largest backlogs go until the rest is bearable.
void Server::limit_backlogs() {
  std::size_t all = 0;
  for (const auto& guest : guests_) all += guest->channel->unsent();
  while (all > options_.limits.backlogs) {
    Guest& largest = **std::ranges::max_element(guests_, {}, [](const auto& g) { return g->channel->unsent(); });
    all -= largest.channel->unsent();
    drop(largest, "has the largest backlog of all that do not read");
    if (largest.channel->unsent() > 0) break;
  }
}

void Server::sweep() {
  std::size_t n = 0;
  for (auto it = guests_.rbegin(); it != guests_.rend(); ++it) {
    if (leaving(**it) && (++n > kMostLeaving || now_ - (*it)->since > kFarewell)) (*it)->channel->close();
  }
  std::erase_if(guests_, [](const auto& g) { return leaving(*g) && g->channel->closed(); });
}

// --- The switch ---

Guest* Server::find(ConnName name) {
  const auto it = std::ranges::find_if(guests_, [&](const auto& g) { return in_session(*g) && g->name == name; });
  return it == guests_.end() ? nullptr : it->get();
}

bool Server::happen(EventBody body) {
  if (judged_.happen(std::move(body))) {
    pass_on(judged_.got());
    return true;
  }
  begin_over();
  return false;
}

// The switch has begun anew: nobody is connected to it, and nothing is in its tables.
void Server::begin_over() {
  for (const auto& guest : guests_) {
    if (in_session(*guest)) leave(*guest);
  }
  last_service_ = last_snoop_ = 0;
  budget_.begin();
  pass_on(judged_.got());
}

void Server::pass_on(const std::vector<Observation>& observations) {
  for (const Observation& o : observations) {
    if (const auto* send = std::get_if<observation::Send>(&o)) {
      Guest* guest = find(send->conn);
      if (!guest || guest->channel->send(send->bytes) || guest->channel->closed()) continue;
      ++counts_.dropped;
      say(fmt::format("{} is dropped: it reads too slowly", print_conn(guest->name)));
      guest->channel->close();  // the switch is told in the next turn
    } else if (const auto* down = std::get_if<observation::ConnDown>(&o)) {
      if (Guest* guest = find(down->conn)) leave(*guest);
    } else if (const auto* wake = std::get_if<observation::Wake>(&o)) {
      const bool now = wake->kind == observation::WakeKind::now, at = wake->kind == observation::WakeKind::at;
      const auto ms =
          at ? std::min<std::uint64_t>(wake->at_ms - std::min(wake->at_ms, judged_.state().now_ms), 86'400'000) : 0;
      wake_ = now || at ? clock_at_ + std::chrono::milliseconds(ms) : Deadline::max();
    } else if (std::holds_alternative<observation::PacketTx>(o)) {
      ++counts_.frames;
    }
  }
}

// The switch is told how late it is.
void Server::clock() {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(net::Clock::now() - clock_at_);
  if (ms < 1ms) return;
  clock_at_ += ms;
  happen(event::Clock{static_cast<std::uint64_t>(ms.count())});
}

// Who is hostile enough could fill a disk with complaints.
void Server::say(const std::string& line) {
  constexpr unsigned most = 100;
  if (!options_.judged.say || ++said_ > most) return;
  options_.judged.say(line);
  if (said_ == most) options_.judged.say("further guests are dropped without a word");
}

}  // namespace oftwin::harness
