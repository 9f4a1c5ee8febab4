#pragma once
#include "dialect/keeping.h"

/// The pieces of this dialect's `Keeping`.
/// Source: OpenAI API reference, Responses (`store`, `previous_response_id`), Conversation state.
namespace naru::dialect::openai_responses_wire {

/// `store` and `previous_response_id`; items by name are `item_reference`s.
Result<Recall> scan_recall(const json::Tree& body);
Result<std::string> with_recalled(const json::Tree& body, const Recalled& recalled,
                                  std::size_t most_bytes);
std::vector<Item> input_items(const json::Tree& body, Rng& rng);
std::optional<Keepsake> read_keepsake(std::string_view answer, Rng& rng);
std::string write_deleted(std::string_view id);

inline constexpr Keeping kKeeping = {.served_at = "/v1/responses/",
                                     .scan_recall = scan_recall,
                                     .with_recalled = with_recalled,
                                     .input_items = input_items,
                                     .read_keepsake = read_keepsake,
                                     .write_deleted = write_deleted};

}  // namespace naru::dialect::openai_responses_wire
