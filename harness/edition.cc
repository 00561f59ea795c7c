#include "harness/edition.h"

#include <algorithm>

#include "harness/replay.h"
#include "harness/spelling.h"

namespace oftwin::harness {
namespace {

std::optional<std::uint64_t> erratum_number(std::string_view id, std::size_t max) {
  if (!id.starts_with("E-") || id.size() != 4) return std::nullopt;
  id.remove_prefix(2);
  if (id.starts_with('0')) id.remove_prefix(1);
  auto n = parse_number(id, max);
  return n == 0 ? std::nullopt : n;
}

std::optional<std::uint64_t> reading_bit(std::string_view id) {
  const auto is = [&](const Clause& c) { return c.kind == ClauseKind::freedom && c.id == id; };
  const auto at = std::find_if(clauses().begin(), clauses().end(), is);
  if (at == clauses().end()) return std::nullopt;
  return model::kFirstReading + static_cast<std::uint64_t>(at - clauses().begin());
}

}  // namespace

std::optional<model::Errata> parse_edition(std::string_view name) {
  model::Errata errata;
  if (name == kCorrected) return errata;
  if (name == kOriginal) return all_errata();
  while (true) {
    std::size_t comma = std::min(name.find(','), name.size());
    const std::string_view id = name.substr(0, comma);
    auto n = erratum_number(id, model::kFirstReading - 1);
    if (!n) n = reading_bit(id);
    if (!n) return std::nullopt;
    errata.set(*n);
    if (comma == name.size()) return errata;
    name.remove_prefix(comma + 1);
  }
}

}  // namespace oftwin::harness
