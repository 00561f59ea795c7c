// Readings: what a switch makes of a message where it does not follow the law, predicted exactly.
//
// A reading has a name, by which a ledger (harness/live/ledger.h) says that it is expected and why that is acceptable.
// Here is the code that says when it applies and what happens then. It works in one or both of two places: before the
// model, where it says what the switch takes the message for; and after the model, where it changes the records that
// the law asks for into those that the switch sends. What comes of it is compared with what is heard as exactly as the
// law is, so a switch that follows the law where its ledger says that it does not is found out.
//
// Invariant: a reading is a function of the message, of the model's state and the switch's memory before it, and of
// nothing heard.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/session_reply.h"
#include "model/state.h"
#include "model/step.h"
#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/names.h"

namespace oftwin::harness::live {

using Records = std::vector<ReplyRecord>;

// What a switch remembers that the model has no words for.
struct Memory {
  bool ports_of_fragments = false;  // a first fragment's ports are matched
  bool ports_are_open = false;      // frames went out of ports that are not known; what these count is open
  bool operator==(const Memory&) const = default;
};

struct Asked {
  ByteView message;           // whole
  const model::State& state;  // before it
  const Memory& memory;
  const model::Choices& choices;  // about lookups
  ConnName conn;
  bool accepted = false;  // the switch accepted the connection, though the model takes it for one to a controller
  const model::Connection* connection() const;
  bool is_service() const { return accepted || conn.kind == ConnKind::service; }
  bool is_slave() const;  // and so may change nothing
  bool is_read() const;   // the connection is open
};

// What the switch takes a message for.
struct Instead {
  enum class How : std::uint8_t {
    as,       // for `message`
    refused,  // answers `error`, and nothing else happens
    replies,  // answers `message`, and nothing else happens
    silent,   // nothing happens at all
    answers,  // follows the law, but its answer is not known
    leaves,   // does what the model has no words for: the scenario cannot be followed from here on
    does,     // what `does` does
  } how = How::silent;
  Bytes message = {};
  Error error = {};
  std::function<void(model::State&)> first = {};          // what the state is taken to be for `as`
  std::function<void(model::State&, Memory&)> then = {};  // what becomes of the state after `as`
  std::function<void(model::State&, Memory&, model::Outcome&)> does = {};
};
struct Taken {
  std::string_view reading;
  Instead instead;
  std::vector<std::string_view> also = {};  // readings that had a part in it
};

// Whether a reading is in force; asked with its name.
using InForce = std::function<bool(std::string_view)>;
// Told the name of each reading that changed something.
using Used = std::function<void(std::string_view)>;

// A message that the switch sends of its own accord where the law has none.
struct Told {
  ConnName to;
  Bytes message;
};

// How one family of switches reads. `readings` are the names of all its readings.
struct Dialect {
  std::string_view name;
  std::span<const std::string_view> readings;
  std::optional<Taken> (*take)(const Asked&);
  // What it makes of a frame that arrives on a port, put as the packet-out that would look it up (output to the table):
  // Instead::How::does or leaves.
  std::optional<Taken> (*take_frame)(const Asked&);
  void (*amend)(const Asked&, Records&, const InForce&, const Used&);
  // The reading by which frames go out of ports that are not known, see Memory.
  std::string_view opens_ports;
  // The reading by which the end of some rules is told otherwise, and makes a flow-removed message so if it is about
  // this rule; false: it is not, or nothing is told otherwise of it.
  std::string_view removals_are_told;
  bool (*tell_removal)(const model::Rule& rule, Bytes& message);
  // The reading of a message that ends the switch, or leaves a session that cannot be brought back into the known
  // state; empty: it does not.
  std::string_view (*deadly)(ByteView message);
  // The reading by which connections that the switch accepts have roles, as those to its controllers; empty: there is
  // none. What else the law says of service connections holds: without a miss-send length they hear nothing unasked,
  // and a new one has none.
  std::string_view roles_for_anyone;
  // The reading by which others are told of a port-mod, and who is told what; `ports`: as they were before it.
  std::string_view port_mods_are_told;
  std::vector<Told> (*tell_port_mod)(ConnName by, const std::vector<model::Port>& ports, const model::State& after);
};

extern const Dialect open_vswitch_3;

// The dialect of that name; nullptr: there is none.
const Dialect* dialect(std::string_view name);

}  // namespace oftwin::harness::live
