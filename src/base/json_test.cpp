#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_writer.h"
#include "base/rng.h"
#include "base/text.h"

namespace naru::json {
namespace {

using testing::HasSubstr;

Tree parsed(std::string_view text) {
  Result<Tree> tree = Tree::parse(text);
  if (!tree) ADD_FAILURE() << text << ": " << tree.error().detail;
  return tree ? std::move(*tree) : *Tree::parse("null");
}

bool accepts(std::string_view text) { return Tree::parse(text).has_value(); }

std::string why_not(std::string_view text, Limits limits = {}) {
  const Result<Tree> tree = Tree::parse(text, limits);
  if (tree) return "accepted";
  EXPECT_EQ(tree.error().kind, FaultKind::InvalidRequest);
  return tree.error().detail;
}

std::string param_of(std::string_view text) {
  const Result<Tree> tree = Tree::parse(text);
  return tree ? "accepted" : tree.error().param;
}

/// The text of a string with these bytes between its quotes.
std::string unescaped(std::string_view inside) {
  const std::string text = fmt::format("\"{}\"", inside);
  return std::string(parsed(text).root().text());
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

/// A text that is at the end of its memory, so that sanitizers see a read past it.
std::vector<char> exact(std::string_view text) { return {text.begin(), text.end()}; }

TEST(JsonTree, gives_type_and_bytes_of_each_value) {
  constexpr std::string_view kText = R"( {"a" : [1, "x", true, false, null, -2.5e1], "b":{}} )";
  const Tree tree = parsed(kText);
  const ValueView root = tree.root();
  ASSERT_TRUE(root.is_object());
  EXPECT_EQ(root.size(), 2U);
  EXPECT_EQ(root.raw(), kText.substr(1, kText.size() - 2));
  const ValueView list = *root.find("a");
  EXPECT_EQ(list.raw(), R"([1, "x", true, false, null, -2.5e1])");
  EXPECT_EQ(kText.substr(list.key_span().begin, 3), "\"a\"");
  std::vector<std::string_view> raws;
  for (const ValueView value : list) raws.push_back(value.raw());
  EXPECT_THAT(raws, testing::ElementsAre("1", "\"x\"", "true", "false", "null", "-2.5e1"));
  EXPECT_EQ(root.find("b")->size(), 0U);
  EXPECT_EQ(root.find("c"), std::nullopt);
}

TEST(JsonTree, iterates_members_with_their_keys_over_nested_values) {
  const Tree tree = parsed(R"({"a":{"x":[1,{"y":2}]},"b":3,"c":[]})");
  std::string keys;
  for (const ValueView member : tree.root()) keys += member.key();
  EXPECT_EQ(keys, "abc");
  EXPECT_EQ(tree.root().key(), "");
}

TEST(JsonTree, survives_being_moved) {
  Tree tree = parsed(R"({"a":"x\ny"})");
  const Tree moved = std::move(tree);
  EXPECT_EQ(moved.root().find("a")->text(), "x\ny");
}

TEST(JsonTree, tells_how_much_memory_it_holds) {
  const std::size_t few = parsed("[1,2]").held_bytes();
  EXPECT_GT(few, 0U);
  const std::string list = fmt::format("[1{}]", std::string(2'000, ' '));
  EXPECT_LT(parsed(list).held_bytes(), few);
  const std::string escaped = fmt::format("[1,\"\\n{}\"]", std::string(2'000, 'x'));
  EXPECT_GT(parsed(escaped).held_bytes(), few + 2'000);
}

/// What a lenient reading makes of `text`, its strings' and keys' bytes with them.
Tree taken(std::string_view text) {
  Result<Tree> tree = Tree::parse(text, kFromUpstream);
  if (!tree) ADD_FAILURE() << text << ": " << tree.error().detail;
  return tree ? std::move(*tree) : *Tree::parse("null");
}

TEST(JsonTree, reads_half_a_pair_from_an_upstream_as_the_replacement_character) {
  EXPECT_EQ(taken(R"("a\ud83d")").root().text(), "a\uFFFD");
  EXPECT_EQ(taken(R"("\ude00b")").root().text(), "\uFFFDb");
  EXPECT_EQ(taken(R"("\ud83d\n")").root().text(), "\uFFFD\n");
  EXPECT_EQ(taken(R"("\ud83d\u0041")").root().text(), "\uFFFDA");
  EXPECT_EQ(taken(R"("\ud83d\ud83d\ude00")").root().text(), "\uFFFD\U0001F600");
  EXPECT_EQ(taken(R"("\ud83d\ude00")").root().text(), "\U0001F600");
  EXPECT_EQ(taken(R"("\ud83d")").root().raw(), R"("\ud83d")");
  EXPECT_EQ(why_not(R"("\ud83d\u00")", kFromUpstream), "$ holds an unknown escape (byte 7)");
}

TEST(JsonTree, lets_the_last_of_an_upstreams_repeated_keys_hold) {
  constexpr std::string_view kText = R"({"a":1,"b":{"x":1,"\u0078":2},"a":3})";
  const Tree tree = taken(kText);
  EXPECT_EQ(tree.root().size(), 3U);
  EXPECT_EQ(tree.root().find("a")->integer(), 3);
  EXPECT_EQ(tree.root().find("b")->find("x")->integer(), 2);
  EXPECT_THAT(why_not(kText), HasSubstr("is given twice"));
}

TEST(JsonTree, reads_an_upstreams_doubles_that_json_cannot_spell_as_null) {
  constexpr std::string_view kText = R"([NaN,Infinity,-Infinity,-1,{"p":NaN}])";
  const Tree tree = taken(kText);
  std::vector<std::string_view> raws;
  for (const ValueView value : tree.root()) raws.push_back(value.raw());
  EXPECT_THAT(raws, testing::ElementsAre("NaN", "Infinity", "-Infinity", "-1", R"({"p":NaN})"));
  EXPECT_TRUE((*tree.root().begin()).is_null());
  EXPECT_FALSE(accepts(kText));
}

TEST(JsonTree, is_no_less_strict_with_upstreams_otherwise) {
  for (const char* text : {"", "{", "[1,]", "{} {}", "01", "nan", "-Inf", "Nan", "\"\xFF\"",
                           R"("\x")", "\"\n\"", "'a'", "NaNs", "{a:1}"})
    EXPECT_NE(why_not(text, kFromUpstream), "accepted") << text;
}

TEST(JsonTree, accepts_scalars_as_whole_texts) {
  for (const char* text : {"0", "-0", "1.5e-7", "\"\"", "true", "false", "null", "\n null\t\r "})
    EXPECT_TRUE(accepts(text)) << text;
}

TEST(JsonTree, refuses_what_rfc_8259_does_not_allow) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "}",
                           "]",
                           "{}}",
                           "[]]",
                           "{} {}",
                           "1 2",
                           "nul",
                           "nulls",
                           "True",
                           "tru",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "undefined",
                           "'a'",
                           "\"a",
                           "\"",
                           "\"a\"b",
                           "1\"a\"",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[1;2]",
                           "[1}",
                           "{\"a\":1]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\" 1}",
                           "{,}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":1,,\"b\":2}",
                           "[1]//x",
                           "/*x*/1",
                           "#1",
                           "\xEF\xBB\xBF{}",
                           "\v1",
                           "\f1",
                           "\xC2\xA0"
                           "1",
                           "[1\xC2\xA0]",
                           "{null:1}",
                           "\\\"a\"",
                           "[\"a\",\n\"b\"",
                           "\"\\\"",
                           "[\"\\\"]",
                           "{\"a\":1",
                           "{\"a\"",
                           "{\"a\":"})
    EXPECT_FALSE(accepts(text)) << text;
}

TEST(JsonTree, refuses_a_nul_byte_anywhere) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text : {"\0"sv, "1\0"sv, "[\0]"sv, "\"\0\""sv, "{\0}"sv, "{}\0"sv})
    EXPECT_FALSE(accepts(text));
}

TEST(JsonTree, knows_the_grammar_of_numbers) {
  for (const char* text : {"0", "-0", "10", "0.0", "1e5", "1E+5", "1e-0", "-0.1e1", "1e308", "9.9",
                           "123456789012345678901234567890123456789012345678901234567890"})
    EXPECT_TRUE(accepts(text)) << text;
  for (const char* text :
       {"01",  "-",   "+1",    ".5",    "1.", "1.e5", "1e", "1e+", "-01",   "0x1",
        "1_0", "--1", "1.2.3", "1e5.5", "0e", "00",   "-a", "1a",  "1e1e1", "\xEF\xBC\x91"})
    EXPECT_FALSE(accepts(text)) << text;
}

TEST(JsonTree, reads_every_escape) {
  EXPECT_EQ(unescaped(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(unescaped(R"(\u0041\u00e9\u20AC\uD83D\uDE00)"), "A\u00e9\u20ac\U0001F600");
  EXPECT_EQ(unescaped(R"(\u0000)"), std::string(1, '\0'));
  EXPECT_EQ(unescaped(R"(\uD800\uDC00\uDBFF\uDFFF)"), "\U00010000\U0010FFFF");
  EXPECT_EQ(unescaped(R"(\u07FF\u0800\uFFFF\ud7ff\ue000)"), "\u07ff\u0800\uffff\ud7ff\ue000");
  EXPECT_EQ(unescaped("나루 \\n 배"), "나루 \n 배");
}

TEST(JsonTree, refuses_unknown_escapes_and_half_surrogates) {
  for (const char* inside :
       {R"(\x)", R"(\u)", R"(\u12)", R"(\u123)", R"(\u12G4)", R"(\U0041)", R"(\')", R"(\0)",
        R"(\ud800)", R"(\udc00)", R"(\ud800x)", R"(\ud800\n)", R"(\ud800A)", R"(\ud800\ud800)",
        R"(\udfff\ud800)", R"(\ud800\u)", R"(\uD83D\uDE0)", "\\\n"})
    EXPECT_FALSE(accepts(fmt::format("\"{}\"", inside))) << inside;
}

TEST(JsonTree, refuses_control_characters_and_keeps_del) {
  for (char c = 0; c < 0x20; ++c) {
    EXPECT_FALSE(accepts(fmt::format("\"a long enough run {}\"", c))) << static_cast<int>(c);
    EXPECT_FALSE(accepts(fmt::format("{{\"{}\":1}}", c))) << static_cast<int>(c);
  }
  EXPECT_TRUE(accepts("\"\x7F\""));
}

TEST(JsonTree, refuses_what_is_not_utf8) {
  for (const char* inside :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xFF", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xE4\xBD", "\xF5\x80\x80\x80"})
    EXPECT_THAT(why_not(fmt::format("[1, {{\"a\":\"abc {}\"}}]", inside)),
                HasSubstr("$[1].a is not UTF-8 (byte 14)"));
  EXPECT_THAT(why_not("{\"\xFF\":1}"), HasSubstr("is not UTF-8 (byte 2)"));
}

TEST(JsonTree, finds_a_key_spelled_with_escapes) {
  const Tree tree = parsed(R"({"\u006dodel":"x"})");
  const ValueView model = *tree.root().find("model");
  EXPECT_EQ(model.text(), "x");
  EXPECT_EQ(model.key(), "model");
  EXPECT_EQ(model.key_span(), (Span{1, 13}));
}

TEST(JsonTree, refuses_a_repeated_key_however_it_is_spelled) {
  EXPECT_EQ(why_not(R"({"model":1,"model":2})"), "$.model is given twice (byte 11)");
  EXPECT_EQ(why_not(R"({"model":1,"\u006dodel":2})"), "$.model is given twice (byte 11)");
  EXPECT_EQ(why_not(R"({"a\/":1,"a/":2})"), R"($["a/"] is given twice (byte 9))");
  EXPECT_EQ(why_not(R"([{"x":[{"":1,"":2}]}])"), R"($[0].x[0][""] is given twice (byte 13))");
  EXPECT_TRUE(accepts(R"([{"a":1},{"a":{"a":{"A":1}},"A":2}])"));
}

TEST(JsonTree, refuses_a_repeated_key_among_many) {
  for (const std::size_t count : {2U, 12U, 13U, 500U}) {
    std::string text = "{";
    for (std::size_t i = 0; i < count; ++i) text += fmt::format("\"k{}\":{{\"k1\":0}},", i);
    EXPECT_TRUE(accepts(text + "\"k\":0}")) << count;
    EXPECT_THAT(why_not(text + "\"k1\":0}"), HasSubstr("$.k1 is given twice")) << count;
    EXPECT_THAT(why_not(text + "\"\\u006b0\":0}"), HasSubstr("$.k0 is given twice")) << count;
  }
}

TEST(JsonTree, says_where_and_what_is_wrong) {
  struct Case {
    const char* text;
    const char* detail;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", "$ ends too early (byte 0)"},
           {"{} x", "$ is followed by more than white space (byte 3)"},
           {R"({"messages":[{"role":"user"},{"content":tru}]})",
            "$.messages[1].content is no JSON value (byte 40)"},
           {R"({"a":[1,2 3]})", "$.a wants a comma or ] (byte 10)"},
           {R"({"a":{"b":1 2}})", "$.a wants a comma or } (byte 12)"},
           {R"({"a" 1})", "$.a wants a colon (byte 5)"},
           {R"({"a":1,})", "$ wants a key in double quotes (byte 7)"},
           {R"({"a":[0,1.]})", "$.a[1] is no JSON number (byte 8)"},
           {R"({"a":"x\qy"})", "$.a holds an unknown escape (byte 7)"},
           {R"({"a":"x\ud800y"})", "$.a holds half of a surrogate pair (byte 7)"},
           {"{\"a\":\"x\ty\"}", "$.a holds a bare control character; escape it (byte 7)"},
           {R"({"a":"xy)", "$.a ends too early (byte 8)"},
           {R"({"a b":[x]})", R"($["a b"][0] is no JSON value (byte 8))"}})
    EXPECT_EQ(why_not(c.text), c.detail);
  EXPECT_EQ(param_of(R"({"messages":[{"role":x}]})"), "messages[0].role");
  EXPECT_EQ(param_of("[x]"), "[0]");
  EXPECT_EQ(param_of("x"), "");
}

TEST(JsonTree, bounds_the_path_it_names) {
  const std::string key = fmt::format("{{\"{}\n\xEA\":", std::string(10'000, 'k'));
  EXPECT_LT(why_not(key).size(), 200U);
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += fmt::format("{{\"{}\":", std::string(64, 'k'));
  EXPECT_LT(why_not(deep).size(), 1000U);
  std::string hangul;
  for (int i = 0; i < 50; ++i) hangul += "나";
  EXPECT_TRUE(is_utf8(why_not(fmt::format("{{\"{}\":x}}", hangul))));
}

TEST(JsonTree, bounds_depth) {
  EXPECT_TRUE(accepts(nested(128)));
  EXPECT_THAT(why_not(nested(129)), HasSubstr("is nested too deeply (byte 128)"));
  EXPECT_THAT(why_not("[{}]", {.depth = 1}), HasSubstr("$[0] is nested too deeply"));
  EXPECT_THAT(why_not(nested(1'000'000), {.depth = 1'000'000}), HasSubstr("nested too deeply"));
}

TEST(JsonTree, bounds_values) {
  EXPECT_EQ(why_not("[1,2,3]", {.nodes = 4}), "accepted");
  EXPECT_THAT(why_not("[1,2,3]", {.nodes = 3}), HasSubstr("$[2] has too many values"));
}

TEST(JsonTree, forgets_what_an_earlier_parse_left) {
  EXPECT_FALSE(accepts("[1,2,{\"a\":[3,"));
  EXPECT_EQ(parsed("[7]").root().size(), 1U);
  std::string large = "[0";
  for (int i = 0; i < 40'000; ++i) large += ",1";
  EXPECT_EQ(parsed(large + "]").root().size(), 40'001U);
  EXPECT_EQ(parsed("[[],{}]").root().size(), 2U);
}

TEST(JsonValue, gives_booleans_and_nothing_for_other_types) {
  EXPECT_EQ(parsed("true").root().boolean(), true);
  EXPECT_EQ(parsed("false").root().boolean(), false);
  EXPECT_EQ(parsed("null").root().boolean(), std::nullopt);
  EXPECT_EQ(parsed("1").root().text(), "");
  EXPECT_EQ(parsed("[\"a\"]").root().find("a"), std::nullopt);
}

TEST(JsonTree, reads_nothing_beyond_its_text) {
  constexpr std::string_view kText = R"({"model":"a longer \u00e9 text","n":[1.5e3,true,null]})";
  for (std::size_t length = 0; length < kText.size(); ++length) {
    const std::vector<char> bytes = exact(kText.substr(0, length));
    EXPECT_FALSE(accepts({bytes.data(), bytes.size()})) << length;
  }
  EXPECT_TRUE(accepts(kText));
}

// A random value, as it is written and as it should be read.
class RandomValue {
 public:
  explicit RandomValue(std::uint64_t seed) : rng_(seed) {}

  /// Writes a value and, in `expected_`, a plain account of it.
  void write(Writer& out, int depth) {
    const std::uint64_t kind = rng_.below(depth > 0 ? 7 : 5);
    if (kind == 0) return (void)(out.null(), expected_ += 'n');
    if (kind == 1) return (void)(out.boolean(true), expected_ += 't');
    if (kind == 2) return write_integer(out);
    if (kind == 3) return write_number(out);
    if (kind == 4) return write_text(out);
    const std::uint64_t count = rng_.below(kind == 5 ? 5 : 20);
    kind == 5 ? write_array(out, count, depth) : write_object(out, count, depth);
  }
  const std::string& expected() const { return expected_; }

 private:
  void write_integer(Writer& out) {
    const auto value = static_cast<std::int64_t>(rng_.next() >> rng_.below(64));
    out.integer(value);
    expected_ += fmt::format("i{};", value);
  }
  void write_number(Writer& out) {
    const double value = std::bit_cast<double>(rng_.next());
    out.number(value);
    expected_ +=
        std::isfinite(value) ? fmt::format("d{:x};", std::bit_cast<std::uint64_t>(value)) : "n";
  }
  void write_text(Writer& out) {
    const std::string text = random_text();
    out.text(text);
    expected_ += fmt::format("s{}:{}", text.size(), text);
  }
  void write_array(Writer& out, std::uint64_t count, int depth) {
    out.array();
    expected_ += '[';
    for (std::uint64_t i = 0; i < count; ++i) write(out, depth - 1);
    out.end_array();
    expected_ += ']';
  }
  void write_object(Writer& out, std::uint64_t count, int depth) {
    out.object();
    expected_ += '{';
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string key = fmt::format("{}{}", random_text(), i);
      out.key(key);
      expected_ += key + '=';
      write(out, depth - 1);
    }
    out.end_object();
    expected_ += '}';
  }
  std::string random_text() {
    static constexpr const char* kPieces[] = {"a",  "\"", "\\",     "\n", "\x01", "\x7F",
                                              "나", "é",  "\u2028", "😀", "/",    "plain words "};
    std::string text;
    for (std::uint64_t i = rng_.below(12); i > 0; --i)
      text += kPieces[rng_.below(std::size(kPieces))];
    return text;
  }

  Rng rng_;
  std::string expected_;
};

/// The same account, of what was read.
void account(ValueView value, std::string_view expected, std::string& out) {
  const bool whole = expected.substr(std::min(out.size(), expected.size())).starts_with('i');
  if (value.is_null()) out += 'n';
  if (value.is_bool()) out += *value.boolean() ? 't' : 'f';
  if (value.is_number() && whole) out += fmt::format("i{};", value.integer().value());
  if (value.is_number() && !whole)
    out += fmt::format("d{:x};", std::bit_cast<std::uint64_t>(value.number().value()));
  if (value.is_string()) out += fmt::format("s{}:{}", value.text().size(), value.text());
  if (value.is_array()) {
    out += '[';
    for (const ValueView element : value) account(element, expected, out);
    out += ']';
  }
  if (!value.is_object()) return;
  out += '{';
  for (const ValueView member : value) {
    out += std::string(member.key()) + '=';
    account(member, expected, out);
  }
  out += '}';
}

TEST(JsonTree, reads_back_whatever_the_writer_wrote) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    std::string text;
    Writer out(text);
    RandomValue value(seed);
    value.write(out, 4);
    const Result<Tree> tree = Tree::parse(text);
    ASSERT_TRUE(tree.has_value()) << "seed " << seed << ": " << tree.error().detail;
    std::string read;
    account(tree->root(), value.expected(), read);
    ASSERT_EQ(read, value.expected()) << "seed " << seed << ": " << text;
  }
}

TEST(JsonTree, keeps_its_head_when_bytes_of_a_good_text_change) {
  constexpr std::string_view kText =
      R"({"model":"m\u00e9","messages":[{"role":"user","content":"나루\n"}],"n":-1.5e2,"s":true})";
  constexpr std::string_view kBytes = "\"\\{}[]:,0-.eu\x80\xED\xFFnt \n\x01";
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Rng rng(seed);
    std::string text(kText);
    for (std::uint64_t i = rng.below(3) + 1; i > 0; --i)
      text[rng.below(text.size())] = kBytes[rng.below(kBytes.size())];
    const Result<Tree> tree = Tree::parse(text);
    if (tree) {
      ASSERT_EQ(tree->root().raw(), text) << "seed " << seed;
    } else {
      ASSERT_THAT(tree.error().detail, HasSubstr("(byte ")) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace naru::json
