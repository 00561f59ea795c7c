// What flows, cookies and messages of an exploration are called, so that states that differ in such names only count
// as one.
//
// A *flow* is one of the matches that the exploration's requests name (flow f: in_port=f); a *variant* is one of the
// action lists with their cookie (variant v: output to port 10+v, cookie v). The alphabet is closed under any
// permutation of either, which is what makes them interchangeable. Everything made of bytes is entered here with its
// family (what is left when flow and variant are taken out). Invariant: entries are distinct.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::explore {

struct Label {
  std::uint16_t family = 0;
  std::uint8_t flow = 0, variant = 0;  // 0: none
  bool operator==(const Label&) const = default;
};

class Vocabulary {
 public:
  // What is there already stays as it is.
  void add(ByteView bytes, Label label);
  void add(const Match& match, Label label);

  // The entry's number; nullopt if it is none.
  std::optional<std::uint32_t> find(ByteView bytes) const;
  std::optional<std::uint32_t> find(const Match& match) const;
  const Bytes& bytes(std::uint32_t entry) const { return bytes_[entry].value; }
  const Match& match(std::uint32_t entry) const { return matches_[entry].value; }
  Label label_of_bytes(std::uint32_t entry) const { return bytes_[entry].label; }
  Label label_of_match(std::uint32_t entry) const { return matches_[entry].label; }
  std::size_t n_bytes() const { return bytes_.size(); }
  std::size_t n_matches() const { return matches_.size(); }

 private:
  template <class T>
  struct Entry {
    T value;
    Label label;
  };
  void grow();

  std::vector<Entry<Bytes>> bytes_;
  std::vector<Entry<Match>> matches_;
  std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(64);  // of bytes_, plus 1; 0: free
};

inline constexpr std::uint64_t kCookieOfVariant = 0xa0;  // variant v has the cookie 0xa0 + v

}  // namespace oftwin::explore
