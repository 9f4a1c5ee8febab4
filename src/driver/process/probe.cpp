#include "driver/process/probe.h"

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/text.h"

namespace naru::driver {
namespace {

constexpr std::size_t kMaxAnswerBytes = 1 << 20;
constexpr std::chrono::milliseconds kHealthy{700};  // health: needs no more than a thread of it
constexpr std::chrono::milliseconds kQuick{1'000};  // metrics, props
constexpr std::chrono::seconds kWarm{60};           // one token, on a slow machine

constexpr std::string_view kOneToken =
    R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":1,"cache_prompt":false})";

}  // namespace

net::Task<Result<EngineProbe::Got>> EngineProbe::ask(std::string_view method,
                                                     std::string_view target, std::string_view body,
                                                     net::Until until) {
  const std::vector<net::Header> headers{{"content-type", "application/json"}};
  const net::ClientRequest request{
      .method = method, .target = target, .headers = &headers, .body = body};
  auto sent = co_await client_.send(remote_, request, until);
  NARU_CO_TRY(const auto call, std::move(sent));
  Got got{.status = call->head().status, .body = {}};
  while (got.body.size() < kMaxAnswerBytes) {
    auto read = co_await call->read_some(until);
    NARU_CO_TRY(const std::string_view piece, std::move(read));
    if (piece.empty()) break;
    got.body += piece;
  }
  co_return got;
}

net::Task<Health> EngineProbe::health(net::Until until) {
  auto got = co_await ask("GET", "/health", "", until.by(loop_.clock().now() + kHealthy));
  if (!got) co_return Health::Unreachable;
  co_return got->status == 200 ? Health::Ok : Health::Loading;
}

net::Task<bool> EngineProbe::warm(net::Until until) {
  auto got = co_await ask("POST", "/v1/chat/completions", kOneToken,
                          until.by(loop_.clock().now() + kWarm));
  co_return got && got->status == 200;
}

net::Task<std::optional<Progress>> EngineProbe::progress(net::Until until) {
  auto got = co_await ask("GET", "/metrics", "", until.by(loop_.clock().now() + kQuick));
  if (!got || got->status != 200) co_return std::nullopt;
  const auto processing = find_figure(got->body, "llamacpp:requests_processing");
  const auto decoded = find_figure(got->body, "llamacpp:n_decode_total");
  if (!processing || !decoded) co_return std::nullopt;
  co_return Progress{.processing = *processing, .decoded = *decoded};
}

net::Task<EngineFacts> EngineProbe::facts(net::Until until) {
  EngineFacts facts;
  auto got = co_await ask("GET", "/props", "", until.by(loop_.clock().now() + kQuick));
  if (!got || got->status != 200) co_return facts;
  const auto tree = json::Tree::parse(got->body);
  if (!tree || !tree->root().is_object()) co_return facts;
  if (const auto slots = tree->root().find("total_slots"))
    facts.slots = static_cast<std::uint32_t>(slots->integer().value_or(0));
  const auto defaults = tree->root().find("default_generation_settings");
  if (defaults && defaults->is_object())
    if (const auto context = defaults->find("n_ctx"))
      facts.context = static_cast<std::uint32_t>(context->integer().value_or(0));
  co_return facts;
}

std::optional<std::uint64_t> find_figure(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') continue;
    double value = 0;
    const std::string_view number = trim(line.substr(name.size() + 1));
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || !(value >= 0) || value > 9e15) return std::nullopt;
    return static_cast<std::uint64_t>(std::llround(value));
  }
  return std::nullopt;
}

}  // namespace naru::driver
