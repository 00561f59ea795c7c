// Numbers that wrap around or stand for something else: sums of counters, ids and serials of packet buffers.
#include "impl/encode.h"
#include "impl/packet_buffers.h"
#include "model/buffer.h"
#include "model/provider.h"
#include "properties/prove/inputs.h"
#include "properties/prove/theorem_lists.h"

namespace oftwin::prove {

namespace {

constexpr auto counters = [](auto& p) {
  using W = like<typename std::remove_cvref_t<decltype(p)>::Byte, std::uint64_t>;
  std::vector<W> all;
  impl::CounterSum<W> sum;
  W plain{};
  auto unknown = plain != plain + 0;
  for (const char* name : {"a", "b", "c", "d"}) {
    const W n = p.template word<std::uint64_t>(name);
    all.push_back(n);
    sum.add(n);
    plain += n;
    unknown = unknown || n == OFT_COUNTER_UNKNOWN;
  }
  // Broken: the sum itself says whether it is unknown.
  const W running = all[0] + all[1];
  const auto stuck = running == OFT_COUNTER_UNKNOWN;
  const W got = p.broken() ? select(stuck, W{OFT_COUNTER_UNKNOWN}, sum.total()) : sum.total();
  p.about(unknown);
  return got == model::sum_of(all) && got == select(unknown, W{OFT_COUNTER_UNKNOWN}, plain);
};

template <class P>
using Word32 = like<typename std::remove_cvref_t<P>::Byte, std::uint32_t>;

constexpr auto buffer_ids = [](auto& p) {
  using W = Word32<decltype(p)>;
  const W slot = p.template word<std::uint32_t>("slot", 8), serial = p.template word<std::uint32_t>("serial", 24);
  const W other_slot = p.template word<std::uint32_t>("other_slot", 8);
  const W other_serial = p.template word<std::uint32_t>("other_serial", 24);
  if (!p.broken()) p.assume(serial < 0xffffff);
  const W id = model::id_of(slot, serial);
  const auto same = slot == other_slot && serial == other_serial;
  return id == impl::buffer_id::make(slot, serial) && id != OFP_NO_BUFFER && model::slot_of(id) == slot &&
         impl::buffer_id::slot(id) == slot && model::serial_of(id) == serial && impl::buffer_id::serial(id) == serial &&
         same == (id == model::id_of(other_slot, other_serial));
};

constexpr auto serials = [](auto& p) {
  using W = Word32<decltype(p)>;
  const W serial = p.template word<std::uint32_t>("serial", 24);
  p.assume(serial < 0xffffff);
  const W next = p.broken() ? serial + 1 : model::serial_after(serial, 1);
  const auto last = serial == 0xfffffe;
  p.about(last);
  return next == impl::buffer_id::next_serial(serial) && next != 0 && next < 0xffffff && next != serial &&
         next == select(last, W{1}, serial + 1);
};

}  // namespace

std::vector<Theorem> number_theorems() {
  return {
      theorem({"a_sum_of_counters_is_unknown_exactly_if_one_of_them_is",
               "Both sides give the same sum; it is all ones if a counter is unknown, else the sum modulo 2^64, all "
               "ones or not on the way.",
               "STAT-6", "a sum that comes to all ones on the way counts as unknown", "4 counters"},
              counters),
      theorem({"a_buffer_id_tells_its_slot_and_serial_and_is_never_that_of_no_buffer",
               "Both sides make and read the same ids; different slots or serials have different ids.",
               "BUF-1 BUF-5 BUF-6", "the serial of all ones is given out"},
              buffer_ids),
      theorem({"a_serial_wraps_around_before_the_reserved_one",
               "The serial after any is the next, on both sides, but after 0xfffffe it is 1: never 0, never all ones.",
               "BUF-1 BUF-7", "it just grows by one"},
              serials),
  };
}

}  // namespace oftwin::prove
