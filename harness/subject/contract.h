// Stands between a switch and a provider that is not trusted, and judges each call by the contract (spec/provider.md).
//
// To the switch it is the provider, to the provider it is the host. The provider sees mirrors of the rules
// (rule_mirror.h). A call that breaks the contract is not passed on: the switch behind goes on as if it had not been
// made, and the first breach is kept. What the provider does by itself in run() is written down, because it is an input
// to whoever predicts the switch.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/subject/allocations.h"
#include "harness/subject/rule_mirror.h"
#include "harness/subject/subject.h"
#include "impl/provider.h"
#include "spec/bytes.h"

namespace oftwin::harness {

// When an operation that has not completed is overdue: both must have passed.
struct Patience {
  std::uint32_t runs = 100;
  std::uint64_t ms = 10000;
};

// What a provider did, for the report: that it agreed says little if it refused everything.
struct ProviderCounts {
  std::uint64_t at_once = 0, late = 0, refused = 0, failed = 0;  // operations
  std::uint64_t no_memory = 0;                                   // rules for which rule_alloc() returned NULL
  std::uint64_t expired = 0, injected = 0, transmitted = 0, handed_up = 0;
  ProviderCounts& operator+=(const ProviderCounts& other);
};

class Contract {
 public:
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void transmitted(std::uint16_t port, ByteView frame) = 0;
    virtual void looked_up(std::uint8_t table, const oft_rule* rule) = 0;  // the switch's rule
    // A rule of the switch, under the name that the interposer gives it.
    virtual RuleName name_of(const oft_rule* rule) = 0;
  };

  // `inner`: usable (provider_library.h). All arguments outlive this.
  Contract(const oft_provider& inner, void* instance, MirrorArena& arena, const Patience& patience, Watcher& watcher);
  Contract(const Contract&) = delete;
  Contract& operator=(const Contract&) = delete;

  const oft_provider& table() const { return outer_; }  // the instance to pass with it is the Contract itself
  bool has_door() const { return inner_.test_inject != nullptr; }

  std::uint32_t n_tables() const { return n_tables_; }  // 0: attach() failed

  // To be called from inside run(), before the provider's own.
  void inject(std::uint16_t port, ByteView frame) noexcept;

  // Begins an event: forgets what was written down.
  void begin_event();
  const Conduct& conduct() const { return conduct_; }
  const ProviderCounts& counts() const { return counts_; }
  // Whether an operation is in progress for so long that it must end within the next runs.
  bool anything_overdue() const;

 private:
  enum class Where : std::uint8_t { nowhere, starting, run, inject, packet, reading, destruct, over };
  struct Op {
    oft_op* handle;
    OperationKind kind;
    const oft_rule* rule;  // the switch's
    std::uint64_t run, since_ms;
    bool inside = true;  // the call that started it
  };
  struct Known {
    const oft_rule* rule = nullptr;  // the switch's
    std::unique_ptr<RuleMirror> mirror;
    bool in_force = false;  // its construction has succeeded
  };
  class Calling;

  static Contract& self(void* p) { return *static_cast<Contract*>(p); }
  void fill_outer();
  void fill_host();
  void breach(std::size_t clause, std::string what);

  // Towards the provider.
  oft_error attach(const oft_host* table, void* host, std::uint32_t* n_tables);
  void destruct();
  void dealloc();
  void run();
  std::uint64_t run_at();
  std::uint64_t latest_run_at(std::uint64_t now_ms) const;
  void* rule_alloc();
  void rule_dealloc(void* handle);
  template <class Call>
  oft_error start(const char* name, OperationKind kind, const oft_rule* rule, oft_op* op, const Call& call);
  oft_error rule_construct(const oft_rule* rule, const oft_rule* victim, oft_op* op);
  void rule_get_stats(const oft_rule* rule, std::uint64_t* packets, std::uint64_t* bytes);
  oft_error rule_execute(const oft_rule* rule, std::uint16_t in_port, ByteView frame);
  const oft_rule* shown(const oft_rule& rule);  // its mirror, up to date
  void look_after(const oft_rule* rule);        // whether its mirror is intact

  // Towards the host.
  bool welcome(bool here, const char* what);
  void op_complete(oft_op* op, oft_error error);
  void rule_expire(const oft_rule* mirror, oft_expiry_reason reason);
  void packet_in(std::uint16_t in_port, ByteView frame, oft_packet_in_reason reason, std::uint16_t send_len);
  void port_changed(oft_port_change change, const oft_port* port);
  void looked_up(std::uint8_t table, const oft_rule* mirror);
  void transmitted(std::uint16_t port, ByteView frame);
  const Known* known(const oft_rule* mirror) const;  // nullptr: no rule that is alive

  const oft_provider& inner_;
  void* instance_;
  MirrorArena& arena_;
  const Patience patience_;
  Watcher& watcher_;
  const pthread_t thread_ = pthread_self();
  oft_provider outer_{};
  oft_host inner_host_{};
  const oft_host* host_table_ = nullptr;
  void* host_ = nullptr;
  Where where_ = Where::nowhere;
  std::uint32_t n_tables_ = 0;
  std::uint64_t runs_ = 0;
  std::atomic<const char*> called_elsewhere_{nullptr};  // in another thread
  std::vector<Op> in_progress_;
  std::vector<oft_op*> refused_;
  std::unordered_map<void*, Known> by_handle_;
  std::unordered_map<const oft_rule*, void*> by_mirror_;
  bool ended_ = false;
  Conduct conduct_;
  ProviderCounts counts_;
};

// The call of the provider that is being made in this process, or nullptr; for a signal handler that has to say where
// the provider was lost, and which clause that breaks.
const char* provider_call_in_progress();
// From now on that is kept in `place`: memory that another process sees, too. It outlives all calls.
void show_calls_in(std::atomic<const char*>& place);

// As long as it lives, that call is in progress; and after it, if an exception ends it. `name` is a literal.
class CallShown {
 public:
  explicit CallShown(const char* name);
  ~CallShown();
  CallShown(const CallShown&) = delete;
  CallShown& operator=(const CallShown&) = delete;

 private:
  const char* const before_;
  const int exceptions_ = std::uncaught_exceptions();
  const ProviderRuns runs_;
};

// "PROV-8" or "PROV-13".
const char* clause_of_fault(const void* address);
inline constexpr const char* kLeakClause = "PROV-12";

}  // namespace oftwin::harness
