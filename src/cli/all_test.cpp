#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/json.h"
#include "cli/run_for_test.h"
#include "mock/mock.h"
#include "registry/temporary_folder_for_test.h"
#include "sys/fd.h"

namespace naru::cli {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Ran;
using testing::run_line;
using ::testing::StartsWith;
using testing::Stdout;

/// A data directory that no naru uses.
class CommandLine : public ::testing::Test {
 protected:
  Ran naru(std::vector<std::string> words) const {
    words.insert(words.end(), {"--data-dir", folder_.at("data")});
    return run_line(std::move(words));
  }
  /// The same while stdout leads to a disk without room.
  Ran into_a_full_disk(std::vector<std::string> words) const {
    std::fflush(stdout);
    const sys::Fd before(::dup(STDOUT_FILENO));
    const sys::Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    ::dup2(full.get(), STDOUT_FILENO);
    words.insert(words.end(), {"--data-dir", folder_.at("data")});
    const Ran ran = run_line(std::move(words), Stdout::AsItIs);
    ::dup2(before.get(), STDOUT_FILENO);
    return ran;
  }

  registry::TemporaryFolder folder_;
};

TEST_F(CommandLine, says_its_version_in_two_ways) {
  EXPECT_EQ(naru({"version"}).out, "naru 1.2.3\n");
  EXPECT_EQ(naru({"--version"}).out, "naru 1.2.3\n");
}

TEST_F(CommandLine, has_help_with_an_example_for_every_verb) {
  for (const Verb& verb : all_verbs()) {
    const Ran ran = naru({std::string(verb.name), "--help"});
    EXPECT_EQ(ran.exit_code, 0) << verb.name;
    if (verb.name != "version") EXPECT_THAT(ran.out, HasSubstr("Example: ")) << verb.name;
    EXPECT_THAT(naru({"--help"}).out, HasSubstr(fmt::format("\n  {} ", verb.name)));
  }
}

TEST_F(CommandLine, refuses_what_makes_no_sense_with_one_sentence_and_exit_2) {
  struct Case {
    std::vector<std::string> words;
    std::string says;
  };
  for (const auto& [words, says] : std::initializer_list<Case>{
           {{}, "no verb was given"},
           {{"modles"}, "'modles' is no verb; did you mean 'models'?"},
           {{"models", "extra"}, "extra"},
           {{"keys"}, "subcommand"},
           {{"keys", "create"}, "name"},
           {{"keys", "create", "a", "--expires", "soon"}, "write it as 12h, 30d or 2w"},
           {{"keys", "create", "a", "--expires", ""}, "write it as 12h, 30d or 2w"},
           {{"keys", "create", "a", "--concurrency", "0"},
            "--concurrency is '0'; it takes a number from 1 to 100000, or none"},
           {{"keys", "create", "a", "--requests-per-minute", "-5"},
            "--requests-per-minute is '-5'"},
           {{"keys", "create", "a", "--tokens-per-minute", "100000001"}, "from 1 to 100000000"},
           {{"keys", "create", "a", "--tokens-per-minute", "1k"}, "--tokens-per-minute is '1k'"},
           {{"keys", "limit"}, "name"},
           {{"keys", "limit", "a", "--concurrency", ""}, "--concurrency is ''"},
           {{"keys", "list", "--output", "xml"}, "xml"},
           {{"backup", ""}, "the path of the backup is empty; name a new file"},
           {{"usage", "--by", "colour"}, "colour"},
           {{"chat", "m", "-m", "hi", "--url", "ftp://x", "--key", "k"}, "ftp"},
           {{"mock", "--port", "high"}, "high"},
           {{"mock", "--loops", "0"}, "loops"},
           {{"check"}, "file"},
           {{"serve"}, "--config"},
       }) {
    const Ran ran = naru(words);
    EXPECT_EQ(ran.exit_code, 2) << says;
    EXPECT_EQ(ran.out, "") << says;
    EXPECT_THAT(ran.err, AllOf(StartsWith("naru: "), HasSubstr(says), EndsWith("\n")));
    EXPECT_EQ(std::ranges::count(ran.err, '\n'), 1) << ran.err;
  }
}

TEST_F(CommandLine, says_of_verbs_that_need_a_running_naru_what_to_do) {
  for (const char* verb : {"models", "upstreams", "usage"}) {
    const Ran ran = naru({verb});
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_EQ(ran.err, fmt::format("naru: no naru runs on {}; start one with naru serve, or name "
                                   "its directory with --data-dir\n",
                                   folder_.at("data")));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.at("data")));
}

TEST_F(CommandLine, works_on_the_store_itself_where_none_runs) {
  const Ran made = naru({"keys", "create", "나루", "--expires", "30d", "-m", "gpt-*"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr("key      nk-"), HasSubstr("models   gpt-*\n")));

  const Ran list = naru({"keys", "list"});
  EXPECT_THAT(list.out, AllOf(HasSubstr("나루"), HasSubstr("…"), Not(HasSubstr("nk-"))));
  EXPECT_EQ(naru({"keys", "create", "나루"}).exit_code, 1);
  EXPECT_THAT(naru({"keys", "revoke", "나루"}).out, HasSubstr("is revoked"));
  EXPECT_EQ(naru({"keys", "revoke", "나루"}).exit_code, 2);

  const Ran json = naru({"keys", "list", "--output", "json"});
  const auto tree = json::Tree::parse(json.out);
  ASSERT_TRUE(tree) << json.out;
  const json::ValueView key = *tree->root().find("keys")->begin();
  EXPECT_EQ(key.find("name")->text(), "나루");
  EXPECT_TRUE(key.find("revoked")->is_string());
  EXPECT_EQ(naru({"usage"}).out, "no exchanges in that time\n");
}

TEST_F(CommandLine, limits_a_key_when_it_is_made_and_later) {
  const Ran made =
      naru({"keys", "create", "a", "--requests-per-minute", "60", "--concurrency", "4"});
  EXPECT_THAT(made.out, HasSubstr("limits   requests_per_minute 60, concurrency 4\n")) << made.err;
  const Ran limited =
      naru({"keys", "limit", "a", "--tokens-per-minute", "9000", "--concurrency", "none"});
  EXPECT_THAT(limited.out,
              HasSubstr("has the limits requests_per_minute 60, tokens_per_minute 9000 and the "
                        "class interactive; they bind within a second\n"))
      << limited.err;
  EXPECT_THAT(naru({"keys", "list"}).out,
              HasSubstr("            60        9000        -  interactive  -\n"));
  EXPECT_THAT(naru({"keys", "limit", "a"}).err, HasSubstr("must name what changes"));
  EXPECT_EQ(naru({"keys", "limit", "b", "--concurrency", "1"}).exit_code, 2);
  naru({"keys", "limit", "1", "--requests-per-minute", "none", "--tokens-per-minute", "none"});
  EXPECT_THAT(naru({"keys", "list"}).out,
              HasSubstr("             -           -        -  interactive  -\n"));
}

TEST_F(CommandLine, takes_a_name_that_is_spelled_as_a_verb) {
  for (const char* name : {"list", "version", "keys"})
    EXPECT_THAT(naru({"keys", "create", name}).out, HasSubstr(fmt::format("name     {}\n", name)));
}

TEST_F(CommandLine, looks_at_the_store_when_the_address_is_of_a_naru_that_is_gone) {
  ASSERT_EQ(naru({"keys", "create", "one"}).exit_code, 0);
  folder_.write("data/admin.address", fmt::format("unix:{}\n", folder_.at("gone.sock")));
  folder_.write("data/admin.token", "nadm-x\n");
  EXPECT_THAT(naru({"keys", "list"}).out, HasSubstr("one"));
  EXPECT_THAT(naru({"models"}).err, StartsWith("naru: no naru runs on "));
}

TEST_F(CommandLine, tells_its_token_to_nobody_who_took_the_address_of_a_naru_that_is_gone) {
  ASSERT_EQ(naru({"keys", "create", "one"}).exit_code, 0);
  const SystemClock clock;
  const auto other = mock::Mock::start({}, clock, telemetry::null_log());
  ASSERT_TRUE(other);
  folder_.write("data/admin.address", (*other)->url() + "\n");
  folder_.write("data/data.address", (*other)->url() + "\n");
  folder_.write("data/admin.token", "nadm-x\n");
  EXPECT_THAT(naru({"keys", "list"}).out, HasSubstr("one"));
  EXPECT_THAT(naru({"models"}).err, StartsWith("naru: no naru runs on "));
  EXPECT_THAT(naru({"chat", "m", "-m", "hi", "--key", "k"}).err, StartsWith("naru: no naru runs"));
}

TEST_F(CommandLine, says_when_its_output_was_lost_and_what_became_of_a_key) {
  EXPECT_EQ(into_a_full_disk({"version"}).exit_code, 1);
  const Ran made = into_a_full_disk({"keys", "create", "full"});
  EXPECT_EQ(made.exit_code, 1);
  EXPECT_EQ(made.err,
            "naru: not all of the output could be written; the key 'full' was made and nobody can "
            "know it: end it with naru keys revoke 'full'\n");
  EXPECT_EQ(naru({"keys", "revoke", "full"}).exit_code, 0);
}

TEST_F(CommandLine, brings_keys_back_from_a_backup) {
  ASSERT_EQ(naru({"keys", "create", "kept"}).exit_code, 0);
  const std::string copy = folder_.at("copy.db");
  const Ran saved = naru({"backup", copy});
  EXPECT_EQ(saved.out, fmt::format("the store is copied to {}\n", copy)) << saved.err;
  ASSERT_EQ(naru({"keys", "create", "later"}).exit_code, 0);
  const Ran restored = naru({"restore", copy});
  EXPECT_EQ(restored.exit_code, 0) << restored.err;
  EXPECT_THAT(naru({"keys", "list"}).out, AllOf(HasSubstr("kept"), Not(HasSubstr("later"))));
}

TEST_F(CommandLine, tells_all_problems_of_a_configuration_at_once) {
  folder_.write("bad.yaml", "kind: Upstream\nname: u\nprovider: open_ai\ncolour: red\n");
  const std::string file = folder_.at("bad.yaml");
  const Ran ran = naru({"check", file});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.out, AllOf(HasSubstr(file + ":3:11: Upstream u: provider is 'open_ai'"),
                             HasSubstr(file + ":4:1: Upstream u: colour")));
  EXPECT_EQ(ran.err, "naru: 2 problems\n");
  const Ran as_json = naru({"check", file, "--output", "json"});
  const auto tree = json::Tree::parse(as_json.out);
  ASSERT_TRUE(tree) << as_json.out;
  EXPECT_EQ(tree->root().find("problems")->size(), 2);
}

TEST_F(CommandLine, finds_no_problem_where_there_is_none) {
  folder_.write("good.yaml",
                "kind: Upstream\nname: u\nprovider: openai_compatible\n"
                "base_url: http://127.0.0.1:8000/v1\n");
  EXPECT_EQ(naru({"check", folder_.at("good.yaml")}).out, "no problems\n");
}

TEST_F(CommandLine, prints_the_page_of_all_settings) {
  EXPECT_THAT(naru({"check", "--reference"}).out,
              AllOf(StartsWith("# Settings\n"), HasSubstr("base_url")));
}

TEST_F(CommandLine, completes_every_verb_in_every_shell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Ran ran = naru({"completion", shell});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    for (const Verb& verb : all_verbs()) EXPECT_THAT(ran.out, HasSubstr(verb.name)) << shell;
    EXPECT_THAT(ran.out, HasSubstr("revoke"));
  }
}

TEST_F(CommandLine, prints_a_models_answer_as_it_comes) {
  const SystemClock clock;
  const auto provider = mock::Mock::start({}, clock, telemetry::null_log());
  ASSERT_TRUE(provider);
  const auto chat = [&](const std::string& model) {
    return naru({"chat", model, "-m", "hello", "--key", "k", "--url", (*provider)->url()});
  };
  EXPECT_EQ(chat("m").out, "Hello from the mock: 나루 greets you.\n");
  const Ran refused = chat("m?status=429&message=slow%20down");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.err, "naru: slow down\n");
  const Ran cut = chat("m?ending=cut&after=2");
  EXPECT_EQ(cut.exit_code, 1);
  EXPECT_THAT(cut.out, StartsWith("Hello"));
  EXPECT_EQ(chat("m?ending=no_end").err, "naru: the answer ended before it was complete\n");
}

}  // namespace
}  // namespace naru::cli
