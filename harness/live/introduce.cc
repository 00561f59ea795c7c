#include "harness/live/introduce.h"

#include <fmt/format.h>

#include "harness/learn_config.h"
#include "harness/request.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

class Asking {
 public:
  Asking(Link& link, net::Deadline deadline) : link_(link), deadline_(deadline) {}

  // The answer to `request` and all parts of it: what comes before the barrier's reply and carries its xid.
  template <class R>
  std::vector<Bytes> ask(R request) {
    request.xid = ++xid_;
    link_.send(encode(request));
    link_.send(encode(request::BarrierRequest{++xid_}));
    std::vector<Bytes> answers;
    for (;;) {
      const auto message = link_.next(deadline_);
      if (!message) throw LinkError("the switch does not answer");
      Reader xid(message->subspan(4, 4));
      const auto of = xid.get<std::uint32_t>();
      if (of == xid_ && (*message)[1] == OFPT_BARRIER_REPLY) return answers;
      if (of == xid_ - 1) answers.emplace_back(message->begin(), message->end());
    }
  }

  template <class R>
  Bytes body(R request, std::uint8_t type, std::size_t at_least, const char* what) {
    Bytes all;
    for (const Bytes& part : ask(request)) {
      if (part[1] != type)
        throw LinkError(fmt::format("the switch answers a request for {} with type {}", what, part[1]));
      const std::size_t header = type == OFPT_STATS_REPLY ? wire::stats_msg::size : 0;
      put_bytes(all, ByteView(part).subspan(std::min(header, part.size())));
    }
    if (all.size() < at_least) throw LinkError(fmt::format("the switch's {} are too short", what));
    return all;
  }

 private:
  Link& link_;
  net::Deadline deadline_;
  std::uint32_t xid_ = 0x6f660000;
};

bool refused(const std::vector<Bytes>& answers) { return !answers.empty() && answers.front()[1] == OFPT_ERROR; }

SwitchConfig features(Asking& asking) {
  SwitchConfig config;
  config.provider = ProviderMode::simulated;
  config.connections.clear();
  learn_features(asking.body(request::FeaturesRequest{}, OFPT_FEATURES_REPLY, wire::switch_features::size, "features"),
                 config);
  return config;
}

}  // namespace

bool is_the_same(Link& link, std::uint64_t datapath_id, net::Deadline deadline) {
  Asking asking(link, deadline);
  return features(asking).datapath_id == datapath_id;
}

Introduction introduce(Link& link, net::Deadline deadline) {
  Introduction found;
  Asking asking(link, deadline);
  SwitchConfig& config = found.config;
  config = features(asking);
  learn_description(asking.body(request::Stats{0, OFPST_DESC, 0, {}}, OFPT_STATS_REPLY, wire::desc_stats::size,
                                "description statistics"),
                    config.description);
  // Who does not count by tables does not say OFPC_TABLE_STATS, and may refuse to list them.
  const request::Stats tables{0, OFPST_TABLE, 0, {}};
  if ((config.capabilities & OFPC_TABLE_STATS) != 0 || !refused(asking.ask(tables))) {
    learn_tables(asking.body(tables, OFPT_STATS_REPLY, wire::table_stats::size, "table statistics"), config);
  }
  found.table_id = !refused(asking.ask(request::FlowModTableId{0, 1}));
  if (found.table_id) asking.ask(request::FlowModTableId{0, 0});
  found.nxm = !refused(asking.ask(request::SetFlowFormat{0, NXFF_NXM}));
  if (found.nxm) asking.ask(request::SetFlowFormat{0, NXFF_OPENFLOW10});
  const auto role = asking.ask(request::Role{0, NX_ROLE_OTHER});
  found.roles = !role.empty() && !refused(role);
  return found;
}

}  // namespace oftwin::harness::live
