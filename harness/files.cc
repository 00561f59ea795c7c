#include "harness/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "harness/limits.h"

namespace oftwin::harness {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, int error) { throw FileError(path + ": " + std::strerror(error)); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, errno);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
}

// A folder that cannot be synced is no reason to lose what has been written.
void sync_folder(const fs::path& folder) {
  Descriptor fd(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) fsync(fd.get());
}

// Devices, FIFOs and sockets have nothing to sync and say so.
void sync(int fd, const std::string& path) {
  if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS) fail(path, errno);
}

// The descriptor of ours that is this very file, with all that was printed to it before gone out; -1: none.
int own_output(const struct stat& what) {
  for (std::FILE* stream : {stdout, stderr}) {
    struct stat mine{};
    if (fstat(fileno(stream), &mine) != 0 || mine.st_dev != what.st_dev || mine.st_ino != what.st_ino) continue;
    std::fflush(stream);
    return fileno(stream);
  }
  return -1;
}

void write_through(const std::string& path, std::string_view content) {
  Descriptor fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666));
  if (fd.get() < 0) fail(path, errno);
  write_all(fd.get(), content, path);
  sync(fd.get(), path);
}

// Where the links from `path` lead, whether there is something or not.
fs::path followed(const std::string& path) {
  constexpr int most = 40;  // as the system itself follows
  fs::path at(path);
  std::error_code error;
  for (int i = 0; i < most && fs::is_symlink(fs::symlink_status(at, error)); ++i) {
    const fs::path to = fs::read_symlink(at, error);
    if (error) break;
    at = to.is_absolute() ? to : at.parent_path() / to;
  }
  return at;
}

// A new file beside `target`, named so that nobody takes it for an input. -1: there can be none, and errno says why.
int open_aside(const fs::path& target, std::string& name) {
  for (unsigned n = 0;; ++n) {
    const fs::path beside = target.parent_path() / ("." + target.filename().string() + "." + std::to_string(getpid()) +
                                                    "-" + std::to_string(n) + "~");
    name = beside.string();
    const int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
}

// `old`: of the plain file that is replaced; nullptr: there is none. False: it cannot be done in this way.
bool replace(const fs::path& target, const struct stat* old, std::string_view content, const std::string& path) {
  std::string aside;
  Descriptor fd(open_aside(target, aside));
  if (fd.get() < 0) return false;
  try {
    if (old != nullptr && old->st_uid != geteuid() && fchown(fd.get(), old->st_uid, old->st_gid) != 0) {
      unlink(aside.c_str());  // it would change hands
      return false;
    }
    if (old != nullptr && fchmod(fd.get(), old->st_mode & 07777) != 0) fail(path, errno);
    write_all(fd.get(), content, path);
    sync(fd.get(), path);
    if (rename(aside.c_str(), target.c_str()) != 0) fail(path, errno);
  } catch (const FileError&) {
    unlink(aside.c_str());
    throw;
  }
  sync_folder(target.parent_path());
  return true;
}

// The nearest folder above that exists.
fs::path existing(fs::path folder) {
  std::error_code error;
  folder = fs::absolute(folder, error);
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

}  // namespace

namespace {

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

void must_be_plain(const struct stat& what, const std::string& path, std::uint64_t most, const char* of) {
  if (!S_ISREG(what.st_mode)) throw FileError(path + ": is " + kind_of(what.st_mode) + ", and inputs are plain files");
  if (static_cast<std::uint64_t>(what.st_size) > most) throw FileError(path + ": " + limits::beyond(most, of));
}

}  // namespace

void must_be_input(const std::string& path, std::uint64_t most, const char* of) {
  struct stat what{};
  if (stat(path.c_str(), &what) != 0) fail(path, errno);
  must_be_plain(what, path, most, of);
}

std::string read_file(const std::string& path, std::uint64_t most, const char* of) {
  // Without O_NONBLOCK a FIFO that nobody writes to would never be open.
  Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) fail(path, errno);
  struct stat what{};
  if (fstat(fd.get(), &what) != 0) fail(path, errno);
  must_be_plain(what, path, most, of);
  std::string out;
  char buffer[65536];
  for (;;) {
    ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, errno);
    if (n == 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > most) throw FileError(path + ": " + limits::beyond(most, of));
  }
}

std::string read_file(const std::string& path) { return read_file(path, limits::kTrace, "a trace"); }

std::string read_text(const std::string& path, std::uint64_t most, const char* of) {
  std::string text = read_file(path, most, of);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    throw FileError(path + ":1:1: is UTF-16, and text is UTF-8 here");
  }
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends_line = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (!ends_line) text[kept++] = text[i];
  }
  text.resize(kept);
  return text;
}

void write_file(const std::string& path, std::string_view content) {
  struct stat old{};
  const bool there = stat(path.c_str(), &old) == 0;
  if (there) {
    if (const int own = own_output(old); own >= 0) return write_all(own, content, path);
    if (access(path.c_str(), W_OK) != 0) fail(path, errno);
    if (!S_ISREG(old.st_mode) || old.st_nlink > 1) return write_through(path, content);
  }
  const fs::path target = followed(path);
  std::error_code error;
  if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
  if (error) throw FileError(path + ": " + error.message());
  if (!replace(target, there ? &old : nullptr, content, path)) write_through(path, content);
}

void must_be_writable(const std::string& path) {
  struct stat old{};
  if (stat(path.c_str(), &old) != 0) {
    if (errno != ENOENT) fail(path, errno);
    const fs::path target = followed(path);
    return must_be_writable_folder(target.has_parent_path() ? target.parent_path().string() : ".");
  }
  if (S_ISDIR(old.st_mode)) fail(path, EISDIR);
  if (access(path.c_str(), W_OK) != 0) fail(path, errno);
}

void must_be_writable_folder(const std::string& folder) {
  const fs::path there = existing(folder);
  struct stat status{};
  if (stat(there.c_str(), &status) != 0) fail(folder, errno);
  if (!S_ISDIR(status.st_mode)) fail(folder, ENOTDIR);
  if (access(there.c_str(), W_OK | X_OK) != 0) fail(folder, errno);
}

}  // namespace oftwin::harness
