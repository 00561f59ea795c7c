// Extended matches (NXM): one table of fields, read in both directions.
//
// Invariant: what is decoded is canonical; what is encoded can be decoded again, and says of the match whatever NXM
// can.
#pragma once

#include <cstdint>
#include <variant>

#include "model/action.h"
#include "model/turn.h"
#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/match.h"

namespace oftwin::model {

// entries: without padding. tos_bits: which bits of a matched ToS are compared (MATCH-8).
std::variant<Match, Error> decode_nxm(ByteView entries, std::uint8_t tos_bits);

// Without padding.
Bytes encode_nxm(const Match& match);

// The size in bytes of the field whose entries have this header; 0: there is none, the header is that of an entry with
// a mask, or the field is not there in these layers.
std::size_t field_size(std::uint32_t header, Layers layers);

// Hits the clause that an error of an extended match stands in.
void hit_nxm_error(Turn& turn, Error error);

// Hits the clauses about the form in which a rule's match is sent.
void hit_match_form(Turn& turn, const Match& match, bool extended);

}  // namespace oftwin::model
