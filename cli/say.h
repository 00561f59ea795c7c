// What the command says to people: everything that it prints goes through here, so that no byte of an input, a name or
// a provider's words reaches a terminal as a command (harness/printable.h). Text for machines is written as it is.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace oftwin::cli {

void say_text(std::string_view text);       // on standard output
void complain_text(std::string_view text);  // on standard error

template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  say_text(fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void complain(fmt::format_string<Args...> format, Args&&... args) {
  complain_text(fmt::format(format, std::forward<Args>(args)...));
}

// On standard error, in place of the line before; empty: that line goes. For terminals only.
void show_progress(std::string_view line);

// How far long work is: on a terminal a line that changes several times a second, elsewhere (a CI's log) a line of its
// own every half a minute. `line` is called only when it is time.
void tell_progress(const std::function<std::string()>& line);
void end_progress();

// On standard output, untouched: what json_text() made.
void hand_out(std::string_view text);

// From now on what is for standard output goes there instead: from a process that is not the one to print it.
void hand_out_through(std::function<void(std::string_view)> sink);

// ASCII only, whatever is in it; a byte that is no UTF-8 is replaced. `indent`: spaces, -1 for one line. Ends with a
// newline.
std::string json_text(const nlohmann::json& value, int indent);
std::string json_text(const nlohmann::ordered_json& value, int indent);

}  // namespace oftwin::cli
