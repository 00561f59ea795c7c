#include "harness/print_reply.h"

#include <fmt/format.h>

#include <optional>

#include "harness/flow_syntax.h"
#include "harness/nxm_syntax.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

constexpr Spelling kStats[] = {{OFPST_DESC, "desc"},   {OFPST_FLOW, "flow"}, {OFPST_AGGREGATE, "aggregate"},
                               {OFPST_TABLE, "table"}, {OFPST_PORT, "port"}, {OFPST_QUEUE, "queue"}};
constexpr Spelling kNiciraStats[] = {{NXST_FLOW, "nx_flow"}, {NXST_AGGREGATE, "nx_aggregate"}};
constexpr Spelling kRemovedReasons[] = {
    {OFPRR_IDLE_TIMEOUT, "idle"}, {OFPRR_HARD_TIMEOUT, "hard"}, {OFPRR_DELETE, "delete"}};
constexpr Spelling kPacketInReasons[] = {{OFPR_NO_MATCH, "no_match"}, {OFPR_ACTION, "action"}};
constexpr Spelling kPortReasons[] = {{OFPPR_ADD, "add"}, {OFPPR_DELETE, "delete"}, {OFPPR_MODIFY, "modify"}};
constexpr Spelling kRoles[] = {{NX_ROLE_OTHER, "other"}, {NX_ROLE_MASTER, "master"}, {NX_ROLE_SLAVE, "slave"}};

std::string spelled(std::span<const Spelling> table, std::uint32_t value) {
  auto word = word_for(table, value);
  return word ? std::string(*word) : fmt::format("{}", value);
}

// Fields in the order in which they are added; those that are at their default are left out.
class Fields {
 public:
  template <class T>
  Fields& dec(const char* name, T value, std::uint64_t absent = 0) {
    if (value != static_cast<T>(absent)) out_ += fmt::format(" {}={}", name, value);
    return *this;
  }
  template <class T>
  Fields& hex(const char* name, T value, std::uint64_t absent = 0) {
    if (value != static_cast<T>(absent)) out_ += fmt::format(" {}={:#x}", name, value);
    return *this;
  }
  Fields& word(const std::string& w) {
    if (!w.empty()) out_ += " " + w;
    return *this;
  }
  Fields& duration(std::uint32_t seconds, std::uint32_t nanoseconds) {
    if (nanoseconds % 1000000 == 0 && (seconds || nanoseconds)) {
      out_ += fmt::format(" duration={}.{:03}s", seconds, nanoseconds / 1000000);
    } else if (seconds || nanoseconds) {
      out_ += fmt::format(" duration={}s+{}ns", seconds, nanoseconds);
    }
    return *this;
  }
  const std::string& text() const { return out_; }

 private:
  std::string out_;
};

// A fixed-size string; what is behind its end must be zero, else nullopt.
std::optional<std::string> fixed_string(ByteView bytes) {
  std::string out(bytes.begin(), bytes.end());
  std::size_t end = std::min(out.find('\0'), out.size());
  if (out.find_first_not_of('\0', end) != std::string::npos) return std::nullopt;
  return print_quoted(out.substr(0, end));
}

// Reads one message's body and makes its line or lines. Anything odd (padding that is not zero, bytes too few or too
// many) makes the whole message print as bytes: ok().
class ReplyPrinter {
 public:
  ReplyPrinter(ConnName conn, ByteView message, const Naming& naming) : conn_(print_conn(conn)), r_(message) {
    r_.take(1);
    type_ = r_.get<std::uint8_t>();
    length_ok_ = r_.get<std::uint16_t>() == message.size() && message[0] == OFP_VERSION;
    xid_ = r_.get<std::uint32_t>();
    bool asked = type_ != OFPT_PACKET_IN && type_ != OFPT_FLOW_REMOVED && type_ != OFPT_PORT_STATUS;
    if (asked || xid_ != 0) request_ = naming.request(conn, xid_);
    naming_ = &naming;
    name_ = conn;
  }

  std::string print() {
    std::string out = body();
    return length_ok_ && odd_ == false && r_.ok() && r_.left() == 0 ? out : std::string();
  }

 private:
  std::string body() {
    switch (type_) {
      case OFPT_ERROR:
        return error();
      case OFPT_HELLO:
        return simple("hello") + rest_hex();
      case OFPT_ECHO_REQUEST:
        return simple("echo_request") + rest_hex();
      case OFPT_ECHO_REPLY:
        return simple("echo_reply") + rest_hex();
      case OFPT_BARRIER_REPLY:
        return simple("barrier_reply");
      case OFPT_FEATURES_REPLY:
        return features();
      case OFPT_GET_CONFIG_REPLY:
        return config();
      case OFPT_QUEUE_GET_CONFIG_REPLY:
        return queue_config();
      case OFPT_PACKET_IN:
        return packet_in();
      case OFPT_FLOW_REMOVED:
        return flow_removed();
      case OFPT_PORT_STATUS:
        return port_status();
      case OFPT_STATS_REPLY:
        return stats();
      case OFPT_VENDOR:
        return vendor();
      default:
        odd_ = true;
        return {};
    }
  }

  std::string simple(const char* what) const { return fmt::format("{} {}{}", conn_, what, request_); }
  void zeros(std::size_t n) {
    for (std::uint8_t b : r_.take(n)) odd_ = odd_ || b != 0;
  }
  std::string rest_hex() { return r_.left() ? " data=" + print_hex(r_.rest()) : ""; }
  std::string name_field(std::size_t n) {
    auto text = fixed_string(r_.take(n));
    odd_ = odd_ || !text;
    return text.value_or("");
  }

  // What the error quotes of the request is said only if it is not what it has to be.
  std::string error() {
    Error e = openflow_error(r_.get<std::uint16_t>(), 0);
    e.code = r_.get<std::uint16_t>();
    if (e.type == NXET_VENDOR && e.code == NXVC_VENDOR_ERROR && r_.left() >= 8) {
      odd_ = odd_ || r_.get<std::uint32_t>() != NX_VENDOR_ID;
      auto type = r_.get<std::uint16_t>();
      e = nicira_error(type, r_.get<std::uint16_t>());
    }
    ByteView data = r_.rest();
    std::string quoted = naming_->quotes(name_, xid_, data) ? "" : " data=" + print_hex(data);
    return fmt::format("{} error {}{}{}", conn_, print_error(e), request_, quoted);
  }

  std::string phy_port() {
    Fields f;
    auto number = r_.get<std::uint16_t>();
    Mac hw = r_.array<6>();
    std::string name = name_field(16);
    f.word("hw_addr=" + print_mac(hw)).word("name=" + name);
    for (const char* field : {"config", "state", "curr", "advertised", "supported", "peer"}) {
      f.hex(field, r_.get<std::uint32_t>());
    }
    return print_port(number) + f.text();
  }

  std::string features() {
    Fields f;
    f.hex("datapath_id", r_.get<std::uint64_t>()).dec("n_buffers", r_.get<std::uint32_t>());
    f.dec("n_tables", r_.get<std::uint8_t>());
    zeros(3);
    f.hex("capabilities", r_.get<std::uint32_t>()).hex("actions", r_.get<std::uint32_t>());
    std::string out = simple("features_reply") + f.text();
    while (r_.left() >= wire::phy_port::size) out += fmt::format("\n{} features_reply port {}", conn_, phy_port());
    return out;
  }

  std::string config() {
    Fields f;
    f.hex("flags", r_.get<std::uint16_t>());
    f.word(fmt::format("miss_send_len={}", r_.get<std::uint16_t>()));
    return simple("get_config_reply") + f.text();
  }

  std::string queue_config() {
    std::string out = simple("queue_get_config_reply") + " port=" + print_port(r_.get<std::uint16_t>());
    zeros(6);
    while (r_.left() >= wire::packet_queue::size && !odd_) {
      const auto id = r_.get<std::uint32_t>();
      const auto length = r_.get<std::uint16_t>();
      zeros(2);
      odd_ = odd_ || length < wire::packet_queue::size;
      out += fmt::format("\n{} queue_get_config_reply queue={}", conn_, id);
      if (!odd_ && length > wire::packet_queue::size) {
        out += " properties=" + print_hex(r_.take(length - wire::packet_queue::size));
      }
    }
    return out;
  }

  std::string packet_in() {
    auto buffer_id = r_.get<std::uint32_t>();
    auto total_len = r_.get<std::uint16_t>();
    auto in_port = r_.get<std::uint16_t>();
    auto reason = r_.get<std::uint8_t>();
    zeros(1);
    Fields f;
    f.word("in_port=" + print_port(in_port)).word("reason=" + spelled(kPacketInReasons, reason));
    f.hex("buffer_id", buffer_id, OFP_NO_BUFFER).dec("total_len", total_len, r_.left());
    return simple("packet_in") + f.text() + rest_hex();
  }

  std::string match(ByteView bytes) {
    if (bytes.size() != wire::match::size) return {};
    WireMatch m = decode_match(bytes);
    Bytes again = encode(m);
    odd_ = odd_ || !std::equal(again.begin(), again.end(), bytes.begin());
    return print_wire_match(m, kReplyWildcards);
  }

  std::string flow_removed() {
    std::string matched = match(r_.take(wire::match::size));
    auto cookie = r_.get<std::uint64_t>();
    auto priority = r_.get<std::uint16_t>();
    auto reason = r_.get<std::uint8_t>();
    zeros(1);
    auto seconds = r_.get<std::uint32_t>(), nanoseconds = r_.get<std::uint32_t>();
    auto idle = r_.get<std::uint16_t>();
    zeros(2);
    Fields f;
    f.dec("priority", priority, OFP_DEFAULT_PRIORITY).word(matched).hex("cookie", cookie);
    f.word("reason=" + spelled(kRemovedReasons, reason)).duration(seconds, nanoseconds).dec("idle_timeout", idle);
    f.dec("n_packets", r_.get<std::uint64_t>()).dec("n_bytes", r_.get<std::uint64_t>());
    return simple("flow_removed") + f.text();
  }

  // The entries of a match, whose padding is taken, too.
  std::string nxm(std::size_t length) {
    std::string words = print_nxm(r_.take(length));
    zeros((8 - length % 8) % 8);
    return words;
  }

  std::string nx_flow_removed() {
    auto cookie = r_.get<std::uint64_t>();
    auto priority = r_.get<std::uint16_t>();
    auto reason = r_.get<std::uint8_t>();
    zeros(1);
    auto seconds = r_.get<std::uint32_t>(), nanoseconds = r_.get<std::uint32_t>();
    auto idle = r_.get<std::uint16_t>(), length = r_.get<std::uint16_t>();
    auto packets = r_.get<std::uint64_t>(), bytes = r_.get<std::uint64_t>();
    Fields f;
    f.dec("priority", priority, OFP_DEFAULT_PRIORITY).word(nxm(length)).hex("cookie", cookie);
    f.word("reason=" + spelled(kRemovedReasons, reason)).duration(seconds, nanoseconds).dec("idle_timeout", idle);
    counter(f, "n_packets", packets);
    counter(f, "n_bytes", bytes);
    return conn_ + " nx_flow_removed" + f.text();
  }

  std::string port_status() {
    auto reason = r_.get<std::uint8_t>();
    zeros(7);
    return fmt::format("{} {} {}", simple("port_status"), spelled(kPortReasons, reason), phy_port());
  }

  std::string vendor() {
    auto id = r_.get<std::uint32_t>();
    Reader body = r_;
    const auto subtype = body.get<std::uint32_t>();
    if (id == NX_VENDOR_ID && subtype == NXT_FLOW_REMOVED && r_.left() >= wire::nx_flow_removed::size - 12) {
      r_.take(4);
      return nx_flow_removed();
    }
    ByteView rest = r_.rest();
    if (id == NX_VENDOR_ID && rest.size() == 8 && subtype == NXT_ROLE_REPLY) {
      return fmt::format("{} role_reply {}{}", conn_, spelled(kRoles, body.get<std::uint32_t>()), request_);
    }
    return fmt::format("{} vendor vendor={:#x}{} data={}", conn_, id, request_, print_hex(rest));
  }

  // --- Statistics ---
  std::string stats() {
    auto type = r_.get<std::uint16_t>();
    auto flags = r_.get<std::uint16_t>();
    odd_ = odd_ || (flags & ~OFPSF_REPLY_MORE) != 0;
    auto kind = type == OFPST_VENDOR ? nicira_stats() : word_for(kStats, type);
    if (!kind) {
      odd_ = true;
      return {};
    }
    std::string more = flags & OFPSF_REPLY_MORE ? " more" : "", out;
    if (r_.left() == 0) return fmt::format("{} {} none{}{}", conn_, *kind, request_, more);
    while (r_.ok() && r_.left() > 0 && !odd_) {
      std::string line = fmt::format("{} {}{}{}", conn_, *kind, record(type, *kind), request_);
      out += (out.empty() ? "" : "\n") + line;
    }
    return out + more;
  }

  // Which of the Nicira statistics this is; nullopt: none of them.
  std::optional<std::string_view> nicira_stats() {
    const bool nicira = r_.get<std::uint32_t>() == NX_VENDOR_ID;
    const auto subtype = r_.get<std::uint32_t>();
    zeros(4);
    return nicira ? word_for(kNiciraStats, subtype) : std::nullopt;
  }

  std::string record(std::uint16_t type, std::string_view kind) {
    switch (type) {
      case OFPST_VENDOR:
        return kind == "nx_flow" ? nx_flow() : aggregate();
      case OFPST_DESC:
        return desc();
      case OFPST_FLOW:
        return flow();
      case OFPST_AGGREGATE:
        return aggregate();
      case OFPST_TABLE:
        return table();
      case OFPST_PORT:
        return port();
      default:
        return queue();
    }
  }

  std::string desc() {
    Fields f;
    auto text = [&](const char* name, std::size_t n) { f.word(fmt::format("{}={}", name, name_field(n))); };
    text("mfr_desc", 256);
    text("hw_desc", 256);
    text("sw_desc", 256);
    text("serial_num", 32);
    text("dp_desc", 256);
    return f.text();
  }

  std::string flow() {
    auto length = r_.get<std::uint16_t>();
    auto table = r_.get<std::uint8_t>();
    zeros(1);
    std::string matched = match(r_.take(wire::match::size));
    auto seconds = r_.get<std::uint32_t>(), nanoseconds = r_.get<std::uint32_t>();
    auto priority = r_.get<std::uint16_t>(), idle = r_.get<std::uint16_t>(), hard = r_.get<std::uint16_t>();
    zeros(6);
    auto cookie = r_.get<std::uint64_t>(), packets = r_.get<std::uint64_t>(), bytes = r_.get<std::uint64_t>();
    odd_ = odd_ || length < wire::flow_stats::size;
    if (odd_) return {};
    ByteView actions = r_.take(length - wire::flow_stats::size);
    Fields f;
    f.dec("table", table).duration(seconds, nanoseconds).dec("n_packets", packets).dec("n_bytes", bytes);
    f.dec("priority", priority, OFP_DEFAULT_PRIORITY).word(matched).hex("cookie", cookie);
    f.dec("idle_timeout", idle).dec("hard_timeout", hard).word("actions=" + print_actions(actions));
    return f.text();
  }

  std::string nx_flow() {
    auto length = r_.get<std::uint16_t>();
    auto table = r_.get<std::uint8_t>();
    zeros(1);
    auto seconds = r_.get<std::uint32_t>(), nanoseconds = r_.get<std::uint32_t>();
    auto priority = r_.get<std::uint16_t>(), idle = r_.get<std::uint16_t>(), hard = r_.get<std::uint16_t>();
    std::size_t match_length = r_.get<std::uint16_t>();
    zeros(4);
    auto cookie = r_.get<std::uint64_t>(), packets = r_.get<std::uint64_t>(), bytes = r_.get<std::uint64_t>();
    const std::size_t before_actions = wire::nx_flow_stats::size + (match_length + 7) / 8 * 8;
    odd_ = odd_ || length < before_actions;
    if (odd_) return {};
    const std::string matched = nxm(match_length);
    ByteView actions = r_.take(length - before_actions);
    Fields f;
    f.dec("table", table).duration(seconds, nanoseconds);
    counter(f, "n_packets", packets);
    counter(f, "n_bytes", bytes);
    f.dec("priority", priority, OFP_DEFAULT_PRIORITY).word(matched).hex("cookie", cookie);
    f.dec("idle_timeout", idle).dec("hard_timeout", hard).word("actions=" + print_actions(actions));
    return f.text();
  }

  std::string aggregate() {
    Fields f;
    auto packets = r_.get<std::uint64_t>(), bytes = r_.get<std::uint64_t>();
    auto flows = r_.get<std::uint32_t>();
    zeros(4);
    f.word(fmt::format("n_flows={}", flows));
    counter(f, "n_packets", packets);
    counter(f, "n_bytes", bytes);
    return f.text();
  }

  std::string table() {
    Fields f;
    auto id = r_.get<std::uint8_t>();
    zeros(3);
    std::string name = name_field(32);
    f.word(fmt::format("table={}", id)).word(name == "\"\"" ? "" : "name=" + name);
    f.hex("wildcards", r_.get<std::uint32_t>(), OFPFW_ALL).dec("max_entries", r_.get<std::uint32_t>(), 1000000);
    f.word(fmt::format("active={}", r_.get<std::uint32_t>()));
    f.dec("lookups", r_.get<std::uint64_t>()).dec("matched", r_.get<std::uint64_t>());
    return f.text();
  }

  std::string port() {
    Fields f;
    f.word("port=" + print_port(r_.get<std::uint16_t>()));
    zeros(6);
    for (const char* name : {"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_dropped", "tx_dropped",
                             "rx_errors", "tx_errors", "rx_frame_err", "rx_over_err", "rx_crc_err", "collisions"}) {
      counter(f, name, r_.get<std::uint64_t>());
    }
    return f.text();
  }

  std::string queue() {
    Fields f;
    f.word("port=" + print_port(r_.get<std::uint16_t>()));
    zeros(2);
    f.word(fmt::format("queue={}", r_.get<std::uint32_t>()));
    for (const char* name : {"tx_bytes", "tx_packets", "tx_errors"}) counter(f, name, r_.get<std::uint64_t>());
    return f.text();
  }

  static void counter(Fields& f, const char* name, std::uint64_t value) {
    if (value == UINT64_MAX)
      f.word(fmt::format("{}=unknown", name));
    else
      f.dec(name, value);
  }

  std::string conn_, request_;
  Reader r_;
  std::uint8_t type_ = 0;
  std::uint32_t xid_ = 0;
  bool length_ok_ = false, odd_ = false;
  const Naming* naming_ = nullptr;
  ConnName name_;
};

}  // namespace

std::string print_reply(ConnName conn, ByteView message, const Naming& naming) {
  std::string out;
  if (message.size() >= wire::header::size) out = ReplyPrinter(conn, message, naming).print();
  const auto heard = out.empty() && conn.kind == ConnKind::snoop ? decode_request(message) : std::nullopt;
  if (heard) return fmt::format("{} {} xid={:#x}", print_conn(conn), print_request(*heard), xid_of(*heard));
  return out.empty() ? fmt::format("{} bytes {}", print_conn(conn), print_bytes(message)) : out;
}

}  // namespace oftwin::harness
