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
  config_ = config;
  events_.clear();
  bytes_ = 0;
  missing_ = 0;
}

void History::add(const Event& event, const model::State& state) {
  if (bytes_ + size_of(event) > limit_) {
    missing_ += events_.size();
    std::vector<Event>().swap(events_);
    bytes_ = 0;
    // As near to the switch of that moment as a head can say.
    config_.clock_ms = state.now_ms;
    config_.connections.clear();
    for (const model::Connection& c : state.connections) {
      if (c.link == model::Link::up && c.name.kind != ConnKind::snoop) config_.connections.push_back(c.name);
    }
    flows_then_ = 0;
    for (const model::Table& table : state.tables) flows_then_ += table.rules.size();
  }
  bytes_ += size_of(event);
  events_.push_back(event);
}

Trace History::trace(std::vector<std::string> comments) const {
  Trace out;
  out.comments = std::move(comments);
  if (missing_ > 0) {
    out.comments.push_back(fmt::format(
        "The beginning is missing: {} events, after which {} flows were in the tables. It may not show the same alone.",
        missing_, flows_then_));
  }
  out.config = config_;
  out.events = events_;
  make_blocks(out);
  return out;
}

}  // namespace oftwin::harness
