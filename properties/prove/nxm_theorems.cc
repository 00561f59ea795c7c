// Extended matches: what an entry of any field says, with any value and any mask, to both sides; and what is sent of
// it.
#include "impl/nxm.h"
#include "model/nxm_match.h"
#include "model/wire_match.h"
#include "properties/prove/inputs.h"
#include "properties/prove/theorem_lists.h"
#include "spec/nxm.h"

namespace oftwin::prove {

namespace {

template <class Byte>
void append_number(std::vector<Byte>& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}
template <class Byte>
void append_exact(std::vector<Byte>& out, std::uint32_t type, std::uint64_t value, std::size_t size) {
  append_number(out, type << 9 | size, 4);
  append_number(out, value, size);
}

// An entry of one of the fields, after entries that match what it needs; its value and mask are unknown.
template <class P>
auto any_entry(P& p) {
  using Byte = typename std::remove_cvref_t<P>::Byte;
  const std::size_t index = known(p.template word<std::uint8_t>("field", 5));
  const bool masked = known(p.template word<std::uint8_t>("masked", 1)) != 0;
  const bool other = known(p.template word<std::uint8_t>("other prerequisite", 1)) != 0;
  const NxmField& field = nxm::fields[index];
  const NxmNeeds& needs = field.needs;
  std::vector<Byte> out;
  const auto pick = [other](auto one, auto two) { return other && two != 0 ? two : one; };
  if (needs.ethernet != 0) append_exact(out, NXM_OF_ETH_TYPE, pick(needs.ethernet, needs.or_ethernet), 2);
  if (needs.protocol != 0) append_exact(out, NXM_OF_IP_PROTO, needs.protocol, 1);
  if (needs.icmp != 0) append_exact(out, NXM_NX_ICMPV6_TYPE, pick(needs.icmp, needs.or_icmp), 1);
  append_number(out, field.type << 9 | (masked ? 0x100 | field.size * 2 : field.size), 4);
  for (const Byte& byte : p.bytes("payload", field.size * (masked ? 2 : 1))) out.push_back(byte);
  return out;
}

template <class Byte>
auto read_both(const std::vector<Byte>& bytes, std::uint8_t tos_bits) {
  struct Read {
    std::variant<MatchOf<Byte>, Error> model;
    Error impl_error;
    impl::PackedMatchOf<like<Byte, std::uint64_t>> impl;
  } read;
  const std::span<const Byte> entries(bytes);
  read.model = model::read_nxm(entries, tos_bits);
  read.impl_error = impl::decode_nxm(entries, &read.impl);
  return read;
}

constexpr auto reading = [](auto& p) {
  using Byte = typename std::remove_cvref_t<decltype(p)>::Byte;
  const auto read = read_both(any_entry(p), p.broken() ? model::kTosBitsOf2011 : model::kTosBits);
  using Truth = decltype(Byte{} == Byte{});
  if (const auto* error = std::get_if<Error>(&read.model)) return Truth(read.impl_error == *error);
  const auto& match = std::get<MatchOf<Byte>>(read.model);
  p.show("match", match);
  return read.impl_error ? Truth(false) : impl::pack(match) == read.impl;
};

constexpr auto writing = [](auto& p) {
  using Byte = typename std::remove_cvref_t<decltype(p)>::Byte;
  using Truth = decltype(Byte{} == Byte{});
  const auto read = read_both(any_entry(p), model::kTosBits);
  if (std::holds_alternative<Error>(read.model)) return Truth(true);
  auto match = std::get<MatchOf<Byte>>(read.model);
  p.show("match", match);
  if (p.broken()) match.dl_dst.mask &= 0xfeffffffffff;
  const std::vector<Byte> bytes = model::write_nxm(match);
  std::vector<Byte> other(wire::nx_flow_stats::longest_match);
  const std::size_t length = impl::encode_nxm(read.impl, other.data());
  if (length != bytes.size()) return Truth(false);
  Truth right{true};
  for (std::size_t i = 0; i < length; ++i) right = right && bytes[i] == other[i];
  const auto again = read_both(bytes, model::kTosBits);
  if (std::holds_alternative<Error>(again.model) || again.impl_error) return Truth(false);
  return right && again.impl == read.impl && impl::pack(std::get<MatchOf<Byte>>(again.model)) == read.impl;
};

}  // namespace

std::vector<Theorem> nxm_theorems() {
  const std::string bounds = "32 fields, with and without a mask, every value, every mask, all paths";
  return {
      theorem({"both_sides_read_the_same_of_an_extended_entry",
               "After the entries that it needs, an entry of any field with any value and any mask gives the same "
               "match or the same error.",
               "NXM-1 NXM-3 NXM-6 NXM-7 MATCH-8", "the model compares all eight bits of a ToS", bounds},
              reading),
      theorem({"what_is_sent_of_an_extended_entry_is_the_same_and_reads_back",
               "Both sides write the match that was read as the same entries, and these read as the same match again.",
               "NXM-9", "the model forgets the multicast bit", bounds},
              writing),
  };
}

}  // namespace oftwin::prove
