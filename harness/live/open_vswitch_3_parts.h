// What the readings of Open vSwitch 3 have in common, and where each is: messages about flows in
// open_vswitch_3_flow_mod.cc, packet-outs and frames in open_vswitch_3_packets.cc (their way in
// open_vswitch_3_pipeline.h), all others in open_vswitch_3_readings.cc, what is changed in replies in
// open_vswitch_3_replies.cc.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "harness/live/reading.h"
#include "harness/open_vswitch_3.h"
#include "model/decode.h"
#include "spec/openflow.h"

namespace oftwin::harness::live::ovs3 {

using namespace harness::ovs3;

using How = Instead::How;

inline Taken refused(std::string_view reading, Error error) {
  return {reading, {How::refused, {}, error, {}, {}, {}}, {}};
}
inline Taken leaves(std::string_view reading) { return {reading, {How::leaves, {}, {}, {}, {}, {}}, {}}; }
inline Taken silent(std::string_view reading) { return {reading, {How::silent, {}, {}, {}, {}, {}}, {}}; }
inline Taken as(std::string_view reading, Bytes message) {
  return {reading, {How::as, std::move(message), {}, {}, {}, {}}, {}};
}

inline Bytes copied(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

inline constexpr Error kEperm = openflow_error(OFPET_BAD_REQUEST, OFPBRC_EPERM);
inline constexpr Error kBufferUnknown = openflow_error(OFPET_BAD_REQUEST, OFPBRC_BUFFER_UNKNOWN);
inline constexpr std::uint64_t kNoCookie = UINT64_MAX;

// A Nicira message of that subtype.
bool is_nicira(ByteView message, std::uint32_t subtype);

// A flow-mod in either form, as far as its length allows to read it.
struct FlowMod {
  bool extended = false;
  ByteView match, actions;
  std::uint64_t cookie = 0;
  std::uint16_t command = 0, idle_timeout = 0, hard_timeout = 0, priority = 0, out_port = 0, flags = 0;
  std::uint32_t buffer_id = 0;
  std::size_t cookie_at = 0, command_at = 0, flags_at = 0;
  bool match_too_long = false;

  std::uint8_t order(bool with_table) const { return static_cast<std::uint8_t>(with_table ? command & 0xff : command); }
};
// nullopt: it is none, or of a wrong length.
std::optional<FlowMod> read_flow_mod(ByteView message);

// Rules are marked that ask for Ethernet and for nothing else behind the port: by a bit of the type of service that no
// packet has and no request names. Every rule that asks for something else asks for Ethernet, too, and needs no mark.
inline constexpr std::uint8_t kIsEthernet = 0x01;
inline bool marked(const model::Rule& rule) { return rule.match.nw_tos.mask == kIsEthernet; }

// A match that asks for Ethernet, and for nothing else behind the port: an OpenFlow 1.0 match that does so in fields
// which are then normalized away, entries that name an Ethernet field without asking anything of it.
bool asks_for_ethernet(ByteView match);
bool asks_for_ethernet(ByteView entries, const Match& match);
// Whether such a loose request means the rule; of a strict one, whether the rule is it. `ethernet`: it is such a match.
bool meets_loosely(const Match& request, bool ethernet, const model::Rule& rule);
bool is_same(const Match& request, bool ethernet, const model::Rule& rule);
// Rules that the law would take such a loose request to mean, and that do not ask for Ethernet.
std::set<RuleName> without_ethernet(const model::State& state, std::uint8_t table, const Match& match);
// The request is handled while those rules are away, or while each such match has the mark that it has not.
Taken while_hidden(Taken taken, const Asked& asked, const std::set<RuleName>& names);
Taken while_turned(Taken taken);
// Entries behind the one that an extended listing shows of such a rule.
bool shows_ethernet(const model::Rule& rule);
Bytes entries_of(const model::Rule& rule);
inline constexpr std::array<std::uint8_t, 8> kEthernetEntry = {0x80, 0x00, 0x58, 0x04, 0, 0, 0, 0};
bool tell_removal(const model::Rule& rule, Bytes& message);

// Each: what the switch takes the message for, if it is one of these.
std::optional<Taken> take_flow_mod(const Asked& asked, const FlowMod& request);
// One that both take. `ethernet`: see asks_for_ethernet.
std::optional<Taken> take_accepted(const Asked& asked, const FlowMod& message, const model::FlowMod& request,
                                   bool ethernet);
std::optional<Taken> take_statistics(const Asked& asked);
std::optional<Taken> take_packet_out(const Asked& asked);
std::optional<Taken> take_frame(const Asked& asked);

void amend(const Asked& asked, Records& records, const InForce& in_force, const Used& used);

}  // namespace oftwin::harness::live::ovs3
