#include <cstdint>
#include <cstdlib>

#include "net/http/message_parser.h"

namespace {

using namespace naru::net;

/// What a parser makes of bytes: its head in short, its body, how it ended.
struct Outcome {
  std::string head;
  std::string body;
  bool refused = false;
  bool done = false;
  bool operator==(const Outcome&) const = default;
};

/// Everything that is viewed must lie within what was given.
void need_within(std::string_view part, std::string_view whole) {
  if (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size())
    abort();
}

template <class Parser>
std::size_t read_head(Parser& parser, std::string_view bytes, std::size_t step, Outcome& outcome) {
  for (std::size_t given = 0; given < bytes.size();) {
    given = std::min(bytes.size(), given + step);
    const auto end = parser.find_head_end(bytes.substr(0, given));
    if (!end) break;
    if (*end == 0) continue;
    typename Parser::Head head;
    if (!parser.read_head(bytes.substr(0, *end), head)) break;
    for (const HeaderView& line : head.headers) {
      need_within(line.name, bytes.substr(0, *end));
      need_within(line.value, bytes.substr(0, *end));
      outcome.head += fmt::format("{}:{}\n", line.name, line.value);
    }
    return *end;
  }
  outcome.refused = true;
  return 0;
}

template <class Parser>
Outcome outcome_of(std::string_view bytes, std::size_t step) {
  Parser parser;
  Outcome outcome;
  const std::size_t end = read_head(parser, bytes, step, outcome);
  if (end == 0) return outcome;
  bytes.remove_prefix(end);
  std::size_t given = 0;
  while (!parser.done()) {
    const auto piece = parser.read_body(bytes.substr(0, given), step);
    if (!piece) {
      outcome.refused = true;
      return outcome;
    }
    need_within(piece->bytes.empty() ? bytes.substr(0, 0) : piece->bytes, bytes.substr(0, given));
    outcome.body += piece->bytes;
    bytes.remove_prefix(piece->used);
    given -= piece->used;
    if (piece->used > 0) continue;
    if (given == bytes.size()) break;
    given = std::min(bytes.size(), given + step);
  }
  outcome.done = parser.done();
  return outcome;
}

/// However the bytes are cut, a message means the same.
template <class Parser>
void check(std::string_view bytes, std::size_t step) {
  const Outcome whole = outcome_of<Parser>(bytes, bytes.size() + 1);
  const Outcome cut = outcome_of<Parser>(bytes, step);
  if (whole.head != cut.head || whole.done != cut.done) abort();
  if (whole.done && whole.body != cut.body) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 64 << 10) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = data[0] % 31u + 1;
  check<RequestParser>(bytes, step);
  check<AnswerParser>(bytes, step);
  return 0;
}
