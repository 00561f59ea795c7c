// A packet as Open vSwitch 3 sees and rewrites it: which headers it takes to be there, which of a flow's fields they
// fill, and what it writes into them. Written from its documentation and from how its parser and its actions behave.
//
// Like in the model, actions change what the fields *shall* be (`wanted`), and commit() writes the difference when the
// packet goes somewhere. Invariant: `written` is what Open vSwitch takes the frame's fields to be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::harness::live::ovs3 {

class Frame {
 public:
  Frame(ByteView bytes, std::uint16_t in_port);

  Bytes bytes;
  FlowKey written, wanted;
  bool fragment = false, later_fragment = false;
  bool partial_tag = false;  // a tag of which only the type is there

  // The fields as a lookup sees them: without `ports_of_fragments` a fragment has no ports.
  FlowKey seen(bool ports_of_fragments) const;
  // Whether it does something about such an action at all; others leave the field as it is.
  bool heeds(ByteView action) const;
  // Removes the tag, if there is one.
  void strip_vlan();
  // Before an output. Anything that was to change does.
  void commit();

 private:
  void read_network();
  void read_ipv4(std::size_t at);
  void read_ipv6(std::size_t at);
  void read_arp(std::size_t at);
  void read_transport();
  void read_neighbour_discovery(ByteView options);
  bool ip() const;
  std::size_t network() const { return bytes.size() - *network_from_end_; }
  std::size_t transport() const { return bytes.size() - *transport_from_end_; }
  std::size_t transport_size() const;  // 0: there is none
  void set_ipv4_address(std::size_t field, std::uint32_t address);
  void set_tos();
  void set_ports();
  void set_sctp_ports();
  void set_icmp();
  void set_tag();

  std::optional<std::size_t> network_from_end_, transport_from_end_;
  std::size_t padding_ = 0;                         // bytes behind the end of the IP packet
  std::uint16_t written_tag_ = 0, wanted_tag_ = 0;  // the type of the tag
};

}  // namespace oftwin::harness::live::ovs3
