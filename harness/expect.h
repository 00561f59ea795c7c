// What the model lets out for a trace, as the lines that stand below `----` in its text; and whether they stand there.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/lockstep.h"
#include "harness/print.h"
#include "harness/trace.h"
#include "model/state.h"

namespace oftwin::harness {

// Turns the observations of a block into lines. A completion that needs no telling (it is the `done` of an operation in
// the line above, or what a `provider complete` of the trace asked for) is left out; a `provider complete` that found
// nothing to complete is told instead: `provider complete e3 -> nothing pending`. Of what the loop waits for, the end
// of the block is told.
class BlockLines {
 public:
  explicit BlockLines(const Trace& trace) : trace_(trace), naming_(trace.events) {}
  // Blocks in their order.
  std::vector<std::string> lines(const Block& block, std::span<const Observation> observations);

 private:
  bool asked_for(const observation::Complete& complete);

  const Trace& trace_;
  Naming naming_;
  std::vector<event::ProviderComplete> asked_;  // and not yet seen
};

struct ModelRun {
  std::vector<std::vector<std::string>> lines;  // of each block
  ClauseSet clauses;
};
// The model's own order wherever the specification leaves a choice.
ModelRun run_model(const Trace& trace, const model::Errata& errata);

// What a trace says that is not so; empty: all is well. Each entry begins with the line of the block, or 0.
struct Unmet {
  std::uint32_t line = 0;
  std::string what;
};
// Runs the model in the trace's edition: expectations, claimed clauses, labelled sections of edition ovs-2011 (which
// have to hold there, and to differ from what the trace otherwise expects). `clauses`: what the model hit is added.
std::vector<Unmet> unmet_expectations(const Trace& trace, ClauseSet* clauses_hit = nullptr);

// The trace's edition. A name that is none throws TraceError.
model::Errata edition_of(const Trace& trace);

}  // namespace oftwin::harness
