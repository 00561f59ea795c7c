// The classifier that runs; what it is stands in classifier.h.
#include "impl/classifier.h"

namespace oftwin::impl {

template class ClassifierOf<MachineParts>;

}  // namespace oftwin::impl
