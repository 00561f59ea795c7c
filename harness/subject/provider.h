// Somebody else's provider, a shared library, under the optimized switch of this repository.
//
// What the switch does with its answers is known from elsewhere to be right; what is judged is the provider: its part
// of the contract (contract.h), and what packets meet, as far as it has a test door (impl/provider.h). When an
// operation completes, what is refused, in which order ports are served, when in a second a rule times out: that is
// read and not judged. Loading and all calls happen in the process that calls, from the first reset() on.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/subject/contract.h"
#include "harness/subject/subject.h"

namespace oftwin::harness {

struct ProviderOptions {
  std::string path;
  std::optional<std::string> options;  // for its create()
  Patience patience;
};

class ProviderSubject : public Subject {
 public:
  // The switch that reset() made comes to its end, and its provider's instance with it.
  virtual void close() = 0;
  // Of all traces so far, those apart that ran while a Repetition lived.
  virtual ProviderCounts counts() const = 0;
  // After reset(): "acme 1.2, with a test door"; before, nothing.
  virtual std::string description() const = 0;

 protected:
  bool counted() const { return repeating_ == 0; }

 private:
  friend class Repetition;
  unsigned repeating_ = 0;
};

// As long as it lives, what the provider does is done again, to look closer, and not counted.
class Repetition {
 public:
  explicit Repetition(ProviderSubject& provider) : provider_(provider) {
    provider_.close();
    ++provider_.repeating_;
  }
  ~Repetition() {
    provider_.close();
    --provider_.repeating_;
  }
  Repetition(const Repetition&) = delete;
  Repetition& operator=(const Repetition&) = delete;

 private:
  ProviderSubject& provider_;
};

// reset() throws ProviderRefused (provider_library.h) if the library can't be used.
std::unique_ptr<ProviderSubject> make_provider_subject(ProviderOptions options);

}  // namespace oftwin::harness
