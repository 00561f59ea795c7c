#include "cli/subjects.h"

#include "harness/subject/builtin.h"

namespace oftwin::cli {

std::unique_ptr<harness::Subject> make_subject(const std::string& name) {
  if (name == "builtin") return harness::make_builtin_subject();
  throw UsageError("there is no subject '" + name + "'; builtin is the one that this version has");
}

}  // namespace oftwin::cli
