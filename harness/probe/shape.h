// Which packets there are: what some frame looks like to a match (spec/packet.md), as a list of shapes.
//
// A shape is a set of packets without some other sets: for example TCP over IPv4 with a tag. Together the shapes hold
// exactly the keys of frames of at least 60 bytes, as Ethernet has them, that come without a tunnel (so does every
// packet-out) and are looked up with empty registers. frame.h makes the frame.
#pragma once

#include <vector>

#include "harness/probe/cube.h"

namespace oftwin::probe {

struct Shape {
  Cube cube;
  std::vector<Cube> without;
  // Taken where nothing speaks against it: values that mean nothing to anybody, where others might be special.
  std::vector<Cube> preferred;
};

// The likeliest first.
const std::vector<Shape>& shapes();

// Some frame has this key.
bool some_frame_has(const FlowKey& key);

}  // namespace oftwin::probe
