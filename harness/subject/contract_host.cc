// What is judged on the way from the provider to the host.
#include <algorithm>
#include <iterator>

#include "harness/subject/contract.h"
#include "harness/subject/scripted_provider.h"
#include "spec/clauses.h"

namespace oftwin::harness {

namespace {

constexpr event::PortChangeKind kChanges[] = {event::PortChangeKind::add, event::PortChangeKind::remove,
                                              event::PortChangeKind::modify};

}  // namespace

// A call is passed on only from where it is allowed, in the thread that everything happens in, and before the end.
bool Contract::welcome(bool here, const char* what) {
  if (!pthread_equal(thread_, pthread_self())) {
    called_elsewhere_ = what;
  } else if (ended_ || where_ == Where::over) {
    breach(clause("PROV-6"), std::string(what) + "() is called after destruct() has returned");
  } else if (!here) {
    breach(clause("PROV-9"), std::string(what) + "() is called from where it is not allowed");
  } else {
    return true;
  }
  return false;
}

const Contract::Known* Contract::known(const oft_rule* mirror) const {
  const auto handle = by_mirror_.find(mirror);
  return handle == by_mirror_.end() ? nullptr : &by_handle_.at(handle->second);
}

void Contract::op_complete(oft_op* op, oft_error error) {
  if (!welcome(true, "op_complete")) return;
  const auto at = std::ranges::find(in_progress_, op, &Op::handle);
  if (at == in_progress_.end()) {
    const bool refused = std::ranges::find(refused_, op) != refused_.end();
    if (refused) return breach(clause("PROV-3"), "an operation completes that was refused");
    return breach(clause("PROV-1"), "op_complete() for an operation that is not in progress");
  }
  const bool inside = where_ == Where::starting && at->inside;
  if (!welcome(inside || where_ == Where::run || where_ == Where::destruct, "op_complete")) return;
  const Op done = *at;
  if (done.kind == OperationKind::remove && error != OFT_OK) {
    breach(clause("PROV-4"), "a removal completes with an error");
    error = OFT_OK;
  }
  in_progress_.erase(at);
  ++(error != OFT_OK ? counts_.failed : done.inside ? counts_.at_once : counts_.late);
  if (where_ == Where::run && !conduct_.runs.empty()) {
    conduct_.runs.back().emplace_back(event::ProviderComplete{watcher_.name_of(done.rule), from_oft(error)});
  }
  void* const handle = done.rule->handle;
  look_after(done.rule);
  host_table_->op_complete(host_, op, error);
  // A failed modification has given the rule its old actions back.
  const auto alive = by_handle_.find(handle);
  if (alive == by_handle_.end()) return;
  if (done.kind == OperationKind::add && error == OFT_OK) alive->second.in_force = true;
  if (alive->second.mirror) alive->second.mirror->refresh(*alive->second.rule);
}

void Contract::rule_expire(const oft_rule* mirror, oft_expiry_reason reason) {
  if (!welcome(where_ == Where::run, "rule_expire")) return;
  const Known* rule = known(mirror);
  if (rule == nullptr) return breach(clause("PROV-8"), "rule_expire() names a rule that is not there");
  const auto concerns = [&](const Op& op) { return op.rule == rule->rule; };
  if (std::ranges::any_of(in_progress_, concerns)) {
    return breach(clause("PROV-10"), "a rule expires while an operation on it is in progress");
  }
  ++counts_.expired;
  const auto why = reason == OFT_HARD_TIMEOUT ? ExpiryReason::hard : ExpiryReason::idle;
  if (!conduct_.runs.empty()) {
    conduct_.runs.back().emplace_back(event::ProviderExpire{watcher_.name_of(rule->rule), why});
  }
  host_table_->rule_expire(host_, rule->rule, reason);
}

void Contract::packet_in(std::uint16_t in_port, ByteView frame, oft_packet_in_reason reason, std::uint16_t send_len) {
  const bool here = where_ == Where::run || where_ == Where::inject || where_ == Where::packet;
  if (!welcome(here, "packet_in")) return;
  ++counts_.handed_up;
  if (!has_door()) {
    // Nobody can say whether it is right; what comes out of run() is an input, and the rest is not let through.
    if (where_ != Where::run || conduct_.runs.empty()) return;
    conduct_.runs.back().emplace_back(
        event::ProviderPacketIn{in_port, reason == OFT_ACTION ? PacketInReason::action : PacketInReason::no_match,
                                send_len, Bytes(frame.begin(), frame.end())});
  }
  host_table_->packet_in(host_, in_port, frame.data(), frame.size(), reason, send_len);
}

void Contract::port_changed(oft_port_change change, const oft_port* port) {
  if (!welcome(where_ == Where::run, "port_changed")) return;
  if (static_cast<std::size_t>(change) >= std::size(kChanges) || port == nullptr) {
    return breach(clause("PROV-9"), "port_changed() names no change, or no port");
  }
  if (!conduct_.runs.empty()) conduct_.runs.back().emplace_back(event::PortChange{kChanges[change], from_oft(*port)});
  host_table_->port_changed(host_, change, port);
}

void Contract::looked_up(std::uint8_t table, const oft_rule* mirror) {
  const bool here = where_ == Where::run || where_ == Where::inject || where_ == Where::packet;
  if (!has_door() || !welcome(here, "test_looked_up")) return;
  const Known* rule = mirror != nullptr ? known(mirror) : nullptr;
  if (mirror != nullptr && rule == nullptr) {
    return breach(clause("PROV-8"), "test_looked_up() names a rule that is not there");
  }
  watcher_.looked_up(table, rule != nullptr ? rule->rule : nullptr);
}

void Contract::transmitted(std::uint16_t port, ByteView frame) {
  const bool here = where_ == Where::run || where_ == Where::inject || where_ == Where::packet;
  if (!has_door() || !welcome(here, "test_transmitted")) return;
  ++counts_.transmitted;
  watcher_.transmitted(port, frame);
}

void Contract::fill_host() {
  oft_host& t = inner_host_;
  t.abi_major = OFT_PROVIDER_ABI_MAJOR;
  t.abi_minor = OFT_PROVIDER_ABI_MINOR;
  t.size = sizeof t;
  t.now_ms = [](void* p) noexcept {
    const HostRuns host;
    return self(p).host_table_->now_ms(self(p).host_);
  };
  t.op_complete = [](void* p, oft_op* op, oft_error error) noexcept {
    const HostRuns host;
    self(p).op_complete(op, error);
  };
  t.rule_expire = [](void* p, const oft_rule* rule, oft_expiry_reason reason) noexcept {
    const HostRuns host;
    self(p).rule_expire(rule, reason);
  };
  t.packet_in = [](void* p, std::uint16_t in_port, const std::uint8_t* frame, std::uint64_t len,
                   oft_packet_in_reason reason, std::uint16_t send_len) noexcept {
    const HostRuns host;
    self(p).packet_in(in_port, {frame, static_cast<std::size_t>(len)}, reason, send_len);
  };
  t.port_changed = [](void* p, oft_port_change change, const oft_port* port) noexcept {
    const HostRuns host;
    self(p).port_changed(change, port);
  };
  t.test_looked_up = [](void* p, std::uint8_t table, const oft_rule* rule) noexcept {
    const HostRuns host;
    self(p).looked_up(table, rule);
  };
  t.test_transmitted = [](void* p, std::uint16_t port, const std::uint8_t* frame, std::uint64_t len) noexcept {
    const HostRuns host;
    self(p).transmitted(port, {frame, static_cast<std::size_t>(len)});
  };
}

}  // namespace oftwin::harness
