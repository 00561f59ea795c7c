// The optimized switch of this repository as a subject.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "harness/subject/subject.h"
#include "spec/error.h"
#include "spec/observation.h"

namespace oftwin::harness {

// Over the scripted provider or the software datapath, as the trace's switch says. Assertions inside it are not caught.
// `answers`, if given, is shown each Operation and PacketOut that the scripted provider is about to answer (as it will
// be observed, but for the answer) and may overrule what plan and policy say; nullopt: it does not.
using AnswerRule = std::function<std::optional<Answer>(const Observation&)>;
std::unique_ptr<Subject> make_builtin_subject(AnswerRule answers = {});

}  // namespace oftwin::harness
