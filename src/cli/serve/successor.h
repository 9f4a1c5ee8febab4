#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/serve/elders.h"
#include "cli/serve/handover.h"
#include "sys/channel.h"
#include "sys/process.h"

namespace naru::cli {

/// The process that is to take our place, from its start on: a child, at the other end of a
/// channel.
class Successor {
 public:
  /// What it is given. Descriptors stay ours too.
  struct Legacy {
    std::string version = {};  ///< ours
    int lock = -1;
    unsigned lane = 0;
    std::map<std::string, std::vector<int>, std::less<>> sockets = {};
    std::vector<ElderChannel> elders = {};
    std::map<std::string, bool> engines = {};  ///< by handle; whether they serve
  };
  /// Starts `command`, whose first word is the binary's path. Fails: Unavailable.
  static Result<Successor> start(const std::vector<std::string>& command, const Legacy& legacy);

  enum class News : std::uint8_t { None, Ready, Serving, Failed };
  /// What it has said or done since. After `Failed` it has ended or is to be ended.
  News look();
  void say_go(std::int64_t calls);
  /// Kills it, if it is there, and reaps it.
  void end();

  int pid() const { return child_.pid(); }
  const std::string& version() const { return version_; }             ///< from Ready on
  const std::vector<std::string>& engines() const { return taken_; }  ///< handles, from Ready on
  const std::string& why() const { return why_; }                     ///< once Failed
  /// The last that it wrote to stderr, a line.
  std::string last_words() const;
  sys::Channel take_channel() { return std::move(channel_); }

 private:
  Successor(sys::Child child, sys::Channel channel, sys::Fd words)
      : child_(std::move(child)), channel_(std::move(channel)), words_(std::move(words)) {}
  void read_words();
  News take(const Message& message);
  sys::Child child_;
  sys::Channel channel_;
  sys::Fd words_;  // its stderr until it takes ours
  std::string said_;
  std::string version_;
  std::vector<std::string> taken_;
  std::string why_;
  std::optional<Monotonic> closed_;  // when its end of the channel was seen to be closed
};

}  // namespace naru::cli
