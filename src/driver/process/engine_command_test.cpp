#include "driver/process/engine_command.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

namespace naru::driver {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::IsSubsetOf;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::size_t kLongestPath = 107;  // unix(7), with the byte that ends it

/// A folder that goes with the test; the sockets' one may stand elsewhere.
class EngineCommand : public ::testing::Test {
 protected:
  EngineCommand() { std::filesystem::create_directories(folder_); }
  ~EngineCommand() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    std::filesystem::remove(sockets_, ignored);
  }
  std::string sockets_of(const std::string& data_directory) {
    sockets_ = socket_directory(data_directory).value();
    return sockets_;
  }

  std::string folder_ = ::testing::TempDir() + "engine_command";
  std::string sockets_;
  DeploymentSpec spec_{.name = "m", .weights = "/w.gguf"};
};

TEST_F(EngineCommand, keeps_sockets_below_the_data_directory) {
  EXPECT_EQ(sockets_of(folder_), folder_ + "/run");
}

TEST_F(EngineCommand, names_sockets_from_the_root_whatever_the_data_directory_is_called) {
  std::filesystem::current_path(folder_);
  EXPECT_THAT(sockets_of("data"), StartsWith("/"));
}

TEST_F(EngineCommand, has_paths_a_socket_can_have_for_any_name_in_any_directory) {
  spec_.name = std::string(63, 'n');
  for (const std::size_t length : {1U, 40U, 80U, 200U}) {
    const std::string directory = sockets_of(folder_ + "/" + std::string(length, 'd'));
    const EnginePaths paths = engine_paths(directory, spec_, "/bin/engine");
    EXPECT_LE(paths.engine.size(), kLongestPath) << length;
    EXPECT_LE(paths.control.size(), kLongestPath) << length;
    EXPECT_EQ(engine_socket_beside(paths.control), paths.engine);
  }
}

TEST_F(EngineCommand, finds_an_engine_again_only_by_the_same_document) {
  const std::string same = engine_paths("/run", spec_, "/bin/engine").control;
  EXPECT_EQ(engine_paths("/run", spec_, "/bin/engine").control, same);
  EXPECT_NE(engine_paths("/run", spec_, "/bin/other").control, same);
  DeploymentSpec wider = spec_;
  wider.context *= 2;
  EXPECT_NE(engine_paths("/run", wider, "/bin/engine").control, same);
  DeploymentSpec renamed = spec_;
  renamed.name = "n";
  EXPECT_NE(engine_paths("/run", renamed, "/bin/engine").control, same);
}

TEST_F(EngineCommand, passes_listed_flags_and_no_others) {
  spec_.threads = 3;
  spec_.embeddings = true;
  std::vector<std::string> flags;
  for (const std::string& word : engine_command(spec_, "/bin/engine", "/s.sock"))
    if (word.starts_with('-')) flags.push_back(word);
  const std::vector<std::string> listed{
      "-m",           "--alias",        "--host",    "--port",       "-c",        "-np",
      "-cb",          "--cache-ram",    "--metrics", "--slots",      "--no-ui",   "--offline",
      "--log-colors", "--threads-http", "-t",        "--embeddings", "--pooling", "-ub"};
  EXPECT_THAT(flags, IsSubsetOf(listed));
  EXPECT_THAT(flags, AllOf(Contains("--offline"), Contains("--no-ui"), Not(Contains("--api-key"))));
}

TEST_F(EngineCommand, gives_each_slot_the_same_share_of_a_batch) {
  for (const std::uint32_t parallel : {1U, 3U, 4U, 7U, 96U, 256U}) {
    spec_.parallel = parallel;
    const auto command = engine_command(spec_, "/bin/engine", "/s.sock");
    const auto flag = std::ranges::find(command, "-ub");
    ASSERT_NE(flag, command.end());
    const auto batch = static_cast<std::uint32_t>(std::stoul(*std::next(flag)));
    EXPECT_EQ(batch % parallel, 0U);
    EXPECT_GE(batch, 512U);
    EXPECT_LT(batch, 512 + parallel);
  }
}

}  // namespace
}  // namespace naru::driver
