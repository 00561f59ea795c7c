// The folder where a campaign keeps the traces that showed something new, written as they come: what ends the campaign
// costs at most the last of them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/trace.h"

namespace oftwin::cli {

class CorpusFolder {
 public:
  explicit CorpusFolder(std::string folder) : folder_(std::move(folder)) {}

  // `traces`: all that there are by now, new ones behind the old ones. Writes the new ones, each as a file that is
  // named by what is in it. throws FileError.
  void keep(const std::vector<harness::Trace>& traces);

 private:
  const std::string folder_;
  std::size_t kept_ = 0;
};

}  // namespace oftwin::cli
