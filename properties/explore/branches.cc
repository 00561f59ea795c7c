#include "properties/explore/branches.h"

#include <algorithm>
#include <numeric>

namespace oftwin::explore {

namespace {

// More rules than that at once are touched in the order of their making and in the reverse one only.
constexpr std::size_t kMostPermuted = 4;

std::size_t factorial(std::size_t n) { return n < 2 ? 1 : n * factorial(n - 1); }

}  // namespace

Branches::Branches(const Alphabet& alphabet) : alphabet_(alphabet) {
  choices_.answer = [this](const model::AnswerQuestion& question) {
    if (question.packet_out) return question.planned;
    const std::vector<Answer>& answers = alphabet_.answers(question.kind);
    return answers[pick(answers.size())];
  };
  choices_.lookup = [this](const model::LookupQuestion& question) { return pick(question.candidates.size()); };
  if (!alphabet_.scope().has(Kind::orders)) return;
  choices_.order = [this](const model::OrderQuestion& question) {
    // The order of records in a reply changes nothing in the switch.
    if (question.about == model::OrderQuestion::About::records) return order(0);
    return order(question.rules.size());
  };
}

void Branches::begin() {
  picks_.clear();
  at_ = 0;
  number_ = 0;
  more_ = true;
}

void Branches::next() {
  picks_.resize(at_);
  at_ = 0;
  ++number_;
  while (!picks_.empty() && picks_.back().taken + 1 == picks_.back().of) picks_.pop_back();
  more_ = !picks_.empty();
  if (more_) ++picks_.back().taken;
}

void Branches::again() {
  picks_.resize(at_);
  kept_ = picks_;
  at_ = 0;
}

void Branches::done_again() {
  picks_ = kept_;
  at_ = picks_.size();
}

std::uint32_t Branches::pick(std::size_t of) {
  if (at_ == picks_.size()) picks_.push_back({0, static_cast<std::uint32_t>(of)});
  const Pick& p = picks_[at_++];
  return p.taken < of ? p.taken : 0;
}

std::vector<std::size_t> Branches::order(std::size_t n) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (n < 2) return order;
  if (n > kMostPermuted) {
    if (pick(2) == 1) std::reverse(order.begin(), order.end());
    return order;
  }
  std::size_t rank = pick(factorial(n));
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const std::size_t step = rank / factorial(n - 1 - i);
    rank %= factorial(n - 1 - i);
    std::rotate(order.begin() + static_cast<std::ptrdiff_t>(i), order.begin() + static_cast<std::ptrdiff_t>(i + step),
                order.begin() + static_cast<std::ptrdiff_t>(i + step + 1));
  }
  return order;
}

}  // namespace oftwin::explore
