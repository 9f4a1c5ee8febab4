#include "gateway/client_stream.h"

#include "net/handoff.h"

namespace naru::gateway {

// Shared with a ping that is being written, which may outlast a `ClientStream` call by one resume.
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
  void listen_for_silence() {
    if (!closed)
      silence.set(call.loop().clock().now() + (begun ? options.between_pings : options.hold));
  }
  net::Until until() { return {call.loop().clock().now() + options.write_timeout, &call.gone()}; }
  void done_writing() {
    writing = false;
    if (waiting != nullptr) waiting->fire();
    listen_for_silence();
  }

  net::ServerCall& call;
  net::TaskGroup& group;
  ClientStreamOptions options;
  net::Timers::Timer silence;
  std::weak_ptr<State> self;
  net::Stop* waiting = nullptr;  // of the owner, while a ping is being written
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

namespace {

/// Begins the answer once. Lifetime: caller keeps `call`.
net::Task<Result<void>> begin(net::ServerCall& call, std::vector<net::Header> headers,
                              net::Until until) {
  auto sent = co_await call.start({.status = 200, .headers = std::move(headers)}, until);
  co_return sent;
}

}  // namespace

net::Task<void> ClientStream::send_ping(std::shared_ptr<State> state) {
  Result<void> sent;
  if (!state->begun) {
    state->begun = true;
    sent = co_await begin(state->call, state->options.headers, state->until());
  }
  if (sent) sent = co_await state->call.write(state->options.ping, state->until());
  // A client that is gone fires `gone`, which ends the exchange; nothing is left to do here.
  state->done_writing();
}

net::Task<Result<void>> ClientStream::write(std::string_view bytes) {
  auto state = state_;
  co_await wait_turn(state);
  Result<void> sent;
  if (!state->begun) {
    state->begun = true;
    sent = co_await begin(state->call, state->options.headers, state->until());
  }
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
  if (!state->begun) {
    state->begun = true;
    sent = co_await begin(state->call, state->options.headers, state->until());
  }
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

/// Waits until no ping is being written, and takes the turn.
net::Task<void> ClientStream::wait_turn(std::shared_ptr<State> state) {
  if (state->writing) {
    net::Stop freed;
    state->waiting = &freed;
    // The ping's own write has a timeout, so this ends.
    auto woken = co_await net::wait(state->call.loop(), freed, {});
    state->waiting = nullptr;
    (void)woken;
  }
  state->silence.unset();
  state->writing = true;
}

}  // namespace naru::gateway
