#include "cli/serve/handover.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "base/text.h"

namespace naru::cli {
namespace {

constexpr std::string_view kForm = "naru-1";
constexpr int kMostNumber = 1 << 20;

Result<int> read_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= 0 &&
      number <= kMostNumber)
    return number;
  return fail(FaultKind::InvalidRequest, "{} has '{}' where a number should be", kHandoverVariable,
              text);
}

Result<std::vector<int>> read_numbers(std::string_view text) {
  std::vector<int> numbers;
  for (const std::string_view part : split(text, ',')) {
    NARU_TRY(const int number, read_number(part));
    numbers.push_back(number);
  }
  return numbers;
}

Result<void> read_field(Handover& into, std::string_view name, std::string_view value) {
  NARU_TRY(std::vector<int> numbers, read_numbers(value));
  if (name == "channel")
    into.channel = numbers.front();
  else if (name == "lock")
    into.lock = numbers.front();
  else if (name == "error")
    into.error_output = numbers.front();
  else if (name == "lane")
    into.lane = static_cast<unsigned>(numbers.front());
  else if (name == "elders")
    into.elders = std::move(numbers);
  else if (name.starts_with("listen."))
    into.sockets.insert_or_assign(std::string(name.substr(name.find('.') + 1)), std::move(numbers));
  return {};  // what only later versions know is none of ours
}

}  // namespace

std::string write_handover(const Handover& handover) {
  std::string text = fmt::format("{} channel={} lock={} error={} lane={}", kForm, handover.channel,
                                 handover.lock, handover.error_output, handover.lane);
  for (const auto& [name, sockets] : handover.sockets)
    text += fmt::format(" listen.{}={}", name, fmt::join(sockets, ","));
  if (!handover.elders.empty()) text += fmt::format(" elders={}", fmt::join(handover.elders, ","));
  return text;
}

Result<Handover> read_handover(std::string_view text) {
  Handover handover;
  const auto words = split(text, ' ');
  if (words.front() != kForm)
    return fail(FaultKind::InvalidRequest,
                "{} is of another form than {}; stop the old naru and start this one",
                kHandoverVariable, kForm);
  for (const std::string_view word : std::span(words).subspan(1)) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string_view value = word.substr(std::min(equals + 1, word.size()));
    NARU_TRY_VOID(read_field(handover, word.substr(0, equals), value));
  }
  if (handover.channel < 0 || handover.lock < 0 || handover.error_output < 0)
    return fail(FaultKind::InvalidRequest, "{} lacks a channel, a lock or an error output",
                kHandoverVariable);
  return handover;
}

std::string write_message(const Message& message) {
  std::string text = message.word;
  for (const std::string& line : message.lines) text += "\n" + line;
  return text;
}

Message read_message(std::string_view text) {
  Message message;
  for (const std::string_view line : split(text, '\n')) message.lines.emplace_back(line);
  message.word = std::move(message.lines.front());
  message.lines.erase(message.lines.begin());
  return message;
}

}  // namespace naru::cli
