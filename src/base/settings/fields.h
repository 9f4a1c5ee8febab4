#pragma once
#include <chrono>
#include <concepts>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/settings/row.h"

/// What an operator may set, as one table a type: name, member, unit, bounds, and one sentence on
/// what it does and what follows from it. The default is the one the type is born with. Reading,
/// checking and the reference page all come from the same rows.
///   const Fields<Timeouts>& timeouts_fields() {
///     static const auto fields = Fields<Timeouts>{}
///         .duration("connect", &Timeouts::connect, 1ms, 1h, "Time for name, TCP and TLS.");
///     return fields;
///   }
namespace naru::settings {

template <class T>
class Fields {
 public:
  using Milliseconds = std::chrono::milliseconds;
  template <class U>
  using Same = std::type_identity_t<U>;  // literals take the member's type

  Fields& text(const char* name, std::string T::* member, TextRule rule, const char* doc);
  template <std::integral U>
  Fields& integer(const char* name, U T::* member, Same<U> low, Same<U> high, const char* doc);
  Fields& duration(const char* name, Milliseconds T::* member, Milliseconds low, Milliseconds high,
                   const char* doc);
  template <std::unsigned_integral U>
  Fields& bytes(const char* name, U T::* member, Same<U> low, Same<U> high, const char* doc);
  Fields& boolean(const char* name, bool T::* member, const char* doc);
  /// One of some words.
  template <class E>
  Fields& choice(const char* name, E T::* member, std::vector<std::pair<std::string, E>> words,
                 const char* doc);
  Fields& word(const char* name, std::string T::* member, std::vector<std::string> words,
               const char* doc);
  Fields& texts(const char* name, std::vector<std::string> T::* member, TextRule rule,
                const char* doc);
  /// A type with a table of its own. Lifetime: `inner` stays as long as the program.
  template <class U>
  Fields& object(const char* name, U T::* member, const Fields<U>& inner, const char* doc);
  template <class U>
  Fields& objects(const char* name, std::vector<U> T::* member, const Fields<U>& inner,
                  const char* doc);

  /// The last row must be given; `example` shows how.
  Fields& required(const char* example) {
    rows_.back().head.example = example;
    return *this;
  }
  /// Messages do not show the last row's value: it may be a secret in the wrong place.
  Fields& hidden() {
    rows_.back().head.hidden = true;
    return *this;
  }
  /// A name somebody will try, and why it is not taken.
  Fields& refuse(const char* name, const char* why) {
    refused_.push_back({name, why});
    return *this;
  }
  /// What spans several rows: problems with paths below this type.
  Fields& check(std::vector<Problem> (*find)(const T& value)) {
    check_ = find;
    return *this;
  }

  /// Reads `node`, which is at `path` of its document, into `into`; all that is wrong goes to
  /// `report`, and what is wrong stays as it was.
  void read(const Node& node, T& into, const std::string& path, Report& report) const;
  /// Appends a row a setting, with the defaults of `born`.
  void describe(const T& born, const std::string& path, std::vector<Description>& out) const;

 private:
  struct Row {
    RowHead head;
    std::function<void(const Place&, T&)> read;
    std::function<std::string(const T&)> show;  // empty for types with a table of their own
    std::function<void(const T&, const std::string&, std::vector<Description>&)> inner = {};
  };
  /// A row whose value stands in one scalar, which `read` understands.
  template <class U, class Read, class Show>
  Fields& scalar(RowHead head, U T::* member, Read read, Show show);

  /// The same for a value with bounds, which `write` spells.
  template <class U, class Read, class Write>
  Fields& bounded(RowHead head, U T::* member, Bounds<U> bounds, Read read, Write write);

  std::vector<Row> rows_;
  std::vector<Refused> refused_;
  std::vector<Problem> (*check_)(const T&) = nullptr;
};

}  // namespace naru::settings

#include "base/settings/fields_impl.h"
