#include "harness/vocabulary.h"

#include <algorithm>
#include <optional>

#include "harness/wire_io.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

std::uint64_t get(ByteView bytes, wire::Field field) {
  std::uint64_t value = 0;
  if (bytes.size() < field.offset + field.size) return value;
  for (const std::uint8_t b : bytes.subspan(field.offset, field.size)) value = value << 8 | b;
  return value;
}

// Words of one message, as far as it can be read.
class Words {
 public:
  std::vector<std::size_t> found;

  void add(WordKind kind, std::uint64_t value) {
    const auto words = vocabulary();
    const auto at = std::find_if(words.begin(), words.end(),
                                 [&](const VocabularyWord& w) { return w.kind == kind && w.value == value; });
    if (at != words.end()) found.push_back(static_cast<std::size_t>(at - words.begin()));
  }
  void add_actions(ByteView actions) {
    while (actions.size() >= 8) {
      const std::uint64_t type = get(actions, wire::action::type), length = get(actions, wire::action::len);
      if (length < 8 || length > actions.size()) return;
      add(WordKind::action, type);
      const bool nicira = type == OFPAT_VENDOR && length >= 16 && get(actions, wire::action::vendor) == NX_VENDOR_ID;
      if (nicira) add(WordKind::nicira_action, get(actions, wire::nx_action::subtype));
      actions = actions.subspan(length);
    }
  }
  void add_match(ByteView match) {
    while (match.size() >= 4) {
      const auto header = Reader(match).get<std::uint32_t>();
      const std::size_t length = header & 0xff;
      add((header & 0x100) != 0 ? WordKind::nxm_masked : WordKind::nxm_field, header >> 9);
      match = match.subspan(std::min(match.size(), 4 + length));
    }
  }
  // A match of match_len bytes that begins at `at`, then actions if there can be any.
  void add_nicira(ByteView message, std::size_t at, std::uint64_t match_len, bool actions) {
    if (message.size() < at || message.size() - at < match_len) return;
    add_match(message.subspan(at, match_len));
    const std::size_t end = at + (match_len + 7) / 8 * 8;
    if (actions && end <= message.size()) add_actions(message.subspan(end));
  }
};

void add_error(ByteView m, Words& words) {
  const std::uint64_t type = get(m, wire::error_msg::type);
  if (type != NXET_VENDOR) return words.add(WordKind::error, type << 16 | get(m, wire::error_msg::code));
  words.add(WordKind::nicira_error, get(m, wire::nx_vendor_error::type) << 16 | get(m, wire::nx_vendor_error::code));
}

void add_vendor(ByteView m, bool from_switch, Words& words) {
  if (m.size() < wire::vendor_msg::nicira_size || get(m, wire::vendor_msg::vendor) != NX_VENDOR_ID) return;
  const std::uint64_t subtype = get(m, wire::vendor_msg::subtype);
  words.add(WordKind::nicira_message, subtype);
  if (subtype != NXT_FLOW_MOD || from_switch) return;
  words.add_nicira(m, wire::nx_flow_mod::size, get(m, wire::nx_flow_mod::match_len), true);
}

void add_statistics(ByteView m, bool from_switch, Words& words) {
  const std::uint64_t type = get(m, wire::stats_msg::type);
  words.add(from_switch ? WordKind::reply : WordKind::request, type);
  const bool nicira = type == OFPST_VENDOR && m.size() >= wire::nx_stats_msg::size &&
                      get(m, wire::nx_stats_msg::vendor) == NX_VENDOR_ID;
  if (!nicira) return;
  words.add(from_switch ? WordKind::nicira_reply : WordKind::nicira_request, get(m, wire::nx_stats_msg::subtype));
  if (from_switch) return;
  words.add_nicira(m, wire::nx_flow_stats_request::size, get(m, wire::nx_flow_stats_request::match_len), false);
}

}  // namespace

std::vector<std::size_t> words_of(ByteView m, bool from_switch) {
  Words words;
  if (m.size() < wire::header::size) return {};
  const std::uint64_t type = get(m, wire::header::type);
  words.add(WordKind::message, type);
  const auto rest = [&](std::size_t from) { return m.subspan(std::min(from, m.size())); };
  switch (type) {
    case OFPT_ERROR:
      if (from_switch) add_error(m, words);
      break;
    case OFPT_VENDOR:
      add_vendor(m, from_switch, words);
      break;
    case OFPT_FLOW_MOD:
      words.add_actions(rest(wire::flow_mod::size));
      break;
    case OFPT_PACKET_OUT: {
      const ByteView actions = rest(wire::packet_out::size);
      words.add_actions(actions.first(std::min<std::size_t>(actions.size(), get(m, wire::packet_out::actions_len))));
      break;
    }
    case OFPT_STATS_REQUEST:
    case OFPT_STATS_REPLY:
      add_statistics(m, from_switch, words);
      break;
    default:
      break;
  }
  return std::move(words.found);
}

void WordCounts::note_message(ByteView message, bool from_switch) {
  for (const std::size_t word : words_of(message, from_switch)) ++counts_[word];
}

void WordCounts::note(const Event& event, std::span<const Observation> observations) {
  if (const auto* recv = std::get_if<event::Recv>(&event.body)) put_bytes(arrived_[recv->conn], recv->bytes);
  for (const Observation& o : observations) {
    if (const auto* taken = std::get_if<observation::Take>(&o)) take(*taken);
    if (const auto* sent = std::get_if<observation::Send>(&o)) note_message(sent->bytes, true);
    if (const auto* down = std::get_if<observation::ConnDown>(&o)) arrived_.erase(down->conn);
    if (const auto* gone = std::get_if<observation::ConnGone>(&o)) arrived_.erase(gone->conn);
  }
}

// What was taken stands in the stream, behind what was dropped with an earlier session.
void WordCounts::take(const observation::Take& taken) {
  Bytes& stream = arrived_[taken.conn];
  for (bool found = false; !found;) {
    const std::uint64_t length = get(stream, wire::header::length);
    if (length < wire::header::size || length > stream.size()) return stream.clear();
    const ByteView message = ByteView(stream).first(length);
    found = get(message, wire::header::type) == taken.type && get(message, wire::header::xid) == taken.xid;
    if (found) note_message(message, false);
    stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(length));
  }
}

}  // namespace oftwin::harness
