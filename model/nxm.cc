// Extended matches (NXM) for the rest of the model, and the clauses about them.
#include "model/nxm.h"

#include "model/nxm_match.h"
#include "model/wire_match.h"
#include "spec/openflow.h"

namespace oftwin::model {

std::variant<Match, Error> decode_nxm(ByteView entries, std::uint8_t tos_bits) { return read_nxm(entries, tos_bits); }

Bytes encode_nxm(const Match& match) { return write_nxm(match); }

std::size_t field_size(std::uint32_t header, Layers layers) {
  const NxmField* field = find_field<>(header >> 9, header & 0x100, header & 0xff);
  Match known;
  known.dl_type.value = layers.dl_type;
  known.nw_proto.value = layers.nw_proto;
  const NxmNeeds needs = field ? field->needs : NxmNeeds{};
  const bool there = field && !(header & 0x100) && met({needs.ethernet, needs.or_ethernet, needs.protocol}, known);
  return there ? field->size : 0;
}

void hit_nxm_error(Turn& turn, Error error) {
  if (error.space == ErrorSpace::openflow) return turn.hit("NXM-8");
  turn.hit("NXM-1");
  if (error.code == NXBRC_NXM_INVALID) turn.hit("NXM-2");
  if (error.code == NXBRC_NXM_BAD_TYPE) turn.hit("NXM-3");
  if (error.code == NXBRC_NXM_BAD_PREREQ) turn.hit("NXM-4");
  if (error.code == NXBRC_NXM_DUP_TYPE) turn.hit("NXM-5");
  if (error.code == NXBRC_NXM_BAD_VALUE) turn.hit("NXM-6");
  if (error.code == NXBRC_NXM_BAD_MASK) turn.hit("NXM-7");
}

void hit_match_form(Turn& turn, const Match& match, bool extended) {
  if (extended) {
    turn.hit("NXM-9");
    if (decode_nxm(encode_nxm(match), turn.tos_bits()) != std::variant<Match, Error>(match)) turn.hit("NXM-10");
    return;
  }
  Bytes plain(wire::match::size);
  encode_match(plain, 0, match);
  if (decode_match(plain, 0, turn.tos_bits()) != match) turn.hit("NXM-11");
  turn.hit("MATCH-9");
}

}  // namespace oftwin::model
