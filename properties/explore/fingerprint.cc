#include "properties/explore/fingerprint.h"

#include <algorithm>
#include <bit>

#include "properties/explore/fields.h"

namespace oftwin::explore {

namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Two multiplicative hashes over the same words, with different constants.
Fingerprint hash(const std::vector<std::uint32_t>& form) {
  std::uint64_t a = 0x2d358dccaa6c78a5u ^ form.size(), b = 0x8bb84b93962eacc9u + form.size();
  std::size_t i = 0;
  for (; i + 2 <= form.size(); i += 2) {
    const std::uint64_t word = form[i] | static_cast<std::uint64_t>(form[i + 1]) << 32;
    a = mixed(a ^ word, 0x9e3779b97f4a7c15u);
    b = mixed(b ^ std::rotl(word, 29), 0xd6e8feb86659fd93u);
  }
  if (i < form.size()) a = mixed(a ^ form[i], 0xa0761d6478bd642fu), b = mixed(b + form[i], 0xe7037ed1a0b428dbu);
  return {mixed(a, 0x94d049bb133111ebu) ^ b, mixed(b, 0xbf58476d1ce4e5b9u) ^ std::rotl(a, 32)};
}

std::uint8_t numbered(Numbering& numbers, std::uint8_t name) {
  if (name == 0 || name >= kMostNames) return name;
  if (numbers[name] == 0) numbers[name] = static_cast<std::uint8_t>(++numbers[0]);
  return numbers[name];
}

}  // namespace

// Appends the canonical form of what it walks over.
class CanonicalWalk : public Walk<CanonicalWalk> {
 public:
  CanonicalWalk(Canonical& c, const model::State& state) : c_(c), state_(state) {}

  template <class T>
  void number(T value) {
    const auto v = static_cast<std::uint64_t>(value);
    c_.form_.push_back(static_cast<std::uint32_t>(v));
    if constexpr (sizeof(T) == 8) c_.form_.push_back(static_cast<std::uint32_t>(v >> 32));
  }
  void bytes(const Bytes& value) {
    if (const auto entry = c_.words_.find(value)) return label(c_.words_.label_of_bytes(*entry));
    number(static_cast<std::uint32_t>(value.size()) | 0x80000000u);
    for (const std::uint8_t b : value) number(b);
  }
  void match(const Match& value) {
    if (const auto entry = c_.words_.find(value)) return label(c_.words_.label_of_match(*entry));
    number(0x80000001u);
    masked_fields(value);
  }
  void rule(const RuleName& name) { number(rule_number(name)); }
  void conn(const ConnName& name) {
    std::uint32_t position = 0;
    while (position < state_.connections.size() && state_.connections[position].name != name) ++position;
    if (position == state_.connections.size()) position = 0xffff;  // gone, whoever it was
    number(static_cast<std::uint32_t>(name.kind) << 16 | position);
  }
  void group(const std::uint32_t& id) {
    auto& groups = c_.groups_;
    const auto it = std::find(groups.begin(), groups.end(), id);
    number(static_cast<std::uint32_t>(it - groups.begin()));
    if (it == groups.end()) groups.push_back(id);
  }
  void time(const std::uint64_t& ms) { number(state_.now_ms - ms); }
  void cookie(const std::uint64_t& cookie) { number(cookie_number(cookie)); }
  // Permission to try again is worth nothing to who has nothing to try.
  void retry(const bool& may, bool blocked) { number(may && blocked); }

  void whole() {
    auto& [config, errata, dead, destroyed, flushing, now_ms, connections, ports, tables, groups, operations, own_rules,
           own_retry, settings, failed_open, next_sign_ms, in_band_rules, in_band_due_s, provider] = state_;
    static_cast<void>(config), static_cast<void>(errata), static_cast<void>(now_ms);
    (*this)(dead, destroyed, flushing, connections, own_rules, own_retry, in_band_rules, operations, ports);
    (*this)(settings, failed_open, next_sign_ms, in_band_due_s);
    known_groups(groups);
    name_flows(tables);
    for (const model::Table& table : tables) rules_of(table);
    (*this)(provider);
  }

 private:
  // Field by field: the bytes between the fields say nothing, and differ.
  void masked_fields(const Match& value) {
    const auto& [tun_id, reg, in_port, dl_src, dl_dst, dl_type, vlan_tci, nw_src, nw_dst, nw_tos, nw_proto, tp_src,
                 tp_dst, arp_sha, arp_tha, ipv6_src, ipv6_dst, nd_target] = value;
    const auto words = [this](const auto&... field) { (..., (number(field.value), number(field.mask))); };
    words(tun_id, in_port, dl_src, dl_dst, dl_type, vlan_tci, nw_src, nw_dst, nw_tos, nw_proto, tp_src, tp_dst, arp_sha,
          arp_tha);
    for (const auto& r : reg) words(r);
    for (const auto* wide : {&ipv6_src, &ipv6_dst, &nd_target}) {
      for (const std::uint8_t b : wide->value) number(b);
      for (const std::uint8_t b : wide->mask) number(b);
    }
  }
  void label(Label l) {
    number(static_cast<std::uint32_t>(l.family | numbered(c_.flows_, l.flow) << 16 |
                                      numbered(c_.variants_, l.variant) << 24));
  }
  std::uint32_t rule_number(const RuleName& name) {
    auto& rules = c_.rules_;
    const auto it = std::find(rules.begin(), rules.end(), name);
    const auto at = static_cast<std::uint32_t>(it - rules.begin());
    if (it == rules.end()) rules.push_back(name);
    return at;
  }
  std::uint64_t cookie_number(std::uint64_t cookie) {
    const std::uint64_t variant = cookie - kCookieOfVariant;
    if (variant == 0 || variant >= kMostNames) return cookie;
    return kCookieOfVariant + numbered(c_.variants_, static_cast<std::uint8_t>(variant));
  }

  // In the order in which the operations named them, then the others.
  void known_groups(const std::vector<model::Group>& groups) {
    number(groups.size());
    for (const model::Group& g : groups) group(g.id);
    for (const std::uint32_t id : c_.groups_) {
      for (const model::Group& g : groups) {
        if (g.id == id) fields(*this, g);
      }
    }
  }

  std::uint8_t flow_of(const model::Rule& rule) const {
    const auto entry = c_.words_.find(rule.match);
    return entry ? c_.words_.label_of_match(*entry).flow : 0;
  }
  // What can be said of a rule without names.
  std::uint64_t looks(const model::Rule& rule) const {
    std::uint64_t h = mixed(rule.priority + 0x9e3779b9u, 0xa0761d6478bd642fu ^ rule.table);
    const auto known = std::find(c_.rules_.begin(), c_.rules_.end(), rule.name) - c_.rules_.begin();
    h = mixed(h ^ static_cast<std::uint64_t>(known), 0xe7037ed1a0b428dbu);
    const std::uint64_t variant = rule.cookie - kCookieOfVariant;
    h = mixed(h ^ (variant < kMostNames ? c_.variants_[variant] : rule.cookie), 0x8bb84b93962eacc9u);
    return mixed(h ^ (rule.packets + rule.send_flow_removed), 0x2d358dccaa6c78a5u);
  }

  // Flows that nothing has named yet get their numbers in the order of how their rules look, in all tables together.
  void name_flows(const std::vector<model::Table>& tables) {
    std::array<std::uint64_t, kMostNames> signature{};
    for (const model::Table& table : tables) {
      for (const model::Rule& rule : table.rules) {
        if (const std::uint8_t flow = flow_of(rule); flow < kMostNames) signature[flow] += looks(rule);
      }
    }
    while (true) {
      std::uint8_t next = 0;
      for (std::uint8_t f = 1; f < kMostNames; ++f) {
        if (signature[f] != 0 && c_.flows_[f] == 0 && (next == 0 || signature[f] < signature[next])) next = f;
      }
      if (next == 0) return;
      numbered(c_.flows_, next);
    }
  }

  void rules_of(const model::Table& table) {
    std::array<std::uint8_t, 64> order;
    const std::size_t n = std::min(order.size(), table.rules.size());
    std::array<std::pair<std::uint64_t, std::uint64_t>, 64> key;
    for (std::size_t i = 0; i < n; ++i) {
      const model::Rule& rule = table.rules[i];
      order[i] = static_cast<std::uint8_t>(i);
      key[i] = {c_.flows_[flow_of(rule) % kMostNames] | static_cast<std::uint64_t>(rule.priority) << 8, looks(rule)};
    }
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n),
              [&](std::uint8_t x, std::uint8_t y) { return key[x] < key[y]; });
    number(table.rules.size());
    for (std::size_t i = 0; i < n; ++i) fields(*this, table.rules[order[i]]);
    for (std::size_t i = n; i < table.rules.size(); ++i) fields(*this, table.rules[i]);
    number(table.lookup_count);
    number(table.matched_count);
  }

  Canonical& c_;
  const model::State& state_;
};

Fingerprint Canonical::operator()(const model::State& state) {
  form_.clear();
  rules_.clear();
  groups_.clear();
  flows_ = variants_ = {};
  if (state.config.provider == ProviderMode::simulated) {
    // Ports count packets: what goes in at one and out at another is not interchangeable.
    for (std::uint8_t name = 1; name < kMostNames; ++name) flows_[name] = variants_[name] = name;
  }
  CanonicalWalk(*this, state).whole();
  return hash(form_);
}

}  // namespace oftwin::explore
