#pragma once
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "admin/api.h"
#include "sys/channel.h"

namespace naru::cli {

/// Where one can be heard, and what is known of it.
struct ElderChannel {
  int descriptor = -1;
  admin::Elder elder = {};
};
/// As a line of a message.
std::string write_elder(const admin::Elder& elder);
admin::Elder read_elder(std::string_view line);

/// Processes whose place was taken and that still end calls, as they tell. Safe from any thread.
class Elders {
 public:
  static constexpr std::size_t kMost = 4;  ///< at once; with more, no further upgrade begins

  /// What `elder` says holds until it is heard of.
  void add(sys::Channel channel, admin::Elder elder);
  /// Those that are still there.
  std::vector<admin::Elder> look();
  /// Says a word of the channel to all.
  void tell(std::string_view word);
  /// For a process that is to listen to them in our place. Valid until `close`.
  std::vector<ElderChannel> channels();
  void close();  ///< listens no more

 private:
  struct Known {
    sys::Channel channel;
    admin::Elder elder = {};
  };
  std::mutex mutex_;
  std::vector<Known> known_;
};

}  // namespace naru::cli
