// A world for tests of the software datapath: frames and actions made by hand, and a host that does nothing but write
// down what the provider's function table tells it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "datapath-sim/datapath.h"

namespace oftwin::sim {
inline constexpr std::uint16_t kController = 0xfffd, kTable = 0xfff9, kFlood = 0xfffb, kAll = 0xfffc, kInPort = 0xfff8,
                               kLocal = 0xfffe;

inline Bytes bytes(const std::string& hex) {
  Bytes out;
  std::string digits;
  for (char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() == 2) {
      out.push_back(static_cast<std::uint8_t>(std::stoi(digits, nullptr, 16)));
      digits.clear();
    }
  }
  return out;
}

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes be16(unsigned v) { return {static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)}; }

// --- Actions ------------------------------------------------------------------------------------------------------
inline Bytes action(unsigned type, const Bytes& body) {
  return be16(type) + be16(4 + static_cast<unsigned>(body.size())) + body;
}
inline Bytes output(unsigned port, unsigned max_len = 0xffff) { return action(0, be16(port) + be16(max_len)); }
inline Bytes set_vid(unsigned vid) { return action(1, be16(vid) + be16(0)); }
inline Bytes set_pcp(unsigned pcp) { return action(2, be16(pcp << 8) + be16(0)); }
inline Bytes strip() { return action(3, Bytes(4)); }
inline Bytes set_ip(unsigned type, std::uint32_t a) { return action(type, be16(a >> 16) + be16(a & 0xffff)); }
inline Bytes set_tos(unsigned tos) { return action(8, be16(tos << 8) + be16(0)); }
inline Bytes set_tp(unsigned type, unsigned port) { return action(type, be16(port) + be16(0)); }

// --- Frames -------------------------------------------------------------------------------------------------------
inline const Bytes kAddresses = bytes("020000000002 020000000001");

inline std::uint16_t sum16(const Bytes& data, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < data.size(); ++i) sum += i % 2 == 0 ? data[i] << 8 : data[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

inline void put16(Bytes& b, std::size_t at, unsigned v) {
  b[at] = static_cast<std::uint8_t>(v >> 8);
  b[at + 1] = static_cast<std::uint8_t>(v);
}

// An IPv4 packet with right checksums. `transport` has its checksum field zero, at `checksum_at`.
inline Bytes ipv4(unsigned proto, Bytes transport, std::size_t checksum_at, const Bytes& options = {}) {
  const unsigned header = 20 + static_cast<unsigned>(options.size());
  Bytes ip = bytes("4504 0000 0001 4000 40 00 0000 0a000001 0a000002") + options;
  ip[0] = static_cast<std::uint8_t>(0x40 | header / 4);
  ip[9] = static_cast<std::uint8_t>(proto);
  put16(ip, 2, header + static_cast<unsigned>(transport.size()));
  put16(ip, 10, static_cast<std::uint16_t>(~sum16(ip)));
  const Bytes pseudo = bytes("0a000001 0a000002") + be16(proto) + be16(static_cast<unsigned>(transport.size()));
  const auto checksum = static_cast<std::uint16_t>(~sum16(transport, sum16(pseudo)));
  put16(transport, checksum_at, checksum == 0 && proto == 17 ? 0xffff : checksum);
  return ip + transport;
}

inline Bytes tcp(const Bytes& payload) { return bytes("0050 1234 00000001 00000002 5010 2000 0000 0000") + payload; }
inline Bytes udp(const Bytes& payload) {
  return bytes("0035 1234") + be16(8 + static_cast<unsigned>(payload.size())) + be16(0) + payload;
}
inline Bytes ethernet(const Bytes& ip) { return kAddresses + bytes("0800") + ip; }
inline Bytes tagged(unsigned tci, const Bytes& ip) {
  return kAddresses + bytes("8100") + be16(tci) + bytes("0800") + ip;
}
inline Bytes tcp_frame(const Bytes& payload = {1, 2, 3, 4}) { return ethernet(ipv4(6, tcp(payload), 16)); }
inline Bytes udp_frame(const Bytes& payload = {1, 2, 3, 4}) { return ethernet(ipv4(17, udp(payload), 6)); }

// --- The host -----------------------------------------------------------------------------------------------------
struct HostRule {
  oft_rule base{};
  oft_match match{};
  Bytes actions;
};

struct Done {
  const void* op;
  oft_error error;
  bool operator==(const Done&) const = default;
};

class World : public Observer {
 public:
  struct Sent {
    std::uint16_t port;
    Bytes frame;
    bool operator==(const Sent&) const = default;
  };
  struct Up {
    std::uint16_t in_port;
    Bytes frame;
    oft_packet_in_reason reason;
    std::uint16_t send_len;
  };

  // What a frame carries beside its bytes, if anything.
  struct Unseen {
    std::uint64_t tun_id = 0;
    std::array<std::uint32_t, 4> reg{};
    std::optional<std::uint32_t> queue = {};
    bool operator==(const Unseen&) const = default;
  };
  struct Expired {
    const HostRule* rule;
    oft_expiry_reason reason;
    std::uint64_t at_ms;
    bool operator==(const Expired&) const = default;
  };

  explicit World(std::size_t n_tables = 2) : datapath(config(n_tables), this) {
    table_.abi_major = OFT_PROVIDER_ABI_MAJOR;
    table_.size = sizeof table_;
    table_.now_ms = [](void* w) { return static_cast<World*>(w)->now_ms; };
    table_.op_complete = [](void* w, oft_op* op, oft_error e) { static_cast<World*>(w)->done.push_back({op, e}); };
    table_.rule_expire = [](void* p, const oft_rule* rule, oft_expiry_reason reason) {
      World& w = *static_cast<World*>(p);
      for (const auto& r : w.rules) {
        if (&r->base != rule) continue;
        w.expired.push_back({r.get(), reason, w.now_ms});
        w.remove(*r);
      }
    };
    table_.packet_in = [](void* w, std::uint16_t port, const std::uint8_t* f, std::uint64_t n, oft_packet_in_reason r,
                          std::uint16_t len) { static_cast<World*>(w)->up.push_back({port, Bytes(f, f + n), r, len}); };
    table_.port_changed = [](void* w, oft_port_change c, const oft_port* p) {
      static_cast<World*>(w)->ports_changed.emplace_back(c, p->number);
    };
    std::uint32_t tables = 0;
    EXPECT_EQ(api.attach(&datapath, &table_, this, &tables), OFT_OK);
    EXPECT_EQ(tables, n_tables);
  }
  ~World() override {
    api.destruct(&datapath);
    api.dealloc(&datapath);
  }

  static SwitchConfig config(std::size_t n_tables) {
    SwitchConfig c;
    c.tables.resize(n_tables);
    for (const std::uint16_t n : std::initializer_list<std::uint16_t>{3, 1, 2, 0xfffe})
      c.ports.push_back({n, {}, "p" + std::to_string(n)});
    return c;
  }

  HostRule& make(const Bytes& actions, std::uint32_t priority = 10, std::uint16_t in_port = 0) {
    HostRule& r = *rules.emplace_back(std::make_unique<HostRule>());
    if (in_port != 0) {
      r.match.in_port = in_port;
      r.match.in_port_mask = 0xffff;
    }
    r.actions = actions;
    r.base.match = &r.match;
    r.base.priority = priority;
    set_actions(r, actions);
    r.base.handle = api.rule_alloc(&datapath);
    return r;
  }
  static void set_actions(HostRule& r, const Bytes& actions) {
    r.actions = actions;
    r.base.actions = r.actions.data();
    r.base.actions_len = r.actions.size();
  }
  oft_error construct(HostRule& r, const HostRule* victim = nullptr) {
    return api.rule_construct(&datapath, &r.base, victim ? &victim->base : nullptr, op(r));
  }
  HostRule& add(const Bytes& actions, std::uint32_t priority = 10, std::uint16_t in_port = 0) {
    HostRule& r = make(actions, priority, in_port);
    EXPECT_EQ(construct(r), OFT_OK);
    return r;
  }
  HostRule& add_for(std::uint16_t idle_seconds, std::uint16_t hard_seconds, std::uint8_t table = 0) {
    HostRule& r = make(output(2));
    r.base.idle_timeout = idle_seconds;
    r.base.hard_timeout = hard_seconds;
    r.base.table_id = table;
    r.base.created_ms = now_ms;
    EXPECT_EQ(construct(r), OFT_OK);
    return r;
  }
  // Lets time pass, a millisecond at a time, and runs the datapath when it asks to be.
  void pass(std::uint64_t ms) {
    for (const std::uint64_t end = now_ms + ms; now_ms < end;) {
      ++now_ms;
      if (api.run_at(&datapath) <= now_ms) api.run(&datapath);
    }
  }
  void modify(HostRule& r, const Bytes& actions) {
    set_actions(r, actions);
    api.rule_modify_actions(&datapath, &r.base, op(r));
  }
  void remove(HostRule& r) { api.rule_destruct(&datapath, &r.base, op(r)); }
  void dealloc(HostRule& r) { api.rule_dealloc(&datapath, r.base.handle); }
  static oft_op* op(HostRule& r) { return reinterpret_cast<oft_op*>(&r); }

  oft_error packet_out(std::uint16_t in_port, const Bytes& frame, const Bytes& actions) {
    return api.packet_out(&datapath, in_port, frame.data(), frame.size(), actions.data(), actions.size());
  }
  void arrive(std::uint16_t port, const Bytes& frame) {
    datapath.packet_arrives(port, frame);
    api.run(&datapath);
  }
  // What `actions` make of `frame`, as it leaves on port 3.
  Bytes after(const Bytes& frame, const Bytes& actions) {
    sent.clear();
    EXPECT_EQ(packet_out(1, frame, actions + output(3)), OFT_OK);
    EXPECT_FALSE(sent.empty());
    return sent.empty() ? Bytes{} : sent.back().frame;
  }
  std::pair<std::uint64_t, std::uint64_t> counters(const HostRule& r) {
    std::uint64_t packets = 0, octets = 0;
    api.rule_get_stats(&datapath, &r.base, &packets, &octets);
    return {packets, octets};
  }
  oft_port_stats port_stats(std::uint16_t port) {
    oft_port_stats s{};
    s.size = sizeof s;
    api.get_port_stats(&datapath, port, &s);
    return s;
  }

  void packet_tx(std::uint16_t port, ByteView frame) override {
    sent.push_back({port, Bytes(frame.begin(), frame.end())});
  }
  void lookup(std::uint8_t table, const oft_rule* rule) override {
    looked_up.push_back(rule);
    tables_looked_up.push_back(table);
  }
  void metadata(std::uint64_t tun_id, const std::array<std::uint32_t, 4>& reg,
                std::optional<std::uint32_t> queue) override {
    unseen.push_back({tun_id, reg, queue});
  }

  const oft_provider& api = Datapath::provider();
  std::vector<std::unique_ptr<HostRule>> rules;
  std::vector<Sent> sent;
  std::vector<Up> up;
  std::vector<Done> done;
  std::vector<Expired> expired;
  std::vector<const oft_rule*> looked_up;
  std::vector<unsigned> tables_looked_up;
  std::vector<Unseen> unseen;
  std::vector<std::pair<oft_port_change, std::uint16_t>> ports_changed;
  std::uint64_t now_ms = 1000;
  Datapath datapath;

 private:
  oft_host table_{};
};

inline constexpr oft_error bad_action(unsigned code) { return OFT_ERROR_OPENFLOW(2, code); }

// A random frame with right checksums, and random rewrites of it.
struct Random {
  std::mt19937 engine{20110714};
  unsigned below(unsigned n) { return static_cast<unsigned>(engine() % n); }
  std::uint32_t word() { return static_cast<std::uint32_t>(engine()); }

  Bytes frame() {
    Bytes payload(below(40));
    for (auto& b : payload) b = static_cast<std::uint8_t>(engine());
    const Bytes options(4 * below(3), 1);
    const Bytes ip = below(2) ? ipv4(6, tcp(payload), 16, options) : ipv4(17, udp(payload), 6, options);
    return below(2) ? ethernet(ip) : tagged(below(0x10000), ip);
  }
  Bytes rewrite() {
    switch (below(8)) {
      case 0:
        return set_vid(below(4096));
      case 1:
        return set_pcp(below(8));
      case 2:
        return strip();
      case 3:
        return set_ip(6 + below(2), below(3) ? word() : 0x0a000001 + below(2));
      case 4:
        return set_tos(below(64) * 4);
      case 5:
        return set_tp(9 + below(2), below(0x10000));
      case 6:
        return action(4 + below(2), bytes("0a1b2c3d4e5f 000000000000"));
      default:
        return output(2);  // commits what is gathered so far
    }
  }
};

}  // namespace oftwin::sim
