#include "harness/event_text.h"

#include "harness/default_config.h"
#include "harness/request_text.h"
#include "harness/settings_text.h"
#include "harness/trace.h"
#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

constexpr Spelling kOperations[] = {{static_cast<std::uint32_t>(OperationKind::add), "add"},
                                    {static_cast<std::uint32_t>(OperationKind::modify), "modify"},
                                    {static_cast<std::uint32_t>(OperationKind::remove), "delete"}};

void end(const Words& words) {
  if (!words.done()) words.peek().fail(fmt::format("'{}' does not belong here", words.peek().text()));
}

// One of several words; the message names them all.
std::size_t one_of(const Word& w, std::initializer_list<std::string_view> choices) {
  std::string list;
  std::size_t i = 0;
  for (std::string_view choice : choices) {
    if (w.text() == choice) return i;
    list += fmt::format("{}{}", i++ ? ", " : "", choice);
  }
  w.fail(fmt::format("'{}' is not one of: {}", w.text(), list));
}

template <class T>
T whole(const Word& w, const std::optional<T>& parsed, const char* what) {
  if (!parsed) w.fail(fmt::format("'{}' is not {}", w.text(), what));
  return *parsed;
}

bool on_off(const Word& w) { return one_of(w, {"off", "on"}) == 1; }
RuleName rule(const Word& w) { return whole(w, parse_rule(w.text()), "a rule such as e3 or e3.2"); }
Error error(const Word& w) {
  return whole(w, parse_error(w.text()), "an error such as FLOW_MOD_FAILED/OVERLAP, or ok");
}

std::optional<OperationKind> operation(const Word& w, bool all_allowed) {
  if (all_allowed && w.text() == "all") return std::nullopt;
  auto value = value_for(kOperations, w.text());
  if (!value) {
    w.fail(
        fmt::format("'{}' is no kind of operation; add, modify, delete{} are", w.text(), all_allowed ? ", all" : ""));
  }
  return static_cast<OperationKind>(*value);
}

Answer answer(const Word& w) {
  if (w.text() == "done") return {};
  if (w.text() == "pending" || w.text() == "pend") return {AnswerKind::pending, {}};
  if (w.key() == "failed") return {AnswerKind::failed, w.error()};
  if (w.key() == "refused") return {AnswerKind::refused, w.error()};
  w.fail(fmt::format("'{}' is no answer; done, pending, failed=ERROR, refused=ERROR are", w.text()));
}

std::uint64_t milliseconds(const Word& w, std::uint64_t max) {
  std::string_view text = w.text();
  std::uint64_t unit = 1;
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.ends_with("ms")) {
    text.remove_suffix(2);
  } else if (text.ends_with('s')) {
    text.remove_suffix(1);
    unit = 1000;
  }
  auto n = parse_number(text, max / unit);
  return whole(w, n, "a time such as 500ms or 2s") * unit;
}

// --- provider
// ---------------------------------------------------------------------------------------------------------

EventBody provider_plan(Words& words) {
  event::ProviderPlan plan{operation(words.next(), false).value_or(OperationKind::add), {}};
  while (!words.done()) plan.answers.push_back(answer(words.next()));
  return plan;
}

EventBody provider_policy(Words& words) {
  auto kind = operation(words.next(), true);
  return event::ProviderPolicy{kind, answer(words.next())};
}

EventBody provider_complete(Words& words) {
  event::ProviderComplete e{rule(words.next()), {}};
  if (words.done()) return e;
  Word w = words.next();
  if (w.key() != "error") w.fail("only error=ERROR may follow the rule");
  e.error = w.error();
  return e;
}

EventBody provider_expire(Words& words) {
  event::ProviderExpire e{rule(words.next()), ExpiryReason::idle};
  if (!words.done()) e.reason = one_of(words.next(), {"idle", "hard"}) ? ExpiryReason::hard : ExpiryReason::idle;
  return e;
}

EventBody provider_packet_in(Words& words) {
  event::ProviderPacketIn e;
  while (!words.done()) {
    Word w = words.next();
    if (w.key() == "port") {
      e.port = w.port();
    } else if (w.key() == "reason") {
      if (w.value() != "no_match" && w.value() != "action") w.fail_value("reason must be no_match or action");
      e.reason = w.value() == "action" ? PacketInReason::action : PacketInReason::no_match;
    } else if (w.key() == "send_len") {
      e.send_len = w.number<std::uint16_t>();
    } else if (w.key() == "frame") {
      e.frame = w.hex();
    } else {
      w.fail(fmt::format("unknown field '{}' of a packet handed up", w.key()));
    }
  }
  return e;
}

EventBody provider_counters(Words& words) {
  event::ProviderCounters e{rule(words.next()), 0, 0};
  while (!words.done()) {
    Word w = words.next();
    if (w.key() == "packets")
      e.packets = w.number<std::uint64_t>();
    else if (w.key() == "bytes")
      e.bytes = w.number<std::uint64_t>();
    else
      w.fail(fmt::format("unknown counter '{}'; packets and bytes are known", w.key()));
  }
  return e;
}

EventBody provider_choose_table(Words& words) {
  Word w = words.next();
  if (w.text() == "none") return event::ProviderChooseTable{};
  if (auto table = parse_as<std::uint8_t>(w.text())) return event::ProviderChooseTable{{*table}};
  const Error refusal = error(w);
  if (!refusal) w.fail(fmt::format("'{}' chooses no table; a number, an error or none does", w.text()));
  return event::ProviderChooseTable{{refusal}};
}

EventBody provider_latency(Words& words) {
  auto kind = operation(words.next(), true);
  return event::ProviderLatency{kind, static_cast<std::uint32_t>(milliseconds(words.next(), 0xffffffff))};
}

EventBody parse_provider(Words& words) {
  Word what = words.next();
  switch (one_of(what, {"next", "policy", "complete", "expire", "packet_in", "counters", "unknown_counters",
                        "choose_table", "execute", "packet_out", "alloc", "latency"})) {
    case 0:
      return provider_plan(words);
    case 1:
      return provider_policy(words);
    case 2:
      return provider_complete(words);
    case 3:
      return provider_expire(words);
    case 4:
      return provider_packet_in(words);
    case 5:
      return provider_counters(words);
    case 6:
      return event::ProviderUnknownCounters{on_off(words.next())};
    case 7:
      return provider_choose_table(words);
    case 8:
      return event::ProviderExecuteResult{error(words.next())};
    case 9:
      return event::ProviderPacketOutResult{error(words.next())};
    case 10:
      return event::ProviderAllocFail{one_of(words.next(), {"ok", "fail"}) == 1};
    default:
      return provider_latency(words);
  }
}

// --- the others
// ---------------------------------------------------------------------------------------------------------

EventBody parse_loop(Words& words) {
  if (one_of(words.next(), {"settle", "run"}) == 0) return event::Loop{};
  Word w = words.next();
  auto n = whole(w, parse_as<std::uint32_t>(w.text()), "a number of iterations");
  if (n == 0) w.fail("at least one iteration; `loop hold` runs none and `loop settle` as many as it takes");
  if (n > kMaxIterations) w.fail(fmt::format("at most {} iterations", kMaxIterations));
  return event::Loop{n};
}

EventBody parse_port_event(std::uint16_t port, Words& words) {
  std::size_t what = one_of(words.next(), {"add", "remove", "modify", "packet"});
  if (what < 3) return event::PortChange{static_cast<event::PortChangeKind>(what), parse_port_fields(port, words)};
  event::PacketArrives e{port, {}, 0};
  constexpr std::string_view tunnel = "tun_id=";
  if (!words.done() && words.peek().text().starts_with(tunnel)) {
    Word w = words.next();
    e.tun_id = whole(w, parse_as<std::uint64_t>(w.text().substr(tunnel.size())), "a tunnel id");
  }
  if (!words.done()) {
    Word w = words.next();
    e.frame = whole(w, parse_hex(w.text()), "a frame in hexadecimal digits");
  }
  return e;
}

EventBody parse_conn_event(ConnName conn, Words& words, std::uint32_t id) {
  std::string_view what = words.done() ? std::string_view() : words.peek().text();
  if (what == "open") return words.next(), event::ConnOpen{conn};
  if (what == "close") return words.next(), event::ConnClose{conn};
  if (what == "stall") return words.next(), event::PeerStall{conn, true};
  if (what == "resume") return words.next(), event::PeerStall{conn, false};
  return event::Recv{conn, parse_message(words, default_xid(id))};
}

EventBody parse_by_actor(Words& words, std::uint32_t id) {
  Word who = words.next();
  if (who.text() == "provider") return parse_provider(words);
  if (who.text() == "switch") return parse_switch_event(words);
  if (who.text() == "clock") return event::Clock{milliseconds(words.next(), UINT64_MAX)};
  if (who.text() == "loop") return parse_loop(words);
  if (auto conn = parse_conn(who.text())) return parse_conn_event(*conn, words, id);
  if (who.text().starts_with('p')) {
    if (auto port = parse_port(who.text().substr(1))) return parse_port_event(*port, words);
  }
  who.fail(fmt::format(
      "'{}' is nobody who acts; a connection (c1, s1, n1), a port (p1), provider, clock, loop, switch do", who.text()));
}

}  // namespace

EventBody parse_event(Words& words, std::uint32_t id) {
  EventBody body = parse_by_actor(words, id);
  end(words);
  return body;
}

Bytes parse_message(Words& words, std::uint32_t usual_xid) {
  Word what = words.next();
  if (what.text() == "bytes") {
    Bytes out;
    while (!words.done()) {
      Word w = words.next();
      put_bytes(out, whole(w, parse_hex(w.text()), "a run of hexadecimal digits, two for each byte"));
    }
    return out;
  }
  auto xid = words.take_key("xid");
  auto request = parse_request(what.text(), words);
  if (!request) what.fail(fmt::format("'{}' is no message that a controller sends, and not `bytes`", what.text()));
  set_xid(*request, xid ? xid->number<std::uint32_t>() : usual_xid);
  Bytes out = encode(*request);
  if (out.size() > 0xffff) what.fail(fmt::format("this message has {} bytes; 65535 are possible", out.size()));
  return out;
}

}  // namespace oftwin::harness
