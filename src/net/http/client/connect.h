#pragma once
#include <memory>

#include "net/http/client/remote.h"

namespace naru::net {

/// A fresh connection to `remote`, ready for requests: name, TCP (or UNIX socket), proxy and TLS
/// within its connect timeout. Fails: UpstreamFailed with the reason in words, UpstreamTimeout
/// naming the place and the step, Cancelled. Lifetime: loop and resolver outlive the task.
Task<Result<std::unique_ptr<ByteStream>>> connect(Loop& loop, Resolver& resolver,
                                                  std::shared_ptr<const HttpRemote> remote,
                                                  Until until);

}  // namespace naru::net
