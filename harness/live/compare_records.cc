#include "harness/live/compare_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/spelling.h"

namespace oftwin::harness::live {
namespace {

using Found = std::optional<RecordDifference>;

Found compare(const ReplyRecord& model, const ReplyRecord& real, std::uint64_t tolerance_ms) {
  if (model.kind != real.kind || model.fields.size() != real.fields.size()) {
    return RecordDifference{fmt::format("{} {}", model.kind, real.kind),
                            fmt::format("model {} | switch {}", print_record(model), print_record(real))};
  }
  for (std::size_t i = 0; i < model.fields.size(); ++i) {
    const ReplyField &m = model.fields[i], &r = real.fields[i];
    if (m == r) continue;
    return RecordDifference{
        fmt::format("{}.{}", model.kind, m.name),
        fmt::format("{}: model {}={} | switch {}={}", model.kind, m.name, m.value, r.name, r.value)};
  }
  if (!model.duration_ms || !real.duration_ms) return std::nullopt;
  const std::uint64_t a = *model.duration_ms, b = *real.duration_ms;
  if (std::max(a, b) - std::min(a, b) <= tolerance_ms) return std::nullopt;
  return RecordDifference{fmt::format("{}.duration", model.kind),
                          fmt::format("duration: model {} ms | switch {} ms", a, b)};
}

// Different in number or kind: what is the same on both sides goes, the rest stands alone.
Found compare_as_sets(const Records& model, Records real) {
  RecordDifference out;
  const auto take_equal = [](Records& from, const ReplyRecord& like) {
    const auto it = std::find_if(from.begin(), from.end(),
                                 [&](const ReplyRecord& r) { return r.kind == like.kind && r.fields == like.fields; });
    if (it == from.end()) return false;
    from.erase(it);
    return true;
  };
  for (const ReplyRecord& m : model) {
    if (take_equal(real, m)) continue;
    out.kind += fmt::format("only model {} ", m.kind);
    out.what += fmt::format("only the model: {}\n", print_record(m));
  }
  for (const ReplyRecord& r : real) {
    out.kind += fmt::format("only switch {} ", r.kind);
    out.what += fmt::format("only the switch: {}\n", print_record(r));
  }
  return out.kind.empty() ? std::nullopt : Found(std::move(out));
}

}  // namespace

std::optional<RecordDifference> first_difference(Records model, Records real, std::uint64_t tolerance_ms) {
  sort_records(model);
  sort_records(real);
  const auto same_kinds = [](const ReplyRecord& a, const ReplyRecord& b) { return a.kind == b.kind; };
  if (model.size() != real.size() || !std::equal(model.begin(), model.end(), real.begin(), same_kinds)) {
    return compare_as_sets(model, std::move(real));
  }
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (auto found = compare(model[i], real[i], tolerance_ms)) return found;
  }
  return std::nullopt;
}

void subtract_baseline(Records& records, const Records& baseline) {
  for (ReplyRecord& r : records) {
    if (r.kind != "table" && r.kind != "port_stats") continue;
    const auto before = std::find_if(baseline.begin(), baseline.end(), [&](const ReplyRecord& b) {
      return b.kind == r.kind && b.fields[0] == r.fields[0];
    });
    if (before == baseline.end() || before->fields.size() != r.fields.size()) continue;
    for (std::size_t i = 1; i < r.fields.size(); ++i) {
      const bool counter = r.kind == "port_stats" || r.fields[i].name == "lookups" || r.fields[i].name == "matched";
      if (!counter) continue;
      const auto now = parse_as<std::uint64_t>(r.fields[i].value),
                 then = parse_as<std::uint64_t>(before->fields[i].value);
      if (now && then && *now != UINT64_MAX) r.fields[i].value = fmt::format("{}", *now - *then);
    }
  }
}

}  // namespace oftwin::harness::live
