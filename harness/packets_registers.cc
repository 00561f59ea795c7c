// First what each register is used for, then a new place for each, then the renaming. Invariant: two registers never
// get the same place.
#include "harness/packets_registers.h"

#include <algorithm>
#include <array>
#include <optional>

#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

constexpr std::size_t kRegisters = 5, kFit = 4;
constexpr std::uint32_t kTunnelHeader = NXM_NX_TUN_ID << 9 | 8;

std::uint64_t number(ByteView bytes, wire::Field field, std::size_t base = 0) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < field.size; ++i) n = n << 8 | bytes[base + field.offset + i];
  return n;
}
void set_number(Bytes& bytes, wire::Field field, std::uint64_t value, std::size_t base) {
  for (std::size_t i = field.size; i-- > 0; value >>= 8)
    bytes[base + field.offset + i] = static_cast<std::uint8_t>(value);
}

// Of a header of an NXM entry.
std::optional<std::size_t> register_of(std::uint64_t header) {
  const std::uint64_t type = header >> 9;
  return type >= NXM_NX_REG0 && type < NXM_NX_REG0 + kRegisters ? std::optional(type - NXM_NX_REG0) : std::nullopt;
}

// The parts of a flow-mod, by offset.
struct Parts {
  std::size_t match = 0, match_end = 0, actions = 0;
};
Parts parts_of(ByteView message) {
  if (message.size() < wire::flow_mod::size || message[wire::header::type.offset] == OFPT_FLOW_MOD) {
    return {0, 0, std::min<std::size_t>(wire::flow_mod::size, message.size())};
  }
  const std::size_t length = number(message, wire::nx_flow_mod::match_len);
  const std::size_t match = wire::nx_flow_mod::size, actions = match + (length + 7) / 8 * 8;
  return {match, std::min(match + length, message.size()), std::min(actions, message.size())};
}

// Calls `visit` with the offset of each whole action of a list.
template <class Visit>
void each_action(ByteView bytes, std::size_t at, Visit visit) {
  while (bytes.size() - at >= 8) {
    const std::size_t length = number(bytes, wire::action::len, at);
    if (length < 8 || length > bytes.size() - at) return;
    const bool nicira = length >= 16 && number(bytes, wire::action::type, at) == OFPAT_VENDOR;
    visit(at, length, nicira ? number(bytes, wire::nx_action::subtype, at) : 0);
    at += length;
  }
}
template <class Visit>
void each_entry(ByteView bytes, const Parts& parts, Visit visit) {
  for (std::size_t at = parts.match; parts.match_end - at >= 4 && at < parts.match_end;) {
    const std::uint64_t header = number(bytes, {0, 4}, at);
    visit(at, header);
    at += 4 + (header & 0xff);
    if (at > parts.match_end) return;
  }
}

struct Uses {
  std::array<bool, kRegisters> used{}, matched{}, read{}, overrun{};
  bool tunnel = false;
};

void add_uses(ByteView message, Uses& uses) {
  using namespace wire::nx_action;
  const Parts parts = parts_of(message);
  each_entry(message, parts, [&](std::size_t, std::uint64_t header) {
    uses.tunnel = uses.tunnel || header >> 9 == NXM_NX_TUN_ID;
    if (const auto r = register_of(header)) uses.used[*r] = uses.matched[*r] = uses.read[*r] = true;
  });
  const auto field = [&](std::uint64_t header, std::size_t end, bool source) {
    uses.tunnel = uses.tunnel || header >> 9 == NXM_NX_TUN_ID;
    const auto r = register_of(header);
    if (!r) return;
    uses.used[*r] = true;
    if (source) uses.read[*r] = true;
    if (end > 32) uses.overrun[*r] = true;
  };
  each_action(message, parts.actions, [&](std::size_t at, std::size_t, std::uint64_t type) {
    uses.tunnel = uses.tunnel || type == NXAST_SET_TUNNEL || type == NXAST_SET_TUNNEL64;
    if (type == NXAST_REG_MOVE) {
      const std::size_t bits = number(message, move_n_bits, at);
      field(number(message, move_src, at), number(message, move_src_ofs, at) + bits, true);
      field(number(message, move_dst, at), number(message, move_dst_ofs, at) + bits, false);
    } else if (type == NXAST_REG_LOAD) {
      const std::size_t range = number(message, load_ofs_nbits, at);
      field(number(message, load_dst, at), (range >> 6) + (range & 63) + 1, false);
    }
  });
}

// Where a register goes.
enum Place : std::uint8_t { kReg0 = 0, kTunnel = kFit, kNowhere };
using Places = std::array<Place, kRegisters>;

std::optional<Places> places_for(const Uses& uses) {
  Places places{};
  std::optional<std::size_t> odd;  // the one that gets no register
  const auto in_use = std::ranges::count(uses.used, true);
  for (std::size_t i = 0; i < kRegisters && !odd; ++i) {
    if (in_use <= static_cast<std::ptrdiff_t>(kFit) ? !uses.used[i] : !uses.read[i] && uses.tunnel) odd = i;
  }
  Place place = kNowhere;
  for (std::size_t i = 0; i < kRegisters && !odd && !uses.tunnel; ++i) {
    if (!uses.matched[i] && !uses.overrun[i]) odd = i, place = kTunnel;
  }
  if (!odd) return std::nullopt;
  for (std::size_t i = 0, next = 0; i < kRegisters; ++i) { places[i] = i == *odd ? place : static_cast<Place>(next++); }
  return places;
}

std::uint64_t renamed(std::uint64_t header, const Places& places) {
  const auto r = register_of(header);
  if (!r) return header;
  // What is written nowhere is wrong in another way, too, or it would be left out: any register will do.
  if (places[*r] == kTunnel) return kTunnelHeader | (header & 0x100);
  return ((NXM_NX_REG0 + (places[*r] == kNowhere ? 0u : std::uint32_t{places[*r]})) << 9) | (header & 0x1ff);
}

Bytes with_actions_renamed(Bytes message, std::size_t from, const Places& places, bool leave_out) {
  using namespace wire::nx_action;
  std::vector<std::pair<std::size_t, std::size_t>> left_out;
  each_action(Bytes(message), from, [&](std::size_t at, std::size_t length, std::uint64_t type) {
    const auto rename = [&](wire::Field field) {
      const auto r = register_of(number(message, field, at));
      if (leave_out && r && places[*r] == kNowhere) left_out.emplace_back(at, length);
      set_number(message, field, renamed(number(message, field, at), places), at);
    };
    if (type == NXAST_REG_LOAD) rename(load_dst);
    if (type == NXAST_REG_MOVE) rename(move_dst);
    if (type == NXAST_REG_MOVE) set_number(message, move_src, renamed(number(message, move_src, at), places), at);
  });
  for (auto cut = left_out.rbegin(); cut != left_out.rend(); ++cut) {
    const auto begin = message.begin() + static_cast<std::ptrdiff_t>(cut->first);
    message.erase(begin, begin + static_cast<std::ptrdiff_t>(cut->second));
  }
  return message;
}

// A rule that was refused keeps all its actions: one of them may be why.
Bytes renamed_message(Bytes message, const Places& places, bool leave_out) {
  const Parts parts = parts_of(message);
  each_entry(Bytes(message), parts,
             [&](std::size_t at, std::uint64_t header) { set_number(message, {0, 4}, renamed(header, places), at); });
  message = with_actions_renamed(std::move(message), parts.actions, places, leave_out);
  set_u16(message, wire::header::length.offset, message.size());
  return message;
}

PacketMeta renamed_meta(const PacketMeta& meta, const Places& places) {
  PacketMeta out;
  out.tun_id = meta.tun_id;
  for (std::size_t i = 0; i < kRegisters; ++i) {
    if (places[i] < kFit) out.reg[places[i]] = meta.reg[i];
    if (places[i] == kTunnel) out.tun_id = meta.reg[i];
  }
  return out;
}

// The request stands at the end of an error message.
Bytes renamed_error(const Bytes& error, const Bytes& request, const Bytes& renamed_request) {
  if (error.size() < request.size() || !std::equal(request.rbegin(), request.rend(), error.rbegin())) return error;
  Bytes out(error.begin(), error.end() - static_cast<std::ptrdiff_t>(request.size()));
  put_bytes(out, renamed_request);
  set_u16(out, wire::header::length.offset, out.size());
  return out;
}

// The places where a load or move names registers.
std::vector<wire::Field> named_fields(ByteView action) {
  if (action.size() < wire::nx_action::smallest || number(action, wire::action::type) != OFPAT_VENDOR) return {};
  const std::uint64_t subtype = number(action, wire::nx_action::subtype);
  if (subtype == NXAST_REG_LOAD) return {wire::nx_action::load_dst};
  if (subtype == NXAST_REG_MOVE) return {wire::nx_action::move_src, wire::nx_action::move_dst};
  return {};
}

}  // namespace

std::optional<std::size_t> spare_register(ByteView action) {
  std::array<bool, kRegisters> named{};
  for (const wire::Field field : named_fields(action)) {
    if (const auto r = register_of(number(action, field))) named[*r] = true;
  }
  if (!named[kFit]) return std::nullopt;
  return static_cast<std::size_t>(std::ranges::find(named, false) - named.begin());
}

void rename_fifth_register(Bytes& action, std::size_t spare) {
  for (const wire::Field field : named_fields(action)) {
    if (register_of(number(action, field)) != kFit) continue;
    set_number(action, field, (NXM_NX_REG0 + spare) << 9 | 4, 0);
  }
}

bool names_fifth_register(ByteView message) {
  const Parts parts = parts_of(message);
  bool names = false;
  each_entry(message, parts, [&](std::size_t, std::uint64_t header) { names |= register_of(header) == kFit; });
  each_action(message, parts.actions, [&](std::size_t at, std::size_t length, std::uint64_t) {
    names |= spare_register(message.subspan(at, length)).has_value();
  });
  return names;
}

PacketScenario with_four_registers(const PacketScenario& scenario) {
  Uses uses;
  for (const Bytes& rule : scenario.rules) add_uses(rule, uses);
  const std::optional<Places> places = places_for(uses);
  if (!places) return scenario;
  PacketScenario out = scenario;
  for (std::size_t i = 0; i < out.rules.size(); ++i) {
    out.rules[i] = renamed_message(scenario.rules[i], *places, scenario.errors[i].empty());
    out.errors[i] = renamed_error(scenario.errors[i], scenario.rules[i], out.rules[i]);
  }
  for (PacketProbe& probe : out.probes) {
    for (PacketHit& hit : probe.hits) hit.meta = renamed_meta(hit.meta, *places);
  }
  for (PacketFlow& flow : out.final_flows) flow.actions = with_actions_renamed(flow.actions, 0, *places, true);
  return out;
}

}  // namespace oftwin::harness
