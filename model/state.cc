// What the compiler would write for a state in every source that copies one. No behaviour.
#include "model/state.h"

namespace oftwin::model {

State::State() = default;
State::State(const State&) = default;
State::State(State&&) noexcept = default;
State& State::operator=(const State&) = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;
bool State::operator==(const State&) const = default;

}  // namespace oftwin::model
