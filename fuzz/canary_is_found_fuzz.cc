// Would the lockstep be told if the switch were wrong?
//
// The built-in switch behind a planted bug: the flow-removed message of a flow with cookie 0xb, of which controllers
// were asked to be told, has a wrong reason. It takes three things that belong together: the flag, the cookie, and a
// deletion that meets the flow. A run that does not end with a finding is a failure (ci/fuzz-smoke).
#include "fuzz/agreement.h"
#include "harness/binary.h"
#include "harness/subject/builtin.h"
#include "spec/openflow.h"

namespace {

class Canary final : public oftwin::harness::Subject {
 public:
  void reset(const oftwin::SwitchConfig& config) override { inner_->reset(config); }
  void drive(const oftwin::Event& event, std::vector<oftwin::Observation>& out) override {
    inner_->drive(event, out);
    for (oftwin::Observation& o : out) {
      auto* sent = std::get_if<oftwin::observation::Send>(&o);
      if (sent == nullptr || sent->bytes[1] != oftwin::OFPT_FLOW_REMOVED || sent->bytes.size() != 88) continue;
      if (sent->bytes[55] == 0xb) sent->bytes[58] ^= 1;
    }
  }
  unsigned channels() const override { return inner_->channels(); }
  void project(oftwin::Observation& o) const override { inner_->project(o); }
  std::string name() const override { return "canary"; }

 private:
  std::unique_ptr<oftwin::harness::Subject> inner_ = oftwin::harness::make_builtin_subject();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Canary subject;
  oftwin::fuzz::must_agree(subject, oftwin::harness::decode_binary({data, size}));
  return 0;
}
