// oftwin check: every input against model and subject.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/lost.h"
#include "harness/trace.h"

namespace oftwin::cli {

struct CheckOptions {
  std::vector<std::string> inputs;  // files and folders
  std::string subject = "builtin";
  std::optional<std::string> edition;
  std::uint64_t random = 0;  // that many generated traces, too
  std::uint64_t tables = 0;  // that many generated tables with the packets that test them, too
  std::uint64_t generated() const { return random + tables; }
  std::uint64_t seed = 1;
  bool steered = false;                   // what is generated follows what was seen (harness/steering.h)
  std::vector<harness::Trace> beginning;  // steered: what comes first
  std::uint64_t time_s = 0;               // nothing more is generated after it; 0: no limit
  std::string corpus;                     // steered: folder for what showed something new, written as it comes
  std::string out = "out";                // where traces of divergences and crashes are saved
  bool out_named = false;                 // by the user, who wants them there
  std::string json, junit;                // files; json may be - for standard output
  std::string profile;                    // file; what is generated is kept within it
  std::vector<std::string> verdicts;      // files, their endings say of which kind; - is text on standard output
  bool probe = false;                     // a first profile is found out, nothing is checked
  std::string output;                     // file for it
  std::string command;                    // the whole line, for the verdict
  // Live switches.
  std::string ledger;             // file of known readings; empty: the one of corpus/ledger that is about the switch
  std::uint64_t answer_s = 10;    // it may be silent for so long
  std::uint64_t pace = 0;         // messages a second at most; 0: as fast as it goes
  std::uint64_t connections = 3;  // at once, at most; 1 to 3
  unsigned several = 2;           // per cent of the generated scenarios that use more than one
  std::string private_key, certificate, ca_cert;  // ssl:
  bool rewrite = false;                           // expectations are regenerated, nothing is checked
  ProviderLimits provider;                        // for a subject that is a provider library
};

// --time without --random or --tables.
inline constexpr std::uint64_t kEndless = std::uint64_t{1} << 40;
// What is generated, in words: `random seed 1 count 300 and 20 tables`.
std::string generated_text(const CheckOptions& options);

// The exit code. throws UsageError, FileError.
int run_check(const CheckOptions& options);

}  // namespace oftwin::cli
