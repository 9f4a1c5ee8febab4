#include "security/api_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

namespace naru::security {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

/// A directory that goes with the test.
class PepperFile : public testing::Test {
 protected:
  PepperFile() {
    std::string name = (fs::temp_directory_path() / "naru-pepper-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    file_ = directory_ + "/pepper";
  }
  ~PepperFile() override { fs::remove_all(directory_); }

  void write(std::string_view bytes, mode_t mode = 0600) const {
    std::ofstream(file_, std::ios::binary) << bytes;
    ::chmod(file_.c_str(), mode);
  }
  std::string contents() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string fault() const {
    const auto opened = KeyHasher::open(file_);
    if (opened) return "";
    EXPECT_EQ(opened.error().kind, FaultKind::Unavailable);
    return opened.error().detail;
  }

  std::string directory_;
  std::string file_;
};

TEST(KeyHasher, gives_hmac_sha_256) {
  // RFC 4231, test case 3, its key of 20 bytes lengthened by zeros: HMAC pads keys with them.
  const KeyHasher hasher(Secret(std::string(20, '\xaa') + std::string(12, '\0')));
  EXPECT_EQ(to_hex(hasher.hash(std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
}

TEST(KeyHasher, differs_by_pepper_and_by_key) {
  const KeyHasher one(Secret(std::string(32, 'a')));
  const KeyHasher other(Secret(std::string(32, 'b')));
  EXPECT_EQ(one.hash("nk-1"), one.hash("nk-1"));
  EXPECT_NE(one.hash("nk-1"), one.hash("nk-2"));
  EXPECT_NE(one.hash("nk-1"), other.hash("nk-1"));
  EXPECT_EQ(one.fingerprint(), KeyHasher(Secret(std::string(32, 'a'))).fingerprint());
  EXPECT_NE(one.fingerprint(), other.fingerprint());
}

TEST(KeyHasher, hashes_from_several_threads_at_once) {
  const KeyHasher hasher(Secret(std::string(32, 'p')));
  const KeyHash expected = hasher.hash("nk-shared");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&hasher, &expected] {
      for (int round = 0; round < 500; ++round) EXPECT_EQ(hasher.hash("nk-shared"), expected);
    });
}

TEST(MakeKey, gives_a_key_that_is_known_by_its_prefix_and_never_repeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const Secret key = make_key();
    EXPECT_TRUE(key.reveal().starts_with("nk-"));
    EXPECT_EQ(key.reveal().size(), 46U);
    EXPECT_TRUE(seen.emplace(key.reveal()).second);
  }
}

TEST(MakeToken, takes_any_prefix) { EXPECT_TRUE(make_token("na-").reveal().starts_with("na-")); }

TEST_F(PepperFile, is_made_once_for_its_owner_alone) {
  const auto first = KeyHasher::open(file_);
  ASSERT_TRUE(first) << first.error().detail;
  struct stat info{};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  EXPECT_EQ(info.st_size, 32);
  const auto second = KeyHasher::open(file_);
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(first->hash("nk-1"), second->hash("nk-1"));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 1) << "nothing lies beside it";
}

TEST_F(PepperFile, is_the_same_for_all_who_make_it_at_once) {
  std::array<KeyHash, 8> hashes{};
  {
    std::vector<std::jthread> threads;
    for (KeyHash& hash : hashes)
      threads.emplace_back([this, &hash] {
        const auto hasher = KeyHasher::open(file_);
        ASSERT_TRUE(hasher) << hasher.error().detail;
        hash = hasher->hash("nk-1");
      });
  }
  EXPECT_THAT(hashes, testing::Each(hashes[0]));
}

TEST_F(PepperFile, counts_to_its_last_byte) {
  write(std::string(40, 'x') + "\n");
  const auto hasher = KeyHasher::open(file_);
  ASSERT_TRUE(hasher) << hasher.error().detail;
  EXPECT_NE(hasher->hash("nk-1"), KeyHasher(Secret(std::string(40, 'x'))).hash("nk-1"));
}

TEST_F(PepperFile, is_left_alone_when_it_is_too_short_or_too_long) {
  write("short");
  EXPECT_THAT(fault(), HasSubstr("holds 5 bytes"));
  EXPECT_EQ(contents(), "short");
  write(std::string(5000, 'x'));
  EXPECT_THAT(fault(), HasSubstr("is longer than 4096 bytes"));
}

TEST_F(PepperFile, is_refused_when_others_may_read_it) {
  for (const mode_t mode : {0640U, 0604U, 0660U, 0620U}) {
    write(std::string(32, 'x'), mode);
    EXPECT_THAT(fault(), HasSubstr("chmod 600 " + file_));
  }
}

TEST_F(PepperFile, is_refused_when_it_is_no_plain_file) {
  fs::create_directory(file_);
  EXPECT_THAT(fault(), HasSubstr("is no plain file"));
}

TEST_F(PepperFile, is_not_made_where_there_is_no_directory) {
  file_ = directory_ + "/none/pepper";
  EXPECT_THAT(fault(), HasSubstr(file_ + " cannot be made: No such file or directory"));
}

}  // namespace
}  // namespace naru::security
