#pragma once
#include "dialect/testing.h"

/// Words for the tests of images given by address.
namespace naru::dialect::testing {

/// `PATH URL SOURCE` of each.
inline Strings media_in(const Dialect& dialect, const std::string& body) {
  const Parsed parsed(body);
  Strings found;
  for (const MediaUrl& one : dialect.media_urls(parsed.tree()))
    found.push_back(fmt::format("{} {} {}", one.path, one.url,
                                body.substr(one.source.begin, one.source.end - one.source.begin)));
  return found;
}

/// `body` with the same small image in place of each.
inline std::string with_image(const Dialect& dialect, const std::string& body) {
  const Parsed parsed(body);
  std::vector<Patch> patches;
  for (const MediaUrl& one : dialect.media_urls(parsed.tree()))
    patches.push_back(
        {one.source.begin, one.source.end, dialect.inline_media("image/png", "AAAA")});
  return patched(body, patches);
}

/// `body` with a part that says nothing in place of each.
inline std::string without_media(const Dialect& dialect, const std::string& body) {
  const Parsed parsed(body);
  std::vector<Patch> patches;
  for (const MediaUrl& one : dialect.media_urls(parsed.tree()))
    patches.push_back({one.part.begin, one.part.end, std::string(dialect.empty_part())});
  return patched(body, patches);
}

/// Names of what an engine of ours does not get of a chat in its own dialect.
inline Strings lost_at_engine(const Dialect& dialect, const std::string& body) {
  const Parsed parsed(body);
  const auto scan = dialect.scan_request(Operation::Chat, parsed.tree());
  if (!scan) return {scan.error().detail};
  std::vector<chat::Loss> losses;
  const Forward how{.upstream_model = "m", .fields = Fields::Listed};
  const std::string sent =
      dialect.forward_request(Operation::Chat, parsed.tree(), *scan, how, losses);
  NARU_CHECK(Parsed(sent).ok(), "what goes on is JSON");
  Strings names;
  for (const chat::Loss& loss : losses) names.push_back(loss.field);
  return names;
}

}  // namespace naru::dialect::testing
