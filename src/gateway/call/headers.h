#pragma once
#include "dialect/dialect.h"
#include "net/http/head.h"

namespace naru::gateway {

/// Request headers of a client that go on to an upstream of dialect `upstream`, as that one's
/// profile says; all others stay here. Headers naru sets itself are not among them.
std::vector<net::Header> forwarded_headers(const net::HeadersView& from_client,
                                           const dialect::Dialect& upstream);
/// Parts of the client's query that go on: `beta=true` and the like; empty or with a leading `?`.
std::string forwarded_query(std::string_view query, const dialect::Dialect& client,
                            const dialect::Dialect& upstream);
/// Answer headers of an upstream of dialect `upstream` that reach the client.
std::vector<net::Header> returned_headers(const net::HeadersView& from_upstream,
                                          const dialect::Dialect& upstream);
/// How long from `now` the upstream asks to be left alone: `retry-after-ms`, else `retry-after` in
/// seconds or as a date. Headers that tell when a limit is whole again are no such wish.
std::optional<std::chrono::milliseconds> retry_after(const net::HeadersView& from_upstream,
                                                     WallTime now);

}  // namespace naru::gateway
