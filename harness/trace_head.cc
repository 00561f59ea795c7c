#include "harness/trace_head.h"

#include <algorithm>

#include "harness/default_config.h"
#include "harness/print.h"
#include "harness/trace_text.h"
#include "spec/clauses.h"
#include "spec/observation.h"

namespace oftwin::harness {
namespace {

constexpr std::size_t kTableNameMax = OFP_MAX_TABLE_NAME_LEN - 1;

// Channels that a trace shows only if it says so.
constexpr Spelling kChannels[] = {{static_cast<std::uint32_t>(Channel::alloc), "alloc"},
                                  {static_cast<std::uint32_t>(Channel::progress), "progress"},
                                  {static_cast<std::uint32_t>(Channel::wake), "wake"}};

struct Text {
  const char* name;
  std::string Description::* field;
  std::size_t max;  // bytes
};
constexpr Text kTexts[] = {{"mfr_desc", &Description::mfr_desc, 255},
                           {"hw_desc", &Description::hw_desc, 255},
                           {"sw_desc", &Description::sw_desc, 255},
                           {"serial_num", &Description::serial_num, 31},
                           {"dp_desc", &Description::dp_desc, 255}};

// Calls `each` with every item of a comma-separated value; `none` has no items.
template <class Each>
void items(const Word& w, Each each) {
  if (w.value() == "none") return;
  for (std::size_t from = 0; from <= w.value().size();) {
    std::size_t comma = std::min(w.value().find(',', from), w.value().size());
    each(w.value().substr(from, comma - from), w.value_column() + from);
    from = comma + 1;
  }
}

template <class Range, class Spell>
std::string list(const Range& range, Spell spell) {
  std::string out;
  for (const auto& item : range) out += (out.empty() ? "" : ",") + spell(item);
  return out.empty() ? "none" : out;
}

struct Limit {
  const char* name;
  std::uint16_t Limits::* field;
  std::uint16_t max;
};
constexpr Limit kLimits[] = {{"groups", &Limits::pending_groups, 0xffff},
                             {"buffers", &Limits::packet_buffers, 256},
                             {"replies", &Limits::unsent_replies, 0xffff}};

std::string print_limits(const Limits& limits) {
  const Limits usual;
  std::string out;
  for (const auto& l : kLimits) {
    if (limits.*l.field != usual.*l.field) out += fmt::format(" max_{}={}", l.name, limits.*l.field);
  }
  return out;
}

bool parse_limit(const Word& w, Limits& limits) {
  for (const auto& l : kLimits) {
    if (w.key() != std::string("max_") + l.name) continue;
    const auto n = parse_number(w.value(), l.max);
    if (!n || *n == 0) w.fail_value(fmt::format("{} must be a number from 1 to {}", w.key(), l.max));
    limits.*l.field = static_cast<std::uint16_t>(*n);
    return true;
  }
  return false;
}

std::string print_switch(const SwitchConfig& c) {
  const SwitchConfig usual;
  std::string out = fmt::format("switch tables={} ports={} provider={}", c.tables.size(),
                                list(c.ports, [](const PortConfig& p) { return print_port(p.number); }),
                                c.provider == ProviderMode::scripted ? "scripted" : "simulated");
  if (c.connections != usual.connections) out += " connections=" + list(c.connections, print_conn);
  if (c.datapath_id != usual.datapath_id) out += fmt::format(" datapath_id={:#x}", c.datapath_id);
  if (c.n_buffers != usual.n_buffers) out += fmt::format(" n_buffers={}", c.n_buffers);
  if (c.limits != usual.limits) out += print_limits(c.limits);
  if (c.capabilities != usual.capabilities) out += fmt::format(" capabilities={:#x}", c.capabilities);
  if (c.actions != usual.actions) out += fmt::format(" actions={:#x}", c.actions);
  if (c.clock_ms != usual.clock_ms) out += fmt::format(" clock_ms={}", c.clock_ms);
  return out + "\n";
}

std::string print_tables(const SwitchConfig& c) {
  std::string out;
  const TableConfig usual;
  for (std::size_t i = 0; i < c.tables.size(); ++i) {
    const TableConfig& t = c.tables[i];
    if (t == usual) continue;
    out += fmt::format("table {}", i);
    if (t.name != usual.name) out += " name=" + print_quoted(t.name);
    if (t.wildcards != usual.wildcards) out += fmt::format(" wildcards={:#x}", t.wildcards);
    if (t.max_entries != usual.max_entries) out += fmt::format(" max_entries={}", t.max_entries);
    out += "\n";
  }
  return out;
}

std::string print_description(const Description& d) {
  const Description usual = default_config().description;
  std::string out;
  for (const auto& t : kTexts) {
    if (d.*t.field != usual.*t.field) out += fmt::format(" {}={}", t.name, print_quoted(d.*t.field));
  }
  return out.empty() ? out : "description" + out + "\n";
}

}  // namespace

std::string print_head(const Trace& trace) {
  std::string out;
  for (const auto& c : trace.comments) out += c.empty() ? "#\n" : "# " + c + "\n";
  if (!trace.clauses.empty()) out += fmt::format("clauses {}\n", fmt::join(trace.clauses, " "));
  if (trace.edition) out += "edition " + *trace.edition + "\n";
  std::string shown;
  for (const auto& c : kChannels) {
    if (trace.shown & 1u << c.value) shown += fmt::format(" {}", c.word);
  }
  if (!shown.empty()) out += "show" + shown + "\n";
  out += print_switch(trace.config);
  for (const auto& p : trace.config.ports) {
    std::string fields = print_port_fields(p);
    if (!fields.empty()) out += "port " + print_port(p.number) + fields + "\n";
  }
  return out + print_tables(trace.config) + print_description(trace.config.description);
}

HeadParser::HeadParser(Trace& trace) : trace_(trace) { trace_.config = default_config(); }

bool HeadParser::line(std::string_view line) {
  Words words(line);
  if (words.done()) return true;
  std::string_view first = words.next().text();
  if (first == "clauses") return claims(words), true;
  if (first == "edition") return edition(words), true;
  if (first == "show") return show(words), true;
  if (first == "switch" && (words.done() || words.peek().has_value())) return switch_line(words), true;
  if (first == "port") return port_line(words), true;
  if (first == "table") return table_line(words), true;
  if (first == "description") return description(words), true;
  return false;
}

void HeadParser::claims(Words& words) {
  while (!words.done()) {
    Word w = words.next();
    bool known = std::any_of(clauses().begin(), clauses().end(), [&](const Clause& c) { return c.id == w.text(); });
    if (!known) w.fail(fmt::format("there is no clause '{}'", w.text()));
    trace_.clauses.emplace_back(w.text());
  }
}

void HeadParser::edition(Words& words) {
  Word w = words.next();
  trace_.edition = std::string(w.text());
  while (!words.done()) *trace_.edition += "," + std::string(words.next().text());
}

void HeadParser::show(Words& words) {
  while (!words.done()) {
    Word w = words.next();
    auto channel = value_for(kChannels, w.text());
    if (!channel) w.fail(fmt::format("'{}' is no channel that can be shown; alloc, progress, wake are", w.text()));
    trace_.shown |= 1u << *channel;
  }
}

void HeadParser::switch_line(Words& words) {
  SwitchConfig& c = trace_.config;
  while (!words.done()) {
    Word w = words.next();
    if (w.key() == "tables") {
      auto n = parse_number(w.value(), 255);
      if (!n || *n == 0) w.fail_value("tables must be a number from 1 to 255");
      c.tables.assign(*n, {});
    } else if (w.key() == "ports") {
      ports(w);
    } else if (w.key() == "provider") {
      if (w.value() != "scripted" && w.value() != "simulated") w.fail_value("provider is scripted or simulated");
      c.provider = w.value() == "scripted" ? ProviderMode::scripted : ProviderMode::simulated;
    } else if (w.key() == "connections") {
      connections(w);
    } else if (w.key() == "datapath_id") {
      c.datapath_id = w.number<std::uint64_t>();
    } else if (w.key() == "n_buffers") {
      c.n_buffers = w.number<std::uint32_t>();
    } else if (w.key() == "capabilities") {
      c.capabilities = w.number<std::uint32_t>();
    } else if (w.key() == "actions") {
      c.actions = w.number<std::uint32_t>();
    } else if (w.key() == "clock_ms") {
      c.clock_ms = w.number<std::uint64_t>();
    } else if (!parse_limit(w, c.limits)) {
      w.fail(fmt::format("unknown property '{}' of the switch", w.key()));
    }
  }
}

void HeadParser::ports(const Word& w) {
  trace_.config.ports.clear();
  items(w, [&](std::string_view item, std::size_t column) {
    auto port = parse_port(item);
    if (!port) throw SyntaxError(column, fmt::format("'{}' is no port", item));
    trace_.config.ports.push_back(default_port(*port));
  });
}

void HeadParser::connections(const Word& w) {
  trace_.config.connections.clear();
  items(w, [&](std::string_view item, std::size_t column) {
    auto conn = parse_conn(item);
    if (!conn || conn->kind == ConnKind::snoop) {
      throw SyntaxError(column, fmt::format("'{}' is no connection such as c1 or s1", item));
    }
    trace_.config.connections.push_back(*conn);
  });
}

void HeadParser::port_line(Words& words) {
  Word w = words.next();
  auto number = parse_port(w.text());
  if (!number) w.fail(fmt::format("'{}' is no port", w.text()));
  for (auto& p : trace_.config.ports) {
    if (p.number != *number) continue;
    p = parse_port_fields(*number, words);
    return;
  }
  w.fail(fmt::format("the switch has no port {}", w.text()));
}

void HeadParser::table_line(Words& words) {
  Word w = words.next();
  auto number = parse_number(w.text(), 254);
  if (!number || *number >= trace_.config.tables.size()) w.fail(fmt::format("the switch has no table {}", w.text()));
  TableConfig& t = trace_.config.tables[*number];
  while (!words.done()) {
    Word f = words.next();
    if (f.key() == "wildcards")
      t.wildcards = f.number<std::uint32_t>();
    else if (f.key() == "max_entries")
      t.max_entries = f.number<std::uint32_t>();
    else if (f.key() == "name")
      t.name = f.string();
    else
      f.fail(fmt::format("unknown property '{}' of a table", f.key()));
    if (t.name.size() > kTableNameMax) f.fail_value(fmt::format("a table's name has at most {} bytes", kTableNameMax));
  }
}

void HeadParser::description(Words& words) {
  while (!words.done()) {
    Word w = words.next();
    auto text = std::find_if(std::begin(kTexts), std::end(kTexts), [&](const Text& t) { return w.key() == t.name; });
    if (text == std::end(kTexts)) w.fail(fmt::format("unknown text '{}'", w.key()));
    std::string value = w.string();
    if (value.size() > text->max) w.fail_value(fmt::format("{} has at most {} bytes", text->name, text->max));
    trace_.config.description.*text->field = value;
  }
}

}  // namespace oftwin::harness
