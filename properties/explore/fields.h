// Every field of the model's State, named once: what the exact encoding, its inverse and the canonical form walk over.
//
// The structured bindings are the point: a field that is added to the model and not named here does not compile, so no
// part of a state can be left out of what tells two states apart.
#pragma once

#include <concepts>
#include <type_traits>

#include "model/state.h"

namespace oftwin::explore {

template <class T, class Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

// `a(...)` takes plain fields; a.group, a.time, a.cookie, a.retry those whose value is only a name, only a distance, or
// sometimes meaningless.
template <class A, Is<Error> T>
void fields(A& a, T& x) {
  auto& [space, type, code] = x;
  a(space, type, code);
}
template <class A, Is<Answer> T>
void fields(A& a, T& x) {
  auto& [kind, error] = x;
  a(kind, error);
}
template <class A, Is<PortConfig> T>
void fields(A& a, T& x) {
  auto& [number, hw_addr, name, config, state, curr, advertised, supported, peer] = x;
  a(number, hw_addr, name, config, state, curr, advertised, supported, peer);
}
template <class A, Is<event::ProviderComplete> T>
void fields(A& a, T& x) {
  auto& [rule, error] = x;
  a(rule, error);
}
template <class A, Is<event::ProviderExpire> T>
void fields(A& a, T& x) {
  auto& [rule, reason] = x;
  a(rule, reason);
}
template <class A, Is<event::ProviderPacketIn> T>
void fields(A& a, T& x) {
  auto& [port, reason, send_len, frame] = x;
  a(port, reason, send_len, frame);
}
template <class A, Is<event::PacketArrives> T>
void fields(A& a, T& x) {
  auto& [port, frame, tun_id] = x;
  a(port, frame, tun_id);
}
template <class A, Is<event::PortChange> T>
void fields(A& a, T& x) {
  auto& [kind, port] = x;
  a(kind, port);
}
template <class A, Is<Description> T>
void fields(A& a, T& x) {
  auto& [mfr_desc, hw_desc, sw_desc, serial_num, dp_desc] = x;
  a(mfr_desc, hw_desc, sw_desc, serial_num, dp_desc);
}

template <class A, Is<model::Rule> T>
void fields(A& a, T& x) {
  auto& [name, table, priority, match, cookie, created_ms, idle_timeout, hard_timeout, send_flow_removed, actions,
         packets, bytes, used_ms, exact] = x;
  a(match, actions, table, priority, idle_timeout, hard_timeout, send_flow_removed, packets, bytes, name, exact);
  a.cookie(cookie);
  a.time(created_ms);
  a.time(used_ms);
}
template <class A, Is<model::Group> T>
void fields(A& a, T& x) {
  auto& [id, owner, linked, owner_destroyed, submitted, request, buffer_id, error] = x;
  a.group(id);
  a(owner, linked, owner_destroyed, submitted, request, buffer_id, error);
}
template <class A, Is<model::Operation> T>
void fields(A& a, T& x) {
  auto& [kind, rule, group, set_aside, old_actions, old_cookie, due_ms] = x;
  a(kind, rule);
  a.group(group);
  a(set_aside, old_actions);
  a.cookie(old_cookie);
  a(due_ms);
}
template <class A, Is<model::Message> T>
void fields(A& a, T& x) {
  auto& [origin, bytes] = x;
  a(bytes, origin);
}
template <class A, Is<model::PacketBuffer> T>
void fields(A& a, T& x) {
  auto& [full, serial, filled_ms, in_port, frame, given] = x;
  a(full, serial);
  a.time(filled_ms);
  a(in_port, frame, given);
}
template <class A, Is<model::Connection> T>
void fields(A& a, T& x) {
  auto& [name, link, ended, peer_closed, stalled, unsent, inbox, partial, broken, blocked, retry, role, flow_format,
         flow_mod_table_id, miss_send_len, buffers, next_buffer, unsent_packet_ins, watched, probe_interval_s, heard_s,
         probed, opened_s, admitted_s, admitted] = x;
  a(name, link, ended, peer_closed, stalled, unsent, blocked, inbox, partial, broken, role, flow_format,
    flow_mod_table_id, miss_send_len, buffers, next_buffer, unsent_packet_ins, watched, probe_interval_s, heard_s,
    probed, opened_s, admitted_s, admitted);
  a.retry(retry, blocked.has_value());
}
template <class A, Is<model::PortCounters> T>
void fields(A& a, T& x) {
  auto& [rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped] = x;
  a(rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped);
}
template <class A, Is<model::Port> T>
void fields(A& a, T& x) {
  auto& [config, counters] = x;
  a(config, counters);
}
template <class A, Is<model::Table> T>
void fields(A& a, T& x) {
  auto& [rules, lookup_count, matched_count] = x;
  a(rules, lookup_count, matched_count);
}
template <class A, Is<model::Provider> T>
void fields(A& a, T& x) {
  auto& [plan, policy, latency_ms, queue, unknown_counters, choose_table, execute_result, packet_out_result,
         alloc_fails, drop_fragments] = x;
  a(plan, policy, latency_ms, queue, unknown_counters, choose_table, execute_result, packet_out_result, alloc_fails,
    drop_fragments);
}
template <class A, Is<model::OwnRule> T>
void fields(A& a, T& x) {
  auto& [name, priority, match, actions, unwanted] = x;
  a(priority, match, actions, unwanted, name);
}
template <class A, Is<model::Settings> T>
void fields(A& a, T& x) {
  auto& [datapath_id, description, standalone, standalone_rule, probe_interval_s, in_band_queue] = x;
  a(datapath_id, description, standalone, standalone_rule, probe_interval_s, in_band_queue);
}
// What never changes (config, errata) is not walked over.
template <class A, Is<model::State> T>
void fields(A& a, T& x) {
  auto& [config, errata, dead, destroyed, flushing, now_ms, connections, ports, tables, groups, operations, own_rules,
         own_retry, settings, failed_open, next_sign_ms, in_band_rules, in_band_due_s, provider] = x;
  static_cast<void>(config), static_cast<void>(errata);
  a(dead, destroyed, flushing, now_ms, connections, ports, tables, groups, operations, own_rules, own_retry, settings,
    failed_open, next_sign_ms, in_band_rules, in_band_due_s, provider);
}

// The walk over everything that fields are made of. `Self` gives number(x), bytes(x), match(x), rule(x), conn(x) and,
// if it reads, says so.
template <class Self>
class Walk {
 public:
  template <class... T>
  void operator()(T&... x) {
    (one(x), ...);
  }

 private:
  Self& self() { return static_cast<Self&>(*this); }

  template <class T>
  void one(T& x) {
    using U = std::remove_const_t<T>;
    if constexpr (std::integral<U> || std::is_enum_v<U>) {
      self().number(x);
    } else if constexpr (std::same_as<U, Bytes>) {
      self().bytes(x);
    } else if constexpr (std::same_as<U, Match>) {
      self().match(x);
    } else if constexpr (std::same_as<U, RuleName>) {
      self().rule(x);
    } else if constexpr (std::same_as<U, ConnName>) {
      self().conn(x);
    } else if constexpr (std::same_as<U, std::string>) {
      list(x);
    } else {
      composite(x);
    }
  }

  template <class T>
  void composite(std::vector<T>& x) {
    list(x);
  }
  template <class T>
  void composite(const std::vector<T>& x) {
    list(x);
  }
  template <class T, std::size_t N>
  void composite(std::array<T, N>& x) {
    for (T& item : x) one(item);
  }
  template <class T, std::size_t N>
  void composite(const std::array<T, N>& x) {
    for (const T& item : x) one(item);
  }
  template <class T>
  void composite(std::optional<T>& x) {
    bool there = x.has_value();
    self().number(there);
    if (there && !x) x.emplace();
    if (!there) x.reset();
    if (x) one(*x);
  }
  template <class T>
  void composite(const std::optional<T>& x) {
    self().number(x.has_value());
    if (x) one(*x);
  }
  template <class... T>
  void composite(std::variant<T...>& x) {
    std::size_t which = x.index();
    self().number(which);
    if (which != x.index()) {
      std::size_t i = 0;
      ((i++ == which ? void(x.template emplace<T>()) : void()), ...);
    }
    std::visit([&](auto& value) { one(value); }, x);
  }
  template <class... T>
  void composite(const std::variant<T...>& x) {
    self().number(x.index());
    std::visit([&](const auto& value) { one(value); }, x);
  }
  template <class T>
  void composite(T& x) {
    fields(self(), x);
  }

  template <class List>
  void list(List& x) {
    if constexpr (std::is_const_v<List>) {
      self().number(x.size());
    } else {
      std::size_t size = x.size();
      self().number(size);
      x.resize(size);
    }
    for (auto& item : x) one(item);
  }
};

}  // namespace oftwin::explore
