// What the minimizer makes of single messages: every kind of message, match field and action can be dropped, renamed
// and made plain, in both forms. The probes here ask for one thing only, so that all else has to go.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "harness/default_config.h"
#include "harness/generator.h"
#include "harness/minimize.h"
#include "harness/nicira_action_syntax.h"
#include "harness/rename.h"
#include "harness/request.h"
#include "harness/simplify_action.h"
#include "harness/simplify_match.h"
#include "harness/trace_text.h"
#include "harness/wire_io.h"
#include "spec/nxm.h"

namespace oftwin::harness {
namespace {

constexpr ConnName kC1{ConnKind::primary, 1};
constexpr Mac kMac = {0xaa, 0x55, 0xaa, 0x55, 0x12, 0x34};

using Wanted = std::function<bool(const Request&)>;

// Shown at the first message that has it.
Probe has(const Wanted& wanted) {
  return [wanted](const SwitchConfig&, std::span<const Event> events) -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto* recv = std::get_if<event::Recv>(&events[i].body);
      const auto message = recv ? decode_request(recv->bytes) : std::nullopt;
      if (message && wanted(*message)) return i;
    }
    return std::nullopt;
  };
}

// The one message that is left of the trace.
std::optional<Request> left_of(const std::vector<Request>& messages, const Wanted& wanted) {
  Trace trace;
  trace.config = default_config();
  std::uint32_t id = 0;
  for (const Request& r : messages) trace.events.push_back({++id, event::Recv{kC1, encode(r)}});
  make_blocks(trace);
  MinimizeEffort effort;
  const auto small = minimize(trace, has(wanted), {}, &effort);
  if (!small) return std::nullopt;
  EXPECT_TRUE(effort.complete);
  EXPECT_EQ(small->events.size(), 1u) << print_trace(*small);
  MinimizeEffort again;
  EXPECT_EQ(minimize(*small, has(wanted), {}, &again), small) << print_trace(*small);
  EXPECT_LT(again.probes, 100u) << print_trace(*small);
  const auto* recv = std::get_if<event::Recv>(&small->events[0].body);
  return recv ? decode_request(recv->bytes) : std::nullopt;
}

Bytes all_actions() {
  Bytes out;
  for (const Bytes& a : {action::output(7, 100), action::set_vlan_vid(9), action::set_vlan_pcp(3), action::strip_vlan(),
                         action::set_dl_src(kMac), action::set_dl_dst(kMac), action::set_nw_src(0x0a000001),
                         action::set_nw_dst(0x0a000002), action::set_nw_tos(0x20), action::set_tp_src(80),
                         action::set_tp_dst(443), action::enqueue(3, 5)}) {
    put_bytes(out, a);
  }
  return out;
}

Bytes nicira(NxActionSubtype subtype, std::size_t size, const std::vector<std::pair<wire::Field, std::uint64_t>>& set) {
  Bytes a(size);
  const auto put_at = [&](wire::Field f, std::uint64_t value) {
    for (std::size_t i = f.size; i-- > 0; value >>= 8) a[f.offset + i] = static_cast<std::uint8_t>(value);
  };
  put_at(wire::action::type, OFPAT_VENDOR);
  put_at(wire::action::len, size);
  put_at(wire::action::vendor, NX_VENDOR_ID);
  put_at(wire::nx_action::subtype, subtype);
  for (const auto& [field, value] : set) put_at(field, value);
  return a;
}

constexpr std::uint64_t kReg0 = NXM_NX_REG0 << 9 | 4, kReg1 = (NXM_NX_REG0 + 1) << 9 | 4;

// One of each of Nicira's actions, with values of its own, and what is left of it.
struct NiciraCase {
  NxActionSubtype subtype;
  Bytes action, plain;
};
std::vector<NiciraCase> nicira_cases() {
  namespace w = wire::nx_action;
  const auto both = [](NxActionSubtype s, std::size_t size,
                       const std::vector<std::pair<wire::Field, std::uint64_t>>& full,
                       const std::vector<std::pair<wire::Field, std::uint64_t>>& plain, std::size_t plain_size = 0) {
    return NiciraCase{s, nicira(s, size, full), nicira(s, plain_size ? plain_size : size, plain)};
  };
  return {
      both(NXAST_RESUBMIT, 16, {{w::resubmit_in_port, 7}}, {{w::resubmit_in_port, OFPP_IN_PORT}}),
      both(NXAST_SET_TUNNEL, 16, {{w::tun_id32, 99}}, {}),
      both(NXAST_SET_QUEUE, 16, {{w::queue_id, 3}}, {}),
      both(NXAST_POP_QUEUE, 16, {}, {}),
      both(
          NXAST_REG_MOVE, 24,
          {{w::move_n_bits, 4}, {w::move_src_ofs, 3}, {w::move_dst_ofs, 5}, {w::move_src, kReg1}, {w::move_dst, kReg1}},
          {{w::move_n_bits, 32}, {w::move_src, kReg0}, {w::move_dst, kReg0}}),
      both(NXAST_REG_LOAD, 24, {{w::load_ofs_nbits, 3 << 6 | 7}, {w::load_dst, kReg1}, {w::load_value, 77}},
           {{w::load_ofs_nbits, 31}, {w::load_dst, kReg0}}),
      both(NXAST_NOTE, 32, {{{w::note, 2}, 0x1234}, {{24, 4}, 0x55}}, {}, 16),
      both(NXAST_SET_TUNNEL64, 24, {{w::tun_id64, 0x123456789a}}, {}),
      both(NXAST_MULTIPATH, 32,
           {{w::multipath_fields, 1},
            {w::multipath_basis, 50},
            {w::multipath_algorithm, 2},
            {w::multipath_max_link, 4},
            {w::multipath_arg, 6},
            {w::multipath_ofs_nbits, 4 << 6 | 7},
            {w::multipath_dst, kReg1}},
           {{w::multipath_ofs_nbits, 31}, {w::multipath_dst, kReg0}}),
      both(NXAST_AUTOPATH, 24, {{w::autopath_ofs_nbits, 15}, {w::autopath_dst, kReg1}, {w::autopath_id, 8}},
           {{w::autopath_ofs_nbits, 31}, {w::autopath_dst, kReg0}}),
      both(NXAST_BUNDLE, 40,
           {{w::bundle_algorithm, 1},
            {w::bundle_fields, 1},
            {w::bundle_basis, 8},
            {w::bundle_slave_type, 2},
            {w::bundle_n_slaves, 2},
            {{32, 2}, 4},
            {{34, 2}, 5}},
           {{w::bundle_slave_type, 2}}, 32),
      both(NXAST_BUNDLE_LOAD, 40,
           {{w::bundle_algorithm, 1},
            {w::bundle_slave_type, 2},
            {w::bundle_n_slaves, 1},
            {w::bundle_ofs_nbits, 15},
            {w::bundle_dst, kReg1},
            {{32, 2}, 4}},
           {{w::bundle_slave_type, 2}, {w::bundle_ofs_nbits, 31}, {w::bundle_dst, kReg0}}, 32),
      both(NXAST_RESUBMIT_TABLE, 16, {{w::resubmit_in_port, 7}, {w::resubmit_table, 3}},
           {{w::resubmit_in_port, OFPP_IN_PORT}, {w::resubmit_table, 255}}),
  };
}

// An entry of that field, its value full of a byte; with a mask, if there is one.
Bytes entry(const NxmField& field, bool masked, std::uint8_t byte) {
  Bytes out;
  const std::size_t length = field.size * (masked ? 2 : 1);
  put<std::uint32_t>(out, field.type << 9 | (masked ? 0x100u : 0u) | static_cast<std::uint32_t>(length));
  out.insert(out.end(), length, byte);
  return out;
}

Bytes all_entries() {
  Bytes out;
  for (const NxmField& field : nxm::fields) put_bytes(out, entry(field, field.masks == NxmMasks::any, 0x5a));
  return out;
}

WireMatch full_match() {
  WireMatch m;
  m.wildcards = 3u << OFPFW_NW_SRC_SHIFT | 5u << OFPFW_NW_DST_SHIFT;
  m.in_port = 7;
  m.dl_src = m.dl_dst = kMac;
  m.dl_vlan = 9;
  m.dl_vlan_pcp = 3;
  m.dl_type = 0x800;
  m.nw_tos = 0x20;
  m.nw_proto = 6;
  m.nw_src = 0x0a000001;
  m.nw_dst = 0x0a000002;
  m.tp_src = 80;
  m.tp_dst = 443;
  return m;
}

template <class FlowMod>
FlowMod full_flow_mod() {
  FlowMod m;
  m.xid = 0x1234;
  m.cookie = 0x77;
  m.command = 2 << 8 | OFPFC_DELETE_STRICT;
  m.idle_timeout = 5;
  m.hard_timeout = 6;
  m.priority = 123;
  m.buffer_id = 17;
  m.out_port = 7;
  m.flags = OFPFF_SEND_FLOW_REM | OFPFF_CHECK_OVERLAP;
  m.actions = all_actions();
  for (const NiciraCase& c : nicira_cases()) put_bytes(m.actions, c.action);
  return m;
}

std::vector<Request> full_messages() {
  request::FlowMod flow_mod = full_flow_mod<request::FlowMod>();
  flow_mod.match = full_match();
  request::NxFlowMod nx_flow_mod = full_flow_mod<request::NxFlowMod>();
  nx_flow_mod.match = all_entries();
  const Bytes data(100, 0x5a);
  return {
      request::Hello{1, data},
      request::EchoRequest{2, data},
      request::EchoReply{3, data},
      request::FeaturesRequest{4},
      request::GetConfigRequest{5},
      request::SetConfig{6, 2, 77},
      request::BarrierRequest{7},
      request::QueueGetConfig{19, 7},
      flow_mod,
      request::PacketOut{8, 17, 7, all_actions(), data},
      request::PortMod{9, 7, kMac, 0x7f, 0x7f, 0xfff},
      request::FlowStats{10, true, full_match(), 3, 7},
      request::PortStats{11, 7},
      request::QueueStats{12, 7, 3},
      request::Stats{13, OFPST_TABLE, 3, data},
      request::FlowModTableId{14, 7},
      request::Role{15, NX_ROLE_SLAVE},
      request::SetFlowFormat{16, NXFF_NXM},
      nx_flow_mod,
      request::NxFlowStats{17, true, all_entries(), 3, 7},
      request::Vendor{18, 0x1234, data},
  };
}

TEST(simplify, every_message_is_left_alone_and_plain) {
  const std::vector<Request> full = full_messages();
  ASSERT_EQ(full.size(), std::variant_size_v<Request>);
  request::PortMod port_mod;
  port_mod.port = 1;
  port_mod.hw_addr = default_port(1).hw_addr;
  request::Stats stats;
  stats.type = OFPST_TABLE;
  request::Vendor vendor;
  vendor.vendor = 0x1234;
  std::vector<Request> plain = {
      request::Hello{},
      request::EchoRequest{},
      request::EchoReply{},
      request::FeaturesRequest{},
      request::GetConfigRequest{},
      request::SetConfig{},
      request::BarrierRequest{},
      request::QueueGetConfig{},
      request::FlowMod{},
      request::PacketOut{},
      port_mod,
      request::FlowStats{},
      request::PortStats{},
      request::QueueStats{},
      stats,
      request::FlowModTableId{},
      request::Role{},
      request::SetFlowFormat{},
      request::NxFlowMod{},
      request::NxFlowStats{},
      vendor,
  };
  std::get<request::SetConfig>(plain[5]).miss_send_len = OFP_DEFAULT_MISS_SEND_LEN;
  for (std::size_t kind = 0; kind < full.size(); ++kind) {
    ASSERT_EQ(full[kind].index(), kind);
    const auto left = left_of(full, [&](const Request& r) { return r.index() == kind; });
    ASSERT_TRUE(left) << kind;
    set_xid(plain[kind], default_xid(1));
    EXPECT_EQ(*left, plain[kind]) << "kind " << kind;
  }
}

TEST(simplify, extended_messages_become_those_of_openflow10_where_they_can) {
  request::NxFlowMod nx;
  for (const auto* field : {&nxm::fields[0], &nxm::fields[2], &nxm::fields[6]})
    put_bytes(nx.match, entry(*field, false, 7));
  const auto older = [](const Request& r) {
    const auto* m = std::get_if<request::FlowMod>(&r);
    const auto* n = std::get_if<request::NxFlowMod>(&r);
    return (m && m->match.in_port == 0x0707 && m->match.nw_src == 0x07070707) || (n && n->match.size() == 24);
  };
  const auto left = left_of({nx}, older);
  ASSERT_TRUE(left);
  ASSERT_TRUE(std::holds_alternative<request::FlowMod>(*left));
  const WireMatch& match = std::get<request::FlowMod>(*left).match;
  EXPECT_EQ(match.wildcards, OFPFW_ALL & ~(OFPFW_IN_PORT | OFPFW_NW_BITS_MASK << OFPFW_NW_SRC_SHIFT));
}

TEST(simplify, every_field_of_a_match_is_left_alone_and_plain) {
  request::FlowMod m = full_flow_mod<request::FlowMod>();
  m.match = full_match();
  request::FlowStats s;
  s.match = full_match();
  for (const std::uint32_t bits : kFieldWildcards) {
    WireMatch wanted;
    wanted.wildcards = OFPFW_ALL & ~bits;
    if (bits == OFPFW_IN_PORT) wanted.in_port = 1;  // 0 is no port
    const auto flow_mod = left_of({m}, [&](const Request& r) {
      const auto* f = std::get_if<request::FlowMod>(&r);
      return f && (f->match.wildcards & bits) != bits;
    });
    ASSERT_TRUE(flow_mod);
    EXPECT_EQ(std::get<request::FlowMod>(*flow_mod).match, wanted) << std::hex << bits;
    const auto stats = left_of({s}, [&](const Request& r) {
      const auto* f = std::get_if<request::FlowStats>(&r);
      return f && (f->match.wildcards & bits) != bits;
    });
    ASSERT_TRUE(stats);
    EXPECT_EQ(std::get<request::FlowStats>(*stats).match, wanted) << std::hex << bits;
  }
}

TEST(simplify, every_entry_of_an_extended_match_is_left_alone_and_plain) {
  request::NxFlowMod m = full_flow_mod<request::NxFlowMod>();
  m.match = all_entries();
  request::NxFlowStats s;
  s.match = all_entries();
  for (const NxmField& field : nxm::fields) {
    Bytes plain = entry(field, false, 0);
    if (field.type == NXM_OF_IN_PORT) plain.back() = 1;
    const auto has_type = [&](const Bytes& match) {
      const auto types = entry_types(match);
      return std::find(types.begin(), types.end(), field.type) != types.end();
    };
    const auto flow_mod = left_of({m}, [&](const Request& r) {
      const auto* f = std::get_if<request::NxFlowMod>(&r);
      return f && has_type(f->match);
    });
    ASSERT_TRUE(flow_mod);
    EXPECT_EQ(std::get<request::NxFlowMod>(*flow_mod).match, plain) << field.type;
    const auto stats = left_of({s}, [&](const Request& r) {
      const auto* f = std::get_if<request::NxFlowStats>(&r);
      return f && has_type(f->match);
    });
    ASSERT_TRUE(stats);
    EXPECT_EQ(std::get<request::NxFlowStats>(*stats).match, plain) << field.type;
  }
}

// In which of the three messages that have actions: `of` gives them.
template <class Message>
void every_action_is_left_alone_and_plain(Message m, const std::vector<std::pair<Bytes, Bytes>>& cases) {
  m.actions.clear();
  for (const auto& [full, plain] : cases) put_bytes(m.actions, full);
  for (const auto& [full, plain] : cases) {
    const ActionKind kind = action_kinds(full).front();
    const auto left = left_of({m}, [&](const Request& r) {
      const auto* f = std::get_if<Message>(&r);
      if (!f) return false;
      const auto kinds = action_kinds(f->actions);
      return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    });
    ASSERT_TRUE(left);
    EXPECT_EQ(std::get<Message>(*left).actions, plain) << kind.type << " " << kind.nicira;
  }
}

TEST(simplify, every_action_is_left_alone_and_plain) {
  std::vector<std::pair<Bytes, Bytes>> cases = {
      {action::output(7, 100), action::output(1)},
      {action::set_vlan_vid(9), action::set_vlan_vid(0)},
      {action::set_vlan_pcp(3), action::set_vlan_pcp(0)},
      {action::strip_vlan(), action::strip_vlan()},
      {action::set_dl_src(kMac), action::set_dl_src({})},
      {action::set_dl_dst(kMac), action::set_dl_dst({})},
      {action::set_nw_src(0x0a000001), action::set_nw_src(0)},
      {action::set_nw_dst(0x0a000002), action::set_nw_dst(0)},
      {action::set_nw_tos(0x20), action::set_nw_tos(0)},
      {action::set_tp_src(80), action::set_tp_src(0)},
      {action::set_tp_dst(443), action::set_tp_dst(0)},
      {action::enqueue(3, 5), action::enqueue(1, 0)},
  };
  for (const NiciraCase& c : nicira_cases()) cases.emplace_back(c.action, c.plain);
  ASSERT_EQ(cases.size(), 12u + 13u);
  every_action_is_left_alone_and_plain(request::FlowMod{}, cases);
  every_action_is_left_alone_and_plain(request::NxFlowMod{}, cases);
  every_action_is_left_alone_and_plain(request::PacketOut{}, cases);
}

TEST(simplify, a_larger_action_becomes_its_smaller_relative) {
  namespace w = wire::nx_action;
  const auto port_of = [](const Bytes& a) { return a[10] << 8 | a[11]; };
  request::FlowMod m;
  m.actions = nicira(NXAST_RESUBMIT_TABLE, 16, {{w::resubmit_in_port, 7}, {w::resubmit_table, 3}});
  const auto left = left_of({m}, [&](const Request& r) {
    const auto* f = std::get_if<request::FlowMod>(&r);
    return f && f->actions.size() == 16 && port_of(f->actions) == 7;
  });
  ASSERT_TRUE(left);
  EXPECT_EQ(std::get<request::FlowMod>(*left).actions, nicira(NXAST_RESUBMIT, 16, {{w::resubmit_in_port, 7}}));
}

TEST(simplify, a_message_in_pieces_becomes_whole_and_times_are_joined) {
  const Bytes message = encode(request::FlowMod{});
  Trace trace;
  trace.config = default_config();
  const Bytes begin(message.begin(), message.begin() + 30), end(message.begin() + 30, message.end());
  trace.events = {{1, event::Recv{kC1, begin}}, {0, event::Loop{}}, {2, event::Recv{kC1, end}},
                  {3, event::Clock{500}},       {0, event::Loop{}}, {4, event::Clock{700}},
                  {5, event::Clock{800}}};
  make_blocks(trace);
  // The whole flow-mod, somehow, and two seconds.
  const Probe probe = [&](const SwitchConfig&, std::span<const Event> events) -> std::optional<std::size_t> {
    Bytes stream;
    std::uint64_t ms = 0;
    for (const Event& e : events) {
      if (const auto* recv = std::get_if<event::Recv>(&e.body)) put_bytes(stream, recv->bytes);
      if (const auto* clock = std::get_if<event::Clock>(&e.body)) ms += clock->ms;
    }
    const Cut cut = cut_messages(stream);
    return ms == 2000 && cut.messages.size() == 1 && cut.rest.empty() ? std::optional(events.size() - 1) : std::nullopt;
  };
  const auto small = minimize(trace, probe);
  ASSERT_TRUE(small);
  std::vector<Event> inputs = small->events;
  std::erase_if(inputs, [](const Event& e) { return std::holds_alternative<event::Loop>(e.body); });
  ASSERT_EQ(inputs.size(), 2u) << print_trace(*small);
  EXPECT_EQ(std::get<event::Recv>(inputs[0].body).bytes.size(), message.size());
  EXPECT_EQ(inputs[1].body, EventBody(event::Clock{2000}));
}

// --- Other names ----------------------------------------------------------------------------------------------------

std::vector<Event> events_of(const std::vector<Request>& messages) {
  std::vector<Event> out;
  for (const Request& r : messages)
    out.push_back({static_cast<std::uint32_t>(out.size() + 1), event::Recv{kC1, encode(r)}});
  return out;
}
template <class Message>
Message message_in(const std::vector<Event>& events, std::size_t i) {
  return std::get<Message>(*decode_request(std::get<event::Recv>(events[i].body).bytes));
}

TEST(rename, ports_are_renamed_wherever_a_message_names_one) {
  namespace w = wire::nx_action;
  request::NxFlowMod nx;
  nx.match = entry(nxm::fields[0], false, 0);
  nx.match.back() = 7;
  nx.out_port = 7;
  for (const Bytes& a : {nicira(NXAST_RESUBMIT, 16, {{w::resubmit_in_port, 7}}),
                         nicira(NXAST_BUNDLE, 40, {{w::bundle_n_slaves, 2}, {{32, 2}, 7}, {{34, 2}, 9}})}) {
    put_bytes(nx.actions, a);
  }
  SwitchConfig config = default_config({7, 9});
  const Renaming renamed = with_plain_ports(
      config, events_of({nx, request::NxFlowStats{0, false, nx.match, 0, 9}, request::QueueStats{0, 9, 3},
                         request::PortStats{0, 9}, request::PortMod{0, 9, default_port(9).hw_addr, 1, 1, 0},
                         request::PacketOut{0, OFP_NO_BUFFER, 7, action::enqueue(9, 1), {}}}));
  const auto flow_mod = message_in<request::NxFlowMod>(renamed.events, 0);
  EXPECT_EQ(flow_mod.match.back(), 1);
  EXPECT_EQ(flow_mod.out_port, 1);
  EXPECT_EQ(flow_mod.actions[11], 1);
  EXPECT_EQ(flow_mod.actions[16 + 33], 1);
  EXPECT_EQ(flow_mod.actions[16 + 35], 2);
  EXPECT_EQ(message_in<request::NxFlowStats>(renamed.events, 1).match.back(), 1);
  EXPECT_EQ(message_in<request::NxFlowStats>(renamed.events, 1).out_port, 2);
  EXPECT_EQ(message_in<request::QueueStats>(renamed.events, 2).port, 2);
  EXPECT_EQ(message_in<request::PortStats>(renamed.events, 3).port, 2);
  const auto port_mod = message_in<request::PortMod>(renamed.events, 4);
  EXPECT_EQ(port_mod.port, 2);
  EXPECT_EQ(port_mod.hw_addr, default_port(2).hw_addr);
  const auto packet_out = message_in<request::PacketOut>(renamed.events, 5);
  EXPECT_EQ(packet_out.in_port, 1);
  EXPECT_EQ(packet_out.actions, action::enqueue(2, 1));
  ASSERT_EQ(renamed.config.ports.size(), 2u);
  EXPECT_EQ(renamed.config.ports[0], default_port(1));
  EXPECT_EQ(renamed.config.ports[1], default_port(2));
}

TEST(rename, cookies_and_priorities_are_shared_by_both_forms) {
  request::FlowMod a;
  request::NxFlowMod b;
  a.cookie = b.cookie = 0x12345;
  a.priority = 700;
  b.priority = 300;
  const auto cookies = with_plain_cookies(events_of({a, b}));
  EXPECT_EQ(message_in<request::FlowMod>(cookies, 0).cookie, 0xau);
  EXPECT_EQ(message_in<request::NxFlowMod>(cookies, 1).cookie, 0xau);
  const auto priorities = with_plain_priorities(events_of({a, b}));
  EXPECT_EQ(message_in<request::FlowMod>(priorities, 0).priority, 20);
  EXPECT_EQ(message_in<request::NxFlowMod>(priorities, 1).priority, 10);
}

TEST(rename, addresses_that_are_equal_stay_equal) {
  request::FlowMod m;
  m.match = full_match();
  m.match.wildcards = 0;
  m.match.dl_dst = {0x02, 0, 0, 0, 0, 9};
  m.actions = action::set_dl_dst(kMac);
  put_bytes(m.actions, action::set_nw_src(m.match.nw_dst));
  Bytes frame(60);
  std::copy(kMac.begin(), kMac.end(), frame.begin() + 6);
  const auto plain = with_plain_addresses(events_of({m, request::PacketOut{0, OFP_NO_BUFFER, 1, {}, frame}}));
  const auto flow_mod = message_in<request::FlowMod>(plain, 0);
  EXPECT_EQ(flow_mod.match.dl_src, (Mac{0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(flow_mod.match.dl_dst, (Mac{0, 0, 0, 0, 0, 2}));
  EXPECT_EQ(flow_mod.match.nw_src, 1u);
  EXPECT_EQ(flow_mod.match.nw_dst, 2u);
  Bytes actions = action::set_dl_dst({0, 0, 0, 0, 0, 1});
  put_bytes(actions, action::set_nw_src(2));
  EXPECT_EQ(flow_mod.actions, actions);
  EXPECT_EQ(message_in<request::PacketOut>(plain, 1).data[11], 1);
}

// Of 8,000 actions each without one would be 8,000 copies of a message of 64 KiB.
TEST(simplify, a_crowd_of_actions_has_few_versions_and_any_number_of_them_is_left) {
  for (const std::size_t needed : {0, 1, 50, 63, 64, 65, 100, 7999}) {
    Bytes actions;
    for (int i = 0; i < 8000; ++i) {
      const Bytes one = action::output(2);
      actions.insert(actions.end(), one.begin(), one.end());
    }
    for (bool smaller = true; smaller;) {
      smaller = false;
      const std::vector<Bytes> versions = simpler_actions(actions);
      ASSERT_LT(versions.size(), 400u);
      for (const Bytes& v : versions) {
        if (v.size() < 8 * needed || v.size() >= actions.size()) continue;
        actions = v;
        smaller = true;
        break;
      }
    }
    EXPECT_EQ(actions.size(), 8 * needed);
  }
}

// Of any message that is generated, each version is another one, and trying again and again ends.
TEST(simplify, generated_messages_come_to_an_end) {
  std::size_t messages = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    for (const Event& e : split_messages(generate(seed).events)) {
      const auto* recv = std::get_if<event::Recv>(&e.body);
      const auto message = recv ? decode_request(recv->bytes) : std::nullopt;
      if (!message) continue;
      ++messages;
      const std::size_t kind = message->index();
      EXPECT_TRUE(left_of({*message}, [&](const Request& r) { return r.index() == kind; }));
    }
  }
  EXPECT_GT(messages, 300u);
}

}  // namespace
}  // namespace oftwin::harness
