// Where an OpenFlow connection begins or is waited for, in the spelling of Open vSwitch's tools:
//
//   tcp:HOST:PORT   ssl:HOST:PORT   unix:PATH          connect
//   ptcp:PORT[:ADDR]   pssl:PORT[:ADDR]   punix:PATH   listen; on loopback unless ADDR is given
//
// HOST is a name or an address; an IPv6 address stands in brackets where a port follows it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace oftwin::net {

enum class Transport : std::uint8_t { tcp, ssl, unix_socket };

struct Endpoint {
  Transport transport = Transport::tcp;
  bool listens = false;
  std::string host;        // name or address, without brackets; empty for unix sockets
  std::uint16_t port = 0;  // 0, only when listening: any that is free
  std::string path;        // of a unix socket
  bool operator==(const Endpoint&) const = default;
};

inline constexpr std::uint16_t kOpenFlowPort = 6653;
inline constexpr std::size_t kMaxSocketPath = 107;  // bytes; what a unix socket's address holds

// "column N of 'TEXT': why".
class EndpointError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// throws EndpointError.
Endpoint parse_endpoint(std::string_view text);
// As it is written above; parse_endpoint(print_endpoint(e)) == e.
std::string print_endpoint(const Endpoint& endpoint);
// Whether `text` begins like an endpoint, e.g. to tell it from a file's name.
bool names_endpoint(std::string_view text);

}  // namespace oftwin::net
