// Plainer versions of one controller message, for the minimizer to try (simplify.h).
//
// Each list goes from the boldest to the most careful. Invariant: every suggestion differs from what it was made of,
// and is simpler by one fixed measure (fewer bytes, fewer fields, a value nearer to its default).
#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include "harness/request.h"
#include "spec/openflow.h"

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

// Nothing; a header and its doubles; the same length in zeros.
std::vector<Bytes> simpler_bytes(const Bytes& bytes);

// The wildcard bits of each field of a match.
inline constexpr std::uint32_t kFieldWildcards[] = {
    OFPFW_NW_TOS,
    OFPFW_TP_SRC,
    OFPFW_TP_DST,
    OFPFW_DL_SRC,
    OFPFW_DL_DST,
    OFPFW_DL_VLAN_PCP,
    OFPFW_DL_VLAN,
    OFPFW_NW_BITS_MASK << OFPFW_NW_SRC_SHIFT,
    OFPFW_NW_BITS_MASK << OFPFW_NW_DST_SHIFT,
    OFPFW_NW_PROTO,
    OFPFW_DL_TYPE,
    OFPFW_IN_PORT,
};

// Without the field that the wildcard bits stand for.
void drop_field(WireMatch& match, std::uint32_t bits);

}  // namespace oftwin::harness
