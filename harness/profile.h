// A profile: what a switch has, so far as it is free to have it or not. Somebody writes it for his switch, or
// `oftwin check --probe` finds it out.
//
// A profile is a TOML file; profile.cc lists its keys in one table, with what each means. What a profile does not say,
// the switch is taken to have: nothing is left out of a check in silence, only because a line of the profile says so,
// and the verdict names that line.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "spec/config.h"
#include "spec/nxm.h"

namespace oftwin::harness {

// Which masks a field may have. Each includes those before it; prefix: ones followed by zeros.
enum class Masks : std::uint8_t { none, exact, prefix, any };

// The fields of an OpenFlow 1.0 match, in the order of Profile::match.
inline constexpr std::array<std::string_view, 12> kMatchFields = {"in_port",     "dl_src",   "dl_dst", "dl_vlan",
                                                                  "dl_vlan_pcp", "dl_type",  "nw_src", "nw_dst",
                                                                  "nw_tos",      "nw_proto", "tp_src", "tp_dst"};
// Actions by their type (OFPAT_*), Nicira actions by their subtype (NXAST_*; empty: none has that number).
inline constexpr std::array<std::string_view, 12> kActions = {
    "output",     "set_vlan_vid", "set_vlan_pcp", "strip_vlan", "set_dl_src", "set_dl_dst",
    "set_nw_src", "set_nw_dst",   "set_nw_tos",   "set_tp_src", "set_tp_dst", "enqueue"};
inline constexpr std::array<std::string_view, 15> kNiciraActions = {
    "",     "resubmit",     "set_tunnel", "",         "set_queue", "pop_queue",   "reg_move",      "reg_load",
    "note", "set_tunnel64", "multipath",  "autopath", "bundle",    "bundle_load", "resubmit_table"};
// Reserved ports that an output may name, from OFPP_IN_PORT on, and statistics by their type (OFPST_*).
inline constexpr std::array<std::string_view, 7> kOutputs = {"in_port", "table",      "normal", "flood",
                                                             "all",     "controller", "local"};
inline constexpr std::array<std::string_view, 6> kStatistics = {"desc", "flow", "aggregate", "table", "port", "queue"};

// What a port of the switch is wired to.
struct ProfilePort {
  std::uint16_t number = 0;  // 1 to OFPP_MAX - 1
  // nothing, or what harness/live/cable.h knows as a cable: `interface:NAME`, a network interface of the machine that
  // checks; `unix:PATH`, `tcp:HOST:PORT` or a passive form, a stream of frames.
  std::string connected = "nothing";
  bool operator==(const ProfilePort&) const = default;
};

struct Profile {
  std::string file;                            // where it was read; for places
  std::map<std::string, std::uint32_t> lines;  // `match.nw_src`: the line that says it, from 1

  std::string name = "a switch";
  std::uint32_t tables = 1, entries = 1000;
  std::array<Masks, 12> match = {Masks::exact,  Masks::exact,  Masks::exact, Masks::exact, Masks::exact, Masks::exact,
                                 Masks::prefix, Masks::prefix, Masks::exact, Masks::exact, Masks::exact, Masks::exact};
  bool nxm = true;
  std::array<Masks, nxm::fields.size()> nxm_match = all_masks();  // in the order of nxm::fields
  std::array<bool, 12> actions = all<12>();
  std::array<bool, 15> nicira_actions = all<15>();
  std::array<bool, 7> outputs = all<7>();
  std::array<bool, 6> statistics = all<6>();
  bool check_overlap = true, emergency_refused = true, send_flow_removed = true, idle_timeout = true,
       hard_timeout = true;
  std::uint32_t timeout_resolution_ms = 1000;
  std::uint32_t buffers = 256;
  bool nicira = true, table_id = true, port_mod = true, queue_config = true, malformed = true;
  std::uint32_t connections = 2;
  bool roles = true;
  std::uint32_t messages_per_s = 0;
  std::uint32_t settle_ms = 0;
  std::vector<ProfilePort> ports;

  bool operator==(const Profile& other) const;  // places do not count

  template <std::size_t N>
  static constexpr std::array<bool, N> all() {
    std::array<bool, N> out{};
    out.fill(true);
    return out;
  }
  static std::array<Masks, nxm::fields.size()> all_masks();
};

// One key of the file. `value` points into the profile that it was asked of.
struct Setting {
  struct Number {
    std::uint32_t* value;
    std::uint32_t least, most;
  };
  struct Mask {
    Masks* value;
    Masks most;
  };
  std::string section, key;
  std::variant<bool*, Number, Mask, std::string*> value;
  std::string_view meaning;  // of the key, one line; empty where the name says it
  std::string name() const { return section + "." + key; }
};
std::vector<Setting> settings_of(Profile& profile);

// `file:line:column: what is wrong`
class ProfileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// `file` is for messages and places. throws ProfileError: for what is no TOML, for unknown keys, wrong types, values
// out of range, ports that are there twice.
Profile parse_profile(std::string_view text, const std::string& file);
// throws FileError, too.
Profile read_profile(const std::string& path);

// As a file: every key, with its meaning. `seen`: by the name of a key (or `port`), what is to be said about it behind
// its line. parse_profile() of it gives the same profile.
std::string print_profile(const Profile& profile, const std::map<std::string, std::string>& seen = {});

// `none`, `exact`, `prefix`, `any`
std::string_view word_of(Masks masks);

// The switch that a trace is about, of the profile's size. throws nothing; ports 1 to 3 where the profile names none.
SwitchConfig config_of(const Profile& profile);

}  // namespace oftwin::harness
