// Keys and certificates, read.
#pragma once

#include <asio/ssl/context.hpp>
#include <memory>

#include "harness/net/channel.h"

namespace oftwin::net {

// throws NetError that names the file.
std::shared_ptr<asio::ssl::context> make_tls(const TlsFiles& files, const Endpoint& endpoint);

}  // namespace oftwin::net
