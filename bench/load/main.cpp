#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>

#include "load/generator.h"

namespace naru::load {
namespace {

std::string file_or_exit(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fmt::print(stderr, "{} cannot be read\n", path);
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void print_times(std::string_view name, std::vector<std::uint32_t>& times) {
  std::ranges::sort(times);
  const auto at = [&](double share) {
    return times.empty() ? 0 : times[static_cast<std::size_t>(share * double(times.size() - 1))];
  };
  fmt::print(R"("{}":{{"p50":{},"p90":{},"p99":{},"p999":{},"most":{}}},)", name, at(0.5), at(0.9),
             at(0.99), at(0.999), at(1));
}

/// One line of JSON. Words of troubles are our own or the system's, and need no escape.
void print(Outcome& outcome) {
  fmt::print(R"({{"seconds":{:.6f},"answers":{},"marks":{},"unsent":{},)", outcome.seconds,
             outcome.whole_us.size(), outcome.marks, outcome.unsent);
  print_times("whole_us", outcome.whole_us);
  print_times("first_us", outcome.first_us);
  fmt::print(R"("troubles":{{)");
  std::string_view comma;
  for (const auto& [why, count] : outcome.troubles)
    fmt::print(R"({}"{}":{})", std::exchange(comma, ","), why, count);
  fmt::print("}}}}\n");
}

void allow_many_connections() {
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &most);
}

}  // namespace
}  // namespace naru::load

int main(int argc, char** argv) {
  using namespace naru::load;
  Load load;
  std::string path = "/v1/chat/completions";
  std::string body;
  std::vector<std::string> headers;
  double warm_up = 1;
  double seconds = 5;
  CLI::App app{
      "Sends one request over and over and holds each answer against what is expected. "
      "Prints a line when it begins to measure, then its figures as a line of JSON."};
  app.add_option("--port", load.port, "of the server on 127.0.0.1")->required();
  app.add_option("--path", path, "of the request");
  app.add_option("--header", headers, "a line `name: value`; may be given again");
  app.add_option("--body", body, "file with the request's body")->required();
  app.add_option("--connections", load.connections, "at once; with a rate, at most");
  app.add_option("--rate", load.rate, "requests a second, by chance; 0: one behind the other");
  app.add_option("--warm-up", warm_up, "seconds that are not measured");
  app.add_option("--seconds", seconds, "that are measured");
  app.add_option("--mark", load.expect.mark, "text in the answer's body")
      ->check([](const std::string& mark) {
        return mark.size() <= 64 ? std::string() : "a mark has at most 64 bytes";
      });
  app.add_option("--marks", load.expect.marks, "how often it stands there; 0: any number");
  app.add_option("--end", load.expect.end, "how the body ends");
  app.add_option("--seed", load.seed, "of the chance");
  CLI11_PARSE(app, argc, argv);

  const std::string content = file_or_exit(body);
  load.request = fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", path, load.port);
  for (const std::string& header : headers) load.request += header + "\r\n";
  load.request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                              content.size(), content);
  load.warm_up = std::chrono::milliseconds(static_cast<std::int64_t>(warm_up * 1000));
  load.measured = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  allow_many_connections();
  Outcome outcome = run(load, [] {
    fmt::print("measuring\n");
    std::fflush(stdout);
  });
  print(outcome);
}
