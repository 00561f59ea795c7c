// The same question for Z3: one unknown for each word.
#include <z3++.h>

#include "harness/probe/witness.h"

namespace oftwin::probe {
namespace {

z3::expr inside(z3::context& context, const std::vector<z3::expr>& words, const Cube& cube) {
  z3::expr all = context.bool_val(true);
  for (std::size_t i = 0; i < kWords; ++i) {
    if (cube.mask[i] == 0) continue;
    all = all && (words[i] & context.bv_val(cube.mask[i], 64)) == context.bv_val(cube.value[i], 64);
  }
  return all;
}

}  // namespace

Witness solve(const Cube& cube, std::span<const Cube* const> without, unsigned timeout_ms) {
  z3::context context;
  z3::solver solver(context, "QF_BV");
  z3::params params(context);
  params.set("timeout", timeout_ms);
  solver.set(params);
  std::vector<z3::expr> words;
  for (std::size_t i = 0; i < kWords; ++i) words.push_back(context.bv_const(std::to_string(i).c_str(), 64));
  solver.add(inside(context, words, cube));
  for (const Cube* w : without) {
    if (meet(*w, cube)) solver.add(!inside(context, words, *w));
  }
  const z3::check_result result = solver.check();
  if (result != z3::sat) return {result == z3::unsat ? Found::no : Found::unknown, {}};
  const z3::model model = solver.get_model();
  Witness out{Found::yes, {}};
  for (std::size_t i = 0; i < kWords; ++i) {
    out.packet.value[i] = model.eval(words[i], true).get_numeral_uint64();
    out.packet.mask[i] = ~std::uint64_t{0};
  }
  return out;
}

}  // namespace oftwin::probe
