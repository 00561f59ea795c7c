#include "harness/trace_text.h"

#include <set>

#include "harness/event_text.h"
#include "harness/print.h"
#include "harness/trace_head.h"

namespace oftwin::harness {
namespace {

constexpr std::string_view kRule = "----";
constexpr std::size_t kNameColumn = 80;  // where the names of events stand, as comments

std::string_view trimmed(std::string_view s) {
  std::size_t first = s.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(" \t\r") - first + 1);
}

// Without a comment at its end.
std::string_view uncommented(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\')
      ++i;
    else if (line[i] == '"')
      quoted = !quoted;
    else if (line[i] == '#' && !quoted)
      return trimmed(line.substr(0, i));
  }
  return trimmed(line);
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

bool is_loop(const Event& e) { return std::holds_alternative<event::Loop>(e.body); }

// --- Parsing
// ------------------------------------------------------------------------------------------------------------

class Parser {
 public:
  Parser(std::string_view text, const std::string& file) : lines_(split_lines(text)), file_(file), head_(out_.trace) {}

  ParsedTrace parse() {
    try {
      leading_comments();
      head();
      while (at_ < lines_.size()) block();
    } catch (const SyntaxError& e) {
      throw TraceError(fmt::format("{}:{}:{}: {}", file_, at_ + 1, e.column(), e.what()));
    }
    return std::move(out_);
  }

 private:
  bool blank() const { return trimmed(lines_[at_]).empty(); }
  bool comment() const { return trimmed(lines_[at_]).starts_with('#'); }
  bool rule() const { return trimmed(lines_[at_]).starts_with(kRule); }
  bool more() const { return at_ < lines_.size(); }

  void leading_comments() {
    for (; more() && comment(); ++at_) {
      std::string_view text = lines_[at_];
      if (text.ends_with('\r')) text.remove_suffix(1);
      text.remove_prefix(text.find('#') + 1);
      if (text.starts_with(' ')) text.remove_prefix(1);
      out_.trace.comments.emplace_back(text);
    }
  }

  void head() {
    while (more() && (blank() || comment() || (!rule() && head_.line(lines_[at_])))) ++at_;
  }

  void block() {
    if (blank() || comment()) {
      ++at_;
      return;
    }
    Block b;
    b.first = out_.trace.events.size();
    b.line = static_cast<std::uint32_t>(at_ + 1);
    if (rule()) throw SyntaxError(1, "expectations without an input before them");
    inputs();
    if (out_.trace.events.size() == b.first) throw SyntaxError(1, "`loop hold` needs an input before it");
    b.last = out_.trace.events.size() - 1;
    ExpectationLines where{at_, at_};
    if (more() && rule() && trimmed(lines_[at_]) == kRule) {
      b.expected = section();
      where.end = at_;
    }
    while (more() && rule()) labelled(b);
    out_.trace.blocks.push_back(std::move(b));
    out_.expectations.push_back(where);
  }

  // Up to the blank line or the rule that ends them. The loop settles, unless they say what else it does.
  void inputs() {
    bool held = false, looped = false;
    for (; more() && !blank() && !rule(); ++at_) {
      std::string_view text = uncommented(lines_[at_]);
      if (text.empty()) continue;
      if (held) throw SyntaxError(1, "`loop hold` ends a block");
      held = text == "loop hold";
      if (held) continue;
      if (text.starts_with('+'))
        further_message();
      else
        input();
      looped = is_loop(out_.trace.events.back());
    }
    if (!held && !looped) out_.trace.events.push_back({0, event::Loop{}});
  }

  void input() {
    Words words(lines_[at_]);
    std::uint32_t id = last_id_ + 1;
    std::string_view first = words.peek().text();
    if (first.ends_with(':')) {
      Word name = words.next();
      auto rule_name = parse_rule(first.substr(0, first.size() - 1));
      if (!rule_name || rule_name->index != 1) name.fail("an event's name is e and a number");
      if (rule_name->event <= last_id_) name.fail(fmt::format("names of events ascend; the last was e{}", last_id_));
      id = rule_name->event;
    }
    Event e{id, parse_event(words, id)};
    if (is_loop(e))
      e.id = 0;
    else
      last_id_ = id;
    out_.trace.events.push_back(std::move(e));
    pieces_ = 1;
  }

  void further_message() {
    std::size_t plus = lines_[at_].find('+');
    auto recv = out_.trace.events.empty() ? nullptr : std::get_if<event::Recv>(&out_.trace.events.back().body);
    if (!recv || pieces_ == 0) throw SyntaxError(plus + 1, "no message on a connection stands before this one");
    Words words(lines_[at_].substr(plus + 1), plus + 2);
    Bytes bytes = parse_message(words, default_xid(last_id_, ++pieces_));
    if (!words.done()) words.peek().fail(fmt::format("'{}' does not belong here", words.peek().text()));
    recv->bytes.insert(recv->bytes.end(), bytes.begin(), bytes.end());
  }

  // The lines below a rule, up to the next rule or a blank line.
  std::vector<std::string> section() {
    std::vector<std::string> out;
    for (++at_; more() && !blank() && !rule(); ++at_) {
      std::string_view text = uncommented(lines_[at_]);
      if (!text.empty()) out.emplace_back(text);
    }
    return out;
  }

  // ---- ovs-3.1  ADD-7: reason
  void labelled(Block& b) {
    std::string_view text = trimmed(trimmed(lines_[at_]).substr(kRule.size()));
    std::size_t space = text.find_first_of(" \t"), colon = text.find(':', std::min(space, text.size()));
    if (space == std::string_view::npos || colon == std::string_view::npos) {
      throw SyntaxError(1, "a labelled section begins with `---- SUBJECT CLAUSE: reason`");
    }
    Block::Labelled section_of;
    section_of.subject = text.substr(0, space);
    section_of.clause = trimmed(text.substr(space, colon - space));
    section_of.reason = trimmed(text.substr(colon + 1));
    section_of.expected = section();
    b.labelled.push_back(std::move(section_of));
  }

  std::vector<std::string_view> lines_;
  const std::string& file_;
  ParsedTrace out_;
  HeadParser head_;
  std::size_t at_ = 0;
  std::uint32_t last_id_ = 0, pieces_ = 0;
};

// --- Printing
// -----------------------------------------------------------------------------------------------------------

// The rules that events name, so that the events that make them can be told at a glance.
std::set<std::uint32_t> named_events(const Trace& trace) {
  std::set<std::uint32_t> out;
  auto add = [&out](RuleName rule) { out.insert(rule.event); };
  for (const auto& e : trace.events) {
    if (auto c = std::get_if<event::ProviderComplete>(&e.body)) add(c->rule);
    if (auto x = std::get_if<event::ProviderExpire>(&e.body)) add(x->rule);
    if (auto n = std::get_if<event::ProviderCounters>(&e.body)) add(n->rule);
  }
  return out;
}

class Printer {
 public:
  explicit Printer(const Trace& trace) : trace_(trace), named_(named_events(trace)) {}

  std::string print() {
    out_ = print_head(trace_);
    for (const auto& b : trace_.blocks) block(b);
    return out_;
  }

 private:
  void block(const Block& b) {
    out_ += '\n';
    for (std::size_t i = b.first; i <= b.last; ++i) {
      if (!is_loop(trace_.events[i]))
        input(trace_.events[i]);
      else if (i < b.last || i == b.first || is_loop(trace_.events[i - 1]) || !settles(i))
        loop(i);
    }
    if (!is_loop(trace_.events[b.last])) out_ += "loop hold\n";
    if (b.expected) section(std::string(kRule), *b.expected);
    for (const auto& l : b.labelled) {
      section(fmt::format("{} {} {}: {}", kRule, l.subject, l.clause, l.reason), l.expected);
    }
  }

  bool settles(std::size_t i) const { return std::get<event::Loop>(trace_.events[i].body).iterations == 0; }
  void loop(std::size_t i) { out_ += print_event(trace_.events[i]) + "\n"; }

  void input(const Event& e) {
    std::string text = e.id == last_id_ + 1 ? "" : fmt::format("e{}: ", e.id);
    text += print_event(e);
    last_id_ = e.id;
    if (named_.contains(e.id)) {
      std::size_t end = std::min(text.find('\n'), text.size());
      std::size_t fill = end < kNameColumn ? kNameColumn - end : 2;
      text.insert(end, fmt::format("{}# e{}", std::string(fill, ' '), e.id));
    }
    out_ += text + "\n";
  }

  void section(const std::string& title, const std::vector<std::string>& lines) {
    out_ += title + "\n";
    for (const auto& l : lines) out_ += l + "\n";
  }

  const Trace& trace_;
  std::set<std::uint32_t> named_;
  std::uint32_t last_id_ = 0;
  std::string out_;
};

}  // namespace

ParsedTrace parse_trace_text(std::string_view text, const std::string& file) { return Parser(text, file).parse(); }

Trace parse_trace(std::string_view text, const std::string& file) { return parse_trace_text(text, file).trace; }

std::string print_trace(const Trace& trace) { return Printer(trace).print(); }

std::string rewrite_expectations(std::string_view text, const std::vector<ExpectationLines>& where,
                                 const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::string_view> old = split_lines(text);
  std::string out;
  std::size_t at = 0;
  auto copy_to = [&](std::size_t end) {
    for (; at < end && at < old.size(); ++at) out += std::string(old[at]) + "\n";
  };
  for (std::size_t i = 0; i < where.size() && i < lines.size(); ++i) {
    copy_to(where[i].begin);
    out += std::string(kRule) + "\n";
    for (const auto& l : lines[i]) out += l + "\n";
    at = where[i].end;
  }
  copy_to(old.size());
  return out;
}

}  // namespace oftwin::harness
