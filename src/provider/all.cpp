#include <algorithm>

#include "provider/upstream.h"

namespace naru::provider {

std::span<const ProviderRow> all_providers() {
  static constexpr auto kAll = std::to_array<ProviderRow>({
      {.name = "anthropic",
       .dialects = "anthropic",
       .base_url = "https://api.anthropic.com",
       .api_path = "/v1",
       .auth = Auth::XApiKey,
       .credential_required = true,
       .version_header = "anthropic-version",
       .version = "2023-06-01",
       .purpose = "Claude models from Anthropic's API"},
      {.name = "openai",
       .dialects = "openai_chat openai_responses",
       .base_url = "https://api.openai.com/v1",
       .api_path = "",
       .auth = Auth::Bearer,
       .credential_required = true,
       .version_header = "",
       .version = "",
       .purpose = "GPT models from OpenAI's API"},
      {.name = "openai_compatible",
       .dialects = "openai_chat",
       .base_url = "",
       .api_path = "",
       .auth = Auth::Bearer,
       .credential_required = false,
       .version_header = "",
       .version = "",
       .purpose = "any server that speaks OpenAI's API: vLLM, SGLang, Ollama, llama-server"},
  });
  static_assert(std::ranges::is_sorted(kAll, {}, &ProviderRow::name));
  return kAll;
}

const ProviderRow* find_provider(std::string_view name) {
  const auto found = std::ranges::find(all_providers(), name, &ProviderRow::name);
  return found == all_providers().end() ? nullptr : &*found;
}

}  // namespace naru::provider
