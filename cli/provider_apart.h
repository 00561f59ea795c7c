// A provider library under a switch, both in a process of their own that may be lost while this one goes on: for the
// server, which has others to serve. (`check` forks for thousands of traces at once instead, isolate.h.)
//
// Each event costs a way to the other process and back. Invariant: reset() always ends with a process that has just
// begun, whatever became of the one before.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/lost.h"
#include "cli/wall.h"
#include "harness/subject/provider.h"

namespace oftwin::cli {

class ProviderApart : public harness::Subject {
 public:
  ProviderApart(std::unique_ptr<harness::ProviderSubject> provider, const ProviderLimits& limits);
  ~ProviderApart() override;
  ProviderApart(const ProviderApart&) = delete;
  ProviderApart& operator=(const ProviderApart&) = delete;

  // throws harness::ProviderRefused; harness::SubjectLost, whose first line says how, the others where and which
  // clause that breaks.
  void reset(const SwitchConfig& config) override;
  void drive(const Event& event, std::vector<Observation>& out) override;

  unsigned channels() const override { return channels_; }
  std::string name() const override { return provider_->name(); }
  const harness::Conduct* conduct() const override { return &conduct_; }
  SwitchConfig as_built(const SwitchConfig&) const override { return built_; }
  const Event& as_driven(const Event& event) const override { return as_it_was_ ? event : driven_; }
  bool shows(const Observation& o) const override { return provider_->shows(o); }
  bool packets() const override { return packets_; }
  void align(Observation& want, std::span<Observation> got) const override { provider_->align(want, got); }

 private:
  void start();
  void end();  // the process, whatever it does
  [[noreturn]] void lose(bool hung);
  Bytes ask(const Bytes& question);
  [[noreturn]] void answer_all(int socket, int words);
  Bytes answer(ByteView question);

  const std::unique_ptr<harness::ProviderSubject> provider_;  // has a library in the other process only
  const IsolateOptions how_;
  pid_t pid_ = -1;
  int socket_ = -1, words_ = -1;
  std::unique_ptr<SharedMemory<Facts>> facts_;  // of the other process
  std::int64_t printed_ = 0;                    // bytes of its words, when they were looked at last
  // As the other process last said.
  unsigned channels_ = 0;
  bool packets_ = false, as_it_was_ = true;
  SwitchConfig built_;
  harness::Conduct conduct_;
  Event driven_;
};

}  // namespace oftwin::cli
