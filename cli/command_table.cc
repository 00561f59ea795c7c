#include "cli/command_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace oftwin::cli {
namespace {

// What roff would take for its own: a backslash, a dash that must stay one, a point or quote that begins a line.
std::string roff(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    begins = c == '\n';
  }
  return out;
}

std::string entry(const OptionEntry& o) {
  std::string heading;
  for (const std::string& name : o.names) heading += (heading.empty() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
  if (!o.value.empty()) heading += " \\fI" + roff(o.value) + "\\fR";
  std::string text = roff(o.text);
  if (!o.fallback.empty()) text += fmt::format(" (default: {})", roff(o.fallback));
  return fmt::format(".TP\n{}\n{}\n", heading, text.empty() ? "\\&" : text);
}

std::string words_of(const std::vector<OptionEntry>& options) {
  std::string out;
  for (const OptionEntry& o : options) {
    for (const std::string& name : o.names) out += (out.empty() ? "" : " ") + name;
  }
  return out;
}

std::string commands_of(const CommandTable& table) {
  std::string out;
  for (const CommandEntry& c : table.commands) out += (out.empty() ? "" : " ") + c.name;
  return out;
}

// The number of letters to insert, leave out, replace or swap with a neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(last, row);
  }
  return last[b.size()];
}

// The nearest of `words` if it is near; nothing if none is.
std::string nearest(std::string_view word, const std::vector<std::string>& words) {
  const std::string* best = nullptr;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& w : words) {
    const bool begins = word.size() > 3 && w.starts_with(word);  // --verdicts or --verd for --verdict
    const std::size_t d = begins ? 1 : distance(word, w);
    if (d < least) best = &w, least = d;
  }
  return best ? *best : std::string();
}

std::vector<std::string> names_of(const std::vector<OptionEntry>& options) {
  std::vector<std::string> out;
  for (const OptionEntry& o : options) out.insert(out.end(), o.names.begin(), o.names.end());
  return out;
}

}  // namespace

std::string manual_page(const CommandTable& table) {
  std::string out = fmt::format(".TH OFTWIN 1 \"\" \"{}\" \"User Commands\"\n", roff(table.version));
  out += fmt::format(".SH NAME\n{} \\- {}\n", table.name, roff(table.text));
  out += fmt::format(".SH SYNOPSIS\n.B {}\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n", table.name);
  out += ".SH OPTIONS\n";
  for (const OptionEntry& o : table.options) out += entry(o);
  out += ".SH COMMANDS\n";
  for (const CommandEntry& c : table.commands) {
    std::string arguments;
    for (const OptionEntry& a : c.arguments)
      arguments += fmt::format(fmt::runtime(a.required ? " \\fI{}\\fR" : " [\\fI{}\\fR]"), roff(a.names.front()));
    out += fmt::format(".SS {} {}{}\n{}\n", table.name, c.name, arguments, roff(c.text));
    for (const OptionEntry& a : c.arguments) out += entry(a);
    for (const OptionEntry& o : c.options) out += entry(o);
    if (!c.footer.empty()) out += fmt::format(".PP\n.nf\n{}\n.fi\n", roff(c.footer));
  }
  return out;
}

std::string completion(const CommandTable& table, std::string_view shell) {
  if (shell != "bash" && shell != "zsh") throw std::invalid_argument(fmt::format("no completion for '{}'", shell));
  std::string cases;
  for (const CommandEntry& c : table.commands) {
    const std::string both = words_of(c.options);
    cases += fmt::format("    {}) words='{}' ;;\n", c.name, both);
  }
  std::string out;
  if (shell == "zsh") out = "#compdef oftwin\nautoload -U +X bashcompinit && bashcompinit\n";
  out += fmt::format(R"sh(_{0}() {{
  local words='{1} {2}' current=${{COMP_WORDS[COMP_CWORD]}}
  [ "$COMP_CWORD" -gt 1 ] && case ${{COMP_WORDS[1]}} in
{3}    *) words='' ;;
  esac
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ] || [ "${{current#-}}" != "$current" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}}
complete -o default -F _{0} {0}
)sh",
                     table.name, commands_of(table), words_of(table.options), cases);
  return out;
}

std::string complaint_about(const CommandTable& table, std::string_view command, std::string_view word) {
  std::vector<std::string> known;
  std::string what;
  if (!word.starts_with('-')) {
    for (const CommandEntry& c : table.commands) known.push_back(c.name);
    what = fmt::format("there is no command '{}'", word);
  } else {
    const auto it = std::find_if(table.commands.begin(), table.commands.end(),
                                 [&](const CommandEntry& c) { return c.name == command; });
    known = names_of(it == table.commands.end() ? table.options : it->options);
    word = word.substr(0, word.find('='));
    what = it == table.commands.end() ? fmt::format("there is no option {} without a command", word)
                                      : fmt::format("{} {} has no option {}", table.name, command, word);
  }
  if (std::find(known.begin(), known.end(), word) != known.end()) return {};
  const std::string near = nearest(word, known);
  if (!near.empty()) what += fmt::format("; did you mean {}?", near);
  return fmt::format("{} ({} {}{}--help lists all)", what, table.name, command, command.empty() ? "" : " ");
}

}  // namespace oftwin::cli
