// The two translations of errors.
#include "impl/errors.h"

#include <cerrno>

#include "impl/wire.h"

namespace oftwin::impl {

Error from_provider(oft_error error) {
  const auto type = static_cast<std::uint16_t>(error >> 16);
  const auto code = static_cast<std::uint16_t>(error);
  switch (error >> 32) {
    case 0:
      return error == OFT_OK ? Error{} : system_error(EINVAL);
    case 1:
      return openflow_error(type, code);
    case 2:
      return nicira_error(type, code);
    default:
      return system_error(code);
  }
}

Error as_openflow(Error error) {
  if (error.space != ErrorSpace::system) return error;
  switch (error.code) {
    case EPERM:
    case EACCES:
      return kEperm;
    case ENOMEM:
    case ENOSPC:
    case ENOBUFS:
      return kAllTablesFull;
    default:
      return kUnsupported;
  }
}

}  // namespace oftwin::impl
