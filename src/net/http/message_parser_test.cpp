#include "net/http/message_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http/heads_for_test.h"

namespace naru::net {
namespace {

using namespace std::string_view_literals;

struct Read {
  RequestParser parser;
  RequestHead head;
  std::string_view bytes;
  std::string fault;
};

/// Reads a whole head that arrives in one piece.
Read read(std::string_view bytes) {
  Read read{.parser = {}, .head = {}, .bytes = bytes, .fault = {}};
  const auto end = read.parser.find_head_end(bytes);
  if (!end || *end == 0) {
    read.fault = end ? "incomplete" : end.error().detail;
    return read;
  }
  const auto done = read.parser.read_head(bytes.substr(0, *end), read.head);
  if (!done) read.fault = done.error().detail;
  return read;
}

/// The body in `bytes`, given to the parser in pieces of `step`; `!` and the reason when refused.
template <class Parser>
std::string body_of(Parser& parser, std::string_view bytes, std::size_t step, std::size_t most) {
  std::string body;
  std::string waiting;
  while (!parser.done()) {
    const auto piece = parser.read_body(waiting, most);
    if (!piece) return "!" + piece.error().detail;
    body += piece->bytes;
    waiting.erase(0, piece->used);
    if (piece->used > 0) continue;
    if (bytes.empty()) return body + "…";
    waiting += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  return body;
}

std::string chunked_body(std::string_view bytes, std::size_t step = 1, std::size_t most = 100) {
  Read request = read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  return body_of(request.parser, bytes, step, most);
}

struct Answer {
  AnswerParser parser;
  AnswerHead head;
  std::string fault;
};

Answer answer(std::string_view bytes, bool to_head = false) {
  Answer read{.parser = {}, .head = {}, .fault = {}};
  read.parser.reset(to_head);
  const auto end = read.parser.find_head_end(bytes);
  const auto done = read.parser.read_head(bytes.substr(0, *end), read.head);
  if (!done) read.fault = done.error().detail;
  return read;
}

TEST(RequestParser, reads_a_head_as_views_of_the_given_bytes) {
  const Read it =
      read("POST /v1/messages?beta=true HTTP/1.1\r\nHost: a:1\r\nX-Key:  k \r\n\r\nrest");
  EXPECT_EQ(it.fault, "");
  EXPECT_EQ(it.head.method, "POST");
  EXPECT_EQ(it.head.path, "/v1/messages");
  EXPECT_EQ(it.head.query, "beta=true");
  EXPECT_EQ(it.head.headers.find("x-key"), "k");
  EXPECT_GE(it.head.path.data(), it.bytes.data());
  EXPECT_LT(it.head.path.data(), it.bytes.data() + it.bytes.size());
}

TEST(RequestParser, finds_the_end_of_a_head_that_grows_byte_by_byte) {
  const auto bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET"sv;
  RequestParser parser;
  for (std::size_t length = 0; length <= 26; ++length)
    EXPECT_EQ(parser.find_head_end(bytes.substr(0, length)), 0u) << length;
  EXPECT_EQ(parser.find_head_end(bytes.substr(0, 27)), 27u);
}

TEST(RequestParser, takes_the_path_out_of_an_absolute_target) {
  EXPECT_EQ(read("GET http://a.b:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n").head.path, "/x");
  EXPECT_EQ(read("GET HTTP://a.b:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n").head.query, "y");
  EXPECT_EQ(read("GET http://a.b HTTP/1.1\r\nHost: a\r\n\r\n").head.path, "/");
  EXPECT_EQ(read("GET http://a.b?y HTTP/1.1\r\nHost: a\r\n\r\n").head.query, "y");
  EXPECT_EQ(read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").head.path, "*");
}

TEST(RequestParser, tells_what_the_head_says_about_its_connection) {
  EXPECT_TRUE(read("GET / HTTP/1.1\r\nHost: a\r\n\r\n").parser.framing().keep_alive);
  EXPECT_FALSE(read("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n")
                   .parser.framing()
                   .keep_alive);
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").parser.framing().keep_alive);
  EXPECT_TRUE(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").parser.framing().keep_alive);
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n")
                .parser.framing()
                .content_length,
            7u);
}

TEST(RequestParser, refuses_each_head_that_readers_could_read_differently) {
  for (const testing::BadHead& bad : testing::kBadHeads) {
    const std::string bytes = fmt::format("{}\r\n\r\n", bad.head);
    const Read it = read(bytes);
    EXPECT_THAT(it.fault, ::testing::HasSubstr(bad.reason)) << bad.name;
    EXPECT_EQ(it.parser.refusal_status(), bad.status) << bad.name;
  }
}

TEST(RequestParser, refuses_a_byte_zero_in_a_head) {
  EXPECT_NE(read("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"sv).fault, "");
}

TEST(RequestParser, bounds_the_number_of_headers) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 256; ++i) head += "X: y\r\n";
  const Read it = read(head += "\r\n");
  EXPECT_EQ(it.parser.refusal_status(), 431);
  EXPECT_EQ(it.fault, "HTTP request: it has more than 256 headers");
}

TEST(RequestParser, joins_chunks_however_they_are_cut) {
  const auto bytes =
      "5\r\nhello\r\n1;name=\"v\"\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"sv;
  for (std::size_t step = 1; step <= bytes.size(); ++step)
    for (const std::size_t most : {1u, 3u, 100u})
      EXPECT_EQ(chunked_body(bytes, step, most), "hello 0123456789") << step << " " << most;
}

TEST(RequestParser, reads_an_empty_chunked_body_cut_anywhere) {
  for (const std::size_t step : {1u, 2u, 3u, 4u}) EXPECT_EQ(chunked_body("0\r\n\r\n", step), "");
}

TEST(RequestParser, leaves_what_follows_the_last_chunk) {
  Read it = read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(it.parser.read_body("0\r\n\r\nGET /", 100)->used, 5u);
  EXPECT_TRUE(it.parser.done());
}

TEST(RequestParser, refuses_broken_chunks) {
  for (const std::string_view bytes :
       {"x\r\n"sv, "5\r\nhelloX\r\n"sv, "-5\r\n"sv, "0x5\r\nhello\r\n"sv, "\r\n"sv, "5 x\r\n"sv,
        "10000000000000000\r\n"sv, "5\nhello\n"sv, "5\r\nhello\n0\r\n\r\n"sv,
        "0\r\nbad trailer\r\n\r\n"sv})
    EXPECT_THAT(chunked_body(bytes),
                ::testing::AnyOf(::testing::StartsWith("!"), ::testing::EndsWith("…")))
        << bytes;
}

TEST(RequestParser, refuses_a_trailer_folded_over_two_lines) {
  for (const std::string_view bytes :
       {"2\r\n \n\r\n0\r\nX: y\r\n z\r\n\r\n"sv, "0\r\nX: y\r\n\tz\r\n\r\n"sv})
    for (const std::size_t step : {1u, 100u})
      EXPECT_THAT(chunked_body(bytes, step), ::testing::StartsWith("!")) << bytes << step;
  EXPECT_EQ(chunked_body("2\r\n\n \r\n0\r\nX: y\r\n\r\n", 100), "\n ");
}

TEST(RequestParser, refuses_an_endless_chunk_line) {
  EXPECT_THAT(chunked_body("5;" + std::string(20'000, 'x'), 1000), ::testing::StartsWith("!"));
  EXPECT_THAT(chunked_body("0\r\nX: " + std::string(20'000, 'x'), 1000),
              ::testing::StartsWith("!"));
}

TEST(RequestParser, reads_as_much_of_a_body_as_was_declared) {
  Read it = read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(body_of(it.parser, "helloGET", 3, 2), "hello");
}

TEST(RequestParser, misses_what_was_declared_and_never_came) {
  Read it = read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(body_of(it.parser, "hell", 1, 9), "hell…");
  EXPECT_EQ(it.parser.end_of_input().error().kind, FaultKind::InvalidRequest);
}

TEST(AnswerParser, reads_a_body_that_ends_with_the_connection) {
  Answer it = answer("HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
  EXPECT_TRUE(it.parser.framing().until_close);
  EXPECT_EQ(body_of(it.parser, "all of it", 4, 100), "all of it…");
  EXPECT_TRUE(it.parser.end_of_input());
  EXPECT_TRUE(it.parser.done());
}

TEST(AnswerParser, knows_answers_without_a_body) {
  EXPECT_TRUE(answer("HTTP/1.1 204 No Content\r\n\r\n").parser.done());
  EXPECT_TRUE(answer("HTTP/1.1 100 Continue\r\n\r\n").parser.done());
  EXPECT_TRUE(answer("HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n").parser.done());
  EXPECT_TRUE(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true).parser.done());
  EXPECT_FALSE(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").parser.done());
}

TEST(AnswerParser, refuses_framing_that_readers_could_read_differently) {
  EXPECT_NE(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n").fault, "");
  EXPECT_NE(answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n").fault, "");
  EXPECT_NE(
      answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n").fault,
      "");
}

}  // namespace
}  // namespace naru::net
