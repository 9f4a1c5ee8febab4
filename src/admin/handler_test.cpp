#include "admin/handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "admin/store_context.h"

namespace naru::admin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A call as a listener would make it, and the answer it was given.
class OneCall final : public net::ServerCall {
 public:
  OneCall(net::Loop& loop, std::string_view method, std::string_view target, std::string_view body)
      : loop_(loop), body_(body) {
    const std::size_t mark = std::min(target.find('?'), target.size());
    head_.method = method;
    head_.target = target;
    head_.path = target.substr(0, mark);
    head_.query = target.substr(std::min(mark + 1, target.size()));
  }
  void authorize(std::string_view value) { head_.headers.add("authorization", value); }

  const net::RequestHead& head() const override { return head_; }
  net::Loop& loop() override { return loop_; }
  std::string_view peer() const override { return "test"; }
  net::Stop& gone() override { return gone_; }
  bool stopping() const override { return false; }
  std::optional<std::uint64_t> body_length() const override { return body_.size(); }
  net::Task<Result<std::size_t>> read_body(std::span<char> into, net::Until) override {
    const std::size_t bytes = body_.copy(into.data(), into.size());
    body_.remove_prefix(bytes);
    co_return bytes;
  }
  net::Task<Result<void>> reply(net::ReplyHead head, std::string_view body, net::Until) override {
    status = head.status;
    said = body;
    co_return Result<void>();
  }
  net::Task<Result<void>> start(net::ReplyHead, net::Until) override { co_return no_stream(); }
  net::Task<Result<void>> write(std::string_view, net::Until) override { co_return no_stream(); }
  net::Task<Result<void>> finish(std::string_view, net::Until) override { co_return no_stream(); }
  void half_close() override {}
  bool started() const override { return status != 0; }

  int status = 0;
  std::string said;

 private:
  static Result<void> no_stream() { return fail(FaultKind::Internal, "no admin call streams"); }

  net::Loop& loop_;
  net::RequestHead head_;
  net::Stop gone_;
  std::string_view body_;
};

struct Answer {
  int status = 0;
  std::string body;
};

class Handler : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "naru-admin-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    auto opened = StoreContext::open(directory_, "1.2.3");
    ASSERT_TRUE(opened) << opened.error().detail;
    context_ = *std::move(opened);
    context_->context().token = Secret("nadm-right");
  }
  void TearDown() override {
    context_.reset();
    std::filesystem::remove_all(directory_);
  }

  Answer call(std::string_view method, std::string_view target, std::string_view body = "",
              std::vector<std::string_view> tokens = {"Bearer nadm-right"}) const {
    AdminHandler handler(context_->context());
    Answer answer;
    const SystemClock clock;
    std::unique_ptr<OneCall> one;
    net::run_task(
        [&](net::Loop& loop) {
          one = std::make_unique<OneCall>(loop, method, target, body);
          for (const std::string_view token : tokens) one->authorize(token);
          return handler.serve(*one);
        },
        clock, telemetry::null_log());
    return {.status = one->status, .body = std::move(one->said)};
  }

  std::string directory_;
  std::unique_ptr<StoreContext> context_;
};

TEST_F(Handler, wants_the_token_and_nothing_else) {
  using Tokens = std::vector<std::string_view>;
  EXPECT_EQ(call("GET", "/admin/v1/status", "", {"bearer  nadm-right "}).status, 200);
  for (const Tokens& tokens :
       {Tokens{}, Tokens{"Bearer "}, Tokens{"nadm-right"}, Tokens{"Bearer nadm-wrong"},
        Tokens{"Basic nadm-right"}, Tokens{"Bearer nadm-right", "Bearer nadm-right"}}) {
    const Answer answer = call("GET", "/metrics", "", tokens);
    EXPECT_EQ(answer.status, 401);
    EXPECT_THAT(answer.body, HasSubstr("admin.token"));
  }
}

TEST_F(Handler, lets_nobody_in_without_a_token_of_its_own) {
  context_->context().token = Secret();
  EXPECT_EQ(call("GET", "/metrics", "", {"Bearer "}).status, 401);
  EXPECT_EQ(call("GET", "/metrics", "", {"Bearer x"}).status, 401);
}

TEST_F(Handler, says_what_a_path_takes_or_that_there_is_none) {
  const Answer wrong = call("PUT", "/admin/v1/keys");
  EXPECT_EQ(wrong.status, 404);
  EXPECT_THAT(wrong.body, HasSubstr("/admin/v1/keys takes GET, POST"));
  for (const char* path : {"/", "/admin/v1/key", "/admin/v1/keys/", "/admin/v2/keys"})
    EXPECT_EQ(call("GET", path).status, 404) << path;
}

TEST_F(Handler, answers_head_as_get) { EXPECT_EQ(call("HEAD", "/metrics").status, 200); }

TEST_F(Handler, decodes_names_and_arguments) {
  EXPECT_EQ(call("POST", "/admin/v1/keys", R"({"name":"a/b c"})").status, 201);
  EXPECT_THAT(call("DELETE", "/admin/v1/keys/a%2Fb%20c").body, HasSubstr(R"("name":"a/b c")"));
  EXPECT_THAT(call("GET", "/admin/v1/usage?by=key%2Cc%C3%B4lour&from=").body,
              HasSubstr("by names 'côlour'"));
  EXPECT_EQ(call("GET", "/admin/v1/usage?by").status, 200);
}

TEST_F(Handler, refuses_escapes_that_are_none) {
  for (const char* target : {"/admin/v1/keys/%zz", "/admin/v1/keys/%4"}) {
    const Answer answer = call("DELETE", target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_THAT(answer.body, HasSubstr("the path has a broken %-escape"));
  }
  EXPECT_THAT(call("GET", "/admin/v1/usage?by=%").body,
              HasSubstr("the query has a broken %-escape"));
}

TEST_F(Handler, refuses_arguments_it_does_not_know_or_that_stand_there_twice) {
  struct Case {
    const char* target;
    const char* says;
  };
  for (const auto& [target, says] : std::initializer_list<Case>{
           {"/admin/v1/usage?form=2026-01-01",
            "/admin/v1/usage takes no argument 'form'; it takes by, from, until, key, model"},
           {"/admin/v1/exchanges?limit=1&limit=2", "the argument 'limit' is given twice"},
           {"/admin/v1/status?verbose", "/admin/v1/status takes no argument 'verbose'"},
       }) {
    const Answer answer = call("GET", target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_THAT(answer.body, HasSubstr(says));
  }
}

TEST_F(Handler, reads_bodies_in_pieces_up_to_a_bound) {
  const std::string long_name(50'000, 'x');
  const Answer long_one = call("POST", "/admin/v1/keys", R"({"name":")" + long_name + "\"}");
  EXPECT_EQ(long_one.status, 400);
  EXPECT_THAT(long_one.body, HasSubstr("must have 1 to 100 bytes"));
  EXPECT_EQ(call("POST", "/admin/v1/keys", std::string(2 << 20, ' ')).status, 413);
}

TEST_F(Handler, has_a_shape_for_requests_that_never_became_calls) {
  AdminHandler handler(context_->context());
  const net::Refusal refusal =
      handler.refusal({.kind = FaultKind::TooLarge, .detail = "the head is too long"}, "");
  EXPECT_THAT(refusal.body, AllOf(HasSubstr("\"error\""), HasSubstr("the head is too long")));
  EXPECT_TRUE(find_exchange_id(refusal.headers.front().value));
}

}  // namespace
}  // namespace naru::admin
