#include <charconv>

#include "base/json.h"

namespace naru::json {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A number's text as whole digits and a power of ten: `-12.50e1` is -1250 and -1.
struct Decimal {
  bool negative = false;
  std::string digits;         // without zeros at either end; empty is zero
  std::int64_t exponent = 0;  // no further from zero than kMostExponent
};
constexpr std::int64_t kMostExponent = 1'000'000'000'000;

Decimal decimal_of(std::string_view text) {
  Decimal number{.negative = text.starts_with('-'), .digits = {}};
  bool in_fraction = false;
  std::size_t at = number.negative ? 1 : 0;
  for (; at < text.size() && (is_digit(text[at]) || text[at] == '.'); ++at) {
    if (text[at] == '.') {
      in_fraction = true;
      continue;
    }
    number.digits.push_back(text[at]);
    if (in_fraction) --number.exponent;
  }
  if (at < text.size()) {
    std::string_view power = text.substr(at + 1);
    const bool shrinks = power.starts_with('-');
    if (shrinks || power.starts_with('+')) power.remove_prefix(1);
    std::int64_t value = 0;
    for (const char c : power) value = std::min(value * 10 + (c - '0'), kMostExponent);
    number.exponent += shrinks ? -value : value;
  }
  while (number.digits.ends_with('0')) {
    number.digits.pop_back();
    ++number.exponent;
  }
  number.digits.erase(0, number.digits.find_first_not_of('0'));
  return number;
}

std::optional<std::int64_t> read_integer(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

Type ValueView::type() const { return tree_->nodes_[node_].type; }
Span ValueView::span() const { return tree_->nodes_[node_].value; }
Span ValueView::key_span() const { return tree_->nodes_[node_].key; }

std::string_view ValueView::raw() const {
  const Span bytes = span();
  return tree_->text_.substr(bytes.begin, bytes.end - bytes.begin);
}

std::string_view ValueView::text() const {
  const Tree::Node& node = tree_->nodes_[node_];
  if (node.type != Type::String) return {};
  if (node.unescaped != 0) return tree_->unescaped_[node.unescaped - 1];
  return tree_->text_.substr(node.value.begin + 1, node.value.end - node.value.begin - 2);
}

std::string_view ValueView::key() const {
  const Tree::Node& node = tree_->nodes_[node_];
  if (node.key == Span{}) return {};
  if (node.unescaped_key != 0) return tree_->unescaped_[node.unescaped_key - 1];
  return tree_->text_.substr(node.key.begin + 1, node.key.end - node.key.begin - 2);
}

std::optional<std::int64_t> ValueView::integer() const {
  if (!is_number()) return std::nullopt;
  if (const auto plain = read_integer(raw())) return plain;
  Decimal number = decimal_of(raw());
  if (number.digits.empty()) return 0;
  constexpr std::int64_t kMostDigits = 19;
  if (number.exponent < 0 || number.exponent > kMostDigits) return std::nullopt;
  number.digits.append(static_cast<std::size_t>(number.exponent), '0');
  return read_integer((number.negative ? "-" : "") + number.digits);
}

std::optional<double> ValueView::number() const {
  if (!is_number()) return std::nullopt;
  const std::string_view text = raw();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<bool> ValueView::boolean() const {
  if (!is_bool()) return std::nullopt;
  return is(Type::True);
}

std::optional<ValueView> ValueView::find(std::string_view key) const {
  std::optional<ValueView> found;
  if (!is_object()) return found;
  for (const ValueView member : *this) {
    if (member.key() != key) continue;
    found = member;
    if (!tree_->repeats_) break;
  }
  return found;
}

std::size_t ValueView::size() const { return tree_->nodes_[node_].children; }

ValueView::Iterator ValueView::begin() const { return Iterator(ValueView(*tree_, node_ + 1)); }
ValueView::Iterator ValueView::end() const {
  return Iterator(ValueView(*tree_, tree_->nodes_[node_].next));
}

ValueView::Iterator& ValueView::Iterator::operator++() {
  at_.node_ = at_.tree_->nodes_[at_.node_].next;
  return *this;
}

}  // namespace naru::json
