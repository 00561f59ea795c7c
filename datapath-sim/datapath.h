// The software datapath: the built-in provider.
//
// Packets are parsed, looked up, acted upon and counted here; operations can be answered late or with an error, as
// told. Deterministic: everything that happens is a function of the calls made and of the host's clock.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "impl/provider.h"
#include "spec/bytes.h"
#include "spec/config.h"
#include "spec/error.h"
#include "spec/event.h"

namespace oftwin::sim {

// Told about everything that can be seen from outside the switch; views are valid during the call.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void packet_tx(std::uint16_t port, ByteView frame) = 0;
  // A lookup in `table` found `rule` (nullptr: a miss).
  virtual void lookup(std::uint8_t table, const oft_rule* rule) = 0;
  // What belongs to the frame that leaves, or is handed up, next and does not show in it; not called when there is
  // nothing: all zero and no queue.
  virtual void metadata(std::uint64_t tun_id, const std::array<std::uint32_t, 4>& reg,
                        std::optional<std::uint32_t> queue) = 0;
};

class Datapath {
 public:
  // Ports and tables are the config's. `observer` may be null and outlives the datapath.
  explicit Datapath(const SwitchConfig& config, Observer* observer = nullptr);
  ~Datapath();
  Datapath(const Datapath&) = delete;
  Datapath& operator=(const Datapath&) = delete;

  // The provider's function table; the instance to pass with it is the Datapath itself.
  static const oft_provider& provider();

  // Faults and latency: the same words as in a trace (spec/event.h). A planned answer wins over the policy; an answer
  // `done` of an operation whose kind has a latency completes that many ms later. An operation that is `pending` by
  // plan or policy waits for complete().
  void plan(OperationKind kind, Answer answer);
  void policy(std::optional<OperationKind> kind, Answer answer);
  void latency(std::optional<OperationKind> kind, std::uint32_t ms);
  // Completes the pending operation on `rule` in the next run(); nothing if there is none then.
  void complete(const oft_rule* rule, Error error);
  // A frame arrives on a port, out of a tunnel if `tun_id` is not 0; processed in the next run(). Frames on ports that
  // do not exist are dropped.
  void packet_arrives(std::uint16_t port, ByteView frame, std::uint64_t tun_id = 0);
  void change_port(event::PortChangeKind kind, const PortConfig& port);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace oftwin::sim
