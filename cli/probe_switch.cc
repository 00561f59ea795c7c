#include "cli/probe_switch.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "cli/say.h"
#include "cli/subjects.h"
#include "harness/files.h"
#include "harness/live/find_profile.h"

namespace oftwin::cli {
namespace {

using harness::live::Link;

constexpr int kLost = 3;
constexpr unsigned kMeetSeconds = 10, kSecondSeconds = 2;

net::Deadline in_seconds(unsigned s) { return net::Clock::now() + std::chrono::seconds(s); }

net::Endpoint endpoint_of(const std::string& subject) {
  try {
    return net::parse_endpoint(subject);
  } catch (const net::EndpointError& e) {
    throw UsageError(fmt::format("--probe wants a switch to ask, such as --subject tcp:HOST:PORT: {}", e.what()));
  }
}

}  // namespace

int run_probe(const CheckOptions& options) {
  const net::Endpoint endpoint = endpoint_of(options.subject);
  if (!options.output.empty() && options.output != "-") harness::must_be_writable(options.output);
  net::Reactor reactor;
  std::unique_ptr<net::Meeting> meeting;
  try {
    const net::TlsFiles tls{options.private_key, options.certificate, options.ca_cert};
    meeting = std::make_unique<net::Meeting>(reactor, endpoint, tls);
  } catch (const net::NetError& e) { throw UsageError(e.what()); }
  try {
    Link link(*meeting, in_seconds(kMeetSeconds));
    harness::live::FindOptions how;
    how.another = [&]() -> std::unique_ptr<Link> {
      try {
        return std::make_unique<Link>(*meeting, in_seconds(kSecondSeconds));
      } catch (const harness::live::LinkError&) { return nullptr; }
    };
    const harness::live::FoundProfile found = harness::live::find_profile(link, how);
    const std::string text = print_profile(found.profile, found.seen);
    if (options.output.empty() || options.output == "-") {
      say("{}", text);
    } else {
      harness::write_file(options.output, text);
      say("{}: the profile of {}; look through it, and say which ports are wired\n", options.output,
          found.profile.name);
    }
    return 0;
  } catch (const harness::live::LinkError& e) {
    complain("oftwin: {}: {}\n", options.subject, e.what());
    return kLost;
  }
}

}  // namespace oftwin::cli
