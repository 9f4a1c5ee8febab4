#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>

namespace naru {

/// Text that must not be shown: a key, a password. It has no formatter and no stream operator, so
/// logging one does not compile; its bytes are wiped when it dies.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret();

  bool empty() const { return text_.empty(); }
  /// The text itself; call it only where it is sent or hashed. Lifetime: this object's.
  std::string_view reveal() const { return text_; }
  /// `…abcd`: the last four characters of a text of at least twelve, else `…`.
  std::string hint() const;
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

}  // namespace naru

template <>
struct fmt::formatter<naru::Secret> {
  formatter() = delete;
};
