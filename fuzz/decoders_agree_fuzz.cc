// Do both switches understand the same by the same bytes?
//
// Input: one byte of circumstances, then what arrives on the connection of a switch that has two flows: raw bytes, or
// (bit 0) a body that is given a true header. Bit 1: the table-id extension is on. Bits 2-6: the type.
#include "fuzz/agreement.h"
#include "harness/default_config.h"
#include "harness/request.h"
#include "harness/subject/builtin.h"
#include "harness/trace_text.h"

namespace {

oftwin::Bytes arriving(unsigned circumstances, oftwin::ByteView body) {
  oftwin::Bytes out(body.begin(), body.end());
  if ((circumstances & 1) == 0) return out;
  const std::size_t length = out.size() + 8;
  const auto type = static_cast<std::uint8_t>(circumstances >> 2 & 31);
  const oftwin::Bytes header = {
      1, type, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length), 0, 0, 1, 1};
  out.insert(out.begin(), header.begin(), header.end());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace oftwin;
  if (size == 0 || size > 60000) return 0;
  static const auto subject = harness::make_builtin_subject();
  harness::Trace trace;
  trace.config = harness::default_config();
  trace.config.tables.resize(2);
  const ConnName conn = trace.config.connections.front();
  harness::request::FlowMod flow;
  trace.events = {{1, event::Recv{conn, encode(flow)}}, {0, event::Loop{}}};
  if (data[0] & 2) trace.events.push_back({2, event::Recv{conn, encode(harness::request::FlowModTableId{})}});
  trace.events.push_back({3, event::Recv{conn, arriving(data[0], {data + 1, size - 1})}});
  trace.events.push_back({0, event::Loop{}});
  harness::make_blocks(trace);
  fuzz::must_agree(*subject, trace);
  return 0;
}
