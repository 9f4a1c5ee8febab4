#include "admin/keys.h"
#include "cli/serve/server.h"

namespace naru::cli {
namespace {

constexpr std::string_view kKeyName = "quickstart";

constexpr std::string_view kText = R"(
naru is ready.

  address   {data}        speaks OpenAI and Anthropic
  admin     {admin}        its token is in {directory}/admin.token
  key       {key}
            named "{name}"; the one printed by an earlier start no longer works

Try it, in another terminal:

  curl -N {data}/v1/chat/completions \
    -H "Authorization: Bearer {key}" \
    -H "Content-Type: application/json" \
    -d '{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "What is a ferry?"}}]}}'

Or with any OpenAI or Anthropic SDK: base URL {data}/v1 (Anthropic: {data}), and this key.

Stop it with Ctrl-C.

)";

}  // namespace

std::optional<Result<std::string>> Server::quickstart() {
  for (const auto& [name, state] : endpoints_.all()) {
    if (state->phase == registry::Phase::Failed)
      return fail(FaultKind::NoTarget, "the engine of '{}' does not start: {}", name,
                  state->reason);
    if (state->phase != registry::Phase::Ready) return std::nullopt;
  }
  const auto snapshot = registry_->snapshots().latest();
  const auto& names = snapshot->get<gateway::Models>().names();
  if (names.empty()) return fail(FaultKind::NoTarget, "the documents declare no model");
  auto issued = admin::issue_key(*services_, {.name = std::string(kKeyName), .replace = true});
  if (!issued) return fail(issued.error());
  return fmt::format(kText, fmt::arg("data", data_url()), fmt::arg("admin", admin_url()),
                     fmt::arg("directory", options_.data_directory),
                     fmt::arg("key", issued->text.reveal()), fmt::arg("name", kKeyName),
                     fmt::arg("model", names.front()));
}

}  // namespace naru::cli
