#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "net/handoff.h"
#include "store/store.h"

/// What tests of the store share.
namespace naru::store::testing {

/// A directory of mode 0700 that goes with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "naru-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string path(std::string_view name = "") const {
    return name.empty() ? path_ : fmt::format("{}/{}", path_, name);
  }

 private:
  std::string path_;
};

/// Opens a store that may use the whole disk; the test ends if it cannot.
std::unique_ptr<Store> open_store(const std::string& directory, const Clock& clock);

/// The value of a Result that must have one.
template <class T>
T value(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return *std::move(result);
}

// The store's Tasks, waited for on a loop of their own.
Result<void> append(Store& store, LedgerRow row);
Result<std::optional<KeyRow>> find_key(Store& store, const security::KeyHash& hash);
Result<void> keep_answer(Store& store, KeptAnswer answer);
inline constexpr std::uint64_t kAnySize = ~std::uint64_t{0};
Result<std::optional<KeptAnswer>> find_answer(Store& store, std::int64_t key_id, std::string id,
                                              std::uint64_t most_bytes = kAnySize);
Result<std::vector<KeptItem>> find_items(Store& store, std::int64_t key_id,
                                         std::vector<std::string> ids,
                                         std::uint64_t most_bytes = kAnySize);
Result<bool> forget_answer(Store& store, std::int64_t key_id, std::string id);
/// Appends all rows at once, and waits for all. Gives the faults.
std::vector<Fault> append_all(Store& store, std::vector<LedgerRow> rows);

/// A hash that differs by `number`.
security::KeyHash hash_of(unsigned number);
KeyRow key(std::string name, unsigned number);
/// A row with something in every field.
LedgerRow row(ExchangeId id);
std::vector<LedgerRow> rows(ExchangeId first, std::size_t count);

/// Waits until `done()` holds, up to ten seconds; false if it never does.
bool eventually(const std::function<bool()>& done);

}  // namespace naru::store::testing
