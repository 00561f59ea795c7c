// Debian's Open vSwitch, started privately for a test and ended with it. Needs openvswitch-switch.
#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace oftwin::properties {

// ci/private-switch, and the folder that it works in.
class PrivateSwitch {
 public:
  // With `cables`, its ports are streams of frames.
  explicit PrivateSwitch(bool cables = false) {
    std::string name = std::filesystem::temp_directory_path() / "oftwin-switch-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    run("start", cables ? " cables" : "");
  }
  ~PrivateSwitch() {
    run("stop");
    std::filesystem::remove_all(folder_);
  }
  PrivateSwitch(const PrivateSwitch&) = delete;
  PrivateSwitch& operator=(const PrivateSwitch&) = delete;

  // start, kill, again, stop. throws std::runtime_error.
  void run(const std::string& word, const std::string& more = "") const {
    const std::string command = OFTWIN_SOURCE_DIR "/ci/private-switch " + word + " " + folder_ + more + " >/dev/null";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }
  // What `ovs-vsctl WORDS` does, and waits for the switch to follow. throws std::runtime_error.
  void configure(const std::string& words) const {
    const std::string command = "ovs-vsctl --timeout=10 --db=unix:" + folder_ + "/db.sock " + words;
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }
  bool runs() const {
    std::ifstream pid(folder_ + "/vswitchd.pid");
    std::string number;
    return static_cast<bool>(std::getline(pid, number)) && std::filesystem::exists("/proc/" + number + "/exe");
  }
  std::string endpoint() const { return "unix:" + folder_ + "/br0.mgmt"; }
  std::string folder() const { return folder_; }
  // What its cables are connected to, as a profile.
  std::string cables_profile() const { return folder_ + "/cables.toml"; }

 private:
  std::string folder_;
};

}  // namespace oftwin::properties
