#include "gateway/client_stream.h"

#include "net/handoff.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kPieceBytes = 64 << 10;  // of what is written behind the owner, a write

}  // namespace

// Shared with what is written beside the owner, which may outlast a `ClientStream` call by one
// resume.
struct ClientStream::State {
  State(net::ServerCall& call_, net::TaskGroup& group_, ClientStreamOptions options_)
      : call(call_),
        group(group_),
        options(std::move(options_)),
        silence(call.loop().timers(), &State::on_silence, this) {}

  static void on_silence(void* self) { static_cast<State*>(self)->ping_if_idle(); }
  void ping_if_idle() {
    if (writing || closed) return;
    writing = true;
    group.spawn(send_ping(self.lock()));
  }
  void write_if_idle() {
    if (writing || behind.empty()) return;
    writing = true;
    silence.unset();
    group.spawn(send_behind(self.lock()));
  }
  void wake() {
    if (waiting != nullptr) waiting->fire();
  }
  void listen_for_silence() {
    if (!closed)
      silence.set(call.loop().clock().now() + (begun ? options.between_pings : options.hold));
  }
  net::Until until() { return {call.loop().clock().now() + options.write_timeout, &call.gone()}; }
  void done_writing() {
    writing = false;
    write_if_idle();
    wake();
    if (!writing) listen_for_silence();
  }

  net::ServerCall& call;
  net::TaskGroup& group;
  ClientStreamOptions options;
  net::Timers::Timer silence;
  std::weak_ptr<State> self;
  net::Stop* waiting = nullptr;  // of the owner, while something is being written beside it
  std::string behind;            // to be written beside the owner
  std::size_t in_hand = 0;       // bytes of it that are being written
  Result<void> failed = {};      // the first write beside the owner that did
  bool begun = false;
  bool writing = false;
  bool closed = false;
};

ClientStream::ClientStream(net::ServerCall& call, net::TaskGroup& group,
                           ClientStreamOptions options)
    : state_(std::make_shared<State>(call, group, std::move(options))) {
  state_->self = state_;
  state_->listen_for_silence();
}

ClientStream::~ClientStream() { state_->closed = true; }

void ClientStream::set_headers(std::vector<net::Header> headers) {
  if (!state_->begun) state_->options.headers = std::move(headers);
}

bool ClientStream::started() const { return state_->begun; }

/// Begins the answer, which has not begun.
net::Task<Result<void>> ClientStream::begin(std::shared_ptr<State> state) {
  state->begun = true;
  co_return co_await state->call.start({.status = 200, .headers = state->options.headers},
                                       state->until());
}

net::Task<void> ClientStream::send_ping(std::shared_ptr<State> state) {
  Result<void> sent;
  if (!state->begun) sent = co_await begin(state);
  if (sent) sent = co_await state->call.write(state->options.ping, state->until());
  // A client that is gone fires `gone`, which ends the exchange; nothing is left to do here.
  state->done_writing();
}

net::Task<void> ClientStream::send_behind(std::shared_ptr<State> state) {
  Result<void> sent;
  if (!state->begun) sent = co_await begin(state);
  std::string piece;
  while (sent && !state->behind.empty()) {
    piece.assign(state->behind, 0, kPieceBytes);
    state->behind.erase(0, piece.size());
    state->in_hand = piece.size();
    sent = co_await state->call.write(piece, state->until());
    state->in_hand = 0;
    state->wake();
  }
  if (!sent) {
    state->behind = {};
    state->failed = std::move(sent);
  }
  state->done_writing();
}

std::size_t ClientStream::write_behind(std::string_view bytes) {
  if (!state_->failed) return 0;
  state_->behind += bytes;
  state_->write_if_idle();
  return state_->behind.size() + state_->in_hand;
}

net::Task<Result<void>> ClientStream::catch_up(std::size_t most) {
  auto state = state_;
  while (state->behind.size() + state->in_hand > most) co_await wait_for_write(state);
  co_return state->failed;
}

net::Task<Result<void>> ClientStream::write(std::string_view bytes) {
  auto state = state_;
  co_await wait_turn(state);
  Result<void> sent;
  if (!state->begun) sent = co_await begin(state);
  if (sent && !bytes.empty()) sent = co_await state->call.write(bytes, state->until());
  state->done_writing();
  co_return sent;
}

net::Task<Result<void>> ClientStream::finish(std::string_view bytes) {
  auto state = state_;
  co_await wait_turn(state);
  state->closed = true;
  state->silence.unset();
  Result<void> sent;
  if (!state->begun) sent = co_await begin(state);
  if (sent) sent = co_await state->call.finish(bytes, state->until());
  state->done_writing();
  co_return sent;
}

net::Task<void> ClientStream::settle() {
  auto state = state_;
  state->closed = true;
  state->silence.unset();
  co_await wait_turn(state);
  state->writing = false;
}

/// Waits until something that is written beside the owner has been taken. Each write has a timeout,
/// so this ends.
net::Task<void> ClientStream::wait_for_write(std::shared_ptr<State> state) {
  net::Stop taken;
  state->waiting = &taken;
  auto woken = co_await net::wait(state->call.loop(), taken, {});
  state->waiting = nullptr;
  (void)woken;
}

/// Waits until nothing is being written beside the owner, and takes the turn.
net::Task<void> ClientStream::wait_turn(std::shared_ptr<State> state) {
  while (state->writing) co_await wait_for_write(state);
  state->silence.unset();
  state->writing = true;
}

}  // namespace naru::gateway
