// Line by line; every complaint has a place.
#include "harness/packets_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "harness/built_in.h"
#include "harness/files.h"
#include "harness/limits.h"
#include "harness/packets_reading.h"
#include "harness/recording.h"
#include "spec/clauses.h"

namespace oftwin::harness {
namespace {

std::vector<PacketLabelEntry> parse(std::istream& in, const std::string& name) {
  std::vector<PacketLabelEntry> entries;
  std::string line;
  for (std::size_t n = 1; std::getline(in, line); ++n) {
    const auto value_of = [&](std::string_view key) { return line.substr(key.size()); };
    const auto complain = [&](const char* why) { throw RecordingError(fmt::format("{}:{}: {}", name, n, why)); };
    if (line.starts_with("## ")) {
      entries.push_back({value_of("## "), "", "", ""});
      if (std::ranges::find(kPacketLabelNames, entries.back().label) == kPacketLabelNames.end()) {
        complain("no such label");
      }
    } else if (line.starts_with("clause: ") && !entries.empty()) {
      entries.back().clause = value_of("clause: ");
      if (std::ranges::find(clauses(), entries.back().clause, &Clause::id) == clauses().end()) {
        complain("no such clause");
      }
    } else if (line.starts_with("themes: ") && !entries.empty()) {
      entries.back().themes = value_of("themes: ");
    } else if (line.starts_with("reason: ") && !entries.empty()) {
      entries.back().reason = value_of("reason: ");
    } else if (line.find_first_not_of(" \t") != std::string::npos && !line.starts_with('#')) {
      complain("neither a label nor one of its lines clause, themes, reason");
    }
  }
  for (const PacketLabelEntry& e : entries) {
    if (!e.clause.empty() && !e.themes.empty() && !e.reason.empty()) continue;
    throw RecordingError(fmt::format("{}: {} needs clause, themes and reason", name, e.label));
  }
  return entries;
}

}  // namespace

bool PacketLabelEntry::is_for(std::string_view theme) const {
  return fmt::format(" {} ", themes).find(fmt::format(" {} ", theme)) != std::string::npos;
}

std::vector<PacketLabelEntry> read_packet_labels(const std::string& path) {
  std::istringstream in(read_text(path, limits::kSetting, "differences"));
  return parse(in, path);
}

std::vector<PacketLabelEntry> built_in_packet_labels() {
  std::istringstream in{std::string(built_in("corpus/recordings/packets/differences.txt"))};
  return parse(in, "built-in differences.txt");
}

}  // namespace oftwin::harness
