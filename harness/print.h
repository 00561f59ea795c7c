// Events and observations as text, one canonical spelling each (design: the trace format).
//
// Events print losslessly: harness/trace_text.h reads back exactly what was printed; bytes that are no message that
// harness/request.h knows print as `bytes 01 0e ..`. Observations print so that two that differ in anything compared
// print differently; what is default, and xids of requests that need no name, are left out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/request.h"
#include "spec/event.h"
#include "spec/observation.h"

namespace oftwin::harness {

std::string print_conn(ConnName conn);              // c1, s2
std::string print_rule(RuleName rule);              // e7, e7.2; r5: a subject's own count
std::string print_error(Error error);               // ok, FLOW_MOD_FAILED/OVERLAP, NX:BAD_REQUEST/0x100, errno:12
std::string print_answer(const Answer& answer);     // done, pending, failed=ERROR, refused=ERROR
std::string print_match(const Match& match);        // in_port=1 tcp nw_dst=10.0.0.0/8; empty: matches everything
std::string print_actions(ByteView actions);        // output:2,mod_vlan_vid:5; drop: none
std::string print_bytes(ByteView bytes);            // 01 0e 00 50
std::string print_port(std::uint16_t port);         // 3, LOCAL, CONTROLLER
std::string print_request(const Request& request);  // without the xid: flow_mod add priority=10 actions=output:2

// What a reply calls the request that it answers: `e3` for the first message of event 3, `e3.2` for its second. Without
// events to look at, an xid is taken for default_xid()'s.
class Naming {
 public:
  Naming() = default;
  explicit Naming(std::span<const Event> events);
  // From here on, replies to the only message on their connection in `block` leave its name out.
  void enter_block(std::span<const Event> block);

  // ` request=e3`, ` xid=0x1234` if nothing has that xid or nothing if it need not be said.
  std::string request(ConnName conn, std::uint32_t xid) const;
  // Whether `data` is what an error has to quote of the request with that xid. False if the events are not known.
  bool quotes(ConnName conn, std::uint32_t xid, ByteView data) const;

 private:
  struct Known {
    RuleName name;
    Bytes head;  // what an error quotes of it
  };
  using Key = std::uint64_t;  // connection and xid
  static Key key(ConnName conn, std::uint32_t xid);

  bool events_known_ = false;
  std::unordered_map<Key, std::vector<Known>> requests_;
  std::unordered_map<Key, std::optional<std::uint32_t>> only_;  // connection: the block's only xid on it, if only one
};

// Of operations, as in `provider next add done pending`: add, modify, delete.
std::string_view operation_word(OperationKind kind);

// Without its id. The messages of a Recv after the first stand on lines of their own, which begin with `  + `.
std::string print_event(const Event& event);
// One line; a statistics reply: one for each record.
std::string print_observation(const Observation& observation, const Naming& naming = {});

}  // namespace oftwin::harness
