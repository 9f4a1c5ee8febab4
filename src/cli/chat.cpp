#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/ask/http.h"
#include "cli/chat/conversation.h"
#include "cli/serve/data_directory.h"
#include "cli/show/listing.h"
#include "cli/verbs.h"
#include "sys/fd.h"

namespace naru::cli {
namespace {

constexpr std::chrono::seconds kPatience{600};  // a cold model, or a long thought
constexpr std::size_t kMaxErrorBytes = 64 << 10;

struct ChatWish {
  std::string model;
  std::string system;
  std::string message;  ///< one question instead of a conversation
  std::string key;
  std::string url;  ///< of another naru's data listener
};

Result<std::string> key_of(const ChatWish& wish) {
  if (!wish.key.empty()) return wish.key;
  const char* key = std::getenv("NARU_API_KEY");
  if (key != nullptr && *key != '\0') return std::string(key);
  return fail(FaultKind::InvalidRequest,
              "no API key; give --key or set NARU_API_KEY (naru keys create NAME makes one)");
}

Result<std::string> url_of(const ChatWish& wish, const Globals& globals) {
  if (!wish.url.empty()) return wish.url;
  if (auto url = read_address(globals.data_directory, "data")) return url;
  return fail(FaultKind::Unavailable,
              "no naru runs on {}; start one with naru serve, or name another's address with --url",
              globals.data_directory);
}

/// Talks with one model. Lifetime: `wish` and `globals` outlive it.
class Talk {
 public:
  Talk(const ChatWish& wish, const Globals& globals, std::string url, std::string key)
      : wish_(wish), globals_(globals), url_(std::move(url)), key_(std::move(key)) {
    if (!wish.system.empty()) turns_.push_back({.role = "system", .text = wish.system});
  }

  /// Asks and prints the answer as it comes; both are kept if it came whole.
  Result<void> ask_model(std::string question) {
    turns_.push_back({.role = "user", .text = std::move(question)});
    AnswerReader reader;
    const auto outcome = hear(reader);
    if (!reader.text().empty()) say("\n");
    if (!outcome) {
      turns_.pop_back();
      return outcome;
    }
    turns_.push_back({.role = "assistant", .text = reader.text()});
    return {};
  }

 private:
  /// What a terminal shows steers nothing.
  void show(std::string_view text) const { say(terminal_ ? without_controls(text) : text); }

  Result<void> hear(AnswerReader& reader) {
    Asking asking{
        .method = "POST",
        .base_url = url_,
        .target = "/v1/chat/completions",
        .headers = {{"authorization", "Bearer " + key_}, {"content-type", "application/json"}},
        .body = write_chat(wish_.model, turns_),
        .ca_file = globals_.ca_file,
        .patience = kPatience};
    std::string refusal;
    NARU_TRY(const int status, ask(asking, [&](int code, std::string_view piece) -> Result<void> {
               if (code == 200)
                 return reader.feed(piece, [this](std::string_view text) { show(text); });
               refusal.append(
                   piece.substr(0, kMaxErrorBytes - std::min(refusal.size(), kMaxErrorBytes)));
               return {};
             }));
    if (status != 200)
      return fail(FaultKind::UpstreamRefused, "{}", said_in_error(status, refusal));
    if (!reader.ended())
      return fail(FaultKind::UpstreamInvalid, "the answer ended before it was complete");
    return {};
  }

  const ChatWish& wish_;
  const Globals& globals_;
  const std::string url_;
  const std::string key_;
  const bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
  std::vector<Turn> turns_;
};

/// One line of stdin without its end; nullopt at the end of all.
std::optional<std::string> read_line() {
  std::string line;
  int c = 0;
  while ((c = std::fgetc(stdin)) != EOF && c != '\n') line.push_back(static_cast<char>(c));
  if (c == EOF && line.empty()) return std::nullopt;
  return line;
}

void converse(Talk& talk, Globals& globals) {
  const bool people = ::isatty(STDIN_FILENO) == 1;
  if (people) std::fputs("Ctrl-D ends.\n", stderr);
  while (true) {
    if (people) std::fputs("> ", stderr);
    auto line = read_line();
    if (!line) break;
    if (line->find_first_not_of(" \t\r") == line->npos) continue;
    const auto outcome = talk.ask_model(*std::move(line));
    globals.exit_code = 0;
    if (!outcome) report(globals, outcome.error());
    if (!outcome && !people) return;
  }
  if (people) std::fputs("\n", stderr);
}

void chat(Globals& globals, const ChatWish& wish) {
  auto key = key_of(wish);
  if (!key) return report(globals, key.error());
  auto url = url_of(wish, globals);
  if (!url) return report(globals, url.error());
  Talk talk(wish, globals, *std::move(url), *std::move(key));
  if (wish.message.empty()) return converse(talk, globals);
  if (const auto outcome = talk.ask_model(wish.message); !outcome) report(globals, outcome.error());
}

}  // namespace

void add_chat(CLI::App& app, Globals& globals) {
  auto wish = std::make_shared<ChatWish>();
  CLI::App* verb = app.add_subcommand("chat", "talk to a model in the terminal");
  verb->add_option("model", wish->model, "its name, as naru models shows it")->required();
  verb->add_option("--system,-s", wish->system, "what the model is told first");
  verb->add_option("--message,-m", wish->message, "ask this one question and end");
  verb->add_option("--key,-k", wish->key, "API key; else $NARU_API_KEY");
  verb->add_option("--url", wish->url, "another naru's address, as https://naru.example.com");
  verb->footer(
      "Each line of stdin is a question; the conversation is kept until Ctrl-D.\n"
      "Example: naru chat smollm2 -m 'What is a ferry?'");
  verb->callback([wish, &globals] { chat(globals, *wish); });
}

}  // namespace naru::cli
