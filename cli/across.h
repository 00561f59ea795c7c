// Values on their way between a process and one forked from it, as bytes: what has no pointers goes as it lies in
// memory, for both are the same program.
//
// Invariant: what unpack() reads is what pack() wrote. A structure that is not listed here and has pointers does not
// compile, and neither does one whose fields were not all named.
#pragma once

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "harness/subject/contract.h"
#include "harness/subject/subject.h"
#include "spec/bytes.h"
#include "spec/config.h"
#include "spec/event.h"
#include "spec/observation.h"

namespace oftwin::cli::across {

class Packer {
 public:
  static constexpr bool reading = false;
  explicit Packer(Bytes& out) : out_(out) {}
  void raw(const void* from, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(from);
    out_.insert(out_.end(), bytes, bytes + size);
  }

 private:
  Bytes& out_;
};

class Unpacker {
 public:
  static constexpr bool reading = true;
  explicit Unpacker(ByteView in) : in_(in) {}
  // throws std::runtime_error if there are not so many bytes.
  void raw(void* to, std::size_t size) {
    if (size > in_.size()) throw std::runtime_error("an answer of the provider's process is cut off");
    if (size > 0) std::memcpy(to, in_.data(), size);
    in_ = in_.subspan(size);
  }
  std::size_t left() const { return in_.size(); }

 private:
  ByteView in_;
};

template <class A, class T>
void walk(A& a, T& x);

template <class A, class... T>
void walk_all(A& a, T&... x) {
  (walk(a, x), ...);
}

template <class A, class T>
void walk(A& a, std::vector<T>& x) {
  std::size_t size = x.size();
  a.raw(&size, sizeof size);
  if constexpr (A::reading) {
    if (size > a.left()) throw std::runtime_error("an answer of the provider's process makes no sense");
    x.resize(size);
  }
  if constexpr (std::is_trivially_copyable_v<T>) {
    a.raw(x.data(), size * sizeof(T));
  } else {
    for (T& item : x) walk(a, item);
  }
}
template <class A>
void walk(A& a, std::string& x) {
  Bytes bytes(x.begin(), x.end());
  walk(a, bytes);
  if constexpr (A::reading) x.assign(bytes.begin(), bytes.end());
}
template <class A, class T>
void walk_optional(A& a, std::optional<T>& x) {
  bool there = x.has_value();
  a.raw(&there, sizeof there);
  if (!there) return x.reset();
  if (!x) x.emplace(T{});
  walk(a, *x);
}
template <class A, class... T>
void walk_variant(A& a, std::variant<T...>& x) {
  std::size_t which = x.index();
  a.raw(&which, sizeof which);
  if (which != x.index()) {
    std::size_t i = 0;
    ((i++ == which ? void(x.template emplace<T>()) : void()), ...);
  }
  std::visit([&](auto& value) { walk(a, value); }, x);
}

// The structures with pointers, every field.
#define OFTWIN_ACROSS(Type, ...) \
  template <class A>             \
  void fields(A& a, Type& x) {   \
    auto& [__VA_ARGS__] = x;     \
    walk_all(a, __VA_ARGS__);    \
  }
OFTWIN_ACROSS(PortConfig, number, hw_addr, name, config, state, curr, advertised, supported, peer)
OFTWIN_ACROSS(TableConfig, name, wildcards, max_entries)
OFTWIN_ACROSS(Description, mfr_desc, hw_desc, sw_desc, serial_num, dp_desc)
OFTWIN_ACROSS(SwitchConfig, provider, tables, ports, connections, datapath_id, n_buffers, limits, capabilities, actions,
              clock_ms, description)
OFTWIN_ACROSS(event::Recv, conn, bytes)
OFTWIN_ACROSS(event::ProviderPlan, kind, answers)
OFTWIN_ACROSS(event::ProviderPacketIn, port, reason, send_len, frame)
OFTWIN_ACROSS(event::PacketArrives, port, frame, tun_id)
OFTWIN_ACROSS(event::HiddenAdd, priority, match, actions)
OFTWIN_ACROSS(event::PortChange, kind, port)
OFTWIN_ACROSS(event::SetControllers, numbers)
OFTWIN_ACROSS(event::Describe, mfr_desc, hw_desc, sw_desc, serial_num, dp_desc)
OFTWIN_ACROSS(event::InBand, local_mac, remotes)
OFTWIN_ACROSS(Event, id, body)
OFTWIN_ACROSS(observation::Send, conn, bytes)
OFTWIN_ACROSS(observation::Operation, kind, rule, victim, table, priority, match, match_rendering, actions, cookie,
              idle_timeout, hard_timeout, send_flow_removed, invalid_actions, answer)
OFTWIN_ACROSS(observation::Execute, rule, in_port, frame, answer)
OFTWIN_ACROSS(observation::PacketOut, in_port, actions, frame, invalid_actions, answer)
OFTWIN_ACROSS(observation::DumpedFlow, rule, table, priority, duration_s, packets, bytes, match, actions)
OFTWIN_ACROSS(observation::PacketTx, port, frame)
OFTWIN_ACROSS(observation::Defect, erratum, fatal, what)
OFTWIN_ACROSS(harness::Conduct::Breach, clause, what)
OFTWIN_ACROSS(harness::Conduct, runs, unknown_counters, breach)
#undef OFTWIN_ACROSS

template <class A, class T>
void composite(A& a, std::optional<T>& x) {
  walk_optional(a, x);
}
template <class A, class... T>
void composite(A& a, std::variant<T...>& x) {
  walk_variant(a, x);
}
template <class A>
void composite(A& a, EventBody& x) {
  walk_variant(a, x);
}
template <class A>
void composite(A& a, Observation& x) {
  walk_variant(a, x);
}
template <class A, class T>
void composite(A& a, T& x) {
  fields(a, x);
}

template <class A, class T>
void walk(A& a, T& x) {
  if constexpr (std::is_trivially_copyable_v<T>) {
    a.raw(&x, sizeof x);
  } else {
    composite(a, x);
  }
}

template <class... T>
Bytes pack(T&... x) {
  Bytes out;
  Packer packer(out);
  walk_all(packer, x...);
  return out;
}
// throws std::runtime_error.
template <class... T>
void unpack(ByteView in, T&... x) {
  Unpacker unpacker(in);
  walk_all(unpacker, x...);
}

}  // namespace oftwin::cli::across
