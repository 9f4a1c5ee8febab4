#include "provider/credential.h"

#include <algorithm>
#include <cstdlib>

#include "sys/files.h"

namespace naru::provider {
namespace {

constexpr std::size_t kMaxBytes = 16 << 10;  // no provider's key is longer; it must fit a header

std::unexpected<Fault> wrong(const char* param, std::string text) {
  return fail({.kind = FaultKind::InvalidRequest, .detail = std::move(text), .param = param});
}

/// Keys travel in a header line.
bool fits_a_header(std::string_view key) {
  return std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7F; });
}

Result<Secret> checked(std::string text, const char* param, const std::string& place) {
  if (text.empty())
    return wrong(param, fmt::format("names {}, which is empty; put the key there", place));
  Secret secret(std::move(text));
  if (fits_a_header(secret.reveal())) return secret;
  return wrong(param, fmt::format("names {}, whose text has spaces, line breaks or other than "
                                  "visible ASCII inside; put the key alone there",
                                  place));
}

Result<Secret> from_environment(const std::string& name) {
  constexpr const char* kParam = "credential.env";
  const char* value = std::getenv(name.c_str());
  if (value == nullptr)
    return wrong(kParam,
                 fmt::format("names {}, which is not set; export it before naru starts", name));
  return checked(value, kParam, name);
}

Result<Secret> from_file(const std::string& path) {
  constexpr const char* kParam = "credential.file";
  Result<std::string> text = sys::read_file(path, kMaxBytes);
  if (!text) return wrong(kParam, fmt::format("cannot be used: {}", text.error().detail));
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return checked(*std::move(text), kParam, path);
}

}  // namespace

Result<Secret> read_credential(const CredentialRef& where) {
  if (!where.env.empty()) return from_environment(where.env);
  if (!where.file.empty()) return from_file(where.file);
  return Secret{};
}

}  // namespace naru::provider
