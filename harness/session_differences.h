// Where the switch of a captured session is known to differ from the law: NAME.differences beside NAME.pcap.
//
//   # a comment
//   whole-request clause=DISPATCH-3 in=error.data relation=model-is-prefix times=126
//     Open vSwitch of today returns the whole request, ...
//
// A line names the difference, the clause it is about, the field of a reply (harness/session_reply.h) that differs and
// exactly how; the indented lines below it are the reason, which must be there. How:
//   model=A switch=B           the model says A, the switch B
//   relation=model-is-prefix   the model's bytes are the first ones of the switch's
//   only=model is=A            the model sends a record whose field is A, the switch sends none
//   only=switch is=A           the other way round
// request=".." restricts it to replies to requests that begin so (as traces spell them).
//
// Invariant: an entry explains one field of one kind of record, is used exactly `times` times, or the check fails.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace oftwin::harness {

// What is wrong with such a file, with its name, line and column.
class DifferencesError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct KnownDifference {
  enum class How : std::uint8_t { values, model_is_prefix, only_model, only_switch };
  std::string label, clause, reason;
  std::string record, field;
  How how = How::values;
  std::string model, on_switch;  // only_*: the one that there is
  std::string request;
  std::uint64_t times = 0;
  std::uint64_t used = 0;
  unsigned line = 0;
};

class KnownDifferences {
 public:
  // No file: no known difference. throws DifferencesError.
  static KnownDifferences read(const std::string& path);

  // Whether this difference is known; counts it. `field` has `model` on one side and `on_switch` on the other.
  bool cover(std::string_view record, std::string_view field, std::string_view model, std::string_view on_switch,
             std::string_view request);
  // A whole record that only one side sent, by one of its fields.
  bool cover_only(KnownDifference::How side, std::string_view record, std::string_view field, std::string_view value,
                  std::string_view request);

  const std::vector<KnownDifference>& entries() const { return entries_; }

 private:
  std::vector<KnownDifference> entries_;
};

}  // namespace oftwin::harness
