#include "telemetry/line_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace naru::telemetry {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::size_t kMostWaitingBytes = 1 << 20;
constexpr auto kCompany = 20ms;
constexpr auto kMostStall = 250ms;  // of a reader that takes nothing; then the batch is lost

/// A file descriptor that is closed at the end, unless it is one of the three standard ones.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& from) noexcept : number_(std::exchange(from.number_, -1)) {}
  Descriptor& operator=(Descriptor&& from) noexcept {
    std::swap(number_, from.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ > STDERR_FILENO) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

Result<Descriptor> open_file(const std::string& path) {
  if (path.empty()) return Descriptor(STDERR_FILENO);
  const int number = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (number >= 0) return Descriptor(number);
  return fail(FaultKind::Unavailable,
              "the log file {} cannot be opened: {}; make its folder, or give naru the right to "
              "write there",
              path, std::generic_category().message(errno));
}

/// False when not all bytes could be written. A pipe that has room takes this much without
/// blocking, so that a reader who takes nothing cannot hold up our end.
bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd room{.fd = file, .events = POLLOUT, .revents = 0};
    if (::poll(&room, 1, static_cast<int>(kMostStall.count())) == 0) return false;
    const std::size_t piece = std::min<std::size_t>(bytes.size(), PIPE_BUF);
    const ssize_t written = ::write(file, bytes.data(), piece);
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    if (written == 0 || (written < 0 && errno != EINTR && errno != EAGAIN)) return false;
  }
  return true;
}

/// For this thread: a pipe whose reader is gone is an error code, and signals go to others.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

class FileSink final : public LineSink {
 public:
  FileSink(Descriptor file, std::string path)
      : path_(std::move(path)), file_(std::move(file)), writer_([this] { run(); }) {}

  ~FileSink() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    writer_.join();
  }

  void write(std::string_view line, bool urgent) override {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() + line.size() > kMostWaitingBytes) {
        ++lost_;
        return;
      }
      wake = waiting_.empty() || (urgent && !urgent_);
      waiting_.append(line);
      urgent_ = urgent_ || urgent;
    }
    if (wake) wake_.notify_one();
  }

  Result<void> reopen() override {
    NARU_TRY(Descriptor fresh, open_file(path_));
    const std::lock_guard lock(file_mutex_);
    file_ = std::move(fresh);
    return {};
  }

  std::uint64_t take_lost() override {
    if (lost_.load(std::memory_order_relaxed) == 0) return 0;
    return lost_.exchange(0, std::memory_order_relaxed);
  }

 private:
  void run() {
    block_signals();
    std::string batch;
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      wake_.wait_for(lock, kCompany, [this] { return stop_ || urgent_; });
      batch.clear();
      batch.swap(waiting_);
      urgent_ = false;
      lock.unlock();
      const bool written = write_batch(batch);
      lock.lock();
      if (!written) lost_ += lines_in(batch);
    }
  }

  bool write_batch(std::string_view batch) {
    const std::lock_guard lock(file_mutex_);
    return write_all(file_.number(), batch);
  }

  const std::string path_;
  std::mutex file_mutex_;  // held while writing, so only the writer and `reopen` wait for it
  Descriptor file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;
  std::atomic<std::uint64_t> lost_{0};
  bool urgent_ = false;
  bool stop_ = false;
  std::jthread writer_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<LineSink>> open_line_sink(const std::string& path) {
  NARU_TRY(Descriptor file, open_file(path));
  return std::make_unique<FileSink>(std::move(file), path);
}

}  // namespace naru::telemetry
