#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "load/response.h"

namespace naru::load {

/// A load: one request, over and over.
struct Load {
  std::string host = "127.0.0.1";  ///< an IPv4 address
  std::uint16_t port = 0;
  std::string request = {};  ///< its bytes, head and body
  Expect expect = {};
  unsigned connections = 1;  ///< open loop: at most
  double rate = 0;           ///< requests a second that arrive by chance; 0: a connection
                             ///< sends its next request as soon as it has its answer
  std::chrono::milliseconds warm_up{1'000};
  std::chrono::milliseconds measured{5'000};
  std::uint64_t seed = 1;
};

/// What came of those requests whose answers ended within the time that was measured.
struct Outcome {
  double seconds = 0;                        ///< measured
  std::size_t marks = 0;                     ///< that came within it, of any answer
  std::vector<std::uint32_t> whole_us = {};  ///< from when it was due to the answer's last byte
  std::vector<std::uint32_t> first_us = {};  ///< to the first mark, of answers with marks
  std::map<std::string, std::size_t> troubles = {};  ///< answers that were not as expected, or none
  std::size_t unsent = 0;                            ///< due, and no connection was free for them
};

/// Makes the load from this thread; `measuring` is called when the warm-up is over. Open loop: who
/// has to wait for a connection waits from when he was due, so that a server that stalls is not
/// asked less for it. Fails: exits the process with a message if there is no socket to be had.
Outcome run(const Load& load, const std::function<void()>& measuring);

}  // namespace naru::load
