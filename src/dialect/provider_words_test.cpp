#include "dialect/provider_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "dialect/anthropic/anthropic.h"
#include "dialect/openai_chat/openai_chat.h"
#include "dialect/openai_responses/openai_responses.h"

namespace naru::dialect {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ProviderWords, lose_keys_and_ids_wherever_they_stand) {
  EXPECT_EQ(cleaned("sk-proj-Ab_1"), "…");
  EXPECT_EQ(cleaned("key 'sk-ant-api03-x' of (org-77, proj_9)"), "key '…' of (…, …)");
  EXPECT_EQ(cleaned("api_key=sk-a1&x=gsk_2;xai-3,AIzaSy4"), "api_key=…&x=…;…,…");
  EXPECT_EQ(cleaned("{\"key\":\"sk-a\"}"), "{\"key\":\"…\"}");
  EXPECT_EQ(cleaned("first\nsk-a\torg-b"), "first … …");
  EXPECT_EQ(cleaned("키sk-a 조직org-b"), "키… 조직…");
}

TEST(ProviderWords, lose_keys_behind_the_escapes_of_another_format) {
  EXPECT_EQ(cleaned(R"(line\nsk-a)"), R"(line\n…)");
  EXPECT_EQ(cleaned(R"(\u0022sk-a\u0022)"), R"(\u0022…\u0022)");
  EXPECT_EQ(cleaned("?key%3Dsk-a%20"), "?key%3D…%20");
}

TEST(ProviderWords, lose_masked_keys_whole) {
  EXPECT_EQ(cleaned("provided: sk-proj-****...wxYZ. See"), "provided: …. See");
  EXPECT_EQ(cleaned("sk-ab…yz and sk-••••cd"), "… and …");
}

TEST(ProviderWords, lose_long_runs_that_can_only_be_keys) {
  EXPECT_EQ(cleaned("key 0123456789abcdef0123456789abcdef is off"), "key … is off");
  EXPECT_EQ(cleaned("request 7f54fbff-0123-4567-89ab-0123456789ab"),
            "request 7f54fbff-0123-4567-89ab-0123456789ab");
}

TEST(ProviderWords, keep_what_only_looks_alike_from_afar) {
  for (const char* text : {"the task-list on disk-2", "an ask_for and risk-free", "borg-org",
                           "model gpt-4o-mini-2024-07-18 has no field 'x'", "max_tokens: 5 > 4"})
    EXPECT_EQ(cleaned(text), text);
}

TEST(ProviderWords, stay_on_one_line) {
  EXPECT_EQ(cleaned(std::string_view("a\r\nb\0c\x7F", 7)), "a  b c ");
}

TEST(ProviderWords, are_bounded_between_characters) {
  std::string many;
  while (many.size() < 5000) many += "가";
  const std::string kept = cleaned(many);
  EXPECT_LE(kept.size(), 1000U);
  EXPECT_TRUE(kept.ends_with("가…"));
  EXPECT_EQ(cleaned(std::string(1000, '-')), std::string(1000, '-'));
  EXPECT_EQ(cleaned(std::string(1001, '-')).size(), 1000U);
  EXPECT_EQ(cleaned("abcdefgh", 6), "abc…");
}

TEST(ProviderWords, lose_a_key_that_the_bound_cuts) {
  const std::string said = std::string(990, '-') + "sk-secret-secret-secret";
  EXPECT_THAT(cleaned(said), Not(HasSubstr("secret")));
}

TEST(ProviderWords, are_clean_in_whatever_way_an_error_comes) {
  const std::string_view said =
      R"({"type":"error","error":{"type":"sk-t","message":"x\n'sk-a'","code":"sk-c","param":"sk-p"}})";
  for (const Dialect* dialect : {&openai_chat(), &openai_responses(), &anthropic()}) {
    const Fault plain = dialect->read_error(400, said);
    EXPECT_EQ(plain.detail, "x '…'") << dialect->name();
    EXPECT_THAT(plain.code + plain.param, Not(HasSubstr("sk-"))) << dialect->name();
    AnswerFacts facts;
    const auto scan =
        dialect->make_scanner(Operation::Chat, {})
            ->scan({.raw = said, .event = "error", .data = said, .has_data = true}, facts);
    ASSERT_FALSE(scan) << dialect->name();
    EXPECT_THAT(scan.error().detail + scan.error().code, Not(HasSubstr("sk-"))) << dialect->name();
  }
}

TEST(ProviderWords, are_clean_in_the_words_of_every_dialect) {
  for (const Dialect* dialect : all_dialects()) {
    const std::string said = dialect->write_error(
        {.kind = FaultKind::InvalidRequest, .detail = "x 'sk-a'", .param = "sk-p", .code = "sk-c"},
        "");
    const Fault fault = dialect->read_error(400, said);
    EXPECT_THAT(fault.detail, HasSubstr("x '…'")) << dialect->name();
    EXPECT_THAT(fault.code + fault.param, Not(HasSubstr("sk-"))) << dialect->name();
  }
}

struct Row {
  int status;
  FaultKind kind;
};
class ProviderStatus : public testing::TestWithParam<Row> {};
TEST_P(ProviderStatus, means_the_same_in_every_dialect) {
  EXPECT_EQ(kind_of_status(GetParam().status), GetParam().kind);
  for (const Dialect* dialect : all_dialects())
    EXPECT_EQ(dialect->read_error(GetParam().status, "").kind, GetParam().kind) << dialect->name();
}
INSTANTIATE_TEST_SUITE_P(
    All, ProviderStatus,
    testing::Values(Row{302, FaultKind::UpstreamInvalid}, Row{400, FaultKind::UpstreamRefused},
                    Row{401, FaultKind::UpstreamAuth}, Row{402, FaultKind::UpstreamSpent},
                    Row{403, FaultKind::UpstreamAuth}, Row{404, FaultKind::UpstreamMissing},
                    Row{405, FaultKind::UpstreamMissing}, Row{408, FaultKind::UpstreamTimeout},
                    Row{409, FaultKind::UpstreamFailed}, Row{410, FaultKind::UpstreamMissing},
                    Row{413, FaultKind::UpstreamRefused}, Row{425, FaultKind::UpstreamFailed},
                    Row{429, FaultKind::RateLimited}, Row{500, FaultKind::UpstreamFailed},
                    Row{503, FaultKind::Overloaded}, Row{504, FaultKind::UpstreamTimeout},
                    Row{529, FaultKind::Overloaded}));

}  // namespace
}  // namespace naru::dialect
