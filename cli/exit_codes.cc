#include "cli/exit_codes.h"

#include <fmt/format.h>

#include <array>

namespace oftwin::cli {
namespace {

struct Meaning {
  std::string_view commands;  // with a space before and behind each
  int code;
  std::string_view what;
};

constexpr std::string_view kEvery = "";
constexpr std::array<Meaning, 17> kMeanings = {{
    {" check ", kAgreed, "all that was compared agrees"},
    {" fuzz ", kAgreed, "nothing was found"},
    {" replay ", kAgreed, "both sides agree"},
    {" minimize ", kAgreed, "the trace is as small as it gets, or as its time and probes allowed"},
    {" explore ", kAgreed, "nothing that was tried violates an invariant"},
    {" prove ", kAgreed, "every theorem is proved, and refuted when it is broken"},
    {" serve ", kAgreed, "a signal ended it, which is its usual end; model and switch agreed"},
    {" convert clause coverage probes manual completion ", kAgreed, "done"},
    {" check fuzz replay serve ", kDiverged, "the subject differs from the specification"},
    {" explore ", kDiverged, "an invariant is violated, there is a lasso, or model and switch differ"},
    {" prove ", kDiverged, "a theorem is not proved"},
    {" coverage ", kDiverged, "something was never seen, and there is no reason for that"},
    {kEvery, kUsage, "bad usage, an input that cannot be read, or an output that cannot be written"},
    {" check replay coverage ", kUsage, "there was nothing to compare, or to count"},
    {" minimize ", kUsage, "the trace shows nothing that could be made small"},
    {" check fuzz minimize replay serve ", kLost, "the subject crashed, hung or went away"},
    {" check fuzz replay minimize explore prove convert clause coverage probes ", kStopped,
     "SIGINT, SIGTERM or SIGHUP stopped it before its end; nothing was found until then"},
}};

}  // namespace

std::string exit_codes_of(std::string_view command) {
  std::string out = "Exit codes:\n";
  const std::string word = fmt::format(" {} ", command);
  for (const Meaning& m : kMeanings) {
    if (m.commands != kEvery && m.commands.find(word) == std::string_view::npos) continue;
    out += fmt::format("  {}  {}\n", m.code, m.what);
  }
  return out;
}

}  // namespace oftwin::cli
