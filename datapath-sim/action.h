// Action lists: which ones are accepted, and what they come to.
//
// A list is judged and compiled in one go, once, when its rule is made: what a step needs is found then, so that a
// packet only does what is left to do. Invariant: a program exists only of a list without a wrong action.
#pragma once

#include <cstdint>
#include <vector>

#include "datapath-sim/field.h"
#include "impl/provider.h"
#include "spec/bytes.h"

namespace oftwin::sim {

inline constexpr std::uint8_t kCurrentTable = 255;

// `count` bits of a field from bit `shift` on; count 1 to 64.
struct BitRange {
  Field field = Field::reg0;
  std::uint8_t shift = 0, count = 64;

  constexpr std::uint64_t mask() const { return ~std::uint64_t{0} >> (64 - count) << shift; }
};

// Sixteen bytes, so that a short program is in one cache line.
struct Step {
  enum class Kind : std::uint8_t {
    output,       // to `out.port`; `out.argument` bytes of it, if to the controller
    enqueue,      // to `out.port`, on queue `out.argument`
    set,          // `to` to `value`
    move,         // `from` to `to`, of as many bits
    resubmit,     // to `table`, with `out.port` for the in_port, or the packet's own if `out.argument` is 1
    set_queue,    // to `value`
    pop_queue,    //
    bundle,       // output to the first live one of the `value` candidates that follow
    bundle_load,  // its number to `to`
    candidate,    // `out.port`; nothing by itself
    autopath,     // `out.port` to `to`, if there is such a port
  };
  struct Out {
    std::uint16_t port;
    std::uint32_t argument;
  };

  Kind kind = Kind::output;
  std::uint8_t table = kCurrentTable;
  BitRange to, from;
  union {
    std::uint64_t value = 0;
    Out out;
  };
};
static_assert(sizeof(Step) == 16);

using Program = std::vector<Step>;

// OFT_OK and the program, or OFPET_BAD_ACTION with the code for the first action of the list that is wrong, and then
// `program` is left half made. `packets`: of the flow's match, or of the packet that a packet-out carries.
oft_error compile(ByteView actions, const Protocols& packets, Program& program);

}  // namespace oftwin::sim
