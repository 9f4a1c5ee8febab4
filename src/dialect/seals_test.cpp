#include "dialect/seals.h"

#include <gtest/gtest.h>

namespace naru::dialect {
namespace {

using chat::Seal;
using chat::Thinking;

Thinking unwrapped(std::string_view text, Seal native = Seal::Signature) {
  Thinking thinking;
  unwrap_seal(text, native, thinking);
  return thinking;
}

class SealTrip : public ::testing::TestWithParam<Thinking> {};
TEST_P(SealTrip, brings_kind_id_and_seal_back_with_the_upstreams_name) {
  Thinking expected = GetParam();
  const std::string wrapped = wrap_seal(expected, "claude-eu");
  expected.origin = "claude-eu";
  EXPECT_TRUE(is_wrapped_seal(wrapped));
  EXPECT_EQ(unwrapped(wrapped, Seal::Encrypted), expected);
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, SealTrip,
    ::testing::Values(Thinking{.text = "", .sealed = "EqQB+/=", .seal = Seal::Signature},
                      Thinking{.text = "", .sealed = "Em==", .seal = Seal::Redacted},
                      Thinking{
                          .text = "", .sealed = "gAAA_-", .seal = Seal::Encrypted, .id = "rs_1"},
                      Thinking{.text = "", .sealed = "a:b::c", .seal = Seal::Signature},
                      Thinking{.text = "", .sealed = "", .seal = Seal::None, .id = "rs_2"},
                      Thinking{.text = "", .sealed = "naru1:x:y:z:w", .seal = Seal::Encrypted}));

TEST(Seals, keep_the_text_they_are_of) {
  Thinking thinking{.text = "hm"};
  unwrap_seal("naru1:signature:up::S", Seal::Encrypted, thinking);
  EXPECT_EQ(thinking.text, "hm");
}

TEST(Seals, of_a_provider_are_its_own_kind_as_they_stand) {
  for (const Seal native : {Seal::Signature, Seal::Redacted, Seal::Encrypted})
    EXPECT_EQ(unwrapped("EqQB:x", native),
              (Thinking{.text = "", .sealed = "EqQB:x", .seal = native}));
}

TEST(Seals, are_none_where_nothing_is_said) {
  EXPECT_FALSE(is_wrapped_seal(""));
  EXPECT_EQ(unwrapped(""), Thinking{});
}

TEST(Seals, are_known_by_their_beginning_alone) {
  for (const std::string_view text : {"naru", "naru1", "naru2:signature:a::b", "Naru1:", " naru1:"})
    EXPECT_FALSE(is_wrapped_seal(text)) << text;
}

struct Hostile {
  std::string_view text;
  Thinking expected;
};
class SealHostile : public ::testing::TestWithParam<Hostile> {};
TEST_P(SealHostile, text_is_read_as_far_as_it_goes) {
  EXPECT_EQ(unwrapped(GetParam().text), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Texts, SealHostile,
    ::testing::Values(Hostile{"naru1:", {}}, Hostile{"naru1::::", {}},
                      Hostile{"naru1:signature", {.text = "", .seal = Seal::Signature}},
                      Hostile{"naru1:signature:up",
                              {.text = "", .seal = Seal::Signature, .origin = "up"}},
                      Hostile{"naru1:signature:up:rs_1:",
                              {.text = "", .seal = Seal::Signature, .id = "rs_1", .origin = "up"}},
                      Hostile{"naru1:master:up:rs_1:S",
                              {.text = "", .sealed = "S", .id = "rs_1", .origin = "up"}},
                      Hostile{"naru1:SIGNATURE:up::S", {.text = "", .sealed = "S", .origin = "up"}},
                      Hostile{"naru1:none:up::S", {.text = "", .sealed = "S", .origin = "up"}}));

TEST(Seals, stand_any_bytes) {
  std::string bytes = "naru1:redacted:";
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  const Thinking read = unwrapped(bytes);
  EXPECT_EQ(read.seal, Seal::Redacted);
  EXPECT_EQ(wrap_seal(read, read.origin), bytes + ":");  // they hold one colon themselves
}

}  // namespace
}  // namespace naru::dialect
