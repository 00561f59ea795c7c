#include "cli/serve.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/provider_apart.h"
#include "cli/say.h"
#include "cli/subjects.h"
#include "harness/default_config.h"
#include "harness/files.h"
#include "harness/serve/server.h"
#include "spec/openflow.h"

namespace oftwin::cli {

namespace {

constexpr int kDiverged = 1, kLost = 3;
constexpr rlim_t kOtherDescriptors = 64;

std::vector<net::Endpoint> endpoints(const std::vector<std::string>& texts, const std::string& flag, bool listening) {
  std::vector<net::Endpoint> out;
  for (const std::string& text : texts) {
    try {
      out.push_back(net::parse_endpoint(text));
    } catch (const net::EndpointError& e) { throw UsageError(flag + ": " + e.what()); }
    if (out.back().listens != listening) {
      throw UsageError(fmt::format(
          "{}: {} does not {}", flag, text,
          listening ? "listen; ptcp:, pssl: or punix: is wanted" : "connect; tcp:, ssl: or unix: is wanted"));
    }
  }
  return out;
}

std::uint64_t parse_datapath_id(const std::string& text) {
  std::uint64_t id = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id, 16);
  if (text.empty() || error != std::errc{} || stop != end || id == 0) {
    throw UsageError(fmt::format("--datapath-id: '{}' is not 1 to 16 hexadecimal digits above 0", text));
  }
  return id;
}

SwitchConfig config_of(const ServeOptions& o) {
  std::vector<std::uint16_t> ports;
  for (unsigned n = 1; n <= o.ports; ++n) ports.push_back(static_cast<std::uint16_t>(n));
  ports.push_back(OFPP_LOCAL);
  SwitchConfig config = harness::default_config(ports);
  config.n_buffers = o.buffers;
  config.provider = ProviderMode::simulated;
  config.tables.resize(o.tables);
  for (unsigned n = 0; n < o.tables; ++n) {
    config.tables[n].name = fmt::format("table{}", n);
    config.tables[n].max_entries = o.max_flows;
  }
  config.datapath_id = parse_datapath_id(o.datapath_id);
  return config;
}

harness::ServerOptions server_options(const ServeOptions& o) {
  harness::ServerOptions out;
  out.listen = endpoints(o.listen, "--listen", true);
  out.snoop = endpoints(o.snoop, "--snoop", true);
  out.controllers = endpoints(o.controllers, "--controller", false);
  if (out.listen.empty() && out.controllers.empty()) {
    out.listen = {net::parse_endpoint(fmt::format("ptcp:{}", net::kOpenFlowPort))};
  }
  out.tls = {o.private_key, o.certificate, o.ca_cert};
  out.limits.connections = o.max_connections;
  out.limits.flows = o.max_flows;
  out.judged.config = config_of(o);
  out.judged.log = o.log;
  out.judged.replaceable = make_provider(o.subject) != nullptr;
  out.judged.say = [](const std::string& line) { complain("oftwin serve: {}\n", line); };
  if (o.fail_mode != "secure" && o.fail_mode != "standalone") {
    throw UsageError(fmt::format("--fail-mode: '{}' is neither secure nor standalone", o.fail_mode));
  }
  auto& beginning = out.judged.beginning;
  if (o.fail_mode == "standalone") beginning.push_back(event::Set{event::Setting::standalone, 1});
  if (o.probe_interval_s > 0) beginning.push_back(event::Set{event::Setting::probe_interval, o.probe_interval_s});
  if (o.latency_ms > 0) beginning.push_back(event::ProviderLatency{std::nullopt, o.latency_ms});
  return out;
}

// Each connection is a descriptor.
void raise_descriptors(rlim_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void print_summary(const harness::Server& server, const std::string& json, double seconds) {
  const harness::Stats& judged = server.judged().stats();
  const harness::ServerCounts& c = server.counts();
  const std::uint64_t divergences = server.judged().divergences(), losses = server.judged().losses();
  if (json != "-") {
    say("{} messages judged in {} sessions, {} events, {} divergence{}; the switch was lost {} time{}; {} connections "
        "accepted, {} refused, {} dropped; {} frames sent; {:.1f} s\n",
        judged.messages, c.sessions, judged.events, divergences, divergences == 1 ? "" : "s", losses,
        losses == 1 ? "" : "s", c.accepted, c.refused, c.dropped, c.frames, seconds);
  }
  if (json.empty()) return;
  const nlohmann::json out = {{"messages", judged.messages}, {"events", judged.events}, {"sessions", c.sessions},
                              {"divergences", divergences},  {"losses", losses},        {"accepted", c.accepted},
                              {"refused", c.refused},        {"dropped", c.dropped},    {"frames", c.frames},
                              {"seconds", seconds}};
  const std::string text = json_text(out, 2);
  if (json == "-") {
    hand_out(text);
  } else {
    harness::write_file(json, text);
  }
}

// A provider that crashes must not take the guests with it.
std::unique_ptr<harness::Subject> subject_of(const ServeOptions& o) {
  if (auto provider = make_provider(o.subject, o.provider.patience)) {
    return std::make_unique<ProviderApart>(std::move(provider), o.provider);
  }
  return make_subject(o.subject);
}

}  // namespace

int run_serve(const ServeOptions& options) {
  if (!options.json.empty() && options.json != "-") harness::must_be_writable(options.json);
  harness::must_be_writable_folder(options.log);
  const auto subject = subject_of(options);
  net::Reactor reactor;
  reactor.catch_signals();
  raise_descriptors(options.max_connections + options.controllers.size() + kOtherDescriptors);
  harness::Server server(reactor, *subject, server_options(options));
  for (const net::Endpoint& e : server.listening()) { say("listening on {}\n", net::print_endpoint(e)); }
  std::fflush(stdout);
  const auto begin = net::Clock::now();
  bool lost = false;
  try {
    while (reactor.signals() == 0) server.turn(net::Clock::now() + std::chrono::hours(1));
  } catch (const harness::SubjectLost& e) {
    complain("oftwin serve: the switch was lost: {}\n", e.what());
    lost = true;
  }
  print_summary(server, options.json, std::chrono::duration<double>(net::Clock::now() - begin).count());
  lost = lost || server.judged().losses() > 0;
  return lost ? kLost : server.judged().divergences() > 0 ? kDiverged : 0;
}

}  // namespace oftwin::cli
