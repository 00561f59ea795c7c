// All messages of a trace that are whole, one to a delivery, changed where they stand.
#pragma once

#include <optional>
#include <vector>

#include "harness/request.h"
#include "spec/event.h"

namespace oftwin::harness {

// Applies `change(event, request)` to each. True if anything changed.
template <class Change>
bool change_requests(std::vector<Event>& events, Change change) {
  bool changed = false;
  for (Event& e : events) {
    auto* recv = std::get_if<event::Recv>(&e.body);
    auto message = recv ? decode_request(recv->bytes) : std::nullopt;
    if (!message) continue;
    const Request before = *message;
    change(e, *message);
    if (*message == before) continue;
    recv->bytes = encode(*message);
    changed = true;
  }
  return changed;
}

}  // namespace oftwin::harness
