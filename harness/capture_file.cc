#include "harness/capture_file.h"

#include <fmt/format.h>
#include <pcap/pcap.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "harness/capture_segment.h"

namespace oftwin::harness {

namespace {

// A file as zlib reads it, packed or not, in the form that libpcap reads from. It is read once, from its beginning.
ssize_t read_packed(void* cookie, char* out, std::size_t size) {
  const int got = gzread(static_cast<gzFile>(cookie), out, static_cast<unsigned>(std::min<std::size_t>(size, 1 << 20)));
  if (got < 0) errno = EIO;
  return got;
}
// Only to ask where it is.
int where_packed(void* cookie, off64_t* offset, int whence) {
  if (whence != SEEK_CUR || *offset != 0) return -1;
  *offset = gztell(static_cast<gzFile>(cookie));
  return 0;
}
int close_packed(void* cookie) { return gzclose(static_cast<gzFile>(cookie)); }

std::FILE* open_packed(gzFile packed) {
  cookie_io_functions_t functions{};
  functions.read = read_packed;
  functions.seek = where_packed;
  functions.close = close_packed;
  return fopencookie(packed, "rb", functions);
}

}  // namespace

struct CaptureFile::Handle {
  ~Handle() {
    if (pcap != nullptr) pcap_close(pcap);  // closes the file, too
  }
  pcap_t* pcap = nullptr;
  gzFile packed = nullptr;  // the file's
};

CaptureFile::CaptureFile(const std::string& path) : path_(path), handle_(std::make_unique<Handle>()) {
  handle_->packed = gzopen(path.c_str(), "rb");
  if (handle_->packed == nullptr) throw CaptureError(fmt::format("{}: {}", path, std::strerror(errno)));
  std::FILE* file = open_packed(handle_->packed);
  if (file == nullptr) {
    gzclose(handle_->packed);
    throw CaptureError(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  handle_->pcap = pcap_fopen_offline(file, error.data());
  if (handle_->pcap == nullptr) {
    std::fclose(file);
    throw CaptureError(fmt::format("{}: {}", path, error.data()));
  }
  if (knows_link_type(link_type())) return;
  const char* name = pcap_datalink_val_to_name(link_type());
  throw CaptureError(fmt::format("{}: link type {} is not understood (Ethernet, loopback, Linux cooked and raw IP are)",
                                 path, name ? name : std::to_string(link_type())));
}

CaptureFile::~CaptureFile() = default;

int CaptureFile::link_type() const { return pcap_datalink(handle_->pcap); }

std::string CaptureFile::place(std::size_t packet) const {
  const bool known = packet > 0 && packet <= offsets_.size();
  return fmt::format("packet {}, byte offset {}", packet, known ? offsets_[packet - 1] : 0);
}

std::optional<CapturedPacket> CaptureFile::next() {
  if (!broken_.empty()) return std::nullopt;
  offsets_.push_back(std::ftell(pcap_file(handle_->pcap)));
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  const int got = pcap_next_ex(handle_->pcap, &header, &data);
  int packing = Z_OK;
  gzerror(handle_->packed, &packing);
  if (packing != Z_OK && packing != Z_STREAM_END) {
    broken_ = place(packets_ + 1) + ": what gzip has packed is cut short or damaged";
    return std::nullopt;
  }
  if (got == PCAP_ERROR_BREAK) return std::nullopt;
  if (got != 1) {
    broken_ = fmt::format("{}: {}", place(packets_ + 1), pcap_geterr(handle_->pcap));
    return std::nullopt;
  }
  ++packets_;
  const auto seconds = static_cast<std::uint64_t>(header->ts.tv_sec);
  return CapturedPacket{seconds * 1'000'000 + static_cast<std::uint64_t>(header->ts.tv_usec),
                        ByteView(data, header->caplen), header->len};
}

}  // namespace oftwin::harness
