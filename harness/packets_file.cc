// From JSON to plain structs. Invariant: every complaint names file, line (or byte) and what was expected.
#include "harness/packets_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/gzip_lines.h"
#include "harness/recording.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

using nlohmann::json;

struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Bytes hex(const json& j) {
  const auto& text = j.get_ref<const std::string&>();
  if (text.size() % 2 != 0) throw Malformed("hex string of odd length");
  Bytes bytes;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw Malformed(fmt::format("'{}' is no hex digit", c));
  };
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return bytes;
}

template <class T>
T hex_number(const json& j) {
  const auto& text = j.get_ref<const std::string&>();
  const char* end = text.data() + text.size();
  T value{};
  const auto parsed = std::from_chars(text.data(), end, value, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != end) throw Malformed(fmt::format("'{}' is no number", text));
  return value;
}

PacketMeta parse_meta(const json& j) {
  PacketMeta m;
  for (const auto& [name, value] : j.items()) {
    const bool reg = name.size() == 4 && name.starts_with("reg") && name[3] >= '0' && name[3] <= '4';
    if (!reg && name != "tun_id") throw Malformed(fmt::format("'{}' is no metadata", name));
    if (reg) m.reg[static_cast<std::size_t>(name[3] - '0')] = hex_number<std::uint32_t>(value);
    if (!reg) m.tun_id = hex_number<std::uint64_t>(value);
  }
  return m;
}

PacketHit parse_hit(const json& j) {
  PacketHit h;
  h.cookie = hex_number<std::uint64_t>(j.at("cookie"));
  if (j.contains("meta")) h.meta = parse_meta(j.at("meta"));
  h.miss = j.at("reason").get_ref<const std::string&>() == "no_match";
  h.in_port = j.at("in_port").get<std::uint16_t>();
  h.total_len = j.at("total_len").get<std::uint16_t>();
  h.frame = hex(j.at("frame"));
  return h;
}

PacketProbe parse_probe(const json& j) {
  PacketProbe p{j.at("in_port").get<std::uint16_t>(), hex(j.at("frame")), {}, {}};
  for (const json& hit : j.at("hits")) p.hits.push_back(parse_hit(hit));
  if (j.contains("error")) p.error = hex(j.at("error"));
  return p;
}

// source: nicira-ext.h, struct nx_flow_stats
std::vector<PacketFlow> parse_flows(ByteView bytes) {
  std::vector<PacketFlow> flows;
  constexpr std::size_t fixed = 48;
  while (!bytes.empty()) {
    const std::size_t length = Reader(bytes).get<std::uint16_t>();
    if (length < fixed || length > bytes.size()) throw Malformed("final_flows is cut");
    Reader r(bytes.first(length));
    PacketFlow f;
    r.take(2);
    f.table = r.get<std::uint8_t>();
    r.take(9);
    f.priority = r.get<std::uint16_t>();
    f.idle_timeout = r.get<std::uint16_t>();
    f.hard_timeout = r.get<std::uint16_t>();
    const std::size_t match_length = r.get<std::uint16_t>();
    r.take(4);
    f.cookie = r.get<std::uint64_t>();
    f.packets = r.get<std::uint64_t>();
    f.bytes = r.get<std::uint64_t>();
    r.take((match_length + 7) / 8 * 8);
    const ByteView actions = r.rest();
    if (!r.ok()) throw Malformed("final_flows is cut");
    f.actions.assign(actions.begin(), actions.end());
    flows.push_back(std::move(f));
    bytes = bytes.subspan(length);
  }
  return flows;
}

// Either form of it, with all that its lengths promise.
bool is_flow_mod(ByteView m) {
  if (m.size() < wire::nx_flow_mod::size) return false;
  if (m[wire::header::type.offset] == OFPT_FLOW_MOD) return m.size() >= wire::flow_mod::size;
  const std::size_t match_length = Reader(m.subspan(wire::nx_flow_mod::match_len.offset)).get<std::uint16_t>();
  return m[wire::header::type.offset] == OFPT_VENDOR &&
         (match_length + 7) / 8 * 8 <= m.size() - wire::nx_flow_mod::size;
}

PacketScenario parse_scenario(const json& j) {
  PacketScenario s;
  s.id = j.at("id").get<std::string>();
  s.theme = j.at("theme").get<std::string>();
  s.table_ids = j.value("table_id_ext", false);
  for (const json& rule : j.at("rules")) s.rules.push_back(hex(rule));
  if (!std::ranges::all_of(s.rules, is_flow_mod)) throw Malformed("a rule is no flow-mod");
  for (const json& result : j.at("rule_results")) { s.errors.push_back(result == "ok" ? Bytes{} : hex(result)); }
  if (s.errors.size() != s.rules.size()) throw Malformed("rules and rule_results differ in number");
  for (const json& probe : j.at("packets")) s.probes.push_back(parse_probe(probe));
  s.final_flows = parse_flows(hex(j.at("final_flows")));
  return s;
}

}  // namespace

bool is_packets_file(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  std::string begin(4096, '\0');
  const int n = file ? gzread(file.get(), begin.data(), static_cast<unsigned>(begin.size())) : 0;
  begin.resize(static_cast<std::size_t>(std::max(n, 0)));
  const auto has = [&](std::string_view key) { return begin.find(key) != std::string::npos; };
  return has("\"rules\"") && !has("\"config\"");
}

void read_packet_scenarios(const std::string& path, const std::function<bool(const PacketScenario&)>& visit) {
  GzipLines lines(path);
  std::string line;
  while (lines.next(line)) {
    PacketScenario scenario;
    try {
      scenario = parse_scenario(json::parse(line));
    } catch (const std::exception& e) {  // of json, of numbers, or our own
      throw RecordingError(fmt::format("{}:{}: {}", path, lines.number(), e.what()));
    }
    if (!visit(scenario)) return;
  }
  if (lines.number() == 1) throw RecordingError(path + ": holds no recorded packets");
}

}  // namespace oftwin::harness
