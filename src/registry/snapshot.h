#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <typeindex>

#include "base/check.h"

namespace naru::registry {

/// All configuration that requests read, as it was published at once. Immutable. Each kind of
/// document compiles into one section, whose type belongs to the room that owns the kind.
class Snapshot {
 public:
  explicit Snapshot(std::int64_t revision, std::int64_t published_s = 0)
      : revision_(revision), published_s_(published_s) {}
  std::int64_t revision() const { return revision_; }
  std::int64_t published_s() const { return published_s_; }  ///< seconds since 1970

  template <class T>
  void put(std::shared_ptr<const T> section) {
    sections_[std::type_index(typeid(T))] = std::move(section);
  }
  /// The section of type T, which must be there.
  template <class T>
  const T& get() const {
    return *static_cast<const T*>(find(typeid(T)).get());
  }
  /// The same, for those who keep it longer than the snapshot.
  template <class T>
  std::shared_ptr<const T> share() const {
    return std::static_pointer_cast<const T>(find(typeid(T)));
  }

 private:
  const std::shared_ptr<const void>& find(std::type_index type) const {
    const auto found = sections_.find(type);
    NARU_CHECK(found != sections_.end(), "every kind of the table compiles its section");
    return found->second;
  }

  std::int64_t revision_;
  std::int64_t published_s_;
  std::map<std::type_index, std::shared_ptr<const void>> sections_;
};

}  // namespace naru::registry
