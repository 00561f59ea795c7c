// The command line: flags in, exit codes out (exit_codes.h).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "cli/check.h"
#include "cli/command_table.h"
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/exit_codes.h"
#include "cli/explore.h"
#include "cli/minimize.h"
#include "cli/probes.h"
#include "cli/say.h"
#include "cli/serve.h"
#include "cli/stop.h"
#include "cli/version.h"
#include "harness/files.h"
#include "harness/limits.h"

namespace {

using namespace oftwin::cli;

// What reads keys and certificates would wait for a FIFO, and read a device without end.
const CLI::Validator kPem(
    [](const std::string& path) -> std::string {
      try {
        oftwin::harness::must_be_input(path, oftwin::harness::limits::kSetting, "a key or a certificate");
      } catch (const oftwin::harness::FileError& e) { return e.what(); }
      return "";
    },
    "", "PEM file");

void add_provider_limits(CLI::App& c, ProviderLimits& o) {
  c.add_option("--patience", o.patience.ms,
               "A provider completes each operation within so many ms of the switch's clock, or within its runs, "
               "whichever is later")
      ->capture_default_str();
  c.add_option("--call", o.call_s, "Seconds that a provider has for one call")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  c.add_option("--memory", o.memory_mb, "MB that a provider's process may grow by; 0: no limit")->capture_default_str();
}

// How a live switch is met.
void add_live(CLI::App& c, CheckOptions& o) {
  c.add_option("--profile", o.profile, "What the switch has (TOML): nothing else is asked of it");
  c.add_option("--ledger", o.ledger, "Known readings of a live switch (default: the file of corpus/ledger about it)");
  c.add_option("--answer", o.answer_s, "Seconds that a live switch may be silent when it is asked")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  c.add_option("--pace", o.pace, "To a live switch: at most so many messages a second");
  c.add_option("--private-key", o.private_key, "For ssl: (PEM)")->check(kPem);
  c.add_option("--certificate", o.certificate, "For ssl: (PEM)")->check(kPem);
  c.add_option("--ca-cert", o.ca_cert, "For ssl: (PEM)")->check(kPem);
}

void add_check(CLI::App& app, CheckOptions& o, std::string& errata) {
  auto* c = app.add_subcommand("check", "Traces, recordings, captures against model and subject");
  c->add_option("INPUT", o.inputs, "Traces, recordings (*.jsonl.gz), captures (*.pcap), or folders of them");
  c->add_option(
       "--subject", o.subject,
       "What is checked: builtin, or a switch (tcp:HOST:PORT, ptcp:PORT, ssl:.., pssl:.., unix:PATH, punix:PATH)")
      ->capture_default_str();
  c->add_option("--edition", o.edition, "corrected or ovs-2011, for inputs that do not say");
  c->add_option("--errata", errata, "Single errata, such as E-03,E-07")->excludes("--edition");
  c->add_option("--random", o.random, "That many generated traces, too");
  c->add_option("--tables", o.tables, "That many generated tables, each with the packets that test it, too");
  c->add_option("--seed", o.seed, "Of the first of them")->capture_default_str();
  c->add_option("--time", o.time_s, "Seconds after which nothing more is generated (alone: like --random without end)");
  c->add_option("--out", o.out, "Folder for traces of divergences and crashes")->capture_default_str();
  c->add_option("--json", o.json, "Results for machines, - for standard output");
  c->add_option("--junit", o.junit, "Results as JUnit XML");
  c->add_option("--verdict", o.verdicts,
                "A verdict for each clause: FILE.html, .txt, .json, .xml (JUnit), .sarif; - prints")
      ->allow_extra_args(false);
  add_live(*c, o);
  c->add_option("--connections", o.connections, "To a live switch: at most so many at once, if it takes them")
      ->check(CLI::Range(1, 3))
      ->capture_default_str();
  c->add_option("--several", o.several, "Per cent of generated scenarios that use several connections")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  c->add_flag("--probe", o.probe, "Find out what a live switch has, and write it as a profile; its flows are lost");
  c->add_option("-o", o.output, "File for that profile; standard output without it");
  c->add_option("--runs", o.provider.patience.runs, "The runs that a provider has for each operation (see --patience)")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  add_provider_limits(*c, o.provider);
  c->add_flag("--in-process", o.provider.in_process, "A provider without a process of its own, for a debugger");
  c->add_flag("--rewrite", o.rewrite, "Regenerate the expectations of traces from the model; checks nothing");
}

void add_fuzz(CLI::App& app, FuzzOptions& o) {
  auto* c = app.add_subcommand("fuzz", "A fuzz campaign");
  c->add_option("--subject", o.subject, "What is checked: builtin, or provider:LIBRARY[,OPTIONS]")
      ->capture_default_str();
  c->add_option("--runs", o.runs, "Traces of each job; 0: as many as there is time for")->capture_default_str();
  add_provider_limits(*c, o.provider);
  c->add_option("--engine", o.engine, "What drives it: libfuzzer")->capture_default_str();
  c->add_option("--target", o.target,
                "The fuzz target (default: lockstep_agrees_fuzz, looked for beside this command)");
  c->add_option("--time", o.time_s, "Seconds; 0: until the runs are done")->capture_default_str();
  c->add_option("--jobs", o.jobs, "Processes side by side")->capture_default_str()->check(CLI::Range(1, 256));
  c->add_option("--corpus", o.corpus, "Folder of binary or text traces to begin with");
  c->add_option("--out", o.out, "Folder for what is found and for the grown corpus")->capture_default_str();
  c->add_option("--seed", o.seed, "Of the engine; 0: by the clock")->capture_default_str();
}

void add_explore(CLI::App& app, ExploreOptions& o) {
  auto* c = app.add_subcommand("explore", "Every sequence of events within bounds, on the model");
  c->add_option("--scope", o.scope, "Which bounds (see --list; the first is the default)");
  c->add_option("--edition", o.edition, "corrected; ovs-2011 (without --scope: every erratum by itself); or E-03,E-07")
      ->capture_default_str();
  c->add_option("--connections", o.connections, "Primary connections")->check(CLI::Range(1, 4));
  c->add_option("--rules", o.rules, "Flows that requests name")->check(CLI::Range(1, 8));
  c->add_option("--tables", o.tables, "Tables")->check(CLI::Range(1, 4));
  c->add_option("--groups", o.groups, "The limit of pending groups")->check(CLI::Range(1, 8));
  c->add_option("--inbox", o.inbox, "Unread messages of a connection")->check(CLI::Range(1, 4));
  c->add_option("--depth", o.depth, "Events in a row; 0: no bound")->capture_default_str();
  c->add_option("--states", o.states, "Stop after that many states; 0: no bound")->capture_default_str();
  c->add_option("--memory", o.memory_mb, "Megabytes for visited states and frontier")->capture_default_str();
  c->add_option("--jobs", o.threads, "Threads")->capture_default_str()->check(CLI::Range(1, 64));
  c->add_option("--refine", o.refine, "With the built-in switch in lockstep, until so many states have been left");
  c->add_option("--out", o.out, "Folder for traces of violations; standard output without it");
  c->add_flag("--live", o.live, "Look for lassos instead: does the switch come to rest when it is left alone?");
  c->add_flag("--unchecked", o.unchecked, "Count states only (to measure what the checks cost)");
  c->add_flag("--list", o.list, "The scopes and the invariants");
  c->add_flag("--page", o.page, "spec/invariants.md as it should be");
  c->add_flag("--json", o.json, "Results for machines");
}

void add_coverage(CLI::App& app, CoverageOptions& o) {
  auto* c = app.add_subcommand("coverage", "Which messages, actions, errors and fields are known and were seen");
  c->add_option("INPUT", o.inputs, "Traces, recordings, captures, or folders of them");
  c->add_option("--random", o.random, "That many generated traces, too");
  c->add_option("--seed", o.seed, "Of the first of them")->capture_default_str();
  c->add_option("--json", o.json, "The table for machines, - for standard output");
}

void add_prove(CLI::App& app, ProveOptions& o) {
  auto* c = app.add_subcommand("prove", "Theorems about matching, decided by SMT solvers over the code that runs");
  c->add_option("--theorem", o.theorem, "Those whose name contains this (default: the quick set)");
  c->add_flag("--all", o.all, "The slow ones, too");
  c->add_option("--cross-check", o.cross_check, "Ask a second solver: cvc5");
  c->add_option("--timeout", o.timeout_s, "Seconds for each question")->capture_default_str();
  c->add_flag("--list", o.list, "Names and statements; proves nothing");
  c->add_option("--smt", o.smt, "Write SMT-LIB 2 scripts into this folder; proves nothing");
  c->add_option("--json", o.json, "Results for machines, - for standard output");
}

void add_serve(CLI::App& app, ServeOptions& o) {
  auto* c = app.add_subcommand("serve", "The built-in switch on sockets, for real controllers, judged all the time");
  c->add_option("--listen", o.listen,
                "ptcp:PORT[:ADDR], pssl:PORT[:ADDR] or punix:PATH; ptcp:6653 if nothing is given");
  c->add_option("--snoop", o.snoop, "The same, for those who listen to what controllers say and hear");
  c->add_option("--controller", o.controllers, "tcp:HOST:PORT, ssl:HOST:PORT or unix:PATH to connect to");
  c->add_option("-p,--private-key", o.private_key, "For ssl: and pssl:, PEM file")->check(kPem);
  c->add_option("-c,--certificate", o.certificate, "For ssl: and pssl:, PEM file")->check(kPem);
  c->add_option("-C,--ca-cert", o.ca_cert, "For ssl: and pssl:, who signs the peers' certificates; PEM file")
      ->check(kPem);
  c->add_option("--subject", o.subject, "Which switch: builtin, or one over provider:LIBRARY[,OPTIONS]")
      ->capture_default_str();
  add_provider_limits(*c, o.provider);
  c->add_option("--buffers", o.buffers, "Packet buffers of a connection to a controller; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0, 256));
  c->add_option("--ports", o.ports, "Ports, beside LOCAL")->capture_default_str()->check(CLI::Range(0, 255));
  c->add_option("--tables", o.tables, "Tables")->capture_default_str()->check(CLI::Range(1, 254));
  c->add_option("--datapath-id", o.datapath_id, "Hexadecimal")->capture_default_str();
  c->add_option("--fail-mode", o.fail_mode, "Without controllers: secure or standalone")->capture_default_str();
  c->add_option("--probe-interval", o.probe_interval_s, "Seconds after which a silent peer is probed; 0: never")
      ->capture_default_str();
  c->add_option("--latency", o.latency_ms, "Milliseconds that the datapath takes for each change")
      ->capture_default_str();
  c->add_option("--max-connections", o.max_connections, "Connections at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1, 60000));
  c->add_option("--max-flows", o.max_flows, "Flows; more are refused")->capture_default_str();
  c->add_option("--log", o.log, "Folder for traces of divergences")->capture_default_str();
  c->add_option("--json", o.json, "The summary for machines, - for standard output");
}

void add_probes(CLI::App& app, ProbesOptions& o) {
  auto* c = app.add_subcommand("probes", "The packets that show whether a table looks packets up rightly");
  c->add_option("FLOWS", o.flows, "Flows as ovs-ofctl writes them")->required();
  c->add_option("--table", o.table, "Whose flows")->capture_default_str()->check(CLI::Range(0, 254));
  c->add_option("--ports", o.ports, "By which packets can come: 1,2,3 (default: those named, and another)")
      ->delimiter(',')
      ->check(CLI::Range(1, 0xffff));
  c->add_option("--pcap", o.pcap, "The frames as a capture, in the order of the list");
  c->add_option("--json", o.json, "The list for machines, - for standard output");
}

void add_others(CLI::App& app, ReplayOptions& replay, MinimizeOptions& minimize, ConvertOptions& convert,
                std::string& clause) {
  auto* r = app.add_subcommand("replay", "Both sides of a trace, step by step");
  r->add_option("TRACE", replay.trace)->required();
  r->add_option("--id", replay.id, "Which one of a file of recordings");
  r->add_option("--subject", replay.subject, "builtin, provider:LIBRARY[,OPTIONS], or a live switch as for check")
      ->capture_default_str();
  add_live(*r, replay.live);
  r->add_option("--edition,--errata", replay.edition, "In place of the trace's: corrected, ovs-2011, or errata");
  auto* m = app.add_subcommand("minimize", "The smallest trace that shows the same divergence or crash");
  m->add_option("TRACE", minimize.input)->required();
  m->add_option("--id", minimize.id, "Which one of a file of recordings");
  m->add_option("--subject", minimize.subject,
                "What shows it: builtin, provider:LIBRARY[,OPTIONS], or a live switch as for check")
      ->capture_default_str();
  m->add_option("-o,--out", minimize.out, "File to write; standard output without it");
  m->add_option("--time", minimize.time_s, "Seconds after which the smallest so far will do; 0: no limit")
      ->capture_default_str();
  m->add_option("--probes", minimize.probes, "At most so many candidates are tried (default: as suits the subject)");
  m->add_option("--json", minimize.json, "What was done, and the trace, for machines; - for standard output");
  add_live(*m, minimize.live);
  auto* v = app.add_subcommand("convert", "Between text (.trace), bytes (.bin), recordings and captures");
  v->add_option("IN", convert.in)->required();
  v->add_option("OUT", convert.out, "*.bin: bytes; *.jsonl: a recording; else text; - for standard output")->required();
  v->add_option("--id", convert.id, "Which one of a file of recordings");
  v->add_flag("--expect", convert.expect, "With what the model lets out");
  app.add_subcommand("clause", "A clause of the specification, or all of them")->add_option("ID", clause);
}

void add_about_itself(CLI::App& app, std::string& shell) {
  app.add_subcommand("manual", "This list as a page for man(1)");
  app.add_subcommand("completion", "A script that completes these words in a shell")
      ->add_option("SHELL", shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
}

OptionEntry entry_of(const CLI::Option& o) {
  OptionEntry out;
  if (o.get_positional()) out.names.push_back(o.get_name(true));
  for (const std::string& name : o.get_snames()) out.names.push_back("-" + name);
  for (const std::string& name : o.get_lnames()) out.names.push_back("--" + name);
  if (o.get_items_expected_max() != 0 && !o.get_positional()) out.value = o.get_type_name();
  out.text = o.get_description();
  out.fallback = o.get_default_str();
  out.required = o.get_required();
  return out;
}

CommandTable table_of(CLI::App& app) {
  CommandTable out{app.get_name(), std::string(version()), app.get_description(), {}, {}};
  for (const CLI::Option* o : app.get_options()) out.options.push_back(entry_of(*o));
  for (CLI::App* c : app.get_subcommands([](const CLI::App*) { return true; })) {
    CommandEntry command{c->get_name(), c->get_description(), {}, {}, c->get_footer()};
    for (const CLI::Option* o : c->get_options())
      (o->get_positional() ? command.arguments : command.options).push_back(entry_of(*o));
    out.commands.push_back(std::move(command));
  }
  return out;
}

// About the first word that nothing knows, as it was typed; empty: that is not what is wrong.
std::string unknown_word(const CommandTable& table, int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (std::string complaint = complaint_about(table, "", command); !complaint.empty()) return complaint;
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") break;
    const bool value_may_follow = !word.starts_with("--") && complaint_about(table, command, word.substr(0, 2)).empty();
    if (word.size() < 2 || word[0] != '-' || value_may_follow) continue;
    if (std::string complaint = complaint_about(table, command, word); !complaint.empty()) return complaint;
  }
  return {};
}

std::string words(int argc, char** argv) {
  std::string out = "oftwin";
  for (int i = 1; i < argc; ++i) out += std::string(" ") + argv[i];
  return out;
}

// What could not be printed is an error, wherever it was printed: a full disk, a pipe that nobody reads.
int after_output(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  complain("oftwin: standard output: {}\n", errno != 0 ? std::strerror(errno) : "it could not be written");
  return worse(code, kUsage);
}

int run_command(int argc, char** argv) {
  CLI::App app("Tells whether an OpenFlow switch does what it must.", "oftwin");
  app.set_version_flag("--version", std::string(version()));
  app.require_subcommand(1);
  CheckOptions check;
  std::string errata, clause;
  FuzzOptions fuzz;
  ProveOptions prove;
  CoverageOptions coverage;
  ReplayOptions replay;
  MinimizeOptions minimize;
  ConvertOptions convert;
  add_check(app, check, errata);
  add_fuzz(app, fuzz);
  add_prove(app, prove);
  add_coverage(app, coverage);
  ExploreOptions explore;
  add_explore(app, explore);
  ProbesOptions probes;
  add_probes(app, probes);
  ServeOptions serve;
  add_serve(app, serve);
  add_others(app, replay, minimize, convert, clause);
  std::string shell;
  add_about_itself(app, shell);
  for (CLI::App* command : app.get_subcommands({})) command->footer(exit_codes_of(command->get_name()));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const bool words_left = dynamic_cast<const CLI::ExtrasError*>(&e) || dynamic_cast<const CLI::RequiredError*>(&e);
    if (const std::string unknown = unknown_word(table_of(app), argc, argv); words_left && !unknown.empty()) {
      complain("oftwin: {}\n", unknown);
      return kUsage;
    }
    std::ostringstream out, complaint;
    const int code = app.exit(e, out, complaint);
    say_text(out.str());
    complain_text(complaint.str());
    return code == 0 ? 0 : kUsage;
  }
  try {
    if (!errata.empty()) check.edition = errata;
    check.command = words(argc, argv);
    check.out_named = app.get_subcommand("check")->count("--out") > 0;
    if (app.got_subcommand("check")) return run_check(check);
    if (app.got_subcommand("fuzz")) return run_fuzz(fuzz);
    if (app.got_subcommand("explore")) return run_explore(explore);
    if (app.got_subcommand("coverage")) return run_coverage(coverage);
    if (app.got_subcommand("probes")) return run_probes(probes);
    if (app.got_subcommand("prove")) return run_prove(prove);
    if (app.got_subcommand("replay")) return run_replay(replay);
    if (app.got_subcommand("serve")) return run_serve(serve);
    if (app.got_subcommand("minimize")) return run_minimize(minimize);
    if (app.got_subcommand("convert")) return run_convert(convert);
    if (app.got_subcommand("manual")) return say_text(manual_page(table_of(app))), 0;
    if (app.got_subcommand("completion")) return say_text(completion(table_of(app), shell)), 0;
    return run_clause(clause);
  } catch (const std::exception& e) {
    complain("oftwin: {}\n", e.what());
    return kUsage;
  }
}

}  // namespace

int main(int argc, char** argv) {
  catch_stop();
  return after_output(run_command(argc, argv));
}
