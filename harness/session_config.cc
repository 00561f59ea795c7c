#include "harness/session_config.h"

#include <algorithm>

#include "harness/default_config.h"
#include "harness/learn_config.h"
#include "harness/session_reply.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

// The first message of the switch with this type, and for a statistics reply with this type of statistics.
const CapturedMessage* first_reply(const Capture& capture, std::uint8_t type, std::optional<std::uint16_t> stats = {}) {
  for (const CapturedMessage& m : capture.messages) {
    if (!m.from_switch || m.bytes[1] != type) continue;
    if (!stats ||
        (m.bytes.size() >= wire::stats_msg::size && m.bytes[8] == *stats >> 8 && m.bytes[9] == (*stats & 0xff)))
      return &m;
  }
  return nullptr;
}

const CapturedMessage* features_of(const Capture& capture) {
  const CapturedMessage* m = first_reply(capture, OFPT_FEATURES_REPLY);
  return m && m->bytes.size() >= wire::switch_features::size ? m : nullptr;
}

// The connection was captured from its beginning, and the features were asked for before flows were.
bool begins_with_handshake(const Capture& capture, const CapturedMessage* features) {
  if (!features || capture.connections[0].opened_packet == 0) return false;
  const auto asks_about_flows = [](const CapturedMessage& m) {
    return !m.from_switch && (m.bytes[1] == OFPT_FLOW_MOD || m.bytes[1] == OFPT_STATS_REQUEST ||
                              m.bytes[1] == OFPT_VENDOR || m.bytes[1] == OFPT_PACKET_OUT);
  };
  const auto first = std::find_if(capture.messages.begin(), capture.messages.end(), asks_about_flows);
  return first == capture.messages.end() || first > capture.messages.begin() + (features - capture.messages.data());
}

// Without a features reply: the ports that were counted, in a reply to the request for all of them. True: all ports.
bool learn_counted_ports(const Capture& capture, SwitchConfig& config) {
  const CapturedMessage* counted = first_reply(capture, OFPT_STATS_REPLY, OFPST_PORT);
  if (!counted) return false;
  Reader r(ByteView(counted->bytes).subspan(wire::stats_msg::size));
  if (r.left() < 2 * wire::port_stats::size) return false;  // one may have been asked for by its number
  while (r.left() >= wire::port_stats::size) {
    config.ports.push_back(default_port(r.get<std::uint16_t>()));
    r.take(wire::port_stats::size - 2);
  }
  return true;
}

// How many tables there are at least: one behind the last that a flow or a table was told of.
std::size_t tables_told_of(const Capture& capture) {
  std::size_t tables = 1;
  std::vector<ReplyRecord> records;
  for (const CapturedMessage& m : capture.messages) {
    if (m.from_switch && m.bytes[1] == OFPT_STATS_REPLY) append_records(m.bytes, records);
    for (const ReplyRecord& r : records) {
      const std::string* table = field_of(r, "table");
      const auto number = table ? parse_as<std::uint8_t>(*table) : std::nullopt;
      if (number && *number < OFP_ALL_TABLES) tables = std::max<std::size_t>(tables, *number + 1u);
    }
    records.clear();
  }
  return tables;
}

}  // namespace

SessionConfig learn_session_config(const Capture& capture, const Profile* profile) {
  SessionConfig out;
  const CapturedMessage* features = features_of(capture);
  if (features) {
    learn_features(features->bytes, out.config);
    out.ports_known = out.addresses_known = true;
  } else {
    out.config = profile ? config_of(*profile) : default_config({});
    out.ports_known = profile && !profile->ports.empty();
    if (!out.ports_known) {
      out.config.ports.clear();
      out.ports_known = learn_counted_ports(capture, out.config);
    }
    out.config.tables.resize(std::max(out.config.tables.size(), tables_told_of(capture)));
  }
  out.config.connections.clear();
  out.from_the_beginning = begins_with_handshake(capture, features);
  if (const CapturedMessage* tables = first_reply(capture, OFPT_STATS_REPLY, OFPST_TABLE)) {
    learn_tables(ByteView(tables->bytes).subspan(wire::stats_msg::size), out.config);
  }
  if (const CapturedMessage* desc = first_reply(capture, OFPT_STATS_REPLY, OFPST_DESC)) {
    learn_description(ByteView(desc->bytes).subspan(wire::stats_msg::size), out.config.description);
  }
  return out;
}

}  // namespace oftwin::harness
