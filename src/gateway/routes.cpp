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
    {"/v1/responses", "POST", Serves::Operation, &dialect::openai_responses, Operation::Chat},
    {"/v1/responses/input_tokens", "POST", Serves::Operation, &dialect::openai_responses,
     Operation::CountTokens},
    {"/v1/messages", "POST", Serves::Operation, &dialect::anthropic, Operation::Chat},
    {"/v1/messages/count_tokens", "POST", Serves::Operation, &dialect::anthropic,
     Operation::CountTokens},
    {"/v1/models", "GET HEAD", Serves::ModelList, nullptr},
    {"/health/live", "GET HEAD", Serves::Live, nullptr},
    {"/health/ready", "GET HEAD", Serves::Ready, nullptr},
});

constexpr std::string_view kOneModel = "/v1/models/";
constexpr std::string_view kOneAnswer = "/v1/responses/";

/// The dialect a client seems to speak where the path does not tell.
const dialect::Dialect& spoken_by(const net::RequestHead& head) {
  if (head.headers.find("anthropic-version") || head.path.starts_with("/v1/messages"))
    return dialect::anthropic();
  const bool responses = head.path.starts_with("/v1/responses");
  return responses ? dialect::openai_responses() : dialect::openai_chat();
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

/// What stands behind `prefix`; empty also for another path.
std::string_view after(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) ? path.substr(prefix.size()) : std::string_view();
}

/// A path that ends in the id of one thing.
Endpoint one_of(const net::RequestHead& head, std::string_view encoded_id, std::string_view methods,
                Serves serves) {
  Endpoint endpoint{.dialect = &spoken_by(head)};
  if (!allows(methods, head.method)) {
    endpoint.known_methods = methods;
    return endpoint;
  }
  auto id = percent_decoded(encoded_id);
  if (!id) return endpoint;
  endpoint.serves = serves;
  endpoint.id = *std::move(id);
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
  if (const std::string_view model = after(head.path, kOneModel); !model.empty())
    return one_of(head, model, "GET HEAD", Serves::OneModel);
  const std::string_view answer = after(head.path, kOneAnswer);
  if (!answer.empty() && answer.find('/') == answer.npos)
    return one_of(head, answer, "GET DELETE",
                  head.method == "DELETE" ? Serves::DeleteAnswer : Serves::ReadAnswer);
  return {.dialect = &spoken_by(head)};
}

}  // namespace naru::gateway
