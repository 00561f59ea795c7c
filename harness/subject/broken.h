// A subject with a planted fault, to measure the minimizer with: an echo reply comes back wrong if its request carries
// a certain text and two certain flow-mods (told by their cookies) were received before it. Exactly these three
// messages of a trace, however long, are what it diverges because of.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/request.h"
#include "harness/subject/subject.h"
#include "harness/trace.h"
#include "spec/openflow.h"

namespace oftwin::harness {

class BrokenSubject : public Subject {
 public:
  static constexpr std::uint64_t kCookies[] = {0x6f66747769, 0x6e74776f};
  static constexpr std::string_view kText = "now";

  explicit BrokenSubject(Subject& inner) : inner_(inner) {}

  void reset(const SwitchConfig& config) override {
    inner_.reset(config);
    seen_[0] = seen_[1] = false;
  }
  void drive(const Event& event, std::vector<Observation>& out) override {
    if (const auto* recv = std::get_if<event::Recv>(&event.body)) look_at(recv->bytes);
    const std::size_t before = out.size();
    inner_.drive(event, out);
    if (!seen_[0] || !seen_[1]) return;
    for (std::size_t i = before; i < out.size(); ++i) spoil(out[i]);
  }
  unsigned channels() const override { return inner_.channels(); }
  void project(Observation& o) const override { inner_.project(o); }
  std::string name() const override { return "broken " + inner_.name(); }

 private:
  void look_at(ByteView bytes) {
    for (const ByteView message : cut_messages(bytes).messages) {
      namespace f = wire::flow_mod;
      if (message.size() < f::size || message[f::cookie.offset] != 0 || message[1] != OFPT_FLOW_MOD) continue;
      std::uint64_t cookie = 0;
      for (std::size_t i = 0; i < f::cookie.size; ++i) cookie = cookie << 8 | message[f::cookie.offset + i];
      for (std::size_t i = 0; i < 2; ++i) seen_[i] |= cookie == kCookies[i];
    }
  }
  static void spoil(Observation& o) {
    auto* send = std::get_if<observation::Send>(&o);
    if (!send || send->bytes.size() != wire::header::size + kText.size() || send->bytes[1] != OFPT_ECHO_REPLY) return;
    if (std::equal(kText.begin(), kText.end(), send->bytes.begin() + wire::header::size)) send->bytes.back() ^= 1;
  }

  Subject& inner_;
  bool seen_[2] = {};
};

// Replaces three messages of the trace, far apart, by those of the fault. Events that hold other things than one
// message each are passed over.
inline void plant_fault(Trace& trace) {
  std::vector<event::Recv*> messages;
  for (Event& e : trace.events) {
    if (auto* recv = std::get_if<event::Recv>(&e.body)) messages.push_back(recv);
  }
  if (messages.size() < 4) return;
  const auto replace = [&](std::size_t at, Request r) {
    if (const auto old = decode_request(messages[at]->bytes)) set_xid(r, xid_of(*old));
    messages[at]->bytes = encode(r);
  };
  request::FlowMod fm;
  fm.actions = action::output(2);
  for (std::size_t i = 0; i < 2; ++i) {
    fm.cookie = BrokenSubject::kCookies[i];
    fm.match.wildcards &= ~std::uint32_t{OFPFW_IN_PORT};
    fm.match.in_port = static_cast<std::uint16_t>(i + 1);
    replace(messages.size() * (i + 1) / 4, fm);
  }
  const auto* text = reinterpret_cast<const std::uint8_t*>(BrokenSubject::kText.data());
  replace(messages.size() - 1, request::EchoRequest{0, Bytes(text, text + BrokenSubject::kText.size())});
}

}  // namespace oftwin::harness
