#include "registry/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "registry/temporary_folder_for_test.h"
#include "registry/toy_kinds_for_test.h"

namespace naru::registry {
namespace {

using testing::ElementsAre;

std::vector<std::string> written(const std::vector<Problem>& problems) {
  std::vector<std::string> texts;
  for (const Problem& problem : problems) texts.push_back(settings::write_problem(problem));
  return texts;
}

Loaded load_toy(std::string_view text) { return load_text(toy::kinds(), text, "t.yaml", {}); }
std::vector<std::string> problems_of(std::string_view text) {
  return written(load_toy(text).problems);
}

TEST(Load, compiles_each_kind_into_its_section) {
  const Loaded loaded = load_text(toy::kinds(), R"(
kind: Harbour
name: busan
berths: 7
wait: 5s
---
kind: Route
name: east
aliases: [dawn, 동쪽길]
---
kind: Route
name: west
aliases: [dusk]
legs:
  - {harbour: busan, cargo: 2KiB}
)",
                                  "t.yaml", {.revision = 42, .published_s = 7});
  EXPECT_THAT(
      written(loaded.problems),
      ElementsAre("t.yaml:9:17: Route east: aliases[1] is '동쪽길'; use at most 200 visible "
                  "ASCII characters, without spaces"));
  EXPECT_EQ(loaded.snapshot, nullptr);

  const Loaded good = load_text(toy::kinds(), R"(
kind: Harbour
name: busan
berths: 7
---
kind: Route
name: west
legs:
  - {harbour: busan, cargo: 2KiB}
)",
                                "t.yaml", {.revision = 42, .published_s = 7});
  ASSERT_THAT(written(good.problems), ElementsAre());
  EXPECT_EQ(good.snapshot->revision(), 42);
  EXPECT_EQ(good.snapshot->published_s(), 7);
  EXPECT_EQ(good.snapshot->get<toy::Harbours>().by_name.at("busan").berths, 7U);
  EXPECT_EQ(good.snapshot->get<toy::Routes>().by_name.at("west").legs.at(0).cargo, 2'048U);
  EXPECT_TRUE(good.snapshot->share<toy::Company>()->open);
}

struct Bad {
  std::string_view what;
  std::string text;
  std::vector<std::string> problems;
};

std::string nested(std::size_t depth) {
  return "kind: Company\nopen: " + std::string(depth, '[') + std::string(depth, ']') + "\n";
}

std::string many_documents(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "---\n~\n";
  return text + "---\nkind: Company\n";
}

std::vector<Bad> bad_documents() {
  return {
      {"nothing", "", {"t.yaml: holds no document; add one, or take the file away"}},
      {"comments alone",
       "# kind: Harbour\n---\n",
       {"t.yaml: holds no document; add one, or take the file away"}},
      {"no map", "- a\n- b\n", {"t.yaml:1:1: document must be lines of 'name: value' below it"}},
      {"no kind",
       "name: busan\n",
       {"t.yaml:1:1: kind is missing; add a line as 'kind: Harbour', one of [Harbour, Route, "
        "Company]"}},
      {"unknown kind",
       "kind: Harbor\nname: busan\n",
       {"t.yaml:1:7: kind is 'Harbor'; give one of [Harbour, Route, Company]; did you mean "
        "'Harbour'?"}},
      {"no unit",
       "kind: Harbour\nname: busan\nwait: 5\n",
       {"t.yaml:3:7: Harbour busan: wait is '5'; durations carry a unit, as 5s"}},
      {"several at once, in their order",
       "kind: Harbour\nwait: 5\nbertsh: 3\nname: Busan\n",
       {"t.yaml:2:7: Harbour Busan: wait is '5'; durations carry a unit, as 5s",
        "t.yaml:3:1: Harbour Busan: bertsh is unknown; did you mean 'berths'?",
        "t.yaml:4:7: Harbour Busan: name is 'Busan'; use at most 63 lower-case letters, digits and "
        "inner hyphens, as openai-eu"}},
      {"no name",
       "kind: Harbour\n",
       {"t.yaml:1:1: Harbour: name is missing; add a line as 'name: busan'"}},
      {"a name for what has none",
       "kind: Company\nname: x\n",
       {"t.yaml:2:1: Company: name is unknown"}},
      {"a repeated name",
       "kind: Harbour\nname: busan\n---\nkind: Harbour\nname: busan\n",
       {"t.yaml:5:7: Harbour busan: name is 'busan', the name of Harbour busan in line 1 already; "
        "choose another"}},
      {"a repeated alias",
       "kind: Route\nname: east\naliases:\n  - dawn\n  - east\n",
       {"t.yaml:5:5: Route east: aliases[1] is 'east', the name of Route east in line 1 already; "
        "choose another"}},
      {"a name nobody has",
       "kind: Harbour\nname: busan\n---\nkind: Route\nname: east\nlegs:\n  - harbour: bussan\n",
       {"t.yaml:7:14: Route east: legs[0].harbour is 'bussan', which is no harbour; did you mean "
        "'busan'?"}},
      {"a broken document still has its name",
       "kind: Harbour\nname: busan\nwait: 5\n---\nkind: Route\nname: east\nlegs:\n"
       "  - harbour: busan\n",
       {"t.yaml:3:7: Harbour busan: wait is '5'; durations carry a unit, as 5s"}},
      {"what compiling finds",
       "kind: Harbour\nname: busan\nmap_file: lost.map\n",
       {"t.yaml:3:11: Harbour busan: map_file is lost; draw another"}},
      {"two of a kind of which there is one",
       "kind: Company\n---\nkind: Company\n",
       {"t.yaml:3:1: Company stands in t.yaml:1 already; keep one"}},
  };
}

std::vector<Bad> bad_yaml() {
  return {
      {"a repeated key",
       "kind: Harbour\nname: busan\nwait: 1s\nwait: 2s\n",
       {"t.yaml:4:1: Harbour busan: wait stands here twice, first in line 3; keep one"}},
      {"a repeated kind",
       "kind: Company\nkind: Harbour\n",
       {"t.yaml:2:1: Company: kind stands here twice, first in line 1; keep one"}},
      {"an anchor and an alias",
       "kind: Harbour\nname: &n busan\nmap_file: *n\n",
       {"t.yaml:2:7: Harbour busan: name has the anchor '&n'; take it out",
        "t.yaml:3:1: Harbour busan: map_file has no value; give one, or leave the line out",
        "t.yaml:3:11: Harbour busan: map_file is an alias ('*'); write the value out, or put "
        "quotes around it"}},
      {"a merge key",
       "kind: Harbour\nname: busan\n<<: {berths: 3}\n",
       {"t.yaml:3:1: Harbour busan has a merge key ('<<'); write the lines out"}},
      {"a tag",
       "kind: Harbour\nname: !!str busan\n",
       {"t.yaml:2:7: Harbour busan: name has the tag 'tag:yaml.org,2002:str'; take it out"}},
      {"a key that is no name",
       "kind: Company\n? [a]\n: b\n",
       {"t.yaml:2:3: Company has a key that is no plain name"}},
      {"a bare star",
       "kind: Route\nname: *-opus\n",
       {"t.yaml:2:7: cannot be read as YAML: the referenced anchor is not defined; put "
        "quotes around a text that begins with '*'"}},
      {"a bare star after other things that are wrong",
       "kind: Route\nname: &n east\naliases: [*n, *-opus]\n",
       {"t.yaml:2:7: name has the anchor '&n'; take it out",
        "t.yaml:3:11: aliases[0] is an alias ('*'); write the value out, or put quotes around it",
        "t.yaml:3:15: cannot be read as YAML: the referenced anchor is not defined; put "
        "quotes around a text that begins with '*'"}},
      {"broken YAML after a good document",
       "kind: Harbour\nname: busan\nwait: 5\n---\nkind: [1,\n",
       {"t.yaml:3:7: Harbour busan: wait is '5'; durations carry a unit, as 5s",
        "t.yaml:6:1: cannot be read as YAML: end of sequence flow not found"}},
      {"a tab for indentation",
       "kind: Route\nname: east\nlegs:\n\t- harbour: x\n",
       {"t.yaml:4:2: cannot be read as YAML: illegal block entry"}},
      {"too deep",
       nested(32),
       {"t.yaml:2:38: cannot be read as YAML: more than 32 maps and lists within each other"}},
      {"deep enough", nested(31), {"t.yaml:2:7: Company: open must be one value: true or false"}},
      {"too many documents",
       many_documents(10'000),
       {"t.yaml: more than 10000 documents stand in one file; split it"}},
      {"too large",
       std::string((1 << 20) + 1, '#'),
       {"t.yaml: the file has 1048577 bytes; 1048576 are the most"}},
      {"not UTF-8",
       "kind: Company\nopen: \xFF\n",
       {"t.yaml:2: the text is not UTF-8 here; save the file as UTF-8"}},
      {"a control character",
       std::string("kind: Company\n\nopen: \x01", 22),
       {"t.yaml:3: a control character stands here; take it out"}},
  };
}

void expect_problems(const std::vector<Bad>& table) {
  for (const Bad& bad : table)
    EXPECT_THAT(problems_of(bad.text), testing::ElementsAreArray(bad.problems)) << bad.what;
}

TEST(Load, says_of_each_bad_document_what_is_wrong_where_and_what_to_do) {
  expect_problems(bad_documents());
}

TEST(Load, takes_no_yaml_that_says_more_than_it_shows) { expect_problems(bad_yaml()); }

TEST(Load, shows_no_more_problems_than_anybody_reads) {
  std::string text = "kind: Company\n";
  for (int i = 0; i < 1'500; ++i) text += fmt::format("x{}: 1\n", i);
  const std::vector<std::string> problems = problems_of(text);
  ASSERT_EQ(problems.size(), 1'001U);
  EXPECT_EQ(problems.back(), "500 more problems are not shown");
}

TEST(Load, counts_columns_in_characters) {
  EXPECT_THAT(problems_of("kind: Company\nopen: {\"부산\": 1, open: 2}\n"),
              ElementsAre("t.yaml:2:7: Company: open must be one value: true or false"));
  EXPECT_THAT(problems_of("{kind: Company, \"부산항\": 1, opne: 2}\n"),
              ElementsAre("t.yaml:1:17: Company: 부산항 is unknown",
                          "t.yaml:1:27: Company: opne is unknown"));
}

TEST(Load, takes_a_byte_order_mark_and_line_ends_of_either_kind) {
  EXPECT_THAT(problems_of("\xEF\xBB\xBFkind: Company\r\nopen: false\r\n"), ElementsAre());
}

TEST(Load, reads_files_and_the_yaml_of_folders_in_order) {
  const TemporaryFolder folder;
  folder.write("conf/b.yaml", "kind: Harbour\nname: busan\nwait: 5\n");
  folder.write("conf/a.yml", "kind: Harbour\nname: busan\n");
  folder.write("conf/.hidden.yaml", "broken: [");
  folder.write("conf/notes.txt", "broken: [");
  folder.write("last.yaml", "kind: Route\nname: east\nlegs: [{harbour: incheon}]\n");
  const std::vector<std::string> paths = {folder.at("conf"), folder.at("last.yaml")};
  const Loaded loaded = load(toy::kinds(), paths, {});
  EXPECT_THAT(
      written(loaded.problems),
      ElementsAre(folder.at("conf/b.yaml") +
                      ":2:7: Harbour busan: name is 'busan', the name of Harbour busan in " +
                      folder.at("conf/a.yml") + ":1 already; choose another",
                  folder.at("conf/b.yaml") +
                      ":3:7: Harbour busan: wait is '5'; durations carry a unit, as 5s",
                  folder.at("last.yaml") +
                      ":3:18: Route east: legs[0].harbour is 'incheon', which is no "
                      "harbour"));
}

TEST(Load, names_files_it_cannot_read_and_reads_the_others) {
  const TemporaryFolder folder;
  folder.write("empty/notes.txt", "");
  folder.write("bad.yaml", "kind: Company\nopen: 1\n");
  const std::vector<std::string> paths = {folder.at("none.yaml"), folder.at("empty"),
                                          folder.at("bad.yaml")};
  EXPECT_THAT(written(load(toy::kinds(), paths, {}).problems),
              ElementsAre(testing::HasSubstr("No such file or directory"),
                          folder.at("empty") + ": is a folder without any .yaml file",
                          testing::EndsWith("bad.yaml:2:7: Company: open is '1'; give true or "
                                            "false")));
}

TEST(Load, waits_for_no_pipe_that_lies_in_a_folder) {
  const TemporaryFolder folder;
  folder.write("conf/a.yaml", "kind: Company\n");
  const std::string pipe = folder.at("conf/b.yaml");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::vector<std::string> paths = {folder.at("conf")};
  EXPECT_THAT(written(load(toy::kinds(), paths, {}).problems),
              ElementsAre(fmt::format("{0}: cannot read {0}: it is no regular file", pipe)));
}

TEST(Load, reads_a_pipe_that_is_named_itself) {
  const TemporaryFolder folder;
  const std::string pipe = folder.at("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::jthread writer([&] { std::ofstream(pipe) << "kind: Company\n"; });
  const std::vector<std::string> paths = {pipe};
  EXPECT_THAT(written(load(toy::kinds(), paths, {}).problems), ElementsAre());
}

TEST(Load, lists_every_file_that_had_a_part_in_it) {
  const TemporaryFolder folder;
  folder.write("h.yaml", "kind: Harbour\nname: busan\nmap_file: maps/busan.map\n");
  const std::vector<std::string> paths = {folder.at("h.yaml")};
  EXPECT_THAT(load(toy::kinds(), paths, {}).files,
              ElementsAre(folder.at("h.yaml"), folder.at("maps/busan.map")));
}

TEST(Reference, has_a_chapter_a_kind_with_every_setting) {
  EXPECT_EQ(settings_reference(toy::kinds().subspan(2)),
            "\n## Company\n\nWho sails. At most one document.\n\n"
            "| setting | value | default | what it does |\n"
            "|---|---|---|---|\n"
            "| `open` | true or false | `true` | Whether it sails. |\n");
}

}  // namespace
}  // namespace naru::registry
