#include "cli/say.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/printable.h"

namespace oftwin::cli {

namespace {
std::function<void(std::string_view)> other_sink;
}  // namespace

void hand_out(std::string_view text) {
  if (other_sink) return other_sink(text);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void hand_out_through(std::function<void(std::string_view)> sink) { other_sink = std::move(sink); }

void say_text(std::string_view text) { hand_out(harness::printable(text)); }

void complain_text(std::string_view text) {
  const std::string safe = harness::printable(text);
  std::fwrite(safe.data(), 1, safe.size(), stderr);
}

void show_progress(std::string_view line) {
  std::fputs("\r\x1b[K", stderr);
  complain_text(line);
  std::fflush(stderr);
}

void tell_progress(const std::function<std::string()>& line) {
  using Clock = std::chrono::steady_clock;
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  static Clock::time_point last = terminal ? Clock::time_point() : Clock::now();
  const Clock::duration pause = terminal ? std::chrono::milliseconds(200) : std::chrono::seconds(30);
  if (Clock::now() - last < pause) return;
  last = Clock::now();
  terminal ? show_progress(line()) : complain_text(line() + "\n");
}

void end_progress() {
  if (isatty(STDERR_FILENO) != 0) show_progress("");
}

namespace {

template <class Json>
std::string dumped(const Json& value, int indent) {
  return value.dump(indent, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string json_text(const nlohmann::json& value, int indent) { return dumped(value, indent); }
std::string json_text(const nlohmann::ordered_json& value, int indent) { return dumped(value, indent); }

}  // namespace oftwin::cli
