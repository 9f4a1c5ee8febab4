#pragma once
#include <string>

#include "net/http/client/remote.h"

namespace naru::net {

/// Request line and headers of `request` as they go to `remote` (or to the proxy that fetches for
/// it), up to the empty line. Host, framing and hop-by-hop headers among the caller's are left out.
/// Fails: Internal, naming the header or target that cannot stand in a request.
Result<std::string> write_request_head(const HttpRemote& remote, const ClientRequest& request);

/// A CONNECT request to the proxy of `remote`. Source: RFC 9110, 9.3.6.
std::string write_connect_head(const HttpRemote& remote);

}  // namespace naru::net
