#pragma once
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace naru::gateway {

/// Where an image is fetched.
struct MediaPlace {
  std::string origin;  ///< `https://images.example.com`, lower case, a port only if not the usual
  std::string target;  ///< path and query
  bool operator==(const MediaPlace&) const = default;
};

/// Where `url` leads, if an entry of `allowed` (`media.fetch`) names its origin; else why naru does
/// not fetch it. An entry is `[http://|https://]HOST[:PORT]`: https unless it says otherwise, the
/// scheme's usual port unless it says one. `*` in a host stands for any run of characters, dots
/// included, of a name, never of an address: those are allowed as they are written alone.
std::expected<MediaPlace, std::string> find_place(std::string_view url,
                                                  std::span<const std::string> allowed);

/// What to write instead of an entry of `media.fetch` that does not fit; empty if it does. A
/// pattern ends with two whole labels, since whoever runs a domain says where its names lead.
std::string_view media_host(std::string_view entry);

}  // namespace naru::gateway
