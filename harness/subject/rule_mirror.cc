#include "harness/subject/rule_mirror.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

namespace oftwin::harness {

namespace {

constexpr std::size_t kPage = 4096, kArena = std::size_t{64} << 20;

// For the signal handler.
std::atomic<const std::uint8_t*> arena_in_use{nullptr};

std::size_t in_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

std::uint64_t hash_of(const std::uint8_t* bytes, std::size_t n) {  // FNV-1a
  std::uint64_t h = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < n; ++i) h = (h ^ bytes[i]) * 0x100000001b3;
  return h;
}

}  // namespace

MirrorArena::MirrorArena() {
  void* p = mmap(nullptr, kArena, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  begin_ = static_cast<std::uint8_t*>(p);
}

MirrorArena::~MirrorArena() {
  if (arena_in_use == begin_) arena_in_use = nullptr;
  munmap(begin_, kArena);
}

bool MirrorArena::contains(const void* address) const {
  const auto* p = static_cast<const std::uint8_t*>(address);
  return p >= begin_ && p < begin_ + kArena;
}

bool is_mirror_address(const void* address) {
  const std::uint8_t* begin = arena_in_use;
  const auto* p = static_cast<const std::uint8_t*>(address);
  return begin != nullptr && p >= begin && p < begin + kArena;
}

std::uint8_t* MirrorArena::take(std::size_t bytes, std::size_t* size) {
  *size = in_pages(bytes);
  arena_in_use = begin_;
  if (*size > kArena - next_) return reuse(*size);
  std::uint8_t* pages = begin_ + next_;
  next_ += *size;
  used_ = std::max(used_, next_);
  return pages;
}

// What was retired first, so that a stale pointer has the longest time to show itself.
std::uint8_t* MirrorArena::reuse(std::size_t size) {
  const auto fits = [&](const Retired& r) { return r.size == size; };
  const auto oldest = std::find_if(retired_.begin(), retired_.end(), fits);
  if (oldest == retired_.end()) throw std::bad_alloc();
  std::uint8_t* pages = oldest->pages;
  retired_.erase(oldest);
  mprotect(pages, size, PROT_READ | PROT_WRITE);
  return pages;
}

void MirrorArena::retire(std::uint8_t* pages, std::size_t size) {
  mprotect(pages, size, PROT_NONE);
  retired_.push_back({pages, size});
}

void MirrorArena::reset() {
  if (used_ == 0) return;
  mprotect(begin_, used_, PROT_READ | PROT_WRITE);
  used_ = next_ = 0;
  retired_.clear();
}

RuleMirror::RuleMirror(MirrorArena& arena, const oft_rule& original) : arena_(arena) {
  constexpr std::size_t before = sizeof(oft_rule) + sizeof(oft_match);
  pages_ = arena_.take(before + original.actions_len, &size_);
  face_ = new (pages_) oft_rule{};
  match_ = new (pages_ + sizeof(oft_rule)) oft_match{};
  actions_ = pages_ + before;
  room_ = size_ - before;
  refresh(original);
}

RuleMirror::~RuleMirror() {
  arena_.retire(pages_, size_);
  if (more_ != nullptr) arena_.retire(more_, more_size_);
}

void RuleMirror::place_actions(const oft_rule& original) {
  if (original.actions_len > room_) {
    // The old ones stay readable: the host says when a modification has failed, and then they count again.
    more_ = arena_.take(original.actions_len, &more_size_);
    actions_ = more_;
    room_ = more_size_;
  }
  if (original.actions_len != 0) std::memcpy(actions_, original.actions, original.actions_len);
}

void RuleMirror::refresh(const oft_rule& original) {
  place_actions(original);
  *match_ = *original.match;
  *face_ = original;
  face_->match = match_;
  face_->actions = actions_;
  std::memcpy(&shown_, face_, sizeof shown_);  // padding, too
  std::memcpy(&shown_match_, match_, sizeof shown_match_);
  shown_actions_ = hash_of(actions_, original.actions_len);
}

bool RuleMirror::intact() const {
  return std::memcmp(face_, &shown_, sizeof shown_) == 0 &&
         std::memcmp(match_, &shown_match_, sizeof shown_match_) == 0 &&
         hash_of(actions_, shown_.actions_len) == shown_actions_;
}

}  // namespace oftwin::harness
