#include "harness/probe/table_trace.h"

#include <algorithm>

#include "harness/applicable.h"
#include "harness/default_config.h"
#include "harness/generate_message.h"
#include "harness/generate_nxm.h"
#include "harness/message_parts.h"
#include "model/nxm_match.h"
#include "model/wire_match.h"
#include "spec/openflow.h"

namespace oftwin::probe {
namespace {

using harness::Profile;
using harness::WireMatch;
namespace action = harness::action;
namespace request = harness::request;

constexpr std::uint8_t kTosBits = 0xfc;
constexpr std::size_t kPayload = 100;  // bytes: so that cutting shows

// What a flow-mod makes; nullopt: no rule, because it is refused or no flow-mod.
std::optional<Rule> rule_of(const harness::Request& add) {
  if (const auto* fm = std::get_if<request::FlowMod>(&add)) {
    const bool exact = (fm->match.wildcards & OFPFW_ALL) == 0;  // MATCH-5
    const Match match = model::decode_match(harness::encode(fm->match), 0, kTosBits);
    return Rule{model::normalized(match), exact ? 0xffffu : fm->priority};
  }
  const auto* fm = std::get_if<request::NxFlowMod>(&add);
  if (!fm) return std::nullopt;
  const auto match = model::read_nxm<std::uint8_t>(fm->match, kTosBits);
  if (!std::holds_alternative<Match>(match)) return std::nullopt;
  return Rule{std::get<Match>(match), fm->priority};
}

WireMatch route(harness::Source& source) {
  const auto wild = static_cast<std::uint32_t>(source.below(24));
  WireMatch m;
  m.wildcards &= ~(std::uint32_t{OFPFW_DL_TYPE} | OFPFW_NW_BITS_MASK << OFPFW_NW_DST_SHIFT);
  m.wildcards |= wild << OFPFW_NW_DST_SHIFT;
  m.dl_type = 0x0800;
  m.nw_dst = 0x0a000000u | (static_cast<std::uint32_t>(source.below(1u << 23)) & ~0u << wild);
  if (!source.chance(40)) return m;
  m.wildcards &= ~(std::uint32_t{OFPFW_NW_PROTO} | OFPFW_TP_DST);
  m.nw_proto = source.chance(50) ? 6 : 17;
  m.tp_dst = static_cast<std::uint16_t>(source.below(4) * 80);
  return m;
}

// How specific a route is.
std::uint16_t route_priority(const WireMatch& m) {
  const unsigned wild = m.wildcards >> OFPFW_NW_DST_SHIFT & OFPFW_NW_BITS_MASK;
  return static_cast<std::uint16_t>(100 - wild + (m.wildcards & OFPFW_TP_DST ? 0 : 50));
}

// Takes out what the profile has not.
std::optional<harness::Request> within(const Profile* profile, const harness::Request& request) {
  if (!profile) return request;
  const auto left = harness::repaired(*profile, harness::encode(request));
  return left ? harness::decode_request(*left) : std::nullopt;
}

// Tells by the packet which rule it has met.
Bytes marking(std::size_t rule, const Profile* profile) {
  const harness::Mac mark = {2, 0xee, 0, 0, 0, static_cast<std::uint8_t>(rule + 1)};
  Bytes out;
  if (!profile || profile->actions[OFPAT_SET_DL_SRC]) {
    out = action::set_dl_src(mark);
  } else if (profile->actions[OFPAT_SET_DL_DST]) {
    out = action::set_dl_dst(mark);
  }
  const Bytes up = action::output(OFPP_CONTROLLER, static_cast<std::uint16_t>(20 + rule));
  out.insert(out.end(), up.begin(), up.end());
  return out;
}

class Writer {
 public:
  Writer(const SwitchConfig& config, const Profile* profile) : profile_(profile) {
    trace_.config = config;
    conn_ = config.connections.empty() ? ConnName{ConnKind::primary, 1} : config.connections.front();
  }

  void send(const harness::Request& request) {
    std::optional<harness::Request> left = within(profile_, request);
    if (!left) return;
    const auto id = static_cast<std::uint32_t>(++id_);
    harness::set_xid(*left, harness::default_xid(id));
    const std::size_t first = trace_.events.size();
    trace_.events.push_back({id, event::Recv{conn_, harness::encode(*left)}});
    trace_.events.push_back({0, event::Loop{}});
    harness::Block block;
    block.first = first;
    block.last = first + 1;
    trace_.blocks.push_back(std::move(block));
  }

  harness::Trace take() { return std::move(trace_); }

 private:
  const Profile* profile_;
  harness::Trace trace_;
  ConnName conn_;
  std::size_t id_ = 0;
};

}  // namespace

std::vector<DrawnRule> draw_rules(harness::Source& source, TableKind kind, std::size_t n, const SwitchConfig& config,
                                  const Profile* profile) {
  harness::MessageGenerator messages(source, {}, config);
  const bool extended = !profile || (profile->nxm && profile->nicira);
  std::vector<DrawnRule> out;
  for (std::size_t tries = 0; out.size() < n && tries < 10 * n; ++tries) {
    WireMatch match = kind == TableKind::routes ? route(source) : messages.match();
    if (kind == TableKind::mixed && source.chance(70)) harness::vary(source, match);
    const auto priority =
        kind == TableKind::routes ? route_priority(match) : static_cast<std::uint16_t>(source.below(5));
    harness::Request add;
    if (extended && source.chance(30)) {
      request::NxFlowMod fm;
      fm.match = harness::nxm_of(match);
      fm.priority = priority;
      fm.actions = marking(out.size(), profile);
      add = fm;
    } else {
      request::FlowMod fm;
      fm.match = match;
      fm.priority = priority;
      fm.actions = marking(out.size(), profile);
      add = fm;
    }
    const std::optional<harness::Request> left = within(profile, add);
    const std::optional<Rule> rule = left ? rule_of(*left) : std::nullopt;
    if (!rule) continue;
    const auto same = [&](const DrawnRule& r) {
      return r.rule.match == rule->match && r.rule.priority == rule->priority;
    };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back({*left, *rule});
  }
  return out;
}

harness::Trace table_with_probes(std::uint64_t seed, const SwitchConfig& config, const Profile* profile) {
  harness::RandomSource source(seed);
  const TableKind kind = source.chance(70) ? TableKind::mixed : TableKind::routes;
  std::size_t n = source.between(1, source.chance(50) ? 6 : 30);
  if (profile) n = std::min<std::size_t>(n, profile->entries);
  const std::vector<DrawnRule> drawn = draw_rules(source, kind, n, config, profile);
  std::vector<Rule> rules;
  Options options;
  options.in_ports.clear();
  for (const PortConfig& port : config.ports) {
    if (port.number != 0 && port.number < OFPP_MAX) options.in_ports.push_back(port.number);
  }
  if (options.in_ports.empty()) options.in_ports = {1, 2, 3};
  options.payload.assign(kPayload, 0x5a);
  options.effort = 0;

  Writer writer(config, profile);
  writer.send(request::SetConfig{0, OFPC_FRAG_NORMAL, 64});
  for (const DrawnRule& d : drawn) {
    writer.send(d.add);
    rules.push_back(d.rule);
  }
  writer.send(request::BarrierRequest{});
  for (const Packet& packet : plan(rules, options).packets) {
    if (packet.free) continue;
    request::PacketOut out;
    out.in_port = packet.key.in_port;
    out.actions = action::output(OFPP_TABLE);
    out.data = packet.frame;
    writer.send(out);
  }
  writer.send(request::BarrierRequest{});
  writer.send(request::FlowStats{});
  return writer.take();
}

}  // namespace oftwin::probe
