#include "chat/wire/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "base/rng.h"

namespace naru::wire {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Strings = std::vector<std::string>;
using std::string_view_literals::operator""sv;

struct Got {
  std::string raw;
  std::string event;
  std::string data;
  bool has_data = false;
  bool operator==(const Got&) const = default;
};
void PrintTo(const Got& got, std::ostream* out) {
  *out << testing::PrintToString(got.raw) << " event=" << got.event << " data=" << got.data;
}

void drain(Splitter& splitter, std::vector<Got>& out) {
  while (const std::optional<EventView> view = splitter.next())
    out.push_back({std::string(view->raw), std::string(view->event), std::string(view->data),
                   view->has_data});
}

std::vector<Got> events_of(std::initializer_list<std::string_view> chunks) {
  Splitter splitter(1 << 20);
  std::vector<Got> out;
  for (const std::string_view chunk : chunks) {
    EXPECT_TRUE(splitter.feed(chunk).has_value());
    drain(splitter, out);
  }
  return out;
}

Strings data_of(std::initializer_list<std::string_view> chunks) {
  Strings data;
  for (const Got& got : events_of(chunks))
    if (got.has_data) data.push_back(got.data);
  return data;
}

Strings raw_of(std::initializer_list<std::string_view> chunks) {
  Strings raw;
  for (const Got& got : events_of(chunks)) raw.push_back(got.raw);
  return raw;
}

std::string event_text(std::string_view event, std::string_view data) {
  std::string out;
  append_event(out, event, data);
  return out;
}

TEST(SseSplitter, ends_lines_with_lf_crlf_and_cr) {
  EXPECT_EQ(data_of({"data: a\n\n"}), Strings{"a"});
  EXPECT_EQ(data_of({"data: a\r\n\r\n"}), Strings{"a"});
  EXPECT_EQ(data_of({"data: a\r\rdata: b\r\r"}), (Strings{"a", "b"}));
  EXPECT_EQ(data_of({"data: a\ndata: b\r\ndata: c\r\n\ndata: d\n\n"}), (Strings{"a\nb\nc", "d"}));
}

TEST(SseSplitter, joins_an_event_cut_inside_crlf) {
  EXPECT_EQ(data_of({"data: a\r", "\n\r", "\n"}), Strings{"a"});
  EXPECT_EQ(raw_of({"data: a\r\n\r", "\ndata: b\r\n\r\n"}),
            (Strings{"data: a\r\n\r\n", "data: b\r\n\r\n"}));
}

TEST(SseSplitter, waits_for_nothing_where_cr_alone_ends_lines) {
  EXPECT_EQ(data_of({"data: a\r\r"}), Strings{"a"});
  EXPECT_EQ(data_of({"data: a\r\r", "\ndata: b\r\r"}), (Strings{"a", "b"}));
}

TEST(SseSplitter, joins_two_data_lines_with_a_newline) {
  EXPECT_EQ(data_of({"data: a\ndata: b\n\n"}), Strings{"a\nb"});
  EXPECT_EQ(data_of({"data\ndata\n\n"}), Strings{"\n"});
  EXPECT_EQ(data_of({"data: a\nevent: x\n: note\ndata: b\r\ndata:\n\n"}), Strings{"a\nb\n"});
}

TEST(SseSplitter, takes_one_space_after_the_colon_and_no_more) {
  EXPECT_EQ(data_of({"data:a\n\n"}), Strings{"a"});
  EXPECT_EQ(data_of({"data: a\n\n"}), Strings{"a"});
  EXPECT_EQ(data_of({"data:  a \n\n"}), Strings{" a "});
  EXPECT_EQ(data_of({"data:\ta\n\n"}), Strings{"\ta"});
  EXPECT_EQ(data_of({"data: \n\n"}), Strings{""});
}

TEST(SseSplitter, takes_a_line_without_colon_as_a_field_without_value) {
  EXPECT_THAT(events_of({"data\n\n"}), ElementsAre(Got{"data\n\n", "", "", true}));
}

TEST(SseSplitter, knows_fields_by_their_exact_names) {
  EXPECT_THAT(
      data_of({"Data: a\n\n", "data : b\n\n", " data: c\n\n", "datas: d\n\n", "dat: e\n\n"}),
      IsEmpty());
}

TEST(SseSplitter, gives_the_last_event_name) {
  EXPECT_THAT(events_of({"event: a\ndata: 1\nevent: b\n\n"}),
              ElementsAre(Got{"event: a\ndata: 1\nevent: b\n\n", "b", "1", true}));
  EXPECT_EQ(events_of({"event: a\nevent\ndata: 1\n\n"})[0].event, "");
}

TEST(SseSplitter, forgets_name_and_data_between_events) {
  EXPECT_THAT(
      events_of({"event: a\ndata: 1\n\n: x\n\n"}),
      ElementsAre(Got{"event: a\ndata: 1\n\n", "a", "1", true}, Got{": x\n\n", "", "", false}));
}

TEST(SseSplitter, keeps_comments_ids_and_retries_in_the_raw_bytes) {
  EXPECT_EQ(raw_of({": ping\n\n", "id: 1\nretry: 5\nx: y\ndata: a\n\n"}),
            (Strings{": ping\n\n", "id: 1\nretry: 5\nx: y\ndata: a\n\n"}));
}

TEST(SseSplitter, gives_each_further_blank_line_as_an_event_of_nothing) {
  EXPECT_THAT(events_of({"data: a\n\n\n\n"}),
              ElementsAre(Got{"data: a\n\n", "", "a", true}, Got{"\n", "", "", false},
                          Got{"\n", "", "", false}));
}

TEST(SseSplitter, skips_a_byte_order_mark_at_the_beginning_only) {
  EXPECT_THAT(events_of({"\xEF", "\xBB", "\xBF", "data: a\n\n"}), ElementsAre(Got{"\xEF\xBB\xBF"
                                                                                  "data: a\n\n",
                                                                                  "", "a", true}));
  EXPECT_EQ(data_of({"\xEF\xBB\xBF"
                     "data: a\ndata: b\n\n"}),
            Strings{"a\nb"});
  EXPECT_EQ(raw_of({"\xEF\xBB\xBF\ndata: a\n\n"}), (Strings{"\xEF\xBB\xBF\n", "data: a\n\n"}));
  EXPECT_THAT(data_of({"data: a\n\n\xEF\xBB\xBF"
                       "data: b\n\n"}),
              ElementsAre("a"));
}

TEST(SseSplitter, drops_an_event_that_never_ends) {
  Splitter splitter(100);
  ASSERT_TRUE(splitter.feed("data: a\n").has_value());
  EXPECT_FALSE(splitter.next().has_value());
  EXPECT_EQ(splitter.pending_bytes(), 8U);
}

TEST(SseSplitter, has_nothing_pending_between_events) {
  Splitter splitter(100);
  for (const std::string_view chunk :
       {"data: a\n\n"sv, "data: b\r\n\r\n"sv, "data: c\r\r"sv, "\n"sv}) {
    ASSERT_TRUE(splitter.feed(chunk).has_value());
    while (splitter.next()) {
    }
    EXPECT_EQ(splitter.pending_bytes(), 0U);
  }
}

TEST(SseSplitter, keeps_views_of_several_joined_events_until_the_next_feed) {
  Splitter splitter(1 << 20);
  std::string text;
  for (int i = 0; i < 100; ++i) text += fmt::format("data: {}\ndata: long enough to matter\n\n", i);
  ASSERT_TRUE(splitter.feed(text).has_value());
  std::vector<EventView> views;
  while (const auto view = splitter.next()) views.push_back(*view);
  ASSERT_EQ(views.size(), 100U);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(views[static_cast<std::size_t>(i)].data, fmt::format("{}\nlong enough to matter", i));
}

TEST(SseSplitter, refuses_an_event_over_the_limit) {
  Splitter splitter(10);
  EXPECT_TRUE(splitter.feed("data: 12").has_value());
  const Result<void> more = splitter.feed("345");
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().kind, FaultKind::TooLarge);
  EXPECT_EQ(more.error().detail, "one stream event exceeds 10 bytes");
}

TEST(SseSplitter, refuses_a_whole_event_over_the_limit_too) {
  EXPECT_FALSE(Splitter(10).feed("data: 12345\n\n").has_value());
  EXPECT_FALSE(Splitter(10).feed("data: 1\n\ndata: 12345\n\n").has_value());
}

TEST(SseSplitter, takes_any_number_of_small_events_at_once) {
  Splitter splitter(10);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "data: 12\n\n";
  EXPECT_TRUE(splitter.feed(text).has_value());
  std::vector<Got> got;
  drain(splitter, got);
  EXPECT_EQ(got.size(), 1000U);
}

/// Streams that meet every rule of the grammar.
const std::vector<std::string_view> kStreams = {
    "data: {\"a\":\"나루\"}\n\ndata: [DONE]\n\n",
    "event: ping\r\ndata: {}\r\n\r\n: note\r\n\r\ndata: x\r\ndata: y\r\n\r\n",
    "data: a\r\rdata: b\rdata: c\r\r: x\r\r",
    "data: a\r\r\ndata: b\n\r\ndata: c\r\n\ndata: d\n\n\r\r\n\n",
    "\xEF\xBB\xBFid: 1\nretry: 10\nevent:e\ndata\ndata:\ndata:  x\n\n\n\ndata: y\n\n",
    "\xEF\xBB\xBF\r\n\xEF\xBB\xBF"
    "data: no field\n\ndata: yes\n\n",
    "datadata: no\nda: no\n:data: no\n\ndata:\0\x01\xFF\n\n"sv,
};

TEST(SseSplitter, gives_the_same_wherever_a_stream_is_cut) {
  for (const std::string_view stream : kStreams) {
    const std::vector<Got> whole = events_of({stream});
    for (std::size_t cut = 0; cut <= stream.size(); ++cut)
      EXPECT_EQ(events_of({stream.substr(0, cut), stream.substr(cut)}), whole) << "cut at " << cut;
  }
}

TEST(SseSplitter, gives_the_same_byte_by_byte) {
  for (const std::string_view stream : kStreams) {
    Splitter splitter(1 << 20);
    std::vector<Got> got;
    for (const char c : stream) {
      ASSERT_TRUE(splitter.feed({&c, 1}).has_value());
      drain(splitter, got);
    }
    EXPECT_EQ(got, events_of({stream}));
  }
}

/// The grammar once more, as plainly as it is written, for comparison: one event a line list.
Strings plain_data_of(std::string_view stream) {
  if (stream.starts_with("\xEF\xBB\xBF")) stream.remove_prefix(3);
  Strings lines(1);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (stream[i] == '\n' && i > 0 && stream[i - 1] == '\r') continue;
    if (stream[i] == '\r' || stream[i] == '\n')
      lines.emplace_back();
    else
      lines.back() += stream[i];
  }
  lines.pop_back();  // what no line end ended
  Strings events;
  std::string data;
  for (const std::string& line : lines) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string value = colon < line.size() ? line.substr(colon + 1) : "";
    if (line.substr(0, colon) == "data")
      data += (value.starts_with(' ') ? value.substr(1) : value) + "\n";
    if (!line.empty() || data.empty()) continue;
    events.push_back(data.substr(0, data.size() - 1));
    data.clear();
  }
  return events;
}

TEST(SseSplitter, agrees_with_the_plain_grammar_on_random_streams_cut_at_random) {
  constexpr std::string_view kPieces[] = {"data", ":",      " ", "\n",  "\r",   "\r\n", "event: x",
                                          "나",   "data: ", "a", ": c", "\n\n", "\r\r", "\r\n\r\n"};
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Rng rng(seed);
    std::string stream = rng.below(8) == 0 ? "\xEF\xBB\xBF" : "";
    for (std::uint64_t i = rng.below(30); i > 0; --i)
      stream += kPieces[rng.below(std::size(kPieces))];
    stream += '.';  // so that a last CR is known not to be half of a CRLF
    Splitter splitter(1 << 20);
    std::vector<Got> got;
    for (std::string_view left = stream; !left.empty();) {
      const std::size_t size = std::min<std::size_t>(left.size(), 1 + rng.below(9));
      ASSERT_TRUE(splitter.feed(left.substr(0, size)).has_value());
      left.remove_prefix(size);
      drain(splitter, got);
    }
    Strings data;
    for (const Got& event : got)
      if (event.has_data) data.push_back(event.data);
    ASSERT_EQ(data, plain_data_of(stream))
        << "seed " << seed << " " << testing::PrintToString(stream);
  }
}

TEST(SseSplitter, loses_no_byte_of_a_stream_with_one_kind_of_line_end) {
  for (const std::string_view line_end : {"\n"sv, "\r\n"sv, "\r"sv}) {
    std::string stream;
    for (std::size_t i = 0; i < 500; ++i)
      stream +=
          fmt::format("event: e{0}{1}data: {2}{1}{1}", i, line_end, std::string(i * 7 % 300, 'x'));
    Splitter splitter(1 << 20);
    std::string joined;
    for (std::size_t at = 0; at < stream.size(); at += 777) {
      ASSERT_TRUE(splitter.feed(std::string_view(stream).substr(at, 777)).has_value());
      while (const auto view = splitter.next()) joined += view->raw;
    }
    EXPECT_EQ(joined, stream);
  }
}

TEST(SseEvent, is_written_as_it_is_read) {
  EXPECT_EQ(event_text("", "a"), "data: a\n\n");
  EXPECT_EQ(event_text("ping", "{}"), "event: ping\ndata: {}\n\n");
  EXPECT_EQ(event_text("", "a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
  for (const std::string data : {"", " x", "a\n\nb\n", "나루"})
    EXPECT_EQ(data_of({event_text("e", data)}), Strings{data});
}

TEST(SseEvent, has_a_name_of_one_line) {
  std::string out;
  EXPECT_THROW(append_event(out, "a\ndata: forged", "x"), BrokenInvariant);
}

}  // namespace
}  // namespace naru::wire
