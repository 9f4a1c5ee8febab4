#pragma once
// Bodies of the templates in fields.h.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace naru::settings {

template <class T>
template <class U, class Read, class Show>
Fields<T>& Fields<T>::scalar(RowHead head, U T::* member, Read read, Show show) {
  rows_.push_back({.head = std::move(head),
                   .read =
                       [member, read](const Place& at, T& into) {
                         const std::string* text = at.scalar();
                         if (text == nullptr) return;
                         Reading<U> value = read(*text);
                         if (!value) return at.wrong(value.error());
                         into.*member = *std::move(value);
                       },
                   .show = [member, show](const T& born) { return show(born.*member); }});
  return *this;
}

template <class T>
Fields<T>& Fields<T>::text(const char* name, std::string T::* member, TextRule rule,
                           const char* doc) {
  const auto read = [rule](const std::string& value) -> Reading<std::string> {
    if (const std::string_view remedy = rule(value); !remedy.empty())
      return std::unexpected(std::string(remedy));
    return value;
  };
  return scalar({name, "text", doc}, member, read, [](const std::string& value) { return value; });
}

template <class T>
template <class U, class Read, class Write>
Fields<T>& Fields<T>::bounded(RowHead head, U T::* member, Bounds<U> bounds, Read read,
                              Write write) {
  using Wide = typename decltype(read(std::string_view{}))::value_type;
  head.type += fmt::format(", {} to {}", write(bounds.low), write(bounds.high));
  const auto checked = [=](const std::string& text) -> Reading<U> {
    const Reading<Wide> value = read(text);
    if (!value) return std::unexpected(value.error());
    if (*value < static_cast<Wide>(bounds.low))
      return std::unexpected("the least is " + write(bounds.low));
    if (*value > static_cast<Wide>(bounds.high))
      return std::unexpected("the most is " + write(bounds.high));
    return static_cast<U>(*value);
  };
  return scalar(std::move(head), member, checked, write);
}

template <class T>
template <std::integral U>
Fields<T>& Fields<T>::integer(const char* name, U T::* member, Same<U> low, Same<U> high,
                              const char* doc) {
  return bounded({name, "whole number", doc}, member, Bounds<U>{low, high}, read_integer,
                 [](auto value) { return fmt::format("{}", value); });
}

template <class T>
Fields<T>& Fields<T>::duration(const char* name, Milliseconds T::* member, Milliseconds low,
                               Milliseconds high, const char* doc) {
  return bounded({name, "duration", doc}, member, Bounds<Milliseconds>{low, high}, read_duration,
                 write_duration);
}

template <class T>
template <std::unsigned_integral U>
Fields<T>& Fields<T>::bytes(const char* name, U T::* member, Same<U> low, Same<U> high,
                            const char* doc) {
  return bounded({name, "size", doc}, member, Bounds<U>{low, high}, read_bytes, write_bytes);
}

template <class T>
Fields<T>& Fields<T>::boolean(const char* name, bool T::* member, const char* doc) {
  return scalar({name, "true or false", doc}, member, read_boolean,
                [](bool value) -> std::string { return value ? "true" : "false"; });
}

template <class T>
template <class E>
Fields<T>& Fields<T>::choice(const char* name, E T::* member,
                             std::vector<std::pair<std::string, E>> words, const char* doc) {
  std::vector<std::string> names;
  for (const auto& word : words) names.push_back(word.first);
  const std::string type = fmt::format("one of {}", fmt::join(names, ", "));
  const auto read = [words, names, type](const std::string& text) -> Reading<E> {
    const auto found = std::ranges::find(names, text);
    if (found != names.end()) return words[static_cast<std::size_t>(found - names.begin())].second;
    return std::unexpected("give " + type + did_you_mean(text, names));
  };
  const auto show = [words](const E& value) -> std::string {
    const auto found = std::ranges::find(words, value, &std::pair<std::string, E>::second);
    return found == words.end() ? "" : found->first;
  };
  return scalar({name, type, doc}, member, read, show);
}

template <class T>
Fields<T>& Fields<T>::word(const char* name, std::string T::* member,
                           std::vector<std::string> words, const char* doc) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& each : words) pairs.emplace_back(each, each);
  return choice(name, member, std::move(pairs), doc);
}

template <class T>
Fields<T>& Fields<T>::texts(const char* name, std::vector<std::string> T::* member, TextRule rule,
                            const char* doc) {
  rows_.push_back({.head = {name, "list of texts", doc},
                   .read = [=](const Place& at, T& into) { into.*member = read_texts(at, rule); },
                   .show = [member](const T& born) { return write_texts(born.*member); }});
  return *this;
}

template <class T>
template <class U>
Fields<T>& Fields<T>::object(const char* name, U T::* member, const Fields<U>& inner,
                             const char* doc) {
  rows_.push_back(
      {.head = {name, "settings", doc},
       .read = [member, &inner](const Place& at,
                                T& into) { inner.read(at.node, into.*member, at.path, at.report); },
       .show = {},
       .inner = [member, &inner](
                    const T& born, const std::string& path,
                    std::vector<Description>& out) { inner.describe(born.*member, path, out); }});
  return *this;
}

template <class T>
template <class U>
Fields<T>& Fields<T>::objects(const char* name, std::vector<U> T::* member, const Fields<U>& inner,
                              const char* doc) {
  rows_.push_back({.head = {name, "list of settings", doc},
                   .read =
                       [member, &inner](const Place& at, T& into) {
                         if (!is_list(at.node, at.path, at.report)) return;
                         (into.*member).clear();
                         for (std::size_t i = 0; i < at.node.children.size(); ++i)
                           inner.read(at.node.children[i], (into.*member).emplace_back(),
                                      join(at.path, i), at.report);
                       },
                   .show = {},
                   .inner =
                       [&inner](const T&, const std::string& path, std::vector<Description>& out) {
                         inner.describe(U{}, path + "[]", out);
                       }});
  return *this;
}

template <class T>
void Fields<T>::read(const Node& node, T& into, const std::string& path, Report& report) const {
  if (!is_map(node, path, report)) return;
  const std::size_t before = report.count();
  std::vector<const RowHead*> heads;
  for (const Row& row : rows_) heads.push_back(&row.head);
  for (const Match& found : match(node, path, heads, refused_, report)) {
    const Row& row = rows_[found.row];
    const std::string at = join(path, row.head.name);
    row.read({*found.member, at, row.head, report}, into);
  }
  // What spans rows is judged only once each row is right by itself.
  if (check_ != nullptr && report.count() == before) place(check_(into), node, path, report);
}

template <class T>
void Fields<T>::describe(const T& born, const std::string& path,
                         std::vector<Description>& out) const {
  for (const Row& row : rows_) {
    const std::string at = join(path, row.head.name);
    out.push_back({.path = at,
                   .type = row.head.type,
                   .unset = row.show ? row.show(born) : "",
                   .required = !row.head.example.empty(),
                   .doc = row.head.doc});
    if (row.inner) row.inner(born, at, out);
  }
}

}  // namespace naru::settings
