// Kept answers.
#include "store/store_contract.h"

namespace naru::store {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::find_answer;
using testing::find_items;
using testing::forget_answer;
using ::testing::IsEmpty;
using testing::keep_answer;
using testing::value;

using Strings = std::vector<std::string>;

class KeptContract : public StoreContract {};

KeptAnswer answer(std::string id, const Strings& ids, WallTime expires) {
  KeptAnswer made{.id = std::move(id), .key_id = 7, .expires = expires};
  made.body = "{\"id\":\"" + made.id + "\"}";
  for (const std::string& each : ids) made.items.push_back({.id = each, .body = "body of " + each});
  return made;
}

Strings ids_of(const KeptAnswer& kept) {
  Strings ids;
  for (const KeptItem& item : kept.items) ids.push_back(item.id);
  return ids;
}

TEST_P(KeptContract, gives_a_kept_answer_with_its_whole_conversation) {
  const WallTime later = clock_.wall_now() + 1h;
  keep(answer("a", {"1", "2"}, later));
  keep(answer("b", {"1", "2", "3"}, later));
  reopen();
  const auto found = met_answer(7, "b");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->body, R"({"id":"b"})");
  EXPECT_THAT(ids_of(*found), ElementsAre("1", "2", "3"));
  EXPECT_EQ(found->items.at(2).body, "body of 3");
  EXPECT_EQ(value(find_items(*store_, 7, {"3", "1", "none"})).size(), 2U);
}

TEST_P(KeptContract, loads_no_more_of_what_is_kept_than_there_is_room_for) {
  keep(answer("a", {"1", "2"}, clock_.wall_now() + 1h));  // 10 bytes, and 9 an item
  EXPECT_TRUE(value(find_answer(*store_, 7, "a", 28)));
  EXPECT_EQ(find_answer(*store_, 7, "a", 27).error().kind, FaultKind::TooLarge);
  EXPECT_EQ(value(find_items(*store_, 7, {"1", "2"}, 18)).size(), 2U);
  EXPECT_EQ(find_items(*store_, 7, {"1", "2"}, 17).error().kind, FaultKind::TooLarge);
}

TEST_P(KeptContract, leaves_an_answer_to_its_readers_when_its_id_comes_again) {
  const WallTime later = clock_.wall_now() + 1h;
  keep(answer("a", {"1", "2"}, later));
  KeptAnswer again = answer("a", {"3"}, later);
  again.body = "another";
  const auto refused = keep_answer(*store_, again);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::Conflict);
  EXPECT_EQ(met_answer(7, "a")->body, R"({"id":"a"})");
  EXPECT_THAT(ids_of(*met_answer(7, "a")), ElementsAre("1", "2"));
  EXPECT_TRUE(value(find_items(*store_, 7, {"3"})).empty()) << "nothing of it stays";
  again.key_id = 8;
  keep(again);
}

TEST_P(KeptContract, shows_a_kept_answer_to_its_own_key_alone) {
  keep(answer("a", {"1"}, clock_.wall_now() + 1h));
  EXPECT_FALSE(met_answer(8, "a"));
  EXPECT_THAT(value(find_items(*store_, 8, {"1"})), IsEmpty());
  EXPECT_FALSE(value(forget_answer(*store_, 8, "a")));
  EXPECT_TRUE(met_answer(7, "a"));
}

TEST_P(KeptContract, forgets_an_answer_and_what_no_other_needs) {
  const WallTime later = clock_.wall_now() + 1h;
  keep(answer("a", {"1", "2"}, later));
  keep(answer("b", {"1", "3"}, later));
  EXPECT_TRUE(value(forget_answer(*store_, 7, "a")));
  EXPECT_FALSE(value(forget_answer(*store_, 7, "a")));
  EXPECT_FALSE(met_answer(7, "a"));
  EXPECT_THAT(value(find_items(*store_, 7, {"1", "2", "3"})).size(), 2U);
  EXPECT_THAT(ids_of(*met_answer(7, "b")), ElementsAre("1", "3"));
}

TEST_P(KeptContract, keeps_items_apart_that_have_one_id) {
  const WallTime later = clock_.wall_now() + 1h;
  keep(answer("a", {"1"}, later));
  KeptAnswer other = answer("b", {"1", "2"}, later);
  other.items[0].body = "another";
  keep(other);
  EXPECT_EQ(met_answer(7, "a")->items.at(0).body, "body of 1");
  EXPECT_EQ(met_answer(7, "b")->items.at(0).body, "another");
  keep(answer("c", {"1"}, later));
  EXPECT_THAT(ids_of(*met_answer(7, "c")), ElementsAre("1"));
}

TEST_P(KeptContract, keeps_a_conversation_whose_earlier_answer_was_deleted_meanwhile) {
  const WallTime later = clock_.wall_now() + 1h;
  keep(answer("a", {"1"}, later));
  EXPECT_TRUE(value(forget_answer(*store_, 7, "a")));
  keep(answer("b", {"1", "2"}, later));
  EXPECT_THAT(ids_of(*met_answer(7, "b")), ElementsAre("1", "2"));
}

TEST_P(KeptContract, gives_no_answer_that_has_expired_nor_its_items) {
  keep(answer("a", {"1"}, clock_.wall_now() + 1h));
  keep(answer("b", {"1", "2"}, clock_.wall_now() + 2h));
  clock_.advance(1h);
  EXPECT_FALSE(met_answer(7, "a"));
  EXPECT_EQ(value(find_items(*store_, 7, {"1"})).size(), 1U);
  clock_.advance(1h);
  EXPECT_FALSE(met_answer(7, "b"));
  EXPECT_THAT(value(find_items(*store_, 7, {"1", "2"})), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, KeptContract, ::testing::ValuesIn(kKinds), kName);

}  // namespace
}  // namespace naru::store
