#include "driver/gguf.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace naru::driver {
namespace {

/// Builds a file piece by piece.
class File {
 public:
  template <class T>
  File& number(T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
    return *this;
  }
  File& text(std::string_view text) {
    number<std::uint64_t>(text.size());
    bytes_ += text;
    return *this;
  }
  File& head(std::uint64_t tensors, std::uint64_t pairs, std::uint32_t version = 3) {
    bytes_ += "GGUF";
    return number(version).number(tensors).number(pairs);
  }
  File& architecture() {
    return text("general.architecture").number<std::uint32_t>(8).text("llama");
  }
  File& tensor(std::uint64_t rows, std::uint64_t columns, std::uint64_t offset,
               std::uint32_t type = 0) {
    text("w").number<std::uint32_t>(2).number(rows).number(columns);
    return number(type).number(offset);
  }
  File& data(std::size_t bytes) {
    while (bytes_.size() % 32 != 0) bytes_.push_back('\0');
    bytes_.append(bytes, '\0');
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

File sound() { return File().head(1, 1).architecture().tensor(8, 4, 0).data(128); }

std::string fault_of(const File& file) {
  const auto facts = check_gguf(file.bytes());
  return facts ? "" : facts.error().detail;
}

TEST(Gguf, accepts_a_sound_file) {
  const auto facts = check_gguf(sound().bytes());
  ASSERT_TRUE(facts) << facts.error().detail;
  EXPECT_EQ(facts->architecture, "llama");
  EXPECT_EQ(facts->tensor_bytes, 128U);
}

TEST(Gguf, refuses_a_file_cut_at_any_byte) {
  const std::string whole = sound().bytes();
  for (std::size_t cut = 0; cut < whole.size(); ++cut)
    ASSERT_FALSE(check_gguf(std::string_view(whole).substr(0, cut))) << "cut at " << cut;
}

TEST(Gguf, refuses_what_is_no_gguf) {
  EXPECT_NE(fault_of(File().data(64)).find("does not begin with GGUF"), std::string::npos);
  EXPECT_NE(fault_of(File().head(0, 0, 1)).find("version 1"), std::string::npos);
}

TEST(Gguf, refuses_sizes_that_overflow) {
  const auto huge = std::uint64_t{1} << 62;
  EXPECT_NE(fault_of(File().head(1, 1).architecture().tensor(huge, 8, 0).data(64)).find("overflow"),
            std::string::npos);
  EXPECT_NE(fault_of(File().head(1, 1).architecture().tensor(8, 4, ~std::uint64_t{31}).data(128))
                .find("overflow"),
            std::string::npos);
  EXPECT_FALSE(check_gguf(File().head(~std::uint64_t{0}, 1).bytes()));
  EXPECT_FALSE(check_gguf(File().head(0, ~std::uint64_t{0}).bytes()));
}

TEST(Gguf, refuses_tensors_beyond_the_end_of_the_file) {
  EXPECT_NE(fault_of(File().head(1, 1).architecture().tensor(8, 4, 0).data(127)).find("beyond"),
            std::string::npos);
}

TEST(Gguf, refuses_offsets_that_are_not_aligned_and_blocks_that_are_not_full) {
  EXPECT_NE(fault_of(File().head(1, 1).architecture().tensor(8, 4, 8).data(256)).find("aligned"),
            std::string::npos);
  EXPECT_NE(fault_of(File().head(1, 1).architecture().tensor(8, 4, 0, 2).data(128)).find("blocks"),
            std::string::npos);
}

TEST(Gguf, refuses_arrays_that_claim_more_than_there_is) {
  File file = File().head(0, 1).text("k").number<std::uint32_t>(9);
  file.number<std::uint32_t>(8).number(std::uint64_t{1} << 60);
  EXPECT_NE(fault_of(file.data(64)).find("ends early"), std::string::npos);
}

class GgufFile : public testing::Test {
 protected:
  ~GgufFile() override { std::filesystem::remove(path_); }
  void write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  std::string fault() const {
    const auto facts = check_gguf_file(path_);
    return facts ? "" : facts.error().detail;
  }
  const std::string path_ =
      fmt::format("{}/naru_gguf_test_{}", testing::TempDir(), static_cast<int>(::getpid()));
};

TEST_F(GgufFile, reads_a_head_longer_than_its_first_piece) {
  const std::string long_text(3 << 20, 'x');
  const File file = File().head(1, 3).text("a").number<std::uint32_t>(8).text(long_text);
  write(File(file)
            .text("b")
            .number<std::uint32_t>(8)
            .text(long_text)
            .architecture()
            .tensor(8, 4, 0)
            .data(128)
            .bytes());
  EXPECT_EQ(fault(), "");
}

TEST_F(GgufFile, says_of_a_cut_file_what_it_says_of_its_bytes) {
  const std::string whole = sound().bytes();
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    write(whole.substr(0, cut));
    const auto facts = check_gguf(std::string_view(whole).substr(0, cut));
    ASSERT_FALSE(facts);
    ASSERT_EQ(fault(), path_ + ": " + facts.error().detail) << "cut at " << cut;
  }
}

TEST_F(GgufFile, does_not_wait_for_a_writer_of_a_pipe) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_NE(fault().find("not a file with bytes in it"), std::string::npos) << fault();
}

/// 2^33 empty texts, which a sparse file has for nothing.
TEST_F(GgufFile, reads_no_head_without_an_end) {
  write(File()
            .head(0, 1)
            .text("k")
            .number<std::uint32_t>(9)
            .number<std::uint32_t>(8)
            .number(std::uint64_t{1} << 33)
            .bytes());
  std::filesystem::resize_file(path_, std::uintmax_t{1} << 37);
  EXPECT_NE(fault().find("at most 67108864 are read"), std::string::npos) << fault();
}

TEST_F(GgufFile, reads_no_text_it_has_no_use_for_however_long) {
  write(
      File().head(0, 1).text("k").number<std::uint32_t>(8).number(std::uint64_t{1} << 36).bytes());
  std::filesystem::resize_file(path_, std::uintmax_t{1} << 37);
  EXPECT_NE(fault().find("at most 67108864 are read"), std::string::npos) << fault();
}

TEST(Gguf, reads_a_real_model) {
  const char* path = std::getenv("NARU_MODEL");
  if (path == nullptr) GTEST_SKIP() << "NARU_MODEL names no file";
  const auto facts = check_gguf_file(path);
  ASSERT_TRUE(facts) << facts.error().detail;
  EXPECT_GT(facts->tensors, 0U);
}

}  // namespace
}  // namespace naru::driver
