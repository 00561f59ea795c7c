// What the compiler would write for events and observations in every source that holds one. No behaviour.
#include "spec/event.h"
#include "spec/observation.h"

namespace oftwin {

EventBody::EventBody() = default;
EventBody::EventBody(const EventBody&) = default;
EventBody::EventBody(EventBody&&) noexcept = default;
EventBody& EventBody::operator=(const EventBody&) = default;
EventBody& EventBody::operator=(EventBody&&) noexcept = default;
EventBody::~EventBody() = default;
bool EventBody::operator==(const EventBody& o) const {
  return static_cast<const EventKinds&>(*this) == static_cast<const EventKinds&>(o);
}

Observation::Observation() = default;
Observation::Observation(const Observation&) = default;
Observation::Observation(Observation&&) noexcept = default;
Observation& Observation::operator=(const Observation&) = default;
Observation& Observation::operator=(Observation&&) noexcept = default;
Observation::~Observation() = default;
bool Observation::operator==(const Observation& o) const {
  return static_cast<const ObservationKinds&>(*this) == static_cast<const ObservationKinds&>(o);
}

}  // namespace oftwin
