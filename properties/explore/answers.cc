#include "properties/explore/answers.h"

#include <algorithm>
#include <optional>

#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::explore {

namespace {

namespace ob = observation;
using model::Connection;

std::uint64_t field(ByteView bytes, wire::Field f) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < f.size && f.offset + i < bytes.size(); ++i) value = value << 8 | bytes[f.offset + i];
  return value;
}
std::uint64_t xid_of(ByteView message) { return field(message, wire::header::xid); }

struct Told {
  std::uint16_t type = 0, code = 0;
};

class AnswerCheck {
 public:
  AnswerCheck(const Step& step, const Handling& h, std::vector<Violation>& found) : s_(step), h_(h), found_(found) {
    for (const Observation& o : h_.seen) {
      const auto* send = std::get_if<ob::Send>(&o);
      if (!send || send->conn != h_.conn.name || send->bytes[1] != OFPT_ERROR) continue;
      if (xid_of(send->bytes) != xid_of(h_.message)) continue;
      told_ = Told{static_cast<std::uint16_t>(field(send->bytes, wire::error_msg::type)),
                   static_cast<std::uint16_t>(field(send->bytes, wire::error_msg::code))};
    }
  }

  void run() {
    if (told_ && told_->code == 0xffff) report(Invariant::defined_codes, "an error has a code that nobody defined");
    if (h_.postponed) return check_cause();
    switch (h_.message[1]) {
      case OFPT_ERROR:
        if (told_) report(Invariant::errors_unanswered, "an error is answered by an error");
        return;
      case OFPT_STATS_REPLY:
        if (!is(OFPET_BAD_REQUEST, OFPBRC_BAD_TYPE)) report(Invariant::wrong_type, "a reply is taken for a request");
        return;
      case OFPT_STATS_REQUEST:
        return check_statistics();
      case OFPT_QUEUE_GET_CONFIG_REQUEST:
        if (is(OFPET_BAD_REQUEST, OFPBRC_BAD_TYPE)) report(Invariant::queues_told, "the request is called unknown");
        return;
      case OFPT_PACKET_OUT:
        return check_packet_out();
      case OFPT_FLOW_MOD:
        return check_flow_mod();
      default:
        return;
    }
  }

 private:
  void report(Invariant invariant, std::string detail) { found_.push_back({invariant, std::move(detail)}); }
  bool is(std::uint16_t type, std::uint16_t code) const { return told_ && told_->type == type && told_->code == code; }
  template <class T>
  bool any() const {
    return std::any_of(h_.seen.begin(), h_.seen.end(), [](const auto& o) { return std::holds_alternative<T>(o); });
  }

  // A flow-mod or a statistics request waits for something that its sender could know of.
  void check_cause() {
    const std::uint8_t type = h_.message[1];
    if (type != OFPT_FLOW_MOD && type != OFPT_STATS_REQUEST) return;
    if (s_.before.groups.size() + s_.after.groups.size() == 0) return;
    const auto visible = [](const model::State& state) {
      return std::any_of(state.operations.begin(), state.operations.end(), [&](const model::Operation& op) {
        if (op.set_aside && op.set_aside->priority <= 0xffff) return true;
        return std::any_of(state.tables.begin(), state.tables.end(), [&](const model::Table& table) {
          return std::any_of(table.rules.begin(), table.rules.end(),
                             [&](const model::Rule& rule) { return rule.name == op.rule && rule.priority <= 0xffff; });
        });
      });
    };
    const std::size_t limit = s_.before.config.limits.pending_groups;
    if (visible(s_.before) || visible(s_.after) || s_.before.groups.size() >= limit ||
        s_.after.groups.size() >= limit) {
      return;
    }
    report(Invariant::hidden_do_not_block, "a request waits for a rule of the switch's own");
  }

  bool table_missing(std::uint64_t table) const { return table != OFP_ALL_TABLES && table >= s_.before.tables.size(); }

  void check_statistics() {
    const auto type = field(h_.message, wire::stats_msg::type);
    const auto table = field(h_.message, wire::flow_stats_request::table_id);
    if ((type == OFPST_FLOW || type == OFPST_AGGREGATE) && table_missing(table) && table != OFP_EMERGENCY_TABLE &&
        !told_) {
      report(Invariant::missing_table, "statistics of a table that does not exist are given");
    }
    if (type != OFPST_QUEUE) return;
    const auto port = field(h_.message, wire::queue_stats_request::port_no);
    const bool there = std::any_of(s_.before.ports.begin(), s_.before.ports.end(),
                                   [&](const model::Port& p) { return p.config.number == port; });
    if (port != OFPP_ALL && !there && !told_) {
      report(Invariant::missing_queue, "statistics of a port that does not exist are given");
    }
  }

  void check_packet_out() {
    const auto port = field(h_.message, wire::packet_out::in_port);
    if (port == OFPP_IN_PORT && any<ob::PacketOut>()) {
      report(Invariant::packet_comes_from, "a packet comes from where none can come from");
    }
  }

  void check_flow_mod() {
    namespace w = wire::flow_mod;
    const auto command = field(h_.message, w::command);
    const auto table = h_.conn.flow_mod_table_id ? command >> 8 : OFP_ALL_TABLES;
    const auto flags = field(h_.message, w::flags);
    const auto kind = h_.conn.flow_mod_table_id ? command & 0xff : command;
    const bool timeout = field(h_.message, w::idle_timeout) != 0 || field(h_.message, w::hard_timeout) != 0;
    if ((flags & OFPFF_EMERG) && timeout && !is(OFPET_FLOW_MOD_FAILED, OFPFMFC_BAD_EMERG_TIMEOUT)) {
      report(Invariant::emergency_timeout, "an emergency flow with a timeout is refused for another reason");
    }
    if ((kind == OFPFC_DELETE || kind == OFPFC_DELETE_STRICT) && table_missing(table) && !told_) {
      report(Invariant::missing_table, "a deletion from a table that does not exist succeeds");
    }
    constexpr wire::Field vendor{w::size + 4, 4};
    if (field(h_.message, vendor) == NX_VENDOR_ID && is(OFPET_BAD_ACTION, OFPBAC_BAD_TYPE)) {
      report(Invariant::vendor_type, "the vendor's type is called unknown");
    }
    check_buffer(field(h_.message, w::buffer_id), kind);
    if (is(OFPET_FLOW_MOD_FAILED, OFPFMFC_OVERLAP) && !may_overlap(table, field(h_.message, w::priority))) {
      report(Invariant::overlap_where_it_goes, "overlap is found where the flow does not go");
    }
  }

  // There is, or was in this step, a flow of that priority where this one goes.
  bool may_overlap(std::uint64_t table, std::uint64_t priority) const {
    const auto& choice = s_.before.provider.choose_table;
    if (table == OFP_ALL_TABLES) { table = choice && choice->index() == 0 ? std::get<std::uint8_t>(*choice) : 0; }
    const auto has = [&](const model::State& state) {
      return table < state.tables.size() && std::any_of(
                                                state.tables[table].rules.begin(), state.tables[table].rules.end(),
                                                [&](const model::Rule& rule) { return rule.priority == priority; });
    };
    return has(s_.before) || has(s_.after) || any<ob::Operation>();
  }

  void check_buffer(std::uint64_t id, std::uint64_t command) {
    if (id == OFP_NO_BUFFER || h_.conn.buffers.empty()) return;
    if (id >> 8 == 0 && is(OFPET_BAD_REQUEST, OFPBRC_BUFFER_EMPTY)) {
      report(Invariant::never_given_buffer, "a buffer id that was never given is called used");
    }
    const std::size_t slot = id & 0xff;
    if (slot >= h_.conn.buffers.size() || command > OFPFC_MODIFY_STRICT) return;
    const model::PacketBuffer& buffer = h_.conn.buffers[slot];
    const bool started = any<ob::Operation>() || any<ob::Alloc>();
    if (buffer.full && buffer.serial == id >> 8 && !told_ && !started && !any<ob::Execute>() && taken_alone()) {
      report(Invariant::packet_goes, "a flow-mod that succeeds leaves its packet where it is");
    }
  }
  // Nothing else was handled in the step that could have used the packet.
  bool taken_alone() const {
    return std::count_if(s_.seen.begin(), s_.seen.end(), [](const Observation& o) {
             return std::holds_alternative<ob::Take>(o) || std::holds_alternative<ob::Retry>(o) ||
                    std::holds_alternative<ob::Execute>(o);
           }) == 1;
  }

  const Step& s_;
  const Handling& h_;
  std::vector<Violation>& found_;
  std::optional<Told> told_;
};

}  // namespace

void check_answer(const Step& step, const Handling& handling, std::vector<Violation>& found) {
  AnswerCheck(step, handling, found).run();
}

void check_fresh_sessions(const Step& step, std::vector<Violation>& found) {
  for (const Observation& o : step.seen) {
    const auto* up = std::get_if<ob::ConnUp>(&o);
    if (!up) continue;
    const bool spoke = std::any_of(step.seen.begin(), step.seen.end(), [&](const Observation& other) {
      const auto* take = std::get_if<ob::Take>(&other);
      return take && take->conn == up->conn;
    });
    for (const Connection& c : step.after.connections) {
      if (c.name != up->conn || spoke) continue;
      const std::uint16_t usual = c.is_primary() ? OFP_DEFAULT_MISS_SEND_LEN : std::uint16_t{0};
      if (c.role != model::Role::other || c.flow_format != model::FlowFormat::openflow10 || c.flow_mod_table_id ||
          c.miss_send_len != usual) {
        found.push_back({Invariant::fresh_session, "a session begins with the settings of another"});
      }
    }
  }
}

}  // namespace oftwin::explore
