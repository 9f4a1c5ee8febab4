#include <algorithm>

#include "mock/answer.h"

namespace naru::mock {
namespace {

using std::chrono::microseconds;

constexpr std::uint32_t kDripsASecond = 10;  // writes, where a drip is not cut otherwise

std::size_t bytes_a_write(const Plan& plan) {
  if (plan.cut_every > 0 || plan.bytes_a_second == 0) return plan.cut_every;
  return std::max(1U, plan.bytes_a_second / kDripsASecond);
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Whether a write ends between two bytes because of what they are.
bool parts(CutWithin within, char before, char behind) {
  if (within == CutWithin::Character) return is_continuation(behind) && !is_continuation(before);
  return within == CutWithin::LineEnd && before == '\r' && behind == '\n';
}

/// Each piece waits until its last byte is due.
void drip(std::vector<Piece>& pieces, std::uint32_t bytes_a_second) {
  const auto due = [&](std::uint64_t bytes) {
    return microseconds(bytes * std::micro::den / bytes_a_second);
  };
  std::uint64_t at = 0;
  for (Piece& piece : pieces) {
    piece.wait += due(at + piece.bytes.size()) - due(at);
    at += piece.bytes.size();
  }
}

}  // namespace

std::vector<Piece> cut(std::vector<Piece> pieces, const Plan& plan) {
  const std::size_t every = bytes_a_write(plan);
  const bool whole = plan.cut_at == 0 && plan.cut_within == CutWithin::Nothing;
  if (every == 0 && whole) return pieces;
  std::vector<Piece> finer;
  std::size_t at = 0;  // bytes of the body so far
  char before = 0;
  for (const Piece& piece : pieces) {
    const bool apart = every == 0 || piece.wait.count() > 0 || finer.empty();
    for (std::size_t i = 0; i < piece.bytes.size(); ++i, ++at) {
      const char c = piece.bytes[i];
      const bool begins = i == 0 && apart;
      const bool full = every > 0 && !finer.empty() && finer.back().bytes.size() == every;
      if (begins || full || (at > 0 && at == plan.cut_at) || parts(plan.cut_within, before, c))
        finer.push_back({.bytes = {}, .wait = begins ? piece.wait : microseconds(0)});
      finer.back().bytes.push_back(c);
      before = c;
    }
  }
  if (plan.bytes_a_second > 0) drip(finer, plan.bytes_a_second);
  return finer;
}

}  // namespace naru::mock
