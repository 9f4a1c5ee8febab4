#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "base/json_writer.h"
#include "cli/serve/data_directory.h"
#include "cli/show/listing.h"
#include "cli/show/span.h"
#include "cli/verbs.h"

namespace naru::cli {
namespace {

constexpr std::string_view kPath = "/admin/v1/upgrade";
constexpr std::chrono::milliseconds kLook{50};
constexpr std::chrono::seconds kMoreTime{30};  // than naru gives the other process

struct UpgradeOptions {
  std::string binary;
  std::string within = "60s";
  bool wait = false;
  bool status = false;
};

/// What an answer says that is acted upon.
struct Seen {
  std::string answer = {};  ///< whole, as it came
  std::string pid = {};     ///< of who gave it
  std::string version = {};
  std::string state = {};
  std::string why = {};
  bool handing_over = false;             ///< the process before may still answer, too
  std::vector<std::string> ending = {};  ///< `3 calls still end in pid 17 (naru 0.1.0)`
  bool ends_in(const std::string& which) const {
    return std::ranges::any_of(ending, [&](const std::string& line) {
      return line.find(fmt::format("pid {} ", which)) != std::string::npos;
    });
  }
};

std::string ending_line(json::ValueView elder) {
  const std::string calls = cell(elder, "calls");
  return fmt::format("{} call{} still end{} in pid {} (naru {})", calls, calls == "1" ? "" : "s",
                     calls == "1" ? "s" : "", cell(elder, "pid"),
                     without_controls(cell(elder, "version")));
}

Result<Seen> read_answer(std::string answer) {
  NARU_TRY(const json::Tree tree, json::Tree::parse(answer));
  const json::ValueView root = tree.root();
  Seen seen{.pid = cell(root, "pid"), .version = without_controls(cell(root, "version"))};
  if (const auto upgrade = root.find("upgrade")) {
    seen.state = cell(*upgrade, "state");
    seen.why = without_controls(cell(*upgrade, "why"));
  }
  if (const auto ending = root.find("ending"))
    for (const json::ValueView elder : *ending) {
      seen.ending.push_back(ending_line(elder));
      seen.handing_over = seen.handing_over || cell(elder, "accepts") == "yes";
    }
  seen.answer = std::move(answer);
  return seen;
}

Result<Seen> ask_state(const Globals& globals) {
  NARU_TRY(std::string answer, give(globals, {.path = kPath}));
  return read_answer(std::move(answer));
}

/// The wish itself; what is given is the state it begins with.
Result<Seen> wish(const Globals& globals, const UpgradeOptions& options,
                  std::chrono::milliseconds within) {
  if (!options.binary.empty()) {
    if (!globals.admin_url.empty())
      return fail(
          FaultKind::InvalidRequest,
          "--binary names a file on naru's machine, through its data directory; it does not "
          "go with --admin-url");
    const std::string path = std::filesystem::absolute(options.binary).string();
    NARU_TRY_VOID(name_binary(globals.data_directory, path));
  }
  std::string body;
  json::Writer out(body);
  out.object().field("within_ms", static_cast<std::int64_t>(within.count()));
  out.field("named", !options.binary.empty()).end_object();
  NARU_TRY(std::string answer,
           give(globals, {.method = "POST", .path = kPath, .body = std::move(body)}));
  return read_answer(std::move(answer));
}

/// Whether an answer may be missing for a moment: one process has let go, or is going.
bool may_pass(const Fault& fault) {
  return fault.kind == FaultKind::UpstreamFailed || fault.kind == FaultKind::UpstreamTimeout ||
         fault.kind == FaultKind::Unavailable || fault.kind == FaultKind::UpstreamInvalid;
}

/// Asks until `done`, or `by`. No answer is a fault once none has come for a while.
Result<Seen> ask_until(const Globals& globals, Monotonic by,
                       const std::function<bool(const Seen&)>& done) {
  const SystemClock clock;
  Monotonic answered = clock.now();
  for (;;) {
    auto seen = ask_state(globals);
    if (seen ? done(*seen) : !may_pass(seen.error())) return seen;
    const Monotonic now = clock.now();
    if (seen) answered = now;
    if (now - answered >= kMoreTime) return seen;
    if (now >= by)
      return fail(FaultKind::Unavailable,
                  "nothing has come of it in time; naru upgrade --status shows how it stands");
    std::this_thread::sleep_for(kLook);
  }
}

std::string show(const Seen& seen, std::string_view first) {
  std::string text = fmt::format("{}\n", first);
  for (const std::string& line : seen.ending) text += line + "\n";
  return text;
}

std::string show_status(const Seen& seen) {
  std::string text = fmt::format("naru {} (pid {}) serves", seen.version, seen.pid);
  if (seen.state == "starting") text += "; an upgrade is under way";
  if (seen.state == "refused") text += "; the last upgrade was refused: " + seen.why;
  return show(seen, text);
}

Result<std::string> carry_out(const Globals& globals, const UpgradeOptions& options) {
  const SystemClock clock;
  if (options.status) {
    NARU_TRY(const Seen seen, ask_state(globals));
    return globals.json ? seen.answer + "\n" : show_status(seen);
  }
  NARU_TRY(const std::chrono::milliseconds within, read_span(options.within));
  NARU_TRY(const Seen before, wish(globals, options, within));
  NARU_TRY(Seen after, ask_until(globals, clock.now() + within + kMoreTime, [&](const Seen& seen) {
             return seen.pid == before.pid ? seen.state == "refused" : !seen.handing_over;
           }));
  if (after.pid == before.pid)
    return fail(FaultKind::Unavailable, "the upgrade is refused, and naru {} (pid {}) goes on: {}",
                before.version, before.pid, after.why);
  if (options.wait) {
    NARU_TRY(after, ask_until(globals, Monotonic::max(),
                              [&](const Seen& seen) { return !seen.ends_in(before.pid); }));
  }
  if (globals.json) return after.answer + "\n";
  return show(after, fmt::format("naru {} (pid {}) has handed over to naru {} (pid {})",
                                 before.version, before.pid, after.version, after.pid));
}

}  // namespace

void add_upgrade(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<UpgradeOptions>();
  CLI::App* verb = app.add_subcommand(
      "upgrade", "have the running naru replaced by a new binary, without a gap");
  verb->add_option("--binary", options->binary,
                   "the new binary; else what stands now at the path naru was started from");
  verb->add_option("--within", options->within,
                   "how long the new one may take until it is ready, as 60s or 5m; at most 10m");
  verb->add_flag("--wait", options->wait, "wait until no call ends in the old process any more");
  verb->add_flag("--status", options->status, "only say which naru serves and what still ends");
  verb->footer(
      "The new process is given the old one's listening sockets and running engines, and reads the "
      "documents itself. Until it serves, the old one does; if it does not come so far, the old "
      "one "
      "goes on, and this exits with 1 and says why.\n"
      "Example: install -m 755 naru /usr/bin/naru && naru upgrade --wait");
  verb->callback([options, &globals] {
    const auto done = carry_out(globals, *options);
    if (!done) return report(globals, done.error());
    say(*done);
  });
}

}  // namespace naru::cli
