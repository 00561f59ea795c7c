// Do the model and the software datapath do the same to any frame by any actions?
//
// Input: the lengths of two lists in units of eight bytes, the lists, a frame. It comes in by a packet-out with the
// first list, and on a port, where a rule has that list; the second is a rule's in table 1.
#include <algorithm>

#include "fuzz/agreement.h"
#include "harness/default_config.h"
#include "harness/request.h"
#include "harness/subject/builtin.h"
#include "harness/trace_text.h"

using namespace oftwin;
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 20000) return 0;
  static const auto subject = harness::make_builtin_subject();
  const std::uint8_t *end = data + size, *list = data + 2, *other = std::min(list + data[0] * 8, end),
                     *begin = std::min(other + data[1] * 8, end);
  const Bytes first(list, other), second(other, begin), frame(begin, end);
  harness::Trace trace;
  trace.config = harness::default_config();
  trace.config.provider = ProviderMode::simulated;
  trace.config.tables.resize(2);
  const auto drive = [&trace](EventBody body) {
    trace.events.push_back({static_cast<std::uint32_t>(trace.events.size() + 1), std::move(body)});
  };
  const auto send = [&](const harness::Request& r) { drive(event::Recv{{ConnKind::primary, 1}, harness::encode(r)}); };
  send(harness::request::FlowModTableId{});
  harness::request::FlowMod add;
  add.actions = first;
  send(add);
  add.command |= 1 << 8;
  add.actions = second;
  send(add);
  send(harness::request::PacketOut{0, OFP_NO_BUFFER, 2, first, frame});
  drive(event::PacketArrives{1, frame, 1});
  trace.events.push_back({0, event::Loop{}});
  harness::make_blocks(trace);
  fuzz::must_agree(*subject, trace);
  return 0;
}
