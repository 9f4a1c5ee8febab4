#pragma once
#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

#include "base/fault.h"

namespace naru {

/// A value, or why there is none.
template <class T>
using Result = std::expected<T, Fault>;

/// A fault of `kind` whose detail is formatted from the rest.
template <class... Args>
[[nodiscard]] std::unexpected<Fault> fail(FaultKind kind, fmt::format_string<Args...> text,
                                          Args&&... args) {
  return std::unexpected(
      Fault{.kind = kind, .detail = fmt::format(text, std::forward<Args>(args)...)});
}

/// Passes a fault on from one Result to another type of Result.
[[nodiscard]] inline std::unexpected<Fault> fail(Fault fault) {
  return std::unexpected(std::move(fault));
}

}  // namespace naru

#define NARU_CONCAT_(a, b) a##b
#define NARU_CONCAT(a, b) NARU_CONCAT_(a, b)

/// `NARU_TRY(auto x, f());` takes the value of a Result or returns its fault. For `Result<void>`
/// write `NARU_TRY_VOID(f());`. `NARU_CO_TRY` and `NARU_CO_TRY_VOID` do so in a coroutine and want
/// an already awaited Result: `auto r = co_await f(); NARU_CO_TRY(auto x, r);`.
#define NARU_TRY(decl, ...) NARU_TRY_IMPL(NARU_CONCAT(result_, __LINE__), return, decl, __VA_ARGS__)
#define NARU_CO_TRY(decl, ...) \
  NARU_TRY_IMPL(NARU_CONCAT(result_, __LINE__), co_return, decl, __VA_ARGS__)
#define NARU_TRY_IMPL(name, give, decl, ...)             \
  auto name = __VA_ARGS__;                               \
  if (!name) give ::naru::fail(std::move(name).error()); \
  decl = *std::move(name)
#define NARU_TRY_VOID(...) \
  if (auto naru_done = __VA_ARGS__; !naru_done) return ::naru::fail(std::move(naru_done).error())
#define NARU_CO_TRY_VOID(...) \
  if (auto naru_done = __VA_ARGS__; !naru_done) co_return ::naru::fail(std::move(naru_done).error())
