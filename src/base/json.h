#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Reading JSON. One walk over the whole text checks it (one value, nothing after it, UTF-8, every
/// escape, every number, no key twice in an object, bounded depth; `Limits::lenient` asks for a
/// little less) and leaves a flat tree of byte spans, so that a reader takes what it knows and the
/// rest survives to the byte.
namespace naru::json {

enum class Type : std::uint8_t { Object, Array, String, Number, True, False, Null };

/// Bytes [begin, end) of the text that was parsed.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const Span&) const = default;
};

class Tree;

/// One value of a Tree; a small view to be passed by value. Lifetime: that of the Tree and its
/// text.
class ValueView {
 public:
  class Iterator;

  Type type() const;
  Span span() const;             ///< the value's own bytes, quotes or brackets included
  std::string_view raw() const;  ///< the same as text
  bool is(Type type_) const { return type() == type_; }
  bool is_string() const { return is(Type::String); }
  bool is_object() const { return is(Type::Object); }
  bool is_array() const { return is(Type::Array); }
  bool is_number() const { return is(Type::Number); }
  bool is_null() const { return is(Type::Null); }
  bool is_bool() const { return is(Type::True) || is(Type::False); }

  /// A string's text, unescaped; empty for any other type.
  std::string_view text() const;
  /// The number, if it is a whole one that fits; `1.0` and `1e2` count as whole.
  std::optional<std::int64_t> integer() const;
  std::optional<double> number() const;  ///< nullopt also when out of range (`1e999`)
  std::optional<bool> boolean() const;

  /// A member of an object by its unescaped key; of several the last. Cost: the number of members.
  std::optional<ValueView> find(std::string_view key) const;
  /// Members or elements; 0 for a scalar.
  std::size_t size() const;
  Iterator begin() const;  ///< over elements, or over members (whose `key()` is then set)
  Iterator end() const;
  std::string_view key() const;  ///< unescaped, if this is a member; else empty
  Span key_span() const;         ///< the key's bytes, quotes included, if this is a member
  bool operator==(const ValueView&) const = default;

 private:
  friend class Tree;
  ValueView(const Tree& tree, std::uint32_t node) : tree_(&tree), node_(node) {}
  const Tree* tree_;
  std::uint32_t node_;
};

/// What a text may be at the most, and how strictly it is read.
struct Limits {
  std::uint32_t depth = 128;        ///< objects and arrays within each other
  std::uint32_t nodes = 1'000'000;  ///< values and members in all
  /// Takes what careless writers send and common parsers take: half a surrogate pair reads as
  /// U+FFFD; of members with one key the last holds; NaN, Infinity and -Infinity read as null.
  bool lenient = false;
};
/// For answers of upstreams: to refuse one for its spelling would only hurt the client.
inline constexpr Limits kFromUpstream{.depth = 128, .nodes = 8'000'000, .lenient = true};

/// A parsed text. It views the text given to `parse`, which must outlive it unmoved.
class Tree {
 public:
  /// Strict unless `limits` says otherwise. Fails: InvalidRequest, with the byte offset and the
  /// path of what is wrong.
  static Result<Tree> parse(std::string_view text, Limits limits = {});
  ValueView root() const { return {*this, 0}; }
  std::string_view text() const { return text_; }
  std::size_t held_bytes() const;  ///< of memory, the text itself not counted

 private:
  friend class ValueView;
  friend class TreeBuilder;
  struct Node {
    Span value;
    Span key;                     // of a member, with quotes
    std::uint32_t next = 0;       // node after this one and all below it
    std::uint32_t children = 0;   // members or elements
    std::uint32_t unescaped = 0;  // 1 + index into unescaped_, if the string has escapes
    std::uint32_t unescaped_key = 0;
    Type type = Type::Null;
  };
  std::string_view text_;
  std::vector<Node> nodes_;
  std::vector<std::string> unescaped_;
  bool repeats_ = false;  // some object has a key twice
};

class ValueView::Iterator {
 public:
  using value_type = ValueView;
  using difference_type = std::ptrdiff_t;
  ValueView operator*() const { return at_; }
  Iterator& operator++();
  Iterator operator++(int) {
    Iterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const Iterator& other) const { return at_.node_ == other.at_.node_; }

 private:
  friend class ValueView;
  explicit Iterator(ValueView at) : at_(at) {}
  ValueView at_;
};

}  // namespace naru::json
