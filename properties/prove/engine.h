// Runs code whose words are unknown down every path that it can take.
//
// When such code asks for the truth of an unknown condition, decide() asks the solver whether both answers are
// possible; if so, one is taken and the other noted, and the code is run again for it: forking by re-execution. A path
// is the list of its answers. Nothing is bounded away silently: exploring ends when no noted answer is left, and each
// answer that was found impossible is an obligation of its own, which a second solver can be asked again. Invariant:
// the code is a function of its inputs and of the answers, so an answered prefix leads to the same place.
#pragma once

#include <z3++.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace oftwin::prove {

// One way through the code.
struct Path {
  z3::expr inputs;  // that lead here: the assumptions and the answers
  z3::expr goal;    // what must hold of them
  z3::expr about;   // of those, the ones that the theorem says something about
};

class Engine {
 public:
  // remember: keep an example of the present path's inputs, which answers half of the questions. Only a test does not.
  explicit Engine(bool remember = true) : remember_(remember) {}

  z3::context& context() { return context_; }

  // The unknown of that name; the same one on every path.
  z3::expr input(const std::string& name, unsigned bits);
  // Of the inputs; to be made before anything is decided.
  void assume(const z3::expr& condition);
  // Must hold wherever execution passes.
  void require(const z3::expr& condition) { required_ = required_ && condition; }
  void about(const z3::expr& condition) { about_ = about_ && condition; }
  bool decide(const z3::expr& condition);

  // Runs `code`, which returns its goal, along one path after the other, until none is left or `seen` returns false.
  void explore(const std::function<z3::expr()>& code, const std::function<bool(const Path&)>& seen);

  // In the order in which they were asked for.
  const std::vector<std::pair<std::string, z3::expr>>& inputs() const { return inputs_; }
  // What was found impossible on the way.
  const std::vector<z3::expr>& impossible() const { return impossible_; }
  std::size_t paths() const { return paths_; }
  std::size_t questions() const { return questions_; }

 private:
  using Example = std::optional<z3::model>;
  struct Open {
    std::vector<bool> answers;
    Example example;
  };

  bool possible(const z3::expr& condition, Example& example);
  bool ask(const z3::expr& condition);
  void start(Open open);

  bool remember_;
  z3::context context_;
  z3::solver solver_{context_};  // holds the assumptions and the present path
  std::vector<std::pair<std::string, z3::expr>> inputs_;
  z3::expr path_ = context_.bool_val(true), required_ = path_, about_ = path_;
  std::vector<bool> answers_;  // of this path, as far as they are known
  std::size_t asked_ = 0;      // of them
  Example example_;            // inputs that lead along the present path; nothing: none is
                               // known
  std::vector<Open> open_;
  std::vector<z3::expr> impossible_;
  std::size_t paths_ = 0, questions_ = 0;
};

// The one that is at work; words are made of its terms.
Engine& engine();

}  // namespace oftwin::prove
