#include "harness/subject/provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "harness/subject/allocations.h"
#include "harness/subject/driver.h"
#include "harness/subject/freedoms.h"
#include "harness/subject/provider_library.h"
#include "harness/subject/scripted_provider.h"

namespace oftwin::harness {

namespace {

namespace ev = event;

// What no longer brings anything about is not waited for.
constexpr std::uint32_t kIdleRuns = 8;

template <class E, class... Es>
constexpr bool kOneOf = (std::is_same_v<E, Es> || ...);

// Events that tell the built-in providers what to do; nobody tells this one.
template <class E>
constexpr bool kDirection =
    kOneOf<E, ev::ProviderPlan, ev::ProviderPolicy, ev::ProviderComplete, ev::ProviderLatency, ev::PortChange>;

std::vector<PortConfig> ports_of(const oft_provider& table, void* instance) {
  std::vector<oft_port> ports(table.get_ports(instance, nullptr, 0));
  for (oft_port& port : ports) port.size = sizeof port;
  const std::uint32_t n = table.get_ports(instance, ports.data(), static_cast<std::uint32_t>(ports.size()));
  ports.resize(std::min<std::size_t>(n, ports.size()));
  std::vector<PortConfig> out;
  for (const oft_port& port : ports) out.push_back(from_oft(port));
  return out;
}

std::vector<TableConfig> tables_of(const oft_provider& table, void* instance, std::uint32_t n_tables) {
  std::vector<TableConfig> out(n_tables);
  for (std::uint32_t id = 0; id < n_tables; ++id) {
    oft_table_info info{};
    info.size = sizeof info;
    table.get_table_info(instance, static_cast<std::uint8_t>(id), &info);
    out[id].name.assign(info.name, std::find(info.name, info.name + sizeof info.name - 1, '\0'));
    out[id].wildcards = info.wildcards;
    out[id].max_entries = info.max_entries;
  }
  return out;
}

// One switch over one instance of the provider.
class Assembly : public Driver, private Contract::Watcher {
 public:
  Assembly(const SwitchConfig& config, const oft_provider& table, void* instance, MirrorArena& arena,
           const Patience& patience)
      : Driver(config), contract_(table, instance, arena, patience, *this) {
    if (contract_.has_door()) {
      std::vector<oft_port> ports;
      for (const PortConfig& port : config.ports) ports.push_back(to_oft(port));
      const auto set = [&]() noexcept {
        const CallShown shown("test_set_ports");
        return table.test_set_ports(instance, ports.data(), static_cast<std::uint32_t>(ports.size()));
      };
      if (set() != OFT_OK) throw ProviderRefused("its test_set_ports() refuses the ports");
    }
    build(config, contract_.table(), &contract_);
    if (contract_.n_tables() == 0) throw ProviderRefused("its attach() returns an error, or no number from 1 to 255");
    ports_ = ports_of(contract_.table(), &contract_);
    tables_ = tables_of(contract_.table(), &contract_, contract_.n_tables());
  }
  ~Assembly() override { tear_down(); }

  Contract& contract() { return contract_; }
  const std::vector<PortConfig>& ports() const { return ports_; }
  const std::vector<TableConfig>& tables() const { return tables_; }
  bool takes(const ev::PacketArrives& e) const { return contract_.has_door() && e.tun_id == 0; }

 private:
  void provider_event(const EventBody& event) override {
    const auto* e = std::get_if<ev::PacketArrives>(&event);
    if (e == nullptr || !takes(*e)) return;
    if (std::ranges::find(ports_, e->port, &PortConfig::number) == ports_.end()) return;
    interposer().queue([this, arrives = *e] { contract_.inject(arrives.port, arrives.frame); });
  }

  // An operation that is overdue gets the runs in which it must complete.
  void settle() override {
    std::uint32_t idle = 0;
    for (std::uint32_t i = 0; i < kMaxSettle && idle < kIdleRuns; ++i) {
      const bool overdue = contract_.anything_overdue();
      if (!wants_to_run() && !overdue) return;
      const std::size_t before = out().size();
      the_switch().run();
      idle = overdue || out().size() != before ? 0 : idle + 1;
    }
  }

  void transmitted(std::uint16_t port, ByteView frame) override {
    out().push_back(observation::PacketTx{port, Bytes(frame.begin(), frame.end())});
  }
  void looked_up(std::uint8_t table, const oft_rule* rule) override {
    observation::Lookup seen{table, {}};
    if (rule != nullptr) seen.rule = interposer().name_of(rule);
    out().push_back(seen);
  }
  RuleName name_of(const oft_rule* rule) override { return interposer().name_of(rule); }

  Contract contract_;
  std::vector<PortConfig> ports_;
  std::vector<TableConfig> tables_;
};

class LoadedProvider : public ProviderSubject {
 public:
  explicit LoadedProvider(ProviderOptions options) : options_(std::move(options)) {}

  void reset(const SwitchConfig& config) override {
    close();
    if (!library_) load();
    void* instance = create();
    if (instance == nullptr) throw ProviderRefused(options_.path + ": its create() returns NULL");
    try {
      assembly_ = std::make_unique<Assembly>(config, library_->table(), instance, arena_, options_.patience);
    } catch (const ProviderRefused& why) { throw ProviderRefused(options_.path + ": " + why.what()); }
  }

  void close() override {
    if (assembly_ && counted()) counts_ += assembly_->contract().counts();
    assembly_.reset();
    arena_.reset();
  }

  void drive(const Event& event, std::vector<Observation>& out) override {
    assembly_->contract().begin_event();
    assembly_->drive(event, out);
  }

  unsigned channels() const override {
    return bit(Channel::message) | bit(Channel::provider) | bit(Channel::connection) | bit(Channel::alloc) |
           (packets() ? bit(Channel::packet) : 0);
  }
  std::string name() const override { return options_.path; }

  const Conduct* conduct() const override { return assembly_ ? &assembly_->contract().conduct() : &nothing_; }

  SwitchConfig as_built(const SwitchConfig& config) const override {
    SwitchConfig built = config;
    built.provider = ProviderMode::simulated;
    built.ports = assembly_->ports();
    built.tables = assembly_->tables();
    return built;
  }

  const Event& as_driven(const Event& event) const override {
    const std::size_t runs = conduct()->runs.size();
    const auto understood = [&]<class E>(const E& e) -> bool {
      if constexpr (kDirection<E>) return false;
      if constexpr (kOneOf<E, ev::PacketArrives>) return assembly_->takes(e);
      if constexpr (kOneOf<E, ev::Loop>) return e.iterations == runs && runs > 0;
      return true;
    };
    if (std::visit(understood, event.body)) return event;
    driven_.id = event.id;
    driven_.body = ev::Clock{0};
    if (runs > 0) driven_.body = ev::Loop{static_cast<std::uint32_t>(runs)};
    return driven_;
  }

  bool shows(const Observation& o) const override { return !std::holds_alternative<observation::Metadata>(o); }
  bool packets() const override { return assembly_ && assembly_->contract().has_door(); }
  void align(Observation& want, std::span<Observation> got) const override { use_freedoms(want, got); }

  ProviderCounts counts() const override {
    ProviderCounts all = counts_;
    if (assembly_ && counted()) all += assembly_->contract().counts();
    return all;
  }
  std::string description() const override {
    if (!library_) return "";
    const oft_provider& table = library_->table();
    return fmt::format(
        "{}, provider.h {}.{}, {}", table.name != nullptr ? table.name : "(no name)", table.abi_major, table.abi_minor,
        table.test_inject != nullptr ? "with a test door"
                                     : "without a test door: what packets meet is not judged, nor what they count");
  }

 private:
  void load() {
    const CallShown shown("dlopen");
    library_ = std::make_unique<ProviderLibrary>(options_.path);
  }
  void* create() const noexcept {
    const CallShown shown("create");
    return library_->table().create(options_.options ? options_.options->c_str() : nullptr);
  }

  const ProviderOptions options_;
  const Conduct nothing_;
  mutable Event driven_;
  MirrorArena arena_;
  std::unique_ptr<ProviderLibrary> library_;
  std::unique_ptr<Assembly> assembly_;
  ProviderCounts counts_;
};

}  // namespace

std::unique_ptr<ProviderSubject> make_provider_subject(ProviderOptions options) {
  return std::make_unique<LoadedProvider>(std::move(options));
}

}  // namespace oftwin::harness
