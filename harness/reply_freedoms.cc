#include "harness/reply_freedoms.h"

#include <algorithm>
#include <string>

#include "harness/spelling.h"

namespace oftwin::harness {
namespace {

const std::string kNotKept = std::to_string(UINT64_MAX);

template <class Record>
auto field_in(Record& record, std::string_view name) -> decltype(&record.fields[0]) {
  const auto at =
      std::find_if(record.fields.begin(), record.fields.end(), [&](const ReplyField& f) { return f.name == name; });
  return at == record.fields.end() ? nullptr : &*at;
}

void follow_quotation(ReplyRecord& model, const ReplyRecord& real, const std::string& request) {
  ReplyField* ours = field_in(model, "data");
  const ReplyField* theirs = field_in(real, "data");
  if (ours && theirs && theirs->value.starts_with(ours->value) && request.starts_with(theirs->value)) *ours = *theirs;
}

void follow_counters(ReplyRecord& model, const ReplyRecord& real) {
  for (std::size_t i = 1; i < std::min(model.fields.size(), real.fields.size()); ++i) {
    if (real.fields[i].value == kNotKept) model.fields[i].value = kNotKept;
  }
}

}  // namespace

void follow_freedoms(std::vector<ReplyRecord>& model, const std::vector<ReplyRecord>& real, ByteView request) {
  for (ReplyRecord& m : model) {
    if (m.kind != "error" && m.kind != "port_stats") continue;
    const auto same = [&](const ReplyRecord& r) {
      return r.kind == m.kind && !m.fields.empty() && !r.fields.empty() && r.fields[0] == m.fields[0];
    };
    const auto r = std::find_if(real.begin(), real.end(), same);
    if (r == real.end()) continue;
    m.kind == "error" ? follow_quotation(m, *r, print_hex(request)) : follow_counters(m, *r);
  }
}

}  // namespace oftwin::harness
