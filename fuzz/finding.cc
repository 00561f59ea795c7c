#include "fuzz/finding.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "harness/files.h"
#include "harness/minimize.h"
#include "harness/report.h"
#include "harness/trace_text.h"

namespace oftwin::fuzz {
namespace {

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (char c : text) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  return h;
}

// The events that are somebody's doing; a Loop at the end of a block is not.
std::size_t inputs(const harness::Trace& trace) {
  std::size_t n = 0;
  for (const Event& e : trace.events) n += !std::holds_alternative<event::Loop>(e.body);
  return n;
}

// "" and why on standard error: it could not be written.
std::string write_trace(const std::string& stem, const std::string& text) {
  const char* dir = std::getenv("OFTWIN_FINDINGS");
  const std::string path = fmt::format("{}/{}-{:016x}.trace", dir != nullptr ? dir : ".", stem, fnv1a(text));
  try {
    harness::write_file(path, text);
    return path;
  } catch (const std::exception& e) { fmt::print(stderr, "{}\n", e.what()); }
  return "";
}

harness::MinimizeLimits effort() {
  using Clock = std::chrono::steady_clock;
  Clock::time_point end = Clock::now() + std::chrono::seconds(60);
  if (const char* until = std::getenv("OFTWIN_UNTIL")) {
    end = std::min(end, Clock::time_point(std::chrono::milliseconds(std::strtoll(until, nullptr, 10))));
  }
  harness::MinimizeLimits limits;
  limits.enough = [end] { return Clock::now() >= end; };
  return limits;
}

}  // namespace

void report_and_abort(harness::Subject& subject, const harness::Trace& trace, const harness::Divergence& divergence) {
  const std::string found = write_trace("found", harness::print_trace(trace));
  harness::Trace small = trace;
  harness::Divergence shown = divergence;
  if (auto minimized = harness::minimize_divergence(trace, subject, {}, effort())) {
    harness::Lockstep lockstep(subject, {});
    if (auto again = lockstep.run(minimized->config, minimized->events)) {
      small = std::move(*minimized);
      shown = std::move(*again);
    }
  }
  const std::string report = harness::print_report(small.config, small.events, shown, subject.name());
  fmt::print(stderr, "{}\n{} events, minimized from {}\n", report, inputs(small), inputs(trace));
  if (const std::string path = write_trace("divergence", harness::print_trace(small)); !path.empty()) {
    fmt::print(stderr, "written to {}\n", path);
    if (!found.empty()) std::remove(found.c_str());
  }
  std::abort();
}

}  // namespace oftwin::fuzz
