#include "harness/live/find_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "harness/learn_config.h"
#include "harness/live/profile_finder.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness::live {
namespace {

constexpr std::uint16_t kMissSendLen = 64;
constexpr unsigned kLongestMs = 6000;  // for a timeout of one second

// Text from a switch, fit for a file.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
  }
  return text;
}

Request delete_all() {
  request::FlowMod fm;
  fm.command = OFPFC_DELETE;
  return fm;
}

std::uint64_t number(ByteView bytes, wire::Field field) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < field.size && field.offset + i < bytes.size(); ++i) {
    value = value << 8 | bytes[field.offset + i];
  }
  return value;
}

}  // namespace

Bytes test_frame() {
  Bytes out = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
  out.resize(200);
  return out;
}

FoundProfile find_profile(Link& link, const FindOptions& options) { return ProfileFinder(link, options).run(); }

FoundProfile ProfileFinder::run() {
  p_.file = "probed";
  try {
    introduction();
    extensions();
    statistics();
    fields();
    if (p_.nxm) extended_fields();
    actions();
    nicira_actions();
    outputs();
    flags();
    port_mod();
    queue_config();
    buffers();
    entries();
    if (options_.timeouts) timeouts();
    connections();
    start_empty();
  } catch (const LinkError& e) { throw LinkError(fmt::format("{}, when asked about {}", e.what(), about_)); }
  malformed();
  return std::move(found_);
}

void ProfileFinder::start_empty() {
  questions_.ask(delete_all());
  questions_.forget();
}

request::FlowMod ProfileFinder::flow_number(std::uint32_t n) const {
  const auto has = [&](std::string_view field) {
    const auto at = std::find(kMatchFields.begin(), kMatchFields.end(), field);
    return p_.match[static_cast<std::size_t>(at - kMatchFields.begin())] != Masks::none;
  };
  request::FlowMod fm;
  const Mac mac = {
      2, 0, 0, static_cast<std::uint8_t>(n >> 16), static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
  if (has("dl_dst")) {
    fm.match.wildcards &= ~std::uint32_t{OFPFW_DL_DST};
    fm.match.dl_dst = mac;
  } else if (has("dl_src")) {
    fm.match.wildcards &= ~std::uint32_t{OFPFW_DL_SRC};
    fm.match.dl_src = mac;
  } else if (has("nw_dst") && has("dl_type")) {
    fm.match.wildcards &= ~(std::uint32_t{OFPFW_DL_TYPE} | OFPFW_NW_BITS_MASK << OFPFW_NW_DST_SHIFT);
    fm.match.dl_type = 0x0800;
    fm.match.nw_dst = 0x0a000000 | n;
  } else {
    fm.priority = static_cast<std::uint16_t>(n);
  }
  return fm;
}

std::vector<Bytes> ProfileFinder::flows(bool extended) {
  const Answer answer =
      extended ? questions_.ask(Request(request::NxFlowStats{})) : questions_.ask(Request(request::FlowStats{}));
  std::vector<Bytes> out;
  for (const Bytes& reply : answer.replies) {
    if (reply[1] != OFPT_STATS_REPLY) continue;
    ByteView rest(reply);
    rest = rest.subspan(std::min(rest.size(), extended ? wire::nx_stats_msg::size : wire::stats_msg::size));
    while (rest.size() >= 2) {
      const std::size_t length = number(rest, wire::flow_stats::length);
      if (length < 2 || length > rest.size()) break;
      out.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(length));
      rest = rest.subspan(length);
    }
  }
  return out;
}

void ProfileFinder::introduction() {
  about_ = "its features";
  // Some switches tell a session nothing by themselves before it has said how much of a packet it wants.
  questions_.ask(Request(request::SetConfig{0, 0, kMissSendLen}));
  SwitchConfig config;
  const Answer features = questions_.ask(Request(request::FeaturesRequest{}));
  if (features.replies.empty() || features.replies.front().size() < wire::switch_features::size) {
    throw LinkError("the switch does not say what features it has");
  }
  learn_features(features.replies.front(), config);
  p_.tables = static_cast<std::uint32_t>(std::clamp<std::size_t>(config.tables.size(), 1, 255));
  say("tables.count", "as the features say");
  p_.buffers = config.n_buffers;
  say("buffers.count", fmt::format("the features say {}", config.n_buffers));
  for (const PortConfig& port : config.ports) {
    if (port.number == 0 || port.number >= OFPP_MAX) continue;
    p_.ports.push_back({port.number, "nothing"});
    say(fmt::format("port.{}", port.number),
        fmt::format("called {}; whether it is wired, only you know", printable(port.name)));
  }
  const Answer answer = questions_.ask(Request(request::Stats{0, OFPST_DESC, 0, {}}));
  if (answer.replies.empty() || answer.replies.front().size() < wire::stats_msg::size + wire::desc_stats::size) return;
  Description d;
  learn_description(ByteView(answer.replies.front()).subspan(wire::stats_msg::size), d);
  p_.name = printable(fmt::format("{} {} {}", d.mfr_desc, d.hw_desc, d.sw_desc));
  say("switch.name", "as it describes itself");
}

void ProfileFinder::extensions() {
  const auto has = [&](const Request& request, bool& into, const std::string& key) {
    about_ = key;
    const Answer answer = questions_.ask(request);
    into = !answer.refused();
    say(key, answer.refused() ? answer.why() : "accepted");
  };
  has(request::SetFlowFormat{0, NXFF_NXM}, p_.nxm, "nxm.supported");
  if (p_.nxm) questions_.ask(Request(request::SetFlowFormat{0, NXFF_OPENFLOW10}));
  has(request::FlowModTableId{0, 1}, p_.table_id, "flow_mod.table_id");
  if (p_.table_id) questions_.ask(Request(request::FlowModTableId{0, 0}));
  has(request::Role{0, NX_ROLE_OTHER}, p_.roles, "connections.roles");
  p_.nicira = p_.nxm || p_.table_id || p_.roles;
  say("messages.nicira", p_.nicira ? "some of them are taken" : "none of them is taken");
}

void ProfileFinder::statistics() {
  request::FlowStats aggregate;
  aggregate.aggregate = true;
  const Request requests[] = {request::Stats{0, OFPST_DESC, 0, {}},  request::FlowStats{}, aggregate,
                              request::Stats{0, OFPST_TABLE, 0, {}}, request::PortStats{}, request::QueueStats{}};
  for (std::size_t i = 0; i < std::size(requests); ++i) {
    about_ = fmt::format("statistics.{}", kStatistics[i]);
    const Answer answer = questions_.ask(requests[i]);
    p_.statistics[i] = !answer.replies.empty();
    say(about_, answer.refused() ? answer.why() : answer.replies.empty() ? "no answer" : "answered");
  }
}

void ProfileFinder::port_mod() {
  about_ = "messages.port_mod";
  if (p_.ports.empty()) return;
  request::PortMod pm;  // changes nothing
  pm.port = p_.ports.front().number;
  const Answer answer = questions_.ask(Request(pm));
  // The address has to be the port's; without it the switch refuses, but knows the message.
  p_.port_mod = !answer.refused() || answer.why() == "PORT_MOD_FAILED/BAD_HW_ADDR";
  say(about_, answer.refused() ? answer.why() : "accepted");
}

void ProfileFinder::queue_config() {
  about_ = "messages.queue_config";
  if (p_.ports.empty()) return;
  const Answer answer = questions_.ask(Request(request::QueueGetConfig{0, p_.ports.front().number}));
  p_.queue_config = !answer.replies.empty();
  say(about_, answer.refused() ? answer.why() : p_.queue_config ? "answered" : "no answer");
}

// Asked last: some switches end the session.
void ProfileFinder::malformed() {
  try {
    const Answer answer = questions_.ask(Bytes{OFP_VERSION, 77, 0, 8, 0, 0, 0, 0});
    say("messages.malformed",
        "a message of type 77 is answered " + (answer.refused() ? answer.why() : std::string("with nothing")));
  } catch (const LinkError& e) {
    p_.malformed = false;
    say("messages.malformed", fmt::format("after a message of type 77: {}", e.what()));
  }
}

void ProfileFinder::flags() {
  about_ = "flags of flow-mods";
  start_empty();
  request::FlowMod wide, narrow = flow_number(1);
  narrow.flags = OFPFF_CHECK_OVERLAP;
  const Answer overlap = questions_.ask_all({wide, narrow});
  p_.check_overlap = overlap.why() == "FLOW_MOD_FAILED/OVERLAP";
  say("flow_mod.check_overlap", "an overlapping flow is " + (overlap.refused() ? overlap.why() : "accepted"));
  request::FlowMod emergency = flow_number(3);
  emergency.flags = OFPFF_EMERG;
  const Answer kept = questions_.ask_all({emergency});
  p_.emergency_refused = kept.refused();
  say("flow_mod.emergency_refused", "an emergency flow is " + (kept.refused() ? kept.why() : "accepted"));
  start_empty();
  request::FlowMod noted = flow_number(2);
  noted.flags = OFPFF_SEND_FLOW_REM;
  const Answer answer = questions_.ask_all({noted, delete_all()});
  p_.send_flow_removed = questions_.wait_for(OFPT_FLOW_REMOVED, kSoonMs).has_value();
  say("flow_mod.send_flow_removed", answer.refused()       ? answer.why()
                                    : p_.send_flow_removed ? "the end of a flow was told"
                                                           : "the end of a flow was not told");
}

// Two flows that time out after a second; told by their ends if the switch tells them, else by looking.
void ProfileFinder::timeouts() {
  about_ = "timeouts";
  start_empty();
  const auto wait = [&](std::uint16_t idle, std::uint16_t hard, bool& has, const std::string& key) {
    request::FlowMod fm = flow_number(3);
    fm.idle_timeout = idle;
    fm.hard_timeout = hard;
    const auto begin = net::Clock::now();
    const Answer answer = questions_.ask(Request(fm));
    std::chrono::milliseconds age{0};
    bool gone = false;
    while (!answer.refused() && !gone && age.count() < kLongestMs) {
      questions_.wait_for(OFPT_FLOW_REMOVED, 50);
      gone = flows(false).empty();
      age = std::chrono::duration_cast<std::chrono::milliseconds>(net::Clock::now() - begin);
    }
    has = gone;
    say(key, answer.refused() ? answer.why() : gone ? fmt::format("one second took {} ms", age.count()) : "never came");
    return gone && age.count() > 1000 ? static_cast<std::uint32_t>(age.count()) - 1000 : 0;
  };
  const std::uint32_t idle = wait(1, 0, p_.idle_timeout, "flow_mod.idle_timeout");
  start_empty();
  const std::uint32_t hard = wait(0, 1, p_.hard_timeout, "flow_mod.hard_timeout");
  // What was seen once may be twice as late another time.
  p_.timeout_resolution_ms = std::max(1000u, (2 * std::max(idle, hard) + 999) / 1000 * 1000);
  say("timeouts.resolution_ms", "at least a second");
}

void ProfileFinder::buffers() {
  about_ = "buffers.count";
  start_empty();
  request::PacketOut po;
  if (!p_.ports.empty()) po.in_port = p_.ports.front().number;
  po.actions = action::output(OFPP_TABLE);
  po.data = test_frame();
  if (!p_.outputs[OFPP_TABLE - OFPP_IN_PORT] || questions_.ask(Request(po)).refused()) return;
  const auto packet_in = questions_.wait_for(OFPT_PACKET_IN, kSoonMs);
  const bool buffered = packet_in && number(*packet_in, wire::packet_in::buffer_id) != OFP_NO_BUFFER;
  say("buffers.count",
      found_.seen["buffers.count"] + (buffered ? "; a packet was buffered" : "; no packet was seen to be buffered"));
}

void ProfileFinder::entries() {
  about_ = "tables.entries";
  start_empty();
  const auto begin = net::Clock::now();
  std::uint32_t held = 0;
  std::string why = fmt::format("no more were tried than {}", options_.most_entries);
  constexpr std::uint32_t kBatch = 50;
  while (held < options_.most_entries) {
    std::vector<Request> batch;
    for (std::uint32_t n = held; n < std::min(held + kBatch, options_.most_entries); ++n) {
      batch.push_back(flow_number(n + 1));
    }
    const Answer answer = questions_.ask_all(batch);
    held += static_cast<std::uint32_t>(batch.size() - answer.errors.size());
    if (!answer.refused()) continue;
    why = "then " + answer.why();
    break;
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(net::Clock::now() - begin).count();
  p_.entries = std::max(1u, held);
  say("tables.entries", why);
  say("pacing.messages_per_s", fmt::format("{} flows were added in {} ms", held, ms));
  start_empty();
}

void ProfileFinder::connections() {
  p_.connections = 1;
  say("connections.count", "one was tried");
  if (!options_.another) return;
  const std::unique_ptr<Link> second = options_.another();
  if (second) p_.connections = 2;
  say("connections.count", second ? "a second one was taken" : "a second one was not taken");
}

}  // namespace oftwin::harness::live
