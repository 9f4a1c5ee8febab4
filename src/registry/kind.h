#pragma once
#include <functional>
#include <string_view>
#include <vector>

#include "base/settings/fields.h"
#include "registry/document.h"
#include "registry/snapshot.h"

namespace naru::registry {

/// One kind of document, as a table row. The registry knows no kind by name: the program hands it
/// all of them, and each brings its own section of the snapshot.
struct Kind {
  std::string_view name;        ///< as `kind:` says it
  std::string_view purpose;     ///< one sentence for the reference page
  std::string_view space = {};  ///< documents of kinds with the same space share one set of names;
                                ///< empty: documents have no name
  bool once = false;            ///< at most one document
  std::function<void(std::vector<settings::Description>&)> describe = {};
  /// Reads one document by its own rows.
  std::function<void(const Document&, Draft&)> read = {};
  /// Looks at what spans documents, once all of all kinds are read; may be empty.
  std::function<void(Draft&)> check = {};
  /// Lays the kind's section into the snapshot, resolving what lies outside the documents.
  std::function<void(Draft&, Snapshot&)> compile = {};
};

/// A kind whose documents are read by a table of fields into T. Lifetime: `fields` stays as long
/// as the program.
template <class T>
Kind make_kind(Kind head, const settings::Fields<T>& fields) {
  head.describe = [&fields](std::vector<settings::Description>& rows) {
    fields.describe(T{}, "", rows);
  };
  head.read = [&fields](const Document& document, Draft& draft) {
    const std::size_t before = draft.problems().size();
    T spec{};
    settings::Report report = draft.report(document);
    fields.read(document.root, spec, "", report);
    const bool whole = draft.problems().size() == before;
    draft.all<T>().push_back({.document = &document, .spec = std::move(spec), .whole = whole});
  };
  return head;
}

/// The reference page of all settings, in Markdown.
std::string settings_reference(std::span<const Kind> kinds);

}  // namespace naru::registry
