#include "harness/live/reading.h"

#include <algorithm>
#include <array>

namespace oftwin::harness::live {

const model::Connection* Asked::connection() const {
  const auto it = std::find_if(state.connections.begin(), state.connections.end(),
                               [&](const model::Connection& c) { return c.name == conn; });
  return it == state.connections.end() ? nullptr : &*it;
}

bool Asked::is_slave() const {
  const model::Connection* c = connection();
  return c && c->is_primary() && c->role == model::Role::slave;
}

bool Asked::is_read() const {
  const model::Connection* c = connection();
  return c && c->link == model::Link::up;
}

const Dialect* dialect(std::string_view name) {
  constexpr std::array known = {&open_vswitch_3};
  const auto it = std::find_if(known.begin(), known.end(), [&](const Dialect* d) { return d->name == name; });
  return it == known.end() ? nullptr : *it;
}

}  // namespace oftwin::harness::live
