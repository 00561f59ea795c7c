// ovs-ofctl's syntax of Nicira actions <-> one action as it stands on the wire.
//
//   resubmit:PORT  resubmit(PORT,TABLE)  set_tunnel:ID  set_tunnel64:ID  set_queue:ID  pop_queue  note:00.11.22
//   move:NXM_OF_VLAN_TCI[0..11]->NXM_NX_REG1[]  load:0x5->NXM_NX_REG0[4..7]  autopath(ID,NXM_NX_REG0[])
//   multipath(eth_src,BASIS,modulo_n,LINKS,ARG,NXM_NX_REG0[0..15])  bundle(symmetric_l4,BASIS,hrw,ofport,slaves:1,2)
//   bundle_load(eth_src,BASIS,active_backup,ofport,NXM_NX_REG0[0..15],slaves:1,2)
//
// In resubmit(..) no PORT is the packet's own, no TABLE the current one; so resubmit(1,) is the later of the two
// actions. Neither direction says all that the wire can: whoever prints compares what is parsed again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/bytes.h"

namespace oftwin::harness {

// action: of type vendor, any length from 8. Empty: there is no such text.
std::string print_nicira_action(ByteView action);

// nullopt: not one of these, or a bad argument.
std::optional<Bytes> parse_nicira_action(std::string_view text);

// A range of bits of a field, named by the header of its NXM entry.
struct FieldBits {
  std::uint32_t header = 0;
  std::uint16_t offset = 0, bits = 0;
};

namespace action {
Bytes resubmit(std::uint16_t in_port);
Bytes resubmit_table(std::uint16_t in_port, std::uint8_t table);
Bytes set_tunnel(std::uint32_t id);
Bytes set_tunnel64(std::uint64_t id);
Bytes set_queue(std::uint32_t queue);
Bytes pop_queue();
Bytes reg_move(const FieldBits& from, const FieldBits& to);
Bytes reg_load(const FieldBits& to, std::uint64_t value);
Bytes note(ByteView text);  // padded with zeros to a multiple of 8
Bytes multipath(std::uint16_t fields, std::uint16_t basis, std::uint16_t algorithm, std::uint16_t max_link,
                std::uint32_t arg, const FieldBits& to);
Bytes autopath(std::uint32_t id, const FieldBits& to);
// to: nullptr for bundle, the destination for bundle_load.
Bytes bundle(std::uint16_t fields, std::uint16_t basis, std::uint16_t algorithm, const FieldBits* to,
             const std::vector<std::uint16_t>& slaves);
}  // namespace action

}  // namespace oftwin::harness
