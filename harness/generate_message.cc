#include "harness/generate_message.h"

#include <algorithm>

#include "harness/generate_action.h"
#include "harness/generate_frame.h"
#include "harness/generate_nxm.h"
#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

constexpr std::array<std::uint16_t, 4> timeouts = {0, 0, 1, 10};
constexpr std::size_t kRecent = 6;  // flow-mods that packets aim at

void set_address(WireMatch& m, bool source_address, std::uint32_t address, unsigned wild_bits) {
  const unsigned shift = source_address ? OFPFW_NW_SRC_SHIFT : OFPFW_NW_DST_SHIFT;
  (source_address ? m.nw_src : m.nw_dst) = address;
  m.wildcards = (m.wildcards & ~(63u << shift)) | (wild_bits & 63u) << shift;
}

// Narrows (or, if it was matched, widens again) the field of that number.
void toggle_field(Source& s, WireMatch& m, unsigned field) {
  constexpr std::array<unsigned, 5> wild_bits = {0, 1, 8, 24, 32};
  constexpr std::array<std::uint32_t, 12> bit = {OFPFW_IN_PORT,
                                                 OFPFW_DL_VLAN,
                                                 OFPFW_DL_SRC,
                                                 OFPFW_DL_DST,
                                                 OFPFW_DL_TYPE,
                                                 OFPFW_NW_PROTO,
                                                 OFPFW_TP_SRC,
                                                 OFPFW_TP_DST,
                                                 0,
                                                 0,
                                                 OFPFW_NW_TOS,
                                                 OFPFW_DL_VLAN_PCP};
  if (field == 8 || field == 9) {
    const unsigned wild = static_cast<unsigned>(s.chance(5) ? s.between(32, 63) : s.pick(wild_bits));
    set_address(m, field == 8, s.pick(universe::addresses), wild);
  }
  m.wildcards ^= bit[field];
  if (field == 0) m.in_port = static_cast<std::uint16_t>(s.between(1, 2));
  if (field == 1) m.dl_vlan = s.chance(30) ? OFP_VLAN_NONE : s.pick(universe::vids);
  if (field == 2) m.dl_src = s.pick(universe::macs);
  if (field == 3) m.dl_dst = s.pick(universe::macs);
  if (field == 4) m.dl_type = s.pick(universe::dl_types);
  if (field == 5) m.nw_proto = s.pick(universe::protocols);
  if (field == 6) m.tp_src = s.pick(universe::tp_ports);
  if (field == 7) m.tp_dst = s.pick(universe::tp_ports);
  if (field == 10) m.nw_tos = s.pick(universe::toses);
  if (field == 11) m.dl_vlan_pcp = s.pick(universe::pcps);
}

// Another match that differs from this one in the lowest bit that one field compares: the nearest that two matches can
// be without being equal.
void nudge(Source& s, WireMatch& m) {
  const unsigned src_bits = m.wildcards >> OFPFW_NW_SRC_SHIFT & OFPFW_NW_BITS_MASK;
  const unsigned dst_bits = m.wildcards >> OFPFW_NW_DST_SHIFT & OFPFW_NW_BITS_MASK;
  std::vector<unsigned> fields;
  if (src_bits < 32) fields.push_back(0);
  if (dst_bits < 32) fields.push_back(1);
  if ((m.wildcards & OFPFW_IN_PORT) == 0) fields.push_back(2);
  if ((m.wildcards & OFPFW_DL_SRC) == 0) fields.push_back(3);
  if ((m.wildcards & OFPFW_DL_DST) == 0) fields.push_back(4);
  if ((m.wildcards & OFPFW_DL_VLAN) == 0) fields.push_back(5);
  if ((m.wildcards & OFPFW_TP_SRC) == 0) fields.push_back(6);
  if ((m.wildcards & OFPFW_TP_DST) == 0) fields.push_back(7);
  if (fields.empty()) return;
  const unsigned field = s.pick(fields);
  if (field == 0) m.nw_src ^= 1u << src_bits;
  if (field == 1) m.nw_dst ^= 1u << dst_bits;
  if (field == 2) m.in_port ^= 1;
  if (field == 3) m.dl_src.back() ^= 1;
  if (field == 4) m.dl_dst.back() ^= 1;
  if (field == 5) m.dl_vlan ^= 1;
  if (field == 6) m.tp_src ^= 1;
  if (field == 7) m.tp_dst ^= 1;
}

WireMatch fresh_match(Source& s) {
  WireMatch m;
  if (s.chance(15)) return m;
  if (s.chance(60)) toggle_field(s, m, 0);
  if (s.chance(50)) {  // an IPv4 or ARP flow
    m.wildcards &= ~OFPFW_DL_TYPE;
    m.dl_type = s.chance(85) ? 0x0800 : 0x0806;
    if (s.chance(70)) toggle_field(s, m, 8);
    if (s.chance(40)) toggle_field(s, m, 9);
    if (s.chance(40)) toggle_field(s, m, 5);
    if (s.chance(30)) toggle_field(s, m, 6);
    if (s.chance(30)) toggle_field(s, m, 7);
  }
  const std::uint64_t more = s.below(3);
  for (std::uint64_t i = 0; i < more; ++i) toggle_field(s, m, static_cast<unsigned>(s.below(12)));
  return m;
}

// Every bit as it may come, within the 40 bytes.
WireMatch wild_match(Source& s) {
  Bytes bytes;
  for (int i = 0; i < 5; ++i) put<std::uint64_t>(bytes, s.below(UINT64_MAX));
  WireMatch m = decode_match(bytes);
  if (s.chance(70)) m.dl_type = s.pick(universe::dl_types);
  if (s.chance(70)) m.nw_proto = s.pick(universe::protocols);
  if (s.chance(20)) m.dl_vlan = OFP_VLAN_NONE;
  return m;
}

}  // namespace

void vary(Source& s, WireMatch& match) {
  if (s.chance(40)) {
    nudge(s, match);
  } else {
    toggle_field(s, match, static_cast<unsigned>(s.below(12)));
  }
}

MessageGenerator::MessageGenerator(Source& source, const GeneratorOptions& options, const SwitchConfig& config)
    : source_(source), options_(options), tables_(static_cast<unsigned>(config.tables.size())) {
  for (const PortConfig& port : config.ports) ports_.push_back(port.number);
  if (ports_.empty()) ports_.push_back(1);
  for (std::uint64_t n = source.between(2, 6); n > 0; --n) {
    matches_.push_back(!matches_.empty() && source.chance(30) ? source.pick(matches_) : fresh_match(source));
    if (source.chance(30)) vary(source, matches_.back());
  }
  for (std::uint64_t n = source.between(2, 4); n > 0; --n) actions_.push_back(draw_actions(source, ports_));
  constexpr std::array<std::uint16_t, 6> some = {0, 1, 100, 0x8000, 0xfffe, 0xffff};
  for (std::uint64_t n = source.between(1, 3); n > 0; --n) priorities_.push_back(source.pick(some));
  constexpr std::array<unsigned, 4> amount = {0, 1, 1, 4};
  constexpr std::array<unsigned, kMessageKinds> base = {60, 14, 8, 4, 5, 5, 2, 3, 2, 3};
  for (std::size_t i = 0; i < kMessageKinds; ++i) weights_[i] = base[i] * source.pick(amount);
  set_weight(MessageKind::flow_mod, base[0]);
  if (!options.malformed) {
    set_weight(MessageKind::malformed, 0);
    set_weight(MessageKind::unknown, 0);
  }
  if (!options.roles) set_weight(MessageKind::role, 0);
  constexpr std::array<unsigned, 4> percents = {0, 10, 30, 70};
  overlap_percent_ = source.pick(percents);
  exact_percent_ = source.pick(percents) / 4;
  buffer_percent_ = options.buffers ? source.pick(percents) : 0;
  extended_percent_ = options.nicira_match ? source.pick(percents) : 0;
  if (extended_percent_ > 0) {
    for (const WireMatch& match : matches_) extended_matches_.push_back(nxm_of(match));
    for (std::uint64_t n = source.between(2, 6); n > 0; --n) extended_matches_.push_back(draw_nxm(source));
  }
}

Bytes MessageGenerator::any(std::uint32_t xid) {
  return draw(static_cast<MessageKind>(source_.weighted(weights_)), xid);
}

Bytes MessageGenerator::draw(MessageKind kind, std::uint32_t xid) {
  switch (kind) {
    case MessageKind::flow_mod:
      return flow_mod(xid);
    case MessageKind::statistics:
      return statistics(xid);
    case MessageKind::barrier:
      return encode(request::BarrierRequest{xid});
    case MessageKind::echo:
      return encode(request::EchoRequest{xid, Bytes(source_.below(5), 0x5a)});
    case MessageKind::settings:
      return settings(xid);
    case MessageKind::packet_out:
      return packet_out(xid);
    case MessageKind::port_mod:
      return port_mod(xid);
    case MessageKind::role:
      return encode(request::Role{xid, static_cast<std::uint32_t>(source_.below(4))});
    case MessageKind::unknown:
      return unknown(xid);
    case MessageKind::malformed:
      break;
  }
  return malformed(xid);
}

WireMatch MessageGenerator::draw_match() {
  WireMatch match = source_.pick(matches_);
  if (source_.chance(20)) vary(source_, match);
  if (source_.chance(3)) match = wild_match(source_);
  if (source_.chance(exact_percent_)) match.wildcards = source_.chance(50) ? 0 : match.wildcards | 0xffc00000;
  return match;
}

bool MessageGenerator::extended() { return extended_percent_ > 0 && source_.chance(extended_percent_); }

Bytes MessageGenerator::draw_extended_match() {
  Bytes match = source_.pick(extended_matches_);
  if (source_.chance(20)) vary_nxm(source_, match);
  return match;
}

std::uint32_t MessageGenerator::buffer_id() {
  if (!source_.chance(buffer_percent_)) return OFP_NO_BUFFER;
  constexpr std::array<std::uint32_t, 6> some = {0, 0x100, 0x101, 0xffffff00, 0xffffff01, 0x12345678};
  return source_.chance(60) ? 0x100 + static_cast<std::uint32_t>(source_.below(4)) : source_.pick(some);
}

template <class FlowMod>
void MessageGenerator::fill_flow_mod(FlowMod& fm) {
  constexpr std::array<std::uint16_t, 8> commands = {0, 0, 0, 1, 2, 3, 3, 4};
  fm.cookie = source_.pick(universe::cookies);
  fm.command = source_.chance(1) ? 5 : source_.pick(commands);
  if (source_.chance(table_percent_)) {
    const std::uint64_t table = source_.chance(20) ? std::uint64_t{0xff} : this->table();
    fm.command = static_cast<std::uint16_t>(fm.command | table << 8);
  }
  fm.idle_timeout = source_.pick(timeouts);
  fm.hard_timeout = source_.pick(timeouts);
  fm.priority = source_.pick(priorities_);
  fm.buffer_id = buffer_id();
  const bool by_port = fm.command % 256 >= OFPFC_DELETE && source_.chance(25);
  if (by_port) fm.out_port = source_.pick(ports_);
  fm.flags = static_cast<std::uint16_t>(source_.chance(40) ? OFPFF_SEND_FLOW_REM : 0);
  if (source_.chance(overlap_percent_)) fm.flags |= OFPFF_CHECK_OVERLAP;
  if (source_.chance(1)) fm.flags |= static_cast<std::uint16_t>(1u << source_.below(16));
  fm.actions = source_.chance(90) ? source_.pick(actions_) : draw_actions(source_, ports_);
}

Bytes MessageGenerator::flow_mod(std::uint32_t xid) {
  if (extended()) {
    request::NxFlowMod fm;
    fm.xid = xid;
    fm.match = draw_extended_match();
    fill_flow_mod(fm);
    remember(fm.match);
    return encode(fm);
  }
  request::FlowMod fm;
  fm.xid = xid;
  fm.match = draw_match();
  fill_flow_mod(fm);
  remember(fm.match);
  return encode(fm);
}

void MessageGenerator::remember(std::variant<WireMatch, Bytes> match) {
  recent_.push_back(std::move(match));
  if (recent_.size() > kRecent) recent_.pop_front();
}

Bytes MessageGenerator::distinct_add(unsigned number, std::uint32_t xid) {
  request::FlowMod fm;
  fm.xid = xid;
  fm.match = matches_.front();
  fm.match.wildcards |= OFPFW_IN_PORT;  // never exact, so that the priority counts
  fm.priority = static_cast<std::uint16_t>(1000 + number);
  fm.actions = actions_.front();
  return encode(fm);
}

Bytes MessageGenerator::all_flows(std::uint32_t xid) {
  request::FlowStats stats;
  stats.xid = xid;
  return encode(stats);
}

template <class FlowStats>
void MessageGenerator::fill_flow_stats(FlowStats& fs) {
  fs.aggregate = source_.chance(30);
  if (source_.chance(30)) fs.table_id = static_cast<std::uint8_t>(table());
  if (source_.chance(20)) fs.out_port = source_.pick(ports_);
}

Bytes MessageGenerator::statistics(std::uint32_t xid) {
  if (const std::uint64_t which = source_.below(10); which == 0) {
    return encode(
        request::Stats{xid, static_cast<std::uint16_t>(source_.chance(50) ? OFPST_DESC : OFPST_TABLE), 0, {}});
  } else if (which == 1) {
    return encode(request::PortStats{xid, source_.chance(50) ? std::uint16_t{OFPP_NONE} : port()});
  } else if (which == 2 && source_.chance(30)) {
    return encode(request::QueueStats{xid, source_.chance(50) ? std::uint16_t{OFPP_ALL} : port(),
                                      source_.chance(50) ? 0xffffffff : static_cast<std::uint32_t>(source_.below(3))});
  }
  if (source_.chance(3)) return encode(request::QueueGetConfig{xid, port()});
  if (extended()) {
    request::NxFlowStats fs;
    fs.xid = xid;
    if (source_.chance(60)) fs.match = draw_extended_match();
    fill_flow_stats(fs);
    return encode(fs);
  }
  request::FlowStats fs;
  fs.xid = xid;
  if (source_.chance(60)) fs.match = draw_match();
  fill_flow_stats(fs);
  return encode(fs);
}

Bytes MessageGenerator::settings(std::uint32_t xid) {
  constexpr std::array<std::uint16_t, 5> lengths = {0, 1, 64, 128, 0xffff};
  if (extended()) {
    constexpr std::array<std::uint32_t, 5> formats = {NXFF_NXM, NXFF_NXM, NXFF_NXM, NXFF_OPENFLOW10, 1};
    return encode(request::SetFlowFormat{xid, source_.pick(formats)});
  }
  switch (source_.below(5)) {
    case 0:
      return encode(request::FeaturesRequest{xid});
    case 1:
      return encode(request::GetConfigRequest{xid});
    case 2:
    case 3:
      return encode(request::SetConfig{xid, static_cast<std::uint16_t>(source_.below(4)), source_.pick(lengths)});
    default:
      return encode(request::FlowModTableId{xid, static_cast<std::uint8_t>(source_.below(2))});
  }
}

Bytes MessageGenerator::packet_out(std::uint32_t xid) {
  request::PacketOut po;
  po.xid = xid;
  po.buffer_id = buffer_id();
  DrawnPacket packet = this->packet();
  po.in_port = source_.chance(60) ? packet.in_port : static_cast<std::uint16_t>(OFPP_NONE);
  if (source_.chance(5)) po.in_port = static_cast<std::uint16_t>(OFPP_MAX + source_.below(0x100));
  po.actions = source_.chance(70) ? source_.pick(actions_) : draw_actions(source_, ports_);
  if (source_.chance(25)) po.actions = action::output(OFPP_TABLE);
  if (po.buffer_id == OFP_NO_BUFFER || source_.chance(10)) po.data = std::move(packet.frame);
  return encode(po);
}

Bytes MessageGenerator::port_mod(std::uint32_t xid) {
  request::PortMod pm;
  pm.xid = xid;
  pm.port = port();
  pm.hw_addr = {0xaa, 0x55, 0xaa, 0x55, 0, static_cast<std::uint8_t>(source_.chance(90) ? pm.port : 0)};
  pm.config = static_cast<std::uint32_t>(source_.below(256));
  pm.mask = static_cast<std::uint32_t>(source_.below(256));
  return encode(pm);
}

Bytes MessageGenerator::unknown(std::uint32_t xid) {
  switch (source_.below(7)) {
    case 0: {
      Bytes out = encode(request::Stats{xid, static_cast<std::uint16_t>(source_.between(3, 8)), 0, {}});
      if (source_.chance(30)) out[1] = OFPT_STATS_REPLY;
      return out;
    }
    case 1:
      return encode(request::Stats{xid, 0xffff, 0, Bytes{0, 0, 0x23, 0x20, 0, 0, 0, 9, 0, 0, 0, 0}});
    case 2:
      return encode(request::Vendor{xid, source_.chance(50) ? NX_VENDOR_ID : 0x1234, Bytes(4, 0)});
    case 3:
      return encode(request::Hello{xid, {}});
    case 4: {
      Bytes out = encode(request::EchoReply{xid, Bytes(source_.below(8), 0)});  // an error, if that is long enough
      out[1] = OFPT_ERROR;
      return out;
    }
    case 5: {
      Bytes out = encode(request::BarrierRequest{xid});
      out[1] = static_cast<std::uint8_t>(source_.chance(80) ? source_.below(24) : source_.below(256));
      return out;
    }
    default:
      return encode(request::EchoReply{xid, Bytes(source_.below(3), 1)});
  }
}

// Damage that keeps the stream whole: the length field stays true, unless it is the damage.
Bytes MessageGenerator::malformed(std::uint32_t xid) {
  Bytes out = draw(static_cast<MessageKind>(source_.below(8)), xid);
  switch (source_.below(6)) {
    case 0:  // too short
      out.resize(8 + source_.below(out.size() - 7));
      break;
    case 1:  // too long
      put_zeros(out, source_.between(1, 16));
      break;
    case 2:
    case 3:  // something in the body
      for (std::uint64_t n = source_.between(1, 4); n > 0 && out.size() > 8; --n) {
        out[source_.between(8, out.size() - 1)] = static_cast<std::uint8_t>(source_.below(256));
      }
      break;
    case 4:  // the length of an action, if it has one
      if (out.size() > 76 && out[1] == OFPT_FLOW_MOD) set_u16(out, 74, source_.below(32));
      break;
    default:
      if (source_.chance(10)) {  // the header itself: the connection will be dropped
        out[source_.below(4)] ^= static_cast<std::uint8_t>(1u << source_.below(8));
        return out;
      }
  }
  set_u16(out, 2, out.size());
  return out;
}

// One that there is, or the one behind the last; of very many only those at the edges, so that they are met again.
std::uint64_t MessageGenerator::table() {
  if (tables_ <= 4) return source_.below(tables_ + 1);
  return source_.chance(50) ? source_.below(2) : source_.between(tables_ - 1, tables_);
}

std::uint16_t MessageGenerator::port() {
  constexpr std::array<std::uint16_t, 5> odd = {0, 9, OFPP_LOCAL, OFPP_CONTROLLER, OFPP_NONE};
  return source_.chance(90) ? source_.pick(ports_) : source_.pick(odd);
}

}  // namespace oftwin::harness
