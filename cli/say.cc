#include "cli/say.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "harness/printable.h"

namespace oftwin::cli {

void hand_out(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

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

namespace {

template <class Json>
std::string dumped(const Json& value, int indent) {
  return value.dump(indent, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string json_text(const nlohmann::json& value, int indent) { return dumped(value, indent); }
std::string json_text(const nlohmann::ordered_json& value, int indent) { return dumped(value, indent); }

}  // namespace oftwin::cli
