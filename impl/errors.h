// Errors on their way from the provider to a controller.
#pragma once

#include "impl/provider.h"
#include "spec/error.h"

namespace oftwin::impl {

// What the provider's error word says.
Error from_provider(oft_error error);

// What a controller is told: an errno, which OpenFlow cannot express, becomes an OpenFlow error. source: spec/errors.md
Error as_openflow(Error error);

}  // namespace oftwin::impl
