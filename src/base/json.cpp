#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/json_text.h"
#include "base/text.h"

namespace naru::json {
namespace {

constexpr std::size_t kMostText = 0xFFFF'FFF0;  // spans are 32 bits wide
constexpr std::uint32_t kMostDepth = 1024;      // the walk recurses; this much fits any stack
constexpr std::size_t kScratchNodes = 16'384;   // kept by a thread between parses, 600 KB
constexpr std::size_t kFewKeys = 12;            // up to here comparing all pairs beats sorting
constexpr std::size_t kShownKeyBytes = 64;
constexpr std::size_t kMostPathBytes = 512;
constexpr std::ptrdiff_t kSafeDigits = 300;  // a number of no more that has no power fits a double

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// `.name`, or `["odd name"]` if it is no plain word; long ones are cut.
std::string path_step(std::string_view key) {
  const auto plain = [](char c) {
    return is_digit(c) || c == '_' || c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (key.size() <= kShownKeyBytes && !key.empty() && std::ranges::all_of(key, plain))
    return fmt::format(".{}", key);
  std::string shown;
  for (const char c : key.substr(0, kShownKeyBytes))
    shown.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c);
  return fmt::format("[\"{}{}\"]", std::string_view(shown).substr(0, utf8_valid_bytes(shown)),
                     key.size() > kShownKeyBytes ? "…" : "");
}

}  // namespace

/// Walks one text by recursive descent. Each reading function leaves `at_` behind what it read, or
/// notes what is wrong and gives false; on the way out each level puts its step before the path.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, Limits limits)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), limits_(limits) {
    tree_.text_ = text;
    limits_.depth = std::min(limits_.depth, kMostDepth);
    nodes_.swap(scratch());
    if (!is_utf8(text)) bad_utf8_ = begin_ + utf8_valid_bytes(text);
  }

  TreeBuilder(const TreeBuilder&) = delete;
  TreeBuilder& operator=(const TreeBuilder&) = delete;
  ~TreeBuilder() {
    nodes_.clear();
    if (nodes_.capacity() <= kScratchNodes) scratch().swap(nodes_);
  }

  Result<Tree> build() {
    if (!whole()) return fail(fault());
    if (nodes_.size() > kScratchNodes)
      tree_.nodes_ = std::move(nodes_);
    else
      tree_.nodes_.assign(nodes_.begin(), nodes_.end());  // one allocation of the right size
    return std::move(tree_);
  }

 private:
  using Node = Tree::Node;

  static std::vector<Node>& scratch() {
    thread_local std::vector<Node> nodes;
    return nodes;
  }
  static std::vector<std::string_view>& key_scratch() {
    thread_local std::vector<std::string_view> keys;
    return keys;
  }

  bool whole() {
    if (static_cast<std::size_t>(end_ - begin_) > kMostText) return wrong(begin_, "is too long");
    skip_space();
    if (!value({})) return false;
    skip_space();
    return at_ == end_ || wrong(at_, "is followed by more than white space");
  }

  char peek() const { return at_ != end_ ? *at_ : '\0'; }
  void skip_space() {
    while (at_ != end_ && is_space(*at_)) ++at_;
  }
  std::uint32_t offset(const char* at) const { return static_cast<std::uint32_t>(at - begin_); }

  /// One value at `at_`. `member` has the key fields of a member set.
  bool value(Node member) {
    if (nodes_.size() >= limits_.nodes) return wrong(at_, "has too many values");
    const auto self = static_cast<std::uint32_t>(nodes_.size());
    member.value.begin = offset(at_);
    nodes_.push_back(member);
    if (!content(self)) return false;
    Node& node = nodes_[self];
    node.value.end = offset(at_);
    node.next = static_cast<std::uint32_t>(nodes_.size());
    return true;
  }

  bool content(std::uint32_t self) {
    switch (peek()) {
      case '"':
        nodes_[self].type = Type::String;
        return string(nodes_[self].unescaped);
      case '{':
        return object(self);
      case '[':
        return array(self);
      case 't':
        return literal(self, Type::True, "true");
      case 'f':
        return literal(self, Type::False, "false");
      case 'n':
        return literal(self, Type::Null, "null");
      default:
        if (limits_.lenient && !is_digit(peek()) && no_number()) return true;
        nodes_[self].type = Type::Number;
        return number();
    }
  }

  /// What Python and others write for a double that JSON cannot spell; its node stays a null.
  bool no_number() {
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (!std::string_view(at_, end_).starts_with(word)) continue;
      at_ += word.size();
      return true;
    }
    return false;
  }

  bool literal(std::uint32_t self, Type type, std::string_view word) {
    if (!std::string_view(at_, end_).starts_with(word)) return wrong(at_, "is no JSON value");
    at_ += word.size();
    nodes_[self].type = type;
    return true;
  }

  /// Source: RFC 8259, section 6.
  bool number() {
    const char* const start = at_;
    const auto digits = [this] {
      const char* const first = at_;
      while (at_ != end_ && is_digit(*at_)) ++at_;
      return at_ != first;
    };
    if (peek() == '-') ++at_;
    if (peek() == '0')
      ++at_;
    else if (!digits())
      return wrong(start, at_ == start ? "is no JSON value" : "is no JSON number");
    if (peek() == '.') {
      ++at_;
      if (!digits()) return wrong(start, "is no JSON number");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) return wrong(start, "is no JSON number");
      return fits_double(start);
    }
    return at_ - start <= kSafeDigits || fits_double(start);
  }

  /// Readers make infinity, zero or an error of one that does not; no two need agree.
  bool fits_double(const char* start) {
    double value = 0;
    const auto read = std::from_chars(start, at_, value);
    return limits_.lenient || read.ec == std::errc() ||
           wrong(start, "is a number that no double holds");
  }

  /// A string; `unescaped` becomes 1 + its place among the unescaped texts if it has escapes.
  bool string(std::uint32_t& unescaped) {
    const char* const first = ++at_;
    at_ = plain_end(at_, end_);
    if (peek() == '\\') {
      std::string plain(first, at_);
      if (!escaped_rest(plain)) return false;
      tree_.unescaped_.push_back(std::move(plain));
      unescaped = static_cast<std::uint32_t>(tree_.unescaped_.size());
    }
    if (bad_utf8_ != nullptr && bad_utf8_ < at_) return wrong(bad_utf8_, "is not UTF-8");
    if (peek() != '"') return wrong(at_, "holds a bare control character; escape it");
    ++at_;
    return true;
  }

  /// From the first backslash to what ends the string; appends what the bytes spell.
  bool escaped_rest(std::string& plain) {
    while (peek() == '\\') {
      if (!escape(plain)) return false;
      const char* const run = at_;
      at_ = plain_end(at_, end_);
      plain.append(run, at_);
    }
    return true;
  }

  bool escape(std::string& plain) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char* const start = at_++;
    if (peek() == 'u') return unicode(plain, start);
    const std::size_t which = at_ == end_ ? kLetters.npos : kLetters.find(*at_);
    if (which == kLetters.npos) return wrong(start, "holds an unknown escape");
    plain.push_back(kMeanings[which]);
    ++at_;
    return true;
  }

  /// `\uXXXX`, or a pair of them; half a pair spells no character.
  bool unicode(std::string& plain, const char* start) {
    constexpr std::uint32_t kNoCharacter = 0xFFFD;
    std::uint32_t code = 0;
    if (!four_hex(code)) return wrong(start, "holds an unknown escape");
    if (code >= 0xD800 && code <= 0xDFFF && !second_half(code)) {
      if (!limits_.lenient) return wrong(start, "holds half of a surrogate pair");
      code = kNoCharacter;
    }
    append_utf8(plain, code);
    return true;
  }

  /// Makes a character of the half `code` and the one at `at_`; stays there if there is none.
  bool second_half(std::uint32_t& code) {
    const char* const start = at_;
    std::uint32_t low = 0;
    const bool paired = code < 0xDC00 && std::string_view(at_, end_).starts_with("\\u") &&
                        (++at_, four_hex(low)) && low >= 0xDC00 && low <= 0xDFFF;
    if (paired)
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    else
      at_ = start;
    return paired;
  }

  bool four_hex(std::uint32_t& code) {
    if (end_ - at_ < 5) return false;
    for (int i = 1; i <= 4; ++i) {
      const char c = at_[i];
      const char lower = static_cast<char>(c | 0x20);
      if (is_digit(c))
        code = code * 16 + static_cast<std::uint32_t>(c - '0');
      else if (lower >= 'a' && lower <= 'f')
        code = code * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
      else
        return false;
    }
    at_ += 5;
    return true;
  }

  bool array(std::uint32_t self) {
    if (!open(self, Type::Array)) return false;
    if (peek() == ']') return close();
    for (std::uint32_t count = 0;; ++count) {
      if (!value({})) return step(fmt::format("[{}]", count));
      nodes_[self].children = count + 1;
      skip_space();
      if (peek() == ']') return close();
      if (peek() != ',') return wrong(at_, "wants a comma or ]");
      ++at_;
      skip_space();
    }
  }

  bool object(std::uint32_t self) {
    if (!open(self, Type::Object)) return false;
    if (peek() == '}') return close();
    for (std::uint32_t count = 0;; ++count) {
      if (!member()) return false;
      nodes_[self].children = count + 1;
      skip_space();
      if (peek() == '}') return close() && keys_differ(self);
      if (peek() != ',') return wrong(at_, "wants a comma or }");
      ++at_;
      skip_space();
    }
  }

  bool member() {
    if (peek() != '"') return wrong(at_, "wants a key in double quotes");
    Node node;
    node.key.begin = offset(at_);
    if (!string(node.unescaped_key)) return false;
    node.key.end = offset(at_);
    skip_space();
    if (peek() != ':') return wrong(at_, "wants a colon") || step(path_step(key_of(node)));
    ++at_;
    skip_space();
    return value(node) || step(path_step(key_of(node)));
  }

  bool open(std::uint32_t self, Type type) {
    if (++depth_ > limits_.depth) return wrong(at_, "is nested too deeply");
    nodes_[self].type = type;
    ++at_;
    skip_space();
    return true;
  }
  bool close() {
    --depth_;
    ++at_;
    return true;
  }

  std::string_view key_of(const Node& node) const {
    if (node.unescaped_key != 0) return tree_.unescaped_[node.unescaped_key - 1];
    return {begin_ + node.key.begin + 1, begin_ + node.key.end - 1};
  }

  bool keys_differ(std::uint32_t self) {
    if (nodes_[self].children < 2) return true;
    std::vector<std::string_view>& keys = key_scratch();
    keys.clear();
    for (std::uint32_t at = self + 1; at < nodes_.size(); at = nodes_[at].next)
      keys.push_back(key_of(nodes_[at]));
    if (all_differ(keys)) return true;
    tree_.repeats_ = true;
    return limits_.lenient || repeated_key(self);
  }

  static bool all_differ(std::vector<std::string_view>& keys) {
    if (keys.size() > kFewKeys) {
      std::ranges::sort(keys);
      return std::ranges::adjacent_find(keys) == keys.end();
    }
    for (std::size_t i = 1; i < keys.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (keys[i] == keys[j]) return false;
    return true;
  }

  /// Names the first key of `self` that stands there a second time.
  bool repeated_key(std::uint32_t self) {
    std::map<std::string_view, std::uint32_t> seen;
    for (std::uint32_t at = self + 1; at < nodes_.size(); at = nodes_[at].next) {
      if (seen.emplace(key_of(nodes_[at]), at).second) continue;
      wrong(begin_ + nodes_[at].key.begin, "is given twice");
      return step(path_step(key_of(nodes_[at])));
    }
    return true;
  }

  bool wrong(const char* at, std::string_view what) {
    what_ = at == end_ ? "ends too early" : what;
    wrong_at_ = static_cast<std::size_t>(at - begin_);
    return false;
  }
  bool step(std::string_view inner) {
    if (path_.size() < kMostPathBytes) path_.insert(0, inner);
    return false;
  }
  Fault fault() const {
    Fault fault{.kind = FaultKind::InvalidRequest,
                .detail = fmt::format("${} {} (byte {})", path_, what_, wrong_at_)};
    fault.param = path_.starts_with('.') ? path_.substr(1) : path_;
    return fault;
  }

  const char* const begin_;
  const char* at_;
  const char* const end_;
  const char* bad_utf8_ = nullptr;
  Limits limits_;
  std::uint32_t depth_ = 0;
  Tree tree_;
  std::vector<Node> nodes_;
  std::string path_;
  std::string_view what_;
  std::size_t wrong_at_ = 0;
};

Result<Tree> Tree::parse(std::string_view text, Limits limits) {
  return TreeBuilder(text, limits).build();
}

std::size_t Tree::held_bytes() const {
  std::size_t bytes =
      nodes_.capacity() * sizeof(Node) + unescaped_.capacity() * sizeof(std::string);
  for (const std::string& text : unescaped_) bytes += text.capacity();
  return bytes;
}

}  // namespace naru::json
