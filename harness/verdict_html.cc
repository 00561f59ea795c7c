// The verdict as one page: no script, no font, no picture, nothing from elsewhere. Colours only repeat what words say,
// so that it reads the same on paper without them.
#include <fmt/format.h>

#include <algorithm>

#include "harness/markup.h"
#include "harness/verdict.h"
#include "spec/clauses.h"

namespace oftwin::harness {
namespace {

constexpr std::string_view kStyle = R"css(
:root { --pass: #1a7f37; --fail: #c4262e; --untested: #6b7280; --na: #9aa3ad; --line: #d8dde3; }
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif; color: #1b1f24; max-width: 62rem;
       margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
.verdict { border-left: .5rem solid var(--untested); padding: .6rem 1rem; background: #f5f7f9; }
.verdict.conforms { border-color: var(--pass); } .verdict.broken { border-color: var(--fail); }
.verdict p { margin: .4rem 0 0; }
.bar { display: flex; height: 1.1rem; margin: 1.2rem 0 .4rem; border: 1px solid var(--line); }
.bar span { display: block; }
.pass.fill { background: var(--pass); } .fail.fill { background: var(--fail); }
.untested.fill { background: var(--untested); } .na.fill { background: #e3e7eb; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; padding: 0; margin: 0; list-style: none; }
.legend b { font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
td, th { padding: .22rem .7rem .22rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.id { white-space: nowrap; width: 6.5rem; } td.ruling { white-space: nowrap; width: 8.5rem; }
td.ruling.pass { color: var(--pass); } td.ruling.fail { color: var(--fail); font-weight: 700; }
td.ruling.untested, td.ruling.na, .why { color: #5b636d; } .why { font-size: .88em; display: block; }
pre { background: #f5f7f9; border: 1px solid var(--line); padding: .7rem; overflow-x: auto; font-size: 12.5px;
      line-height: 1.35; margin: .4rem 0 1rem; }
.finding { border: 1px solid var(--line); border-left: .3rem solid var(--fail); padding: .2rem 1rem .6rem; margin: 1rem 0; }
.laid { margin: .15rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 1rem 0; }
dt { color: #5b636d; } dd { margin: 0; overflow-wrap: anywhere; } code { font-size: .92em; }
footer { margin: 2.5rem 0 1rem; border-top: 2px solid #1b1f24; padding-top: .7rem; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } pre { white-space: pre-wrap; font-size: 8pt; }
  tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .bar span, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";

constexpr std::array<std::string_view, 4> kClasses = {"pass", "fail", "untested", "na"};
constexpr std::array<std::string_view, 4> kMarks = {"&#10003; pass", "&#10007; fail", "untested", "not applicable"};

std::size_t index_of(Ruling ruling) { return static_cast<std::size_t>(ruling); }

std::string fact(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, escaped_xml(value));
}

std::string head(const Verdict& v) {
  const Judged& j = v.judged;
  const bool tested = v.counts[index_of(Ruling::pass)] + v.counts[index_of(Ruling::fail)] > 0 || !j.findings.empty();
  const std::string_view word = v.conforms ? "Conforms" : tested ? "Does not conform" : "Not tested";
  const std::string_view kind = v.conforms ? "conforms" : tested ? "broken" : "untested";
  std::string out = fmt::format("<header class=\"verdict {}\"><h1>{}: {}</h1><p>{}</p></header>\n", kind,
                                escaped_xml(j.subject), word, escaped_xml(v.sentence));
  std::string bar, legend;
  for (std::size_t i = 0; i < kRulings.size(); ++i) {
    if (v.counts[i] > 0)
      bar += fmt::format("<span class=\"{} fill\" style=\"flex:{}\"></span>", kClasses[i], v.counts[i]);
    legend += fmt::format("<li><b>{}</b> {}</li>", v.counts[i], kRulings[i]);
  }
  out += fmt::format("<div class=\"bar\" aria-hidden=\"true\">{}</div>\n<ul class=\"legend\">{}</ul>\n<dl>\n", bar,
                     legend);
  out += fact("subject", j.subject) + fact("checked by", j.tool) + fact("command", j.how);
  if (j.profile) out += fact("profile", fmt::format("{} ({})", j.profile->name, j.profile->file));
  return out +
         fact("compared", fmt::format("{} messages, {} events, {} traces", grouped(j.messages), grouped(j.events),
                                      grouped(j.inputs))) +
         "</dl>\n";
}

std::string failures(const Verdict& v) {
  if (v.judged.findings.empty()) return {};
  std::string out = "<h2>What failed</h2>\n";
  for (std::size_t i = 0; i < v.judged.findings.size(); ++i) {
    const Finding& f = v.judged.findings[i];
    out += fmt::format("<section class=\"finding\" id=\"finding-{0}\"><h3>Finding {0}: {1}</h3>\n", i + 1,
                       escaped_xml(f.title));
    for (const ClauseVerdict& c : v.clauses) {
      if (!f.clauses[c.clause]) continue;
      const std::string_view held = c.why.empty() ? "held nowhere else" : "held elsewhere";
      out += fmt::format("<p class=\"laid\"><b>{} {}</b> ({})</p>\n", clauses()[c.clause].id,
                         escaped_xml(clauses()[c.clause].title), held);
    }
    if (!f.rate.empty()) out += fmt::format("<p>Run again, it showed {}.</p>\n", escaped_xml(f.rate));
    out += fmt::format("<pre>{}</pre>\n", escaped_xml(f.report));
    if (!f.file.empty()) out += fmt::format("<p>The trace is in <code>{}</code>:</p>\n", escaped_xml(f.file));
    if (!f.trace.empty()) out += fmt::format("<pre>{}</pre>\n", escaped_xml(f.trace));
    out += "</section>\n";
  }
  return out;
}

std::string row(const Verdict& verdict, const ClauseVerdict& v) {
  const Clause& c = clauses()[v.clause];
  std::string more;
  if (!v.why.empty()) more += fmt::format("<span class=\"why\">{}</span>", escaped_xml(v.why));
  for (const std::size_t f : v.findings) {
    more += fmt::format("<span class=\"why\"><a href=\"#finding-{0}\">finding {0}</a></span>", f + 1);
  }
  for (const std::size_t r : v.readings) {
    if (verdict.judged.readings[r].used == 0) continue;
    more +=
        fmt::format("<span class=\"why\">recorded reading: {}</span>", escaped_xml(verdict.judged.readings[r].label));
  }
  return fmt::format("<tr><td class=\"id\">{}</td><td>{}{}</td><td class=\"ruling {}\">{}</td></tr>\n", c.id,
                     escaped_xml(c.title), more, kClasses[index_of(v.ruling)], kMarks[index_of(v.ruling)]);
}

std::string all_clauses(const Verdict& verdict) {
  std::string out = "<h2>All clauses</h2>\n";
  std::string_view file;
  for (const ClauseVerdict& v : verdict.clauses) {
    if (clauses()[v.clause].file != file) {
      if (!file.empty()) out += "</tbody></table>\n";
      file = clauses()[v.clause].file;
      out += fmt::format("<h3>spec/{}</h3>\n<table><tbody>\n", file);
    }
    out += row(verdict, v);
  }
  return file.empty() ? out : out + "</tbody></table>\n";
}

std::string readings(const Verdict& v) {
  if (v.judged.readings.empty()) return {};
  std::string out =
      "<h2>Recorded readings</h2>\n<p>Where the subject is known to read the specification in another way, and the "
      "difference was expected.</p>\n<table><tbody>\n<tr><th>clause</th><th>what it does, and why that is "
      "accepted</th><th>used</th></tr>\n";
  for (const Reading& r : v.judged.readings) {
    out += fmt::format("<tr><td class=\"id\">{}</td><td>{}<span class=\"why\">{}</span></td><td>{}</td></tr>\n",
                       escaped_xml(r.clause), escaped_xml(r.label), escaped_xml(r.reason), grouped(r.used));
  }
  return out + "</tbody></table>\n";
}

}  // namespace

std::string html_of(const Verdict& verdict) {
  return fmt::format(
             "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
             "content=\"width=device-width, "
             "initial-scale=1\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
             escaped_xml(verdict.judged.subject), kStyle) +
         head(verdict) + failures(verdict) + readings(verdict) + all_clauses(verdict) +
         fmt::format("<footer>{}</footer>\n</body>\n</html>\n", escaped_xml(verdict.sentence));
}

}  // namespace oftwin::harness
