#include <simdjson.h>

#include <cstdint>

#include "base/check.h"
#include "base/json.h"
#include "base/json_writer.h"

namespace naru::json {
namespace {

/// Whether simdjson's DOM may rightly differ: it has no rule on keys, another depth, and keeps
/// numbers in 64 bits.
bool may_differ(const Result<Tree>& ours, simdjson::error_code theirs) {
  if (ours) return theirs == simdjson::NUMBER_ERROR;
  for (const char* reason : {"given twice", "nested too deeply", "surrogate"})
    if (ours.error().detail.find(reason) != std::string::npos) return true;
  return false;
}

/// Every value lies within its parent, and every string reads back from what the writer makes of
/// it.
void visit(ValueView value) {
  std::size_t count = 0;
  std::uint32_t from = value.span().begin;
  for (const ValueView child : value) {
    NARU_CHECK(child.span().begin >= from && child.span().end <= value.span().end,
               "children stand in order within their parent");
    from = child.span().end;
    ++count;
    visit(child);
  }
  NARU_CHECK(count == value.size(), "iteration meets every child");
  if (value.is_number()) NARU_CHECK(!value.raw().empty(), "a number has digits");
  (void)value.integer();
  (void)value.number();
  if (!value.is_string()) return;
  std::string written;
  append_quoted(written, value.text());
  const Result<Tree> again = Tree::parse(written);
  NARU_CHECK(again && again->root().text() == value.text(), "a string survives being written");
}

}  // namespace
}  // namespace naru::json

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;  // simdjson copies from the null pointer that stands for no bytes
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const naru::Result<naru::json::Tree> ours = naru::json::Tree::parse(text);
  simdjson::dom::parser parser;
  const simdjson::error_code theirs = parser.parse(text.data(), text.size()).error();
  const bool agree = ours.has_value() == (theirs == simdjson::SUCCESS);
  NARU_CHECK(agree || naru::json::may_differ(ours, theirs), "two readers agree on what JSON is");
  if (ours) naru::json::visit(ours->root());
  const auto lenient = naru::json::Tree::parse(text, naru::json::kFromUpstream);
  NARU_CHECK(lenient || !ours, "the lenient reading takes whatever the strict one takes");
  if (lenient) naru::json::visit(lenient->root());
  return 0;
}
