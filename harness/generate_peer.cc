// Connections: what comes on them, and how they come and go.
#include <utility>

#include "harness/request.h"
#include "harness/trace_generator.h"

namespace oftwin::harness {

void TraceGenerator::message() {
  if (open_.empty()) return clock();
  constexpr std::array<unsigned, 8> counts = {1, 1, 1, 1, 1, 2, 3, 6};
  const ConnName conn = s_.pick(open_);
  recv(conn, s_.pick(counts), [&](std::uint32_t, std::uint32_t xid) { return messages_.any(xid); });
}

// More than fifty operations that stay pending, so that the limit on groups is met.
void TraceGenerator::burst() {
  if (open_.empty()) return clock();
  add(event::ProviderPolicy{std::nullopt, {AnswerKind::pending, {}}});
  const auto count = static_cast<unsigned>(s_.between(20, 56));
  for (int part = 0; part < 2; ++part) {
    recv(s_.pick(open_), count, [&](std::uint32_t i, std::uint32_t xid) {
      return messages_.distinct_add(static_cast<unsigned>(part) * 100 + i, xid);
    });
  }
}

void TraceGenerator::close() {
  if (open_.empty()) return clock();
  const std::size_t i = s_.below(open_.size());
  add(event::ConnClose{open_[i]});
  cut_.erase(open_[i]);
  if (open_[i].kind == ConnKind::primary) closed_.push_back(open_[i]);
  if (s_.chance(90)) open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
}

void TraceGenerator::open() {
  if (!closed_.empty() && s_.chance(70)) {
    add(event::Clock{1000});
    loop(0);
    add(event::ConnOpen{closed_.back()});
    open_.push_back(closed_.back());
    closed_.pop_back();
  } else if (next_service_ < 5) {
    open_.push_back({ConnKind::service, next_service_++});
    add(event::ConnOpen{open_.back()});
  } else {
    message();
  }
}

void TraceGenerator::stall() {
  if (open_.empty()) return clock();
  add(event::PeerStall{s_.pick(open_), s_.chance(50)});
}

void TraceGenerator::snoop() {
  const ConnName name{ConnKind::snoop, static_cast<std::uint16_t>(s_.between(1, s_.chance(90) ? 3 : 12))};
  constexpr std::array<unsigned, 4> kinds = {5, 1, 1, 1};
  switch (s_.weighted(kinds)) {
    case 0:
      add(event::ConnOpen{name});
      return;
    case 1:
      add(event::ConnClose{name});
      return;
    case 2:
      add(event::PeerStall{name, s_.chance(50)});
      return;
    default:
      add(event::Recv{name, messages_.any(default_xid(id_ + 1))});
  }
}

}  // namespace oftwin::harness
