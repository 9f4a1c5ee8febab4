#include "admin/keys.h"
#include "cli/serve/server.h"
#include "driver/deployment.h"

namespace naru::cli {
namespace {

constexpr std::string_view kKeyName = "quickstart";

constexpr std::string_view kText = R"(
naru is ready.

  address   {data}        speaks OpenAI and Anthropic
  admin     {admin}        its token is in {directory}/admin.token
  key       {key}
            named "{name}"; the one printed by an earlier start no longer works

Try it, in another terminal{hint}:

  curl -N {data}/v1/chat/completions \
    -H "Authorization: Bearer {key}" \
    -H "Content-Type: application/json" \
    -d '{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "What is a ferry?"}}]}}'

Or with any OpenAI or Anthropic SDK: base URL {data}/v1 (Anthropic: {data}), and this key.

Stop it with Ctrl-C.

)";

/// What the line to paste asks for.
struct Asked {
  std::string model;
  std::string hint = {};  ///< what else to do with the line
};

/// The first model; where patterns alone are declared, a word in the place of a name.
std::optional<Asked> model_to_ask(const gateway::Models& models) {
  if (!models.names().empty()) return Asked{.model = models.names().front()};
  if (models.all().empty()) return std::nullopt;
  return Asked{.model = "MODEL",
               .hint = fmt::format(" (with a name that '{}' fits in place of MODEL)",
                                   models.all().front()->name)};
}

/// Whether it is started by the first call that wants it.
bool starts_on_demand(const registry::Snapshot& snapshot, const std::string& name) {
  const auto& deployments = snapshot.get<driver::Deployments>().by_name;
  const auto found = deployments.find(name);
  return found != deployments.end() && found->second->start == driver::Start::OnDemand;
}

}  // namespace

std::optional<Result<std::string>> Server::quickstart() {
  const auto snapshot = registry_->snapshots().latest();
  for (const auto& [name, state] : endpoints_.all()) {
    if (state->phase == registry::Phase::Failed)
      return fail(FaultKind::NoTarget, "the engine of '{}' does not start: {}", name,
                  state->reason);
    const bool asleep =
        state->phase == registry::Phase::Stopped && starts_on_demand(*snapshot, name);
    if (state->phase != registry::Phase::Ready && !asleep) return std::nullopt;
  }
  const auto asked = model_to_ask(snapshot->get<gateway::Models>());
  if (!asked) return fail(FaultKind::NoTarget, "the documents declare no model");
  auto issued = admin::issue_key(*services_, {.name = std::string(kKeyName), .replace = true});
  if (!issued) return fail(issued.error());
  return fmt::format(kText, fmt::arg("data", data_url()), fmt::arg("admin", admin_url()),
                     fmt::arg("directory", options_.data_directory),
                     fmt::arg("key", issued->text.reveal()), fmt::arg("name", kKeyName),
                     fmt::arg("model", asked->model), fmt::arg("hint", asked->hint));
}

}  // namespace naru::cli
