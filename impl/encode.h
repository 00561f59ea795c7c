// Messages into bytes. Each function overwrites `out`, whose capacity is kept, with one whole message.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "impl/match.h"
#include "impl/provider.h"
#include "spec/bytes.h"
#include "spec/error.h"

namespace oftwin::impl {

using Buffer = std::vector<std::uint8_t>;

// A header of this type, then zeros up to `size` bytes.
void start_message(Buffer& out, std::uint8_t type, std::uint32_t xid, std::size_t size);
// Sets the header's length to what `out` holds.
void finish_message(Buffer& out);

// `error` is one that OpenFlow can express; `request` is cut to 64 bytes.
void encode_error(Buffer& out, Error error, ByteView request);

struct FeaturesReply {
  std::uint64_t datapath_id = 0;
  std::uint32_t n_buffers = 0, capabilities = 0, actions = 0;
  std::uint8_t n_tables = 0;
};
void encode_features(Buffer& out, std::uint32_t xid, const FeaturesReply& features, const std::vector<oft_port>& ports);

void encode_config(Buffer& out, std::uint32_t xid, bool drop_fragments, std::uint16_t miss_send_len);

// The list of queues is empty.
void encode_queue_config(Buffer& out, std::uint32_t xid, std::uint16_t port);

struct FlowRemoved {
  const PackedMatch* match = nullptr;
  std::uint64_t cookie = 0;
  std::uint16_t priority = 0;
  std::uint8_t reason = 0;
  std::uint64_t age_ms = 0;
  std::uint16_t idle_timeout = 0;
  std::uint64_t packets = 0, bytes = 0;
};
void encode_flow_removed(Buffer& out, const FlowRemoved& removed);
void encode_nx_flow_removed(Buffer& out, const FlowRemoved& removed);

struct PacketIn {
  std::uint32_t buffer_id = 0;
  std::uint16_t in_port = 0;
  std::uint8_t reason = 0;
  ByteView frame;         // whole
  std::size_t shown = 0;  // bytes of it in the message
};
void encode_packet_in(Buffer& out, const PacketIn& packet_in);

void encode_port_status(Buffer& out, std::uint8_t reason, const oft_port& port);
void encode_role_reply(Buffer& out, std::uint32_t xid, std::uint32_t role);

// OpenFlow 1.0 has no word for "unknown": it says 0. (Nicira's messages say all ones.)
inline std::uint64_t counter(std::uint64_t n) { return n == OFT_COUNTER_UNKNOWN ? 0 : n; }

// A sum of counters: unknown once one of them is, whatever the known ones come to.
template <class W>
class CounterSum {
 public:
  void add(const W& n) {
    unknown_ = unknown_ || n == OFT_COUNTER_UNKNOWN;
    sum_ += n;
  }
  W total() const { return select(unknown_, W{OFT_COUNTER_UNKNOWN}, sum_); }

 private:
  W sum_{};
  decltype(W{} == W{}) unknown_{false};
};

// A field of fixed size, cut or padded with zeros, always with a zero at its end.
void put_text(std::uint8_t* p, std::size_t size, std::string_view text);

}  // namespace oftwin::impl
