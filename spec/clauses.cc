#include "spec/clauses.h"

namespace oftwin {

namespace {
constexpr Clause table[] = {
#include "spec/clause_texts.inc"
};
static_assert(std::size(table) == kClauseCount);
}  // namespace

std::span<const Clause> clauses() { return table; }

}  // namespace oftwin
