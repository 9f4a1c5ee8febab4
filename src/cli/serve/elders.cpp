#include "cli/serve/elders.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "cli/serve/handover.h"

namespace naru::cli {

std::string write_elder(const admin::Elder& elder) {
  return fmt::format("{} {} {}", elder.pid, elder.calls, elder.version);
}

admin::Elder read_elder(std::string_view line) {
  const auto words = split(line, ' ');
  admin::Elder elder;
  if (words.size() < 3) return elder;
  std::from_chars(words[0].data(), words[0].data() + words[0].size(), elder.pid);
  std::from_chars(words[1].data(), words[1].data() + words[1].size(), elder.calls);
  elder.version = words[2];
  return elder;
}

void Elders::add(sys::Channel channel, admin::Elder elder) {
  const std::lock_guard lock(mutex_);
  known_.push_back({.channel = std::move(channel), .elder = std::move(elder)});
}

std::vector<admin::Elder> Elders::look() {
  const std::lock_guard lock(mutex_);
  for (Known& known : known_) {
    for (;;) {
      const auto heard = known.channel.receive({});
      if (!heard) known.channel.close();
      if (!heard) break;
      const std::optional<std::string>& said = *heard;
      if (!said) break;
      const Message message = read_message(*said);
      if (message.word == "left" && !message.lines.empty())
        known.elder = read_elder(message.lines.front());
    }
  }
  std::erase_if(known_, [](const Known& known) { return !known.channel.is_open(); });
  std::vector<admin::Elder> all;
  all.reserve(known_.size());
  for (const Known& known : known_) all.push_back(known.elder);
  return all;
}

void Elders::tell(std::string_view word) {
  const std::lock_guard lock(mutex_);
  for (const Known& known : known_) known.channel.send(word);
}

std::vector<ElderChannel> Elders::channels() {
  const std::lock_guard lock(mutex_);
  std::vector<ElderChannel> all;
  all.reserve(known_.size());
  for (const Known& known : known_)
    all.push_back({.descriptor = known.channel.fd(), .elder = known.elder});
  return all;
}

void Elders::close() {
  const std::lock_guard lock(mutex_);
  known_.clear();
}

}  // namespace naru::cli
