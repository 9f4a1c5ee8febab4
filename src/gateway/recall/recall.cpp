#include "gateway/recall/recall.h"

#include "base/text.h"
#include "dialect/keeping.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kMostShownBytes = 80;    // of an id the client sent
constexpr std::chrono::seconds kPatience{10};  // for the store to find what is kept

net::Until patience(Exchange& exchange) { return exchange.until().by(exchange.now() + kPatience); }

/// Null where the client's dialect knows of no kept answers.
const dialect::Keeping* keeping_of(const Exchange& exchange) {
  return exchange.dialect().profile().keeping;
}

Fault not_kept(std::string_view id) {
  return {
      .kind = FaultKind::InvalidRequest,
      .detail = fmt::format("the previous response '{}' is not kept here for this key; send the "
                            "conversation itself as input",
                            clipped(id, kMostShownBytes)),
      .param = "previous_response_id",
      .code = "previous_response_not_found"};
}

std::uint64_t bytes_of(const std::vector<store::KeptItem>& items) {
  std::uint64_t bytes = 0;
  for (const store::KeptItem& item : items) bytes += item.body.size();
  return bytes;
}

/// The store's own words do not say what the client can do.
Fault told(Exchange& exchange, Fault fault) {
  if (fault.kind != FaultKind::TooLarge) return fault;
  fault.detail =
      fmt::format("the request with what was said before it exceeds {} bytes (limits.body_bytes)",
                  exchange.limits().body_bytes);
  return fault;
}

/// The items that the request names by id, with their JSON; `held` grows by what they hold.
/// Lifetime: the exchange and `held` outlive the task.
net::Task<Result<std::map<std::string, std::string>>> find_referenced(Exchange& exchange,
                                                                      std::vector<std::string> ids,
                                                                      std::uint64_t& held) {
  std::map<std::string, std::string> found;
  if (ids.empty()) co_return found;
  auto items = co_await exchange.services.store.find_items(
      exchange.loop(), exchange.principal->key_id, std::move(ids), exchange.limits().body_bytes,
      patience(exchange));
  if (!items) co_return fail(told(exchange, std::move(items).error()));
  NARU_CO_TRY(std::vector<store::KeptItem> kept, std::move(items));
  held += bytes_of(kept);
  NARU_CO_TRY_VOID(exchange.hold_beside(held));
  for (store::KeptItem& item : kept) found.emplace(std::move(item.id), std::move(item.body));
  co_return found;
}

/// The items of the conversation that `id` ended; `held` grows by what they hold. Lifetime: the
/// exchange and `held` outlive the task.
net::Task<Result<std::vector<store::KeptItem>>> find_earlier(Exchange& exchange, std::string id,
                                                             std::uint64_t& held) {
  if (id.empty()) co_return std::vector<store::KeptItem>{};
  // The answer's own JSON comes beside the conversation that it ends.
  const std::uint64_t most = exchange.limits().body_bytes + exchange.limits().answer_bytes;
  auto found = co_await exchange.services.store.find_answer(
      exchange.loop(), exchange.principal->key_id, id, most, patience(exchange));
  if (!found) co_return fail(told(exchange, std::move(found).error()));
  NARU_CO_TRY(std::optional<store::KeptAnswer> answer, std::move(found));
  if (!answer) co_return fail(not_kept(id));
  held += bytes_of(answer->items);
  NARU_CO_TRY_VOID(exchange.hold_beside(held + answer->body.size()));
  co_return std::move(answer->items);
}

/// The request as it reads now takes the place of the one that came.
Result<void> replace_body(Exchange& exchange, std::string body) {
  exchange.tree.reset();
  exchange.body = std::move(body);
  NARU_TRY(exchange.tree, json::Tree::parse(exchange.body));
  const std::uint64_t holds = exchange.body.capacity() + exchange.tree->held_bytes();
  exchange.body_memory->shrink_to(holds);
  NARU_TRY_VOID(exchange.body_memory->grow_to(holds, exchange.limits().body_memory_bytes));
  NARU_TRY(exchange.scan,
           exchange.dialect().scan_request(exchange.endpoint.operation, *exchange.tree));
  return {};
}

/// What the request's items are kept as: those said before under the ids they have.
std::vector<store::KeptItem> said_items(Exchange& exchange) {
  std::vector<store::KeptItem> items;
  Rng& rng = exchange.loop().rng();
  for (dialect::Item& item : keeping_of(exchange)->input_items(*exchange.tree, rng)) {
    const bool was_kept = items.size() < exchange.recalled.size();
    items.push_back({.id = was_kept ? exchange.recalled[items.size()] : std::move(item.id),
                     .body = std::move(item.body)});
  }
  return items;
}

}  // namespace

net::Task<Result<void>> recall(Exchange& exchange) {
  const dialect::Keeping* keeping = keeping_of(exchange);
  if (keeping == nullptr) co_return Result<void>{};
  NARU_CO_TRY(const dialect::Recall asked, keeping->scan_recall(*exchange.tree));
  exchange.keeps_answer = asked.keep && exchange.settings().keep_answers.count() > 0 &&
                          exchange.endpoint.operation == dialect::Operation::Chat;
  exchange.previous_answer = asked.previous;
  if (asked.previous.empty() && asked.references.empty()) co_return Result<void>{};
  std::uint64_t held = 0;  // of what was said before, beside the request
  auto earlier = co_await find_earlier(exchange, asked.previous, held);
  NARU_CO_TRY(std::vector<store::KeptItem> items, std::move(earlier));
  auto named = co_await find_referenced(exchange, asked.references, held);
  NARU_CO_TRY(auto referenced, std::move(named));
  dialect::Recalled found{.referenced = std::move(referenced)};
  for (store::KeptItem& item : items) {
    found.earlier.push_back(std::move(item.body));
    exchange.recalled.push_back(std::move(item.id));
  }
  NARU_CO_TRY(std::string body,
              keeping->with_recalled(*exchange.tree, found, exchange.limits().body_bytes));
  NARU_CO_TRY_VOID(exchange.hold_beside(held + body.capacity()));
  found = {};
  co_return replace_body(exchange, std::move(body));
}

net::Task<Result<void>> keep(Exchange& exchange) {
  if (!exchange.keeps_answer) co_return Result<void>{};
  Rng& rng = exchange.loop().rng();
  const std::string_view told =
      exchange.client ? exchange.answer.stream->terminal() : std::string_view(exchange.answer.body);
  std::optional<dialect::Keepsake> made = keeping_of(exchange)->read_keepsake(told, rng);
  // Who has said something and tells nothing of it at the end cannot be gone on from.
  const bool untold = made && made->items.empty() && exchange.facts.delivered.total() > 0;
  if (!made || untold) co_return Result<void>{};
  store::KeptAnswer answer{
      .id = std::move(made->id),
      .key_id = exchange.principal->key_id,
      .expires = exchange.services.clock.wall_now() + exchange.settings().keep_answers,
      .body = std::move(made->body),
      .items = said_items(exchange)};
  for (dialect::Item& item : made->items)
    answer.items.push_back({.id = std::move(item.id), .body = std::move(item.body)});
  NARU_CO_TRY_VOID(exchange.hold_beside(answer.body.size() + bytes_of(answer.items)));
  auto written = co_await exchange.services.store.keep_answer(exchange.loop(), std::move(answer),
                                                              exchange.until_written());
  co_return written;
}

net::Task<Result<void>> kept(Exchange& exchange) {
  const std::string& id = exchange.endpoint.id;
  const std::int64_t key = exchange.principal->key_id;
  const bool deletes = exchange.endpoint.serves == Serves::DeleteAnswer;
  const auto not_found = [&] {
    return fail(Fault{.kind = FaultKind::NotFound,
                      .detail = fmt::format("no response '{}' is kept here for this key",
                                            clipped(id, kMostShownBytes)),
                      .param = "id"});
  };
  std::string body;
  if (deletes) {
    auto gone = co_await exchange.services.store.forget_answer(exchange.loop(), key, id,
                                                               patience(exchange));
    NARU_CO_TRY(const bool was_there, std::move(gone));
    if (!was_there) co_return not_found();
    body = keeping_of(exchange)->write_deleted(id);
  } else {
    // No limit beside memory: it was within those in force when it was kept.
    const std::uint64_t memory = exchange.limits().body_memory_bytes;
    auto found = co_await exchange.services.store.find_answer(exchange.loop(), key, id, memory,
                                                              patience(exchange));
    NARU_CO_TRY(std::optional<store::KeptAnswer> answer, std::move(found));
    if (!answer) co_return not_found();
    exchange.body_memory.emplace(exchange.services.body_memory);
    NARU_CO_TRY_VOID(exchange.body_memory->grow_to(answer->body.size(), memory));
    body = std::move(answer->body);
  }
  net::ReplyHead head{.headers = exchange.common_headers()};
  head.headers.push_back({"content-type", "application/json"});
  auto sent = co_await exchange.call.reply(std::move(head), body, exchange.until_written());
  co_return sent;
}

}  // namespace naru::gateway
