// Stands between a switch and a provider and reports every call as an observation.
//
// To the switch it is the provider, to the provider it is the host. Rules get provisional names: {0, n} is the n-th
// rule that was allocated. What a call leads to is reported after the call itself; its answer is filled in when it is
// known. Work that a trace queues for the provider's next run is kept here, because it names rules that may be gone by
// then.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "impl/provider.h"
#include "spec/bytes.h"
#include "spec/observation.h"

namespace oftwin::harness {

class Interposer {
 public:
  Interposer(const oft_provider& inner, void* instance);

  // What the switch is given. choose_table may be switched off and on.
  const oft_provider& table() const { return outer_; }
  void offer_choose_table(bool offered);

  // Where observations go; never null.
  void report_to(std::vector<Observation>* out) { out_ = out; }

  // Done at the start of the next run(), in the order given.
  void queue(std::function<void()> work) { queued_.push_back(std::move(work)); }

  // nullptr: no rule of this number is alive (or has been constructed).
  const oft_rule* rule(const RuleName& name) const;
  RuleName name_of(const oft_rule* rule) const;
  // A flow of a dump, as an observation.
  observation::DumpedFlow dumped(const oft_rule& rule, std::uint64_t age_s, std::uint64_t packets,
                                 std::uint64_t bytes) const;

 private:
  struct Started {
    oft_op* op;
    OperationKind kind;
    RuleName rule;
    Answer* answer;  // the starting call's, while it lasts
  };

  static Interposer& self(void* p) { return *static_cast<Interposer*>(p); }
  static oft_provider make_table(const oft_provider& inner);

  oft_error attach(const oft_host* table, void* host, std::uint32_t* n_tables);
  void destruct();
  void run();
  void* rule_alloc();
  void rule_dealloc(void* handle);
  template <class Call>
  oft_error operate(OperationKind kind, const oft_rule* rule, const oft_rule* victim, oft_op* op, const Call& call);
  void op_complete(oft_op* op, oft_error error);
  oft_error rule_execute(const oft_rule* rule, std::uint16_t in_port, ByteView frame);
  oft_error packet_out(std::uint16_t in_port, ByteView frame, ByteView actions);
  oft_error choose_table(const oft_match* match, std::uint8_t* table_id);

  const oft_provider& inner_;
  void* instance_;
  oft_provider outer_;
  oft_host inner_host_{};
  const oft_host* host_table_ = nullptr;
  void* host_ = nullptr;
  std::vector<Observation>* out_ = nullptr;
  std::vector<Observation> nowhere_;

  struct Alive {
    RuleName name;
    const oft_rule* rule = nullptr;
  };
  std::unordered_map<void*, Alive> by_handle_;
  std::vector<void*> by_number_;  // nullptr: gone
  std::vector<Started> in_flight_;
  std::vector<std::function<void()>> queued_;
  bool destructed_ = false;
};

}  // namespace oftwin::harness
