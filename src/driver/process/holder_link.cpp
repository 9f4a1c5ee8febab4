#include "driver/process/holder_link.h"

#include <charconv>

#include "driver/process/hold.h"
#include "net/socket_stream.h"

namespace naru::driver {
namespace {

constexpr std::chrono::seconds kSendTime{2};

}  // namespace

net::Task<Result<void>> HolderLink::attach(std::string path, net::Until until) {
  NARU_CO_TRY(const net::SocketAddress address, net::SocketAddress::of_path(path));
  auto connected = co_await net::SocketStream::connect(loop_, address, until);
  NARU_CO_TRY(auto stream, std::move(connected));
  holder_pid_ = stream->peer_pid();
  stream_ = std::move(stream);
  partial_.clear();
  news_ = {};
  log_.clear();
  pid_ = 0;
  co_return Result<void>{};
}

net::Task<void> HolderLink::follow(net::Until until) {
  std::array<char, 4096> chunk;
  const auto stream = stream_;
  while (true) {
    auto got = co_await stream->read_some(chunk, until);
    if (!got || *got == 0) break;
    for (const char c : std::string_view(chunk.data(), *got)) {
      if (c != '\n') {
        if (partial_.size() < kMaxLineBytes + 2) partial_.push_back(c);
        continue;
      }
      take_line(partial_);
      partial_.clear();
    }
  }
  if (stream_ != stream) co_return;  // let go of meanwhile, or attached anew
  stream_.reset();
  // A holder that is gone took its engine with it, whether or not it could say so.
  if (!until.stopped() && !news_.exited) news_.exited = "its holder is gone";
}

void HolderLink::take_line(std::string_view line) {
  if (line.size() < 2) return;
  const std::string_view rest = line.substr(2);
  if (line[0] == 'S') std::from_chars(rest.data(), rest.data() + rest.size(), pid_);
  if (line[0] == 'X') news_.exited = std::string(rest);
  if (line[0] != 'L') return;
  news_.output = true;
  log_to_.debug("engine.output",
                {telemetry::field("deployment", deployment_), telemetry::field("text", rest)});
  log_.emplace_back(rest);
  if (log_.size() > kKeptLines) log_.pop_front();
}

void HolderLink::let_go(std::string how) {
  if (stream_ != nullptr) stream_->close();
  stream_.reset();
  news_.exited = std::move(how);
}

HolderLink::News HolderLink::take_news() {
  if (!attached()) return std::exchange(news_, {});
  return {.exited = {}, .output = std::exchange(news_.output, false)};
}

net::Task<void> HolderLink::send(std::string_view letter) {
  const auto stream = stream_;
  if (stream == nullptr) co_return;
  auto sent = co_await stream->write(letter, {.deadline = loop_.clock().now() + kSendTime});
  (void)sent;  // a holder that is gone is noticed by `follow`
}

net::Task<void> HolderLink::ask_to_end() { return send("T\n"); }
net::Task<void> HolderLink::kill() { return send("K\n"); }

}  // namespace naru::driver
