// The provider's calls into the switch. Each is taken only while the interface allows it; anything else, like the
// completion of an operation that is not in progress, is ignored.
#include "impl/host.h"

#include "impl/async.h"
#include "impl/errors.h"
#include "impl/flow_mod.h"
#include "impl/operation.h"
#include "impl/ports.h"

namespace oftwin::impl {

namespace {

Core& core_of(void* host) { return *static_cast<Core*>(host); }

std::uint64_t now_ms(void* host) { return core_of(host).now_ms; }

void op_complete(void* host, oft_op* handle, oft_error error) {
  Core& core = core_of(host);
  if (!core.completions_welcome) return;
  if (Operation* op = operation_of(core, handle)) finish(core, *op, from_provider(error));
}

void rule_expire(void* host, const oft_rule* rule, oft_expiry_reason reason) {
  Core& core = core_of(host);
  if (!core.in_provider_run) return;
  expire(core, rule_of(*rule), reason == OFT_HARD_TIMEOUT ? OFPRR_HARD_TIMEOUT : OFPRR_IDLE_TIMEOUT);
}

void packet_in(void* host, std::uint16_t in_port, const std::uint8_t* frame, std::uint64_t len,
               oft_packet_in_reason reason, std::uint16_t send_len) {
  Core& core = core_of(host);
  if (!core.packets_welcome) return;
  send_packet_in(core, in_port, {frame, static_cast<std::size_t>(len)},
                 reason == OFT_ACTION ? OFPR_ACTION : OFPR_NO_MATCH, send_len);
}

void on_port_changed(void* host, oft_port_change change, const oft_port* port) {
  Core& core = core_of(host);
  if (core.in_provider_run) port_changed(core, change, *port);
}

}  // namespace

void make_host(Core& core) {
  core.host = {OFT_PROVIDER_ABI_MAJOR,
               OFT_PROVIDER_ABI_MINOR,
               sizeof(oft_host),
               0,
               now_ms,
               op_complete,
               rule_expire,
               packet_in,
               on_port_changed,
               nullptr,
               nullptr};
}

}  // namespace oftwin::impl
