#include "dialect/provider_words.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace naru::dialect {
namespace {

constexpr std::string_view kLeftOut = "…";

/// Letters and digits without a break: no word and no model is as long, keys without a mark are.
constexpr std::size_t kShortestKey = 32;

/// How keys and ids of accounts begin where servers speak our dialects.
constexpr auto kMarks = std::to_array<std::string_view>({
    "sk-",      // OpenAI, Anthropic, OpenRouter, DeepSeek and many more
    "sk_",      // ElevenLabs, Stripe
    "pk-",      // public halves
    "rk-",      // restricted keys
    "sess-",    // sessions of OpenAI
    "org-",     // OpenAI's organisations
    "org_",     // Groq's
    "proj_",    // OpenAI's projects
    "proj-",    // the same in masked keys
    "acct_",    // accounts
    "wrkspc_",  // Anthropic's workspaces
    "gsk_",     // Groq
    "xai-",     // xAI
    "hf_",      // Hugging Face
    "nvapi-",   // NVIDIA
    "pplx-",    // Perplexity
    "fw_",      // Fireworks
    "csk-",     // Cerebras
    "tgp_",     // Together
    "AIza",     // Google
    "ya29.",    // Google's tokens
    "ABSK",     // Bedrock
    "eyJ",      // a JSON web token
});

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_digit(c) || is_letter(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Whether `before` ends in an escape that another format left in the text: `\n`, `\u0022`, `%20`.
bool ends_in_escape(std::string_view before) {
  const auto ends = [&](std::string_view lead, std::size_t digits) {
    if (before.size() < lead.size() + digits) return false;
    const std::string_view tail = before.substr(before.size() - lead.size() - digits);
    return tail.starts_with(lead) && std::ranges::all_of(tail.substr(lead.size()), is_hex);
  };
  const bool letter = before.size() >= 2 && before[before.size() - 2] == '\\';
  return letter || ends("\\u", 4) || ends("%", 2);
}

bool begins_word(std::string_view text, std::size_t at) {
  return at == 0 || !is_word(text[at - 1]) || ends_in_escape(text.substr(0, at));
}

/// Bytes of a long run of letters and digits, both in it, at the start of `text`; else 0.
std::size_t unmarked_bytes(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, is_word);
  const auto run = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  const bool mixed = std::ranges::any_of(run, is_digit) && std::ranges::any_of(run, is_letter);
  return mixed && run.size() >= kShortestKey ? run.size() : 0;
}

/// Bytes of the key or id `text` begins with, 0 if it begins with none. Masked ones have stars,
/// dots or bullets in their middle; the full stop behind one stays.
std::size_t secret_bytes(std::string_view text) {
  const auto mark =
      std::ranges::find_if(kMarks, [&](std::string_view one) { return text.starts_with(one); });
  if (mark == kMarks.end()) return unmarked_bytes(text);
  std::size_t end = mark->size();
  const auto masked = [&](std::string_view with) {
    if (!text.substr(end).starts_with(with)) return false;
    end += with.size();
    return true;
  };
  while (end < text.size()) {
    if (is_word(text[end]) || std::string_view("-_.*").find(text[end]) != std::string_view::npos)
      ++end;
    else if (!masked("…") && !masked("•"))
      break;
  }
  while (end > mark->size() && text[end - 1] == '.') --end;
  return end;
}

std::string on_one_line(std::string_view words) {
  std::string line(words);
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::ranges::replace_if(line, control, ' ');
  return line;
}

}  // namespace

FaultKind kind_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return FaultKind::UpstreamAuth;
    case 402:
      return FaultKind::UpstreamSpent;
    case 404:
    case 405:
    case 410:  // the model or path it is configured for
      return FaultKind::UpstreamMissing;
    case 408:
    case 504:
      return FaultKind::UpstreamTimeout;
    case 409:
    case 425:  // says nothing of the request; it may do at another time
      return FaultKind::UpstreamFailed;
    case 429:
      return FaultKind::RateLimited;
    case 503:
    case 529:
      return FaultKind::Overloaded;
    default:
      if (status >= 400 && status < 500) return FaultKind::UpstreamRefused;
      return status >= 500 ? FaultKind::UpstreamFailed : FaultKind::UpstreamInvalid;
  }
}

std::string cleaned(std::string_view words, std::size_t most) {
  // One byte more than can be kept, so that a cut is seen; what follows never makes it longer.
  const std::string line = on_one_line(clipped(words, most + kLeftOut.size()));
  std::string kept;
  for (std::size_t at = 0; at < line.size();) {
    const std::string_view rest = std::string_view(line).substr(at);
    const std::size_t secret = begins_word(line, at) ? secret_bytes(rest) : 0;
    kept.append(secret > 0 ? kLeftOut : rest.substr(0, 1));
    at += std::max<std::size_t>(secret, 1);
  }
  if (words.size() <= most) return kept;
  kept.resize(clipped(kept, most - kLeftOut.size()).size());
  return kept.append(kLeftOut);
}

}  // namespace naru::dialect
