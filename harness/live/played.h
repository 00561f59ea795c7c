// The inside of a conversation: a scenario that is being played, and what is about to be sent for it.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "harness/live/conversation.h"
#include "harness/live/tags.h"
#include "harness/request.h"
#include "harness/wire_io.h"

namespace oftwin::harness::live {

// What an xid was used for; a number from 0 up is the position of the scenario's event.
enum Purpose : std::int32_t {
  for_end = -1,        // a barrier behind everything
  for_order = -2,      // a barrier in the middle
  for_nothing = -3,    // whatever is answered is of no interest
  for_reset = -4,      // nothing may be answered
  for_emptiness = -5,  // aggregate statistics that have to count no flow
  for_tables = -6,
  for_ports = -7,
  for_counts = -8,  // port statistics: how many frames each port has taken in
};

struct Conversation::Played {
  Trace trace;
  std::uint64_t number = 0;
  std::uint32_t first_xid = 0;
  struct Use {
    std::int32_t purpose;
    std::size_t link;
  };
  std::vector<Use> uses;  // of the xids from first_xid on
  std::size_t bytes = 0, packets = 1;
  std::size_t burst = 0;           // packets since the ports had time to send what they had
  bool counting = false;           // it is known how many frames the ports had taken in before
  bool counts_due = false;         // they have been asked for
  std::size_t unanswered = 0;      // barriers at the end
  std::vector<bool> packets_over;  // by link: the sentinel has been seen
  net::Clock::time_point begin, last;
  Heard heard;

  bool over() const {
    return unanswered == 0 && std::find(packets_over.begin(), packets_over.end(), false) == packets_over.end();
  }
};

// Collects what is to be sent, on one link at a time.
struct Conversation::Wire {
  Conversation& c;
  Played& played;
  std::size_t link = 0;
  Bytes bytes = {};
  bool stirred = false;         // something was said since the last quiet of which the switch may tell late
  bool unsettled = false;       // frames have been put on ports, and nothing was said since
  bool removals_asked = false;  // for some flow
  // By link: the scenario has closed it; it was without a miss-send length once, and may be still (another may be
  // refused).
  std::array<bool, kMostLinks> closed{}, deaf{};

  void add(Bytes message, std::int32_t purpose) {
    set_xid(message, c.take_xid());
    played.uses.push_back({purpose, link});
    put_bytes(bytes, message);
    ++c.messages_;
  }
  template <class R>
  void ask(const R& request, std::int32_t purpose) {
    add(encode(request), purpose);
  }
  // What tells later how the counters have changed, and that there are no flows.
  void ask_for_baseline();
  void reset_connection();
  void reset_switch();
  void sentinels();
  // What a message of the scenario may cause.
  void note(ByteView message);
};

}  // namespace oftwin::harness::live
