#include "registry/watcher.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "registry/temporary_folder_for_test.h"

namespace naru::registry {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A folder of its own, and a watcher that counts.
class WatchedFolder : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return folder_.at(name); }
  void write(const std::string& name, std::string_view text) const { folder_.write(name, text); }
  void replace(const std::string& name, std::string_view text) const {
    folder_.replace(name, text);
  }
  /// Lays `..data` anew as kubelet does: a fresh folder, a link to it, renamed over the old link.
  void swap_data(const std::string& fresh, std::string_view text) const {
    write(fresh + "/naru.yaml", text);
    fs::create_symlink(fresh, at("..data_tmp"));
    fs::rename(at("..data_tmp"), at("..data"));
  }

  void watch(std::vector<std::string> names) {
    {
      const std::lock_guard lock(mutex_);
      for (const std::string& name : names) paths_.push_back(at(name));
    }
    watcher_ = std::make_unique<Watcher>(WatcherOptions{.paths = [this] { return paths(); },
                                                        .changed = [this] { count(); },
                                                        .settle = milliseconds(5),
                                                        .fallback = milliseconds(20)});
  }
  void also_watch_after_next_change(const std::string& name) {
    const std::lock_guard lock(mutex_);
    next_ = at(name);
  }
  /// Waits for the `wanted`th call; false if it does not come.
  bool called(int wanted) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, seconds(20), [&] { return calls_ >= wanted; });
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::vector<std::string> paths() {
    const std::lock_guard lock(mutex_);
    return paths_;
  }
  void count() {
    {
      const std::lock_guard lock(mutex_);
      ++calls_;
      if (!next_.empty()) paths_.push_back(std::exchange(next_, ""));
    }
    wake_.notify_all();
  }

  const TemporaryFolder folder_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string> paths_;
  std::string next_;
  int calls_ = 0;
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(WatchedFolder, tells_of_a_file_written_in_place) {
  write("naru.yaml", "a");
  watch({"naru.yaml"});
  write("naru.yaml", "bb");
  EXPECT_TRUE(called(1));
}

TEST_F(WatchedFolder, tells_of_a_file_replaced_by_rename_again_and_again) {
  write("naru.yaml", "a");
  watch({"naru.yaml"});
  for (int i = 1; i <= 3; ++i) {
    replace("naru.yaml", std::string(static_cast<std::size_t>(i), 'b'));
    EXPECT_TRUE(called(i));
  }
}

TEST_F(WatchedFolder, tells_of_a_swapped_data_link_as_config_maps_have_it) {
  swap_data("..2024", "a");
  fs::create_symlink("..data/naru.yaml", at("naru.yaml"));
  watch({"naru.yaml"});
  swap_data("..2025", "a");  // the same text, but another file
  EXPECT_TRUE(called(1));
  swap_data("..2026", "c");
  EXPECT_TRUE(called(2));
}

TEST_F(WatchedFolder, tells_of_a_swapped_link_above_the_files_folder) {
  write("release-1/conf/naru.yaml", "a");
  write("release-2/conf/naru.yaml", "b");
  fs::create_directory_symlink("release-1", at("current"));
  watch({"current/conf/naru.yaml"});
  fs::create_directory_symlink("release-2", at("current.new"));
  fs::rename(at("current.new"), at("current"));
  EXPECT_TRUE(called(1));
}

TEST_F(WatchedFolder, tells_of_a_document_that_comes_or_goes) {
  write("conf/a.yaml", "a");
  watch({"conf"});
  write("conf/b.yaml", "b");
  EXPECT_TRUE(called(1));
  fs::remove(at("conf/b.yaml"));
  EXPECT_TRUE(called(2));
}

TEST_F(WatchedFolder, tells_of_a_folder_that_is_made_anew) {
  write("conf/a.yaml", "a");
  watch({"conf"});
  fs::remove_all(at("conf"));
  EXPECT_TRUE(called(1));
  write("conf/a.yaml", "b");
  EXPECT_TRUE(called(2));
}

TEST_F(WatchedFolder, watches_what_a_change_brought_in) {
  write("naru.yaml", "a");
  write("keys/openai", "k");
  watch({"naru.yaml"});
  also_watch_after_next_change("keys/openai");
  write("naru.yaml", "bb");
  EXPECT_TRUE(called(1));
  write("keys/openai", "kk");
  EXPECT_TRUE(called(2));
}

TEST_F(WatchedFolder, is_silent_about_neighbours) {
  write("naru.yaml", "a");
  watch({"naru.yaml"});
  write("other.txt", "x");
  replace("naru.yaml", "bb");  // the watcher has seen the neighbour once it tells of this
  EXPECT_TRUE(called(1));
  EXPECT_EQ(calls(), 1);
}

TEST_F(WatchedFolder, stops_at_once_with_nothing_changed) {
  write("naru.yaml", "a");
  watch({"naru.yaml", "not-there.yaml"});
  EXPECT_EQ(calls(), 0);
}

}  // namespace
}  // namespace naru::registry
