// Plainer versions of one controller message, for the minimizer to try (simplify.h).
//
// Each list goes from the boldest to the most careful. Invariant: every suggestion differs from what it was made of,
// and is simpler by one fixed measure (fewer bytes, fewer fields, a value nearer to its default).
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "harness/request.h"

namespace oftwin::harness {

// Collects versions of one thing in which one part has its plain value.
template <class Whole, class Result>
class Versions {
 public:
  Versions(const Whole& whole, std::vector<Result>& out) : whole_(whole), out_(out) {}

  // `set` changes a copy; the copy counts if it differs.
  template <class Set>
  void with(Set set) {
    Whole copy = whole_;
    set(copy);
    if (!(copy == whole_)) out_.push_back(std::move(copy));
  }
  template <class T>
  void plain(T Whole::* member, const std::type_identity_t<T>& value) {
    with([&](Whole& w) { w.*member = value; });
  }

 private:
  const Whole& whole_;
  std::vector<Result>& out_;
};

std::vector<Request> simpler(const Request& request);

// The same said as OpenFlow 1.0 says it; nullopt: it can't.
std::optional<Request> openflow10_form(const request::NxFlowMod& m);
std::optional<Request> openflow10_form(const request::NxFlowStats& m);

}  // namespace oftwin::harness
