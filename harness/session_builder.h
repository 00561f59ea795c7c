// Makes the events of a captured session, in the order of the capture. The model runs along: an expiry names the rule
// by the event that made it, and what a switch lists is held against what the capture has shown to be there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/session_before.h"
#include "harness/session_events.h"
#include "model/step.h"

namespace oftwin::harness {

struct SessionFrame {
  std::uint64_t time_us = 0;
  std::uint16_t port = 0;
  Bytes bytes;
};

class SessionBuilder {
 public:
  SessionBuilder(Session& session, const std::vector<SessionFrame>& frames, bool from_the_beginning,
                 const Profile* profile)
      : session_(session),
        frames_(frames),
        flows_(from_the_beginning ? Flows::presumed : Flows::unknown),
        profile_(profile) {}
  void build();

 private:
  void name_connections();
  void add(EventBody body, std::optional<std::size_t> message = {});
  void add_and_settle(EventBody body, std::optional<std::size_t> message = {});
  void pass_time(std::uint64_t time_us);
  void frames_until(std::uint64_t time_us);
  void from_controller(std::size_t index);
  void expiry(const CapturedMessage& message);
  bool tells(model::State state, const event::ProviderExpire& end, const ReplyRecord& flow) const;
  void port_status(const CapturedMessage& message);
  void from_switch(const CapturedMessage& message);
  void forget_after_losses(std::size_t packet);
  void learn_flows(std::size_t index, const event::Recv& request);
  std::vector<ReplyRecord> would_answer(model::State state, const event::Recv& request) const;
  void make_earlier(const std::vector<ListedFlow>& flows);
  void expire_unlisted(const event::Recv& request, const std::set<std::string>& unlisted);
  Bytes without_unknown_buffer(std::size_t index);
  bool is_refused_by_profile(std::size_t index);
  bool is_refused_beside(std::size_t index, const event::Recv& request);
  bool is_refused_for_earlier(std::size_t index, const event::Recv& request);
  bool may_have_timed_out() const;
  bool may_have_been_kept(const ReplyRecord& flow) const;
  void closes_until(std::size_t packet);

  // presumed: the capture begins with the handshake, and nothing has shown that there were flows before.
  enum class Flows : std::uint8_t { unknown, presumed, known };

  Session& session_;
  const std::vector<SessionFrame>& frames_;
  Flows flows_;
  const Profile* profile_;
  bool modified_ = false;            // while it was not known which flows there are
  std::set<std::uint32_t> buffers_;  // that packet-ins have named
  std::vector<std::size_t> losses_;  // packets after which something that a controller sent is missing
  std::size_t next_frame_ = 0;
  std::vector<bool> open_, closed_;  // by captured connection
  std::uint64_t now_ms_ = 0;         // since the capture's first packet
  std::uint64_t start_us_ = 0;
  std::uint32_t next_id_ = 1;
  model::State state_;
  model::Outcome outcome_;
};

}  // namespace oftwin::harness
