#include "cli/inputs.h"

#include <algorithm>
#include <filesystem>

#include "cli/subjects.h"
#include "harness/convert.h"
#include "harness/expect.h"

namespace oftwin::cli {

std::vector<std::string> expand_inputs(const std::vector<std::string>& inputs) {
  namespace fs = std::filesystem;
  std::vector<std::string> out;
  for (const auto& input : inputs) {
    std::error_code error;
    if (!fs::is_directory(input, error)) {
      out.push_back(input);
      continue;
    }
    std::vector<std::string> below;
    for (const auto& entry : fs::recursive_directory_iterator(input)) {
      if (entry.is_regular_file() && harness::is_input_file(entry.path().filename().string())) {
        below.push_back(entry.path().string());
      }
    }
    if (below.empty()) throw UsageError(input + ": holds no trace, recording or capture");
    std::sort(below.begin(), below.end());
    out.insert(out.end(), below.begin(), below.end());
  }
  return out;
}

harness::Trace read_eventful_trace(const std::string& path, const std::string& id) {
  harness::Trace trace = harness::read_any_trace(path, id);
  must_have_events(trace, path);
  return trace;
}

void must_have_events(const harness::Trace& trace, const std::string& path) {
  if (trace.events.empty()) throw harness::ConvertError(path + ": holds no event, so there is nothing to compare");
}

std::vector<harness::Trace> read_seeds(const std::string& folder) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(folder)) throw UsageError(folder + ": is no folder");
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && (name.ends_with(".trace") || name.ends_with(".bin"))) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<harness::Trace> out;
  for (const std::string& file : files) out.push_back(harness::read_any_trace(file));
  return out;
}

}  // namespace oftwin::cli
