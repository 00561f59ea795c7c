#include "harness/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string_view>

#include "spec/clauses.h"

namespace oftwin::harness {

namespace {

namespace fs = std::filesystem;

// The IDs that a line names.
using IdsOfLine = std::function<ClauseIds(const std::string&)>;

// Adds the places below root/folder, in files of that suffix.
void collect_places(const fs::path& root, std::string_view folder, std::string_view suffix,
                    const IdsOfLine& ids_of_line, ClausePlaces& out) {
  if (!fs::exists(root / folder)) return;
  std::set<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    if (entry.is_regular_file() && entry.path().string().ends_with(suffix)) files.insert(entry.path());
  }
  for (const fs::path& file : files) {
    std::ifstream in(file);
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      const std::string place = fmt::format("{}:{}", file.lexically_relative(root).string(), number);
      for (const std::string& id : ids_of_line(line)) out[id].push_back(place);
    }
  }
}

// Capital letters, `dash`, digits at the beginning of `text`, as an ID; empty if there is none.
std::string id_at(std::string_view text, char dash) {
  std::size_t at = 0;
  while (at < text.size() && std::isupper(static_cast<unsigned char>(text[at])) != 0) ++at;
  const std::size_t area = at;
  if (area == 0 || at == text.size() || text[at] != dash) return "";
  const std::size_t number = ++at;
  while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
  if (at == number) return "";
  return fmt::format("{}-{}", text.substr(0, area), text.substr(number, at - number));
}

// String literals that are nothing but a clause's ID.
ClauseIds literals(const std::string& line, const ClauseIds& known) {
  ClauseIds out;
  for (std::size_t quote = line.find('"'); quote != std::string::npos; quote = line.find('"', quote + 1)) {
    const std::string id = id_at(std::string_view(line).substr(quote + 1), '-');
    if (known.contains(id)) out.insert(id);
  }
  return out;
}

// What a theorem says that it proves: a string literal of nothing but clauses' IDs.
ClauseIds proved(const std::string& line, const ClauseIds& known) {
  ClauseIds out;
  std::size_t begin = line.find('"');
  while (begin != std::string::npos) {
    const std::size_t end = std::min(line.find('"', begin + 1), line.size());
    std::istringstream words(line.substr(begin + 1, end - begin - 1));
    const ClauseIds ids{std::istream_iterator<std::string>(words), {}};
    if (std::ranges::includes(known, ids)) out.insert(ids.begin(), ids.end());
    begin = end < line.size() ? line.find('"', end + 1) : std::string::npos;
  }
  return out;
}

// The name of the test that a line declares, if it declares one: TEST(suite, name), RC_GTEST_PROP(suite, name, ..
ClauseIds test_name(const std::string& line) {
  if (!line.starts_with("TEST") && !line.starts_with("RC_GTEST")) return {};
  const std::size_t comma = line.find(',');
  if (comma == std::string::npos) return {};
  std::string_view name = std::string_view(line).substr(comma + 1);
  name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
  const std::string id = id_at(name, '_');
  return id.empty() ? ClauseIds{} : ClauseIds{id};
}

// What a trace's head says that it shows.
ClauseIds claims(const std::string& line) {
  if (!line.starts_with("clauses ")) return {};
  std::istringstream words(line.substr(8));
  return {std::istream_iterator<std::string>(words), {}};
}

ClauseIds all_ids() {
  ClauseIds out;
  for (const Clause& c : clauses()) out.emplace(c.id);
  return out;
}

}  // namespace

void ClauseCounts::add(const ClauseSet& hit) {
  for (std::size_t i = hit._Find_first(); i < hit.size(); i = hit._Find_next(i)) ++counts_[i];
}

ClauseSet ClauseCounts::hit() const {
  ClauseSet set;
  for (std::size_t i = 0; i < counts_.size(); ++i) set[i] = counts_[i] > 0;
  return set;
}

std::string print_coverage(const ClauseSet& hit) {
  std::size_t hits = 0, all = 0;
  std::string rest;
  for (std::size_t i = 0; i < clauses().size(); ++i) {
    if (clauses()[i].kind == ClauseKind::unmodelled || clauses()[i].kind == ClauseKind::contract) continue;
    ++all;
    if (hit[i]) {
      ++hits;
    } else {
      rest += fmt::format(" {}", clauses()[i].id);
    }
  }
  return fmt::format("{} of {} clauses hit{}{}", hits, all, rest.empty() ? "" : "; not hit:", rest);
}

ClauseIds clauses_of_kind(ClauseKind kind) {
  ClauseIds out;
  for (const Clause& c : clauses()) {
    if (c.kind == kind) out.emplace(c.id);
  }
  return out;
}

namespace {

ClausePlaces clauses_named_in(const fs::path& source_root, std::string_view folder) {
  const ClauseIds known = all_ids();
  const IdsOfLine ids = [&](const std::string& line) { return literals(line, known); };
  ClausePlaces out;
  for (const std::string_view suffix : {".cc", ".h"}) collect_places(source_root, folder, suffix, ids, out);
  return out;
}

}  // namespace

ClausePlaces clauses_in_model(const fs::path& source_root) { return clauses_named_in(source_root, "model"); }

ClausePlaces clauses_in_contract(const fs::path& source_root) {
  return clauses_named_in(source_root, "harness/subject");
}

ClausePlaces clauses_claimed(const fs::path& source_root) {
  ClausePlaces out;
  collect_places(source_root, "corpus", ".trace", claims, out);
  collect_places(source_root, "properties", ".cc", test_name, out);
  const ClauseIds known = all_ids();
  const IdsOfLine theorem = [&](const std::string& line) { return proved(line, known); };
  collect_places(source_root, "properties/prove", "_theorems.cc", theorem, out);
  return out;
}

ClauseIds ids_of(const ClausePlaces& places) {
  ClauseIds out;
  for (const auto& [id, where] : places) out.insert(id);
  return out;
}

ClauseIds missing(const ClauseIds& a, const ClauseIds& b) {
  ClauseIds out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

std::string print_ids(const ClauseIds& ids) { return fmt::format("{}", fmt::join(ids, " ")); }

}  // namespace oftwin::harness
