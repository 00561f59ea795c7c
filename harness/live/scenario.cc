#include "harness/live/scenario.h"

#include <algorithm>

#include "harness/generate_message.h"
#include "harness/live/scenario_ports.h"
#include "harness/trace_text.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

// The header says what the stream needs: this version, and the length that the message has.
bool stream_stays_whole(const Bytes& message) {
  return message.size() >= 8 && message[0] == OFP_VERSION &&
         (std::size_t{message[2]} << 8 | message[3]) == message.size();
}

class Drawer {
 public:
  Drawer(std::uint64_t seed, const SwitchConfig& config, const DrawOptions& options)
      : source_(seed),
        options_(options),
        generator_options_(generator_options(options, source_)),
        ports_change_(source_.chance(options.cables.empty() ? 8 : 30)),
        hearing_changes_(source_.below(200) == 0),
        messages_(source_, generator_options_, config),
        several_(seed ^ kSeveral) {
    trace_.config = config;
    if (!options.cables.empty() && ports_change_) messages_.set_weight(MessageKind::port_mod, 15);
    trace_.config.connections.resize(draw_connections());
    open_.assign(trace_.config.connections.size(), true);
    reconnects_ = options_.reconnects && several() && several_.chance(50);
  }

  Trace draw() {
    for (at_ = 0; at_ < open_.size(); ++at_) begin();
    at_ = 0;
    const bool timed = source_.below(10'000) < options_.timed_per_10000;
    const unsigned packets = source_.pick(kPercents);
    const std::uint64_t inputs = source_.between(options_.min_inputs, options_.max_inputs);
    for (std::uint64_t i = 0; i < inputs; ++i) {
      if (several() && elsewhere()) continue;
      source_.chance(packets) ? packet() : message();
    }
    if (timed) {
      timed_flows();
      wait();
    }
    at_ = static_cast<std::size_t>(std::find(open_.begin(), open_.end(), true) - open_.begin()) % open_.size();
    add(messages_.all_flows(0));
    if (options_.table_id) add(encode(request::FlowModTableId{0, 0}));
    request::FlowMod all;
    all.command = OFPFC_DELETE;
    add(encode(all));
    make_blocks(trace_);
    return std::move(trace_);
  }

 private:
  static constexpr std::array<unsigned, 4> kPercents = {0, 10, 20, 40};
  static constexpr std::array<std::uint16_t, 4> kMissSendLens = {0xffff, 128, 64, 1};
  // What has to do with several connections is drawn from a source of its own: scenarios that have only one are the
  // same whether others have more or not.
  static constexpr std::uint64_t kSeveral = 0x7365766572616c;

  bool several() const { return open_.size() > 1; }

  std::size_t draw_connections() {
    const std::size_t most = std::min(options_.connections, trace_.config.connections.size());
    if (most < 2 || several_.below(100) >= options_.several_per_cent) return std::min<std::size_t>(most, 1);
    return several_.between(2, most);
  }

  // The settings of a connection at the beginning.
  void begin() {
    add(encode(request::SetConfig{0, OFPC_FRAG_NORMAL, source_.pick(kMissSendLens)}));
    if (options_.table_id && source_.chance(40)) {
      add(encode(request::FlowModTableId{0, 1}));
      messages_.set_table_percent(several() ? 40 : 70);
    } else if (at_ == 0) {
      messages_.set_table_percent(0);
    }
  }

  // Goes on on another connection, or does what only several connections are for. False: has said nothing.
  bool elsewhere() {
    if (several_.chance(40)) at_ = several_.below(open_.size());
    if (reconnects_ && several_.chance(8)) {
      open_[at_] = !open_[at_];
      const ConnName conn = trace_.config.connections[at_];
      open_[at_] ? happen(event::ConnOpen{conn}) : happen(event::ConnClose{conn});
      return true;
    }
    if (!several_.chance(25)) return false;
    switch (several_.below(5)) {
      case 0:
      case 1:
        add(encode(request::Role{0, static_cast<std::uint32_t>(several_.below(3))}));
        break;
      case 2: {
        constexpr std::array<std::uint16_t, 4> lengths = {0, 0, 128, 0xffff};
        add(encode(request::SetConfig{0, OFPC_FRAG_NORMAL, several_.pick(lengths)}));
        break;
      }
      case 3:
        add(encode(request::SetFlowFormat{0, several_.chance(50) ? NXFF_NXM : NXFF_OPENFLOW10}));
        break;
      default:
        add(encode(request::BarrierRequest{}));
    }
    return true;
  }

  GeneratorOptions generator_options(const DrawOptions& options, Source& source) {
    GeneratorOptions out;
    out.malformed = options.malformed;
    out.nicira_match = options.nxm;
    out.buffers = source.chance(15);
    return out;
  }

  void add(Bytes message) {
    if (!stream_stays_whole(message)) return;
    const auto id = static_cast<std::uint32_t>(trace_.events.size() / 2 + 1);
    const std::uint32_t xid = default_xid(id);
    for (int i = 0; i < 4; ++i) message[4 + i] = static_cast<std::uint8_t>(xid >> (24 - 8 * i));
    trace_.events.push_back({id, event::Recv{trace_.config.connections[at_], std::move(message)}});
    trace_.events.push_back({0, event::Loop{0}});
  }

  void happen(EventBody body) {
    trace_.events.push_back({static_cast<std::uint32_t>(trace_.events.size() / 2 + 1), std::move(body)});
    trace_.events.push_back({0, event::Loop{0}});
  }

  void timed_flows() {
    constexpr std::array<std::uint16_t, 4> seconds = {0, 1, 1, 10};
    constexpr std::uint16_t flows = 300;
    for (std::uint16_t i = 0; i < flows; ++i) {
      request::FlowMod flow;
      flow.priority = i;
      flow.cookie = i;
      flow.idle_timeout = source_.pick(seconds);
      flow.hard_timeout = source_.pick(seconds);
      if (!nameless_flows_ && source_.chance(70)) flow.flags = OFPFF_SEND_FLOW_REM;
      add(encode(flow));
      if (source_.chance(10)) packet();
    }
  }

  // Time-outs of a second have come then, those of ten have not.
  void wait() { happen(event::Clock{1000}); }

  void packet() {
    if (!options_.cables.empty() && source_.chance(70)) {
      return happen(PortDrawer(source_, messages_, options_.cables).arrival());
    }
    request::PacketOut out;
    DrawnPacket packet = messages_.packet();
    out.in_port = source_.chance(90) ? packet.in_port : std::uint16_t{OFPP_NONE};
    out.actions = action::output(OFPP_TABLE);
    out.data = std::move(packet.frame);
    add(encode(out));
  }

  void message() {
    if (!options_.cables.empty() && source_.chance(25)) {
      return add(PortDrawer(source_, messages_, options_.cables).message());
    }
    Bytes one = messages_.any(0);
    if (one[1] == OFPT_PORT_MOD && !ports_change_) return;
    if (one[1] == OFPT_PORT_MOD && one.size() == wire::port_mod::size) {
      give_port_its_address(one);
      // Perhaps the connection goes through the switch's own port. What is put on a port that is down is not counted.
      if ((one[8] << 8 | one[9]) == OFPP_LOCAL || !options_.cables.empty()) {
        one[wire::port_mod::mask.offset + 3] &= static_cast<std::uint8_t>(~OFPPC_PORT_DOWN);
      }
    }
    forget_nameless_removal(one);
    if (!hearing_changes_ && !several()) keep_hearing(one);
    if (!one.empty()) add(std::move(one));
  }

  // Nothing that changes what the switch says of its own accord, because of what may still be on its way. Such messages
  // need quiet around them, and so time: few scenarios have them.
  static void keep_hearing(Bytes& message) {
    const auto is = [&](std::size_t size, std::uint8_t subtype) {
      return message[1] == OFPT_VENDOR && message.size() == size && message[15] == subtype;
    };
    if (is(wire::nx_role::size, NXT_ROLE_REQUEST) || is(wire::nx_set_flow_format::size, NXT_SET_FLOW_FORMAT))
      message.clear();
    else if (message[1] == OFPT_SET_CONFIG && message.size() == wire::switch_config::size && message[10] == 0 &&
             message[11] == 0)
      message[11] = 1;
  }

  // A message about a flow's removal tells by the cookie whose flow it was; a cookie of all ones tells nothing. So a
  // scenario either has flows whose removal is told, or gives flows such a cookie.
  void forget_nameless_removal(Bytes& message) {
    const bool plain = message[1] == OFPT_FLOW_MOD && message.size() >= wire::flow_mod::size;
    const bool extended = message[1] == OFPT_VENDOR && message.size() >= wire::nx_flow_mod::size;
    if (!plain && !extended) return;
    const std::size_t cookie = plain ? wire::flow_mod::cookie.offset : wire::nx_flow_mod::cookie.offset;
    const std::size_t flags = plain ? wire::flow_mod::flags.offset : wire::nx_flow_mod::flags.offset;
    const auto at = message.begin() + static_cast<std::ptrdiff_t>(cookie);
    const bool nameless = std::all_of(at, at + 8, [](std::uint8_t b) { return b == 0xff; });
    if (nameless && removals_told_) at[7] = 0xfe;
    nameless_flows_ = nameless_flows_ || (nameless && !removals_told_);
    if (nameless_flows_) message[flags + 1] &= static_cast<std::uint8_t>(~OFPFF_SEND_FLOW_REM);
    removals_told_ = removals_told_ || (message[flags + 1] & OFPFF_SEND_FLOW_REM) != 0;
  }

  // The generator's ports have addresses of their own.
  void give_port_its_address(Bytes& message) {
    for (const PortConfig& port : trace_.config.ports) {
      if ((message[8] << 8 | message[9]) != port.number || message[15] != (port.number & 0xff)) continue;
      std::copy(port.hw_addr.begin(), port.hw_addr.end(), message.begin() + wire::port_mod::hw_addr.offset);
    }
  }

  RandomSource source_;
  const DrawOptions options_;
  const GeneratorOptions generator_options_;
  const bool ports_change_, hearing_changes_;
  bool removals_told_ = false, nameless_flows_ = false;
  MessageGenerator messages_;
  RandomSource several_;
  Trace trace_;
  std::vector<bool> open_;  // by connection
  std::size_t at_ = 0;      // the connection on which something is said
  bool reconnects_ = false;
};

}  // namespace

Trace draw_scenario(std::uint64_t seed, const SwitchConfig& config, const DrawOptions& options) {
  return Drawer(seed, config, options).draw();
}

}  // namespace oftwin::harness::live
