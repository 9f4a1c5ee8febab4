#pragma once
#include <string_view>

/// What Anthropic's models take and refuse. No call of its API tells, so that their names must.
namespace naru::dialect::anthropic_wire {

struct ModelTraits {
  /// Decides itself how much it thinks, given an effort; older ones take a budget of tokens.
  bool adapts = true;
  /// What of `thinking.type` comes nearest to not thinking at all: `disabled`, `between_tools`, or
  /// empty where it cannot be told not to.
  std::string_view least_thinking = "disabled";
  bool system_turns = false;  ///< takes system prompts within the conversation
};

/// Of a model called so. A name that tells no version is taken for a newer one that thinks
/// adaptively, and can do nothing else that some others cannot.
ModelTraits traits_of(std::string_view model);

}  // namespace naru::dialect::anthropic_wire
