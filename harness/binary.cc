#include "harness/binary.h"

#include <algorithm>
#include <limits>

#include "harness/binary_fields.h"
#include "harness/trace_text.h"

namespace oftwin::harness {
namespace {

using binary::fields;

constexpr std::uint8_t kEnd = 0xff;
constexpr std::uint32_t kMaxJump = 0xffffff;  // of ids
constexpr std::size_t kKinds = std::variant_size_v<EventKinds>;

// Numbers are little-endian groups of seven bits; the last group has the high bit clear.
class Writer {
 public:
  static constexpr bool reading = false;
  explicit Writer(Bytes& out) : out_(out) {}

  void byte(std::uint8_t b) { out_.push_back(b); }
  template <class T>
  void number(T& value, T = std::numeric_limits<T>::max()) {
    auto rest = static_cast<std::uint64_t>(value);
    for (; rest > 0x7f; rest >>= 7) byte(static_cast<std::uint8_t>(rest | 0x80));
    byte(static_cast<std::uint8_t>(rest));
  }
  template <class E>
  void choice(E& value, std::uint8_t) {
    byte(static_cast<std::uint8_t>(value));
  }
  template <class Container>
  void bytes(Container& value, std::size_t) {
    std::size_t size = value.size();
    number(size);
    out_.insert(out_.end(), value.begin(), value.end());
  }

 private:
  Bytes& out_;
};

// What is not there reads as zero; `cut` tells that something was wanted that is not there.
class Reader {
 public:
  static constexpr bool reading = true;
  explicit Reader(ByteView in) : in_(in) {}

  bool done() const { return in_.empty(); }
  bool cut() const { return cut_; }
  std::size_t left() const { return in_.size(); }
  std::uint8_t byte() {
    cut_ |= in_.empty();
    if (in_.empty()) return 0;
    std::uint8_t b = in_.front();
    in_ = in_.subspan(1);
    return b;
  }
  template <class T>
  void number(T& value, T max = std::numeric_limits<T>::max()) {
    std::uint64_t sum = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t b = byte();
      sum |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if ((b & 0x80) == 0) break;
    }
    value = static_cast<T>(std::min(sum, static_cast<std::uint64_t>(max)));
  }
  template <class E>
  void choice(E& value, std::uint8_t n) {
    value = static_cast<E>(byte() % n);
  }
  template <class Container>
  void bytes(Container& value, std::size_t max) {
    std::size_t size = 0;
    number(size);
    cut_ |= size > in_.size();
    size = std::min({size, max, in_.size()});
    value.assign(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(size));
    in_ = in_.subspan(size);
  }

 private:
  ByteView in_;
  bool cut_ = false;
};

template <std::size_t I = 0>
EventBody body_of_kind(std::size_t kind) {
  if constexpr (I + 1 < kKinds) {
    if (kind != I) return body_of_kind<I + 1>(kind);
  }
  return EventBody(std::in_place_index<I>);
}

// A kind, and with kKinds added to it also how far the id jumps.
void write_event(Writer& w, const Event& e, std::uint32_t& last_id) {
  bool loop = std::holds_alternative<event::Loop>(e.body);
  std::uint32_t jump = loop ? 0 : e.id - last_id - 1;
  w.byte(static_cast<std::uint8_t>(e.body.index() + (jump ? kKinds : 0)));
  if (jump) w.number(jump);
  EventBody body = e.body;
  std::visit([&w](auto& b) { fields(w, b); }, body);
  if (!loop) last_id = e.id;
}

Event read_event(Reader& r, std::uint8_t first, std::uint32_t& last_id) {
  Event e;
  std::size_t kind = first % (2 * kKinds);
  std::uint32_t jump = 0;
  if (kind >= kKinds) r.number(jump, std::min(kMaxJump, (UINT32_MAX - last_id) / 2));
  e.body = body_of_kind(kind % kKinds);
  std::visit([&r](auto& b) { fields(r, b); }, e.body);
  if (!std::holds_alternative<event::Loop>(e.body)) e.id = last_id += jump + 1;
  return e;
}

template <class T, class Key>
void drop_repeated(std::vector<T>& items, Key key) {
  std::vector<T> kept;
  for (T& item : items) {
    if (std::none_of(kept.begin(), kept.end(), [&](const T& k) { return key(k) == key(item); })) {
      kept.push_back(std::move(item));
    }
  }
  items = std::move(kept);
}

}  // namespace

bool is_binary_trace(ByteView bytes) {
  return bytes.size() > kBinaryMagic.size() && std::equal(kBinaryMagic.begin(), kBinaryMagic.end(), bytes.begin()) &&
         bytes[kBinaryMagic.size()] == kBinaryVersion;
}

Bytes encode_binary(const Trace& trace) {
  Bytes out(kBinaryMagic.begin(), kBinaryMagic.end());
  out.push_back(kBinaryVersion);
  Writer w(out);
  SwitchConfig config = trace.config;
  fields(w, config);
  std::uint32_t last_id = 0;
  for (const auto& e : trace.events) write_event(w, e, last_id);
  w.byte(kEnd);
  return out;
}

Trace decode_binary(ByteView bytes, Damage damage) {
  const std::size_t size = bytes.size();
  if (is_binary_trace(bytes)) bytes = bytes.subspan(kBinaryMagic.size() + 1);
  Reader r(bytes);
  Trace trace;
  fields(r, trace.config);
  drop_repeated(trace.config.ports, [](const PortConfig& p) { return p.number; });
  drop_repeated(trace.config.connections, [](ConnName c) { return c; });
  std::erase_if(trace.config.connections, [](ConnName c) { return c.kind == ConnKind::snoop; });
  std::uint32_t last_id = 0;
  bool ended = false;
  while (!r.done() && !ended) {
    std::uint8_t first = r.byte();
    ended = first == kEnd;
    if (!ended) trace.events.push_back(read_event(r, first, last_id));
  }
  if (damage == Damage::refuse && (r.cut() || !ended)) throw BinaryError{size, "the trace is cut off here"};
  if (damage == Damage::refuse && r.left() > 0) throw BinaryError{size - r.left(), "more follows the trace's end"};
  make_blocks(trace);
  return trace;
}

}  // namespace oftwin::harness
