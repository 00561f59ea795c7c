// Judges recorded packets (corpus/recordings/packets): did the model, and the subject beside it, do to each frame what
// a real switch did?
//
// Each scenario is played through the real door: flow-mods and packet-outs to OFPP_TABLE as OpenFlow messages, the
// model and the subject in lockstep on simulated datapaths. What comes back for each frame (rule, reason, in_port,
// frame, length, registers, tunnel id), the answers to the flow-mods and the flow statistics at the end are held
// against the recording: equal, or covered by labels (harness/packets_reading.h), which `differences.txt` beside the
// recordings gives reasons for. Invariant: a label that stands there for a theme and is never used is a failure, as is
// one that does not stand there and is used.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/lockstep.h"
#include "harness/packets_file.h"
#include "harness/packets_labels.h"
#include "harness/subject/subject.h"

namespace oftwin::harness {

struct PacketsSide {
  std::uint64_t agreed = 0, covered = 0, diverged = 0;  // frames
};

struct PacketsReport {
  std::string theme;
  std::uint64_t scenarios = 0;
  std::uint64_t rules = 0, frames = 0, hits = 0, final_flows = 0;
  PacketsSide model, subject;
  struct Use {
    std::string label, clause, reason;
    std::uint64_t count = 0;  // frames, answers to flow-mods
  };
  std::vector<Use> labels;         // that were used
  std::vector<std::string> stale;  // where the themes that differences.txt lists for a label are not those of its uses
  std::uint64_t failures = 0;
  std::vector<std::string> differences;  // the first few failures, readable
  Stats stats;

  bool ok() const { return failures == 0; }
  std::string summary() const;  // a few lines
};

// All of one theme. throws SubjectLost.
PacketsReport judge_packets(const std::vector<PacketScenario>& scenarios, const std::vector<PacketLabelEntry>& labels,
                            Subject& subject);

// `path`: a packets-*.jsonl.gz. throws RecordingError, SubjectLost.
PacketsReport check_packets(const std::string& path, Subject& subject);

}  // namespace oftwin::harness
