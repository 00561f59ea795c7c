// The errata of spec/errata.md: where each stands in the model, and what is said of it.
//
// Read from the text itself, which is built in, so that nobody keeps a second list; properties/errata_test.cc demands
// that the text, the model and the traces name the same ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace oftwin::harness {

struct Erratum {
  std::string id, title;                      // "E-07", what is wrong in one sentence
  std::map<std::string, std::string> fields;  // clause, effect, corrected, trace; upstream where one is known
  std::uint32_t line = 0;                     // of its heading
  std::size_t number() const { return std::stoul(id.substr(2)); }
  // The clauses that it is about: the field, and those that `corrected` names.
  bool about(const std::string& clause) const;
};

// In the order of the text, which is that of spec/errata.md.
std::vector<Erratum> parse_errata(std::string_view text);
// Those that are built in.
std::vector<Erratum> listed_errata();

// For each number that the model asks for, the places that do, as file:line below the source root.
std::map<std::size_t, std::vector<std::string>> errata_in_model(const std::filesystem::path& source_root);

}  // namespace oftwin::harness
