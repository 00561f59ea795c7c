#include "harness/subject/allocations.h"

#include <algorithm>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OFTWIN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define OFTWIN_SANITIZED 1
#endif
#endif

namespace oftwin::harness {
namespace {

thread_local const char* providers_call = nullptr;

}  // namespace

bool provider_runs() { return providers_call != nullptr; }
ProviderRuns::ProviderRuns(const char* call) : before_(providers_call) { providers_call = call; }
ProviderRuns::~ProviderRuns() {
  if (std::uncaught_exceptions() == exceptions_) providers_call = before_;
}

}  // namespace oftwin::harness

#ifdef OFTWIN_SANITIZED

namespace oftwin::harness {

bool can_count_allocations() { return false; }
void count_allocations() {}
std::size_t bytes_outstanding() { return 0; }
std::uint64_t last_block() { return 0; }
std::vector<Allocation> blocks_after(std::uint64_t) { return {}; }

}  // namespace oftwin::harness

#else

#include <dlfcn.h>
#include <malloc.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

extern "C" void* __libc_malloc(std::size_t size);  // the C library's own, whatever is called malloc

namespace oftwin::harness {
namespace {

std::atomic<bool> counting{false};
thread_local bool hosts_thread = false;

bool of_the_provider() {
  return counting.load(std::memory_order_relaxed) && (providers_call != nullptr || !hosts_thread);
}

// Where each block of the provider is. Memory of its own, straight from the system: it must not allocate.
class Ledger {
 public:
  void add(void* block, std::size_t bytes, const void* where) {
    const Held held(lock_);
    if ((live_ + 1) * 2 > room_) grow();
    place(slots_, room_, {block, {bytes, providers_call, where, ++number_}});
    ++live_;
    bytes_ += bytes;
  }
  // False: it is none of them.
  bool remove(void* block) {
    if (live_.load(std::memory_order_relaxed) == 0) return false;
    const Held held(lock_);
    std::size_t at = home(block, room_);
    while (slots_[at].address != block) {
      if (slots_[at].address == nullptr) return false;
      at = (at + 1) & (room_ - 1);
    }
    bytes_ -= slots_[at].block.bytes;
    --live_;
    close_gap(at);
    return true;
  }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t number() const { return number_; }
  template <class Visit>
  void each(const Visit& visit) const {
    for (std::size_t i = 0; i < room_; ++i) {
      if (slots_[i].address != nullptr) visit(slots_[i].block);
    }
  }

 private:
  struct Slot {
    void* address;
    Allocation block;
  };
  class Held {
   public:
    explicit Held(std::atomic_flag& lock) : lock_(lock) {
      while (lock_.test_and_set(std::memory_order_acquire)) {}
    }
    ~Held() { lock_.clear(std::memory_order_release); }

   private:
    std::atomic_flag& lock_;
  };

  static std::size_t home(const void* address, std::size_t room) {
    const auto bits = reinterpret_cast<std::uintptr_t>(address) >> 4;
    return static_cast<std::size_t>(bits * 0x9e3779b97f4a7c15u >> 20) & (room - 1);
  }
  static void place(Slot* slots, std::size_t room, const Slot& slot) {
    std::size_t at = home(slot.address, room);
    while (slots[at].address != nullptr) at = (at + 1) & (room - 1);
    slots[at] = slot;
  }
  void grow() {
    const std::size_t room = room_ == 0 ? 4096 : room_ * 2;
    void* memory = mmap(nullptr, room * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    auto* slots = static_cast<Slot*>(memory);  // zeros: free
    for (std::size_t i = 0; i < room_; ++i) {
      if (slots_[i].address != nullptr) place(slots, room, slots_[i]);
    }
    if (slots_ != nullptr) munmap(slots_, room_ * sizeof(Slot));
    slots_ = slots;
    room_ = room;
  }
  // Nothing that is there may be cut off from its home.
  void close_gap(std::size_t gap) {
    for (std::size_t at = (gap + 1) & (room_ - 1); slots_[at].address != nullptr; at = (at + 1) & (room_ - 1)) {
      const std::size_t from_home = (at - home(slots_[at].address, room_)) & (room_ - 1);
      if (from_home < ((at - gap) & (room_ - 1))) continue;
      slots_[gap] = slots_[at];
      gap = at;
    }
    slots_[gap].address = nullptr;
  }

  std::atomic_flag lock_ = ATOMIC_FLAG_INIT;
  Slot* slots_ = nullptr;
  std::size_t room_ = 0;
  std::atomic<std::size_t> live_{0}, bytes_{0};
  std::uint64_t number_ = 0;
};
constinit Ledger ledger;

// Who would be asked if we were not there: the C library, or a sanitizer that was preloaded.
struct Next {
  void* (*malloc)(std::size_t);
  void (*free)(void*);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  void* (*memalign)(std::size_t, std::size_t);
};
constinit Next found{};
thread_local bool looking = false;

template <class Function>
void look_up(Function& function, const char* name) {
  void* const symbol = dlsym(RTLD_NEXT, name);
  std::memcpy(&function, &symbol, sizeof symbol);
}

const Next& next() {
  if (found.malloc == nullptr) {
    looking = true;
    Next all{};
    look_up(all.free, "free");
    look_up(all.calloc, "calloc");
    look_up(all.realloc, "realloc");
    look_up(all.posix_memalign, "posix_memalign");
    look_up(all.memalign, "memalign");
    look_up(all.malloc, "malloc");
    found = all;
    looking = false;
  }
  return found;
}

void* noted(void* block, std::size_t bytes, const void* where) {
  if (block != nullptr && of_the_provider()) ledger.add(block, bytes, where);
  return block;
}

}  // namespace

bool can_count_allocations() { return true; }

void count_allocations() {
  hosts_thread = true;
  counting = true;
}

std::size_t bytes_outstanding() { return ledger.bytes(); }
std::uint64_t last_block() { return ledger.number(); }

std::vector<Allocation> blocks_after(std::uint64_t number) {
  std::vector<Allocation> out;
  ledger.each([&](const Allocation& block) {
    if (block.number > number) out.push_back(block);
  });
  std::ranges::sort(out, {}, &Allocation::number);
  return out;
}

}  // namespace oftwin::harness

// --- What every library of the process calls ---

using namespace oftwin::harness;

extern "C" {

void* malloc(std::size_t size) noexcept {
  if (looking) return __libc_malloc(size);
  return noted(next().malloc(size), size, __builtin_return_address(0));
}

void free(void* block) noexcept {
  if (block == nullptr) return;
  ledger.remove(block);
  next().free(block);
}

void* calloc(std::size_t n, std::size_t size) noexcept {
  if (looking) {
    void* block = __libc_malloc(n * size);
    return block == nullptr ? nullptr : std::memset(block, 0, n * size);
  }
  return noted(next().calloc(n, size), n * size, __builtin_return_address(0));
}

void* realloc(void* block, std::size_t size) noexcept {
  const bool ours = block != nullptr && ledger.remove(block);
  void* const moved = next().realloc(block, size);
  if (moved == nullptr) {
    // With a size of 0 it has been freed; otherwise it is still there.
    if (ours && size != 0) ledger.add(block, malloc_usable_size(block), __builtin_return_address(0));
    return nullptr;
  }
  if (ours) {
    ledger.add(moved, size, __builtin_return_address(0));
    return moved;
  }
  return noted(moved, size, __builtin_return_address(0));
}

void* reallocarray(void* block, std::size_t n, std::size_t size) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(n, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(block, bytes);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  const int error = next().posix_memalign(block, alignment, size);
  if (error == 0) noted(*block, size, __builtin_return_address(0));
  return error;
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return noted(next().memalign(alignment, size), size, __builtin_return_address(0));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return noted(next().memalign(alignment, size), size, __builtin_return_address(0));
}

}  // extern "C"

#endif
