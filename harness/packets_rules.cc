// One rule at a time: the recorded answer beside ours.
#include "harness/packets_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/open_vswitch_3.h"
#include "harness/packets_registers.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "model/decode.h"
#include "model/match.h"
#include "model/nxm.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

using enum PacketLabel;
constexpr std::uint32_t kFirstXid = 1000;
constexpr std::uint8_t kTosBits = 0xfc;
constexpr std::uint32_t kFifthRegister = NXM_NX_REG0 + 4;

std::uint64_t number(ByteView bytes, wire::Field field, std::size_t base = 0) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < field.size; ++i) n = n << 8 | bytes[base + field.offset + i];
  return n;
}

// Type and code of an error message, those of the vendor form if it is one; nothing: there was no error.
struct Code {
  std::uint32_t type = 0, code = 0;
  bool vendor = false;
  bool operator==(const Code&) const = default;
};
std::optional<Code> code_of(ByteView error) {
  Reader r(error);
  r.take(wire::header::size);
  Code c{r.get<std::uint16_t>(), r.get<std::uint16_t>()};
  if (c.type == NXET_VENDOR) {
    r.take(4);
    c = {r.get<std::uint16_t>(), r.get<std::uint16_t>(), true};
  }
  return r.ok() ? std::optional(c) : std::nullopt;
}

// The recorded switch gives back the whole request, and says so in the length; all before that is equal.
Bytes shortened(const Bytes& error, const Bytes& request) {
  const std::size_t head = error.size() - std::min(error.size(), request.size());
  Bytes out = error;
  out.resize(std::min<std::size_t>(error.size(), head + OFP_ERROR_REQUEST_BYTES));
  set_u16(out, wire::header::length.offset, out.size());
  return out;
}

// What the recorded switch says to this message; unknown: it is about what came after 2011, or the message is cut
// short.
ovs3::Check answer_there(ByteView message) {
  constexpr ovs3::Check unknown{ovs3::Answer::unknown, {}, false};
  const bool plain = message[wire::header::type.offset] == OFPT_FLOW_MOD;
  const std::size_t head = plain ? wire::flow_mod::size : wire::nx_flow_mod::size;
  if (message.size() < head) return unknown;
  ByteView rest = message.subspan(head);
  if (plain) {
    const WireMatch match = decode_match(message.subspan(wire::flow_mod::match.offset));
    return ovs3::check_actions(rest, ovs3::layers_of(match));
  }
  const std::size_t length = number(message, wire::nx_flow_mod::match_len), padded = (length + 7) / 8 * 8;
  if (padded > rest.size()) return unknown;
  ovs3::Layers layers;
  const ovs3::Check check = ovs3::check_match(rest.first(length), layers);
  return check.answer == ovs3::Answer::takes ? ovs3::check_actions(rest.subspan(padded), layers) : check;
}

bool says(const ovs3::Check& check, std::optional<Code> code) {
  if (check.answer == ovs3::Answer::takes) return !code;
  const Error& e = check.error;
  return check.answer == ovs3::Answer::refuses && code == Code{e.type, e.code, e.space == ErrorSpace::nicira};
}

// Why the answers to this message differ; nullopt: for no known reason. An error that there is none of is nullopt.
std::optional<PacketLabel> reason(std::optional<Code> there, std::optional<Code> here, ByteView message) {
  constexpr Code bad_argument{OFPET_BAD_ACTION, OFPBAC_BAD_ARGUMENT};
  constexpr Code unknown_field{OFPET_BAD_REQUEST, NXBRC_NXM_BAD_TYPE, true};
  constexpr Code bad_mask{OFPET_BAD_REQUEST, NXBRC_NXM_BAD_MASK, true};
  constexpr Code value_outside_mask{OFPET_BAD_REQUEST, 262, true};
  constexpr Code wrong_field{OFPET_BAD_REQUEST, 522, true}, wrong_range{OFPET_BAD_REQUEST, 524, true};
  constexpr Code not_writable{OFPET_BAD_REQUEST, 525, true};
  if ((here == unknown_field || here == bad_argument) && names_fifth_register(message)) return five_registers;
  if (here == bad_mask) return nxm_masks;  // whatever is wrong with it there
  if (there == value_outside_mask && !here) return nxm_value_outside_mask;
  if (!says(answer_there(message), there)) return std::nullopt;
  const bool other_words = there == wrong_field || there == wrong_range || there == not_writable;
  if (here == bad_argument && other_words) return nicira_action_errors;
  if (here == bad_argument && !there) return writable_fields;
  return here && there && here->type == OFPET_BAD_ACTION && !here->vendor ? std::optional(first_error) : std::nullopt;
}

// A match of entries any of which may have any mask: what is matched is read from the entries without their masks, and
// the masks from the same with each mask in place of its value. The fifth register is read by itself.
Match decode_any_masks(ByteView entries, Masked<std::uint32_t>& fifth_register) {
  Bytes values, masks;
  std::vector<std::uint64_t> masked;
  while (entries.size() >= 4) {
    const std::uint64_t header = number(entries, {0, 4});
    const bool has_mask = (header & 0x100) != 0;
    const std::size_t length = header & 0xff, size = has_mask ? length / 2 : length;
    if (length == 0 || entries.size() - 4 < length) break;
    const ByteView value = entries.subspan(4, size), mask = entries.subspan(has_mask ? 4 + size : 4, size);
    entries = entries.subspan(4 + length);
    if (header >> 9 == kFifthRegister) {
      const auto word = [](ByteView bytes) { return Reader(bytes).get<std::uint32_t>(); };
      fifth_register = {word(value) & (has_mask ? word(mask) : ~0u), has_mask ? word(mask) : ~0u};
      continue;
    }
    for (Bytes* out : {&values, &masks}) put(*out, static_cast<std::uint32_t>((header & ~std::uint64_t{0x1ff}) | size));
    put_bytes(values, value);
    put_bytes(masks, mask);
    if (has_mask) masked.push_back(header >> 9);
  }
  const auto plain = model::decode_nxm(values, kTosBits), mask = model::decode_nxm(masks, kTosBits);
  if (!std::holds_alternative<Match>(plain) || !std::holds_alternative<Match>(mask)) return {};
  Match out = std::get<Match>(plain);
  const Match& bits = std::get<Match>(mask);
  for (const std::uint64_t type : masked) {
    if (type == NXM_OF_ETH_DST) out.dl_dst.mask = bits.dl_dst.value;
    if (type == NXM_OF_VLAN_TCI) out.vlan_tci.mask = bits.vlan_tci.value;
    if (type == NXM_OF_IP_SRC || type == NXM_OF_ARP_SPA) out.nw_src.mask = bits.nw_src.value;
    if (type == NXM_OF_IP_DST || type == NXM_OF_ARP_TPA) out.nw_dst.mask = bits.nw_dst.value;
    if (type == NXM_NX_TUN_ID) out.tun_id.mask = bits.tun_id.value;
    if (type == NXM_NX_IPV6_SRC) out.ipv6_src.mask = bits.ipv6_src.value;
    if (type == NXM_NX_IPV6_DST) out.ipv6_dst.mask = bits.ipv6_dst.value;
    if (const auto r = type - NXM_NX_REG0; r < out.reg.size()) out.reg[r].mask = bits.reg[r].value;
  }
  return model::canonical(out);
}

// What the message asks for; `match` as the recorded switch takes it.
PacketRule asked_for(const PacketScenario& scenario, std::size_t i) {
  const Bytes& m = scenario.rules[i];
  const bool extended = m[wire::header::type.offset] != OFPT_FLOW_MOD;
  const auto field = [&](wire::Field f) { return number(m, f); };
  PacketRule rule;
  std::size_t actions = wire::flow_mod::size;
  if (extended) {
    const std::size_t length = field(wire::nx_flow_mod::match_len);
    rule.match = rule.sent =
        decode_any_masks(ByteView(m).subspan(wire::nx_flow_mod::size, length), rule.fifth_register);
    actions = wire::nx_flow_mod::size + (length + 7) / 8 * 8;
  } else {
    rule.sent = model::decode_match(m, wire::flow_mod::match.offset);
    rule.match = model::normalized(rule.sent);
  }
  const std::uint64_t command = field(extended ? wire::nx_flow_mod::command : wire::flow_mod::command);
  rule.cookie = field(extended ? wire::nx_flow_mod::cookie : wire::flow_mod::cookie);
  rule.priority = static_cast<std::uint32_t>(field(extended ? wire::nx_flow_mod::priority : wire::flow_mod::priority));
  rule.table = scenario.table_ids && command >> 8 != 255 ? static_cast<std::uint8_t>(command >> 8) : std::uint8_t{0};
  rule.actions.assign(m.begin() + static_cast<std::ptrdiff_t>(actions), m.end());
  return rule;
}

const model::Rule* find_rule(const model::State& state, RuleName name) {
  for (const model::Table& table : state.tables) {
    const auto rule = std::ranges::find(table.rules, name, &model::Rule::name);
    if (rule != table.rules.end()) return &*rule;
  }
  return nullptr;
}

}  // namespace

PacketRules read_rules(const PacketScenario& scenario, const std::vector<Bytes>& errors, const model::State& after,
                       std::uint32_t event) {
  PacketRules out;
  const auto answer_to = [&](std::size_t i) {
    const auto answer =
        std::ranges::find_if(errors, [&](const Bytes& e) { return number(e, wire::header::xid) == kFirstXid + i; });
    return answer == errors.end() ? Bytes{} : *answer;
  };
  for (std::size_t i = 0; i < scenario.rules.size(); ++i) {
    const Bytes &there = scenario.errors[i], here = answer_to(i);
    const std::optional<Code> code_there = code_of(there), code_here = code_of(here);
    PacketRule rule = asked_for(scenario, i);
    rule.lawful = here.empty();
    if (code_there != code_here) {
      const auto why = reason(code_there, code_here, scenario.rules[i]);
      if (there.empty() != here.empty()) rule.other_there = why;
      if (why) out.used.push_back(*why);
      if (!why) out.complaints.push_back(fmt::format("rule {}: {}, recorded {}", i, print_hex(here), print_hex(there)));
    } else if (here != there) {
      out.used.push_back(whole_request_in_error);
      if (here == shortened(there, scenario.rules[i])) continue;
      out.complaints.push_back(fmt::format("rule {}: answer {}, recorded {}", i, print_hex(here), print_hex(there)));
    }
    const model::Rule* ours = find_rule(after, {event, static_cast<std::uint32_t>(i + 1)});
    if (rule.lawful && ours == nullptr) continue;  // replaced by a later one
    if (ours != nullptr) {
      rule.name = ours->name;
      rule.match = ours->match;
      rule.priority = ours->priority;
    }
    if (rule.lawful || rule.other_there) out.rules.push_back(std::move(rule));
  }
  return out;
}

}  // namespace oftwin::harness
