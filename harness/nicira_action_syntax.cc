// Each action twice: what its fields say, and the bytes that say it.
#include "harness/nicira_action_syntax.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/print.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

constexpr std::uint8_t kCurrentTable = 255;

struct FieldName {
  std::uint32_t type;
  std::uint8_t size;
  std::string_view name;
};
constexpr FieldName kFields[] = {
    {NXM_OF_IN_PORT, 2, "NXM_OF_IN_PORT"},
    {NXM_OF_ETH_DST, 6, "NXM_OF_ETH_DST"},
    {NXM_OF_ETH_SRC, 6, "NXM_OF_ETH_SRC"},
    {NXM_OF_ETH_TYPE, 2, "NXM_OF_ETH_TYPE"},
    {NXM_OF_VLAN_TCI, 2, "NXM_OF_VLAN_TCI"},
    {NXM_OF_IP_TOS, 1, "NXM_OF_IP_TOS"},
    {NXM_OF_IP_PROTO, 1, "NXM_OF_IP_PROTO"},
    {NXM_OF_IP_SRC, 4, "NXM_OF_IP_SRC"},
    {NXM_OF_IP_DST, 4, "NXM_OF_IP_DST"},
    {NXM_OF_TCP_SRC, 2, "NXM_OF_TCP_SRC"},
    {NXM_OF_TCP_DST, 2, "NXM_OF_TCP_DST"},
    {NXM_OF_UDP_SRC, 2, "NXM_OF_UDP_SRC"},
    {NXM_OF_UDP_DST, 2, "NXM_OF_UDP_DST"},
    {NXM_OF_ICMP_TYPE, 1, "NXM_OF_ICMP_TYPE"},
    {NXM_OF_ICMP_CODE, 1, "NXM_OF_ICMP_CODE"},
    {NXM_OF_ARP_OP, 2, "NXM_OF_ARP_OP"},
    {NXM_OF_ARP_SPA, 4, "NXM_OF_ARP_SPA"},
    {NXM_OF_ARP_TPA, 4, "NXM_OF_ARP_TPA"},
    {NXM_NX_REG0, 4, "NXM_NX_REG0"},
    {NXM_NX_REG0 + 1, 4, "NXM_NX_REG1"},
    {NXM_NX_REG0 + 2, 4, "NXM_NX_REG2"},
    {NXM_NX_REG0 + 3, 4, "NXM_NX_REG3"},
    {NXM_NX_TUN_ID, 8, "NXM_NX_TUN_ID"},
    {NXM_NX_ARP_SHA, 6, "NXM_NX_ARP_SHA"},
    {NXM_NX_ARP_THA, 6, "NXM_NX_ARP_THA"},
    {NXM_NX_IPV6_SRC, 16, "NXM_NX_IPV6_SRC"},
    {NXM_NX_IPV6_DST, 16, "NXM_NX_IPV6_DST"},
    {NXM_NX_ICMPV6_TYPE, 1, "NXM_NX_ICMPV6_TYPE"},
    {NXM_NX_ICMPV6_CODE, 1, "NXM_NX_ICMPV6_CODE"},
    {NXM_NX_ND_TARGET, 16, "NXM_NX_ND_TARGET"},
    {NXM_NX_ND_SLL, 6, "NXM_NX_ND_SLL"},
    {NXM_NX_ND_TLL, 6, "NXM_NX_ND_TLL"},
};
constexpr std::uint32_t header_of(const FieldName& f) { return f.type << 9 | f.size; }

constexpr Spelling kHashFields[] = {{NX_HASH_FIELDS_ETH_SRC, "eth_src"}, {NX_HASH_FIELDS_SYMMETRIC_L4, "symmetric_l4"}};
constexpr Spelling kMultipath[] = {{NX_MP_ALG_MODULO_N, "modulo_n"},
                                   {NX_MP_ALG_HASH_THRESHOLD, "hash_threshold"},
                                   {NX_MP_ALG_HRW, "hrw"},
                                   {NX_MP_ALG_ITER_HASH, "iter_hash"}};
constexpr Spelling kBundle[] = {{NX_BD_ALG_ACTIVE_BACKUP, "active_backup"}, {NX_BD_ALG_HRW, "hrw"}};

// --- Printing: a field that cannot be named prints as what cannot be parsed -----------------------------------------

std::string print_bits(const FieldBits& range) {
  const FieldName* field = nullptr;
  for (const FieldName& f : kFields) {
    if (header_of(f) == range.header) field = &f;
  }
  if (field == nullptr) return "?";
  if (range.offset == 0 && range.bits == 8 * field->size) return fmt::format("{}[]", field->name);
  if (range.bits == 1) return fmt::format("{}[{}]", field->name, range.offset);
  return fmt::format("{}[{}..{}]", field->name, range.offset, range.offset + range.bits - 1);
}

FieldBits bits_of(std::uint16_t ofs_nbits, std::uint32_t header) {
  return {header, static_cast<std::uint16_t>(ofs_nbits >> 6), static_cast<std::uint16_t>((ofs_nbits & 63) + 1)};
}

std::string word(std::span<const Spelling> table, std::uint16_t value) {
  return std::string(word_for(table, value).value_or("?"));
}

std::uint64_t number(ByteView action, wire::Field field) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < field.size; ++i) n = n << 8 | action[field.offset + i];
  return n;
}

// The fields of one action that is as long as they need.
class Printer {
 public:
  explicit Printer(ByteView action) : action_(action) {}

  std::string print() const {
    switch (half(wire::nx_action::subtype)) {
      case NXAST_RESUBMIT:
        return "resubmit:" + print_port(half(wire::nx_action::resubmit_in_port));
      case NXAST_RESUBMIT_TABLE:
        return resubmit_table();
      case NXAST_SET_TUNNEL:
        return fmt::format("set_tunnel:{:#x}", number(action_, wire::nx_action::tun_id32));
      case NXAST_SET_QUEUE:
        return fmt::format("set_queue:{}", number(action_, wire::nx_action::queue_id));
      case NXAST_POP_QUEUE:
        return "pop_queue";
      case NXAST_NOTE:
        return note();
      default:
        return action_.size() < 24 ? std::string() : longer();
    }
  }

 private:
  std::string longer() const {
    switch (half(wire::nx_action::subtype)) {
      case NXAST_SET_TUNNEL64:
        return fmt::format("set_tunnel64:{:#x}", number(action_, wire::nx_action::tun_id64));
      case NXAST_REG_MOVE:
        return move();
      case NXAST_REG_LOAD:
        return fmt::format("load:{:#x}->{}", number(action_, wire::nx_action::load_value),
                           bits(wire::nx_action::load_ofs_nbits, wire::nx_action::load_dst));
      case NXAST_AUTOPATH:
        return fmt::format("autopath({},{})", number(action_, wire::nx_action::autopath_id),
                           bits(wire::nx_action::autopath_ofs_nbits, wire::nx_action::autopath_dst));
      case NXAST_MULTIPATH:
        return action_.size() < 32 ? std::string() : multipath();
      case NXAST_BUNDLE:
      case NXAST_BUNDLE_LOAD:
        return action_.size() < 32 ? std::string() : bundle();
      default:
        return {};
    }
  }

  std::uint16_t half(wire::Field field) const { return static_cast<std::uint16_t>(number(action_, field)); }
  std::uint32_t whole(wire::Field field) const { return static_cast<std::uint32_t>(number(action_, field)); }
  std::string bits(wire::Field ofs_nbits, wire::Field header) const {
    return print_bits(bits_of(half(ofs_nbits), whole(header)));
  }

  std::string resubmit_table() const {
    const std::uint16_t port = half(wire::nx_action::resubmit_in_port);
    const std::uint16_t table = half(wire::nx_action::resubmit_table);
    return fmt::format("resubmit({},{})", port == OFPP_IN_PORT ? "" : print_port(port),
                       table == kCurrentTable ? "" : fmt::format("{}", table));
  }
  std::string note() const {
    return fmt::format("note:{:02x}", fmt::join(action_.subspan(wire::nx_action::note), "."));
  }
  std::string move() const {
    using namespace wire::nx_action;
    const std::uint16_t n = half(move_n_bits);
    const FieldBits from{whole(move_src), half(move_src_ofs), n}, to{whole(move_dst), half(move_dst_ofs), n};
    return n == 0 ? std::string() : fmt::format("move:{}->{}", print_bits(from), print_bits(to));
  }
  std::string multipath() const {
    using namespace wire::nx_action;
    return fmt::format("multipath({},{},{},{},{},{})", word(kHashFields, half(multipath_fields)), half(multipath_basis),
                       word(kMultipath, half(multipath_algorithm)), half(multipath_max_link) + 1u, whole(multipath_arg),
                       bits(multipath_ofs_nbits, multipath_dst));
  }
  std::string bundle() const {
    using namespace wire::nx_action;
    const bool load = half(subtype) == NXAST_BUNDLE_LOAD;
    std::vector<std::string> slaves;
    for (Reader r(action_.subspan(bundle_slaves)); slaves.size() < half(bundle_n_slaves) && r.left() >= 2;) {
      slaves.push_back(print_port(r.get<std::uint16_t>()));
    }
    return fmt::format("{}({},{},{},ofport,{}slaves:{})", load ? "bundle_load" : "bundle",
                       word(kHashFields, half(bundle_fields)), half(bundle_basis),
                       word(kBundle, half(bundle_algorithm)),
                       load ? bits(bundle_ofs_nbits, bundle_dst) + "," : std::string(), fmt::join(slaves, ","));
  }

  ByteView action_;
};

// --- Parsing --------------------------------------------------------------------------------------------------------

std::optional<FieldBits> parse_bits(std::string_view text) {
  const std::size_t open = text.find('[');
  if (open == std::string_view::npos || text.back() != ']') return std::nullopt;
  for (const FieldName& f : kFields) {
    if (f.name != text.substr(0, open)) continue;
    const std::string_view range = text.substr(open + 1, text.size() - open - 2);
    if (range.empty()) return FieldBits{header_of(f), 0, static_cast<std::uint16_t>(8 * f.size)};
    const std::size_t dots = range.find("..");
    const auto first = parse_number(range.substr(0, dots), 0xffff);
    const auto last = dots == std::string_view::npos ? first : parse_number(range.substr(dots + 2), 0xffff);
    if (!first || !last || *last < *first) return std::nullopt;
    return FieldBits{header_of(f), static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last - *first + 1)};
  }
  return std::nullopt;
}

// A range that fits into six bits of length and ten of offset.
std::optional<FieldBits> parse_short_bits(std::string_view text) {
  const auto range = parse_bits(text);
  return range && range->bits <= 64 && range->offset < 1024 ? range : std::nullopt;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    out.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return out;
}

std::optional<std::uint16_t> parse_word(std::span<const Spelling> table, std::string_view text) {
  const auto value = value_for(table, text);
  return value ? std::optional(static_cast<std::uint16_t>(*value)) : std::nullopt;
}

std::optional<Bytes> parse_resubmit_table(const std::vector<std::string_view>& args) {
  if (args.size() != 2) return std::nullopt;
  const auto port = args[0].empty() ? std::optional<std::uint16_t>(OFPP_IN_PORT) : parse_port(args[0]);
  const auto table = args[1].empty() ? std::optional(kCurrentTable) : parse_as<std::uint8_t>(args[1]);
  return port && table ? std::optional(action::resubmit_table(*port, *table)) : std::nullopt;
}

std::optional<Bytes> parse_multipath(const std::vector<std::string_view>& args) {
  if (args.size() != 6) return std::nullopt;
  const auto fields = parse_word(kHashFields, args[0]), basis = parse_as<std::uint16_t>(args[1]);
  const auto algorithm = parse_word(kMultipath, args[2]);
  const auto links = parse_number(args[3], 0x10000);
  const auto arg = parse_as<std::uint32_t>(args[4]);
  const auto to = parse_short_bits(args[5]);
  if (!fields || !basis || !algorithm || links.value_or(0) == 0 || !arg || !to) return std::nullopt;
  return action::multipath(*fields, *basis, *algorithm, static_cast<std::uint16_t>(*links - 1), *arg, *to);
}

std::optional<Bytes> parse_bundle(std::vector<std::string_view> args, bool load) {
  constexpr std::string_view slaves_word = "slaves:";
  const std::size_t first = load ? 5 : 4;  // slave
  if (args.size() <= first || !args[first].starts_with(slaves_word) || args[3] != "ofport") return std::nullopt;
  args[first].remove_prefix(slaves_word.size());
  const auto fields = parse_word(kHashFields, args[0]), basis = parse_as<std::uint16_t>(args[1]);
  const auto algorithm = parse_word(kBundle, args[2]);
  const auto to = load ? parse_short_bits(args[4]) : std::optional(FieldBits{});
  if (!fields || !basis || !algorithm || !to) return std::nullopt;
  std::vector<std::uint16_t> slaves;
  for (std::size_t i = first; i < args.size() && !(args.size() == first + 1 && args[i].empty()); ++i) {
    const auto port = parse_port(args[i]);
    if (!port) return std::nullopt;
    slaves.push_back(*port);
  }
  return action::bundle(*fields, *basis, *algorithm, load ? &*to : nullptr, slaves);
}

std::optional<Bytes> parse_call(std::string_view name, std::string_view arguments) {
  const std::vector<std::string_view> args = split(arguments);
  if (name == "resubmit") return parse_resubmit_table(args);
  if (name == "multipath") return parse_multipath(args);
  if (name == "bundle" || name == "bundle_load") return parse_bundle(args, name == "bundle_load");
  if (name != "autopath" || args.size() != 2) return std::nullopt;
  const auto id = parse_as<std::uint32_t>(args[0]);
  const auto to = parse_short_bits(args[1]);
  return id && to ? std::optional(action::autopath(*id, *to)) : std::nullopt;
}

std::optional<Bytes> parse_arrow(std::string_view name, std::string_view from, std::string_view to) {
  if (name == "move") {
    const auto source = parse_bits(from), destination = parse_bits(to);
    const bool ok = source && destination && source->bits == destination->bits;
    return ok ? std::optional(action::reg_move(*source, *destination)) : std::nullopt;
  }
  const auto value = parse_as<std::uint64_t>(from);
  const auto destination = parse_short_bits(to);
  return value && destination ? std::optional(action::reg_load(*destination, *value)) : std::nullopt;
}

std::optional<Bytes> parse_note(std::string_view text) {
  Bytes bytes;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    const auto byte = parse_hex(text.substr(at, 2));
    if (!byte || byte->size() != 1 || (at + 2 < text.size() && text[at + 2] != '.')) return std::nullopt;
    bytes.push_back(byte->front());
  }
  return action::note(bytes);
}

std::optional<Bytes> parse_with_argument(std::string_view name, std::string_view value) {
  if (name == "note") return parse_note(value);
  if (name == "move" || name == "load") {
    const std::size_t arrow = value.find("->");
    if (arrow == std::string_view::npos) return std::nullopt;
    return parse_arrow(name, value.substr(0, arrow), value.substr(arrow + 2));
  }
  if (name == "resubmit") {
    const auto port = parse_port(value);
    return port ? std::optional(action::resubmit(*port)) : std::nullopt;
  }
  if (name == "set_tunnel64") {
    const auto id = parse_as<std::uint64_t>(value);
    return id ? std::optional(action::set_tunnel64(*id)) : std::nullopt;
  }
  const auto id = parse_as<std::uint32_t>(value);
  if (!id) return std::nullopt;
  if (name == "set_tunnel") return action::set_tunnel(*id);
  return name == "set_queue" ? std::optional(action::set_queue(*id)) : std::nullopt;
}

// --- Making ---------------------------------------------------------------------------------------------------------

// An action of `length` bytes, zero behind its subtype.
Bytes nicira(NxActionSubtype subtype, std::size_t length) {
  Bytes out;
  put<std::uint16_t>(out, OFPAT_VENDOR);
  put(out, static_cast<std::uint16_t>(length));
  put(out, NX_VENDOR_ID);
  put<std::uint16_t>(out, subtype);
  out.resize(length);
  return out;
}
Bytes with(Bytes action, wire::Field field, std::uint64_t value) {
  for (std::size_t i = field.size; i-- > 0; value >>= 8) action[field.offset + i] = static_cast<std::uint8_t>(value);
  return action;
}
Bytes with_bits(Bytes action, wire::Field ofs_nbits, wire::Field header, const FieldBits& to) {
  return with(with(std::move(action), ofs_nbits, to.offset << 6 | ((to.bits - 1) & 63)), header, to.header);
}

}  // namespace

std::string print_nicira_action(ByteView action) {
  const bool header = action.size() >= wire::nx_action::smallest;
  return header && number(action, wire::action::vendor) == NX_VENDOR_ID ? Printer(action).print() : std::string();
}

std::optional<Bytes> parse_nicira_action(std::string_view text) {
  if (text == "pop_queue") return action::pop_queue();
  const std::size_t open = text.find('('), colon = text.find(':');
  if (open < colon) {
    if (text.back() != ')') return std::nullopt;
    return parse_call(text.substr(0, open), text.substr(open + 1, text.size() - open - 2));
  }
  if (colon == std::string_view::npos) return std::nullopt;
  return parse_with_argument(text.substr(0, colon), text.substr(colon + 1));
}

namespace action {

using namespace wire::nx_action;

Bytes resubmit(std::uint16_t in_port) { return with(nicira(NXAST_RESUBMIT, 16), resubmit_in_port, in_port); }
Bytes resubmit_table(std::uint16_t in_port, std::uint8_t table) {
  return with(with(nicira(NXAST_RESUBMIT_TABLE, 16), resubmit_in_port, in_port), wire::nx_action::resubmit_table,
              table);
}
Bytes set_tunnel(std::uint32_t id) { return with(nicira(NXAST_SET_TUNNEL, 16), tun_id32, id); }
Bytes set_tunnel64(std::uint64_t id) { return with(nicira(NXAST_SET_TUNNEL64, 24), tun_id64, id); }
Bytes set_queue(std::uint32_t queue) { return with(nicira(NXAST_SET_QUEUE, 16), queue_id, queue); }
Bytes pop_queue() { return nicira(NXAST_POP_QUEUE, 16); }
Bytes reg_move(const FieldBits& from, const FieldBits& to) {
  Bytes out = with(nicira(NXAST_REG_MOVE, 24), move_n_bits, from.bits);
  out = with(with(std::move(out), move_src_ofs, from.offset), move_dst_ofs, to.offset);
  return with(with(std::move(out), move_src, from.header), move_dst, to.header);
}
Bytes reg_load(const FieldBits& to, std::uint64_t value) {
  return with(with_bits(nicira(NXAST_REG_LOAD, 24), load_ofs_nbits, load_dst, to), load_value, value);
}
Bytes note(ByteView text) {
  Bytes out = nicira(NXAST_NOTE, std::max<std::size_t>(smallest, (wire::nx_action::note + text.size() + 7) / 8 * 8));
  std::ranges::copy(text, out.begin() + wire::nx_action::note);
  return out;
}
Bytes multipath(std::uint16_t fields, std::uint16_t basis, std::uint16_t algorithm, std::uint16_t max_link,
                std::uint32_t arg, const FieldBits& to) {
  Bytes out = with(with(nicira(NXAST_MULTIPATH, 32), multipath_fields, fields), multipath_basis, basis);
  out = with(with(std::move(out), multipath_algorithm, algorithm), multipath_max_link, max_link);
  return with_bits(with(std::move(out), multipath_arg, arg), multipath_ofs_nbits, multipath_dst, to);
}
Bytes autopath(std::uint32_t id, const FieldBits& to) {
  return with_bits(with(nicira(NXAST_AUTOPATH, 24), autopath_id, id), autopath_ofs_nbits, autopath_dst, to);
}
Bytes bundle(std::uint16_t fields, std::uint16_t basis, std::uint16_t algorithm, const FieldBits* to,
             const std::vector<std::uint16_t>& slaves) {
  const std::size_t length = (bundle_slaves + 2 * slaves.size() + 7) / 8 * 8;
  Bytes out = nicira(to == nullptr ? NXAST_BUNDLE : NXAST_BUNDLE_LOAD, length);
  out = with(with(std::move(out), bundle_algorithm, algorithm), bundle_fields, fields);
  out = with(with(std::move(out), bundle_basis, basis), bundle_slave_type, NXM_OF_IN_PORT << 9 | 2);
  out = with(std::move(out), bundle_n_slaves, slaves.size());
  if (to != nullptr) out = with_bits(std::move(out), bundle_ofs_nbits, bundle_dst, *to);
  for (std::size_t i = 0; i < slaves.size(); ++i) set_u16(out, bundle_slaves + 2 * i, slaves[i]);
  return out;
}

}  // namespace action
}  // namespace oftwin::harness
