#include "gateway/call/fetch_media.h"

#include "base/text.h"
#include "gateway/media_rule.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kMostTypeBytes = 64;
constexpr int kFound = 200;

/// Nothing of the client goes along but the address it gave.
const std::vector<net::Header>& image_headers() {
  static const std::vector<net::Header> kHeaders = {
      {"accept", "image/*"}, {"accept-encoding", "identity"}, {"user-agent", "naru"}};
  return kHeaders;
}

/// Why an image does not come along, as its Loss tells it.
std::unexpected<Fault> unfetched(std::string reason) {
  return fail(Fault{.kind = FaultKind::UpstreamInvalid, .detail = std::move(reason)});
}

/// Whether the call ends with it; all other faults are a Loss of the image they are about.
bool ends_call(const Fault& fault) {
  return fault.kind == FaultKind::Cancelled || fault.kind == FaultKind::Overloaded ||
         fault.kind == FaultKind::TooLarge;
}

/// A fault between naru and the host: the operator finds all of it in the log, while a client
/// learns nothing of the network behind naru.
std::unexpected<Fault> unreached(Exchange& exchange, const MediaPlace& place, Fault fault) {
  if (ends_call(fault)) return fail(std::move(fault));
  exchange.services.log.warn(
      "media.failed",
      {telemetry::field("exchange", exchange.request_id), telemetry::field("host", place.origin),
       telemetry::field("fault", row(fault.kind).word), telemetry::field("detail", fault.detail)});
  return unfetched(fault.kind == FaultKind::UpstreamTimeout
                       ? "its host did not send it in time (media.timeout)"
                       : "its host could not be reached, or broke off");
}

/// `image/png` of `image/PNG; q=1`; empty if it is no image.
std::string image_type(const net::HeadersView& headers) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789.+-";
  const std::string_view value = headers.find("content-type").value_or("");
  const std::string type = to_lower(trim(value.substr(0, value.find(';'))));
  constexpr std::string_view kImage = "image/";
  const bool fits = type.starts_with(kImage) && type.size() > kImage.size() &&
                    type.size() <= kMostTypeBytes &&
                    type.find_first_not_of(kLetters, kImage.size()) == type.npos;
  return fits ? type : std::string();
}

/// The type of the image that `head` announces, or why there is none.
Result<std::string> check_head(const net::AnswerHead& head) {
  if (head.status >= 300 && head.status < 400)
    return unfetched(fmt::format("its host sends elsewhere (status {}), where naru does not follow",
                                 head.status));
  if (head.status != kFound)
    return unfetched(fmt::format("its host answered with status {}", head.status));
  const std::string_view coding = head.headers.find("content-encoding").value_or("identity");
  if (!equals_ignoring_case(coding, "identity"))
    return unfetched("its host sent it compressed, unasked");
  std::string type = image_type(head.headers);
  if (type.empty()) return unfetched("what its host sent is no image by its content-type");
  return type;
}

/// Fetches the images of one request, one after another.
class Fetcher {
 public:
  Fetcher(Exchange& exchange, net::Until until)
      : exchange_(exchange), media_(exchange.settings().media), until_(until) {}

  /// What takes the place of `image`. Lifetime: this and `image` outlive the task.
  net::Task<Result<void>> take(const dialect::MediaUrl& image) {
    auto fetched = co_await fetch(image.url);
    if (fetched) {
      add({image.source.begin, image.source.end, *std::move(fetched)});
      co_return Result<void>{};
    }
    if (ends_call(fetched.error())) co_return fail(std::move(fetched.error()));
    losses_.push_back({image.path, std::move(fetched.error().detail)});
    add({image.part.begin, image.part.end, std::string(exchange_.dialect().empty_part())});
    co_return Result<void>{};
  }

  /// Fails: Overloaded, TooLarge.
  Result<std::unique_ptr<const EngineRequest>> finish() {
    auto made = std::make_unique<EngineRequest>();
    NARU_TRY_VOID(exchange_.hold_beside(2 * held_ + exchange_.body.size()));
    made->body = patched(exchange_.body, patches_);
    made->losses = std::move(losses_);
    NARU_TRY(json::Tree tree, json::Tree::parse(made->body));
    NARU_TRY(made->scan, exchange_.dialect().scan_request(exchange_.endpoint.operation, tree));
    made->tree = std::move(tree);
    return made;
  }

 private:
  void add(Patch patch) {
    held_ += patch.with.capacity();
    patches_.push_back(std::move(patch));
  }

  /// The image as it stands in the request. Lifetime: this outlives the task.
  net::Task<Result<std::string>> fetch(std::string url) {
    auto place = find_place(url, media_.fetch);
    if (!place) co_return unfetched(std::move(place.error()));
    if (asked_ == media_.most_items)
      co_return unfetched(fmt::format("only {} images are fetched for a request (media.most_items)",
                                      media_.most_items));
    ++asked_;
    auto remote = net::Remote::make(
        {.base_url = place->origin, .proxy = net::proxy_from_environment(place->origin)});
    if (!remote) co_return unreached(exchange_, *place, std::move(remote.error()));
    net::HttpClient& client = exchange_.services.client(exchange_.loop());
    const net::ClientRequest request{
        .method = "GET", .target = place->target, .headers = &image_headers()};
    auto sent = co_await client.send(*std::move(remote), request, until_);
    if (!sent) co_return unreached(exchange_, *place, std::move(sent.error()));
    NARU_CO_TRY(const std::string type, check_head((*sent)->head()));
    auto read = co_await read_bytes(**sent, *place);
    NARU_CO_TRY(const std::string bytes, std::move(read));
    NARU_CO_TRY_VOID(exchange_.hold_beside(held_ + 5 * bytes.size()));
    co_return exchange_.dialect().inline_media(type, base64(bytes));
  }

  /// Lifetime: this and both outlive the task.
  net::Task<Result<std::string>> read_bytes(net::ClientCall& call, const MediaPlace& place) {
    std::string bytes;
    while (true) {
      auto got = co_await call.read_some(until_);
      if (!got) co_return unreached(exchange_, place, std::move(got.error()));
      if (got->empty()) break;
      if (bytes.size() + got->size() > media_.most_bytes)
        co_return unfetched(fmt::format("it is larger than {} (media.most_bytes)",
                                        settings::write_bytes(media_.most_bytes)));
      bytes.append(*got);
      NARU_CO_TRY_VOID(exchange_.hold_beside(held_ + bytes.capacity()));
    }
    if (bytes.empty()) co_return unfetched("its host sent nothing");
    co_return bytes;
  }

  Exchange& exchange_;
  const MediaSettings& media_;
  const net::Until until_;
  std::uint32_t asked_ = 0;
  std::uint64_t held_ = 0;  // bytes of the patches
  std::vector<Patch> patches_;
  std::vector<chat::Loss> losses_;
};

}  // namespace

net::Task<Result<void>> fetch_media(Exchange& exchange, net::Until until) {
  if (exchange.for_engines || !dialect::can_cross(exchange.endpoint.operation))
    co_return Result<void>{};
  const std::vector<dialect::MediaUrl> images = exchange.dialect().media_urls(*exchange.tree);
  if (images.empty()) co_return Result<void>{};
  Fetcher fetcher(exchange, until.by(exchange.now() + exchange.settings().media.timeout));
  for (const dialect::MediaUrl& image : images) {
    auto taken = co_await fetcher.take(image);
    NARU_CO_TRY_VOID(std::move(taken));
  }
  NARU_CO_TRY(exchange.for_engines, fetcher.finish());
  co_return Result<void>{};
}

}  // namespace naru::gateway
