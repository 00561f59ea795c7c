// oftwin serve: the built-in switch on sockets, for real controllers, judged all the time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/lost.h"

namespace oftwin::cli {

struct ServeOptions {
  std::vector<std::string> listen, snoop, controllers;  // endpoints; none at all: ptcp:6653
  std::string private_key, certificate, ca_cert;
  std::string subject = "builtin";
  ProviderLimits provider;  // if it is a provider library
  unsigned ports = 4, tables = 1;
  std::uint32_t buffers = 256;    // for packets, of each connection to a controller; 0: none
  std::string datapath_id = "1";  // hexadecimal
  std::string fail_mode = "secure";
  std::uint32_t probe_interval_s = 15;  // 0: never
  std::uint32_t latency_ms = 0;         // until an operation of the datapath is complete
  std::uint32_t max_connections = 500, max_flows = 5'000;
  std::string log = "out/serve";
  std::string json;  // file, - for standard output
};

// Until SIGINT, SIGTERM or SIGHUP. The exit code: 3 if the switch was lost, even if it began anew; 1 if switch and
// model differed. throws UsageError, net::NetError, FileError.
int run_serve(const ServeOptions& options);

}  // namespace oftwin::cli
