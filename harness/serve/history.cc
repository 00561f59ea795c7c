#include "harness/serve/history.h"

#include <fmt/format.h>

#include "harness/trace_text.h"

namespace oftwin::harness {

namespace {

std::size_t size_of(const Event& event) {
  const auto* recv = std::get_if<event::Recv>(&event.body);
  return sizeof(Event) + (recv ? recv->bytes.size() : 0);
}

}  // namespace

void History::begin(const SwitchConfig& config) {
  before_ = {config, {}};
  events_.clear();
  bytes_ = 0;
  missing_ = 0;
}

void History::add(const Event& event, const model::State& state) {
  if (bytes_ + size_of(event) > limit_ && !events_.empty()) {
    missing_ += events_.size();
    std::vector<Event>().swap(events_);
    bytes_ = 0;
    before_ = recollect(before_.config, state);
  }
  bytes_ += size_of(event);
  events_.push_back(event);
}

Trace History::trace(std::vector<std::string> comments) const {
  Trace out;
  out.comments = std::move(comments);
  if (missing_ > 0) {
    out.comments.push_back(
        fmt::format("The beginning is missing: {} events. The first {} of this trace stand for them,", missing_,
                    before_.events.size()));
    out.comments.push_back(
        "without counters, ages, and what had been agreed on in sessions. It may not show the same.");
  }
  out.config = before_.config;
  // Ids ascend: what stands for the missing events comes before them, and there were more of those.
  out.events = before_.events;
  out.events.insert(out.events.end(), events_.begin(), events_.end());
  make_blocks(out);
  return out;
}

}  // namespace oftwin::harness
