// Decides a theorem: proved by Z3, decided again by cvc5 from SMT-LIB text, and shown able to fail: with its rule
// broken there is a counterexample, which machine words confirm.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "properties/prove/theorem.h"

namespace oftwin::prove {

enum class Answer { proved, refuted, unknown, not_asked };
std::string print(Answer answer);

struct Decision {
  Answer answer = Answer::not_asked;
  double seconds = 0;
};

// Inputs that a solver found, what the code made of them, and whether machine words agree.
struct Instance {
  bool found = false;
  Values inputs;
  std::vector<std::pair<std::string, std::string>> shown;  // matches and packets, in words
  bool confirmed = false;
};

struct Proven {
  std::string name;
  std::size_t paths = 0, obligations = 0;
  Decision z3, cvc5;
  Instance counterexample;  // if refuted
  Instance example;         // that the theorem is about
  Instance of_broken;       // what refutes the broken rule and leaves the right one true
  double broken_seconds = 0;

  // Everything that has to hold of a theorem does.
  bool good() const;
};

struct Options {
  bool cross_check = false;  // ask cvc5, too
  unsigned timeout_s = 120;  // for each question
};

// Throws std::runtime_error if cvc5 is wanted and not there.
Proven prove(const Theorem& theorem, const Options& options);

// The theorem as an SMT-LIB 2 script of independent questions, one for each path and one for each answer that was
// found impossible on the way: all unsatisfiable exactly if the theorem holds.
std::string smt_lib(const Theorem& theorem);

}  // namespace oftwin::prove
