#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace naru::load {

/// What a whole answer has to look like, beside status 200 and its framing.
struct Expect {
  std::string mark = {};  ///< stands in the body `marks` times: the text of each event, say
  std::size_t marks = 0;  ///< 0: not counted
  std::string end = {};   ///< how the body ends but for white space; empty: anyhow
};

/// Reads one HTTP/1.1 answer as it comes, undoes its framing and counts its marks. Pure.
/// Source: RFC 9112, sections 4, 6 and 7.
class Response {
 public:
  enum class State : std::uint8_t { Head, Body, Done, Broken };

  /// Lifetime: `expect` outlives it.
  explicit Response(const Expect& expect) : expect_(expect) {}

  /// Takes what came. `Done`: the answer is whole and as expected; `Broken`: see `trouble`.
  State feed(std::string_view bytes);
  /// The server has closed the connection.
  State end();
  /// Makes it ready for the next answer.
  void reset();

  std::size_t marks() const { return marks_; }     ///< so far
  bool stays_open() const { return stays_open_; }  ///< the connection takes another request
  const std::string& trouble() const { return trouble_; }

 private:
  enum class Framing : std::uint8_t { Length, Chunked, UntilClose };
  /// Within a chunked body.
  enum class Part : std::uint8_t { Size, Data, DataEnd, Trailer };

  State broken(std::string why);
  State read_head();
  State read_header(std::string_view line);
  State take_body(std::string_view bytes);
  State take_chunked(std::string_view bytes);
  State take_line(std::string_view line);
  void take_data(std::string_view data);
  State finish();

  const Expect& expect_;
  State state_ = State::Head;
  Framing framing_ = Framing::UntilClose;
  Part part_ = Part::Size;
  bool stays_open_ = true;
  int status_ = 0;
  std::size_t left_ = 0;  ///< of the body, or of the chunk
  std::size_t marks_ = 0;
  std::string line_;  ///< the head, or a line of chunk framing, as far as it came
  std::string tail_;  ///< the last bytes of the body
  std::string trouble_;
};

}  // namespace naru::load
