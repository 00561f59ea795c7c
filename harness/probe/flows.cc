#include "harness/probe/flows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "harness/flow_syntax.h"
#include "harness/nxm_syntax.h"
#include "harness/print.h"
#include "harness/request.h"
#include "harness/words.h"
#include "model/nxm_match.h"
#include "model/wire_match.h"

namespace oftwin::probe {
namespace {

using harness::MatchParser;
using harness::NxmParser;
using harness::SyntaxError;
using harness::Word;

constexpr std::uint8_t kTosBits = 0xfc;

// What a flow has beside its match.
constexpr std::array<std::string_view, 12> kOthers = {"cookie",       "duration",      "n_packets",     "n_bytes",
                                                      "idle_age",     "hard_age",      "idle_timeout",  "hard_timeout",
                                                      "reset_counts", "check_overlap", "send_flow_rem", "out_port"};

// `10.0.0.0/8` and `fe80::/10` as the parser of extended matches wants them: with a whole mask.
std::string with_whole_mask(std::string_view value) {
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) return std::string(value);
  const auto bits = harness::parse_number(value.substr(slash + 1), 128);
  const bool ipv6 = value.find(':') != std::string_view::npos, ipv4 = value.find('.') != std::string_view::npos;
  if (!bits || (!ipv6 && !ipv4) || (ipv4 && *bits > 32)) return std::string(value);
  std::array<std::uint8_t, 16> mask{};
  for (std::size_t i = 0; i < *bits; ++i) mask[i / 8] = static_cast<std::uint8_t>(mask[i / 8] | 0x80u >> i % 8);
  const std::uint32_t high = mask[0] << 24u | mask[1] << 16u | mask[2] << 8u | mask[3];
  const std::string printed = ipv4 ? harness::print_ipv4(high) : harness::print_ipv6(mask);
  return fmt::format("{}/{}", value.substr(0, slash), printed);
}

// The match of a flow in both forms at once; what one of them cannot say, the other may.
class FlowMatch {
 public:
  void field(const Word& word) {
    const std::string_view key = word.key();
    std::optional<std::string_view> value;
    if (word.has_value()) value = word.value();
    note(key, value);
    const auto plain = plain_.field(key, value);
    const std::string whole = with_whole_mask(word.value());
    const auto extended = extended_.field(extended_key(key), value ? std::optional<std::string_view>(whole) : value);
    using P = MatchParser::Result;
    using E = NxmParser::Result;
    if (plain == P::unknown_field && extended == E::unknown_field) word.fail(fmt::format("unknown field {}", key));
    if (plain != P::ok && extended != E::ok) word.fail_value(fmt::format("this is no value for {}", key));
    if (plain != P::ok) must_be_extended_ = true;
    if (extended != E::ok && !not_extended_) not_extended_ = {word.column(), std::string(key)};
  }

  Rule rule(std::uint32_t priority) const {
    if (!must_be_extended_) {
      const harness::WireMatch wire = plain_.match();
      const bool exact = (wire.wildcards & OFPFW_ALL) == 0;  // MATCH-5
      const Match match = model::decode_match(harness::encode(wire), 0, kTosBits);
      return {model::normalized(match), exact ? 0xffff : priority};
    }
    if (not_extended_) {
      throw SyntaxError(
          not_extended_->column,
          fmt::format("{} cannot stand beside fields that only an extended match has", not_extended_->key));
    }
    const auto match = model::read_nxm<std::uint8_t>(extended_.match(), kTosBits);
    if (const Error* error = std::get_if<Error>(&match)) {
      throw SyntaxError(1, "no switch takes this match: " + harness::print_error(*error));
    }
    return {std::get<Match>(match), priority};
  }

 private:
  struct Place {
    std::size_t column;
    std::string key;
  };

  void note(std::string_view key, std::optional<std::string_view> value) {
    if (key.starts_with("tcp") && !value) transport_ = "tcp";
    if (key.starts_with("udp") && !value) transport_ = "udp";
    if (key.starts_with("icmp") && !value) transport_ = "icmp";
  }
  // An extended match has ports by their protocol.
  std::string extended_key(std::string_view key) const {
    if (key == "tp_src") return transport_ == "icmp" ? "icmp_type" : transport_ + "_src";
    if (key == "tp_dst") return transport_ == "icmp" ? "icmp_code" : transport_ + "_dst";
    return std::string(key);
  }

  MatchParser plain_;
  NxmParser extended_;
  bool must_be_extended_ = false;
  std::optional<Place> not_extended_;
  std::string transport_ = "tp";
};

// nullopt: of another table.
std::optional<Flow> parse_flow(std::string_view line, std::uint8_t table) {
  harness::Words words(line);
  FlowMatch match;
  std::uint32_t priority = OFP_DEFAULT_PRIORITY;
  std::uint8_t in_table = 0;
  Flow flow;
  while (!words.done()) {
    const Word word = words.next();
    if (word.key() == "actions") break;
    if (std::find(kOthers.begin(), kOthers.end(), word.key()) != kOthers.end()) continue;
    if (word.key() == "table") {
      in_table = word.number<std::uint8_t>();
      continue;
    }
    flow.text += fmt::format("{}{}", flow.text.empty() ? "" : ",", word.text());
    if (word.key() == "priority") {
      priority = word.number<std::uint16_t>();
    } else {
      match.field(word);
    }
  }
  flow.rule = match.rule(priority);
  if (in_table != table) return std::nullopt;
  return flow;
}

bool passed_over(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos || line[begin] == '#') return true;
  return line.substr(begin).starts_with("NXST_FLOW") || line.substr(begin).starts_with("OFPST_FLOW");
}

}  // namespace

std::vector<Flow> parse_flows(std::string_view text, const std::string& file, std::uint8_t table) {
  std::vector<Flow> out;
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (passed_over(line)) continue;
    try {
      std::optional<Flow> flow = parse_flow(line, table);
      if (!flow) continue;
      flow->line = number;
      const auto same = [&](const Flow& f) {
        return f.rule.match == flow->rule.match && f.rule.priority == flow->rule.priority;
      };
      std::erase_if(out, same);
      out.push_back(std::move(*flow));
    } catch (const SyntaxError& e) {
      throw FlowsError(fmt::format("{}:{}:{}: {}", file, number, e.column(), e.what()));
    }
  }
  return out;
}

}  // namespace oftwin::probe
