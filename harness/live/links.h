// Up to kMostLinks connections to one switch, made through one meeting.
//
// The first is there from the beginning to the end. Others are added while the switch takes them, may be closed, and
// are opened again if it is we who connect. Only the first `used` ones matter: a spare one that the switch has closed
// is opened again when it is needed, and what it says is for nobody.
// Invariant: next() hands out the messages of each link in the order of its stream.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "harness/live/link.h"

namespace oftwin::harness::live {

inline constexpr std::size_t kMostLinks = 3;

class Links {
 public:
  // Meets the switch. `answer_ms`: how long the switch may be silent. throws LinkError.
  Links(net::Reactor& reactor, net::Meeting& meeting, net::Deadline deadline, std::uint64_t answer_ms);

  std::size_t size() const { return size_; }
  Link& operator[](std::size_t link) { return *links_[link]; }
  // One more, at the end; nullptr: the switch does not take one until `deadline`, and then why_not() says why.
  Link* add(net::Deadline deadline);
  const std::string& why_not() const { return why_not_; }
  // The last one is not wanted, and `why`.
  void drop_last(std::string why) { links_[--size_].reset(), why_not_ = std::move(why); }

  bool is_open(std::size_t link) const { return links_[link] && !links_[link]->over(); }
  // Closes it when what was sent has gone out. throws LinkError.
  void close(std::size_t link);
  // Opens it, if it is not open. throws LinkError.
  void open(std::size_t link);
  // From now on the first `count` are used.
  void use(std::size_t count) { used_ = count; }

  struct From {
    std::size_t link;
    ByteView message;
  };
  // The next message of any of them, waiting for it until `deadline`; nullopt: none has come. Valid until the next
  // call. throws LinkError when the session of one that is used is over.
  std::optional<From> next(net::Deadline deadline);

 private:
  std::optional<From> poll();
  void keep_alive();

  net::Reactor& reactor_;
  net::Meeting& meeting_;
  const std::uint64_t answer_ms_;
  std::array<std::unique_ptr<Link>, kMostLinks> links_;
  std::size_t size_ = 1, used_ = 1;
  std::string why_not_;
};

}  // namespace oftwin::harness::live
