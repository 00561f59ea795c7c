#include "harness/session_unknown.h"

#include <algorithm>
#include <array>

#include "harness/session_events.h"
#include "harness/spelling.h"

namespace oftwin::harness {

namespace {

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 6> kCountingKinds = {
    "flow", "nx_flow", "flow_removed", "nx_flow_removed", "aggregate", "nx_aggregate"};
constexpr std::array<std::string_view, 3> kErrorsOfFlows = {"FLOW_MOD_FAILED/OVERLAP",
                                                            "FLOW_MOD_FAILED/ALL_TABLES_FULL", "BAD_REQUEST/EPERM"};
constexpr std::array<std::string_view, 2> kErrorsOfBuffers = {"BAD_REQUEST/BUFFER_UNKNOWN", "BAD_REQUEST/BUFFER_EMPTY"};
constexpr std::array<std::string_view, 3> kErrorsOfPorts = {"PORT_MOD_FAILED/BAD_PORT", "PORT_MOD_FAILED/BAD_HW_ADDR",
                                                            "QUEUE_OP_FAILED/BAD_PORT"};

bool counts_frames(std::string_view kind, std::string_view field) {
  if (one_of(kind, kCountingKinds)) return field == "packets" || field == "bytes";
  if (kind == "table") return field == "lookups" || field == "matched";
  if (kind == "port_stats") return field != "port";
  return kind == "queue" && field.starts_with("tx_");
}

bool counts_flows(std::string_view kind, std::string_view field) {
  return ((kind == "aggregate" || kind == "nx_aggregate") && field == "flows") ||
         (kind == "table" && field == "active");
}

bool not_less(std::string_view a, std::string_view b) {
  const auto x = parse_as<std::uint64_t>(a), y = parse_as<std::uint64_t>(b);
  return x && y && *x >= *y;
}

std::string_view excuse_for_error(const Unknown& unknown, const ReplyRecord& record) {
  const std::string* error = field_of(record, "error");
  if (!error) return {};
  if (unknown.flows && one_of(*error, kErrorsOfFlows)) return kFlowsUnknown;
  if (unknown.buffers && one_of(*error, kErrorsOfBuffers)) return kBuffersUnknown;
  if ((unknown.ports || unknown.addresses) && one_of(*error, kErrorsOfPorts)) return kPortsUnknown;
  return {};
}

// A flow that is about to time out may be gone already; one that may have been met has not been idle.
bool may_be_over(const ReplyRecord& model) {
  const auto number = [&](std::string_view field) {
    const std::string* value = field_of(model, field);
    return value ? parse_as<std::uint16_t>(*value).value_or(0) * std::uint64_t{1000} : 0;
  };
  if (model.kind == "flow_removed" || model.kind == "nx_flow_removed") return number("reason") == 0;
  const std::uint64_t age_ms = model.duration_ms.value_or(0) + kDurationTolerance_ms;
  return (number("idle_timeout") != 0 && age_ms >= number("idle_timeout")) ||
         (number("hard_timeout") != 0 && age_ms >= number("hard_timeout"));
}

}  // namespace

std::string_view excuse(const Unknown& unknown, const ReplyRecord& model, std::string_view field,
                        std::string_view model_value, std::string_view switch_value) {
  if (unknown.frames && counts_frames(model.kind, field) && not_less(switch_value, model_value)) return kFramesUnknown;
  if (unknown.flows && counts_flows(model.kind, field) && not_less(switch_value, model_value)) return kFlowsUnknown;
  if (unknown.timeouts && counts_flows(model.kind, field)) return kFramesUnknown;
  if (unknown.settings && model.kind == "config") return kSettingsUnknown;
  if (unknown.buffers && model.kind == "error" && field == "data") return kBuffersUnknown;
  return {};
}

std::string_view excuse_for_more(const Unknown& unknown, const ReplyRecord& on_switch) {
  const std::string_view kind = on_switch.kind;
  if (unknown.frames && kind == "packet_in") return kFramesUnknown;
  if (unknown.flows && (kind == "flow_removed" || kind == "nx_flow_removed")) return kFlowsUnknown;
  if (unknown.ports && (kind == "port_stats" || kind == "port_status" || kind.starts_with("queue")))
    return kPortsUnknown;
  return excuse_for_error(unknown, on_switch);
}

std::string_view excuse_for_less(const Unknown& unknown, const ReplyRecord& model) {
  if (unknown.timeouts && may_be_over(model)) return kFramesUnknown;
  if (unknown.ports && (model.kind == "port_stats" || model.kind.starts_with("queue"))) return kPortsUnknown;
  // A model that does not know the buffer has no packet to hand up or to drop.
  return excuse_for_error(unknown, model);
}

}  // namespace oftwin::harness
