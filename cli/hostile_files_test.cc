// Some hundreds of damaged files of every kind that the command reads, from a fixed seed: each run ends in time, within
// bounded memory, with a documented exit code, a message with a place, nothing that a terminal obeys, and no process
// left. OFTWIN_HOSTILE_RUNS and OFTWIN_HOSTILE_SEED ask for more and for others: ci/hostile.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/bounded.h"
#include "cli/damage.h"
#include "harness/live/ledger.h"

namespace oftwin::cli {
namespace {

namespace fs = std::filesystem;

std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 0) : usual;
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

fs::path corpus(const std::string& name) { return fs::path(OFTWIN_SOURCE_DIR) / "corpus" / name; }

// The first scenarios of a recording, unpacked.
std::string unpacked(const fs::path& path, std::size_t lines) {
  gzFile in = gzopen(path.c_str(), "rb");
  std::string out, chunk(1 << 16, '\0');
  for (std::size_t line = 0; line < lines && gzgets(in, chunk.data(), static_cast<int>(chunk.size())) != nullptr;) {
    const std::size_t length = chunk.find('\0');
    line += chunk[length - 1] == '\n';
    out.append(chunk, 0, length);
  }
  gzclose(in);
  return out;
}

std::string packed(const std::string& text, const fs::path& aside) {
  gzFile out = gzopen(aside.c_str(), "wb1");
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  return slurp(aside);
}

struct Sound {
  std::string ending, content;
  // FILE stands for the damaged one.
  std::vector<std::vector<std::string>> commands;
  std::string beside, beside_content;  // another file that belongs to it, and is not damaged
};

const std::vector<std::vector<std::string>> kOfTraces = {{"check", "FILE", "--out", "OUT"},
                                                         {"convert", "FILE", "-"},
                                                         {"replay", "FILE"},
                                                         {"coverage", "FILE"},
                                                         {"check", "FILE", "--json", "-", "--out", "OUT"},
                                                         {"convert", "FILE", "OUT/x.bin"}};

class HostileFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("oftwin-hostile-files-{}", getpid());
    fs::create_directories(folder_ / "out");
    const fs::path bin = folder_ / "sound.bin";
    for (const char* area : {"flow_mod", "nxm", "settings", "port", "statistics"}) {
      std::vector<fs::path> files;
      for (const auto& entry : fs::directory_iterator(corpus(area))) {
        if (entry.path().extension() == ".trace") files.push_back(entry.path());
      }
      std::sort(files.begin(), files.end());
      sound_.push_back({".trace", slurp(files.front()), kOfTraces, "", ""});
      run_bounded({"convert", files.back().string(), bin.string()});
      sound_.push_back({".bin", slurp(bin), kOfTraces, "", ""});
    }
    const std::string recording = unpacked(corpus("recordings/match10.jsonl.gz"), 2);
    sound_.push_back({".jsonl", recording, kOfTraces, "", ""});
    sound_.push_back({".jsonl.gz", packed(recording, folder_ / "aside"), kOfTraces, "", ""});
    std::vector<fs::path> packets;
    for (const auto& entry : fs::directory_iterator(corpus("recordings/packets"))) {
      if (entry.path().extension() == ".gz") packets.push_back(entry.path());
    }
    std::sort(packets.begin(), packets.end());
    sound_.push_back({".jsonl", unpacked(packets.front(), 2), {{"check", "FILE", "--out", "OUT"}}, "", ""});
    const std::string capture = slurp(corpus("sessions/ofctl-basics.pcap"));
    sound_.push_back({".pcap", capture, kOfTraces, "", ""});
    sound_.push_back({".differences",
                      slurp(corpus("sessions/ofctl-basics.differences")),
                      {{"check", "BESIDE", "--out", "OUT"}},
                      ".pcap",
                      capture});
    for (const char* profile : {"profiles/open-vswitch-3.1.toml", "profiles/one-small-table.toml"}) {
      sound_.push_back(
          {".toml", slurp(corpus(profile)), {{"check", "--random", "1", "--profile", "FILE", "--out", "OUT"}}, "", ""});
    }
    sound_.push_back({".flows",
                      "priority=5,in_port=1,dl_type=0x0800,nw_src=10.0.0.0/8,actions=output:2\n"
                      "priority=3,tcp,tp_dst=80,actions=mod_vlan_vid:3,output:1\nactions=drop\n",
                      {{"probes", "FILE"}, {"probes", "FILE", "--json", "-"}},
                      "",
                      ""});
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::string> arguments(const std::vector<std::string>& pattern, const std::string& file,
                                     const std::string& beside) const {
    std::vector<std::string> out = pattern;
    for (std::string& word : out) {
      if (word == "FILE") word = file;
      if (word == "BESIDE") word = beside;
      if (word.starts_with("OUT")) word.replace(0, 3, (folder_ / "out").string());
    }
    return out;
  }

  fs::path folder_;
  std::vector<Sound> sound_;
};

TEST_F(HostileFiles, every_run_ends_well) {
  const std::uint64_t runs = setting("OFTWIN_HOSTILE_RUNS", is_sanitized() ? 60 : 300),
                      seed = setting("OFTWIN_HOSTILE_SEED", 1);
  fmt::print("{} damaged files from seed {}\n", runs, seed);
  std::uint64_t refused = 0, taken = 0;
  for (std::uint64_t i = seed; i < seed + runs; ++i) {
    const Sound& sound = sound_[i % sound_.size()];
    const std::string name = fmt::format("damaged-{}", i), file = (folder_ / (name + sound.ending)).string();
    const std::string beside = (folder_ / (name + sound.beside)).string();
    std::ofstream(file, std::ios::binary) << damaged(sound.content, i);
    if (!sound.beside.empty()) std::ofstream(beside, std::ios::binary) << sound.beside_content;
    const auto line = arguments(sound.commands[i / sound_.size() % sound.commands.size()], file, beside);
    const Ended ended = run_bounded(line);
    SCOPED_TRACE(fmt::format("seed {}: oftwin {}\n{}\n{}", i, fmt::join(line, " "), ended.out.substr(0, 2000),
                             ended.err.substr(0, 2000)));
    EXPECT_TRUE(ended.in_time);
    EXPECT_FALSE(ended.left_some);
    EXPECT_TRUE(ended.code >= 0 && ended.code <= 2) << ended.code;
    EXPECT_EQ(obeyed_in(ended.out), "");
    EXPECT_EQ(obeyed_in(ended.err), "");
    // Where inputs can be read and hold nothing, that is said of all of them.
    const bool empty = ended.err.find("nothing was ") != std::string::npos;
    if (ended.code == 2 && !empty) { EXPECT_NE((ended.err + ended.out).find(name), std::string::npos) << "no place"; }
    ++(ended.code == 2 ? refused : taken);
    if (HasFailure()) {
      fs::copy_file(file, fs::temp_directory_path() / fs::path(file).filename(), fs::copy_options::overwrite_existing);
      break;  // one is enough to look at; it stays
    }
    fs::remove(file);
    if (!sound.beside.empty()) fs::remove(beside);
  }
  if (runs >= 100) {  // damage that is never noticed, or leaves nothing to read, tests nothing
    EXPECT_GT(refused, runs / 10);
    EXPECT_GT(taken, runs / 10);
  }
}

// The command reads a ledger for a live switch only; what reads it is the same.
TEST_F(HostileFiles, a_damaged_ledger_has_a_place_or_is_one) {
  const std::uint64_t runs = setting("OFTWIN_HOSTILE_RUNS", is_sanitized() ? 60 : 300),
                      seed = setting("OFTWIN_HOSTILE_SEED", 1);
  const std::string sound = slurp(corpus("ledger/open-vswitch-3.1.ledger"));
  for (std::uint64_t i = seed; i < seed + runs; ++i) {
    try {
      harness::live::Ledger::parse(damaged(sound, i), "damaged.ledger");
    } catch (const harness::live::LedgerError& e) {
      EXPECT_EQ(std::string(e.what()).find("damaged.ledger:"), 0u) << "seed " << i << ": " << e.what();
    }
  }
}

}  // namespace
}  // namespace oftwin::cli
