#include "mock/mock.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "base/text.h"
#include "mock/script.h"

namespace naru::mock {
namespace {

/// A client's blocking socket; a read gives up after a while, and the test fails then.
class Client {
 public:
  explicit Client(const Mock& mock) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(mock.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  Client(const Client&) = delete;
  ~Client() { ::close(fd_); }

  void send(std::string_view bytes) {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// Everything up to and with `mark`, or to the end of the connection.
  std::string read_to(std::string_view mark) {
    std::string text;
    char byte = 0;
    while (mark.empty() || !text.ends_with(mark)) {
      const ssize_t got = ::recv(fd_, &byte, 1, 0);
      EXPECT_TRUE(got >= 0 || errno == ECONNRESET) << "nothing more came after: " << text;
      was_reset_ = got < 0;
      if (got <= 0) break;
      text.push_back(byte);
    }
    return text;
  }
  std::string read_all() { return read_to(""); }
  bool was_reset() const { return was_reset_; }

 private:
  int fd_;
  bool was_reset_ = false;
};

std::string request(std::string_view method, std::string_view path, std::string_view body,
                    std::string_view headers = "") {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: m\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n{}", method,
      path, headers, body.size(), body);
}

std::string chat(std::string_view model, bool stream = false) {
  return request("POST", "/v1/chat/completions",
                 fmt::format(R"({{"model":"{}","stream":{},"messages":[]}})", model, stream));
}

class MockTest : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }
  void start(MockOptions options) {
    mock_.reset();
    auto started = Mock::start(std::move(options), clock_, telemetry::null_log());
    ASSERT_TRUE(started) << started.error().detail;
    mock_ = *std::move(started);
  }
  std::string answer(std::string_view bytes) {
    Client client(*mock_);
    client.send(bytes);
    return client.read_all();
  }
  /// The journal's only entry, once it is closed.
  Entry closed_entry() {
    const auto give_up = clock_.now() + std::chrono::seconds(20);
    while (clock_.now() < give_up) {
      const auto entries = mock_->journal().entries();
      if (!entries.empty() && entries.back().close != Close::Open) return entries.back();
    }
    ADD_FAILURE() << "no request was closed in time";
    return {};
  }

  SystemClock clock_;
  std::unique_ptr<Mock> mock_;
};

TEST_F(MockTest, answers_a_chat) {
  const std::string text = answer(chat("m"));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
  EXPECT_NE(text.find(R"("object":"chat.completion")"), std::string::npos);
}

TEST_F(MockTest, streams_a_message_to_its_end) {
  const std::string text = answer(request("POST", "/v1/messages", R"({"model":"m","stream":true})",
                                          "anthropic-version: 2023-06-01\r\n"));
  EXPECT_NE(text.find("event: message_stop"), std::string::npos);
  EXPECT_TRUE(text.ends_with("0\r\n\r\n"));
}

TEST_F(MockTest, follows_controls_in_the_model_and_in_a_header) {
  EXPECT_TRUE(answer(chat("m?status=503")).starts_with("HTTP/1.1 503 "));
  const std::string text = answer(request("POST", "/v1/chat/completions", R"({"model":"m"})",
                                          "x-mock: status=429&retry_after=9\r\n"));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 429 "));
  EXPECT_NE(text.find("retry-after: 9"), std::string::npos);
}

TEST_F(MockTest, says_which_controls_are_wrong) {
  const std::string text = answer(chat("m?chunkz=1"));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 400 "));
  EXPECT_NE(text.find("chunkz"), std::string::npos);
}

TEST_F(MockTest, cuts_a_stream_without_its_last_chunk) {
  const std::string text = answer(chat("m?ending=cut&after=1", true));
  EXPECT_NE(text.find(R"("content":"Hello")"), std::string::npos);
  EXPECT_FALSE(text.ends_with("0\r\n\r\n"));
}

TEST_F(MockTest, closes_its_side_in_order_and_waits_for_the_client) {
  {
    Client client(*mock_);
    client.send(chat("m?ending=half_close&after=1", true));
    const std::string text = client.read_all();
    EXPECT_NE(text.find(R"("content":"Hello")"), std::string::npos);
    EXPECT_FALSE(client.was_reset());
    EXPECT_EQ(mock_->journal().entries().back().close, Close::Open);
  }
  EXPECT_EQ(closed_entry().close, Close::Answered);
}

TEST_F(MockTest, resets_where_it_cuts) {
  Client client(*mock_);
  client.send(chat("m?ending=cut&after=1", true));
  client.read_all();
  EXPECT_TRUE(client.was_reset());
}

TEST_F(MockTest, gives_each_answer_an_id_of_its_own) {
  const std::string first = answer(chat("m", true));
  const std::string second = answer(chat("m", true));
  const std::size_t at = first.find("chatcmpl-");
  EXPECT_NE(first.substr(at, 33), second.substr(at, 33));
  EXPECT_EQ(first.find("MockId"), std::string::npos);
}

TEST_F(MockTest, keeps_raw_bytes_of_heads_and_bodies) {
  const std::string head =
      "POST /v1/chat/completions?a=%2F HTTP/1.1\r\nHOST: m\r\nConnection: close\r\nX-Odd:\t \xFF "
      "\r\ncontent-LENGTH:02\r\n"
      "\r\n";
  answer(head + "\xFF\x01");
  EXPECT_EQ(closed_entry().head, head);
  const std::string json = mock_->journal().json();
  EXPECT_THAT(json, testing::HasSubstr(fmt::format(R"("head_base64":"{}")", base64(head))));
  EXPECT_THAT(json, testing::HasSubstr(R"("line":"POST /v1/chat/completions?a=%2F HTTP/1.1")"));
  EXPECT_THAT(json, testing::HasSubstr(R"("headers":["HOST: m",)"));
  EXPECT_THAT(json, testing::HasSubstr(R"("content-LENGTH:02"])"));
  EXPECT_THAT(json, testing::HasSubstr(R"("body_base64":"/wE=")"));
}

TEST_F(MockTest, journals_what_came_and_when_it_was_over) {
  answer(chat("m?status=500"));
  const Entry entry = closed_entry();
  EXPECT_THAT(entry.head, testing::StartsWith("POST /v1/chat/completions HTTP/1.1\r\nHost: m\r\n"));
  EXPECT_NE(entry.body.find("m?status=500"), std::string::npos);
  EXPECT_EQ(entry.close, Close::Answered);
  EXPECT_EQ(entry.status, 500);
  EXPECT_GE(entry.closed, entry.arrived);
}

TEST_F(MockTest, notes_a_client_that_leaves_while_it_stalls) {
  {
    Client client(*mock_);
    client.send(chat("m?ending=stall&after=1", true));
    client.read_to("Hello");
  }
  EXPECT_EQ(closed_entry().close, Close::Gone);
}

TEST_F(MockTest, shows_and_clears_its_journal) {
  answer(chat("m"));
  EXPECT_NE(answer(request("GET", "/mock/journal", "")).find("POST /v1/chat"), std::string::npos);
  answer(request("DELETE", "/mock/journal", ""));
  EXPECT_NE(answer(request("GET", "/mock/journal", "")).find(R"({"requests":[],)"),
            std::string::npos);
}

TEST_F(MockTest, follows_a_script_rule_as_often_as_it_says) {
  const std::string file = ::testing::TempDir() + "mock_script.yaml";
  std::ofstream(file) << "answers:\n- model: busy*\n  times: 2\n  answer: {status: 503}\n";
  start({.script_file = file});
  EXPECT_TRUE(answer(chat("busy-1")).starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(answer(chat("idle")).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(answer(chat("busy-1")).starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(answer(chat("busy-1")).starts_with("HTTP/1.1 200 "));
}

TEST(MockScript, names_every_problem_with_its_line) {
  std::vector<Problem> problems;
  Script::read("answers:\n- modle: x\n  answer: {status: 9}\n", "s.yaml", problems);
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].line, 2);
  EXPECT_EQ(problems[1].line, 3);
}

TEST(MockJournal, drops_the_oldest_when_it_is_full) {
  Journal journal;
  for (std::size_t i = 0; i <= Journal::kMostEntries; ++i) journal.open({});
  journal.close(1, Close::Answered, 200, {});  // gone already
  EXPECT_EQ(journal.entries().size(), Journal::kMostEntries);
  EXPECT_EQ(journal.entries().front().number, 2U);
  EXPECT_TRUE(journal.json().ends_with(R"("dropped":1})"));
}

}  // namespace
}  // namespace naru::mock
