#include "harness/capture_of.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <utility>

#include "harness/capture_write.h"
#include "harness/expect.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "model/step.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr std::uint32_t kSwitchIp = 0x0a000001, kControllers = 0x0a000100, kClients = 0x0a000200;
constexpr std::uint16_t kControllerPort = 6653, kListening = 6634, kFirstPort = 40000;
constexpr std::uint64_t kStart_us = 1'000'000'000;  // of the first packet

template <class T, class... Ts>
bool is_one_of(const EventBody& body) {
  return std::holds_alternative<T>(body) || (std::holds_alternative<Ts>(body) || ...);
}

class Writer {
 public:
  explicit Writer(const Trace& trace) : trace_(trace) {}

  WrittenCapture write() {
    model::State state = model::initial(trace_.config, edition_of(trace_));
    for (const ConnName conn : trace_.config.connections) open(conn);
    for (const Event& e : trace_.events) {
      said(e.body);
      model::Outcome outcome;
      model::step(state, e, {}, outcome);
      for (const Observation& o : outcome.observations) heard(o);
    }
    out_.pcap = writer_.take();
    return std::move(out_);
  }

 private:
  void said(const EventBody& body) {
    if (const auto* clock = std::get_if<event::Clock>(&body)) {
      now_us_ = std::max(now_us_, kStart_us + (passed_ms_ += clock->ms) * 1000);
    } else if (const auto* opened = std::get_if<event::ConnOpen>(&body)) {
      open(opened->conn);
    } else if (const auto* closed = std::get_if<event::ConnClose>(&body)) {
      close(closed->conn, false);
    } else if (const auto* recv = std::get_if<event::Recv>(&body)) {
      if (auto* c = connection(recv->conn)) c->say(controller_opens(recv->conn), recv->bytes, now_us_);
    } else if (const auto* frame = std::get_if<event::PacketArrives>(&body)) {
      out_.frames += fmt::format("{}.{:06} {} {}\n", now_us_ / 1'000'000, now_us_ % 1'000'000, frame->port,
                                 print_hex(frame->frame));
      ++now_us_;
    } else if (!is_one_of<event::Loop, event::PortChange, event::ProviderExpire>(body)) {
      ++out_.left_out;  // a port-status and a flow-removed message tell of the others
    }
  }

  void heard(const Observation& o) {
    if (const auto* send = std::get_if<observation::Send>(&o)) {
      if (auto* c = connection(send->conn)) c->say(!controller_opens(send->conn), send->bytes, now_us_);
    } else if (const auto* down = std::get_if<observation::ConnDown>(&o)) {
      close(down->conn, true);
    } else if (const auto* gone = std::get_if<observation::ConnGone>(&o)) {
      close(gone->conn, true);
    }
  }

  static bool controller_opens(ConnName conn) { return conn.kind != ConnKind::primary; }

  WrittenConnection* connection(ConnName conn) {
    const auto at = connections_.find(conn);
    return at == connections_.end() ? nullptr : &at->second;
  }

  // What snooping connections are told is no conversation of its own.
  void open(ConnName conn) {
    if (conn.kind == ConnKind::snoop || connections_.contains(conn)) return;
    const WrittenConnection::End accepted{kSwitchIp, kListening}, client{kClients + conn.number, next_port_};
    const WrittenConnection::End its{kSwitchIp, next_port_}, controller{kControllers + conn.number, kControllerPort};
    ++next_port_;
    const bool by_controller = controller_opens(conn);
    WrittenConnection& c = connections_
                               .emplace(conn, WrittenConnection(writer_, by_controller ? client : its,
                                                                by_controller ? accepted : controller))
                               .first->second;
    c.open(now_us_);
    const Bytes hello = encode(request::Hello{});
    for (const bool opener : {true, false}) c.say(opener, hello, now_us_);
    if (!std::exchange(introduced_, true)) introduce(c, by_controller);
  }

  // The model's features as they are at the beginning.
  void introduce(WrittenConnection& c, bool by_controller) {
    SwitchConfig config = trace_.config;
    config.connections = {ConnName{ConnKind::primary, 1}};
    const Bytes asks = encode(request::FeaturesRequest{kIntroduction});
    model::State state = model::initial(config);
    model::Outcome outcome;
    model::step(state, {1, event::Recv{config.connections[0], asks}}, {}, outcome);
    model::step(state, {0, event::Loop{0}}, {}, outcome);
    c.say(by_controller, asks, now_us_);
    for (const Observation& o : outcome.observations) {
      if (const auto* send = std::get_if<observation::Send>(&o)) c.say(!by_controller, send->bytes, now_us_);
    }
  }

  void close(ConnName conn, bool by_switch) {
    const auto at = connections_.find(conn);
    if (at == connections_.end()) return;
    at->second.close(by_switch != controller_opens(conn), now_us_);
    connections_.erase(at);
  }

  static constexpr std::uint32_t kIntroduction = 0xfffffff0;  // an xid

  const Trace& trace_;
  CaptureWriter writer_;
  WrittenCapture out_;
  std::map<ConnName, WrittenConnection> connections_;
  std::uint64_t now_us_ = kStart_us, passed_ms_ = 0;
  std::uint16_t next_port_ = kFirstPort;
  bool introduced_ = false;
};

}  // namespace

WrittenCapture capture_of(const Trace& trace) { return Writer(trace).write(); }

}  // namespace oftwin::harness
