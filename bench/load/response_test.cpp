#include "load/response.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace naru::load {
namespace {

using State = Response::State;

const Expect kThree{.mark = "ab", .marks = 3, .end = "[DONE]"};
const std::string kWhole =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nxab\r\n1;why\r\na\r\n5\r\nb, ab\r\n8\r\n[DONE]\n\n\r\n0\r\n\r\n";

struct Read {
  State state;
  std::size_t marks;
  std::string trouble;
};

/// What it says of `bytes`, given in pieces of `size`.
Read read(std::string_view bytes, const Expect& expect, std::size_t size = 1) {
  Response response(expect);
  State state = State::Head;
  for (std::size_t at = 0; at < bytes.size(); at += size)
    state = response.feed(bytes.substr(at, size));
  return {state, response.marks(), response.trouble()};
}

TEST(LoadResponse, counts_the_marks_of_a_chunked_body_however_it_is_cut) {
  for (std::size_t size = 1; size <= kWhole.size(); ++size) {
    const Read got = read(kWhole, kThree, size);
    EXPECT_EQ(got.state, State::Done) << size << ": " << got.trouble;
    EXPECT_EQ(got.marks, 3U) << size;
  }
}

TEST(LoadResponse, is_not_whole_before_its_last_byte) {
  EXPECT_EQ(read(kWhole.substr(0, kWhole.size() - 1), kThree).state, State::Body);
}

TEST(LoadResponse, takes_a_length_for_what_it_is) {
  const std::string head = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
  EXPECT_EQ(read(head + "abcd", {.end = "cd"}).state, State::Done);
  EXPECT_EQ(read(head + "abc", {}).state, State::Body);
  EXPECT_EQ(read(head + "abcde", {}, 100).trouble, "longer than it says");
}

TEST(LoadResponse, may_end_with_the_connection) {
  const Expect one{.mark = "a", .marks = 1};
  Response response(one);
  EXPECT_EQ(response.feed("HTTP/1.1 200 OK\r\n\r\na"), State::Body);
  EXPECT_EQ(response.end(), State::Done);
  EXPECT_FALSE(response.stays_open());
}

TEST(LoadResponse, says_what_is_not_as_expected) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(read("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nab", {}).trouble, "status 503");
  EXPECT_EQ(read(head + "ab", kThree).trouble, "1 marks, not 3");
  EXPECT_EQ(read(head + "ab", {.end = "[DONE]"}).trouble, "another end");
  EXPECT_EQ(read("SSH-2.0 at your service\r\n\r\n", {}).trouble, "no HTTP");
  Response cut(kThree);
  cut.feed(head + "a");
  EXPECT_EQ(cut.end(), State::Broken);
  EXPECT_EQ(cut.trouble(), "cut");
}

TEST(LoadResponse, is_ready_for_the_next_answer) {
  Response response(kThree);
  EXPECT_EQ(response.feed(kWhole), State::Done);
  response.reset();
  EXPECT_EQ(response.feed(kWhole), State::Done);
  EXPECT_EQ(response.marks(), 3U);
}

}  // namespace
}  // namespace naru::load
