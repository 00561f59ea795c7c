// Do both switches understand the same by the same bytes?
//
// Input: one byte of circumstances, then what arrives at a switch that has a flow: raw bytes, or (bit 0) the body of a
// message with a true header. Bit 1: the table-id extension is on. Bits 2-6: the message's type.
#include "fuzz/agreement.h"
#include "harness/default_config.h"
#include "harness/request.h"
#include "harness/subject/builtin.h"
#include "harness/trace_text.h"
#include "harness/wire_io.h"

using namespace oftwin;
static Bytes arriving(unsigned circumstances, ByteView body) {
  Bytes out;
  if ((circumstances & 1) != 0) {
    harness::put<std::uint16_t>(out, static_cast<std::uint16_t>(0x0100 | (circumstances >> 2 & 31)));
    harness::put<std::uint16_t>(out, static_cast<std::uint16_t>(body.size() + 8));
    harness::put<std::uint32_t>(out, 0x301);
  }
  harness::put_bytes(out, body);
  return out;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 60000) return 0;
  static const auto subject = harness::make_builtin_subject();
  harness::Trace trace;
  trace.config = harness::default_config();
  trace.config.tables.resize(2);
  const auto receive = [&trace](std::uint32_t id, const Bytes& bytes) {
    trace.events.push_back({id, event::Recv{{ConnKind::primary, 1}, bytes}});
    trace.events.push_back({0, event::Loop{}});
  };
  receive(1, harness::encode(harness::request::FlowMod{}));
  if ((data[0] & 2) != 0) receive(2, harness::encode(harness::request::FlowModTableId{}));
  receive(3, arriving(data[0], {data + 1, size - 1}));
  harness::make_blocks(trace);
  fuzz::must_agree(*subject, trace);
  return 0;
}
