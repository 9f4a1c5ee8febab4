#pragma once
#include <gtest/gtest.h>

#include <string>

#include "net/http/client.h"
#include "net/http/client/peer_for_test.h"

namespace naru::net::testing {

/// An answer as its reader saw it, to its end or fault.
struct Seen {
  int status = 0;
  std::string body = {};
  std::string fault = {};  ///< `word: detail`, or empty
  std::chrono::nanoseconds connect_time{0};
};

inline std::string text_of(const Fault& fault) {
  return fmt::format("{}: {}", row(fault.kind).word, fault.detail);
}

/// Sends and reads to the end. Lifetime: the client's and what `request` views.
inline Task<Seen> fetch(HttpClient& client, std::shared_ptr<const Remote> remote,
                        ClientRequest request, Until until) {
  Seen seen;
  auto sent = co_await client.send(std::move(remote), request, until);
  if (!sent) {
    seen.fault = text_of(sent.error());
    co_return seen;
  }
  ClientCall& call = **sent;
  seen.status = call.head().status;
  seen.connect_time = call.connect_time();
  for (;;) {
    const auto piece = co_await call.read_some(until);
    if (!piece) seen.fault = text_of(piece.error());
    if (!piece || piece->empty()) co_return seen;
    seen.body += *piece;
  }
}

/// A client and a peer on one loop, whose clock stands still.
class ClientTest : public ::testing::Test {
 protected:
  using Answer = std::shared_ptr<std::optional<Seen>>;

  ClientTest() { remote = remote_at(fmt::format("http://127.0.0.1:{}", listener.port())); }

  std::shared_ptr<const Remote> remote_at(std::string url, std::string proxy = "",
                                          TlsClientOptions tls = {}) {
    auto made = Remote::make(
        {.base_url = std::move(url), .tls = std::move(tls), .proxy = std::move(proxy)});
    EXPECT_TRUE(made) << made.error().detail;
    return made ? *made : nullptr;
  }
  Answer get(std::string_view target = "/", Until until = {}) {
    return loop.start(fetch(*client, remote, {.method = "GET", .target = target}, until));
  }
  Answer post(std::string_view body, Until until = {}) {
    return loop.start(fetch(*client, remote, {.target = "/", .body = body}, until));
  }
  /// Waits for the end of it.
  Seen end_of(const Answer& answer) {
    loop.settle_until([&answer] { return answer->has_value(); });
    return answer->has_value() ? **answer : Seen{.fault = "no end"};
  }
  /// What a GET sees when the peer answers so and then closes.
  Seen seen_of(std::string_view bytes, std::string_view method = "GET") {
    const Answer answer =
        loop.start(fetch(*client, remote, {.method = method, .target = "/"}, Until{}));
    Peer peer = listener.accept();
    peer.read_head();
    peer.write(bytes);
    peer.close();
    return end_of(answer);
  }
  void pass(std::chrono::nanoseconds time) {
    loop.settle();
    clock.advance(time);
    loop.settle();
  }

  ManualClock clock;
  TestLoop loop{clock};
  Listener listener{loop};
  std::unique_ptr<Resolver> resolver =
      Resolver::make(1, clock, [](const std::string&) -> Result<std::vector<Address>> {
        return std::vector<Address>{{"::1", true}, {"127.0.0.1", false}};
      });
  std::unique_ptr<HttpClient> client = HttpClient::make(*loop, *resolver);
  std::shared_ptr<const Remote> remote;
};

}  // namespace naru::net::testing
