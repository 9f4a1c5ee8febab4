#include "base/settings/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings/reference.h"

namespace naru::settings {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

enum class Mode : std::uint8_t { Slow, Fast };

struct Times {
  milliseconds connect{2'000};
  milliseconds total{60'000};
};

struct Part {
  std::string name;
  std::uint32_t weight = 1;
};

struct Car {
  std::string name;
  std::uint64_t tank = 64 << 10;
  bool open = false;
  Mode mode = Mode::Slow;
  std::string colour = "red";
  std::string key;
  Times times = {};
  std::vector<std::string> tags = {};
  std::vector<Part> parts = {};
};

std::vector<Problem> total_covers_connect(const Times& times) {
  if (times.total >= times.connect) return {};
  return {{.path = "total", .text = "is shorter than connect; give more"}};
}

const Fields<Times>& times_fields() {
  static const auto fields = Fields<Times>{}
                                 .duration("connect", &Times::connect, milliseconds(1),
                                           milliseconds(3'600'000), "Time to connect.")
                                 .duration("total", &Times::total, milliseconds(1),
                                           milliseconds(3'600'000), "Time in all.")
                                 .check(total_covers_connect);
  return fields;
}

const Fields<Part>& part_fields() {
  static const auto fields = Fields<Part>{}
                                 .text("name", &Part::name, dns_label, "Which part.")
                                 .required("wheel")
                                 .integer("weight", &Part::weight, 0, 100, "How heavy.");
  return fields;
}

const Fields<Car>& car_fields() {
  static const auto fields =
      Fields<Car>{}
          .text("name", &Car::name, some_text, "What it is called.")
          .required("beetle")
          .bytes("tank", &Car::tank, 1 << 10, 1 << 20, "What it holds.")
          .boolean("open", &Car::open, "Whether it has a roof.")
          .choice("mode", &Car::mode, {{"slow", Mode::Slow}, {"fast", Mode::Fast}}, "How it runs.")
          .word("colour", &Car::colour, {"red", "blue"}, "Its paint.")
          .text("key", &Car::key, env_name, "Where its key is.")
          .hidden()
          .object("times", &Car::times, times_fields(), "Its times.")
          .texts("tags", &Car::tags, some_text, "Its tags.")
          .objects("parts", &Car::parts, part_fields(), "Its parts.")
          .refuse("password", "keep it in a file");
  return fields;
}

// Nodes as a reader of some format would make them; columns count up, so that each is told apart.
Node scalar(std::string text, int line = 1) {
  return {.type = NodeType::Scalar, .line = line, .column = 9, .text = std::move(text)};
}
Node list(std::vector<Node> items) {
  return {.type = NodeType::List, .line = 1, .column = 2, .children = std::move(items)};
}
Node member(std::string name, Node value) {
  value.name = std::move(name);
  value.name_line = 7;
  value.name_column = 3;
  return value;
}
Node map(std::vector<Node> members) {
  return {.type = NodeType::Map, .line = 5, .column = 1, .children = std::move(members)};
}
Node car(std::vector<Node> members) {
  members.push_back(member("name", scalar("beetle")));
  return map(std::move(members));
}

struct Outcome {
  Car car;
  std::vector<std::string> problems;
};

Outcome read(const Node& node) {
  Outcome outcome;
  std::vector<Problem> problems;
  Report report(problems, "cars.yaml", "Car beetle");
  car_fields().read(node, outcome.car, "", report);
  for (const Problem& problem : problems) outcome.problems.push_back(write_problem(problem));
  return outcome;
}
std::vector<std::string> problems_of(const Node& node) { return read(node).problems; }

TEST(Fields, keep_the_defaults_of_the_type_for_what_is_not_said) {
  const Outcome outcome = read(car({}));
  EXPECT_THAT(outcome.problems, ElementsAre());
  EXPECT_EQ(outcome.car.tank, 64U << 10);
  EXPECT_EQ(outcome.car.times.connect, milliseconds(2'000));
}

TEST(Fields, read_each_kind_of_value) {
  const Node part = map({member("name", scalar("wheel")), member("weight", scalar("4"))});
  const Outcome outcome = read(car(
      {member("tank", scalar("2KiB")), member("open", scalar("true")),
       member("mode", scalar("fast")), member("colour", scalar("blue")),
       member("key", scalar("CAR_KEY")), member("times", map({member("connect", scalar("5s"))})),
       member("tags", list({scalar("a"), scalar("b")})), member("parts", list({part}))}));
  EXPECT_THAT(outcome.problems, ElementsAre());
  const Car& read_car = outcome.car;
  EXPECT_EQ(read_car.name, "beetle");
  EXPECT_EQ(read_car.tank, 2U << 10);
  EXPECT_TRUE(read_car.open);
  EXPECT_EQ(read_car.mode, Mode::Fast);
  EXPECT_EQ(read_car.colour, "blue");
  EXPECT_EQ(read_car.key, "CAR_KEY");
  EXPECT_EQ(read_car.times.connect, milliseconds(5'000));
  EXPECT_THAT(read_car.tags, ElementsAre("a", "b"));
  ASSERT_EQ(read_car.parts.size(), 1U);
  EXPECT_EQ(read_car.parts[0].weight, 4U);
}

TEST(Fields, take_a_map_or_list_without_lines_as_empty) {
  EXPECT_THAT(problems_of(car({member("times", {}), member("tags", {}), member("parts", {})})),
              ElementsAre());
}

TEST(Fields, say_where_what_and_what_to_do) {
  EXPECT_THAT(problems_of(car({member("times", map({member("connect", scalar("5", 12))}))})),
              ElementsAre("cars.yaml:12:9: Car beetle: times.connect is '5'; durations carry a "
                          "unit, as 5s"));
}

struct Bad {
  Node member;
  std::string_view problem;
};

TEST(Fields, name_the_remedy_of_each_wrong_value) {
  const Bad kBad[] = {
      {member("tank", scalar("9")), "tank is '9'; sizes carry a unit, as 9B"},
      {member("tank", scalar("9B")), "tank is '9B'; the least is 1KiB"},
      {member("tank", scalar("9GiB")), "tank is '9GiB'; the most is 1MiB"},
      {member("open", scalar("yes")), "open is 'yes'; give true or false"},
      {member("open", {.line = 1, .column = 9}),
       "open has no value; give one, or leave the line out"},
      {member("mode", scalar("fasst")),
       "mode is 'fasst'; give one of slow, fast; did you mean 'fast'?"},
      {member("colour", scalar("green")), "colour is 'green'; give one of red, blue"},
      {member("key", scalar("sk-proj-1")),
       "key is not right; give the name of an environment variable in capital letters, as "
       "OPENAI_API_KEY"},
      {member("tank", list({})), "tank must be one value: size, 1KiB to 1MiB"},
      {member("times", scalar("5s")), "times must be lines of 'name: value' below it"},
      {member("tags", scalar("a")), "tags must be a list; begin each item with '- '"},
      {member("tags", list({scalar("")})), "tags[0] is ''; give some text"},
      {member("parts", list({map({})})), "parts[0].name is missing; add a line as 'name: wheel'"},
      {member("parts", list({map({member("name", scalar("a")), member("weight", scalar("101"))})})),
       "parts[0].weight is '101'; the most is 100"},
      {member("times", map({member("connect", scalar("5s")), member("total", scalar("1s"))})),
       "times.total is shorter than connect; give more"},
      {member("tanks", scalar("1")), "tanks is unknown; did you mean 'tank'?"},
      {member("zzzzzzzz", scalar("1")), "zzzzzzzz is unknown"},
      {member("password", scalar("s3cret")), "password is not taken; keep it in a file"},
      {member("colour", scalar(std::string(5'000, 'x'))),
       "colour is "
       "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'; "
       "at most 4096 bytes are taken"},
  };
  for (const Bad& bad : kBad) {
    const std::vector<std::string> problems = problems_of(car({bad.member}));
    ASSERT_EQ(problems.size(), 1U) << bad.problem;
    EXPECT_THAT(problems[0], testing::EndsWith("Car beetle: " + std::string(bad.problem)));
  }
}

TEST(Fields, tell_all_problems_at_once) {
  EXPECT_EQ(problems_of(map({member("tank", scalar("1")), member("open", scalar("1")),
                             member("what", scalar("1"))}))
                .size(),
            4U);  // and the name is missing
}

TEST(Fields, read_a_repeated_name_once_and_leave_the_complaint_to_the_format) {
  const Outcome outcome =
      read(car({member("tank", scalar("1KiB")), member("tank", scalar("broken"))}));
  EXPECT_THAT(outcome.problems, ElementsAre());
  EXPECT_EQ(outcome.car.tank, 1U << 10);
}

TEST(Fields, keep_user_and_password_of_a_url_out_of_messages) {
  EXPECT_EQ(shown("http://user:pass@proxy:3128"), "'http://…@proxy:3128'");
}

TEST(Fields, describe_each_setting_with_its_default) {
  std::vector<Description> rows;
  car_fields().describe(Car{}, "", rows);
  std::vector<std::string> told;
  for (const Description& row : rows)
    told.push_back(row.path + "|" + row.type + "|" + row.unset + (row.required ? "!" : ""));
  EXPECT_THAT(
      told, ElementsAre("name|text|!", "tank|size, 1KiB to 1MiB|64KiB", "open|true or false|false",
                        "mode|one of slow, fast|slow", "colour|one of red, blue|red", "key|text|",
                        "times|settings|", "times.connect|duration, 1ms to 1h|2s",
                        "times.total|duration, 1ms to 1h|1m", "tags|list of texts|[]",
                        "parts|list of settings|", "parts[].name|text|!",
                        "parts[].weight|whole number, 0 to 100|1"));
}

TEST(Reference, is_a_table_of_markdown) {
  std::vector<Description> rows;
  part_fields().describe(Part{}, "", rows);
  EXPECT_EQ(write_reference(rows),
            "| setting | value | default | what it does |\n"
            "|---|---|---|---|\n"
            "| `name` | text | required | Which part. |\n"
            "| `weight` | whole number, 0 to 100 | `1` | How heavy. |\n");
}

TEST(Node, is_found_by_its_path_as_far_as_there_is_one) {
  const Node root = map({member("parts", list({map({member("name", scalar("wheel", 42))})}))});
  EXPECT_EQ(locate(root, "parts[0].name").line, 42);
  EXPECT_EQ(&locate(root, "parts[0].weight"), &root.children[0].children[0]);
  EXPECT_EQ(&locate(root, "parts[9].name"), &root.children[0]);
  EXPECT_EQ(&locate(root, "parts[x]"), &root.children[0]);
  EXPECT_EQ(&locate(root, "none.at.all"), &root);
  EXPECT_EQ(&locate(root, ""), &root);
}

}  // namespace
}  // namespace naru::settings
