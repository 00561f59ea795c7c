// Whether something can be asked of a switch that has what a profile says; and if not, which line says so.
//
// All of it is a pure function of profile and thing. A message is looked at as bytes, so a malformed one is judged by
// as much of it as can be read. Invariant: of restricted() and repaired() nothing has an obstacle.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/profile.h"
#include "harness/trace.h"
#include "spec/bytes.h"
#include "spec/event.h"

namespace oftwin::harness {

struct Obstacle {
  std::string key;    // match.nw_tos
  std::string place;  // mine.toml:17; mine.toml if no line says it (a number's default)
  std::string what;   // "nw_tos = none"
  bool operator==(const Obstacle&) const = default;
};
Obstacle obstacle_of_key(const Profile& profile, std::string_view key);  // as if that key were one
std::string print_obstacle(const Obstacle& obstacle);                    // mine.toml:17: [match] nw_tos = none

// nullopt: applicable. `message`: one whole message from a controller.
std::optional<Obstacle> obstacle(const Profile& profile, ByteView message);
std::optional<Obstacle> obstacle(const Profile& profile, const Event& event);
std::optional<Obstacle> obstacle(const Profile& profile, const Trace& trace);

// Why no applicable trace can be about this clause. For nearly all clauses there is no such reason.
std::optional<Obstacle> clause_obstacle(const Profile& profile, std::size_t clause);

// What a clause needs: one of these keys, each `section.key`, must not be off. Empty: nothing.
std::span<const std::string_view> needs_of_clause(std::size_t clause);

// The message with what the profile has not taken out of it: fields wildcarded, actions dropped, flags cleared.
// nullopt: nothing of it is left.
std::optional<Bytes> repaired(const Profile& profile, ByteView message);

Bytes repaired_actions(const Profile& profile, ByteView actions);

// The trace with every message repaired (one of which nothing is left becomes a barrier request with its xid) and its
// switch within the profile. Deterministic: the same trace gives the same trace.
Trace restricted(const Profile& profile, Trace trace);

}  // namespace oftwin::harness
