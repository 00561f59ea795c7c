// spec/openflow10.md cannot rot: what it names exists and is of the right kind, it names every clause that OpenFlow 1.0
// is a source of and no other, and its counts are those of its rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "harness/errata.h"
#include "spec/clauses.h"

namespace oftwin {
namespace {

const std::filesystem::path kRoot = OFTWIN_SOURCE_DIR;

struct Row {
  unsigned line = 0;
  std::vector<std::string> cells;  // demand, section, answer, where
};

std::string page() {
  std::ifstream in(kRoot / "spec/openflow10.md");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<Row> rows_of(const std::string& text) {
  std::vector<Row> rows;
  std::istringstream in(text);
  std::string line;
  for (unsigned n = 1; std::getline(in, line); ++n) {
    if (!line.starts_with("| ") || line.starts_with("| demand |")) continue;
    Row row{n, {}};
    std::istringstream cells(line.substr(1));
    for (std::string cell; std::getline(cells, cell, '|');) {
      const auto first = cell.find_first_not_of(' '), last = cell.find_last_not_of(' ');
      row.cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> ids_in(const std::string& cell) {
  static const std::regex id("\\b[A-Z]+-[0-9]+\\b");
  std::vector<std::string> out;
  for (std::sregex_iterator i(cell.begin(), cell.end(), id), end; i != end; ++i) out.push_back(i->str());
  return out;
}

const Clause* clause_named(const std::string& id) {
  const auto at = std::find_if(clauses().begin(), clauses().end(), [&](const Clause& c) { return c.id == id; });
  return at == clauses().end() ? nullptr : &*at;
}

bool is_erratum(const std::string& id) {
  static const auto all = harness::listed_errata();
  return std::any_of(all.begin(), all.end(), [&](const harness::Erratum& e) { return e.id == id; });
}

bool from_the_standard(const Clause& c) { return c.source.find("OpenFlow 1.0") != std::string_view::npos; }

// What is wrong with one row, whose answer is counted.
std::vector<std::string> problems_of(const Row& row, std::map<std::string, unsigned>& counts,
                                     std::set<std::string>& named) {
  if (row.cells.size() != 4) return {"a row has four cells"};
  std::vector<std::string> out;
  static const std::regex section("[345](\\.[0-9]+){0,2}");
  if (row.cells[0].empty()) out.push_back("it demands nothing");
  if (!std::regex_match(row.cells[1], section)) out.push_back("no section: " + row.cells[1]);
  const std::string& answer = row.cells[2];
  const std::vector<std::string> ids = ids_in(row.cells[3]);
  for (const std::string& id : ids) {
    if (!is_erratum(id) && !clause_named(id)) out.push_back("there is no " + id);
  }
  ++counts[answer];
  if (answer == "out") {
    if (row.cells[3].empty()) out.push_back("out, without a reason");
    return out;
  }
  named.insert(ids.begin(), ids.end());
  const Clause* first = ids.empty() ? nullptr : clause_named(ids[0]);
  const bool right = answer == "erratum"  ? !ids.empty() && is_erratum(ids[0])
                     : answer == "clause" ? first && first->kind == ClauseKind::must
                                          : answer == "freedom" && first && first->kind == ClauseKind::freedom;
  if (!right) out.push_back("'" + answer + "' does not begin with one");
  return out;
}

// Each with its line.
std::vector<std::string> problems_of(const std::string& text) {
  std::vector<std::string> out;
  std::map<std::string, unsigned> counts;
  std::set<std::string> named;
  const std::vector<Row> rows = rows_of(text);
  for (const Row& row : rows) {
    for (const std::string& what : problems_of(row, counts, named)) {
      out.push_back("line " + std::to_string(row.line) + ": " + what);
    }
  }
  for (const Clause& c : clauses()) {
    const std::string id(c.id);
    if (from_the_standard(c) && !named.contains(id)) out.push_back(id + " has OpenFlow 1.0 as a source, and no row");
    if (!from_the_standard(c) && named.contains(id)) out.push_back(id + " has a row, and OpenFlow 1.0 is no source");
  }
  const std::string head = "demands: " + std::to_string(rows.size()) + " = " + std::to_string(counts["clause"]) +
                           " clauses, " + std::to_string(counts["freedom"]) + " freedoms, " +
                           std::to_string(counts["erratum"]) + " errata, " + std::to_string(counts["out"]) + " out";
  if (text.find("\n" + head + "\n") == std::string::npos) out.push_back("the head should say: " + head);
  return out;
}

TEST(openflow10, the_page_and_the_clauses_agree) {
  EXPECT_EQ(problems_of(page()), std::vector<std::string>{});
  EXPECT_GT(rows_of(page()).size(), 200u);
}

// The page with one thing changed.
std::string with(const std::string& from, const std::string& to) {
  std::string text = page();
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(openflow10, seeded_mistakes_are_seen) {
  const std::pair<std::string, std::string> mistakes[] = {
      {"| 3.4 | freedom | DP-3 |", "| 3.4 | freedom | DP-99 |"},             // no such clause
      {"| 4.6 | erratum | E-21; FM-2 |", "| 4.6 | erratum | E-99; FM-2 |"},  // no such erratum
      {"| 3.4 | freedom | DP-3 |", "| 3.4 | clause | DP-3 |"},               // not a must
      {"| 4.6 | clause | MOD-2 |", "| 4.6 | freedom | MOD-2 |"},             // not a freedom
      {"| 4.6 | clause | MOD-2 |", "| 4.6 | erratum | MOD-2 |"},             // not an erratum
      {"| 4.6 | clause | MOD-2 |", "| 4.6 | perhaps | MOD-2 |"},             // none of the four answers
      {"| 4.6 | clause | MOD-2 |", "| 4.6 | clause | |"},                    // nothing named
      {"| 5.4.1 | out | a document, not behaviour |", "| 5.4.1 | out | |"},  // no reason
      {"| 4.6 | clause | MOD-2 |", "| 2.6 | clause | MOD-2 |"},              // no such section
      {"| 4.6 | clause | MOD-2 |", "| 4.6 | clause | ADD-5, MOD-2 |"},       // its source is another
      {"| 4.6 | clause | MOD-2 |", "| 4.6 | clause | MOD-4 |"},              // MOD-2 is named nowhere else
      {"\ndemands: ", "\ndemands: 1"},                                       // does not add up
  };
  for (const auto& [from, to] : mistakes) EXPECT_FALSE(problems_of(with(from, to)).empty()) << to;
}

}  // namespace
}  // namespace oftwin
