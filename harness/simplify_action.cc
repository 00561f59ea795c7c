#include "harness/simplify_action.h"

#include <algorithm>
#include <span>
#include <utility>

#include "harness/simplify_value.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

using wire::Field;
namespace of = wire::action;
namespace nx = wire::nx_action;

constexpr std::uint64_t kRegister = std::uint64_t{NXM_NX_REG0} << 9 | 4;  // as a header names it
constexpr std::uint64_t kAllOfIt = 31;                                    // its bits: from 0 on, 32 of them

struct Place {
  std::size_t at, size;
};

// Up to what can't be cut any more: that is the last place.
std::vector<Place> places_in(const Bytes& actions) {
  std::vector<Place> out;
  for (std::size_t at = 0; at < actions.size();) {
    const std::size_t left = actions.size() - at;
    const std::size_t told = left < of::header_size ? 0 : std::size_t{actions[at + 2]} << 8 | actions[at + 3];
    out.push_back({at, told < 8 || told > left ? left : told});
    at += out.back().size;
  }
  return out;
}

std::uint64_t get(ByteView bytes, Field field) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < field.size; ++i) value = value << 8 | bytes[field.offset + i];
  return value;
}

void set(Bytes& bytes, Field field, std::uint64_t value) {
  for (std::size_t i = field.size; i-- > 0; value >>= 8) bytes[field.offset + i] = static_cast<std::uint8_t>(value);
}

bool fits(const Bytes& bytes, Field field) { return field.offset + field.size <= bytes.size(); }

void set_length(Bytes& action) { set(action, of::len, action.size()); }

ActionKind kind_of(const Bytes& action) {
  ActionKind kind;
  if (action.size() < 8) return kind;
  kind.type = static_cast<std::uint16_t>(get(action, of::type));
  const bool nicira =
      kind.type == OFPAT_VENDOR && action.size() >= nx::smallest && get(action, of::vendor) == NX_VENDOR_ID;
  if (nicira) kind.nicira = static_cast<std::uint16_t>(get(action, nx::subtype));
  return kind;
}

// Collects plainer versions of one action.
class Action {
 public:
  explicit Action(const Bytes& action) : action_(action) {}

  std::vector<Bytes> take() { return std::move(out_); }

  template <class Change>
  void with(Change change) {
    Bytes copy = action_;
    change(copy);
    if (copy != action_) out_.push_back(std::move(copy));
  }
  // Set to one value, which is plain for what it means.
  void plain(Field field, std::uint64_t value) {
    if (!fits(action_, field)) return;
    with([&](Bytes& a) { set(a, field, value); });
  }
  // Any number.
  void number(Field field) {
    if (!fits(action_, field)) return;
    for (const std::uint8_t value : kPlainValues) {
      with([&](Bytes& a) {
        const auto bytes = std::span(a).subspan(field.offset, field.size);
        if (plainer(bytes, value)) set_plain(bytes, value);
      });
    }
  }
  // Where bits go: all of a register; or the same field's first bits; or its first bit.
  void destination(Field bits, Field name) {
    if (!fits(action_, name)) return;
    const std::uint64_t now = get(action_, bits);
    if (now == kAllOfIt && get(action_, name) == kRegister) return;
    with([&](Bytes& a) {
      set(a, bits, kAllOfIt);
      set(a, name, kRegister);
    });
    plain(name, kRegister);
    plain(bits, now & 0x3f);
    plain(bits, 0);
  }
  // Another subtype of the same vendor, from which it differs by what `change` does.
  template <class Change>
  void as(NxActionSubtype subtype, Change change) {
    with([&](Bytes& a) {
      set(a, nx::subtype, subtype);
      change(a);
    });
  }
  void zeros_from(std::size_t offset) {
    if (offset >= action_.size()) return;
    with([&](Bytes& a) { std::fill(a.begin() + static_cast<std::ptrdiff_t>(offset), a.end(), std::uint8_t{0}); });
  }
  void cut_to(std::size_t size) {
    if (size >= action_.size()) return;
    with([&](Bytes& a) {
      a.resize(size);
      set_length(a);
    });
  }

  const Bytes& bytes() const { return action_; }

 private:
  const Bytes action_;
  std::vector<Bytes> out_;
};

void openflow10(Action& a, std::uint16_t type) {
  switch (type) {
    case OFPAT_OUTPUT:
      a.plain(of::output_max_len, 0);
      a.plain(of::output_port, 1);
      break;
    case OFPAT_SET_VLAN_VID:
      a.number(of::vlan_vid);
      break;
    case OFPAT_SET_VLAN_PCP:
      a.number(of::vlan_pcp);
      break;
    case OFPAT_SET_DL_SRC:
    case OFPAT_SET_DL_DST:
      a.number(of::dl_addr);
      break;
    case OFPAT_SET_NW_SRC:
    case OFPAT_SET_NW_DST:
      a.number(of::nw_addr);
      break;
    case OFPAT_SET_NW_TOS:
      a.number(of::nw_tos);
      break;
    case OFPAT_SET_TP_SRC:
    case OFPAT_SET_TP_DST:
      a.number(of::tp_port);
      break;
    case OFPAT_ENQUEUE:
      a.plain(of::enqueue_port, 1);
      a.number(of::enqueue_queue_id);
      break;
    default:  // one that OpenFlow 1.0 does not know
      a.cut_to(8);
      a.zeros_from(of::header_size);
      break;
  }
}

void resubmit(Action& a, bool with_table) {
  if (with_table) {
    a.as(NXAST_RESUBMIT, [](Bytes& b) { set(b, {nx::resubmit_table.offset, 4}, 0); });
    a.plain(nx::resubmit_table, 255);  // the current one
  }
  a.plain(nx::resubmit_in_port, OFPP_IN_PORT);
}

void move(Action& a) {
  if (!fits(a.bytes(), nx::move_dst)) return;
  a.with([](Bytes& b) {
    set(b, nx::move_n_bits, 32);
    set(b, nx::move_src_ofs, 0);
    set(b, nx::move_dst_ofs, 0);
    set(b, nx::move_src, kRegister);
    set(b, nx::move_dst, kRegister);
  });
  a.plain(nx::move_src_ofs, 0);
  a.plain(nx::move_dst_ofs, 0);
  if (get(a.bytes(), nx::move_src) != kRegister || get(a.bytes(), nx::move_dst) != kRegister) {
    a.plain(nx::move_n_bits, 1);
    a.plain(nx::move_src, kRegister);
    a.plain(nx::move_dst, kRegister);
  }
}

void bundle(Action& a, bool load) {
  if (!fits(a.bytes(), nx::bundle_zero)) return;
  const std::size_t told = get(a.bytes(), nx::bundle_n_slaves);
  const std::size_t slaves = std::min(told, (a.bytes().size() - nx::bundle_slaves) / 2);
  if (load) {
    a.as(NXAST_BUNDLE, [](Bytes& b) {
      set(b, nx::bundle_ofs_nbits, 0);
      set(b, nx::bundle_dst, 0);
    });
  }
  for (std::size_t left = 0; left < slaves; left = left == 0 ? 1 : left * 2) {
    a.with([&](Bytes& b) {
      set(b, nx::bundle_n_slaves, left);
      b.resize(nx::bundle_slaves + (2 * left + 7) / 8 * 8);
      for (std::size_t i = nx::bundle_slaves + 2 * left; i < b.size(); ++i) b[i] = 0;
      set_length(b);
    });
  }
  for (std::size_t i = 0; i < slaves; ++i) a.plain({nx::bundle_slaves + 2 * i, 2}, 1);
  a.number(nx::bundle_algorithm);
  a.number(nx::bundle_fields);
  a.number(nx::bundle_basis);
  if (load) a.destination(nx::bundle_ofs_nbits, nx::bundle_dst);
}

void multipath(Action& a) {
  for (const Field field : {nx::multipath_fields, nx::multipath_basis, nx::multipath_algorithm, nx::multipath_max_link,
                            nx::multipath_arg}) {
    a.number(field);
  }
  a.destination(nx::multipath_ofs_nbits, nx::multipath_dst);
}

void tunnel64(Action& a) {
  if (!fits(a.bytes(), nx::tun_id64)) return;
  const std::uint64_t id = get(a.bytes(), nx::tun_id64);
  if (id <= UINT32_MAX) {
    a.as(NXAST_SET_TUNNEL, [id](Bytes& b) {
      b.resize(nx::smallest);
      set(b, nx::tun_id32, id);
      set_length(b);
    });
  }
  a.number(nx::tun_id64);
}

void nicira(Action& a, std::uint16_t subtype) {
  switch (subtype) {
    case NXAST_RESUBMIT:
    case NXAST_RESUBMIT_TABLE:
      return resubmit(a, subtype == NXAST_RESUBMIT_TABLE);
    case NXAST_SET_TUNNEL:
      return a.number(nx::tun_id32);
    case NXAST_SET_TUNNEL64:
      return tunnel64(a);
    case NXAST_SET_QUEUE:
      return a.number(nx::queue_id);
    case NXAST_REG_MOVE:
      return move(a);
    case NXAST_REG_LOAD:
      a.number(nx::load_value);
      return a.destination(nx::load_ofs_nbits, nx::load_dst);
    case NXAST_MULTIPATH:
      return multipath(a);
    case NXAST_AUTOPATH:
      a.number(nx::autopath_id);
      return a.destination(nx::autopath_ofs_nbits, nx::autopath_dst);
    case NXAST_BUNDLE:
    case NXAST_BUNDLE_LOAD:
      return bundle(a, subtype == NXAST_BUNDLE_LOAD);
    default:  // notes, what has nothing to say, and what nobody knows
      a.cut_to(nx::smallest);
      a.zeros_from(nx::note);
  }
}

std::vector<Bytes> simpler_versions(const Bytes& action) {
  Action a(action);
  const ActionKind kind = kind_of(action);
  if (action.size() > 8) a.with([](Bytes& b) { b = action::output(1); });
  if (kind.nicira != 0)
    nicira(a, kind.nicira);
  else if (action.size() >= 8)
    openflow10(a, kind.type);
  return a.take();
}

Bytes replaced(const Bytes& actions, const Place& p, const Bytes& by) {
  Bytes out(actions.begin(), actions.begin() + static_cast<std::ptrdiff_t>(p.at));
  out.insert(out.end(), by.begin(), by.end());
  out.insert(out.end(), actions.begin() + static_cast<std::ptrdiff_t>(p.at + p.size), actions.end());
  return out;
}

// So many actions of a list are varied, each by itself; the others have their turn when those before them have gone.
constexpr std::size_t kVaried = 64;

Bytes cut_out(const Bytes& actions, const Place& p) {
  const auto begin = actions.begin() + static_cast<std::ptrdiff_t>(p.at);
  return Bytes(begin, begin + static_cast<std::ptrdiff_t>(p.size));
}

}  // namespace

std::vector<Bytes> simpler_actions(const Bytes& actions) {
  std::vector<Bytes> out;
  if (actions.empty()) return out;
  out.emplace_back();
  const std::vector<Place> places = places_in(actions);
  if (places.size() > 1) {
    out.push_back(action::output(1));
    for (const auto& [from, to] : runs_to_leave_out(places.size())) {
      const Place run{places[from].at, places[to - 1].at + places[to - 1].size - places[from].at};
      out.push_back(replaced(actions, run, {}));
    }
  }
  for (const Place& p : std::span(places).first(std::min(places.size(), kVaried))) {
    for (const Bytes& version : simpler_versions(cut_out(actions, p))) out.push_back(replaced(actions, p, version));
  }
  return out;
}

std::vector<ActionKind> action_kinds(const Bytes& actions) {
  std::vector<ActionKind> out;
  for (const Place& p : places_in(actions)) out.push_back(kind_of(cut_out(actions, p)));
  return out;
}

Bytes without_actions(const Bytes& actions, ActionKind kind) {
  Bytes out;
  for (const Place& p : places_in(actions)) {
    const Bytes action = cut_out(actions, p);
    if (kind_of(action) != kind) out.insert(out.end(), action.begin(), action.end());
  }
  return out;
}

}  // namespace oftwin::harness
