#include "harness/live/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/live/scenario.h"
#include "harness/print.h"
#include "harness/request.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

using std::chrono::milliseconds;

// What an xid was used for; a number from 0 up is the position of the scenario's event.
enum Purpose : std::int32_t {
  for_end = -1,        // the barrier behind everything
  for_order = -2,      // a barrier in the middle
  for_nothing = -3,    // whatever is answered is of no interest
  for_reset = -4,      // nothing may be answered
  for_emptiness = -5,  // aggregate statistics that have to count no flow
  for_tables = -6,
  for_ports = -7,
};

constexpr Mac kSentinelMac = {0x02, 'o', 'f', 't', 'w', 'n'};
constexpr std::uint16_t kSentinelType = 0x88b5;  // for local experiments
constexpr unsigned kCookieBits = 32;             // of a scenario's own; above them stands its number
constexpr std::uint64_t kNoCookie = UINT64_MAX;

constexpr std::uint16_t kUsualMissSendLen = 128;
constexpr milliseconds kSentinelPatience{200};
constexpr std::uint64_t kSettle_ms = 10;
constexpr std::uint64_t kExpiry_ms = 1700;  // beyond what a scenario asks for, so that what is due has happened

Bytes sentinel_frame(std::uint64_t number) {
  Bytes out(kSentinelMac.begin(), kSentinelMac.end());
  put(out, static_cast<std::uint16_t>(0x0200));
  put(out, static_cast<std::uint32_t>(number));
  put(out, kSentinelType);
  out.resize(60);
  return out;
}

bool is_sentinel_packet(ByteView message) {
  const std::size_t at = wire::packet_in::size;
  return message.size() >= at + 14 && std::equal(kSentinelMac.begin(), kSentinelMac.end(), message.begin() + at) &&
         message[at + 12] == kSentinelType >> 8 && message[at + 13] == (kSentinelType & 0xff);
}

std::uint32_t number_in_sentinel(ByteView message) {
  Reader r(message.subspan(wire::packet_in::size + kSentinelMac.size() + 2, 4));
  return r.get<std::uint32_t>();
}

std::uint32_t xid_in(ByteView message) {
  Reader r(message.subspan(4, 4));
  return r.get<std::uint32_t>();
}

bool nicira(ByteView message, std::uint32_t subtype) {
  if (message[1] != OFPT_VENDOR || message.size() < wire::vendor_msg::nicira_size) return false;
  Reader r(message.subspan(8));
  return r.get<std::uint32_t>() == NX_VENDOR_ID && r.get<std::uint32_t>() == subtype;
}

bool is_statistics(ByteView message, std::uint16_t type) {
  return message[1] == OFPT_STATS_REQUEST && message.size() >= wire::stats_msg::size && message[8] == type >> 8 &&
         message[9] == (type & 0xff);
}

// Where a flow-mod or a flow-removed message of either form has its cookie.
std::optional<std::size_t> cookie_at(ByteView m) {
  if (m[1] == OFPT_FLOW_MOD && m.size() >= wire::flow_mod::size) return wire::flow_mod::cookie.offset;
  if (m[1] == OFPT_FLOW_REMOVED && m.size() >= wire::flow_removed::size) return wire::flow_removed::cookie.offset;
  if (nicira(m, NXT_FLOW_MOD) && m.size() >= wire::nx_flow_mod::size) return wire::nx_flow_mod::cookie.offset;
  if (nicira(m, NXT_FLOW_REMOVED) && m.size() >= wire::nx_flow_removed::size)
    return wire::nx_flow_removed::cookie.offset;
  return std::nullopt;
}

void set_number(Bytes& out, std::size_t at, std::size_t size, std::uint64_t value) {
  for (std::size_t i = 0; i < size; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
}

// After it, messages that were caused before and are still on their way may come in another form, or not at all.
bool changes_what_is_heard(ByteView m) {
  if (m[1] == OFPT_SET_CONFIG) return m.size() == wire::switch_config::size && m[10] == 0 && m[11] == 0;
  return nicira(m, NXT_ROLE_REQUEST) || nicira(m, NXT_SET_FLOW_FORMAT);
}

// Numbers of scenarios in cookies: from 1 up, and never all ones.
std::uint64_t tag_of(std::uint64_t number) { return number % 0x7fffffff + 1; }

void tag_cookie(Bytes& message, std::uint64_t number) {
  const auto at = cookie_at(message);
  if (!at) return;
  Reader r(ByteView(message).subspan(*at));
  const auto cookie = r.get<std::uint64_t>();
  if (cookie == kNoCookie) return;
  set_number(message, *at, 8, (cookie & 0xffffffff) | tag_of(number) << kCookieBits);
}

}  // namespace

struct Conversation::Played {
  Trace trace;
  std::uint64_t number = 0;
  std::uint32_t first_xid = 0;
  std::vector<std::int32_t> purposes;  // of the xids from first_xid on
  std::size_t bytes = 0, packets = 1;
  std::size_t unanswered = 0;      // barriers at the end
  std::vector<bool> packets_over;  // by link: the sentinel has been seen
  net::Clock::time_point begin, last;
  Heard heard;

  bool over() const {
    const auto all = [](const std::vector<bool>& v) { return std::find(v.begin(), v.end(), false) == v.end(); };
    return unanswered == 0 && all(packets_over);
  }
};

// Collects what is to be sent on one link.
struct Conversation::Wire {
  Conversation& c;
  Played& played;
  Bytes bytes;

  void add(Bytes message, std::int32_t purpose) {
    set_number(message, 4, 4, c.take_xid());
    played.purposes.push_back(purpose);
    put_bytes(bytes, message);
    ++c.messages_;
  }
  template <class R>
  void ask(const R& request, std::int32_t purpose) {
    add(encode(request), purpose);
  }

  void ask_for_baseline(const Trace& trace) {
    const auto any = [&](std::uint16_t type) {
      return std::any_of(trace.events.begin(), trace.events.end(), [&](const Event& e) {
        return std::holds_alternative<event::Recv>(e.body) && is_statistics(message_of(e), type);
      });
    };
    request::FlowStats all;
    all.aggregate = true;
    ask(all, for_emptiness);
    if (any(OFPST_TABLE)) ask(request::Stats{0, OFPST_TABLE, 0, {}}, for_tables);
    if (any(OFPST_PORT)) ask(request::PortStats{}, for_ports);
  }
  void reset_connection() {
    if (c.intro_.roles) ask(request::Role{0, NX_ROLE_OTHER}, for_nothing);
    if (c.intro_.nxm) ask(request::SetFlowFormat{0, NXFF_OPENFLOW10}, for_reset);
    if (c.intro_.table_id) ask(request::FlowModTableId{0, 0}, for_reset);
    ask(request::SetConfig{0, OFPC_FRAG_NORMAL, kUsualMissSendLen}, for_reset);
  }
  void reset_switch(const Trace& trace) {
    request::FlowMod all;
    all.command = OFPFC_DELETE;
    ask(all, for_reset);
    for (const Event& e : trace.events) {
      if (!std::holds_alternative<event::Recv>(e.body) || message_of(e)[1] != OFPT_PORT_MOD) continue;
      for (const PortConfig& port : trace.config.ports) {
        ask(request::PortMod{0, port.number, port.hw_addr, port.config, 0x7f, 0}, for_reset);
      }
      break;
    }
  }
  void sentinels() {
    request::PacketOut packet;
    packet.actions = action::output(OFPP_CONTROLLER, 0xffff);
    packet.data = sentinel_frame(played.number);
    ask(packet, for_reset);
  }
};

Conversation::Conversation(std::vector<Link*> links, const Introduction& intro, const ConversationOptions& options)
    : links_(std::move(links)), intro_(intro), options_(options), pins_at_(links_.size(), 0) {}

Conversation::~Conversation() = default;

bool Conversation::pipelines(const Trace& scenario) {
  if (scenario.config.connections.size() != 1) return false;
  for (const Event& e : scenario.events) {
    if (std::holds_alternative<event::Loop>(e.body)) continue;
    // A port's new configuration counts for the packets of a later turn of the switch's.
    if (!std::holds_alternative<event::Recv>(e.body) || message_of(e)[1] == OFPT_PORT_MOD) return false;
    if (changes_what_is_heard(message_of(e))) return false;
  }
  return true;
}

void Conversation::begin(const Trace& scenario) {
  auto played = std::make_unique<Played>();
  Played& p = *played;
  p.trace = scenario;
  p.number = number_++;
  p.first_xid = next_xid_;
  p.packets_over.assign(links_.size(), false);
  p.heard.replies.resize(scenario.events.size());
  p.heard.passed_ms.resize(scenario.events.size());
  p.begin = p.last = net::Clock::now();
  played_.push_back(std::move(played));
  Wire wire{*this, p, {}};
  wire.ask_for_baseline(p.trace);
  for (std::size_t i = 0; i < p.trace.events.size(); ++i) {
    if (const auto* clock = std::get_if<event::Clock>(&p.trace.events[i].body)) {
      turn(wire);
      p.heard.passed_ms[i] = wait(clock->ms + kExpiry_ms);
    }
    auto* recv = std::get_if<event::Recv>(&p.trace.events[i].body);
    if (!recv) continue;
    if (changes_what_is_heard(recv->bytes)) settle(wire);
    tag_cookie(recv->bytes, p.number);
    p.packets += recv->bytes[1] == OFPT_PACKET_OUT;
    const std::uint32_t xid = next_xid_;
    wire.add(recv->bytes, static_cast<std::int32_t>(i));
    set_number(recv->bytes, 4, 4, xid);
    if (recv->bytes[1] == OFPT_PORT_MOD) turn(wire);
  }
  if (!pipelines(p.trace)) settle(wire);
  wire.reset_connection();
  wire.reset_switch(p.trace);
  if (!pipelines(p.trace)) turn(wire);
  wire.sentinels();
  wire.ask(request::BarrierRequest{}, for_end);
  p.unanswered = 1;
  p.bytes = wire.bytes.size();
  links_[0]->send(wire.bytes);
}

// Sends what there is and waits until the switch has handled it and gone on to its next turn.
void Conversation::turn(Wire& wire) {
  const std::uint32_t xid = next_xid_;
  wire.ask(request::BarrierRequest{}, for_order);
  links_[0]->send(std::exchange(wire.bytes, {}));
  for (;;) {
    const auto message = links_[0]->next(net::Clock::now() + milliseconds(options_.answer_ms));
    if (!message) throw LinkError(fmt::format("the switch has not answered a barrier for {} ms", options_.answer_ms));
    if ((*message)[1] == OFPT_BARRIER_REPLY && xid_in(*message) == xid) return;
    sort_message(0, *message);
  }
}

// Until all that was caused has come.
void Conversation::settle(Wire& wire) {
  turn(wire);
  wait(kSettle_ms);
}

// Hears what comes while time passes. How much has.
std::uint64_t Conversation::wait(std::uint64_t ms) {
  const auto begin = net::Clock::now();
  const net::Deadline end = begin + milliseconds(ms);
  while (net::Clock::now() < end) {
    if (const auto message = links_[0]->next(end)) sort_message(0, *message);
  }
  return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(net::Clock::now() - begin).count());
}

std::size_t Conversation::packets_in_flight() const {
  std::size_t sum = 0;
  for (const auto& p : played_) sum += p->packets;
  return sum;
}

std::size_t Conversation::bytes_in_flight() const {
  std::size_t sum = 0;
  for (const auto& p : played_) sum += p->bytes;
  return sum;
}

const Trace& Conversation::finished() const { return current_->trace; }

void Conversation::attribute(std::size_t, ByteView message) {
  const std::uint32_t xid = xid_in(message);
  const std::uint8_t type = message[1];
  for (const auto& played : played_) {
    Played& p = *played;
    const std::uint32_t place = xid - p.first_xid;
    if (place >= p.purposes.size()) continue;
    const std::int32_t purpose = p.purposes[place];
    const Bytes bytes(message.begin(), message.end());
    p.last = net::Clock::now();
    if (purpose >= 0) {
      p.heard.replies[static_cast<std::size_t>(purpose)].push_back(bytes);
    } else if (purpose == for_end && type == OFPT_BARRIER_REPLY) {
      --p.unanswered;
    } else if (purpose == for_tables && type == OFPT_STATS_REPLY) {
      p.heard.table_baseline.push_back(bytes);
    } else if (purpose == for_ports && type == OFPT_STATS_REPLY) {
      p.heard.port_baseline.push_back(bytes);
    } else if (purpose == for_emptiness && type == OFPT_STATS_REPLY) {
      Reader flows(message.subspan(std::min<std::size_t>(message.size(), wire::stats_msg::size + 16)));
      if (const auto n = flows.get<std::uint32_t>(); n != 0) {
        p.heard.oddities.push_back(fmt::format("{} flows are there although all were deleted", n));
      }
    } else if (purpose != for_nothing) {
      p.heard.oddities.push_back("the switch answers the reset: " + print_bytes(message));
    }
    return;
  }
  if (!played_.empty()) {
    played_.front()->heard.oddities.push_back("the switch answers a request that was not made: " +
                                              print_bytes(message));
  }
}

void Conversation::sort_message(std::size_t link, ByteView message) {
  const ConnName conn = intro_.config.connections[link];
  const std::uint8_t type = message[1];
  const bool removed = type == OFPT_FLOW_REMOVED || nicira(message, NXT_FLOW_REMOVED);
  if (type == OFPT_PACKET_IN) {
    is_sentinel_packet(message) ? sentinel(link, number_in_sentinel(message)) : packet_in(link, message);
  } else if (removed) {
    removal(conn, message);
  } else if (type == OFPT_PORT_STATUS) {
    if (!played_.empty()) played_.front()->heard.unasked[conn].port_status.emplace_back(message.begin(), message.end());
  } else {
    attribute(link, message);
  }
}

Conversation::Played* Conversation::played(std::uint64_t number) {
  const std::uint64_t oldest = played_.empty() ? number_ : played_.front()->number;
  return number < oldest || number >= number_ ? nullptr : played_[static_cast<std::size_t>(number - oldest)].get();
}

void Conversation::packet_in(std::size_t link, ByteView message) {
  Played* p = played(pins_at_[link]);
  if (!p) return;
  p->last = net::Clock::now();
  p->heard.unasked[intro_.config.connections[link]].packet_ins.emplace_back(message.begin(), message.end());
}

// Ends the packet-ins of its scenario. One that the switch has lost leaves it open which packet-ins belong to which of
// two scenarios: neither can be judged by them.
void Conversation::sentinel(std::size_t link, std::uint32_t low) {
  while (pins_at_[link] < number_) {
    const std::uint64_t number = pins_at_[link]++;
    Played* p = played(number);
    const bool mine = static_cast<std::uint32_t>(number) == low;
    if (p) p->packets_over[link] = true;
    if (mine) return;
    for (Played* lost : {p, played(number + 1)}) {
      if (lost) lost->heard.packet_ins_mixed = true;
    }
  }
}

// It may come when its scenario has long been over.
void Conversation::removal(ConnName conn, ByteView message) {
  Reader r(message.subspan(*cookie_at(message)));
  const auto cookie = r.get<std::uint64_t>();
  const std::uint64_t tag = cookie >> kCookieBits;
  const auto mine = [&](const std::unique_ptr<Played>& p) { return p && tag_of(p->number) == tag; };
  const auto it = std::find_if(played_.begin(), played_.end(), mine);
  Played* p = it != played_.end() ? it->get() : mine(current_) ? current_.get() : nullptr;
  if (!p && cookie == kNoCookie) p = current_ ? current_.get() : played_.empty() ? nullptr : played_.front().get();
  if (p) {
    p->last = net::Clock::now();
    p->heard.unasked[conn].flow_removed.emplace_back(message.begin(), message.end());
    return;
  }
  late_.push_back({tag, Bytes(message.begin(), message.end())});
}

void Conversation::hear(net::Deadline deadline) {
  if (const auto message = links_[0]->next(deadline)) sort_message(0, *message);
}

const Heard& Conversation::heard() const { return current_->heard; }

void Conversation::clean_up() {
  Trace nothing;
  nothing.config = intro_.config;
  begin(nothing);
  finish();
}

const Heard& Conversation::finish() {
  Played& p = *played_.front();
  const net::Deadline deadline = net::Clock::now() + milliseconds(options_.answer_ms);
  while (!p.over()) {
    const auto message = links_[0]->next(std::min(deadline, net::Clock::now() + kSentinelPatience));
    if (!message && p.unanswered == 0 && net::Clock::now() < deadline) {
      send_sentinel_again(p);
      continue;
    }
    if (!message && net::Clock::now() < deadline) continue;
    if (!message) {
      throw LinkError(fmt::format("the switch has said nothing for {} ms, and has not answered {}", options_.answer_ms,
                                  p.unanswered ? "a barrier" : "with a packet that was sent to the controller"));
    }
    sort_message(0, *message);
  }
  current_ = std::move(played_.front());
  played_.pop_front();
  set_elapsed(*current_);
  return current_->heard;
}

// The switch has lost it, perhaps; an answer twice does no harm.
void Conversation::send_sentinel_again(Played& p) {
  request::PacketOut packet;
  packet.xid = p.first_xid;
  packet.actions = action::output(OFPP_CONTROLLER, 0xffff);
  packet.data = sentinel_frame(p.number);
  links_[0]->send(encode(packet));
}

void Conversation::set_elapsed(Played& p) {
  p.heard.elapsed_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(p.last - p.begin).count());
}

bool Conversation::hear_more(net::Deadline deadline) {
  const auto count = [&] {
    std::size_t n = 0;
    for (const auto& [conn, unasked] : current_->heard.unasked) n += unasked.flow_removed.size();
    return n;
  };
  const std::size_t before = count();
  while (count() == before) {
    const auto message = links_[0]->next(deadline);
    if (!message) return false;
    sort_message(0, *message);
  }
  set_elapsed(*current_);
  return true;
}

}  // namespace oftwin::harness::live
