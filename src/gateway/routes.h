#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/dialect.h"
#include "net/http/head.h"

namespace naru::gateway {

/// What a path of the data listener is for.
enum class Serves : std::uint8_t {
  Operation,
  ModelList,
  OneModel,
  ReadAnswer,
  DeleteAnswer,
  Live,
  Ready,
  Preflight,
  Nothing
};

/// What one request is addressed to.
struct Endpoint {
  Serves serves = Serves::Nothing;
  const dialect::Dialect* dialect = nullptr;  ///< whose shape answers and errors take; never null
  dialect::Operation operation = dialect::Operation::Chat;
  std::string id = {};  ///< of the model or kept answer the path names, percent-decoded
  std::string_view known_methods = {};  ///< Nothing: the path is served, with these methods
};

/// The endpoint of a method and path. Where nothing is served, the dialect is the one the client
/// seems to speak.
Endpoint find_endpoint(const net::RequestHead& head);

/// Paths of every call and model list, for messages: `/v1/chat/completions, …, /v1/models`.
std::string_view served_paths();

/// `%41` → `A`; nullopt when a `%` has no two hexadecimal digits after it.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace naru::gateway
