// The interposer's two tables: towards the switch and towards the provider.
#include "harness/subject/interposer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "harness/subject/scripted_provider.h"

namespace oftwin::harness {

namespace {

Ipv6 ipv6(const std::uint8_t* p) {
  Ipv6 out{};
  std::copy_n(p, out.size(), out.begin());
  return out;
}

Match to_match(const oft_match& m) {
  Match out;
  out.tun_id = {m.tun_id, m.tun_id_mask};
  for (std::size_t i = 0; i < out.reg.size(); ++i) out.reg[i] = {m.reg[i], m.reg_mask[i]};
  out.in_port = {m.in_port, m.in_port_mask};
  out.dl_src = {m.dl_src, m.dl_src_mask};
  out.dl_dst = {m.dl_dst, m.dl_dst_mask};
  out.dl_type = {m.dl_type, m.dl_type_mask};
  out.vlan_tci = {m.vlan_tci, m.vlan_tci_mask};
  out.nw_src = {m.nw_src, m.nw_src_mask};
  out.nw_dst = {m.nw_dst, m.nw_dst_mask};
  out.nw_tos = {m.nw_tos, m.nw_tos_mask};
  out.nw_proto = {m.nw_proto, m.nw_proto_mask};
  out.tp_src = {m.tp_src, m.tp_src_mask};
  out.tp_dst = {m.tp_dst, m.tp_dst_mask};
  out.arp_sha = {m.arp_sha, m.arp_sha_mask};
  out.arp_tha = {m.arp_tha, m.arp_tha_mask};
  out.ipv6_src = {ipv6(m.ipv6_src), ipv6(m.ipv6_src_mask)};
  out.ipv6_dst = {ipv6(m.ipv6_dst), ipv6(m.ipv6_dst_mask)};
  out.nd_target = {ipv6(m.nd_target), ipv6(m.nd_target_mask)};
  return out;
}

Bytes bytes(const std::uint8_t* p, std::uint64_t n) { return n == 0 ? Bytes{} : Bytes(p, p + n); }

Answer completed(oft_error error) { return error == OFT_OK ? Answer{} : Answer{AnswerKind::failed, from_oft(error)}; }

}  // namespace

Interposer::Interposer(const oft_provider& inner, void* instance)
    : inner_(inner), instance_(instance), outer_(make_table(inner)), out_(&nowhere_) {
  inner_host_ = {OFT_PROVIDER_ABI_MAJOR,
                 OFT_PROVIDER_ABI_MINOR,
                 sizeof(oft_host),
                 0,
                 [](void* p) { return self(p).host_table_->now_ms(self(p).host_); },
                 [](void* p, oft_op* op, oft_error error) { self(p).op_complete(op, error); },
                 [](void* p, const oft_rule* rule, oft_expiry_reason reason) {
                   self(p).host_table_->rule_expire(self(p).host_, rule, reason);
                 },
                 [](void* p, std::uint16_t in_port, const std::uint8_t* frame, std::uint64_t len,
                    oft_packet_in_reason reason, std::uint16_t send_len) {
                   self(p).host_table_->packet_in(self(p).host_, in_port, frame, len, reason, send_len);
                 },
                 [](void* p, oft_port_change change, const oft_port* port) {
                   self(p).host_table_->port_changed(self(p).host_, change, port);
                 },
                 nullptr,
                 nullptr};
}

void Interposer::offer_choose_table(bool offered) {
  outer_.choose_table = nullptr;
  if (!offered) return;
  outer_.choose_table = [](void* p, const oft_match* match, std::uint8_t* table_id) {
    return self(p).choose_table(match, table_id);
  };
}

const oft_rule* Interposer::rule(const RuleName& name) const {
  if (name.event != 0 || name.index == 0 || name.index > by_number_.size()) return nullptr;
  const auto it = by_handle_.find(by_number_[name.index - 1]);
  return it == by_handle_.end() ? nullptr : it->second.rule;
}

RuleName Interposer::name_of(const oft_rule* rule) const {
  const auto it = by_handle_.find(rule->handle);
  return it == by_handle_.end() ? RuleName{} : it->second.name;
}

observation::DumpedFlow Interposer::dumped(const oft_rule& rule, std::uint64_t age_s, std::uint64_t packets,
                                           std::uint64_t n_bytes) const {
  return {name_of(&rule), rule.table_id, rule.priority,         age_s,
          packets,        n_bytes,       to_match(*rule.match), bytes(rule.actions, rule.actions_len)};
}

oft_error Interposer::attach(const oft_host* table, void* host, std::uint32_t* n_tables) {
  host_table_ = table;
  host_ = host;
  return inner_.attach(instance_, &inner_host_, this, n_tables);
}

void Interposer::destruct() {
  out_->push_back(observation::DestroySwitch{});
  inner_.destruct(instance_);
  destructed_ = true;
}

void Interposer::run() {
  std::vector<std::function<void()>> work;
  work.swap(queued_);
  for (const auto& item : work) item();
  inner_.run(instance_);
}

void* Interposer::rule_alloc() {
  void* handle = inner_.rule_alloc(instance_);
  if (handle == nullptr) {
    out_->push_back(observation::Alloc{{}, true});
    return nullptr;
  }
  by_number_.push_back(handle);
  const RuleName name{0, static_cast<std::uint32_t>(by_number_.size())};
  by_handle_[handle] = {name, nullptr};
  out_->push_back(observation::Alloc{name, false});
  return handle;
}

void Interposer::rule_dealloc(void* handle) {
  const auto it = by_handle_.find(handle);
  if (it != by_handle_.end()) {
    const RuleName name = it->second.name;
    if (destructed_) out_->push_back(observation::Remaining{name});
    out_->push_back(observation::Dealloc{name});
    by_number_[name.index - 1] = nullptr;
    by_handle_.erase(it);
  }
  inner_.rule_dealloc(instance_, handle);
}

template <class Call>
oft_error Interposer::operate(OperationKind kind, const oft_rule* rule, const oft_rule* victim, oft_op* op,
                              const Call& call) {
  observation::Operation seen;
  seen.kind = kind;
  Alive& alive = by_handle_[rule->handle];
  alive.rule = rule;
  seen.rule = alive.name;
  if (victim != nullptr) seen.victim = name_of(victim);
  seen.table = rule->table_id;
  seen.priority = rule->priority;
  seen.match = to_match(*rule->match);
  seen.actions = bytes(rule->actions, rule->actions_len);
  seen.cookie = rule->cookie;
  seen.idle_timeout = rule->idle_timeout;
  seen.hard_timeout = rule->hard_timeout;
  seen.send_flow_removed = rule->send_flow_removed != 0;
  const std::size_t at = out_->size();
  Answer answer{AnswerKind::pending, {}};
  in_flight_.push_back({op, kind, seen.rule, &answer});
  out_->push_back(std::move(seen));

  const oft_error refusal = call();
  const auto started = std::ranges::find(in_flight_, op, &Started::op);
  const bool still = started != in_flight_.end() && started->answer == &answer;
  if (refusal != OFT_OK) {
    answer = {AnswerKind::refused, from_oft(refusal)};
    if (still) in_flight_.erase(started);
  } else if (still) {
    started->answer = nullptr;
  }
  std::get<observation::Operation>((*out_)[at]).answer = answer;
  return refusal;
}

void Interposer::op_complete(oft_op* op, oft_error error) {
  const auto started = std::ranges::find(in_flight_, op, &Started::op);
  if (started != in_flight_.end()) {
    out_->push_back(observation::Complete{started->kind, started->rule, from_oft(error)});
    if (started->answer != nullptr) *started->answer = completed(error);
    in_flight_.erase(started);
  }
  host_table_->op_complete(host_, op, error);
}

oft_error Interposer::rule_execute(const oft_rule* rule, std::uint16_t in_port, ByteView frame) {
  const std::size_t at = out_->size();
  out_->push_back(observation::Execute{name_of(rule), in_port, Bytes(frame.begin(), frame.end()), {}});
  const oft_error error = inner_.rule_execute(instance_, rule, in_port, frame.data(), frame.size());
  std::get<observation::Execute>((*out_)[at]).answer = from_oft(error);
  return error;
}

oft_error Interposer::packet_out(std::uint16_t in_port, ByteView frame, ByteView actions) {
  const std::size_t at = out_->size();
  out_->push_back(observation::PacketOut{
      in_port, Bytes(actions.begin(), actions.end()), Bytes(frame.begin(), frame.end()), false, {}});
  const oft_error error =
      inner_.packet_out(instance_, in_port, frame.data(), frame.size(), actions.data(), actions.size());
  std::get<observation::PacketOut>((*out_)[at]).answer = from_oft(error);
  return error;
}

oft_error Interposer::choose_table(const oft_match* match, std::uint8_t* table_id) {
  const oft_error error = inner_.choose_table(instance_, match, table_id);
  observation::ChooseTable seen{*table_id};
  if (error != OFT_OK) seen.answer = from_oft(error);
  out_->push_back(seen);
  return error;
}

oft_provider Interposer::make_table(const oft_provider& inner) {
  oft_provider t = inner;
  t.create = nullptr;
  t.attach = [](void* p, const oft_host* table, void* host, std::uint32_t* n) {
    return self(p).attach(table, host, n);
  };
  t.destruct = [](void* p) { self(p).destruct(); };
  t.dealloc = [](void* p) {
    self(p).out_->push_back(observation::DeallocSwitch{});
    if (self(p).inner_.dealloc != nullptr) self(p).inner_.dealloc(self(p).instance_);
  };
  t.run = [](void* p) { self(p).run(); };
  t.run_at = [](void* p) {
    return self(p).queued_.empty() ? self(p).inner_.run_at(self(p).instance_) : std::uint64_t{OFT_NOW};
  };
  t.rule_alloc = [](void* p) { return self(p).rule_alloc(); };
  t.rule_construct = [](void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
    Interposer& me = self(p);
    return me.operate(OperationKind::add, rule, victim, op,
                      [&] { return me.inner_.rule_construct(me.instance_, rule, victim, op); });
  };
  t.rule_modify_actions = [](void* p, const oft_rule* rule, oft_op* op) {
    Interposer& me = self(p);
    me.operate(OperationKind::modify, rule, nullptr, op, [&] {
      me.inner_.rule_modify_actions(me.instance_, rule, op);
      return OFT_OK;
    });
  };
  t.rule_destruct = [](void* p, const oft_rule* rule, oft_op* op) {
    Interposer& me = self(p);
    me.operate(OperationKind::remove, rule, nullptr, op, [&] {
      me.inner_.rule_destruct(me.instance_, rule, op);
      return OFT_OK;
    });
  };
  t.rule_dealloc = [](void* p, void* handle) { self(p).rule_dealloc(handle); };
  t.rule_get_stats = [](void* p, const oft_rule* rule, std::uint64_t* packets, std::uint64_t* bytes) {
    self(p).inner_.rule_get_stats(self(p).instance_, rule, packets, bytes);
  };
  t.rule_execute = [](void* p, const oft_rule* rule, std::uint16_t in_port, const std::uint8_t* frame,
                      std::uint64_t len) {
    return self(p).rule_execute(rule, in_port, {frame, static_cast<std::size_t>(len)});
  };
  t.packet_out = [](void* p, std::uint16_t in_port, const std::uint8_t* frame, std::uint64_t len,
                    const std::uint8_t* actions, std::uint64_t actions_len) {
    return self(p).packet_out(in_port, {frame, static_cast<std::size_t>(len)},
                              {actions, static_cast<std::size_t>(actions_len)});
  };
  if (inner.choose_table != nullptr) {
    t.choose_table = [](void* p, const oft_match* m, std::uint8_t* id) { return self(p).choose_table(m, id); };
  }
  t.flush = [](void* p) {
    self(p).out_->push_back(observation::FlushPass{});
    if (self(p).inner_.flush != nullptr) self(p).inner_.flush(self(p).instance_);
  };
  t.get_table_info = [](void* p, std::uint8_t id, oft_table_info* info) {
    self(p).inner_.get_table_info(self(p).instance_, id, info);
  };
  t.get_ports = [](void* p, oft_port* ports, std::uint32_t max) {
    return self(p).inner_.get_ports(self(p).instance_, ports, max);
  };
  t.port_reconfigured = [](void* p, std::uint16_t port, std::uint32_t was, std::uint32_t is) {
    self(p).out_->push_back(observation::PortReconfigured{port, was, is});
    self(p).inner_.port_reconfigured(self(p).instance_, port, was, is);
  };
  if (inner.get_port_stats != nullptr) {
    t.get_port_stats = [](void* p, std::uint16_t port, oft_port_stats* stats) {
      self(p).inner_.get_port_stats(self(p).instance_, port, stats);
    };
  }
  t.set_eviction_threshold = [](void* p, std::uint32_t flows) {
    self(p).out_->push_back(observation::EvictionThreshold{flows});
    const oft_provider& wrapped = self(p).inner_;
    if (wrapped.set_eviction_threshold != nullptr) { wrapped.set_eviction_threshold(self(p).instance_, flows); }
  };
  t.get_drop_frags = [](void* p) { return self(p).inner_.get_drop_frags(self(p).instance_); };
  t.set_drop_frags = [](void* p, std::uint8_t drop) {
    self(p).out_->push_back(observation::SetDropFrags{drop != 0});
    self(p).inner_.set_drop_frags(self(p).instance_, drop);
  };
  return t;
}

}  // namespace oftwin::harness
