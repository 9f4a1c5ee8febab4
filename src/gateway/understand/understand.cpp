#include "gateway/understand/understand.h"

#include "net/http/content_coding.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kChunkBytes = 16 << 10;
constexpr std::size_t kFirstRoomBytes = 64 << 10;

Fault too_large(std::uint64_t limit) {
  return {.kind = FaultKind::TooLarge,
          .detail = fmt::format("the request body exceeds {} bytes (limits.body_bytes)", limit)};
}

/// A declared body goes straight into place. Room is made as it comes: a length alone takes none
/// from others. Lifetime: the exchange outlives the task.
net::Task<Result<void>> read_declared(Exchange& exchange, std::uint64_t length, net::Until until) {
  std::size_t filled = 0;
  while (filled < length) {
    if (filled == exchange.body.size()) {
      const auto room = std::min<std::uint64_t>(length, std::max(kFirstRoomBytes, 2 * filled));
      NARU_CO_TRY_VOID(exchange.body_memory->grow_to(room, exchange.limits().body_memory_bytes));
      exchange.body.resize(room);
    }
    auto got = co_await exchange.call.read_body(std::span(exchange.body).subspan(filled), until);
    NARU_CO_TRY(const std::size_t bytes, std::move(got));
    if (bytes == 0) co_return fail(FaultKind::InvalidRequest, "the request body ended early");
    filled += bytes;
  }
  co_return Result<void>{};
}

/// A chunked or coded body grows as it comes. Lifetime: the exchange outlives the task.
net::Task<Result<void>> read_growing(Exchange& exchange, std::string_view coding,
                                     net::Until until) {
  const LimitSettings& limits = exchange.limits();
  NARU_CO_TRY(const auto decoder, net::ContentDecoder::make(coding));
  std::array<char, kChunkBytes> chunk;
  while (true) {
    auto got = co_await exchange.call.read_body(chunk, until);
    NARU_CO_TRY(const std::size_t bytes, std::move(got));
    if (bytes == 0) break;
    const std::string_view piece(chunk.data(), bytes);
    if (decoder != nullptr) {
      NARU_CO_TRY_VOID(decoder->feed(piece, exchange.body, limits.body_bytes));
    } else {
      exchange.body.append(piece);
    }
    if (exchange.body.size() > limits.body_bytes) co_return fail(too_large(limits.body_bytes));
    NARU_CO_TRY_VOID(
        exchange.body_memory->grow_to(exchange.body.capacity(), limits.body_memory_bytes));
  }
  if (decoder != nullptr) NARU_CO_TRY_VOID(decoder->finish());
  co_return Result<void>{};
}

/// Lifetime: the exchange outlives the task.
net::Task<Result<void>> read_body(Exchange& exchange) {
  const LimitSettings& limits = exchange.limits();
  const net::HeadersView& headers = exchange.call.head().headers;
  const auto length = exchange.call.body_length();
  const std::string_view coding = headers.find("content-encoding").value_or("");
  if (length && *length > limits.body_bytes) co_return fail(too_large(limits.body_bytes));
  exchange.body_memory.emplace(exchange.services.body_memory);
  const net::Until until = exchange.until().by(exchange.now() + limits.body_timeout);
  Result<void> read;
  if (length && (coding.empty() || coding == "identity"))
    read = co_await read_declared(exchange, *length, until);
  else
    read = co_await read_growing(exchange, coding, until);
  if (!read && read.error().kind == FaultKind::UpstreamTimeout)
    co_return fail(FaultKind::RequestTimeout, "the request body did not arrive within {} ms",
                   limits.body_timeout.count());
  co_return read;
}

}  // namespace

net::Task<Result<void>> understand(Exchange& exchange) {
  auto read = co_await read_body(exchange);
  NARU_CO_TRY_VOID(std::move(read));
  if (exchange.body.empty())
    co_return fail(FaultKind::InvalidRequest, "the request has no body; send one JSON object");
  NARU_CO_TRY(exchange.tree, json::Tree::parse(exchange.body));
  // Ten bytes of `[1,1,1,…` are a hundred as a tree.
  NARU_CO_TRY_VOID(exchange.body_memory->grow_to(
      exchange.body.capacity() + exchange.tree->held_bytes(), exchange.limits().body_memory_bytes));
  NARU_CO_TRY(exchange.scan,
              exchange.dialect().scan_request(exchange.endpoint.operation, *exchange.tree));
  co_return Result<void>{};
}

}  // namespace naru::gateway
