#include "harness/net/tls.h"

namespace oftwin::net {

std::shared_ptr<asio::ssl::context> make_tls(const TlsFiles& files, const Endpoint& endpoint) {
  namespace ssl = asio::ssl;
  const auto check = [](const asio::error_code& error, const std::string& file) {
    if (error) throw NetError(file + ": " + error.message());
  };
  const bool shows = !files.private_key.empty() || !files.certificate.empty();
  const bool complete = !files.private_key.empty() && !files.certificate.empty();
  if (endpoint.listens && (!complete || files.ca_cert.empty())) {
    throw NetError(print_endpoint(endpoint) + ": ssl needs a private key, a certificate and the peers' CA certificate");
  }
  if (files.ca_cert.empty()) throw NetError(print_endpoint(endpoint) + ": ssl needs the peer's CA certificate");
  if (shows && !complete) {
    throw NetError(print_endpoint(endpoint) + ": a private key and its certificate are needed together, or neither");
  }
  auto out = std::make_shared<ssl::context>(ssl::context::tls);
  asio::error_code error;
  out->set_options(ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
                   error);
  check(error, print_endpoint(endpoint));
  if (shows) {
    out->use_certificate_chain_file(files.certificate, error);
    check(error, files.certificate);
    out->use_private_key_file(files.private_key, ssl::context::pem, error);
    check(error, files.private_key);
  }
  out->load_verify_file(files.ca_cert, error);
  check(error, files.ca_cert);
  out->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  check(error, files.ca_cert);
  return out;
}

}  // namespace oftwin::net
