// A server whose switch is wrong: what is told, what is saved, how it goes on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "harness/files.h"
#include "harness/serve/server_world.h"
#include "harness/subject/broken.h"
#include "harness/trace_text.h"

namespace {

using namespace oftwin;
using namespace oftwin::harness;

class Logged : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::vector<std::string> files(const std::string& ending) const {
    std::vector<std::string> out;
    if (!std::filesystem::exists(folder_)) return out;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ending) out.push_back(entry.path());
    }
    return out;
  }
  const std::string folder_ = ::testing::TempDir() + "/serve_test." + std::to_string(::getpid());
};

// A switch with a planted fault: the divergence is logged with a trace that shows it again, and serving goes on.
TEST_F(Logged, a_wrong_switch_is_found_out) {
  const auto inner = make_builtin_subject();
  BrokenSubject broken(*inner);
  World w(options(folder_), &broken);
  const auto client = w.session();
  const auto other = w.session();
  for (const std::uint64_t cookie : BrokenSubject::kCookies) {
    request::FlowMod fm;
    fm.cookie = cookie;
    fm.priority = static_cast<std::uint16_t>(cookie);
    client->send(encode(fm));
  }
  client->send(encode(request::EchoRequest{1, {'y', 'e', 't'}}));
  EXPECT_EQ(w.receive(*client)[1], OFPT_ECHO_REPLY);
  EXPECT_EQ(w.server.judged().divergences(), 0u);
  client->send(encode(request::EchoRequest{2, {'n', 'o', 'w'}}));
  EXPECT_TRUE(w.receive(*client).empty()) << "what is not vouched for does not go out";
  EXPECT_EQ(w.server.judged().divergences(), 1u);
  EXPECT_TRUE(w.receive(*other).empty()) << "the switch has begun anew";

  ASSERT_EQ(files(".trace").size(), 1u);
  ASSERT_EQ(files(".txt").size(), 1u);
  const Trace trace = parse_trace(read_file(files(".trace")[0]), "trace");
  const auto fresh = make_builtin_subject();
  BrokenSubject again(*fresh);
  const auto divergence = Lockstep(again, {}).run(trace.config, trace.events);
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->event_index, trace.events.size() - 1);
  EXPECT_FALSE(Lockstep(*fresh, {}).run(trace.config, trace.events));
  EXPECT_NE(read_file(files(".txt")[0]).find("wanted  s1 echo_reply"), std::string::npos)
      << read_file(files(".txt")[0]);

  const auto next = w.session();
  next->send(encode(request::EchoRequest{3, {'n', 'o', 'w'}}));
  EXPECT_EQ(w.receive(*next)[1], OFPT_ECHO_REPLY) << "serving goes on";
  EXPECT_TRUE(w.server.judged().state().tables[0].rules.empty());
}

// Statistics of flows come back wrong as soon as there is a flow.
class Miscounting : public Subject {
 public:
  void reset(const SwitchConfig& config) override { inner_->reset(config); }
  void drive(const Event& event, std::vector<Observation>& out) override {
    inner_->drive(event, out);
    for (Observation& o : out) {
      auto* send = std::get_if<observation::Send>(&o);
      if (send && send->bytes[1] == OFPT_STATS_REPLY && send->bytes.size() > wire::stats_msg::size)
        send->bytes.back() ^= 1;
    }
  }
  unsigned channels() const override { return inner_->channels(); }
  std::string name() const override { return "miscounting"; }

 private:
  std::unique_ptr<Subject> inner_ = make_builtin_subject();
};

// Long after the flow was made, when that is no longer remembered.
TEST_F(Logged, a_trace_whose_beginning_is_missing_shows_it_all_the_same) {
  Miscounting wrong;
  ServerOptions o = options(folder_);
  o.judged.history_bytes = 20'000;
  World w(o, &wrong);
  const auto client = w.session();
  request::FlowMod fm;
  fm.cookie = 77;
  fm.actions = action::output(2);
  client->send(encode(fm));
  for (std::uint32_t i = 0; i < 500; ++i) {
    client->send(encode(request::EchoRequest{i, Bytes(100)}));
    ASSERT_EQ(w.receive(*client)[1], OFPT_ECHO_REPLY);
  }
  client->send(encode(request::FlowStats{}));
  EXPECT_TRUE(w.receive(*client).empty());
  EXPECT_EQ(w.server.judged().divergences(), 1u);
  ASSERT_EQ(files(".trace").size(), 1u);
  const std::string text = read_file(files(".trace")[0]);
  EXPECT_LT(text.size(), 200'000u);
  EXPECT_NE(text.find("# The beginning is missing: "), std::string::npos);
  EXPECT_NE(text.find("cookie=0x4d"), std::string::npos);
  const Trace trace = parse_trace(text, "trace");
  const auto divergence = Lockstep(wrong, {}).run(trace.config, trace.events);
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->event_index, trace.events.size() - 1);
  EXPECT_FALSE(Lockstep(*w.builtin, {}).run(trace.config, trace.events));
}

}  // namespace
