// One controller-to-switch message, drawn from a small universe; and frames that its matches may meet.
//
// Part of harness/generator.h. Invariant: all messages of one MessageGenerator speak about the same few matches, action
// lists, cookies and priorities.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <variant>
#include <vector>

#include "harness/generator.h"
#include "harness/request.h"
#include "spec/bytes.h"
#include "spec/config.h"

namespace oftwin::harness {

enum class MessageKind : std::uint8_t {
  flow_mod,
  statistics,
  barrier,
  echo,
  settings,  // features, get and set config, table-id extension, flow format
  packet_out,
  port_mod,
  role,
  unknown,    // types, subtypes and vendors that a switch does not take
  malformed,  // a message of another kind, damaged
};
inline constexpr std::size_t kMessageKinds = 10;

// A packet and how it comes.
struct DrawnPacket {
  std::uint16_t in_port = 0;
  std::uint64_t tun_id = 0;
  Bytes frame;
};

// What a flow-mod is about: a match in either form (extended: entries of NXM), and a priority.
struct DrawnFlow {
  std::variant<WireMatch, Bytes> match;
  std::uint16_t priority = 0;
};

// Narrows one field of `match`, or widens it if it was matched, or gives it another value.
void vary(Source& source, WireMatch& match);

class MessageGenerator {
 public:
  MessageGenerator(Source& source, const GeneratorOptions& options, const SwitchConfig& config);

  // Any message, as often as this universe's weights say.
  Bytes any(std::uint32_t xid);
  Bytes draw(MessageKind kind, std::uint32_t xid);
  // An add of its own: no two with different `number` below 60000 have the same match and priority.
  Bytes distinct_add(unsigned number, std::uint32_t xid);
  // All flows of all tables.
  Bytes all_flows(std::uint32_t xid);

  // Of the universe.
  WireMatch match() { return draw_match(); }
  Bytes actions() { return source_.pick(actions_); }

  // Most meet, or just miss, what a flow-mod was about lately; some come in on ports that are none.
  DrawnPacket packet();
  std::uint16_t port();

  // For stories about one flow (generate_story.cc); their xids are 0.
  DrawnFlow flow();
  DrawnPacket packet_for(const DrawnFlow& flow);
  // command: OFPFC_*; time-outs in seconds, of which it is told if there are any
  Bytes flow_mod_about(const DrawnFlow& flow, std::uint16_t command, const Bytes& actions, std::uint16_t idle = 0,
                       std::uint16_t hard = 0);
  Bytes statistics_about(const DrawnFlow& flow);
  // Of which it can be seen that they have been carried out.
  Bytes visible_actions();

  void set_weight(MessageKind kind, unsigned weight) { weights_[static_cast<std::size_t>(kind)] = weight; }
  // Commands carry table numbers (as they do when a connection has asked for the extension).
  void set_table_percent(unsigned percent) { table_percent_ = percent; }

 private:
  Bytes flow_mod(std::uint32_t xid);
  Bytes statistics(std::uint32_t xid);
  Bytes settings(std::uint32_t xid);
  Bytes packet_out(std::uint32_t xid);
  Bytes port_mod(std::uint32_t xid);
  Bytes unknown(std::uint32_t xid);
  Bytes malformed(std::uint32_t xid);
  WireMatch draw_match();
  Bytes draw_extended_match();
  bool extended();
  template <class FlowMod>
  void fill_flow_mod(FlowMod& fm);
  template <class FlowStats>
  void fill_flow_stats(FlowStats& fs);
  void remember(std::variant<WireMatch, Bytes> match);
  std::uint32_t buffer_id();
  std::uint64_t table();

  Source& source_;
  GeneratorOptions options_;
  std::vector<std::uint16_t> ports_;
  unsigned tables_ = 1;
  std::array<unsigned, kMessageKinds> weights_{};
  std::vector<WireMatch> matches_;
  std::vector<Bytes> extended_matches_;  // entries of NXM
  std::vector<Bytes> actions_;
  std::deque<std::variant<WireMatch, Bytes>> recent_;  // what flow-mods were about, the last ones
  std::vector<std::uint16_t> priorities_;
  unsigned table_percent_ = 0, overlap_percent_ = 0, exact_percent_ = 0, buffer_percent_ = 0, extended_percent_ = 0;
};

}  // namespace oftwin::harness
