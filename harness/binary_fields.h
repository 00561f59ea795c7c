// What a binary trace consists of: for each structure its fields in their order, said once for both directions.
// `fields(archive, value)` with an archive that writes, writes; with one that reads, reads.
//
// An archive has byte(), number(value, max), choice(value, n) (one of the n first values of an enumeration),
// bytes(container, max) and `reading`; one that reads has done() as well.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <variant>
#include <vector>

#include "harness/default_config.h"
#include "harness/trace.h"
#include "spec/event.h"
#include "spec/openflow.h"

namespace oftwin::harness::binary {

inline constexpr std::size_t kAnyLength = std::numeric_limits<std::size_t>::max();

template <class A>
void fields(A& a, ConnName& c) {
  a.choice(c.kind, 3);
  a.number(c.number);
}

template <class A>
void fields(A& a, RuleName& r) {
  a.number(r.event);
  a.number(r.index);
}

template <class A>
void fields(A& a, Error& e) {
  a.choice(e.space, 4);
  if (e.space == ErrorSpace::openflow || e.space == ErrorSpace::nicira) a.number(e.type);
  if (e.space != ErrorSpace::none) a.number(e.code);
}

template <class A>
void fields(A& a, Answer& answer) {
  a.choice(answer.kind, 4);
  if (answer.kind == AnswerKind::failed || answer.kind == AnswerKind::refused) fields(a, answer.error);
}

template <class A>
void fields(A& a, std::optional<OperationKind>& kind) {
  std::uint8_t n = kind ? static_cast<std::uint8_t>(*kind) : 3;
  a.choice(n, 4);
  kind = n == 3 ? std::nullopt : std::optional(static_cast<OperationKind>(n));
}

template <class A>
void fields(A& a, PortConfig& p) {
  a.number(p.number);
  PortConfig usual = default_port(p.number);
  std::uint8_t plain = p == usual;
  a.choice(plain, 2);
  if (plain) {
    p = usual;
    return;
  }
  for (std::uint8_t& b : p.hw_addr) a.number(b);
  a.bytes(p.name, OFP_MAX_PORT_NAME_LEN - 1);
  p.name = p.name.c_str();  // it ends at a zero byte wherever it goes
  for (std::uint32_t* n : {&p.config, &p.state, &p.curr, &p.advertised, &p.supported, &p.peer}) a.number(*n);
}

template <class A>
void fields(A& a, TableConfig& t) {
  a.bytes(t.name, OFP_MAX_TABLE_NAME_LEN - 1);
  a.number(t.wildcards);
  a.number(t.max_entries);
}

template <class A>
void fields(A& a, Description& d) {
  for (std::string* s : {&d.mfr_desc, &d.hw_desc, &d.sw_desc, &d.dp_desc}) a.bytes(*s, 255);
  a.bytes(d.serial_num, 31);
}

// A counted list. A count that promises more than there is ends with what there is.
template <class A, class T>
void list(A& a, std::vector<T>& items, std::size_t max) {
  std::size_t n = items.size();
  a.number(n, max);
  if constexpr (A::reading) {
    items.clear();
    for (; n > 0 && !a.done(); --n) {
      T item;
      fields(a, item);
      items.push_back(std::move(item));
    }
    if (n > 0) a.byte();  // which is not there
  } else {
    for (T& item : items) fields(a, item);
  }
}

// Something that mostly is what it usually is.
template <class A, class T, class Fields>
void unusual(A& a, T& value, const T& usual, Fields read_or_write) {
  std::uint8_t differs = !(value == usual);
  a.choice(differs, 2);
  if (differs)
    read_or_write(value);
  else
    value = usual;
}

template <class A>
void fields(A& a, Limits& l) {
  for (std::uint16_t* n : {&l.pending_groups, &l.packet_buffers, &l.unsent_replies}) {
    a.number(*n, n == &l.packet_buffers ? Limits{}.packet_buffers : std::uint16_t{0xffff});
    *n = std::max(*n, std::uint16_t{1});
  }
}

template <class A>
void fields(A& a, SwitchConfig& c) {
  const SwitchConfig usual;
  auto number = [&a](auto& n) { a.number(n); };
  a.choice(c.provider, 2);
  std::size_t tables = c.tables.size();
  a.number(tables, std::size_t{255});
  if constexpr (A::reading) c.tables.assign(std::max<std::size_t>(tables, 1), {});
  unusual(a, c.tables, std::vector<TableConfig>(c.tables.size()), [&](auto& all) {
    for (TableConfig& t : all) fields(a, t);
  });
  list(a, c.ports, 0xffff);
  unusual(a, c.connections, usual.connections, [&](auto& all) { list(a, all, 0xffff); });
  unusual(a, c.datapath_id, usual.datapath_id, number);
  auto differ =
      static_cast<std::uint8_t>((c.n_buffers != usual.n_buffers ? 1 : 0) + (c.limits != usual.limits ? 2 : 0));
  a.choice(differ, 4);
  if (differ & 1) a.number(c.n_buffers);
  if (differ & 2) fields(a, c.limits);
  unusual(a, c.capabilities, usual.capabilities, number);
  unusual(a, c.actions, usual.actions, number);
  unusual(a, c.clock_ms, usual.clock_ms, number);
  unusual(a, c.description, default_config().description, [&a](auto& d) { fields(a, d); });
}

// Mostly wildcards.
template <class A>
void fields(A& a, WireMatchBytes& match) {
  unusual(a, match, kMatchEverything, [&a](auto& bytes) {
    for (std::uint8_t& b : bytes) a.number(b);
    for (const std::size_t padding : {21, 26, 27}) bytes[padding] = 0;
  });
}

// --- Events
// -------------------------------------------------------------------------------------------------------------

template <class A>
void fields(A& a, event::ConnOpen& e) {
  fields(a, e.conn);
}
template <class A>
void fields(A& a, event::ConnClose& e) {
  fields(a, e.conn);
}
template <class A>
void fields(A& a, event::PeerStall& e) {
  fields(a, e.conn);
  a.choice(e.stalled, 2);
}
template <class A>
void fields(A& a, event::Recv& e) {
  fields(a, e.conn);
  a.bytes(e.bytes, kAnyLength);
}
template <class A>
void fields(A& a, event::ProviderPlan& e) {
  a.choice(e.kind, 3);
  list(a, e.answers, kAnyLength);
}
template <class A>
void fields(A& a, event::ProviderPolicy& e) {
  fields(a, e.kind);
  fields(a, e.answer);
}
template <class A>
void fields(A& a, event::ProviderComplete& e) {
  fields(a, e.rule);
  fields(a, e.error);
}
template <class A>
void fields(A& a, event::ProviderExpire& e) {
  fields(a, e.rule);
  a.choice(e.reason, 2);
}
template <class A>
void fields(A& a, event::ProviderPacketIn& e) {
  a.number(e.port);
  a.choice(e.reason, 2);
  a.number(e.send_len);
  a.bytes(e.frame, kAnyLength);
}
template <class A>
void fields(A& a, event::ProviderCounters& e) {
  fields(a, e.rule);
  a.number(e.packets);
  a.number(e.bytes);
}
template <class A>
void fields(A& a, event::ProviderUnknownCounters& e) {
  a.choice(e.unknown, 2);
}
template <class A>
void fields(A& a, event::ProviderChooseTable& e) {
  std::uint8_t kind = !e.answer ? 0 : std::holds_alternative<std::uint8_t>(*e.answer) ? 1 : 2;
  a.choice(kind, 3);
  std::uint8_t table = kind == 1 && e.answer ? std::get<std::uint8_t>(*e.answer) : 0;
  Error error = kind == 2 && e.answer ? std::get<Error>(*e.answer) : Error{};
  if (kind == 1) a.number(table);
  if (kind == 2) fields(a, error);
  if (kind == 0) e.answer = std::nullopt;
  if (kind == 1) e.answer = table;
  // A refusal without an error is none: the table stays the first.
  if (kind == 2 && !error) e.answer = std::uint8_t{0};
  if (kind == 2 && error) e.answer = error;
}
template <class A>
void fields(A& a, event::ProviderExecuteResult& e) {
  fields(a, e.error);
}
template <class A>
void fields(A& a, event::ProviderPacketOutResult& e) {
  fields(a, e.error);
}
template <class A>
void fields(A& a, event::ProviderAllocFail& e) {
  a.choice(e.fail, 2);
}
template <class A>
void fields(A& a, event::ProviderLatency& e) {
  fields(a, e.kind);
  a.number(e.ms);
}
template <class A>
void fields(A& a, event::PacketArrives& e) {
  a.number(e.port);
  a.bytes(e.frame, kAnyLength);
  a.number(e.tun_id);
}
template <class A>
void fields(A& a, event::Clock& e) {
  a.number(e.ms);
}
template <class A>
void fields(A& a, event::Loop& e) {
  a.number(e.iterations, kMaxIterations);
}
template <class A>
void fields(A&, event::Flush&) {}
template <class A>
void fields(A& a, event::HiddenAdd& e) {
  a.number(e.priority);
  fields(a, e.match);
  a.bytes(e.actions, kAnyLength);
}
template <class A>
void fields(A& a, event::HiddenDel& e) {
  a.number(e.priority);
  fields(a, e.match);
}
template <class A>
void fields(A& a, event::PortChange& e) {
  a.choice(e.kind, 3);
  fields(a, e.port);
}
template <class A>
void fields(A&, event::Destroy&) {}
template <class A>
void fields(A& a, event::SetControllers& e) {
  std::size_t n = e.numbers.size();
  a.number(n, kMaxControllers);
  e.numbers.resize(n);
  for (std::uint16_t& number : e.numbers) a.number(number);
}
template <class A>
void fields(A&, event::Reconnect&) {}
template <class A>
void fields(A& a, event::Set& e) {
  a.choice(e.setting, 5);
  const bool wide = e.setting == event::Setting::datapath_id, flag = e.setting == event::Setting::standalone;
  a.number(e.value, wide ? UINT64_MAX : std::uint64_t{flag ? 1 : UINT32_MAX});
}
template <class A>
void fields(A& a, event::Describe& e) {
  for (auto* text : {&e.mfr_desc, &e.hw_desc, &e.sw_desc, &e.serial_num, &e.dp_desc}) {
    unusual(a, *text, std::optional<std::string>(), [&a](auto& t) {
      if (!t) t.emplace();
      a.bytes(*t, kMaxDescription);
    });
  }
}
template <class A>
void fields(A& a, event::InBandRemote& r) {
  a.number(r.ip);
  a.number(r.port);
  a.number(r.next_hop_mac, kMaxMac);
}
template <class A>
void fields(A& a, event::InBand& e) {
  a.number(e.local_mac, kMaxMac);
  list(a, e.remotes, kMaxRemotes);
}
template <class A>
void fields(A&, event::DumpFlows&) {}

}  // namespace oftwin::harness::binary
