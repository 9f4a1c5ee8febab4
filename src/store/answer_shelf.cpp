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
    for (const auto& job : jobs) job();
  }
}

}  // namespace naru::store
