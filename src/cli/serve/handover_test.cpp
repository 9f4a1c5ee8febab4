#include "cli/serve/handover.h"

#include <gtest/gtest.h>

namespace naru::cli {
namespace {

const Handover kWhole{.channel = 3,
                      .lock = 4,
                      .error_output = 5,
                      .lane = 7,
                      .sockets = {{"admin", {8, 9}}, {"data", {6, 7}}},
                      .elders = {10, 11}};

TEST(Handover, reads_what_it_writes) {
  const std::string text = write_handover(kWhole);
  EXPECT_EQ(text,
            "naru-1 channel=3 lock=4 error=5 lane=7 listen.admin=8,9 listen.data=6,7 "
            "elders=10,11");
  const auto read = read_handover(text);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read, kWhole);
}

TEST(Handover, leaves_out_what_only_later_versions_know) {
  const auto read = read_handover(write_handover(kWhole) + " later=1,2");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, kWhole);
}

TEST(Handover, refuses_any_other_text) {
  for (const char* text :
       {"", " ", "1", "naru-2 channel=3 lock=4 error=5 lane=0", "naru-1", "naru-1 channel=3 lock=4",
        "naru-1 channel= lock=4 error=5", "naru-1 channel=x lock=4 error=5",
        "naru-1 channel=-1 lock=4 error=5", "naru-1 channel=3 lock=4 error=5 elders=1,,2",
        "naru-1 channel=99999999999999999999 lock=4 error=5"})
    EXPECT_FALSE(read_handover(text)) << text;
}

TEST(HandoverMessage, reads_what_it_writes) {
  for (const Message& message :
       {Message{.word = "go"}, Message{.word = "left", .lines = {"17", "3", "0.1.0"}},
        Message{.word = "failed", .lines = {"a", "", "b"}}})
    EXPECT_EQ(read_message(write_message(message)), message);
  EXPECT_EQ(read_message(""), Message{});
}

}  // namespace
}  // namespace naru::cli
