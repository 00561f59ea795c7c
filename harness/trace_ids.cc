// Ids and blocks of a trace: made regular, and made anew. Declared in harness/trace_text.h.
#include <algorithm>
#include <unordered_map>

#include "harness/print.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "harness/trace_text.h"
#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

bool is_loop(const Event& e) { return std::holds_alternative<event::Loop>(e.body); }

bool partitions(const Trace& trace) {
  std::size_t next = 0;
  for (const auto& b : trace.blocks) {
    if (b.first != next || b.last < b.first || b.last >= trace.events.size()) return false;
    next = b.last + 1;
  }
  return next == trace.events.size();
}

// Old ids to new ones. A name of something that no event makes stays a name of nothing.
class NewNames {
 public:
  explicit NewNames(const std::vector<Event>& events) {
    for (const auto& e : events) {
      if (!is_loop(e)) ids_.emplace(e.id, static_cast<std::uint32_t>(ids_.size() + 1));
    }
  }
  std::uint32_t id(std::uint32_t old) const {
    auto found = ids_.find(old);
    if (found != ids_.end()) return found->second;
    auto used = static_cast<std::uint32_t>(ids_.size());
    return old > used ? old : used + std::max(old, 1u);
  }
  RuleName rule(RuleName old) const { return old.event == 0 ? old : RuleName{id(old.event), old.index}; }

 private:
  std::unordered_map<std::uint32_t, std::uint32_t> ids_;
};

// A message whose xid says only where it stands gets that of where it stands now.
void move_xids(Bytes& bytes, std::uint32_t old_id, std::uint32_t new_id) {
  std::uint32_t index = 0;
  for (ByteView m : cut_messages(bytes).messages) {
    ++index;
    Reader xid(m.subspan(4, 4));
    if (xid.get<std::uint32_t>() != default_xid(old_id, index)) continue;
    auto offset = static_cast<std::size_t>(m.data() - bytes.data());
    Bytes fresh;
    put(fresh, default_xid(new_id, index));
    std::copy(fresh.begin(), fresh.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset + 4));
  }
}

// e7 and e7.2 wherever they stand as words of their own, or behind a '='.
std::string rename_in_line(const std::string& line, const NewNames& names) {
  std::string out;
  std::size_t i = 0;
  while (i < line.size()) {
    std::size_t end = std::min(line.find_first_of(" =,", i), line.size());
    auto name = line[i] == 'e' ? parse_rule(std::string_view(line).substr(i, end - i)) : std::nullopt;
    out += name ? print_rule(names.rule(*name)) : line.substr(i, end - i);
    if (end < line.size()) out += line[end];
    i = end + 1;
  }
  return out;
}

}  // namespace

void make_blocks(Trace& trace) {
  trace.blocks.clear();
  Block b;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    b.last = i;
    if (!is_loop(trace.events[i]) && i + 1 < trace.events.size()) continue;
    trace.blocks.push_back(b);
    b.first = i + 1;
  }
}

void normalize(Trace& trace) {
  std::uint32_t last = 0;
  for (auto& e : trace.events) {
    if (is_loop(e)) {
      e.id = 0;
    } else {
      e.id = std::max(e.id, last + 1);
      last = e.id;
    }
  }
  if (!partitions(trace)) make_blocks(trace);
}

void renumber(Trace& trace) {
  normalize(trace);
  NewNames names(trace.events);
  for (auto& e : trace.events) {
    std::uint32_t old = e.id;
    if (!is_loop(e)) e.id = names.id(old);
    if (auto recv = std::get_if<event::Recv>(&e.body)) move_xids(recv->bytes, old, e.id);
    if (auto c = std::get_if<event::ProviderComplete>(&e.body)) c->rule = names.rule(c->rule);
    if (auto x = std::get_if<event::ProviderExpire>(&e.body)) x->rule = names.rule(x->rule);
    if (auto n = std::get_if<event::ProviderCounters>(&e.body)) n->rule = names.rule(n->rule);
  }
  for (auto& b : trace.blocks) {
    if (b.expected) {
      for (auto& line : *b.expected) line = rename_in_line(line, names);
    }
    for (auto& l : b.labelled) {
      for (auto& line : l.expected) line = rename_in_line(line, names);
    }
  }
}

}  // namespace oftwin::harness
