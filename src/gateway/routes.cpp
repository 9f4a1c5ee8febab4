#include "gateway/routes.h"

#include <array>

#include "base/text.h"

namespace naru::gateway {
namespace {

using dialect::Operation;

/// A path that is the same whoever speaks.
struct PathRow {
  std::string_view path;
  std::string_view methods;  ///< separated by spaces; GET serves HEAD too
  Serves serves;
  const dialect::Dialect& (*dialect)();  ///< null: as the client speaks
  Operation operation = Operation::Chat;
};

constexpr auto kPaths = std::to_array<PathRow>({
    {"/v1/chat/completions", "POST", Serves::Operation, &dialect::openai_chat, Operation::Chat},
    {"/v1/completions", "POST", Serves::Operation, &dialect::openai_chat, Operation::Complete},
    {"/v1/embeddings", "POST", Serves::Operation, &dialect::openai_chat, Operation::Embed},
    {"/v1/messages", "POST", Serves::Operation, &dialect::anthropic, Operation::Chat},
    {"/v1/messages/count_tokens", "POST", Serves::Operation, &dialect::anthropic,
     Operation::CountTokens},
    {"/v1/models", "GET HEAD", Serves::ModelList, nullptr},
    {"/health/live", "GET HEAD", Serves::Live, nullptr},
    {"/health/ready", "GET HEAD", Serves::Ready, nullptr},
});

constexpr std::string_view kOneModel = "/v1/models/";

/// The dialect a client seems to speak where the path does not tell.
const dialect::Dialect& spoken_by(const net::RequestHead& head) {
  const bool anthropic =
      head.headers.find("anthropic-version").has_value() || head.path.starts_with("/v1/messages");
  return anthropic ? dialect::anthropic() : dialect::openai_chat();
}

bool allows(std::string_view methods, std::string_view method) {
  for (const std::string_view one : split(methods, ' '))
    if (one == method) return true;
  return false;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

Endpoint one_model(const net::RequestHead& head, std::string_view encoded_id) {
  Endpoint endpoint{.dialect = &spoken_by(head)};
  if (!allows("GET HEAD", head.method)) {
    endpoint.known_methods = "GET";
    return endpoint;
  }
  auto id = percent_decoded(encoded_id);
  if (!id) return endpoint;
  endpoint.serves = Serves::OneModel;
  endpoint.model = *std::move(id);
  return endpoint;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    plain.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return plain;
}

Endpoint find_endpoint(const net::RequestHead& head) {
  if (head.method == "OPTIONS" && head.headers.find("access-control-request-method"))
    return {.serves = Serves::Preflight, .dialect = &spoken_by(head)};
  for (const PathRow& row : kPaths) {
    if (row.path != head.path) continue;
    Endpoint endpoint{.dialect = row.dialect != nullptr ? &row.dialect() : &spoken_by(head),
                      .operation = row.operation};
    if (allows(row.methods, head.method))
      endpoint.serves = row.serves;
    else
      endpoint.known_methods = row.methods;
    return endpoint;
  }
  if (head.path.starts_with(kOneModel) && head.path.size() > kOneModel.size())
    return one_model(head, head.path.substr(kOneModel.size()));
  return {.dialect = &spoken_by(head)};
}

}  // namespace naru::gateway
