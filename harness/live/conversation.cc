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

}  // namespace

Conversation::Conversation(Links& links, const Introduction& intro, const ConversationOptions& options)
    : links_(links), intro_(intro), options_(options), pins_at_(links.size(), 0), awake_(links.size()) {}

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
  while (!p.over()) {
    const auto from = links_.next(std::min(deadline, net::Clock::now() + kSentinelPatience));
    if (!from && p.unanswered == 0 && net::Clock::now() < deadline) {
      send_sentinel_again(p);
      continue;
    }
    if (!from && net::Clock::now() < deadline) continue;
    if (!from) {
      throw LinkError(fmt::format("the switch has said nothing for {} ms, and has not answered {}", options_.answer_ms,
                                  p.unanswered ? "a barrier" : "with a packet that was sent to the controller"));
    }
    sort_message(from->link, from->message);
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
  links_[0].send(encode(packet));
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
    const auto from = links_.next(deadline);
    if (!from) return false;
    sort_message(from->link, from->message);
  }
  set_elapsed(*current_);
  return true;
}

}  // namespace oftwin::harness::live
