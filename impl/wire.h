// Big-endian loads and stores by the layout tables of spec/, and the errors that the switch itself gives.
//
// get<wire::flow_mod::cookie>(p) reads one field of a structure that starts at `p`; the caller has checked its length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "spec/error.h"
#include "spec/nicira.h"
#include "spec/openflow.h"
#include "spec/word.h"

namespace oftwin::impl {

// B: a byte that is read or written; std::uint8_t, or a solver's.
template <class B>
like<B, std::uint16_t> load16(const B* p) {
  return static_cast<like<B, std::uint16_t>>(p[0] << 8 | p[1]);
}
template <class B>
like<B, std::uint32_t> load32(const B* p) {
  using W = like<B, std::uint32_t>;
  return W{p[0]} << 24 | W{p[1]} << 16 | W{p[2]} << 8 | p[3];
}
template <class B>
like<B, std::uint64_t> load48(const B* p) {
  return like<B, std::uint64_t>{load16(p)} << 32 | load32(p + 2);
}
template <class B>
like<B, std::uint64_t> load64(const B* p) {
  return like<B, std::uint64_t>{load32(p)} << 32 | load32(p + 4);
}

template <class B>
void store16(B* p, like<B, std::uint64_t> v) {
  p[0] = static_cast<B>(v >> 8);
  p[1] = static_cast<B>(v);
}
template <class B>
void store32(B* p, like<B, std::uint64_t> v) {
  store16(p, v >> 16);
  store16(p + 2, v);
}
template <class B>
void store48(B* p, like<B, std::uint64_t> v) {
  store16(p, v >> 32);
  store32(p + 2, v);
}
template <class B>
void store64(B* p, like<B, std::uint64_t> v) {
  store32(p, v >> 32);
  store32(p + 4, v);
}

template <wire::Field F, class B>
auto get(const B* p) {
  if constexpr (F.size == 1) {
    return p[F.offset];
  } else if constexpr (F.size == 2) {
    return load16(p + F.offset);
  } else if constexpr (F.size == 4) {
    return load32(p + F.offset);
  } else if constexpr (F.size == 6) {
    return load48(p + F.offset);
  } else {
    static_assert(F.size == 8);
    return load64(p + F.offset);
  }
}

template <wire::Field F, class B>
void put(B* p, like<B, std::uint64_t> v) {
  if constexpr (F.size == 1) {
    p[F.offset] = static_cast<B>(v);
  } else if constexpr (F.size == 2) {
    store16(p + F.offset, v);
  } else if constexpr (F.size == 4) {
    store32(p + F.offset, v);
  } else if constexpr (F.size == 6) {
    store48(p + F.offset, v);
  } else {
    static_assert(F.size == 8);
    store64(p + F.offset, v);
  }
}

inline constexpr Error kBadType = openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_TYPE);
inline constexpr Error kBadStat = openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_STAT);
inline constexpr Error kBadVendor = openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_VENDOR);
inline constexpr Error kBadSubtype = openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_SUBTYPE);
inline constexpr Error kEperm = openflow_error(OFPET_BAD_REQUEST, OFPBRC_EPERM);
inline constexpr Error kBadLen = openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_LEN);
inline constexpr Error kBufferEmpty = openflow_error(OFPET_BAD_REQUEST, OFPBRC_BUFFER_EMPTY);
inline constexpr Error kBufferUnknown = openflow_error(OFPET_BAD_REQUEST, OFPBRC_BUFFER_UNKNOWN);
inline constexpr Error kBadRole = nicira_error(OFPET_BAD_REQUEST, NXBRC_BAD_ROLE);
inline constexpr Error kBadInPort = nicira_error(OFPET_BAD_REQUEST, NXBRC_BAD_IN_PORT);
inline constexpr Error kNoSuchTable = nicira_error(OFPET_BAD_REQUEST, NXBRC_BAD_TABLE_ID);  // statistics
inline constexpr Error kAllTablesFull = openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL);
inline constexpr Error kOverlap = openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_OVERLAP);
inline constexpr Error kBadCommand = openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_BAD_COMMAND);
inline constexpr Error kUnsupported = openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_UNSUPPORTED);
inline constexpr Error kBadTableId = nicira_error(OFPET_FLOW_MOD_FAILED, NXFMFC_BAD_TABLE_ID);
inline constexpr Error kBadPort = openflow_error(OFPET_PORT_MOD_FAILED, OFPPMFC_BAD_PORT);
inline constexpr Error kBadHwAddr = openflow_error(OFPET_PORT_MOD_FAILED, OFPPMFC_BAD_HW_ADDR);
inline constexpr Error kBadEmergTimeout = openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_BAD_EMERG_TIMEOUT);
inline constexpr Error kBadQueue = openflow_error(OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_QUEUE);
inline constexpr Error kQueueBadPort = openflow_error(OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_PORT);

}  // namespace oftwin::impl
