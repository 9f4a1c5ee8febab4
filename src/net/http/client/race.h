#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "net/resolver.h"
#include "net/socket_stream.h"

namespace naru::net {

/// The families by turns, beginning with that of the first address, each in the order given.
/// Source: RFC 8305, 4.
std::vector<Address> in_racing_order(std::vector<Address> addresses);

/// Connects to one address.
using Dial =
    std::function<Task<Result<std::unique_ptr<SocketStream>>>(const Address& address, Until until)>;

/// The first connection of all `addresses`, tried in order: the next one starts when one has failed
/// or 250 ms have passed without an end. Losers are closed. Fails: as the first that failed, or as
/// `until` says. Source: RFC 8305, 5.
Task<Result<std::unique_ptr<SocketStream>>> race(Loop& loop, std::vector<Address> addresses,
                                                 Dial dial, Until until);

}  // namespace naru::net
