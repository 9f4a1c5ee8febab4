#include "store/answer_shelf.h"

namespace naru::store {

AnswerShelf::AnswerShelf(SharedConnection& writing, Connection reading)
    : writing_(writing), reading_(std::move(reading)), thread_([this] { work(); }) {}

AnswerShelf::~AnswerShelf() {
  jobs_.close();
  thread_.join();
}

void AnswerShelf::work() {
  while (true) {
    const auto jobs = jobs_.take(1);
    if (jobs.empty()) return;
    for (const Job& job : jobs) {
      job.run();
      waiting_bytes_.fetch_sub(job.bytes);
    }
  }
}

bool AnswerShelf::push(Job& job) {
  const std::uint64_t bytes = job.bytes;
  const std::uint64_t before = waiting_bytes_.fetch_add(bytes);
  const bool fits = before == 0 || before + bytes <= kMostWaitingBytes;
  if (fits && jobs_.push(job)) return true;
  waiting_bytes_.fetch_sub(bytes);
  return false;
}

}  // namespace naru::store
