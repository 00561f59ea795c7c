#include "harness/errata.h"

#include <fmt/format.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "harness/built_in.h"

namespace oftwin::harness {

namespace fs = std::filesystem;

bool Erratum::about(const std::string& clause) const {
  const auto names = [&](const std::string& field) {
    const auto it = fields.find(field);
    return it != fields.end() && std::regex_search(it->second, std::regex("\\b" + clause + "\\b"));
  };
  return names("clause") || names("corrected");
}

std::vector<Erratum> parse_errata(std::string_view text) {
  static const std::regex heading("## (E-\\d\\d) (.+)"), field("(clause|effect|corrected|upstream|trace): (.+)");
  std::vector<Erratum> out;
  std::istringstream in{std::string(text)};
  std::uint32_t number = 0;
  std::smatch found;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (std::regex_match(line, found, heading)) {
      out.push_back({found[1], found[2], {}, number});
    } else if (!out.empty() && std::regex_match(line, found, field)) {
      out.back().fields.emplace(found[1], found[2]);
    }
  }
  return out;
}

std::vector<Erratum> listed_errata() { return parse_errata(built_in("spec/errata.md")); }

std::map<std::size_t, std::vector<std::string>> errata_in_model(const fs::path& source_root) {
  static const std::regex use("\\berratum\\((\\d+)\\)|\\berrata\\[(\\d+)\\]");
  std::map<std::size_t, std::vector<std::string>> out;
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(source_root / "model")) files.insert(entry.path());
  for (const fs::path& file : files) {
    std::ifstream in(file);
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      const std::string place = fmt::format("{}:{}", file.lexically_relative(source_root).string(), number);
      for (std::sregex_iterator it(line.begin(), line.end(), use), end; it != end; ++it) {
        out[std::stoul((*it)[1].matched ? (*it)[1] : (*it)[2])].push_back(place);
      }
    }
  }
  return out;
}

}  // namespace oftwin::harness
