#include "cli/provider_apart.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <utility>

#include "cli/across.h"
#include "cli/stop.h"
#include "harness/subject/provider_library.h"

namespace oftwin::cli {
namespace {

enum class Question : std::uint8_t { reset, drive };

// False: the other side has gone.
bool write_whole(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

bool write_message(int fd, const Bytes& message) {
  std::uint64_t size = message.size();
  return write_whole(fd, across::pack(size)) && write_whole(fd, message);
}

enum class Heard : std::uint8_t { all, gone, nothing_for_long };

Heard read_whole(int fd, std::uint8_t* to, std::size_t size, int patience_ms) {
  while (size > 0) {
    pollfd waiting{fd, POLLIN, 0};
    const int ready = poll(&waiting, 1, patience_ms);
    if (ready == 0) return Heard::nothing_for_long;
    if (ready < 0) continue;  // a signal: not for us
    const ssize_t n = read(fd, to, size);
    if (n == 0 || (n < 0 && errno != EINTR)) return Heard::gone;
    if (n > 0) to += n, size -= static_cast<std::size_t>(n);
  }
  return Heard::all;
}

Heard read_message(int fd, Bytes& message, int patience_ms) {
  std::uint64_t size = 0;
  const Heard heard = read_whole(fd, reinterpret_cast<std::uint8_t*>(&size), sizeof size, patience_ms);
  if (heard != Heard::all) return heard;
  message.resize(size);
  return read_whole(fd, message.data(), message.size(), patience_ms);
}

// What was open when the process was forked is other people's: a socket that is open here, too, would never close.
void close_all_but(int a, int b) {
  const auto [low, high] = std::minmax(a, b);
  close_range(3, static_cast<unsigned>(low - 1), 0);
  if (high - low > 1) close_range(static_cast<unsigned>(low + 1), static_cast<unsigned>(high - 1), 0);
  close_range(static_cast<unsigned>(high + 1), ~0u, 0);
}

}  // namespace

ProviderApart::ProviderApart(std::unique_ptr<harness::ProviderSubject> provider, const ProviderLimits& limits)
    : provider_(std::move(provider)), how_(isolation_for(limits, "")) {}

ProviderApart::~ProviderApart() { end(); }

void ProviderApart::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  words_ = new_words();
  facts_ = std::make_unique<SharedMemory<Facts>>();
  std::fflush(nullptr);
  const pid_t self = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    be_child(self);
    answer_all(ends[1], words_);
  }
  close(ends[1]);
  socket_ = ends[0];
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
}

void ProviderApart::end() {
  if (socket_ >= 0) close(socket_);
  if (pid_ > 0) end_child(pid_, how_, End::hung, words_, *facts_->get());
  if (words_ >= 0) close(words_);
  pid_ = socket_ = words_ = -1;
}

void ProviderApart::lose(bool hung) {
  const std::optional<End> why = hung                    ? std::optional(End::hung)
                                 : facts_->get()->copied ? std::optional(End::copied)
                                                         : std::nullopt;
  const IsolatedOutcome outcome = end_child(std::exchange(pid_, -1), how_, why, words_, *facts_->get());
  end();
  throw harness::SubjectLost(print_loss(loss_of(outcome)));
}

Bytes ProviderApart::ask(const Bytes& question) {
  Bytes answer;
  trim_words(words_, printed_);
  if (!write_message(socket_, question)) lose(false);
  const Heard heard = read_message(socket_, answer, static_cast<int>(how_.hang.count()));
  if (heard != Heard::all) lose(heard == Heard::nothing_for_long);
  return answer;
}

void ProviderApart::reset(const SwitchConfig& config) {
  end();
  start();
  SwitchConfig wanted = config;
  Question question = Question::reset;
  const Bytes answer = ask(across::pack(question, wanted));
  std::string refusal;
  across::unpack(answer, refusal, channels_, packets_, built_);
  if (!refusal.empty()) throw harness::ProviderRefused(refusal);
  conduct_ = {};
}

void ProviderApart::drive(const Event& event, std::vector<Observation>& out) {
  Event driven = event;
  Question question = Question::drive;
  const Bytes answer = ask(across::pack(question, driven));
  std::vector<Observation> seen;
  across::unpack(answer, seen, conduct_, as_it_was_, driven_);
  std::ranges::move(seen, std::back_inserter(out));
}

// --- The other process ---

// Until the first one closes its end.
void ProviderApart::answer_all(int socket, int words) {
  // Signals of a terminal are for the server, which has the last word.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  close_all_but(socket, words);
  Facts& facts = *facts_->get();
  be_guarded(*how_.guard, words, facts);
  int code = 0;
  try {
    Bytes question;
    while (read_message(socket, question, -1) == Heard::all) {
      const Bytes told = answer(question);
      must_be_the_one(facts);
      if (!write_message(socket, told)) break;
    }
  } catch (const std::exception& e) {
    note_exception(facts, e);
    code = 1;
  }
  std::fflush(nullptr);
  _exit(code);
}

Bytes ProviderApart::answer(ByteView question) {
  Question what{};
  across::Unpacker in(question);
  across::walk(in, what);
  if (what == Question::reset) {
    SwitchConfig config;
    across::walk(in, config);
    std::string refusal;
    try {
      provider_->reset(config);
    } catch (const harness::ProviderRefused& why) { refusal = why.what(); }
    unsigned channels = provider_->channels();
    bool packets = provider_->packets();
    SwitchConfig built = refusal.empty() ? provider_->as_built(config) : config;
    return across::pack(refusal, channels, packets, built);
  }
  Event event;
  across::walk(in, event);
  std::vector<Observation> seen;
  provider_->drive(event, seen);
  const Event& driven = provider_->as_driven(event);
  bool as_it_was = &driven == &event;
  Event other = as_it_was ? Event{} : driven;
  harness::Conduct conduct = *provider_->conduct();
  return across::pack(seen, conduct, as_it_was, other);
}

}  // namespace oftwin::cli
