#include "net/http/client/request_head.h"

#include "base/text.h"

namespace naru::net {
namespace {

/// Ours to say: whom it is for, how the body is framed, what becomes of the connection.
constexpr std::string_view kOurs[] = {
    "host",    "content-length", "transfer-encoding", "connection", "upgrade", "keep-alive", "te",
    "trailer", "expect",         "proxy-connection"};

constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";

bool is_ours(std::string_view name) {
  return std::ranges::any_of(
      kOurs, [name](std::string_view ours) { return equals_ignoring_case(ours, name); });
}

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.contains(c);
  });
}

/// RFC 9110, 5.5: no control characters but the tab.
bool is_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

bool is_target(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '#'; });
}

bool has_length(const ClientRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

void add(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

Result<void> add_callers(std::string& head, const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    if (is_ours(header.name)) continue;
    if (!is_token(header.name))
      return fail(FaultKind::Internal, "'{}' cannot be a header's name", header.name);
    if (!is_value(header.value))
      return fail(FaultKind::Internal, "the value of header {} has a control character in it",
                  header.name);
    add(head, header.name, header.value);
  }
  return {};
}

}  // namespace

Result<std::string> write_request_head(const HttpRemote& remote, const ClientRequest& request) {
  if (!is_token(request.method))
    return fail(FaultKind::Internal, "'{}' is no method", request.method);
  if (!is_target(request.target) ||
      (!request.target.empty() && request.target[0] != '/' && request.target[0] != '?'))
    return fail(FaultKind::Internal, "'{}' is no request target", request.target);
  std::string head;
  head.reserve(512);
  head.append(request.method).append(" ");
  if (remote.absolute_form()) head.append("http://").append(remote.authority());
  head.append(remote.prefix());
  if (remote.prefix().empty() && !request.target.starts_with('/')) head.push_back('/');
  head.append(request.target).append(" HTTP/1.1\r\n");
  add(head, "host", remote.authority());
  if (remote.absolute_form() && !remote.proxy()->authorization.empty())
    add(head, "proxy-authorization", remote.proxy()->authorization);
  if (request.headers != nullptr) NARU_TRY_VOID(add_callers(head, *request.headers));
  if (has_length(request)) add(head, "content-length", fmt::format("{}", request.body.size()));
  head.append("\r\n");
  return head;
}

std::string write_connect_head(const HttpRemote& remote) {
  const std::string place = remote.place();
  std::string head = fmt::format("CONNECT {} HTTP/1.1\r\n", place);
  add(head, "host", place);
  if (!remote.proxy()->authorization.empty())
    add(head, "proxy-authorization", remote.proxy()->authorization);
  head.append("\r\n");
  return head;
}

}  // namespace naru::net
