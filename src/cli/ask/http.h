#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "net/http/client.h"

namespace naru::cli {

/// One HTTP request of a verb.
struct Asking {
  std::string method = "GET";
  std::string base_url;
  std::string target;  ///< path with query, encoded
  std::vector<net::Header> headers = {};
  std::string body = {};
  std::string ca_file = {};  ///< whom to trust in place of the system's authorities
  std::chrono::milliseconds patience{35'000};  ///< for the head, and for each piece of the body
};

/// Takes the next piece of an answer; a fault ends the call.
using TakePiece = std::function<Result<void>(int status, std::string_view piece)>;

/// Sends it and waits, on a loop of its own in this thread; gives the status.
/// Fails: InvalidRequest (URL, CA file), UpstreamFailed, UpstreamTimeout, UpstreamInvalid, and as
/// `take` does.
Result<int> ask(const Asking& asking, const TakePiece& take);

/// The sentence of an error answer: its `error.message`, or the body's beginning.
std::string said_in_error(int status, std::string_view body);

}  // namespace naru::cli
