#include "harness/serve/greeting.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/files.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr std::size_t kHeader = wire::header::size;
constexpr std::uint8_t kFirstWithBitmap = 4;  // OpenFlow 1.3
constexpr unsigned kVersionBitmap = 1;        // OFPHET_VERSIONBITMAP

unsigned u16(ByteView bytes, std::size_t at) { return unsigned{bytes[at]} << 8 | bytes[at + 1]; }

Bytes header(OfpType type, std::size_t size) {
  return {OFP_VERSION, type, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size), 0, 0, 0, 0};
}

Greeting refuse(const std::string& why) {
  constexpr std::size_t fixed = wire::error_msg::size;
  Greeting out;
  out.why = why;
  out.refusal = header(OFPT_ERROR, fixed + why.size());
  out.refusal.insert(out.refusal.end(), {0, OFPET_HELLO_FAILED, 0, OFPHFC_INCOMPATIBLE});
  const ByteView text = as_bytes(why);
  out.refusal.insert(out.refusal.end(), text.begin(), text.end());
  return out;
}

// Whether the list of versions, if there is one, has OpenFlow 1.0 in it.
bool lists_openflow10(ByteView hello) {
  for (std::size_t at = kHeader; at + 4 <= hello.size();) {
    const std::size_t length = u16(hello, at + 2);
    if (length < 4) return true;  // no element
    if (u16(hello, at) == kVersionBitmap && length >= 8 && at + 8 <= hello.size()) {
      return (hello[at + 7] & 1u << OFP_VERSION) != 0;
    }
    at += (length + 7) / 8 * 8;
  }
  return true;
}

}  // namespace

Bytes hello() { return header(OFPT_HELLO, kHeader); }

Greeting answer_greeting(ByteView message) {
  const unsigned version = message[0], type = message[1];
  message = message.first(std::clamp<std::size_t>(u16(message, 2), kHeader, message.size()));
  if (type != OFPT_HELLO) return refuse(fmt::format("the first message is of type {}, not HELLO", type));
  if (version < OFP_VERSION) return refuse(fmt::format("version {} is older than OpenFlow 1.0", version));
  if (version >= kFirstWithBitmap && !lists_openflow10(message)) {
    return refuse("the versions offered are without OpenFlow 1.0");
  }
  return {};
}

}  // namespace oftwin::harness
