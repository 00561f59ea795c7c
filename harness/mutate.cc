#include "harness/mutate.h"

#include <algorithm>
#include <map>
#include <utility>

#include "harness/default_config.h"
#include "harness/generate_action.h"
#include "harness/generate_message.h"
#include "harness/generate_settings.h"
#include "harness/request.h"
#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

// An event on its way into a new trace. `from` tells whose ids it speaks in.
struct Item {
  int from = 0;
  Event event;
};
using Items = std::vector<Item>;

bool is_loop(const Event& e) { return std::holds_alternative<event::Loop>(e.body); }

Items items_of(const Trace& trace, int from) {
  Items out;
  for (const Event& e : trace.events) out.push_back({from, e});
  return out;
}

template <class F>
void for_each_rule(EventBody& body, F&& f) {
  if (auto* complete = std::get_if<event::ProviderComplete>(&body)) f(complete->rule);
  if (auto* expire = std::get_if<event::ProviderExpire>(&body)) f(expire->rule);
  if (auto* counters = std::get_if<event::ProviderCounters>(&body)) f(counters->rule);
}

void set_default_xids(Bytes& stream, std::uint32_t id) {
  std::size_t at = 0;
  std::uint32_t index = 0;
  for (ByteView message : cut_messages(Bytes(stream)).messages) {
    Bytes xid;
    put(xid, default_xid(id, ++index));
    std::copy(xid.begin(), xid.end(), stream.begin() + static_cast<std::ptrdiff_t>(at) + 4);
    at += message.size();
  }
}

// Gives the items new ids and makes them the trace's events.
void assemble(Items items, Trace& trace) {
  if (items.size() > kMaxMutatedEvents) items.resize(kMaxMutatedEvents);
  std::map<std::pair<int, std::uint32_t>, std::uint32_t> renamed;
  std::uint32_t id = 0;
  for (Item& item : items) {
    const std::uint32_t old = std::exchange(item.event.id, is_loop(item.event) ? 0 : ++id);
    if (item.event.id != 0) renamed.emplace(std::pair(item.from, old), id);
    if (auto* recv = std::get_if<event::Recv>(&item.event.body)) set_default_xids(recv->bytes, id);
  }
  trace.events.clear();
  trace.blocks.clear();
  for (Item& item : items) {
    for_each_rule(item.event.body, [&](RuleName& rule) {
      const auto found = renamed.find({item.from, rule.event});
      if (found != renamed.end()) rule.event = found->second;
    });
    trace.events.push_back(std::move(item.event));
  }
  if (trace.events.empty() || !is_loop(trace.events.back())) trace.events.push_back({0, event::Loop{}});
  std::size_t first = 0;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    if (!is_loop(trace.events[i])) continue;
    Block block;
    block.first = std::exchange(first, i + 1);
    block.last = i;
    trace.blocks.push_back(std::move(block));
  }
}

struct Range {
  std::ptrdiff_t first, last;  // half open
};

Range some_run(const Items& items, Source& s) {
  const std::size_t first = s.below(items.size());
  const std::size_t most = std::min<std::size_t>(items.size() - first, s.chance(70) ? 3 : 30);
  return {static_cast<std::ptrdiff_t>(first), static_cast<std::ptrdiff_t>(first + s.between(1, most))};
}

void insert_run(Items& to, const Items& from, Source& s) {
  if (from.empty()) return;
  const Range run = some_run(from, s);
  const Items copy(from.begin() + run.first, from.begin() + run.last);
  const auto at = static_cast<std::ptrdiff_t>(s.below(to.size() + 1));
  to.insert(to.begin() + at, copy.begin(), copy.end());
}

void move_event(Items& items, Source& s) {
  const auto from = static_cast<std::ptrdiff_t>(s.below(items.size()));
  const Item item = items[static_cast<std::size_t>(from)];
  items.erase(items.begin() + from);
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(s.below(items.size() + 1)), item);
}

// --- One field
// ---------------------------------------------------------------------------------------------------------
Error draw_error(Source& s) {
  switch (s.below(4)) {
    case 0:
      return {};
    case 1:
      return openflow_error(2, 4);
    case 2:
      return system_error(12);
    default:
      return openflow_error(3, 0);
  }
}

Answer draw_answer(Source& s) {
  Answer answer;
  answer.kind = static_cast<AnswerKind>(s.below(4));
  if (answer.kind == AnswerKind::failed || answer.kind == AnswerKind::refused) answer.error = openflow_error(3, 0);
  return answer;
}

void vary_flow_mod(request::FlowMod& fm, const SwitchConfig& config, Source& s) {
  constexpr std::array<std::uint16_t, 5> priorities = {0, 1, 100, 0x8000, 0xffff};
  std::vector<std::uint16_t> ports = {1, 2};
  for (const PortConfig& port : config.ports) ports.push_back(port.number);
  switch (s.below(11)) {
    case 0:
    case 1:
      fm.command = static_cast<std::uint16_t>((fm.command & 0xff00) | s.below(5));
      break;
    case 2:
      fm.command = static_cast<std::uint16_t>((fm.command & 0xff) | s.below(config.tables.size() + 1) << 8);
      break;
    case 3:
      fm.priority = s.pick(priorities);
      break;
    case 4:
      fm.flags = static_cast<std::uint16_t>(fm.flags ^ (1u << s.below(3)));
      break;
    case 5:
      fm.cookie = s.below(4);
      break;
    case 6:
      fm.actions = draw_actions(s, ports);
      break;
    case 7:
      fm.buffer_id = s.chance(50) ? OFP_NO_BUFFER : 0x100 + static_cast<std::uint32_t>(s.below(4));
      break;
    case 8:
      fm.out_port = s.chance(50) ? std::uint16_t{OFPP_NONE} : s.pick(ports);
      break;
    case 9:
      (s.chance(50) ? fm.idle_timeout : fm.hard_timeout) = static_cast<std::uint16_t>(s.below(3));
      break;
    default:
      vary(s, fm.match);
  }
}

std::uint16_t draw_port(Source& s) {
  constexpr std::array<std::uint16_t, 4> reserved = {OFPP_MAX, OFPP_ALL, OFPP_LOCAL, OFPP_NONE};
  return s.chance(70) ? static_cast<std::uint16_t>(s.below(5)) : s.pick(reserved);
}

void vary_message(Bytes& message, const SwitchConfig& config, Source& s) {
  std::optional<Request> request = decode_request(message);
  if (!request || s.chance(5)) {
    if (message.size() > 8) message[s.between(8, message.size() - 1)] = static_cast<std::uint8_t>(s.below(256));
    return;
  }
  if (auto* fm = std::get_if<request::FlowMod>(&*request)) vary_flow_mod(*fm, config, s);
  if (auto* stats = std::get_if<request::FlowStats>(&*request)) {
    if (s.chance(30)) stats->aggregate = !stats->aggregate;
    vary(s, stats->match);
  }
  if (auto* set = std::get_if<request::SetConfig>(&*request))
    set->miss_send_len = static_cast<std::uint16_t>(s.below(200));
  if (auto* role = std::get_if<request::Role>(&*request)) role->role = static_cast<std::uint32_t>(s.below(4));
  if (auto* table = std::get_if<request::FlowModTableId>(&*request)) table->set ^= 1;
  if (auto* queues = std::get_if<request::QueueGetConfig>(&*request)) queues->port = draw_port(s);
  if (auto* stats = std::get_if<request::QueueStats>(&*request)) stats->port = draw_port(s);
  if (auto* stats = std::get_if<request::PortStats>(&*request)) stats->port = draw_port(s);
  if (auto* out = std::get_if<request::PacketOut>(&*request)) out->in_port = static_cast<std::uint16_t>(s.below(4));
  message = encode(*request);
}

// One of the messages in the stream: changed, dropped, or doubled and changed.
void vary_stream(event::Recv& recv, const SwitchConfig& config, Source& s) {
  const Bytes old = recv.bytes;
  const Cut cut = cut_messages(old);
  if (cut.messages.empty()) return;
  const std::size_t which = s.below(cut.messages.size());
  const std::uint64_t how = s.below(4);
  recv.bytes.clear();
  for (std::size_t i = 0; i < cut.messages.size(); ++i) {
    Bytes message(cut.messages[i].begin(), cut.messages[i].end());
    if (i == which && how == 0 && cut.messages.size() > 1) continue;
    if (i == which && how == 1) put_bytes(recv.bytes, message);
    if (i == which) vary_message(message, config, s);
    put_bytes(recv.bytes, message);
  }
  put_bytes(recv.bytes, cut.rest);
}

RuleName some_rule(const Items& items, Source& s) {
  std::vector<RuleName> rules;
  for (const Item& item : items) {
    if (const auto* recv = std::get_if<event::Recv>(&item.event.body)) {
      const std::size_t messages = std::min<std::size_t>(cut_messages(recv->bytes).messages.size(), 60);
      for (std::uint32_t i = 1; i <= messages; ++i) rules.push_back({item.event.id, i});
    }
    const std::uint32_t own = std::min(most_own_rules(item.event.body), 9u);
    for (std::uint32_t i = 1; i <= own; ++i) rules.push_back({item.event.id, i});
  }
  return rules.empty() ? RuleName{1, 1} : s.pick(rules);
}

ConnName some_conn(const SwitchConfig& config, Source& s) {
  return config.connections.empty() ? ConnName{ConnKind::service, 1} : s.pick(config.connections);
}

void vary_hidden(WireMatchBytes& bytes, Source& s) {
  WireMatch match = decode_match(bytes);
  vary(s, match);
  bytes = wire_bytes(match);
}

bool is_setting(const EventBody& body) {
  return std::holds_alternative<event::Set>(body) || std::holds_alternative<event::SetControllers>(body) ||
         std::holds_alternative<event::Reconnect>(body) || std::holds_alternative<event::Describe>(body) ||
         std::holds_alternative<event::InBand>(body) || std::holds_alternative<event::DumpFlows>(body);
}

void vary_port_change(event::PortChange& change, Source& s) {
  switch (s.below(4)) {
    case 0:
      change.kind = static_cast<event::PortChangeKind>(s.below(3));
      break;
    case 1:
      change.port = default_port(static_cast<std::uint16_t>(s.between(1, 5)));
      break;
    case 2:
      change.port.name = default_port(static_cast<std::uint16_t>(s.between(1, 5))).name;
      break;
    default:
      change.port.config = static_cast<std::uint32_t>(s.below(128));
  }
}

void vary_event(const Items& items, Event& e, const SwitchConfig& config, Source& s) {
  if (auto* recv = std::get_if<event::Recv>(&e.body)) {
    if (s.chance(15))
      recv->conn = some_conn(config, s);
    else
      vary_stream(*recv, config, s);
  } else if (auto* plan = std::get_if<event::ProviderPlan>(&e.body)) {
    if (!plan->answers.empty()) plan->answers[s.below(plan->answers.size())] = draw_answer(s);
    if (s.chance(30)) plan->kind = static_cast<OperationKind>(s.below(3));
  } else if (auto* policy = std::get_if<event::ProviderPolicy>(&e.body)) {
    policy->answer = draw_answer(s);
  } else if (auto* complete = std::get_if<event::ProviderComplete>(&e.body)) {
    if (s.chance(50))
      complete->error = draw_error(s);
    else
      complete->rule = some_rule(items, s);
  } else if (auto* expire = std::get_if<event::ProviderExpire>(&e.body)) {
    expire->rule = some_rule(items, s);
  } else if (auto* counters = std::get_if<event::ProviderCounters>(&e.body)) {
    counters->rule = some_rule(items, s);
    counters->packets = s.below(100);
  } else if (auto* loop = std::get_if<event::Loop>(&e.body)) {
    loop->iterations = static_cast<std::uint32_t>(s.below(3));
  } else if (auto* clock = std::get_if<event::Clock>(&e.body)) {
    constexpr std::array<std::uint64_t, 6> some = {999, 1000, 1000, 5001, 10000, 15000};
    clock->ms = s.pick(some);
  } else if (auto* hidden = std::get_if<event::HiddenAdd>(&e.body)) {
    vary_hidden(hidden->match, s);
    if (s.chance(30)) hidden->actions = draw_actions(s, {1, 2});
  } else if (auto* gone = std::get_if<event::HiddenDel>(&e.body)) {
    vary_hidden(gone->match, s);
  } else if (is_setting(e.body)) {
    e.body = draw_setting(s);
  } else if (auto* close = std::get_if<event::ConnClose>(&e.body)) {
    close->conn = some_conn(config, s);
  } else if (auto* packet = std::get_if<event::PacketArrives>(&e.body)) {
    packet->port = static_cast<std::uint16_t>(s.between(1, 4));
  } else if (auto* change = std::get_if<event::PortChange>(&e.body)) {
    vary_port_change(*change, s);
  }
}

// What somebody else than a controller does.
void insert_other_event(Items& items, Source& s) {
  EventBody body;
  switch (s.below(5)) {
    case 4:
      body = draw_setting(s);
      break;
    case 0:
      body = event::ProviderPolicy{std::nullopt, draw_answer(s)};
      break;
    case 1: {
      const auto kind = static_cast<OperationKind>(s.below(3));
      body = event::ProviderPlan{kind, {draw_answer(s)}};
      break;
    }
    default: {
      const RuleName rule = some_rule(items, s);
      body = event::ProviderComplete{rule, draw_error(s)};
    }
  }
  const auto at = static_cast<std::ptrdiff_t>(s.below(items.size() + 1));
  items.insert(items.begin() + at, Item{0, {0, std::move(body)}});
}

void vary_config(SwitchConfig& config, Source& s) {
  switch (s.below(4)) {
    case 3:
      config.limits = {static_cast<std::uint16_t>(s.between(1, 4)), static_cast<std::uint16_t>(s.between(1, 4)),
                       static_cast<std::uint16_t>(s.between(1, 4))};
      break;
    case 0:
      config.tables.resize(s.chance(90) ? s.between(1, 3) : s.between(254, 255));
      break;
    case 1:
      config.provider = config.provider == ProviderMode::scripted ? ProviderMode::simulated : ProviderMode::scripted;
      break;
    default:
      if (config.connections.size() < 3) {
        config.connections.push_back({ConnKind::service, static_cast<std::uint16_t>(20 + config.connections.size())});
      }
  }
}

}  // namespace

void mutate(Trace& trace, Source& source) {
  Items items = items_of(trace, 0);
  if (items.empty()) items.push_back({0, {0, event::Loop{}}});
  switch (source.below(16)) {
    case 0:
    case 1: {
      const Range run = some_run(items, source);
      items.erase(items.begin() + run.first, items.begin() + run.last);
      break;
    }
    case 2:
      insert_run(items, Items(items), source);
      break;
    case 3:
    case 4:
      move_event(items, source);
      break;
    case 5:
      insert_run(items, items_of(generate(source), 1), source);
      break;
    case 6:
    case 7:
      insert_other_event(items, source);
      break;
    case 8: {
      const auto at = static_cast<std::ptrdiff_t>(source.below(items.size() + 1));
      items.insert(items.begin() + at, Item{0, {0, event::Loop{static_cast<std::uint32_t>(source.below(2))}}});
      break;
    }
    case 9:
      if (source.chance(20)) vary_config(trace.config, source);
      [[fallthrough]];
    default:
      vary_event(items, items[source.below(items.size())].event, trace.config, source);
  }
  assemble(std::move(items), trace);
}

Trace crossover(const Trace& a, const Trace& b, Source& source) {
  Trace out;
  out.config = source.chance(50) ? a.config : b.config;
  Items left = items_of(a, 0);
  const Items right = items_of(b, 1);
  if (source.chance(50)) {
    left.resize(source.below(left.size() + 1));
    const auto from = static_cast<std::ptrdiff_t>(source.below(right.size() + 1));
    left.insert(left.end(), right.begin() + from, right.end());
  } else {
    insert_run(left, right, source);
  }
  assemble(std::move(left), out);
  return out;
}

}  // namespace oftwin::harness
