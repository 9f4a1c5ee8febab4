#include "net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>

namespace naru::net {
namespace {

constexpr std::size_t kRecordBytes = 16 << 10;  // the most one TLS record carries
constexpr std::size_t kKeptBytes = 4 << 10;     // room kept between writes

SocketStream& socket_of(BIO* bio) { return *static_cast<SocketStream*>(BIO_get_data(bio)); }

/// What OpenSSL is told of a system call; a socket that would block is no error.
int answer(BIO* bio, ssize_t count, std::size_t* done, int retry_flag) {
  BIO_clear_retry_flags(bio);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
  *done = count > 0 ? static_cast<std::size_t>(count) : 0;
  return count > 0 ? 1 : 0;
}

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL, which kills a process that does not ignore
// SIGPIPE.
int bio_write(BIO* bio, const char* bytes, std::size_t size, std::size_t* done) {
  return answer(bio, ::send(socket_of(bio).fd(), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT), done,
                BIO_FLAGS_WRITE);
}

int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* done) {
  const ssize_t got = ::recv(socket_of(bio).fd(), into, size, MSG_DONTWAIT);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return answer(bio, got, done, BIO_FLAGS_READ);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "naru socket");
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

/// The front of `parts`, as much as goes into one record.
void fill_record(std::string& record, const Parts& parts) {
  for (const std::string_view part : parts)
    record += part.substr(0, kRecordBytes - std::min(kRecordBytes, record.size()));
}

}  // namespace

void TlsStream::FreeSession::operator()(ssl_st* session) const { SSL_free(session); }

TlsStream::TlsStream(std::unique_ptr<SocketStream> socket, ssl_ctx_st* context, Role role)
    : socket_(std::move(socket)), session_(SSL_new(context)) {
  BIO* bio = BIO_new(socket_method());
  BIO_set_data(bio, socket_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(session_.get(), bio, bio);
  SSL_set_mode(session_.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  if (role == Role::Server)
    SSL_set_accept_state(session_.get());
  else
    SSL_set_connect_state(session_.get());
}

TlsStream::~TlsStream() { close(); }

TlsStream::Want TlsStream::want_of(int returned) {
  const int error = SSL_get_error(session_.get(), returned);
  if (error == SSL_ERROR_WANT_READ) return Want::Readable;
  if (error == SSL_ERROR_WANT_WRITE) return Want::Writable;
  return Want::Nothing;
}

std::unexpected<Fault> TlsStream::failed() {
  ready_ = false;
  if (socket_->fd() < 0)
    return fail(FaultKind::Cancelled, "the connection with {} is closed", peer());
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  ERR_clear_error();
  if (reason == nullptr) reason = errno == 0 ? "unexpected eof" : std::strerror(errno);
  return fail(FaultKind::UpstreamFailed, "TLS with {}: {}", peer(), reason);
}

Task<Result<void>> TlsStream::wait_wanted(Until until) {
  if (want_ == Want::Writable) co_return co_await socket_->wait_writable(until);
  co_return co_await socket_->wait_readable(until);
}

Task<Result<void>> TlsStream::handshake(Until until) {
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int done = SSL_do_handshake(session_.get());
    if (done == 1) break;
    want_ = want_of(done);
    if (want_ == Want::Nothing) co_return failed();
    const auto waited = co_await wait_wanted(until);
    NARU_CO_TRY_VOID(waited);
  }
  ready_ = true;
  co_return Result<void>{};
}

Result<std::size_t> TlsStream::read_now(std::span<char> into) {
  ERR_clear_error();
  errno = 0;
  std::size_t got = 0;
  const int done = SSL_read_ex(session_.get(), into.data(), into.size(), &got);
  want_ = done == 1 ? Want::Nothing : want_of(done);
  if (done == 1 || want_ != Want::Nothing) return got;
  if (SSL_get_error(session_.get(), done) == SSL_ERROR_ZERO_RETURN) return 0;
  return failed();
}

Task<Result<std::size_t>> TlsStream::read_some(std::span<char> into, Until until) {
  for (;;) {
    NARU_CO_TRY(const std::size_t got, read_now(into));
    if (want_ == Want::Nothing) co_return got;
    const auto waited = co_await wait_wanted(until);
    NARU_CO_TRY_VOID(waited);
  }
}

void TlsStream::start_read(std::span<char> into, ReadDone& done) {
  read_into_ = into;
  read_done_ = &done;
  auto got = read_now(into);
  if (got && want_ != Want::Nothing) return go_on_reading();
  loop().post([this, told = std::move(got)] { end_reading(told); });
}

void TlsStream::go_on_reading() {
  socket_->start_wait(
      want_ == Want::Writable,
      [](void* self) {
        auto& stream = *static_cast<TlsStream*>(self);
        auto got = stream.read_now(stream.read_into_);
        if (got && stream.want_ != Want::Nothing) return stream.go_on_reading();
        stream.end_reading(std::move(got));
      },
      this);
}

void TlsStream::end_reading(Result<std::size_t> got) {
  std::exchange(read_done_, nullptr)->on_read(std::move(got));
}

Result<std::size_t> TlsStream::write_now(const Parts& parts) {
  Parts rest = parts;
  std::size_t total = 0;
  for (;;) {
    // A record OpenSSL has begun is to be given again as it was: the parts begin with it.
    if (record_.empty()) fill_record(record_, rest);
    if (record_.empty()) return total;
    ERR_clear_error();
    errno = 0;
    std::size_t written = 0;
    const int done = SSL_write_ex(session_.get(), record_.data(), record_.size(), &written);
    if (done != 1) {
      want_ = want_of(done);
      if (want_ != Want::Nothing) return total;
      return failed();
    }
    total += written;
    record_.clear();
    if (record_.capacity() > kKeptBytes) record_.shrink_to_fit();
    if (!drop_front(rest, written)) return total;
  }
}

Task<Result<void>> TlsStream::write_all(Parts parts, Until until) {
  for (;;) {
    NARU_CO_TRY(const std::size_t sent, write_now(parts));
    if (!drop_front(parts, sent)) co_return Result<void>{};
    const auto waited = co_await wait_wanted(until);
    NARU_CO_TRY_VOID(waited);
  }
}

bool TlsStream::readable_now() {
  return SSL_has_pending(session_.get()) == 1 || socket_->readable_now();
}

bool TlsStream::hung_up_now() { return socket_->hung_up_now(); }

void TlsStream::finish_writing() {
  if (std::exchange(ready_, false)) SSL_shutdown(session_.get());
  ERR_clear_error();
  socket_->finish_writing();
}

void TlsStream::close() {
  if (std::exchange(ready_, false)) SSL_shutdown(session_.get());
  ERR_clear_error();
  socket_->close();
}

void TlsStream::reset() {
  ready_ = false;
  socket_->reset();
}

}  // namespace naru::net
