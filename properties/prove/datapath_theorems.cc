// The software datapath's flow table finds what a scan of all flows finds, from its cache, too.
//
// The cache remembers whole keys: what it remembers of one packet covers that packet alone, until the table changes.
// The table itself runs here with unknown words; a hash is what is hashed, and the cache has a single place, so that
// every packet meets what the packet before it left there.
#include <deque>

#include "datapath-sim/flow_table.h"
#include "properties/prove/inputs.h"
#include "properties/prove/theorem_lists.h"

namespace oftwin::prove {

namespace {

struct UnknownFlowParts {
  using Word = prove::Word<std::uint64_t>;
  using Priority = prove::Word<std::uint32_t>;
  struct Hash {
    std::vector<Word> words;
    Bool operator==(const Hash& o) const {
      if (words.size() != o.words.size()) return false;
      Word differing{};
      for (std::size_t i = 0; i < words.size(); ++i) differing |= words[i] ^ o.words[i];
      return differing == 0;
    }
  };
  static constexpr std::size_t kCacheSlots = 1;

  using Key = sim::KeyWordsOf<Word>;
  static Hash hash(const Key& key, const Key& mask, const std::vector<std::uint8_t>& words) {
    Hash h;
    for (const std::uint8_t i : words) h.words.emplace_back(key[i] & mask[i]);
    return h;
  }
  static Hash hash(const Key&) { return {}; }
  static std::size_t place(const Hash&, std::size_t) { return 0; }
};

// How much of a key is unknown: so many of its words, with so many bits. The rest is zero.
struct Shape {
  std::size_t words;
  unsigned bits;
};
constexpr Shape kNarrow{1, 8}, kWide{2, 64};

// The datapath's own, but for the number of places.
struct MachineFlowParts : sim::MachineParts {
  static constexpr std::size_t kCacheSlots = 1;
};

template <class P, Shape shape>
struct FlowList {
  using Parts = std::conditional_t<std::is_same_v<P, Proof>, UnknownFlowParts, MachineFlowParts>;
  using Flow = sim::FlowOf<Parts>;
  using Truth = decltype(std::declval<typename Parts::Word>() == 0);
  struct Listed {
    const Flow* flow;
    typename Parts::Priority priority;
  };

  sim::FlowTableOf<Parts> table;
  std::deque<Flow> flows;
  std::vector<Listed> list;  // the longest in the table first

  static auto words(P& p, const std::string& name) {
    sim::KeyWordsOf<typename Parts::Word> w{};
    for (std::size_t i = 0; i < shape.words; ++i) {
      w[i] = p.template word<std::uint64_t>(name + std::to_string(i), shape.bits);
    }
    return w;
  }

  // Broken: the table is not told the lowest bit of a priority.
  void add(P& p, const std::string& name) {
    Flow& flow = flows.emplace_back();
    flow.match.mask = words(p, name + ".mask");
    flow.match.value = words(p, name + ".value");
    for (std::size_t i = 0; i < shape.words; ++i) flow.match.value[i] &= flow.match.mask[i];
    const auto priority = p.template word<std::uint32_t>(name + ".priority");
    flow.priority = p.broken() ? priority >> 1 << 1 : priority;
    table.insert(flow);
    list.push_back({&flow, priority});
  }

  // Among those that match, the highest priority; among these, the one that is in the table longest.
  Truth looks_up(P& p, const std::string& name) {
    const auto key = words(p, name);
    const Flow* found = table.lookup(key);
    Truth right{true};
    bool seen = false;
    typename Parts::Priority priority{};
    for (const Listed& l : list) {
      if (l.flow == found) priority = l.priority;
    }
    for (const Listed& l : list) {
      typename Parts::Word differing{};
      for (std::size_t i = 0; i < shape.words; ++i) {
        differing |= (key[i] ^ l.flow->match.value[i]) & l.flow->match.mask[i];
      }
      const Truth hit = differing == 0;
      if (l.flow == found)
        right = right && hit;
      else if (found == nullptr)
        right = right && !hit;
      else
        right = right && (!hit || l.priority < priority || (Truth(seen) && l.priority == priority));
      seen = seen || l.flow == found;
    }
    return seen || found == nullptr ? right : Truth(false);
  }
};

enum class Change { none, insertion, removal };

// Two lookups, with a change of the table between them.
template <std::size_t n, Shape shape, Change change>
constexpr auto flows = [](auto& p) {
  FlowList<std::remove_cvref_t<decltype(p)>, shape> f;
  constexpr std::size_t late = change == Change::insertion;
  for (std::size_t i = 0; i < n - late; ++i) f.add(p, "flow" + std::to_string(i));
  auto right = f.looks_up(p, "packet");
  if (change == Change::insertion) f.add(p, "late flow");
  if (change == Change::removal) {
    f.table.remove(f.flows.front());
    f.list.erase(f.list.begin());
  }
  right = right && f.looks_up(p, "next packet");
  p.about(right);
  return right;
};

}  // namespace

std::vector<Theorem> datapath_theorems() {
  const std::string blind = "the table is not told the lowest bit of a priority";
  const std::string scan =
      "Two lookups of any two packets, equal or not, the second through what the first left in the cache, each return "
      "the flow of the highest priority among those that match, and of these the oldest.";
  return {
      theorem({"the_datapath_finds_what_a_scan_of_all_flows_finds_cached_or_not", scan, "DP-1 DP-3", blind,
               "2 flows, 1 word of 8 bits, all paths"},
              flows<2, kNarrow, Change::none>),
      theorem({"the_datapath_forgets_its_cache_when_a_flow_is_removed",
               "The same when a flow has been removed between the two lookups.", "DP-1 DP-3", blind,
               "2 flows, 1 word of 8 bits, all paths"},
              flows<2, kNarrow, Change::removal>),
      theorem(
          {"the_datapath_forgets_its_cache_when_a_flow_comes", "The same when a flow has come between the two lookups.",
           "DP-1 DP-3", blind, "2 flows, 1 word of 8 bits, all paths"},
          flows<2, kNarrow, Change::insertion>),
      theorem({"the_datapath_finds_what_a_scan_finds_in_wide_keys", scan, "DP-1 DP-3", blind,
               "2 flows, 2 words of 64 bits, all paths", true},
              flows<2, kWide, Change::none>),
      theorem({"the_datapath_finds_what_a_scan_of_three_flows_finds", scan, "DP-1 DP-3", blind,
               "3 flows, 1 word of 8 bits, all paths", true},
              flows<3, kNarrow, Change::none>),
      theorem({"the_datapath_forgets_its_cache_when_one_of_three_flows_is_removed",
               "The same when a flow has been removed between the two lookups.", "DP-1 DP-3", blind,
               "3 flows, 1 word of 8 bits, all paths", true},
              flows<3, kNarrow, Change::removal>),
  };
}

}  // namespace oftwin::prove
