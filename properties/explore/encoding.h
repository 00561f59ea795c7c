// A state as bytes, exactly: what the frontier of an exploration is made of.
//
// Invariant: decode(encode(s)) == s for every state of the same switch (config and errata are not encoded).
#pragma once

#include "model/state.h"
#include "properties/explore/vocabulary.h"

namespace oftwin::explore {

// Appends to `out`.
void encode(const model::State& state, const Vocabulary& words, std::vector<std::uint8_t>& out);
// `state` is any state of the same switch; `bytes` begins with what encode() made. Returns how many bytes that was.
std::size_t decode(std::span<const std::uint8_t> bytes, const Vocabulary& words, model::State& state);

}  // namespace oftwin::explore
