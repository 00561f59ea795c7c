// The reasons for labels (corpus/recordings/packets/differences.txt): "## label", then "clause: ", "themes: ", "reason:
// ".
//
// The file that stands in the corpus is built in, so that recordings can be judged wherever they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace oftwin::harness {

struct PacketLabelEntry {
  std::string label, clause, reason, themes;  // themes: in whose recordings in the corpus it is used
  bool is_for(std::string_view theme) const;
};

// throws RecordingError (harness/recording.h) for a file that cannot be read or is not of this form.
std::vector<PacketLabelEntry> read_packet_labels(const std::string& path);
// Those of corpus/recordings/packets/differences.txt.
std::vector<PacketLabelEntry> built_in_packet_labels();

}  // namespace oftwin::harness
