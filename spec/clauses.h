// The clauses of spec/*.md as a table, and their IDs as compile-time names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace oftwin {

inline constexpr std::size_t kMaxClauses = 512;

// contract: a must of the provider's, not of the switch's; nothing that the model could hit (spec/provider.md).
enum class ClauseKind : std::uint8_t { must, freedom, unmodelled, contract };

namespace detail {
inline constexpr std::string_view clause_ids[] = {
#include "spec/clause_ids.inc"
};
}  // namespace detail

inline constexpr std::size_t kClauseCount = std::size(detail::clause_ids);
static_assert(kClauseCount <= kMaxClauses);

// The position of a clause in the table. An unknown ID does not compile.
consteval std::size_t clause(std::string_view id) {
  for (std::size_t i = 0; i < kClauseCount; ++i) {
    if (detail::clause_ids[i] == id) return i;
  }
  throw "no such clause in spec/*.md";
}

struct Clause {
  std::string_view id;      // ADD-4
  std::string_view title;   // A failed add restores its victim
  std::string_view text;    // the sentences below the title, without source and kind
  std::string_view source;  // where it comes from
  ClauseKind kind;
  std::string_view file;  // flow_mod.md
  unsigned line;
};

// In the order of the files, which is that of clause().
std::span<const Clause> clauses();

}  // namespace oftwin
