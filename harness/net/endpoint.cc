#include "harness/net/endpoint.h"

#include <fmt/format.h>

#include <charconv>

namespace oftwin::net {

namespace {

struct Scheme {
  std::string_view word;
  Transport transport;
  bool listens;
};
constexpr Scheme kSchemes[] = {
    {"tcp:", Transport::tcp, false}, {"ptcp:", Transport::tcp, true},          {"ssl:", Transport::ssl, false},
    {"pssl:", Transport::ssl, true}, {"unix:", Transport::unix_socket, false}, {"punix:", Transport::unix_socket, true},
};

const Scheme* scheme_of(std::string_view text) {
  for (const Scheme& s : kSchemes) {
    if (text.starts_with(s.word)) return &s;
  }
  return nullptr;
}

// Reads `text` from the left; errors name the column.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[noreturn]] void fail(std::string_view why) const {
    throw EndpointError(fmt::format("column {} of '{}': {}", at_ + 1, text_, why));
  }
  bool done() const { return at_ == text_.size(); }
  void skip(std::size_t n) { at_ += n; }
  std::string rest() {
    const std::string out(text_.substr(at_));
    at_ = text_.size();
    return out;
  }
  void expect(char c, std::string_view why) {
    if (done() || text_[at_] != c) fail(why);
    ++at_;
  }
  // A name, or an address; in brackets whatever holds a colon.
  std::string host() {
    std::size_t end;
    std::string out;
    if (!done() && text_[at_] == '[') {
      end = text_.find(']', at_);
      if (end == std::string_view::npos) fail("'[' without ']'");
      out = text_.substr(at_ + 1, end - at_ - 1);
      ++end;
    } else {
      end = std::min(text_.find(':', at_), text_.size());
      out = text_.substr(at_, end - at_);
    }
    if (out.empty()) fail("a host is missing");
    at_ = end;
    return out;
  }
  std::uint16_t port(unsigned least) {
    const std::size_t end = std::min(text_.find(':', at_), text_.size());
    unsigned value = 0;
    const auto [stop, error] = std::from_chars(text_.data() + at_, text_.data() + end, value);
    if (error != std::errc{} || stop != text_.data() + end || value > 65535 || value < least) {
      fail(fmt::format("a port from {} to 65535 is wanted", least));
    }
    at_ = end;
    return static_cast<std::uint16_t>(value);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

void read_path(Reader& in, Endpoint& out) {
  if (in.done()) in.fail("a path is missing");
  out.path = in.rest();
  if (out.path.size() > kMaxSocketPath) in.fail(fmt::format("a socket's path has at most {} bytes", kMaxSocketPath));
  if (out.path.find('\0') != std::string::npos) in.fail("a path has no zero byte");
}

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

}  // namespace

bool names_endpoint(std::string_view text) { return scheme_of(text) != nullptr; }

Endpoint parse_endpoint(std::string_view text) {
  Reader in(text);
  const Scheme* scheme = scheme_of(text);
  if (!scheme) {
    in.fail("tcp:HOST:PORT, ssl:HOST:PORT, unix:PATH, ptcp:PORT[:ADDR], pssl:PORT[:ADDR] or punix:PATH is wanted");
  }
  in.skip(scheme->word.size());
  Endpoint out;
  out.transport = scheme->transport;
  out.listens = scheme->listens;
  if (out.transport == Transport::unix_socket) {
    read_path(in, out);
  } else if (out.listens) {
    out.port = in.port(0);
    out.host = "127.0.0.1";
    if (!in.done()) {
      in.expect(':', "':' is wanted");
      out.host = in.host();
    }
  } else {
    out.host = in.host();
    in.expect(':', fmt::format("':PORT' is wanted, e.g. :{}", kOpenFlowPort));
    out.port = in.port(1);
  }
  if (!in.done()) in.fail("nothing more is wanted here");
  return out;
}

std::string print_endpoint(const Endpoint& e) {
  for (const Scheme& s : kSchemes) {
    if (s.transport != e.transport || s.listens != e.listens) continue;
    if (e.transport == Transport::unix_socket) return std::string(s.word) + e.path;
    if (e.listens) return fmt::format("{}{}:{}", s.word, e.port, bracketed(e.host));
    return fmt::format("{}{}:{}", s.word, bracketed(e.host), e.port);
  }
  return {};
}

}  // namespace oftwin::net
