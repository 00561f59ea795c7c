#include "properties/explore/encoding.h"

#include <cstring>

#include "properties/explore/fields.h"

namespace oftwin::explore {

namespace {

// An entry's number plus 1, or 0 and the thing itself.
class Writer : public Walk<Writer> {
 public:
  Writer(const Vocabulary& words, std::vector<std::uint8_t>& out) : words_(words), out_(out) {}

  template <class T>
  void number(T value) {
    auto rest = static_cast<std::uint64_t>(value);
    for (; rest > 0x7f; rest >>= 7) out_.push_back(static_cast<std::uint8_t>(rest | 0x80));
    out_.push_back(static_cast<std::uint8_t>(rest));
  }
  void bytes(const Bytes& value) {
    const auto entry = words_.find(value);
    number(entry ? *entry + 1 : 0);
    if (entry) return;
    number(value.size());
    out_.insert(out_.end(), value.begin(), value.end());
  }
  void match(const Match& value) {
    const auto entry = words_.find(value);
    number(entry ? *entry + 1 : 0);
    if (entry) return;
    const std::size_t at = out_.size();
    out_.resize(at + sizeof(Match));
    std::memcpy(out_.data() + at, &value, sizeof(Match));
  }
  void rule(const RuleName& name) {
    number(name.event);
    number(name.index);
  }
  void conn(const ConnName& name) {
    number(name.kind);
    number(name.number);
  }
  void group(const std::uint32_t& id) { number(id); }
  void time(const std::uint64_t& ms) { number(ms); }
  void cookie(const std::uint64_t& cookie) { number(cookie); }
  void retry(const bool& may, bool) { number(may); }

 private:
  const Vocabulary& words_;
  std::vector<std::uint8_t>& out_;
};

class Reader : public Walk<Reader> {
 public:
  Reader(std::span<const std::uint8_t> in, const Vocabulary& words) : words_(words), in_(in) {}

  std::size_t position() const { return at_; }

  template <class T>
  void number(T& value) {
    std::uint64_t sum = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t b = in_[at_++];
      sum |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) break;
    }
    value = static_cast<T>(sum);
  }
  void bytes(Bytes& value) {
    const auto entry = read<std::uint32_t>();
    if (entry != 0) {
      value = words_.bytes(entry - 1);
      return;
    }
    const auto size = read<std::size_t>();
    value.assign(in_.begin() + static_cast<std::ptrdiff_t>(at_), in_.begin() + static_cast<std::ptrdiff_t>(at_ + size));
    at_ += size;
  }
  void match(Match& value) {
    const auto entry = read<std::uint32_t>();
    if (entry != 0) {
      value = words_.match(entry - 1);
      return;
    }
    std::memcpy(static_cast<void*>(&value), in_.data() + at_, sizeof(Match));
    at_ += sizeof(Match);
  }
  void rule(RuleName& name) {
    number(name.event);
    number(name.index);
  }
  void conn(ConnName& name) {
    number(name.kind);
    number(name.number);
  }
  void group(std::uint32_t& id) { number(id); }
  void time(std::uint64_t& ms) { number(ms); }
  void cookie(std::uint64_t& cookie) { number(cookie); }
  void retry(bool& may, bool) { number(may); }

 private:
  template <class T>
  T read() {
    T value;
    number(value);
    return value;
  }

  const Vocabulary& words_;
  std::span<const std::uint8_t> in_;
  std::size_t at_ = 0;
};

static_assert(std::is_trivially_copyable_v<Match>);

}  // namespace

void encode(const model::State& state, const Vocabulary& words, std::vector<std::uint8_t>& out) {
  Writer writer(words, out);
  writer(state);
}

std::size_t decode(std::span<const std::uint8_t> bytes, const Vocabulary& words, model::State& state) {
  Reader reader(bytes, words);
  reader(state);
  return reader.position();
}

}  // namespace oftwin::explore
