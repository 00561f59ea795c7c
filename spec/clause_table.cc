// Build tool: reads the clauses out of spec/*.md and writes them as C++ initializers.
//
// A clause is a heading `## ADD-4 A failed add restores its victim`, a few sentences, a line `source: ...` and a line
// `kind: must|freedom|unmodelled|contract`. Anything else in a file is prose for the reader. Usage: clause_table OUTDIR
// FILE...
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>

namespace {

struct Entry {
  std::string id, title, text, source, kind, file;
  unsigned line = 0;
};

[[noreturn]] void fail(const std::string& file, unsigned line, const std::string& why) {
  std::cerr << file << ":" << line << ": " << why << "\n";
  std::exit(2);
}

std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

void check(const Entry& e, const std::string& path) {
  if (e.source.empty()) fail(path, e.line, e.id + " has no 'source:' line");
  if (e.kind != "must" && e.kind != "freedom" && e.kind != "unmodelled" && e.kind != "contract") {
    fail(path, e.line, e.id + " needs 'kind: must', 'freedom', 'unmodelled' or 'contract'");
  }
  if (e.text.empty()) fail(path, e.line, e.id + " has no text");
}

void read_file(const std::string& path, std::vector<Entry>& entries, std::map<std::string, std::string>& seen) {
  static const std::regex heading("^## ([A-Z]+-[0-9]+) (.+)$");
  std::ifstream in(path);
  if (!in) fail(path, 0, "cannot be read");
  std::string line;
  std::size_t first = entries.size();
  bool open = false;
  for (unsigned n = 1; std::getline(in, line); ++n) {
    std::smatch m;
    if (std::regex_match(line, m, heading)) {
      if (!seen.emplace(m[1], path).second) fail(path, n, "clause " + m[1].str() + " stands already in " + seen[m[1]]);
      entries.push_back({m[1], m[2], "", "", "", std::filesystem::path(path).filename().string(), n});
      open = true;
    } else if (line.starts_with("#")) {
      open = false;
    } else if (open && line.starts_with("source: ")) {
      entries.back().source = line.substr(8);
    } else if (open && line.starts_with("kind: ")) {
      entries.back().kind = line.substr(6);
      entries.back().kind = entries.back().kind.substr(0, entries.back().kind.find_first_of(" ,("));
    } else if (open && !line.empty() && entries.back().kind.empty()) {
      std::string& text = entries.back().text;
      text += (text.empty() ? "" : " ") + line;
    }
  }
  for (std::size_t i = first; i < entries.size(); ++i) check(entries[i], path);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::vector<Entry> entries;
  std::map<std::string, std::string> seen;
  for (int i = 2; i < argc; ++i) read_file(argv[i], entries, seen);
  const std::filesystem::path dir = argv[1];
  std::filesystem::create_directories(dir);
  std::ofstream ids(dir / "clause_ids.inc"), texts(dir / "clause_texts.inc");
  for (const Entry& e : entries) {
    ids << quoted(e.id) << ",\n";
    texts << "{" << quoted(e.id) << ", " << quoted(e.title) << ", " << quoted(e.text) << ", " << quoted(e.source)
          << ", ClauseKind::" << e.kind << ", " << quoted(e.file) << ", " << e.line << "},\n";
  }
  ids.close();
  texts.close();
  return ids && texts ? 0 : 2;
}
