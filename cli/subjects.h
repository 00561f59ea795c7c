// Subjects by the name that --subject gives.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "harness/subject/provider.h"
#include "harness/subject/subject.h"

namespace oftwin::cli {

// Wrong words on the command line, or inputs that do not go together: exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// nullptr if the name is not that of a provider library, provider:PATH[,OPTIONS]. The library is loaded later.
std::unique_ptr<harness::ProviderSubject> make_provider(const std::string& name,
                                                        const harness::Patience& patience = {});
// throws UsageError if there is no such subject.
std::unique_ptr<harness::Subject> make_subject(const std::string& name);

}  // namespace oftwin::cli
