// The optimized switch: OpenFlow bytes in, OpenFlow bytes and provider calls out. Edition `corrected` only.
//
// A request is first planned (const: everything that the switch itself can refuse or postpone is found before anything
// moves) and then committed; each operation carries what undoes it. Single-threaded; the owner calls run() whenever
// wake() says so.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "impl/provider.h"
#include "spec/bytes.h"
#include "spec/config.h"
#include "spec/event.h"
#include "spec/observation.h"

namespace oftwin::impl {

// Where the switch's own output goes. Calls happen in the exact order of the events they report. Views are valid during
// the call.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void send(ConnName conn, ByteView message) = 0;
  virtual void conn_up(ConnName conn) = 0;
  virtual void conn_down(ConnName conn) = 0;
  virtual void conn_gone(ConnName conn) = 0;
  // One flow of a dump. All ones: unknown.
  virtual void flow(const oft_rule& rule, std::uint64_t age_s, std::uint64_t packets, std::uint64_t bytes) = 0;
};

class Switch {
 public:
  // Attaches to `instance` of `provider`; both outlive the switch. Ports and table names come from the provider; the
  // number of tables, initial connections, descriptions, datapath id, capabilities and the clock at the start from the
  // config.
  Switch(const SwitchConfig& config, const oft_provider& provider, void* instance, Listener& listener);
  ~Switch();
  Switch(const Switch&) = delete;
  Switch& operator=(const Switch&) = delete;

  // The transport's side. Names that do not exist are ignored.
  void conn_opened(ConnName conn);
  void conn_closed(ConnName conn);
  void conn_stalled(ConnName conn, bool stalled);
  void receive(ConnName conn, ByteView bytes);

  void set_now(std::uint64_t ms);
  void run();  // one iteration of the poll loop
  observation::Wake wake() const;

  // Requests of the switch's own.
  void flush();
  // match: OpenFlow 1.0's structure.
  void hidden_add(std::uint32_t priority, const WireMatchBytes& match, ByteView actions);
  bool hidden_del(std::uint32_t priority, const WireMatchBytes& match);
  void set_in_band(std::uint64_t local_mac, std::span<const event::InBandRemote> remotes);
  // Settings; see spec/event.h for what each means.
  void set_controllers(std::span<const std::uint16_t> numbers);
  void reconnect();
  void set(event::Setting setting, std::uint64_t value);
  void describe(const event::Describe& texts);
  // Calls the listener with every flow, hidden ones included.
  void dump_flows() const;
  void destroy();  // finishes everything; the object stays valid but does nothing any more

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace oftwin::impl
