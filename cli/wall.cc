#include "cli/wall.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace oftwin::cli {
namespace {

struct Header {
  std::uint64_t secret, size, check;
  PieceKind kind;
};
constexpr std::uint64_t kMostPiece = 1u << 30;  // bytes
constexpr std::int64_t kUntrimmed = 1 << 20, kKept = 64 << 10;
constexpr std::size_t kShown = 4096;  // of the beginning, and of the end

// FNV-1a: against accidents, not against intent; for that there is the secret.
std::uint64_t check_of(std::string_view text) {
  std::uint64_t sum = 0xcbf29ce484222325u;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return sum;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::string text_at(int fd, std::int64_t from, std::int64_t to) {
  std::string text(static_cast<std::size_t>(std::max<std::int64_t>(to - from, 0)), '\0');
  const ssize_t n = pread(fd, text.data(), text.size(), from);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

}  // namespace

// --- What is told ---

Secret new_secret() {
  Secret secret;
  if (getrandom(&secret.number, sizeof secret.number, 0) != sizeof secret.number) secret.number = 0x6f667477696eu;
  return secret;
}

bool write_piece(int fd, Secret secret, PieceKind kind, std::string_view text) {
  Header header{};
  header.secret = secret.number;
  header.size = text.size();
  header.check = check_of(text);
  header.kind = kind;
  std::string piece(sizeof header, '\0');
  std::memcpy(piece.data(), &header, sizeof header);
  piece += text;
  return write_all(fd, piece);
}

int out_of_the_way(int fd) {
  constexpr int high = 600;
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, high);
  if (moved < 0) return fd;  // there are no such numbers here
  close(fd);
  return moved;
}

void Pieces::add(const char* bytes, std::size_t n) {
  text_.append(bytes, n);
  while (take()) {}
}

void Pieces::drop(std::size_t n) {
  foreign_ += n;
  text_.erase(0, n);
}

// One piece, if it is there; what stands before it is dropped.
bool Pieces::take() {
  char secret[sizeof secret_.number];
  std::memcpy(secret, &secret_.number, sizeof secret);
  const std::size_t at = text_.find(std::string_view(secret, sizeof secret));
  if (at == std::string::npos) {
    if (text_.size() >= sizeof secret) drop(text_.size() - sizeof secret + 1);
    return false;
  }
  if (at > 0) drop(at);
  Header header{};
  if (text_.size() < sizeof header) return false;
  std::memcpy(&header, text_.data(), sizeof header);
  if (header.size <= kMostPiece && text_.size() - sizeof header < header.size) return false;
  const std::string piece = header.size <= kMostPiece ? text_.substr(sizeof header, header.size) : "";
  if (header.size > kMostPiece || check_of(piece) != header.check) {
    drop(sizeof secret);  // somebody wrote into the middle of it
    return true;
  }
  text_.erase(0, sizeof header + header.size);
  if (header.kind == PieceKind::result) {
    result = piece;
  } else if (told_) {
    told_(piece);
  }
  return true;
}

// --- What it prints ---

int new_words() { return memfd_create("last words", MFD_CLOEXEC); }

bool trim_words(int words, std::int64_t& before) {
  struct stat now{};
  if (words < 0 || fstat(words, &now) != 0 || now.st_size == before) return false;
  before = now.st_size;
  if (now.st_size <= kUntrimmed) return true;
  fallocate(words, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kKept, now.st_size - 2 * kKept);
  return true;
}

LastWords last_words_in(int words, const Facts& facts) {
  struct stat now{};
  LastWords last;
  if (words < 0 || fstat(words, &now) != 0) return last;
  const std::int64_t frames = facts.frames,
                     end = frames > 0 ? std::min<std::int64_t>(frames - 1, now.st_size) : now.st_size;
  constexpr auto shown = static_cast<std::int64_t>(kShown);
  if (end <= 2 * shown) {
    last.printed = text_at(words, 0, end);
  } else {
    last.printed = text_at(words, 0, shown) + fmt::format("\n[... {} bytes ...]\n", end - 2 * shown) +
                   text_at(words, end - shown, end);
  }
  if (frames > 0) last.frames = text_at(words, end, std::min<std::int64_t>(now.st_size, end + kKept));
  return last;
}

// --- What it leaves behind ---

std::vector<pid_t> children_of(pid_t parent, const std::vector<pid_t>& except) {
  std::vector<pid_t> out;
  const std::string path = fmt::format("/proc/{0}/task/{0}/children", parent);
  if (std::FILE* f = std::fopen(path.c_str(), "re")) {
    for (int pid = 0; std::fscanf(f, "%d", &pid) == 1;) {
      if (std::ranges::find(except, pid) == except.end()) out.push_back(pid);
    }
    std::fclose(f);
  }
  return out;
}

void inherit_orphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

// Ending one may make this process inherit others.
std::size_t end_strays(const std::vector<pid_t>& known) {
  std::size_t ended = 0;
  for (std::vector<pid_t> strays = children_of(getpid(), known); !strays.empty();
       strays = children_of(getpid(), known)) {
    for (const pid_t stray : strays) {
      kill(stray, SIGKILL);
      while (waitpid(stray, nullptr, 0) < 0 && errno == EINTR) {}
      ++ended;
    }
  }
  return ended;
}

}  // namespace oftwin::cli
