// Theorems: a sentence, the code that says it, and a broken rule that must make it false.
//
// A theorem's code is written once, as a template over where its values come from, and is run three ways: with a
// solver's words, to be proved; with the rule broken, to be refuted; and with machine words, to replay what the solver
// gave as a counterexample. It calls the code of model/ and impl/ itself; nothing of it is written down again.
// Invariant: what the code does depends on its inputs and on broken() alone.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "properties/prove/engine.h"
#include "properties/prove/word.h"
#include "spec/match.h"

namespace oftwin::prove {

using Values = std::map<std::string, std::uint64_t>;

// Inputs that every theorem can ask for, made of single words.
template <class Source, class ByteType>
class InputsOf {
 public:
  using Byte = ByteType;
  bool broken() const { return broken_; }

  std::vector<Byte> bytes(const std::string& name, std::size_t n);
  // Any value of every field and any mask, value bits outside the mask included.
  MatchOf<Byte> raw_match(const std::string& name);
  // In canonical form.
  MatchOf<Byte> match(const std::string& name);
  FlowKeyOf<Byte> key(const std::string& name);
  // As many words as impl packs a match into.
  std::array<like<Byte, std::uint64_t>, 15> words(const std::string& name);

 protected:
  explicit InputsOf(bool broken) : broken_(broken) {}

 private:
  template <class T>
  void read(T& to, const std::string& name, unsigned bits);

  bool broken_;
};

class Proof : public InputsOf<Proof, Word<std::uint8_t>> {
 public:
  explicit Proof(bool broken) : InputsOf(broken) {}
  template <class T>
  Word<T> word(const std::string& name, unsigned bits = Word<T>::kBits) {
    const z3::expr low = engine().input(name, bits);
    return Word<T>(bits == Word<T>::kBits ? low : z3::zext(low, Word<T>::kBits - bits));
  }
  void assume(const Bool& condition) { engine().assume(condition.term()); }
  // What the theorem is about: some input makes it true, or the theorem says nothing.
  void about(const Bool& condition) { engine().about(condition.term()); }
  template <class T>
  void show(const std::string&, const T&) {}
};

class Replay : public InputsOf<Replay, std::uint8_t> {
 public:
  Replay(bool broken, const Values& values) : InputsOf(broken), values_(values) {}
  template <class T>
  T word(const std::string& name, unsigned = 0) {
    const auto found = values_.find(name);
    return found == values_.end() ? T{} : static_cast<T>(found->second);
  }
  void assume(bool condition) { assumed_ = assumed_ && condition; }
  void about(bool condition) { met_ = met_ && condition; }
  void show(const std::string& name, const Match& match) { shown_.emplace_back(name, print(match)); }
  void show(const std::string& name, const FlowKey& key) { shown_.emplace_back(name, print(key)); }

  bool assumed() const { return assumed_; }
  const std::vector<std::pair<std::string, std::string>>& shown() const { return shown_; }

 private:
  static std::string print(const Match& match);
  static std::string print(const FlowKey& key);

  const Values& values_;
  bool assumed_ = true, met_ = true;
  std::vector<std::pair<std::string, std::string>> shown_;
};

struct Sentence {
  std::string name;       // in snake_case
  std::string statement;  // in full
  std::string clauses;    // that it is evidence for
  std::string broken;     // what the broken rule does
  std::string bounds = "every value";
  bool slow = false;  // not part of the quick set
};

struct Theorem : Sentence {
  std::function<Bool(Proof&)> symbolic;
  std::function<bool(Replay&)> concrete;
};

template <class Code>
Theorem theorem(Sentence sentence, Code code) {
  return {std::move(sentence), [code](Proof& p) { return Bool(code(p)); },
          [code](Replay& r) { return static_cast<bool>(code(r)); }};
}

template <class A, class B>
auto implies(const A& a, const B& b) {
  return !a || b;
}

// All of them, in the order in which they are best read.
const std::vector<Theorem>& theorems();

// The table of spec/evidence.md.
std::string evidence_table();

}  // namespace oftwin::prove
