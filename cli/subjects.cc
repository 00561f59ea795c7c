#include "cli/subjects.h"

#include <string_view>

#include "harness/subject/builtin.h"

namespace oftwin::cli {

namespace {

constexpr std::string_view kProvider = "provider:";

}  // namespace

std::unique_ptr<harness::ProviderSubject> make_provider(const std::string& name, const harness::Patience& patience) {
  if (!name.starts_with(kProvider)) return nullptr;
  harness::ProviderOptions options;
  options.path = name.substr(kProvider.size());
  if (const std::size_t comma = options.path.find(','); comma != std::string::npos) {
    options.options = options.path.substr(comma + 1);
    options.path.resize(comma);
  }
  if (options.path.empty()) throw UsageError("provider: wants the path of a library, provider:./libmine.so");
  options.patience = patience;
  return harness::make_provider_subject(std::move(options));
}

std::unique_ptr<harness::Subject> make_subject(const std::string& name) {
  if (name == "builtin") return harness::make_builtin_subject();
  if (auto provider = make_provider(name)) return provider;
  throw UsageError("there is no subject '" + name +
                   "'; builtin and provider:LIBRARY[,OPTIONS] are those that there are");
}

}  // namespace oftwin::cli
