// What stands between this process and one that has somebody else's code in it.
//
// That code may write to descriptors that are not its own, or close them, print without end, fork and come back twice,
// leave processes behind. So what the other process has to tell is recognized by a number that only the two of them
// know, what it prints is kept within bounds, and what became of it is a set of facts in memory that both see.
#pragma once

#include <sys/mman.h>
#include <sys/types.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace oftwin::cli {

// Literals are of this program, which both processes have at the same addresses.
struct Facts {
  enum class Fault : std::uint8_t { none, signal, exception, no_memory, descriptor };
  std::atomic<Fault> fault;
  std::atomic<bool> hosts;           // it was not in that code, but in what lies around it or what it called back
  std::atomic<bool> copied;          // it forked, and the copy came back, too
  std::atomic<const char*> call;     // in progress, "rule_construct"; nullptr: none
  std::atomic<const char*> clause;   // that the fault breaks
  std::atomic<std::int64_t> frames;  // where in the words the stack begins; 0: there is none
  char what[400];                    // of an exception: its type and what it says
};

// Memory for one T, all zeros, which processes share that are forked later. throws std::system_error.
template <class T>
class SharedMemory {
 public:
  SharedMemory() {
    void* const p = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    shared_ = static_cast<T*>(p);
  }
  ~SharedMemory() { munmap(shared_, sizeof(T)); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  T* get() const { return shared_; }

 private:
  T* shared_;
};

// --- What is told ---

struct Secret {
  std::uint64_t number = 0;
};
Secret new_secret();

enum class PieceKind : std::uint8_t { told, result };
// False: the descriptor is gone, or somebody else's.
bool write_piece(int fd, Secret secret, PieceKind kind, std::string_view text);

// Takes the pieces apart, and out of whatever else was written between them.
class Pieces {
 public:
  Pieces(Secret secret, std::function<void(const std::string&)> told) : secret_(secret), told_(std::move(told)) {}
  void add(const char* bytes, std::size_t n);
  std::optional<std::string> result;
  std::uint64_t foreign() const { return foreign_; }  // bytes that were no piece

 private:
  bool take();
  void drop(std::size_t n);

  const Secret secret_;
  const std::function<void(const std::string&)> told_;
  std::string text_;
  std::uint64_t foreign_ = 0;
};

// The same descriptor under a high number, where code that counts on the next free one, or closes the first few, does
// not meet it; the old number is free afterwards.
int out_of_the_way(int fd);

// --- What it prints ---

// A descriptor of memory for it, for standard output and standard error of the other process.
int new_words();
// Keeps the beginning and the end of what has been printed so far. True: it has grown since `before`, which is updated.
bool trim_words(int words, std::int64_t& before);

struct LastWords {
  std::string printed;  // its beginning and its end, if it is long
  std::string frames;   // the stack, as the C library prints it
};
LastWords last_words_in(int words, const Facts& facts);

// --- What it leaves behind ---

// Children of `parent`, those apart that `except` names. (This process inherits those whose parent is gone.)
std::vector<pid_t> children_of(pid_t parent, const std::vector<pid_t>& except = {});
void inherit_orphans();
// Ends all children of this process but those; how many there were.
std::size_t end_strays(const std::vector<pid_t>& known);

}  // namespace oftwin::cli
