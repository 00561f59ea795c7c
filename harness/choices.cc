#include "harness/choices.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <string_view>

#include "harness/match_spelling.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

namespace ob = observation;

std::uint32_t load(ByteView bytes, wire::Field f) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < f.size; ++i) value = value << 8 | bytes[f.offset + i];
  return value;
}

std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// The rule that an observation shows being handled, under the model's name.
std::optional<RuleName> rule_handled(const Observation& o, const RuleNames& names) {
  if (const auto* op = std::get_if<ob::Operation>(&o)) return names.to_model(op->rule);
  if (const auto* packet = std::get_if<ob::Execute>(&o)) return names.to_model(packet->rule);
  if (const auto* remaining = std::get_if<ob::Remaining>(&o)) return names.to_model(remaining->rule);
  if (const auto* flow = std::get_if<ob::DumpedFlow>(&o)) return names.to_model(flow->rule);
  return std::nullopt;
}

constexpr std::size_t kUnknown = static_cast<std::size_t>(-1);

// Puts what is missing from `order` in place of what is unknown, then at its end, so that it becomes a permutation.
void complete_order(std::vector<std::size_t>& order, const std::vector<bool>& used) {
  auto slot = order.begin();
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) continue;
    slot = std::find(slot, order.end(), kUnknown);
    if (slot == order.end()) {
      order.push_back(i);
      slot = order.end();
    } else {
      *slot = i;
    }
  }
}

// The records of a statistics reply, part by part.
class ReplyRecords {
 public:
  explicit ReplyRecords(std::span<const Observation> got) : got_(got) {}

  // The body of the next part; empty optional after the last.
  std::optional<ByteView> next_part() {
    while (more_ && !got_.empty()) {
      const auto* send = std::get_if<ob::Send>(&got_.front());
      got_ = got_.subspan(1);
      if (!send || (conn_ && send->conn != *conn_)) continue;
      const ByteView message = send->bytes;
      if (message.size() < wire::stats_msg::size || message[1] != OFPT_STATS_REPLY) return std::nullopt;
      conn_ = send->conn;
      more_ = (load(message, wire::stats_msg::flags) & OFPSF_REPLY_MORE) != 0;
      const bool vendor = load(message, wire::stats_msg::type) == OFPST_VENDOR;
      const std::size_t header = vendor ? wire::nx_stats_msg::size : wire::stats_msg::size;
      return message.subspan(std::min(header, message.size()));
    }
    return std::nullopt;
  }

 private:
  std::span<const Observation> got_;
  std::optional<ConnName> conn_;
  bool more_ = true;
};

struct HashedRecord {
  std::size_t hash, index;
  auto operator<=>(const HashedRecord&) const = default;
};

// As they are listed; those that are not found are kUnknown. False: there are such.
bool listed_order(std::span<const Bytes> records, std::span<const Observation> got, std::vector<std::size_t>& order,
                  std::vector<bool>& used) {
  std::vector<HashedRecord> known(records.size());
  const std::hash<std::string_view> hash;
  bool same_size = true;
  for (std::size_t i = 0; i < records.size(); ++i) {
    known[i] = {hash(as_text(records[i])), i};
    same_size &= records[i].size() == records[0].size();
  }
  std::sort(known.begin(), known.end());

  order.clear();
  used.assign(records.size(), false);
  ReplyRecords reply(got);
  while (auto part = reply.next_part()) {
    ByteView left = *part;
    while (left.size() >= 2 && order.size() < records.size()) {
      // Records of unequal size begin with their length (ofp_flow_stats, nx_flow_stats).
      const std::size_t size = same_size ? records[0].size() : std::size_t{left[0]} << 8 | left[1];
      if (size == 0 || size > left.size()) break;
      const std::string_view record = as_text(left.first(size));
      const std::size_t h = hash(record);
      auto found = std::lower_bound(known.begin(), known.end(), HashedRecord{h, 0});
      while (found != known.end() && found->hash == h && used[found->index]) ++found;
      const bool hit = found != known.end() && found->hash == h && as_text(records[found->index]) == record;
      if (hit) used[found->index] = true;
      order.push_back(hit ? found->index : kUnknown);
      left = left.subspan(size);
    }
  }
  return std::ranges::find(order, kUnknown) == order.end();
}

// Both sides' matches in one spelling (MATCH-9). False: there are none.
bool settle(std::vector<Bytes>& records, std::vector<Observation>& got) {
  bool flows = false;
  for (Observation& o : got) {
    auto* send = std::get_if<ob::Send>(&o);
    flows = (send && settle_matches(send->bytes)) || flows;
  }
  for (Bytes& record : records) {
    if (!flows || record.size() < wire::flow_stats::size) return false;
    settle_match(std::span(record).subspan(wire::flow_stats::match.offset).first<wire::match::size>());
  }
  return flows;
}

}  // namespace

std::vector<std::size_t> order_of_rules(std::span<const RuleName> rules, std::span<const Observation> got,
                                        const RuleNames& names) {
  std::vector<std::size_t> order;
  std::vector<bool> used(rules.size());
  for (const Observation& o : got) {
    if (order.size() == rules.size()) break;
    const auto rule = rule_handled(o, names);
    if (!rule) continue;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (used[i] || rules[i] != *rule) continue;
      used[i] = true;
      order.push_back(i);
      break;
    }
  }
  complete_order(order, used);
  return order;
}

std::vector<std::size_t> order_of_records(std::span<const Bytes> records, std::span<const Observation> got) {
  std::vector<std::size_t> order;
  std::vector<bool> used;
  if (!listed_order(records, got, order, used)) {
    std::vector<Bytes> settled(records.begin(), records.end());
    std::vector<Observation> heard(got.begin(), got.end());
    if (settle(settled, heard)) listed_order(settled, heard, order, used);
  }
  complete_order(order, used);
  return order;
}

std::size_t lookup_found(const model::LookupQuestion& question, std::span<const Observation> got,
                         const RuleNames& names) {
  // Where a subject has freedom in what comes first, the lookup need not be at the head.
  const auto is_lookup = [](const Observation& o) { return std::holds_alternative<ob::Lookup>(o); };
  const auto first = std::ranges::find_if(got, is_lookup);
  const auto* lookup = first == got.end() ? nullptr : std::get_if<ob::Lookup>(&*first);
  if (!lookup || lookup->table != question.table) return 0;
  std::optional<RuleName> found;
  if (lookup->rule) found = names.to_model(*lookup->rule);
  const auto at = std::find(question.candidates.begin(), question.candidates.end(), found);
  return at == question.candidates.end() ? 0 : static_cast<std::size_t>(at - question.candidates.begin());
}

}  // namespace oftwin::harness
