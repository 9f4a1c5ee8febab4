#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "net/byte_stream.h"
#include "telemetry/log.h"

namespace naru::driver {

/// naru's end of the line to a holder. Belongs to one loop.
class HolderLink {
 public:
  /// `deployment` is named beside each line of output in the log. Lifetime: both outlive it.
  HolderLink(net::Loop& loop, telemetry::Log& log, std::string deployment)
      : loop_(loop), log_to_(log), deployment_(std::move(deployment)) {}

  /// Connects to the holder at `path`. Fails: UpstreamFailed when there is none.
  net::Task<Result<void>> attach(std::string path, net::Until until);
  /// Reads lines until the holder is gone. Ends by `until.stop` too.
  net::Task<void> follow(net::Until until);
  bool attached() const { return stream_ != nullptr; }
  net::Task<void> ask_to_end();  ///< SIGTERM to the engine
  net::Task<void> kill();        ///< SIGKILL
  /// Waits for the holder no longer; the engine has ended, as far as we can tell, as `how` says.
  void let_go(std::string how);

  /// What has been told since the last call.
  struct News {
    std::optional<std::string> exited;  ///< how the engine ended; told once the holder is gone
    bool output = false;
  };
  News take_news();
  int pid() const { return pid_; }                ///< of the engine
  int holder_pid() const { return holder_pid_; }  ///< of the holder last attached to, or 0
  const std::deque<std::string>& log() const { return log_; }

 private:
  net::Task<void> send(std::string_view letter);
  void take_line(std::string_view line);
  net::Loop& loop_;
  telemetry::Log& log_to_;
  std::string deployment_;
  std::shared_ptr<net::ByteStream> stream_;  // shared with a read or write under way
  std::string partial_;
  News news_;
  int pid_ = 0;
  int holder_pid_ = 0;
  std::deque<std::string> log_;
};

}  // namespace naru::driver
