#include "mock/mock.h"

#include "base/settings/report.h"
#include "mock/handler.h"
#include "sys/files.h"

namespace naru::mock {
namespace {

constexpr std::size_t kMostScriptBytes = 1 << 20;

Result<std::vector<Rule>> read_script(const std::string& file) {
  if (file.empty()) return std::vector<Rule>{};
  NARU_TRY(const std::string text, sys::read_file(file, kMostScriptBytes));
  std::vector<Problem> problems;
  std::vector<Rule> rules = Script::read(text, file, problems);
  if (problems.empty()) return rules;
  std::string all;
  for (const Problem& problem : problems)
    all += fmt::format("{}{}", all.empty() ? "" : "\n", settings::write_problem(problem));
  return fail(FaultKind::InvalidRequest, "{}", all);
}

}  // namespace

struct Mock::Impl {
  Impl(const MockOptions& options, std::vector<Rule> rules, const Clock& clock_,
       telemetry::Log& log)
      : clock(clock_),
        loops(options.loops, clock_, log),
        script(std::move(rules)),
        handler(script, journal, options.seed) {}
  ~Impl() {
    if (server) server->drain(clock.now());
    loops.stop();
  }

  const Clock& clock;
  net::Loops loops;
  Journal journal;
  Script script;
  MockHandler handler;
  std::unique_ptr<net::HttpServer> server;
};

Result<std::unique_ptr<Mock>> Mock::start(MockOptions options, const Clock& clock,
                                          telemetry::Log& log) {
  NARU_TRY(std::vector<Rule> rules, read_script(options.script_file));
  auto impl = std::make_unique<Impl>(options, std::move(rules), clock, log);
  NARU_TRY(impl->server,
           net::HttpServer::open(impl->loops, {.host = options.host, .port = options.port},
                                 impl->handler));
  impl->loops.start();
  impl->server->start();
  return std::unique_ptr<Mock>(new Mock(std::move(impl)));
}

Mock::Mock(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mock::~Mock() = default;
std::uint16_t Mock::port() const { return impl_->server->port(); }
std::string Mock::url() const { return "http://" + impl_->server->address(); }
Journal& Mock::journal() { return impl_->journal; }

}  // namespace naru::mock
