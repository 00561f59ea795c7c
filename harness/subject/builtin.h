// The optimized switch of this repository as a subject.
#pragma once

#include <memory>

#include "harness/subject/subject.h"

namespace oftwin::harness {

// Over the scripted provider or the software datapath, as the trace's switch says. Assertions inside it are not caught.
std::unique_ptr<Subject> make_builtin_subject();

}  // namespace oftwin::harness
