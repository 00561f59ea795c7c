#include "properties/explore/alphabet.h"

#include <algorithm>

#include "harness/request.h"
#include "model/step.h"
#include "spec/nicira.h"

namespace oftwin::explore {

namespace {

namespace req = harness::request;
using harness::encode;

constexpr std::uint32_t kBufferId = 0x100;      // the first packet in slot 0
constexpr std::size_t kTooManyActions = 65448;  // bytes
constexpr std::uint16_t kFirstOutput = 10;
const Bytes kFrame = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};

Error table_full() { return openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL); }
Error no_memory() { return system_error(12); }

Bytes actions_of(unsigned variant) {
  return harness::action::output(static_cast<std::uint16_t>(kFirstOutput + variant), 0);
}

harness::WireMatch match_of(unsigned flow) {
  harness::WireMatch match;
  match.wildcards = OFPFW_ALL;
  if (flow == 0) return match;
  match.wildcards &= ~static_cast<std::uint32_t>(OFPFW_IN_PORT);
  match.in_port = static_cast<std::uint16_t>(flow);
  return match;
}

req::FlowMod flow_mod(std::uint16_t command, unsigned flow, unsigned variant) {
  req::FlowMod fm;
  fm.command = command;
  fm.match = match_of(flow);
  if (variant != 0) {
    fm.cookie = kCookieOfVariant + variant;
    fm.actions = actions_of(variant);
  }
  return fm;
}

constexpr std::uint64_t kMostPackets = 2;  // on their way through the tables, in all

// Each refused, in a law that is taken at its word.
std::vector<harness::Request> wrong_requests() {
  req::FlowStats elsewhere;
  elsewhere.match = match_of(0);
  elsewhere.table_id = 0x77;
  req::QueueStats queue;
  queue.port = 77;
  req::FlowMod emergency = flow_mod(OFPFC_ADD, 0, 0);
  emergency.flags = OFPFF_EMERG;
  emergency.hard_timeout = 1;
  req::FlowMod never_given = flow_mod(OFPFC_ADD, 0, 0);
  never_given.buffer_id = 0;
  return {elsewhere,
          queue,
          emergency,
          req::Role{0, 77},
          req::PacketOut{0, OFP_NO_BUFFER, OFPP_IN_PORT, {}, kFrame},
          never_given,
          req::QueueGetConfig{0, 77}};
}

// Of kinds that only a switch sends, or that nobody answers.
std::vector<Bytes> wrong_messages() {
  const Bytes error = {1, OFPT_ERROR, 0, 12, 0, 0, 0, 0, 0, 1, 0, 6};
  const Bytes reply = {1, OFPT_STATS_REPLY, 0, 12, 0, 0, 0, 0, 0, OFPST_FLOW, 0, 0};
  return {error, reply};
}

bool queued(const model::State& state, RuleName rule) {
  return std::any_of(state.provider.queue.begin(), state.provider.queue.end(), [&](const auto& work) {
    const auto* complete = std::get_if<event::ProviderComplete>(&work);
    return complete && complete->rule == rule;
  });
}

// A name that is not new may always be used; of the new ones only the first.
bool may_use(std::uint8_t name, const Numbering& known) {
  for (std::uint8_t other = 1; other < name; ++other) {
    if (known[other] == 0 && known[name] == 0) return false;
  }
  return true;
}

}  // namespace

Alphabet::Alphabet(const Scope& scope) : scope_(scope) {
  for (unsigned v = 1; v <= scope_.variants; ++v) words_.add(actions_of(v), {1, 0, static_cast<std::uint8_t>(v)});
  words_.add(Bytes{}, {2, 0, 0});
  words_.add(kFrame, {3, 0, 0});
  Match any;
  words_.add(any, {4, 0, 0});
  for (unsigned f = 1; f <= scope_.flows; ++f) {
    Match match;
    match.in_port = {static_cast<std::uint16_t>(f), 0xffff};
    words_.add(match, {5, static_cast<std::uint8_t>(f), 0});
  }
  make_flow_mods();
  make_other_messages();
  make_fixed();
  make_answers();
}

// Extended statistics and flow-mods are other spellings of the same requests; those of OpenFlow 1.0 stand for both.
void Alphabet::make_flow_mods() {
  std::uint16_t family = 10;
  const auto each = [&](Kind kind, unsigned flows, unsigned variants, unsigned tables, auto make) {
    if (!scope_.has(kind)) return;
    for (unsigned t = 0; t < std::max(tables, 1u); ++t, ++family) {
      for (unsigned f = flows == 0 ? 0 : 1; f <= flows; ++f) {
        for (unsigned v = variants == 0 ? 0 : 1; v <= variants; ++v) {
          req::FlowMod fm = make(f, v);
          if (names_tables()) {
            const unsigned table = tables == 0 ? unsigned{OFP_ALL_TABLES} : t;
            fm.command = static_cast<std::uint16_t>(table << 8 | fm.command);
          }
          add_message(family, static_cast<std::uint8_t>(f), static_cast<std::uint8_t>(v), encode(fm));
        }
      }
    }
  };
  const unsigned flows = scope_.flows, variants = scope_.variants;
  const unsigned tables = names_tables() ? scope_.tables : 0;
  const auto adding = [&](unsigned f, unsigned v) {
    req::FlowMod fm = flow_mod(OFPFC_ADD, f, v);
    if (scope_.has(Kind::report)) fm.flags |= OFPFF_SEND_FLOW_REM;
    return fm;
  };
  each(Kind::add, flows, variants, tables, adding);
  each(Kind::modify, 0, variants, 0, [](unsigned, unsigned v) { return flow_mod(OFPFC_MODIFY, 0, v); });
  each(Kind::modify_strict, flows, variants, 0,
       [](unsigned f, unsigned v) { return flow_mod(OFPFC_MODIFY_STRICT, f, v); });
  each(Kind::remove, 0, 0, 0, [](unsigned, unsigned) { return flow_mod(OFPFC_DELETE, 0, 0); });
  each(Kind::remove_strict, flows, 0, tables, [](unsigned f, unsigned) { return flow_mod(OFPFC_DELETE_STRICT, f, 0); });
  const auto special = [&](Kind kind, auto change) {
    each(kind, flows, variants, tables, [&](unsigned f, unsigned v) {
      req::FlowMod fm = adding(f, v);
      change(fm);
      return fm;
    });
  };
  special(Kind::overlap, [](req::FlowMod& fm) { fm.flags |= OFPFF_CHECK_OVERLAP; });
  special(Kind::emergency, [](req::FlowMod& fm) { fm.flags |= OFPFF_EMERG; });
  special(Kind::unknown_flag, [](req::FlowMod& fm) { fm.flags |= 0x100; });
  special(Kind::buffer, [](req::FlowMod& fm) { fm.buffer_id = kBufferId; });
  each(Kind::buffer, 0, variants, 0, [](unsigned, unsigned v) {
    req::FlowMod fm = flow_mod(OFPFC_MODIFY, 0, v);
    fm.buffer_id = kBufferId;
    return fm;
  });
  const auto once = [&](Kind kind, req::FlowMod fm, unsigned table) {
    if (!scope_.has(kind)) return;
    if (names_tables()) fm.command = static_cast<std::uint16_t>(table << 8 | fm.command);
    add_message(family++, 0, 0, encode(fm));
  };
  for (const std::uint16_t command : {OFPFC_ADD, OFPFC_MODIFY, OFPFC_DELETE}) {
    once(Kind::no_table, flow_mod(command, 0, command == OFPFC_DELETE ? 0 : 1), 0x77);
  }
  each(Kind::tos, 0, variants, 1, [](unsigned, unsigned v) {
    req::FlowMod tos = flow_mod(OFPFC_ADD, 0, v);
    tos.match.wildcards &= ~static_cast<std::uint32_t>(OFPFW_DL_TYPE | OFPFW_NW_TOS);
    tos.match.dl_type = 0x0800;
    tos.match.nw_tos = 7;
    return tos;
  });
  req::FlowMod many = flow_mod(OFPFC_ADD, 0, 0);
  while (many.actions.size() < kTooManyActions) {
    const Bytes one = actions_of(1);
    many.actions.insert(many.actions.end(), one.begin(), one.end());
  }
  once(Kind::many_actions, many, 0);
  if (scope_.has(Kind::many_actions)) words_.add(many.actions, {6, 0, 0});
}

void Alphabet::make_other_messages() {
  std::uint16_t family = 200;
  const auto message = [&](Kind kind, const harness::Request& request) {
    if (scope_.has(kind)) add_message(family, 0, 0, encode(request));
    ++family;
  };
  message(Kind::barrier, req::BarrierRequest{});
  req::FlowStats stats;
  stats.match = match_of(0);
  message(Kind::stats, stats);
  stats.aggregate = true;
  message(Kind::aggregate, stats);
  message(Kind::echo, req::EchoRequest{});
  message(Kind::role, req::Role{0, NX_ROLE_MASTER});
  message(Kind::role, req::Role{0, NX_ROLE_SLAVE});
  message(Kind::role, req::Role{0, NX_ROLE_OTHER});
  message(Kind::flow_format, req::SetFlowFormat{0, NXFF_NXM});
  message(Kind::flow_format, req::SetFlowFormat{0, NXFF_OPENFLOW10});
  message(Kind::packet_out, req::PacketOut{0, kBufferId, OFPP_NONE, actions_of(1), {}});
  message(Kind::miss_send_len, req::SetConfig{0, 0, 0});
  message(Kind::miss_send_len, req::SetConfig{0, 0, 64});
  for (const harness::Request& request : wrong_requests()) message(Kind::wrong, request);
  const harness::Mac address = {0xaa, 0x55, 0xaa, 0x55, 0, 1};
  message(Kind::port_mod, req::PortMod{0, 1, address, OFPPC_PORT_DOWN, OFPPC_PORT_DOWN, 0});
  message(Kind::port_mod, req::PortMod{0, 1, address, OFPPC_NO_FLOOD, OFPPC_NO_FLOOD | OFPPC_PORT_DOWN, 0});
  req::FlowMod unknown = flow_mod(OFPFC_ADD, 0, 0);
  unknown.actions = {0xff, 0xff, 0, 16, 0, 0, 0x23, 0x20, 0x77, 0x77, 0, 0, 0, 0, 0, 0};
  message(Kind::wrong_action, unknown);
  if (!scope_.has(Kind::wrong)) return;
  for (Bytes& bytes : wrong_messages()) add_message(family++, 0, 0, std::move(bytes));
}

void Alphabet::add_message(std::uint16_t family, std::uint8_t flow, std::uint8_t variant, Bytes bytes) {
  const auto xid = static_cast<std::uint32_t>(messages_.size() + 1);
  for (unsigned i = 0; i < 4; ++i) {
    bytes[wire::header::xid.offset + i] = static_cast<std::uint8_t>(xid >> (24 - 8 * i));
  }
  const Label label{family, flow, variant};
  words_.add(bytes, label);
  if (bytes.size() > OFP_ERROR_REQUEST_BYTES) {
    Label start = label;
    start.family = static_cast<std::uint16_t>(family + 1000);
    words_.add(ByteView(bytes).first(OFP_ERROR_REQUEST_BYTES), start);
  }
  messages_.push_back({std::move(bytes), label});
}

void Alphabet::make_fixed() {
  loop_ = {0, event::Loop{1}};
  flush_ = {0, event::Flush{}};
  destroy_ = {0, event::Destroy{}};
  packet_ = {0, event::ProviderPacketIn{1, PacketInReason::no_match, 0xffff, kFrame}};
  if (scope_.has(Kind::own)) {
    for (unsigned v = 1; v <= scope_.variants; ++v) {
      const event::HiddenAdd add{0x10000, kMatchEverything, actions_of(v)};
      own_.push_back({{0, add}, {0, 0, static_cast<std::uint8_t>(v)}, {}});
    }
    own_.push_back({{0, event::HiddenDel{0x10000, kMatchEverything}}, {}, {}});
  }
  if (scope_.has(Kind::no_memory)) {
    for (const bool fail : {true, false}) faults_.push_back({0, event::ProviderAllocFail{fail}});
  }
  if (scope_.has(Kind::choose_table)) {
    for (unsigned t = 0; t <= scope_.tables; ++t) {
      faults_.push_back({0, event::ProviderChooseTable{static_cast<std::uint8_t>(t)}});
    }
    faults_.push_back({0, event::ProviderChooseTable{table_full()}});
  }
  if (scope_.has(Kind::execute_error)) {
    faults_.push_back({0, event::ProviderExecuteResult{table_full()}});
    faults_.push_back({0, event::ProviderExecuteResult{}});
  }
  if (scope_.has(Kind::port_change)) {
    PortConfig port = config_of(scope_).ports.front();
    for (const auto kind : {event::PortChangeKind::add, event::PortChangeKind::remove}) {
      ports_.push_back({0, event::PortChange{kind, port}});
    }
    port.state = OFPPS_LINK_DOWN;
    ports_.push_back({0, event::PortChange{event::PortChangeKind::modify, port}});
  }
  if (scope_.has(Kind::fail_mode)) {
    for (const std::uint64_t standalone : {1, 0}) {
      settings_.push_back({0, event::Set{event::Setting::standalone, standalone}});
    }
  }
  if (scope_.has(Kind::packets)) {
    for (unsigned f = 1; f <= scope_.flows; ++f) {
      arrivals_.push_back({0, event::PacketArrives{static_cast<std::uint16_t>(f), kFrame, 0}});
    }
    preamble_.push_back({0, event::ProviderLatency{std::nullopt, 1000}});
  }
  if (!names_tables()) return;
  std::uint32_t id = 0;
  for (unsigned n = 1; n <= scope_.primaries; ++n) {
    const ConnName conn{ConnKind::primary, static_cast<std::uint16_t>(n)};
    preamble_.push_back({++id, event::Recv{conn, encode(req::FlowModTableId{0, 1})}});
  }
  preamble_.push_back({0, event::Loop{0}});
}

void Alphabet::make_answers() {
  std::vector<Error> errors = {table_full()};
  if (scope_.has(Kind::system_errors)) errors.push_back(no_memory());
  for (const auto kind : {OperationKind::add, OperationKind::modify, OperationKind::remove}) {
    auto& answers = answers_[static_cast<std::size_t>(kind)];
    answers = {{AnswerKind::done, {}}, {AnswerKind::pending, {}}};
    if (kind == OperationKind::remove) continue;
    for (const Error error : errors) {
      answers.push_back({AnswerKind::failed, error});
      if (kind == OperationKind::add) answers.push_back({AnswerKind::refused, error});
    }
  }
  failures_ = errors;
}

void Alphabet::enable(EventBody body) {
  if (n_made_ == made_.size()) made_.emplace_back();
  made_[n_made_].body = std::move(body);
  enabled_.push_back(&made_[n_made_++]);
}

void Alphabet::enable_provider(const model::State& state) {
  if (state.provider.queue.size() >= scope_.queue) return;
  for (const model::Operation& op : state.operations) {
    if (queued(state, op.rule)) continue;
    enable(event::ProviderComplete{op.rule, {}});
    if (op.kind == OperationKind::remove) continue;
    for (const Error error : failures_) enable(event::ProviderComplete{op.rule, error});
  }
  if (scope_.has(Kind::expire)) {
    for (const model::Table& table : state.tables) {
      for (const model::Rule& rule : table.rules) enable(event::ProviderExpire{rule.name, ExpiryReason::hard});
    }
  }
  const bool fresh = std::all_of(state.connections.begin(), state.connections.end(), [](const model::Connection& c) {
    return c.buffers.empty() || c.buffers.front().serial < 2;
  });
  if (scope_.has(Kind::buffer) && fresh) enabled_.push_back(&packet_);
  for (Event& e : ports_) enabled_.push_back(&e);
  std::uint64_t packets = 0;
  for (const model::Table& table : state.tables) packets += table.lookup_count;
  if (packets >= kMostPackets) return;
  for (Event& e : arrivals_) enabled_.push_back(&e);
}

std::vector<Event>& Alphabet::messages_to(ConnName conn) {
  for (auto& [name, events] : to_) {
    if (name == conn) return events;
  }
  auto& events = to_.emplace_back(conn, std::vector<Event>{}).second;
  for (const Message& m : messages_) events.push_back({0, event::Recv{conn, m.bytes}});
  return events;
}

void Alphabet::enable_connection(const model::Connection& conn, bool may_read, const Canonical& known) {
  const bool open = conn.link != model::Link::down;
  if (open && !conn.peer_closed && !conn.broken && may_read && conn.inbox.size() < scope_.inbox) {
    std::vector<Event>& events = messages_to(conn.name);
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      const Label label = messages_[i].label;
      if (may_use(label.flow, known.flows()) && may_use(label.variant, known.variants())) {
        enabled_.push_back(&events[i]);
      }
    }
  }
  if (scope_.has(Kind::close) && open && !conn.peer_closed) enable(event::ConnClose{conn.name});
  if (scope_.has(Kind::open) && conn.link == model::Link::down) enable(event::ConnOpen{conn.name});
  if (scope_.has(Kind::stall) && open && !conn.peer_closed) enable(event::PeerStall{conn.name, !conn.stalled});
}

void Alphabet::enable_switch(const model::State& state, const Canonical& known) {
  for (Fixed& own : own_) {
    if (state.own_rules.size() < 2 && may_use(own.label.variant, known.variants())) enabled_.push_back(&own.event);
  }
  for (std::vector<Event>* events : {&faults_, &settings_}) {
    for (Event& e : *events) enabled_.push_back(&e);
  }
  if (scope_.has(Kind::flush) && !state.flushing) enabled_.push_back(&flush_);
  if (scope_.has(Kind::destroy)) enabled_.push_back(&destroy_);
  if (!scope_.has(Kind::open)) return;
  std::size_t services = 0;
  std::uint16_t next = 1;
  for (const model::Connection& c : state.connections) services += c.name.kind == ConnKind::service;
  const auto taken = [&] {
    return std::ranges::find(state.connections, ConnName{ConnKind::service, next}, &model::Connection::name) !=
           state.connections.end();
  };
  while (taken()) ++next;
  if (services < scope_.services) enable(event::ConnOpen{{ConnKind::service, next}});
}

const std::vector<Event*>& Alphabet::enabled(const model::State& state, const Canonical& known) {
  enabled_.clear();
  n_made_ = 0;
  if (state.dead) return enabled_;
  enabled_.push_back(&loop_);
  enable_provider(state);
  std::size_t unread = 0;
  for (const model::Connection& conn : state.connections) unread += conn.inbox.size();
  for (const model::Connection& conn : state.connections) enable_connection(conn, unread < scope_.unread, known);
  enable_switch(state, known);
  return enabled_;
}

}  // namespace oftwin::explore
