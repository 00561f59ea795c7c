// What was said to a switch in a capture, as a trace that another switch can be told.
#pragma once

#include "harness/trace.h"

namespace oftwin::harness::live {

// `captured`: the trace of a captured session. Connections of which one was over before the other began share a name,
// so that no more are needed than there were at once; where connections can't be opened and closed (`reconnects`), they
// are there all the time. Where no flow has a timeout, time need not pass. What the provider or the ports of that other
// switch did is left out: they are not this one's.
Trace scenario_of_capture(Trace captured, bool reconnects);

}  // namespace oftwin::harness::live
