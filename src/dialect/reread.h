#pragma once
#include "base/check.h"
#include "dialect/translate.h"

/// In builds that are not for use, each crossing is read again by the reader of the dialect it was
/// written in: what naru writes, naru understands. Nothing is done in a release.
namespace naru::dialect {

#ifdef NARU_REREADS
inline constexpr bool kRereads = true;
#else
inline constexpr bool kRereads = false;
#endif

inline void reread_request(const Ends& ends, std::string_view written) {
  if constexpr (kRereads) {
    const Result<json::Tree> tree = json::Tree::parse(written);
    NARU_CHECK(tree && ends.upstream->read_request(ends.operation, *tree),
               "a written request can be read again");
  }
}

inline void reread_answer(const Ends& ends, std::string_view written) {
  if constexpr (kRereads) {
    const Result<json::Tree> tree = json::Tree::parse(written);
    NARU_CHECK(tree && ends.client->read_answer(*tree), "a written answer can be read again");
  }
}

/// Follows what a client is sent of one stream.
class RereadStream {
 public:
  explicit RereadStream(const Dialect& client) {
    if constexpr (kRereads) reader_ = client.make_reader();
  }
  void feed(std::string_view written) {
    if constexpr (kRereads) {
      NARU_CHECK(splitter_.feed(written), "a written event is no giant");
      for (auto event = splitter_.next(); event; event = splitter_.next())
        NARU_CHECK(reader_->read(*event, events_), "a written event can be read again");
      events_.clear();
    }
  }

 private:
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;
  std::unique_ptr<StreamReader> reader_;
  wire::Splitter splitter_{kMostBytes};
  std::vector<chat::Event> events_;
};

}  // namespace naru::dialect
