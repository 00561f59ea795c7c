// What Open vSwitch 3 writes into its replies otherwise than the law.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>

#include "harness/live/open_vswitch_3_parts.h"
#include "harness/nxm_syntax.h"
#include "harness/print.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "model/nxm.h"
#include "spec/nicira.h"

namespace oftwin::harness::live::ovs3 {
namespace {

// Every port has a queue 0, of which nothing is said.
void amend_queue_config(const Asked& a, Records& records, const Used& used) {
  if (a.message.size() != wire::queue_get_config_request::size || a.message[1] != OFPT_QUEUE_GET_CONFIG_REQUEST) return;
  if (records.empty() || records[0].kind != "queue_config") return;
  records.push_back({"queue_of_port", {{"queue", "0"}, {"properties", ""}}, std::nullopt});
  used("default-queue");
}

// ... of which nothing is counted.
void amend_queue_statistics(const Asked& a, Records& records, const Used& used) {
  if (a.message.size() != wire::queue_stats_request::size || a.message[1] != OFPT_STATS_REQUEST) return;
  Reader r(a.message.subspan(8));
  if (r.get<std::uint16_t>() != OFPST_QUEUE) return;
  r.take(2);
  const auto number = r.get<std::uint16_t>();
  r.take(2);
  const auto queue = r.get<std::uint32_t>();
  const bool every = number == OFPP_ALL || number == OFPP_NONE;
  if (queue != 0 && queue != OFPQ_ALL) {
    if (number != OFPP_NONE || records.empty() || records[0].kind != "error") return;
    records[0].fields[0].value = print_error(openflow_error(OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_QUEUE));
    return used("default-queue");
  }
  Records all;
  for (const model::Port& port : a.state.ports) {
    if (!every && number != port.config.number) continue;
    const std::string unknown = std::to_string(UINT64_MAX);
    all.push_back({"queue",
                   {{"port", std::to_string(port.config.number)},
                    {"queue", "0"},
                    {"tx_bytes", unknown},
                    {"tx_packets", unknown},
                    {"tx_errors", unknown}},
                   std::nullopt});
  }
  if (all.empty()) return;
  records = std::move(all);
  used("default-queue");
}

// The order in which it lists the entries of an extended match: the Ethernet source before the destination, the type of
// service behind the addresses.
bool reorder(std::string& match) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < match.size();) {
    const std::size_t end = std::min(match.find(' ', at), match.size());
    words.push_back(match.substr(at, end - at));
    at = end + 1;
  }
  const auto rank = [](const std::string& word) {
    constexpr std::array<std::string_view, 15> order = {
        "in_port",  "dl_src", "dl_dst",   "dl_type",     "vlan_tci",    "nw_src",    "nw_dst", "ipv6_src",
        "ipv6_dst", "nw_tos", "nw_proto", "icmpv6_type", "icmpv6_code", "nd_target", ""};
    const std::string_view key = std::string_view(word).substr(0, word.find('='));
    return std::find(order.begin(), order.end() - 1, key) - order.begin();
  };
  // What has the same rank stays in its order. (clang rejects libstdc++'s stable_sort.)
  const auto before = [&](const std::string& x, const std::string& y) { return rank(x) < rank(y); };
  for (auto next = words.begin(); next != words.end(); ++next) {
    std::rotate(std::upper_bound(words.begin(), next, *next, before), next, next + 1);
  }
  std::string out = fmt::format("{}", fmt::join(words, " "));
  if (out == match) return false;
  match = std::move(out);
  return true;
}

// Zeros where an action has padding, and no more of it than is needed.
void clear_padding(Bytes& list) {
  struct Gap {
    std::size_t at, size;
  };
  for (std::size_t at = 0; at + 8 <= list.size();) {
    const std::size_t type = std::size_t{list[at]} << 8 | list[at + 1];
    std::size_t length = std::size_t{list[at + 2]} << 8 | list[at + 3];
    if (length < 8 || length > list.size() - at) return;
    std::vector<Gap> gaps;
    if (type != OFPAT_VENDOR) {
      constexpr std::array<Gap, 12> of = {
          {{8, 0}, {6, 2}, {5, 3}, {4, 4}, {10, 6}, {10, 6}, {8, 0}, {8, 0}, {5, 3}, {6, 2}, {6, 2}, {6, 6}}};
      if (type < of.size()) gaps.push_back(of[type]);
    } else {
      const std::size_t subtype = std::size_t{list[at + 8]} << 8 | list[at + 9];
      if (subtype == NXAST_RESUBMIT) gaps = {{12, 4}};
      if (subtype == NXAST_SET_TUNNEL || subtype == NXAST_SET_QUEUE) gaps = {{10, 2}};
      if (subtype == NXAST_POP_QUEUE || subtype == NXAST_SET_TUNNEL64) gaps = {{10, 6}};
      if (subtype == NXAST_MULTIPATH) gaps = {{14, 2}, {24, 2}};
      if (subtype == NXAST_BUNDLE || subtype == NXAST_BUNDLE_LOAD) {
        const std::size_t used = 32 + 2 * (std::size_t{list[at + 20]} << 8 | list[at + 21]);
        const std::size_t least = (used + 7) / 8 * 8;
        if (least < length) {
          const auto end = list.begin() + static_cast<std::ptrdiff_t>(at + length);
          list.erase(end - static_cast<std::ptrdiff_t>(length - least), end);
          length = least;
          set_u16(list, at + 2, length);
        }
        if (used < length) gaps = {{used, length - used}};
      }
    }
    for (const Gap& gap : gaps) {
      std::fill_n(list.begin() + static_cast<std::ptrdiff_t>(at + gap.at), gap.size, std::uint8_t{0});
    }
    at += length;
  }
}

// An extended listing shows what an OpenFlow 1.0 match cannot: that a rule asks for Ethernet and nothing else.
void show_ethernet(const model::State& state, Records& records, const Used& used) {
  std::vector<bool> shown(records.size());
  const auto field = [](ReplyRecord& r, std::string_view name) -> std::string& {
    return std::find_if(r.fields.begin(), r.fields.end(), [&](const ReplyField& f) { return f.name == name; })->value;
  };
  const auto show = [&](const model::Rule& rule) {
    const Bytes entries = entries_of(rule);
    for (std::size_t i = 0; i < records.size(); ++i) {
      ReplyRecord& r = records[i];
      if (shown[i] || r.kind != "nx_flow" || field(r, "table") != std::to_string(rule.table)) continue;
      if (field(r, "priority") != std::to_string(rule.priority) || field(r, "match") != print_nxm(entries)) continue;
      if (field(r, "cookie") != fmt::format("{:#x}", rule.cookie) || field(r, "actions") != print_hex(rule.actions))
        continue;
      if (field(r, "packets") != std::to_string(rule.packets) || field(r, "bytes") != std::to_string(rule.bytes))
        continue;
      if (field(r, "idle_timeout") != std::to_string(rule.idle_timeout) ||
          field(r, "hard_timeout") != std::to_string(rule.hard_timeout))
        continue;
      field(r, "match") = "nxm=" + print_hex(kEthernetEntry) + print_hex(entries);
      shown[i] = true;
      return used("is-ethernet");
    }
  };
  for (const model::Table& table : state.tables) {
    for (const model::Rule& rule : table.rules) {
      if (shows_ethernet(rule)) show(rule);
    }
  }
}

}  // namespace

void amend(const Asked& a, Records& records, const InForce& in_force, const Used& used) {
  if (in_force("default-queue")) {
    amend_queue_config(a, records, used);
    amend_queue_statistics(a, records, used);
  }
  if (in_force("is-ethernet")) show_ethernet(a.state, records, used);
  for (ReplyRecord& r : records) {
    if (r.kind == "error" && a.message.size() > OFP_ERROR_REQUEST_BYTES && in_force("whole-request")) {
      // As much of it as the error message can hold.
      const bool nicira = r.fields[0].value.starts_with("NX:");
      const std::size_t room = 0xffff - (nicira ? wire::nx_vendor_error::size : wire::error_msg::size);
      r.fields.back().value = print_hex(a.message.first(std::min(room, a.message.size())));
      used("whole-request");
    }
    if ((r.kind == "flow" || r.kind == "nx_flow") && in_force("padding-of-actions")) {
      std::string& text = r.fields.back().value;
      Bytes list = parse_hex(text).value_or(Bytes{});
      clear_padding(list);
      if (std::string cleared = print_hex(list); cleared != text) {
        text = std::move(cleared);
        used("padding-of-actions");
      }
    }
    if (r.kind == "config" && a.memory.ports_of_fragments) {
      r.fields[0].value = std::to_string(OFPC_FRAG_MASK);
      used("fragments-by-anyone");
    }
    if (r.kind == "port_stats" && in_force("unsupported-counters")) {
      for (ReplyField& f : r.fields) {
        constexpr std::array<std::string_view, 8> names = {"rx_dropped",   "tx_dropped",  "rx_errors",  "tx_errors",
                                                           "rx_frame_err", "rx_over_err", "rx_crc_err", "collisions"};
        if (std::find(names.begin(), names.end(), f.name) != names.end()) f.value = std::to_string(UINT64_MAX);
      }
      used("unsupported-counters");
    }
    if ((r.kind == "nx_flow" || r.kind == "nx_flow_removed") && in_force("order-of-entries")) {
      for (ReplyField& f : r.fields) {
        if (f.name == "match" && reorder(f.value)) used("order-of-entries");
      }
    }
    // The mark of a rule that asks for Ethernet (see take_ghost) is not to be seen.
    if (r.kind == "flow" || r.kind == "flow_removed") {
      ReplyField& w =
          *std::find_if(r.fields.begin(), r.fields.end(), [](const ReplyField& f) { return f.name == "wildcards"; });
      const auto bits = parse_as<std::uint32_t>(w.value).value_or(0);
      if ((bits & OFPFW_DL_TYPE) != 0) w.value = fmt::format("{:#x}", bits | OFPFW_NW_TOS);
    }
  }
}

}  // namespace oftwin::harness::live::ovs3
