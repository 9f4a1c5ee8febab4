#include "admin/handlers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "admin/store_context.h"
#include "base/json.h"

namespace naru::admin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Handlers over a store in a directory of their own.
class Handlers : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "naru-admin-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    auto opened = StoreContext::open(directory_, "1.2.3");
    ASSERT_TRUE(opened) << opened.error().detail;
    context_ = *std::move(opened);
  }
  void TearDown() override {
    context_.reset();
    std::filesystem::remove_all(directory_);
  }

  using Query = std::map<std::string, std::string, std::less<>>;
  using Run = Result<Reply> (*)(Context&, const Request&);
  /// The body that came of it, or the detail of the fault.
  std::string said(Run run, const Request& request) const {
    const auto reply = run(context_->context(), request);
    return reply ? reply->body : reply.error().detail;
  }
  std::string create(std::string body) const {
    return said(&create_key, {.path = "", .tail = {}, .query = {}, .body = std::move(body)});
  }
  std::string list() const { return said(&list_keys, {}); }
  std::string limit(std::string name, std::string body) const {
    return said(&change_key,
                {.path = "", .tail = std::move(name), .query = {}, .body = std::move(body)});
  }
  std::string revoke(std::string name) const {
    return said(&revoke_key, {.path = "", .tail = std::move(name), .query = {}, .body = {}});
  }
  std::string used(Query query) const {
    return said(&usage, {.path = "", .tail = {}, .query = std::move(query), .body = {}});
  }
  std::string exchanges(Query query) const {
    return said(&list_exchanges, {.path = "", .tail = {}, .query = std::move(query), .body = {}});
  }

  std::string directory_;
  std::unique_ptr<StoreContext> context_;
};

TEST_F(Handlers, show_a_keys_text_once) {
  EXPECT_THAT(create(R"({"name":"laptop","models":["gpt-*","claude-*"]})"),
              AllOf(HasSubstr(R"("key":"nk-)"), HasSubstr(R"("models":["gpt-*","claude-*"])"),
                    HasSubstr(R"("expires":null)")));
  EXPECT_THAT(list(), AllOf(HasSubstr(R"("name":"laptop")"), Not(HasSubstr("nk-"))));
}

TEST_F(Handlers, end_a_key_that_expires) {
  EXPECT_THAT(create(R"({"name":"short","expires_in_s":60})"), Not(HasSubstr(R"("expires":null)")));
}

TEST_F(Handlers, keep_a_live_name_to_one_key_unless_told_to_replace_it) {
  create(R"({"name":"ci"})");
  EXPECT_THAT(create(R"({"name":"ci"})"), Not(HasSubstr("nk-")));
  EXPECT_THAT(create(R"({"name":"ci","replace":true})"), HasSubstr("nk-"));
  const std::string all = list();
  const auto tree = json::Tree::parse(all);
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->root().find("keys")->size(), 2);
}

TEST_F(Handlers, say_all_that_is_wrong_with_a_key_that_is_asked_for) {
  struct Case {
    std::string body;
    std::string says;
  };
  for (const auto& [body, says] : std::initializer_list<Case>{
           {"", ""},
           {"[]", "object"},
           {"{}", "$.name"},
           {R"({"name":""})", "$.name must have 1 to 100 bytes"},
           {R"({"name":")" + std::string(101, 'x') + "\"}", "$.name must have 1 to 100 bytes"},
           {R"({"name":"a","expires_in_s":0})", "$.expires_in_s"},
           {R"({"name":"a","expires_in_s":"1"})", "$.expires_in_s"},
           {R"({"name":"a","models":"gpt"})", "$.models must be a list"},
           {R"({"name":"a","models":[""]})", "$.models must hold names"},
           {R"({"name":"a","model":[]})", "$.model is not a field of a key"},
           {R"({"name":7,"color":1})", "$.name"},
           {R"({"name":"a","requests_per_minute":0})",
            "$.requests_per_minute must be a whole number from 1 to 100000000"},
           {R"({"name":"a","tokens_per_minute":-1})", "$.tokens_per_minute must be a whole number"},
           {R"({"name":"a","concurrency":100001})", "from 1 to 100000"},
           {R"({"name":"a","concurrency":1.5})", "$.concurrency"},
       }) {
    EXPECT_THAT(create(body), AllOf(HasSubstr(says), Not(HasSubstr("nk-")))) << body;
  }
  EXPECT_EQ(list(), R"({"keys":[]})");
}

TEST_F(Handlers, limit_a_key_from_the_start_and_change_what_is_named) {
  EXPECT_THAT(
      create(R"({"name":"a","requests_per_minute":60,"concurrency":null})"),
      HasSubstr(R"("requests_per_minute":60,"tokens_per_minute":null,"concurrency":null,)"));
  EXPECT_THAT(limit("a", R"({"tokens_per_minute":9000,"concurrency":2})"),
              HasSubstr(R"("requests_per_minute":60,"tokens_per_minute":9000,"concurrency":2,)"));
  EXPECT_THAT(limit("1", R"({"requests_per_minute":null})"), HasSubstr(R"("id":1)"));
  EXPECT_THAT(list(),
              HasSubstr(R"("requests_per_minute":null,"tokens_per_minute":9000,"concurrency":2,)"));
}

TEST_F(Handlers, say_what_is_wrong_with_a_limit) {
  create(R"({"name":"a","concurrency":7})");
  EXPECT_THAT(limit("a", R"({"concurrency":0})"), HasSubstr("from 1 to 100000"));
  EXPECT_THAT(limit("a", R"({"concurrent":3})"),
              HasSubstr("$.concurrent is nothing of a key that can change"));
  EXPECT_THAT(limit("a", "{}"), HasSubstr("must name what changes: requests_per_minute"));
  EXPECT_THAT(limit("a", "[]"), HasSubstr("object"));
  EXPECT_THAT(limit("b", R"({"concurrency":3})"), HasSubstr("no live key has the name or id 'b'"));
  EXPECT_THAT(list(), HasSubstr(R"("concurrency":7,)"));
  EXPECT_THAT(limit("a", R"({"priority":"first"})"),
              HasSubstr("$.priority must be critical, interactive or batch"));
  EXPECT_THAT(limit("a", R"({"priority":"critical"})"), HasSubstr(R"("priority":"critical")"));
}

TEST_F(Handlers, revoke_by_name_or_id_and_only_what_lives) {
  create(R"({"name":"one"})");
  create(R"({"name":"two"})");
  EXPECT_THAT(revoke("one"), HasSubstr(R"("revoked":"20)"));
  EXPECT_THAT(revoke("2"), HasSubstr(R"("name":"two")"));
  EXPECT_THAT(revoke("one"), Not(HasSubstr("revoked\":\"")));
}

TEST_F(Handlers, sum_nothing_where_nothing_was_used) {
  EXPECT_EQ(used({{"by", "key,model,day"}, {"from", "2026-01-01"}, {"until", "2027-01-01"}}),
            R"({"usage":[]})");
}

TEST_F(Handlers, name_the_query_argument_that_is_wrong) {
  EXPECT_EQ(used({{"by", "key,colour"}}), "by names 'colour'; known are key, model and day");
  EXPECT_EQ(used({{"until", "2026-02-30"}}),
            "until is '2026-02-30'; a day is written as 2026-11-23, with a year from 1970 to 2261");
  EXPECT_THAT(used({{"from", "9999-12-31"}}), HasSubstr("with a year from 1970 to 2261"));
  for (const char* limit : {"0", "1001", "-1", "ten", "5x", "99999999999999999999"})
    EXPECT_THAT(exchanges({{"limit", limit}}), HasSubstr("it must be 1 to 1000")) << limit;
  EXPECT_EQ(exchanges({{"limit", "1000"}}), R"({"exchanges":[]})");
}

TEST_F(Handlers, take_only_request_ids_for_exchanges) {
  const auto one = [&](std::string id) {
    return said(&one_exchange, {.path = "", .tail = std::move(id), .query = {}, .body = {}});
  };
  EXPECT_EQ(one("nonsense"), "'nonsense' is not a request id");
  const std::string id = request_id(7);
  EXPECT_EQ(one(id), fmt::format("no exchange {} is in the ledger", id));
}

TEST_F(Handlers, back_up_to_a_new_absolute_path) {
  const auto save = [&](const std::string& path) {
    return said(
        &backup,
        {.path = "", .tail = {}, .query = {}, .body = fmt::format(R"({{"path":"{}"}})", path)});
  };
  EXPECT_THAT(save("copy.db"), HasSubstr("$.path must be an absolute path"));
  EXPECT_THAT(save(directory_ + R"(/a\u0000b.db)"), HasSubstr("$.path must hold no NUL"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/a"));
  EXPECT_THAT(save(directory_ + "/copy.db"), HasSubstr(R"({"path":)"));
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/copy.db"));
  EXPECT_THAT(save(directory_ + "/copy.db"), Not(HasSubstr(R"({"path":)")));
}

TEST_F(Handlers, tell_how_the_process_does) {
  EXPECT_THAT(said(&status, {}),
              AllOf(HasSubstr(R"("version":"1.2.3")"), HasSubstr(R"("ledger":"ok")"),
                    HasSubstr("\"problems\":[]")));
  EXPECT_EQ(said(&list_models, {}), R"({"models":[]})");
  EXPECT_EQ(said(&list_upstreams, {}), R"({"upstreams":[]})");
  EXPECT_EQ(said(&list_deployments, {}), R"({"deployments":[]})");
  EXPECT_THAT(said(&metrics, {}), HasSubstr("naru_"));
}

TEST(StoreContextAlone, is_refused_while_another_holds_the_directory) {
  std::string name = (std::filesystem::temp_directory_path() / "naru-admin-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  {
    const auto first = StoreContext::open(name, "1");
    ASSERT_TRUE(first);
    EXPECT_EQ(StoreContext::open(name, "1").error().kind, FaultKind::Unavailable);
  }
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace naru::admin
