// Copies of rules' bases for a provider that is not trusted, each on memory pages of its own.
//
// A provider sees the copy, not the switch's rule: what it writes there harms nobody and is noticed, and after the rule
// has been given back any access to the copy faults, so that a stale pointer shows itself at once and for certain.
// Invariant: a page that was retired is not used again until all of them are (reset), or until there is no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "impl/provider.h"

namespace oftwin::harness {

class MirrorArena {
 public:
  MirrorArena();
  ~MirrorArena();
  MirrorArena(const MirrorArena&) = delete;
  MirrorArena& operator=(const MirrorArena&) = delete;

  // Whole pages; never fails but by throwing bad_alloc. `size`: their bytes.
  std::uint8_t* take(std::size_t bytes, std::size_t* size);
  void retire(std::uint8_t* pages, std::size_t size);
  bool contains(const void* address) const;
  // Everything that was taken is free again.
  void reset();

 private:
  struct Retired {
    std::uint8_t* pages;
    std::size_t size;
  };
  std::uint8_t* reuse(std::size_t size);

  std::uint8_t* begin_ = nullptr;
  std::deque<Retired> retired_;
  std::size_t used_ = 0, next_ = 0;  // bytes ever handed out since reset; where to go on
};

// Whether the address lies in a page of the arena that this process uses; safe in a signal handler.
bool is_mirror_address(const void* address);

// One rule's copy.
class RuleMirror {
 public:
  RuleMirror(MirrorArena& arena, const oft_rule& original);
  RuleMirror(const RuleMirror&) = delete;
  RuleMirror& operator=(const RuleMirror&) = delete;
  // Afterwards any access to it faults.
  ~RuleMirror();

  const oft_rule* rule() const { return face_; }
  // False: somebody has written into it since it was last brought up to date.
  bool intact() const;
  // Brings it up to date with the original.
  void refresh(const oft_rule& original);

 private:
  void place_actions(const oft_rule& original);

  MirrorArena& arena_;
  std::uint8_t *pages_ = nullptr, *more_ = nullptr;  // more_: for actions that did not fit any more
  std::size_t size_ = 0, more_size_ = 0;
  oft_rule* face_ = nullptr;
  oft_match* match_ = nullptr;
  std::uint8_t* actions_ = nullptr;
  std::size_t room_ = 0;  // bytes of actions_
  oft_rule shown_{};
  oft_match shown_match_{};
  std::uint64_t shown_actions_ = 0;  // their hash
};

}  // namespace oftwin::harness
