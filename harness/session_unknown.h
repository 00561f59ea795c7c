// What a capture does not tell, and which differences can therefore not be laid to the switch in it.
//
// A capture is a part of what happened: it may begin when there are flows already, the frames that met the switch are
// not in it (unless NAME.frames has them), the ports are known from a features reply that it may not hold. What depends
// on that is not judged, and counted by the reason. Invariant: what is known is judged as exactly as ever; of what is
// not known only that is excused which could come of it (a counter may be higher than the model's, not lower).
#pragma once

#include <string_view>

#include "harness/session_reply.h"

namespace oftwin::harness {

struct Unknown {
  bool flows = false;      // that were there before the capture
  bool ports = false;      // which there are
  bool addresses = false;  // of ports
  bool timeouts = false;   // which flows are over
  bool frames = false;     // that arrived
  bool settings = false;   // of the connection: miss-send length, fragments, role, formats
  bool buffers = false;    // whether the packet is there that the request names by a buffer id
};

inline constexpr std::string_view kFlowsUnknown = "the flows from before are not known";
inline constexpr std::string_view kPortsUnknown = "the switch's ports are not known";
inline constexpr std::string_view kFramesUnknown = "the frames that arrived on ports are not in the capture";
inline constexpr std::string_view kSettingsUnknown = "what was set before the capture is not known";
inline constexpr std::string_view kBuffersUnknown = "the packets in buffers are not known";

// Why this field of a reply may be on the switch what it is; empty: it may not. Durations: field `duration`, in ms.
std::string_view excuse(const Unknown& unknown, const ReplyRecord& model, std::string_view field,
                        std::string_view model_value, std::string_view switch_value);
// Why only the switch sends this, or only the model does.
std::string_view excuse_for_more(const Unknown& unknown, const ReplyRecord& on_switch);
std::string_view excuse_for_less(const Unknown& unknown, const ReplyRecord& model);

}  // namespace oftwin::harness
