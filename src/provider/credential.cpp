#include "provider/credential.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace naru::provider {
namespace {

constexpr std::size_t kMaxBytes = 16 << 10;  // no provider's key is longer; it must fit a header

std::unexpected<Fault> wrong(const char* param, std::string text) {
  return fail({.kind = FaultKind::InvalidRequest, .detail = std::move(text), .param = param});
}

/// What `read` gives of an open file, up to one byte over the bound.
Result<std::string> read_all(int file) {
  std::string text(kMaxBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(FaultKind::InvalidRequest, "{}", std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

/// Opened without waiting, so that a pipe in the file's place holds nothing up.
Result<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return fail(FaultKind::InvalidRequest, "{}", std::strerror(errno));
  struct stat about{};
  const bool regular = ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
  Result<std::string> text =
      regular ? read_all(file) : fail(FaultKind::InvalidRequest, "is no regular file");
  ::close(file);
  return text;
}

/// Keys travel in a header line.
bool fits_a_header(std::string_view key) {
  return std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7F; });
}

Result<Secret> checked(std::string text, const char* param, const std::string& place) {
  if (text.empty())
    return wrong(param, fmt::format("names {}, which is empty; put the key there", place));
  if (text.size() > kMaxBytes)
    return wrong(param, fmt::format("names {}, which holds more than {} bytes; no key is so long",
                                    place, kMaxBytes));
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
  Result<std::string> text = read_file(path);
  if (!text)
    return wrong(kParam,
                 fmt::format("names {}, which cannot be read: {}", path, text.error().detail));
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
