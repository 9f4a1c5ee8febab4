#include "net/socket_stream.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <unistd.h>

#include <filesystem>

#include "telemetry/log.h"

namespace naru::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Notes = std::vector<std::string>;
using Connected = Result<std::unique_ptr<SocketStream>>;

/// A listening socket and what it accepts; nothing of it waits.
class Peer {
 public:
  explicit Peer(const SocketAddress& at, int backlog = 16)
      : fd_(::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(::bind(fd_, at.get(), at.length), 0);
    EXPECT_EQ(::listen(fd_, backlog), 0);
    address.length = sizeof address.storage;
    getsockname(fd_, address.get(), &address.length);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    ::close(fd_);
    if (accepted >= 0) ::close(accepted);
  }
  void accept() { accepted = ::accept(fd_, nullptr, nullptr); }
  void send(std::string_view bytes) const {
    EXPECT_EQ(::send(accepted, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  std::string take() const {
    std::string text(4 << 20, '\0');
    const ssize_t got = ::recv(accepted, text.data(), text.size(), MSG_DONTWAIT);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(accepted, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(accepted, -1));
  }

  SocketAddress address;
  int accepted = -1;

 private:
  int fd_;
};

Task<void> connect_to(Loop& loop, SocketAddress to, Until until, std::optional<Connected>& out) {
  out = co_await SocketStream::connect(loop, to, until);
}

Task<void> read_and_note(ByteStream& stream, Until until, Notes& notes) {
  char bytes[8];
  const auto got = co_await stream.read_some(bytes, until);
  notes.push_back(got ? "<" + std::string(bytes, *got) + ">"
                      : std::string(row(got.error().kind).word));
}

Task<void> write_and_note(ByteStream& stream, std::string bytes, Until until, Notes& notes) {
  const auto done = co_await stream.write("[", bytes, until);
  notes.push_back(done ? "written" : std::string(row(done.error().kind).word));
}

class SocketStreamTest : public ::testing::Test {
 protected:
  static SocketAddress any_port() { return *SocketAddress::of_ip("127.0.0.1", 0); }
  void settle() {
    for (int idle = 0; idle < 20; ++idle)
      if (loop_.poll()) idle = 0;
  }
  void pass(std::chrono::nanoseconds time) {
    clock_.advance(time);
    settle();
  }
  Until in(std::chrono::nanoseconds time) { return {clock_.now() + time, &stop_}; }

  /// Connects to the peer, which accepts.
  void open() {
    std::optional<Connected> connected;
    tasks_.spawn(connect_to(loop_, peer_.address, {}, connected));
    settle();
    ASSERT_TRUE(connected && *connected);
    stream_ = **std::move(connected);
    peer_.accept();
  }
  void read(Until until = {}) {
    tasks_.spawn(read_and_note(*stream_, until, notes_));
    settle();
  }
  void write(std::string bytes, Until until = {}) {
    tasks_.spawn(write_and_note(*stream_, std::move(bytes), until, notes_));
    settle();
  }

  ManualClock clock_;
  Loop loop_{0, clock_, telemetry::null_log()};
  Stop stop_;
  Notes notes_;
  Peer peer_{any_port()};
  TaskGroup tasks_{loop_};
  std::unique_ptr<SocketStream> stream_;
};

constexpr std::size_t kMoreThanFits = 8 << 20;  // into the buffers of a loopback connection

TEST_F(SocketStreamTest, reads_what_is_there_and_then_the_end) {
  open();
  peer_.send("hello, world");
  read();
  read();
  ::shutdown(peer_.accepted, SHUT_WR);
  read();
  EXPECT_THAT(notes_, ElementsAre("<hello, w>", "<orld>", "<>"));
}

TEST_F(SocketStreamTest, waits_for_bytes) {
  open();
  read(in(seconds(5)));
  EXPECT_THAT(notes_, IsEmpty());
  peer_.send("late");
  settle();
  EXPECT_THAT(notes_, ElementsAre("<late>"));
}

TEST_F(SocketStreamTest, ends_a_read_by_deadline_word_or_close) {
  open();
  read(in(seconds(1)));
  pass(seconds(2));
  read(in(seconds(1)));
  stop_.fire();
  settle();
  read();
  stream_->close();
  settle();
  EXPECT_THAT(notes_, ElementsAre("upstream_timeout", "abandoned", "abandoned"));
}

TEST_F(SocketStreamTest, a_read_that_ends_leaves_the_write_alone) {
  open();
  write(std::string(kMoreThanFits, 'x'));
  read(in(seconds(1)));
  pass(seconds(2));
  EXPECT_THAT(notes_, ElementsAre("upstream_timeout"));
  std::size_t taken = 0;
  while (taken < kMoreThanFits + 1) {
    taken += peer_.take().size();
    settle();
  }
  EXPECT_THAT(notes_, ElementsAre("upstream_timeout", "written"));
}

TEST_F(SocketStreamTest, a_write_that_ends_leaves_the_read_alone) {
  open();
  read();
  write(std::string(kMoreThanFits, 'x'), in(seconds(1)));
  pass(seconds(2));
  peer_.send("still");
  settle();
  EXPECT_THAT(notes_, ElementsAre("upstream_timeout", "<still>"));
}

TEST_F(SocketStreamTest, says_when_the_peer_resets) {
  open();
  read();
  peer_.reset();
  settle();
  EXPECT_THAT(notes_, ElementsAre("upstream_failed"));
}

TEST_F(SocketStreamTest, knows_without_waiting_whether_there_is_something_to_read) {
  open();
  EXPECT_FALSE(stream_->readable_now());
  peer_.send("x");
  EXPECT_TRUE(stream_->readable_now());
  read();
  EXPECT_FALSE(stream_->readable_now());
  peer_.reset();
  EXPECT_TRUE(stream_->readable_now());
}

TEST_F(SocketStreamTest, connects_over_a_unix_socket) {
  const std::string path = fmt::format("{}/naru-{}.sock", ::testing::TempDir(), ::getpid());
  const auto address = *SocketAddress::of_path(path);
  const Peer local(address);
  std::optional<Connected> connected;
  tasks_.spawn(connect_to(loop_, address, {}, connected));
  settle();
  ASSERT_TRUE(connected && *connected);
  EXPECT_EQ((**connected)->peer(), "unix");
  std::filesystem::remove(path);
}

TEST_F(SocketStreamTest, names_why_it_cannot_connect) {
  SocketAddress gone;
  {
    const Peer closed(any_port());
    gone = closed.address;
  }
  std::optional<Connected> connected;
  tasks_.spawn(connect_to(loop_, gone, {}, connected));
  settle();
  ASSERT_TRUE(connected && !*connected);
  EXPECT_EQ(connected->error().kind, FaultKind::UpstreamFailed);
  EXPECT_EQ(connected->error().detail,
            fmt::format("connecting to {}: Connection refused", gone.text()));
}

TEST_F(SocketStreamTest, gives_up_connecting_at_its_deadline) {
  const Peer full(any_port(), 0);
  std::vector<std::optional<Connected>> all(4);
  for (auto& connected : all)
    tasks_.spawn(connect_to(loop_, full.address, in(seconds(2)), connected));
  settle();
  EXPECT_FALSE(all.back());
  pass(seconds(3));
  ASSERT_TRUE(all.back());
  EXPECT_EQ(all.back()->error().kind, FaultKind::UpstreamTimeout);
}

TEST(SocketAddress, is_written_as_people_write_it) {
  EXPECT_EQ(SocketAddress::of_ip("10.0.0.1", 80)->text(), "10.0.0.1:80");
  EXPECT_EQ(SocketAddress::of_ip("::1", 443)->text(), "[::1]:443");
  EXPECT_FALSE(SocketAddress::of_ip("localhost", 1));
  EXPECT_FALSE(SocketAddress::of_path(""));
  EXPECT_TRUE(SocketAddress::of_path(std::string(107, 'x')));
  EXPECT_THAT(SocketAddress::of_path(std::string(108, 'x')).error().detail, HasSubstr("107"));
}

}  // namespace
}  // namespace naru::net
