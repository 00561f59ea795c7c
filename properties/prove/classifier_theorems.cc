// impl's classifier finds what a scan of all rules finds, for any few rules and any packet.
//
// The classifier itself runs here, with unknown words and with a map in place of its hash tables that promises only
// this: what was put in under a key is found under that key. That the classifier never asks for more is proved along:
// whatever it takes for equal has the same key. The theorems speak of the interface (replace, remove, lookup, find,
// overlaps, for_each_covered); another classifier has to meet the same ones.
#include <algorithm>
#include <deque>

#include "impl/classifier.h"
#include "properties/prove/inputs.h"
#include "properties/prove/theorem_lists.h"

namespace oftwin::prove {

namespace {

// In place of a hash: what is hashed.
template <class W>
struct Hashed {
  impl::WordsOf<W> words;
  std::size_t n = 0;
  std::uint64_t basis = 0;

  Bool same(const Hashed& o) const {
    if (n != o.n || basis != o.basis) return false;
    W differing{};
    for (std::size_t i = 0; i < n; ++i) differing |= words[i] ^ o.words[i];
    return differing == 0;
  }
};

// A hash table that may be in any order.
template <class T>
class AbstractIndex {
 public:
  template <class Key, class Equal>
  T* find(const Key& key, const Equal& equal) const {
    T* found = nullptr;
    for (T* e : elements_) {
      const Bool same = equal(*e);
      engine().require((!same || e->hash.same(key)).term());
      if (found != nullptr) {
        engine().require((!same).term());  // or which one is found would depend on the order
      } else if (same) {
        found = e;
      }
    }
    return found;
  }
  template <class Key>
  void insert(T& element, const Key& key) {
    element.hash = key;
    elements_.push_back(&element);
  }
  void remove(T& element) { std::erase(elements_, &element); }
  void replace(T& old, T& with) {
    with.hash = old.hash;
    std::ranges::replace(elements_, &old, &with);
  }
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (T* e : elements_) visit(*e);
  }

 private:
  std::vector<T*> elements_;
};

struct UnknownParts {
  using Word = prove::Word<std::uint64_t>;
  using Priority = prove::Word<std::uint32_t>;
  using Hash = Hashed<Word>;
  template <class T>
  using Index = AbstractIndex<T>;
  static Hash hash(const impl::WordsOf<Word>& w, std::size_t words, std::uint64_t basis) { return {w, words, basis}; }
};

template <class P>
using PartsOf = std::conditional_t<std::is_same_v<std::remove_cvref_t<P>, Proof>, UnknownParts, impl::MachineParts>;

// How much of a key is unknown; the rest is zero.
struct Width {
  std::size_t words;
  unsigned bits;
};
constexpr Width kFull{impl::kAllWords, 64}, kBasic{impl::kBasicWords, 64}, kMiddle{impl::kBasicWords, 16},
    kNarrow{1, 8};

template <class P>
auto words(P& p, const std::string& name, Width width) {
  impl::WordsOf<typename PartsOf<P>::Word> w{};
  for (std::size_t i = 0; i < width.words; ++i) w[i] = p.template word<std::uint64_t>(indexed(name, i), width.bits);
  return w;
}

// A classifier and the list of what should be in it.
template <class P>
struct Table {
  using Parts = PartsOf<P>;
  using Entry = impl::ClassifierEntryOf<Parts>;
  using Truth = decltype(std::declval<Entry>().priority == 0);
  struct Rule {
    const Entry* entry;
    typename Parts::Priority priority;
  };

  impl::ClassifierOf<Parts> classifier;
  std::deque<Entry> entries;
  std::vector<Rule> list;
  Truth right{true};  // what the classifier has answered so far

  Table(P& p, std::size_t rules, Width width) {
    for (std::size_t i = 0; i < rules; ++i) add(p, "rule" + std::to_string(i), width);
  }

  // Broken: the classifier is not told the lowest bit of a priority.
  void add(P& p, const std::string& name, Width width) {
    Entry& entry = entries.emplace_back();
    entry.match = match(p, name, width);
    const auto priority = p.template word<std::uint32_t>(name + ".priority");
    entry.priority = p.broken() ? priority >> 1 << 1 : priority;
    const Entry* displaced = classifier.replace(entry);
    for (const Rule& rule : list) {
      const auto equal = rule.entry->match == entry.match && rule.priority == priority;
      right = right && equal == Truth(rule.entry == displaced);
    }
    std::erase_if(list, [&](const Rule& rule) { return rule.entry == displaced; });
    list.push_back({&entry, priority});
  }
  void remove(std::size_t i) {
    Entry& entry = entries[i];
    if (std::erase_if(list, [&](const Rule& rule) { return rule.entry == &entry; }) != 0) classifier.remove(entry);
  }

  static auto match(P& p, const std::string& name, Width width) {
    impl::PackedMatchOf<typename Parts::Word> m;
    m.value = words(p, name + ".value", width);
    m.mask = words(p, name + ".mask", width);
    impl::words::settle(m);
    return m;
  }
};

// What is found matches, and nothing that matches has a higher priority; nothing found: nothing matches.
template <class P>
auto agrees_with_scan(P& p, const Table<P>& table, Width width) {
  const auto key = words(p, "packet", width);
  const auto* found = table.classifier.lookup(key);
  const auto priority = [&] {
    for (const auto& rule : table.list) {
      if (rule.entry == found) return rule.priority;
    }
    return typename PartsOf<P>::Priority{};
  }();
  auto right = table.right;
  bool listed = found == nullptr;
  for (const auto& rule : table.list) {
    const auto hit = impl::matches(rule.entry->match, key);
    listed = listed || rule.entry == found;
    if (found == nullptr)
      right = right && !hit;
    else
      right = right && (rule.entry == found ? hit : !hit || rule.priority <= priority);
  }
  if (found != nullptr && table.list.size() > 1) p.about(impl::matches(found->match, key));
  return listed ? right : typename Table<P>::Truth(false);
}

template <std::size_t rules, const Width& width>
constexpr auto lookup = [](auto& p) {
  const Table table(p, rules, width);
  return agrees_with_scan(p, table, width);
};

template <std::size_t rules, const Width& width>
constexpr auto lookup_after_removal = [](auto& p) {
  Table table(p, rules, width);
  table.remove(0);
  return agrees_with_scan(p, table, width);
};

template <std::size_t rules, const Width& width>
constexpr auto find = [](auto& p) {
  const Table table(p, rules, width);
  const auto match = table.match(p, "request", width);
  const auto priority = p.template word<std::uint32_t>("request.priority");
  const auto* found = table.classifier.find(match, priority);
  auto right = table.right;
  for (const auto& rule : table.list) {
    const auto wanted = rule.entry->match == match && rule.priority == priority;
    right = right && (rule.entry == found ? wanted : !wanted);
  }
  if (found != nullptr) p.about(found->match == match);
  return right;
};

template <std::size_t rules, const Width& width>
constexpr auto overlap = [](auto& p) {
  const Table table(p, rules, width);
  const auto match = table.match(p, "request", width);
  const auto priority = p.template word<std::uint32_t>("request.priority");
  const bool said = table.classifier.overlaps(match, priority);
  using Truth = typename std::remove_cvref_t<decltype(table)>::Truth;
  Truth some{false};
  for (const auto& rule : table.list) {
    some = some || (impl::overlaps(rule.entry->match, match) && rule.priority == priority);
  }
  p.about(some);
  return table.right && some == Truth(said);
};

template <std::size_t rules, const Width& width>
constexpr auto covered = [](auto& p) {
  const Table table(p, rules, width);
  using Truth = typename std::remove_cvref_t<decltype(table)>::Truth;
  const auto match = table.match(p, "request", width);
  std::vector<const void*> visited;
  table.classifier.for_each_covered(match, [&](const auto& entry) { visited.push_back(&entry); });
  auto right = table.right;
  for (const auto& rule : table.list) {
    const auto wanted = impl::covers(match, rule.entry->match);
    const auto times = std::ranges::count(visited, static_cast<const void*>(rule.entry));
    right = right && wanted == Truth(times == 1) && (times == 0 || wanted);
  }
  const auto listed = [&](const void* entry) {
    return std::ranges::any_of(table.list, [&](const auto& rule) { return rule.entry == entry; });
  };
  p.about(right);
  return std::ranges::all_of(visited, listed) ? right : Truth(false);
};

}  // namespace

std::vector<Theorem> classifier_theorems() {
  const std::string blind = "the classifier is not told the lowest bit of a priority";
  const std::string scan =
      "Whatever was put in, in whatever order, with whatever matches and priorities: a lookup returns a rule that "
      "matches the packet and that no other matching rule exceeds in priority, and none only if none matches; putting "
      "a rule in displaces exactly the rule of equal match and priority.";
  return {
      theorem({"lookup_among_two_rules_is_the_linear_scan", scan, "MATCH-1", blind,
               "2 rules, 4 words of 64 bits (OpenFlow 1.0), all paths"},
              lookup<2, kBasic>),
      theorem({"lookup_among_three_narrow_rules_is_the_linear_scan", scan, "MATCH-1", blind,
               "3 rules, 1 word of 8 bits, all paths"},
              lookup<3, kNarrow>),
      theorem({"lookup_after_a_removal_is_the_linear_scan", "The same after one of the rules has been taken out again.",
               "MATCH-1", blind, "3 rules, 1 word of 8 bits, all paths"},
              lookup_after_removal<3, kNarrow>),
      theorem({"lookup_among_two_rules_of_any_field_is_the_linear_scan", scan, "MATCH-1", blind,
               "2 rules, 15 words of 64 bits, all paths", true},
              lookup<2, kFull>),
      theorem({"lookup_among_three_rules_is_the_linear_scan", scan, "MATCH-1", blind,
               "3 rules, 4 words of 64 bits (OpenFlow 1.0), all paths", true},
              lookup<3, kBasic>),
      theorem({"lookup_among_three_rules_of_any_field_is_the_linear_scan", scan, "MATCH-1", blind,
               "3 rules, 15 words of 64 bits, all paths", true},
              lookup<3, kFull>),
      theorem({"lookup_among_four_narrow_rules_is_the_linear_scan", scan, "MATCH-1", blind,
               "4 rules, 1 word of 8 bits, all paths", true},
              lookup<4, kNarrow>),
      theorem({"a_strict_request_finds_exactly_the_rule_of_equal_match_and_priority",
               "find() returns the rule whose match and priority are those asked for, and nothing if there is none.",
               "MATCH-3", blind, "2 rules, 4 words of 64 bits, all paths"},
              find<2, kBasic>),
      theorem({"the_overlap_check_sees_exactly_the_rules_of_equal_priority",
               "overlaps() says yes exactly if some rule of the priority asked for overlaps the match asked for.",
               "ADD-1", blind, "2 rules, 4 words of 16 bits, all paths"},
              overlap<2, kMiddle>),
      theorem({"a_loose_request_visits_every_covered_rule_once_whatever_its_priority",
               "for_each_covered() visits every rule that the match covers once, and no other.", "MATCH-2", blind,
               "2 rules, 4 words of 64 bits, all paths"},
              covered<2, kBasic>),
  };
}

}  // namespace oftwin::prove
