#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/verb.h"

namespace naru::cli {

/// What becomes of an order where no naru runs.
enum class Alone : std::uint8_t {
  Refuse,  ///< it makes no sense then
  Read,    ///< this process does it on the store that is there
  Make,    ///< the same, and a store is made if there is none
};

/// One call of the admin API, as a verb wants it. Where none runs, the same handler of `admin` is
/// run here on the store.
struct Order {
  std::string_view method = "GET";
  std::string_view path;  ///< as in the table of `admin/api.cpp`
  std::string tail = {};  ///< the name in place of its `*`
  std::map<std::string, std::string, std::less<>> query = {};  ///< empty values are left out
  std::string body = {};
  Alone alone = Alone::Refuse;
};

/// The JSON that came of it. Fails: as the handler does; Unavailable, when no naru runs on the data
/// directory and the order cannot do without.
Result<std::string> give(const Globals& globals, const Order& order);

/// `path` and query of an order, encoded. Source: RFC 3986, section 2.
std::string target_of(const Order& order);

/// Prints `fault` as one sentence and sets the exit code that goes with it.
void report(Globals& globals, const Fault& fault);

}  // namespace naru::cli
