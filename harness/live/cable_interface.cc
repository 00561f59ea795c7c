// A cable that is a network interface of this machine, through libpcap.
#include <fmt/format.h>
#include <pcap/pcap.h>

#include <cstdio>
#include <fstream>
#include <functional>

#include "harness/live/cable.h"
#include "harness/net/watch.h"

namespace oftwin::harness::live {
namespace {

constexpr int kBuffer = 16 << 20;         // bytes that may wait to be read
constexpr std::size_t kLongestName = 15;  // of an interface, bytes
constexpr char kSettings[] = "/proc/sys/net/ipv6/conf/";

// The machine's own IPv6 would put frames on the cable that nobody asked for.
bool speaks_ipv6(const std::string& name) {
  std::ifstream file(kSettings + name + "/disable_ipv6");
  char off = '1';
  return file.get(off) && off == '0';
}

class InterfaceCable final : public Cable {
 public:
  InterfaceCable(net::Reactor& reactor, std::string name) : reactor_(reactor), name_(std::move(name)) {}

  void connect(net::Deadline) override {
    if (pcap_) return;
    char error[PCAP_ERRBUF_SIZE] = "";
    Handle pcap(::pcap_create(name_.c_str(), error), ::pcap_close);
    if (!pcap) throw CableError(fmt::format("interface:{}: {}", name_, error));
    ::pcap_set_snaplen(pcap.get(), kLongestFrame);
    ::pcap_set_promisc(pcap.get(), 1);
    ::pcap_set_immediate_mode(pcap.get(), 1);
    ::pcap_set_buffer_size(pcap.get(), kBuffer);
    if (const int failed = ::pcap_activate(pcap.get()); failed < 0) refuse(failed, pcap.get());
    if (::pcap_datalink(pcap.get()) != DLT_EN10MB) {
      throw CableError(fmt::format("interface:{}: it does not carry Ethernet frames", name_));
    }
    if (speaks_ipv6(name_)) {
      throw CableError(
          fmt::format("interface:{0}: this machine speaks IPv6 on it, which the switch would hear: "
                      "sysctl -w net.ipv6.conf.{0}.disable_ipv6=1",
                      name_));
    }
    if (::pcap_setdirection(pcap.get(), PCAP_D_IN) != 0 || ::pcap_setnonblock(pcap.get(), 1, error) != 0) {
      throw CableError(fmt::format("interface:{}: {}", name_, ::pcap_geterr(pcap.get())));
    }
    pcap_ = std::move(pcap);
    watch_ = std::make_unique<net::Watch>(reactor_, ::pcap_get_selectable_fd(pcap_.get()));
    watch_->again();
  }

  void put(ByteView frame) override {
    if (!pcap_ || ::pcap_inject(pcap_.get(), frame.data(), frame.size()) < 0) cut();
  }

  std::optional<Bytes> take() override {
    if (!pcap_) cut();
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* bytes = nullptr;
    const int got = ::pcap_next_ex(pcap_.get(), &header, &bytes);
    if (got < 0) cut();
    if (got > 0) return Bytes(bytes, bytes + header->caplen);
    watch_->again();
    return std::nullopt;
  }

  bool pads() const override { return true; }

 private:
  using Handle = std::unique_ptr<pcap_t, std::function<void(pcap_t*)>>;

  // What is said when there can be no such cable, or not now.
  [[noreturn]] void refuse(int failed, pcap_t* pcap) const {
    const std::string detail = ::pcap_geterr(pcap);
    if (failed == PCAP_ERROR_PERM_DENIED) {
      throw CableError(
          fmt::format("interface:{}: only root, or who has CAP_NET_RAW, may use an interface as a cable", name_));
    }
    if (failed == PCAP_ERROR_IFACE_NOT_UP) throw LinkError(fmt::format("the cable interface:{} is not up", name_));
    throw CableError(
        fmt::format("interface:{}: {}", name_, failed == PCAP_ERROR ? detail : ::pcap_statustostr(failed)));
  }
  [[noreturn]] void cut() {
    const std::string why = pcap_ ? ::pcap_geterr(pcap_.get()) : "not connected";
    watch_.reset();
    pcap_.reset();
    throw LinkError(fmt::format("the cable interface:{} is cut: {}", name_, why));
  }

  net::Reactor& reactor_;
  const std::string name_;
  Handle pcap_;
  std::unique_ptr<net::Watch> watch_;  // of pcap_
};

}  // namespace

std::unique_ptr<Cable> make_interface_cable(net::Reactor& reactor, const std::string& name) {
  if (name.empty() || name.size() > kLongestName || name.find('/') != std::string::npos) {
    throw CableError(fmt::format("interface:{}: an interface has a name of 1 to {} bytes", name, kLongestName));
  }
  return std::make_unique<InterfaceCable>(reactor, name);
}

}  // namespace oftwin::harness::live
