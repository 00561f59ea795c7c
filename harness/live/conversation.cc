#include "harness/live/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/live/played.h"
#include "harness/print.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSentinelPatience{200};
constexpr milliseconds kLongestSilence{500};  // until the links are looked after

}  // namespace

Conversation::Conversation(Links& links, const Introduction& intro, const ConversationOptions& options, Cables* cables)
    : links_(links), intro_(intro), options_(options), pins_at_(links.size(), 0), awake_(links.size()) {
  if (cables) ports_.emplace(*cables);
}

Conversation::~Conversation() = default;

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

void Conversation::attribute(std::size_t link, ByteView message) {
  const std::uint32_t xid = xid_in(message);
  const std::uint8_t type = message[1];
  for (const auto& played : played_) {
    Played& p = *played;
    const std::uint32_t place = xid - p.first_xid;
    if (place >= p.uses.size()) continue;
    const std::int32_t purpose = p.uses[place].purpose;
    const Bytes bytes(message.begin(), message.end());
    p.last = net::Clock::now();
    if (p.uses[place].link != link) {
      p.heard.oddities.push_back("the switch answers on another connection: " + print_bytes(message));
    } else if (purpose >= 0) {
      p.heard.replies[static_cast<std::size_t>(purpose)].push_back(bytes);
    } else if (purpose == for_end && type == OFPT_BARRIER_REPLY) {
      --p.unanswered;
    } else if (purpose == for_tables && type == OFPT_STATS_REPLY) {
      p.heard.table_baseline.push_back(bytes);
    } else if (purpose == for_counts && type == OFPT_STATS_REPLY) {
      p.counts_due = false;
      ports_->counted(message);
    } else if (purpose == for_ports && type == OFPT_STATS_REPLY) {
      p.heard.port_baseline.push_back(bytes);
    } else if (purpose == for_emptiness && type == OFPT_STATS_REPLY) {
      Reader flows(message.subspan(std::min<std::size_t>(message.size(), wire::stats_msg::size + 16)));
      if (const auto n = flows.get<std::uint32_t>(); n != 0) {
        p.heard.oddities.push_back(fmt::format("{} flows are there although all were deleted", n));
      }
    } else if (purpose != for_nothing && !(purpose == for_order && type == OFPT_BARRIER_REPLY)) {
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
  if (link >= awake_) return;  // parked
  const ConnName conn = intro_.config.connections[link];
  const std::uint8_t type = message[1];
  if (type == OFPT_PACKET_IN) {
    const auto end = sentinel_in(message);
    end ? sentinel(link, *end) : packet_in(link, message);
  } else if (type == OFPT_FLOW_REMOVED || is_nicira_message(message, NXT_FLOW_REMOVED)) {
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
  // That of an earlier one was sent again, and has come twice.
  if (static_cast<std::int32_t>(low - static_cast<std::uint32_t>(pins_at_[link])) < 0) return;
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
  const std::uint64_t cookie = cookie_in(message).value_or(0), tag = tag_in(cookie);
  const auto mine = [&](const std::unique_ptr<Played>& p) { return p && cookie_tag(p->number) == tag; };
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
  while (!p.over() || (ports_ && !ports_->open().empty())) {
    const bool any = hear(std::min(deadline, net::Clock::now() + kSentinelPatience));
    if (any) continue;
    if (net::Clock::now() < deadline) {
      if (p.unanswered == 0) send_sentinel_again(p);
      continue;
    }
    const std::string silent = fmt::format("the switch has said nothing for {} ms, and has not ", options_.answer_ms);
    if (p.unanswered) throw LinkError(silent + "answered a barrier");
    if (!p.over()) throw LinkError(silent + "answered with a packet that was sent to the controller");
    throw LinkError(
        fmt::format("{}sent a packet out of port {}, or the cable is not that port's", silent, ports_->open().front()));
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
  if (!p.over()) links_[0].send(encode(packet));
  if (!ports_) return;
  for (const std::uint16_t port : ports_->open()) {
    packet.actions = action::output(port);
    links_[0].send(encode(packet));
  }
}

// The next message, or frames; false: nothing has come until `deadline`.
bool Conversation::hear(net::Deadline deadline) {
  if (!ports_) {
    const auto from = links_.next(deadline);
    if (from) sort_message(from->link, from->message);
    return from.has_value();
  }
  for (;;) {
    if (ports_->sort()) return true;
    if (const auto from = links_.next(net::Clock::now())) {
      sort_message(from->link, from->message);
      return true;
    }
    if (net::Clock::now() >= deadline) return false;
    ports_->cables().wait(std::min(deadline, net::Clock::now() + kLongestSilence));
  }
}

void Conversation::set_elapsed(Played& p) {
  p.heard.elapsed_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(p.last - p.begin).count());
}

void Conversation::idle(net::Deadline deadline) {
  while (net::Clock::now() < deadline) hear(deadline);
}

bool Conversation::hear_more(net::Deadline deadline) {
  const auto count = [&] {
    std::size_t n = 0;
    for (const auto& [conn, unasked] : current_->heard.unasked) n += unasked.flow_removed.size();
    return n;
  };
  const std::size_t before = count();
  while (count() == before) {
    if (!hear(deadline)) return false;
  }
  set_elapsed(*current_);
  return true;
}

}  // namespace oftwin::harness::live
