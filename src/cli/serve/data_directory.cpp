#include "cli/serve/data_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "security/api_key.h"
#include "security/secret_file.h"
#include "sys/files.h"

namespace naru::cli {
namespace {

constexpr std::size_t kMaxFileBytes = 4096;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string token_file(const std::string& directory) { return directory + "/admin.token"; }
std::string address_file(const std::string& directory, std::string_view listener) {
  return fmt::format("{}/{}.address", directory, listener);
}

std::string binary_file(const std::string& directory) { return directory + "/upgrade.binary"; }

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

Result<Secret> token_in(std::string_view text, const std::string& file) {
  Secret token(without_line_end(std::string(text)));
  if (token.empty())
    return fail(FaultKind::Unavailable, "{} is empty; delete it and start naru again", file);
  return token;
}

}  // namespace

std::string usual_data_directory() {
  if (auto named = variable("NARU_DATA"); !named.empty()) return named;
  if (auto data = variable("XDG_DATA_HOME"); !data.empty()) return data + "/naru";
  return variable("HOME") + "/.local/share/naru";
}

Result<void> prepare_data_directory(const std::string& path) {
  return sys::make_directory(path, 0700);
}

Result<AdminToken> open_admin_token(const std::string& data_directory) {
  const std::string file = token_file(data_directory);
  if (::access(file.c_str(), F_OK) == 0) {
    NARU_TRY(const Secret kept, security::read_secret(file, kMaxFileBytes));
    NARU_TRY(Secret token, token_in(kept.reveal(), file));
    return AdminToken{.token = std::move(token)};
  }
  AdminToken made{.token = security::make_token("nadm-"), .fresh = true};
  NARU_TRY_VOID(sys::write_file(file, fmt::format("{}\n", made.token.reveal()), 0600));
  return made;
}

Result<Secret> read_admin_token(const std::string& data_directory) {
  const std::string file = token_file(data_directory);
  NARU_TRY(const std::string text, sys::read_file(file, kMaxFileBytes));
  return token_in(text, file);
}

Result<Address> Address::publish(const std::string& data_directory, std::string_view listener,
                                 std::string_view url) {
  std::string file = address_file(data_directory, listener);
  NARU_TRY(sys::Fd held, sys::write_locked_file(file, fmt::format("{}\n", url), 0600));
  return Address(std::move(file), std::move(held));
}

Address::~Address() {
  if (held_.is_open() && !file_.empty()) ::unlink(file_.c_str());
}

Result<void> name_binary(const std::string& data_directory, const std::string& path) {
  const std::string file = binary_file(data_directory);
  NARU_TRY_VOID(sys::write_file(file, path + "\n", 0600));
  struct stat owner{};
  if (::geteuid() != 0) return {};
  if (::stat(data_directory.c_str(), &owner) == 0 &&
      ::lchown(file.c_str(), owner.st_uid, owner.st_gid) == 0)
    return {};
  return fail(FaultKind::Unavailable, "{} cannot be given to the owner of {}: {}", file,
              data_directory, sys::error_text(errno));
}

Result<std::string> take_named_binary(const std::string& data_directory) {
  const std::string file = binary_file(data_directory);
  NARU_TRY(std::string text, sys::read_file(file, kMaxFileBytes));
  ::unlink(file.c_str());
  return without_line_end(std::move(text));
}

Result<std::string> read_address(const std::string& data_directory, std::string_view listener) {
  const std::string file = address_file(data_directory, listener);
  if (!sys::is_locked(file))
    return fail(FaultKind::Unavailable, "no naru runs on {}", data_directory);
  NARU_TRY(std::string text, sys::read_file(file, kMaxFileBytes));
  return without_line_end(std::move(text));
}

}  // namespace naru::cli
