// A machine word that is not known: Word<T> behaves as the integer type T does, and stands for all of its values.
//
// Code that is a template over its words (spec/word.h) is run with these to be proved. Integral promotion, the usual
// arithmetic conversions, signedness and truncation are C++'s own: the type of every result is asked of the compiler,
// from the machine types. Converting a Word<bool> to bool asks the engine, which follows both ways (engine.h).
#pragma once

#include <z3++.h>

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "properties/prove/engine.h"
#include "spec/word.h"

namespace oftwin::prove {

template <class T>
class Word;

template <class T>
struct MachineOf {
  using type = T;
};
template <class T>
struct MachineOf<Word<T>> {
  using type = T;
};
// An enumeration takes part in arithmetic as its underlying type.
template <class T>
  requires std::is_enum_v<T>
struct MachineOf<T> {
  using type = std::underlying_type_t<T>;
};
template <class T>
using Machine = typename MachineOf<std::remove_cvref_t<T>>::type;

template <class T>
inline constexpr bool is_symbolic = false;
template <class T>
inline constexpr bool is_symbolic<Word<T>> = true;

template <class T>
concept Known = std::is_integral_v<std::remove_cvref_t<T>> || std::is_enum_v<std::remove_cvref_t<T>>;
template <class A>
concept Operand = Known<A> || is_symbolic<std::remove_cvref_t<A>>;
// At least one of the two is symbolic.
template <class A, class B>
concept Operands = Operand<A> && Operand<B> && (!Known<A> || !Known<B>);

template <class T>
class Word {
 public:
  static constexpr unsigned kBits = std::is_same_v<T, bool> ? 1 : sizeof(T) * 8;

  Word() : Word(T{}) {}
  Word(Known auto value) : term_(constant(static_cast<T>(value))) {}  // NOLINT: converts as integers do
  template <class U>
  Word(const Word<U>& other) : term_(convert(other)) {}  // NOLINT: converts as integers do
  explicit Word(const z3::expr& term) : term_(term) {}

  const z3::expr& term() const { return term_; }

  explicit operator bool() const {
    if constexpr (std::is_same_v<T, bool>)
      return engine().decide(term_);
    else
      return engine().decide(term_ != context().bv_val(0, kBits));
  }

  Word& operator&=(const Operand auto& b) { return *this = *this & b; }
  Word& operator|=(const Operand auto& b) { return *this = *this | b; }
  Word& operator^=(const Operand auto& b) { return *this = *this ^ b; }
  Word& operator+=(const Operand auto& b) { return *this = *this + b; }
  Word& operator*=(const Operand auto& b) { return *this = *this * b; }
  Word& operator<<=(const Operand auto& b) { return *this = *this << b; }
  Word& operator>>=(const Operand auto& b) { return *this = *this >> b; }
  Word& operator++() { return *this = *this + 1; }

 private:
  static z3::context& context() { return engine().context(); }

  static z3::expr constant(T value) {
    if constexpr (std::is_same_v<T, bool>)
      return context().bool_val(value);
    else
      return context().bv_val(static_cast<std::uint64_t>(value) & low_bits(), kBits);
  }
  static constexpr std::uint64_t low_bits() { return kBits == 64 ? ~0ull : (1ull << kBits % 64) - 1; }

  template <class U>
  static z3::expr convert(const Word<U>& other) {
    if constexpr (std::is_same_v<T, U>) {
      return other.term();
    } else if constexpr (std::is_same_v<U, bool>) {
      return z3::ite(other.term(), context().bv_val(1, kBits), context().bv_val(0, kBits));
    } else if constexpr (std::is_same_v<T, bool>) {
      return other.term() != context().bv_val(0, Word<U>::kBits);
    } else if constexpr (kBits < Word<U>::kBits) {
      return other.term().extract(kBits - 1, 0);
    } else if constexpr (kBits == Word<U>::kBits) {
      return other.term();
    } else {
      constexpr unsigned more = kBits - Word<U>::kBits;
      return std::is_signed_v<U> ? z3::sext(other.term(), more) : z3::zext(other.term(), more);
    }
  }

  z3::expr term_;
};

using Bool = Word<bool>;

template <class T, class A>
z3::expr as(const A& a) {
  return Word<T>(a).term();
}

template <class A>
using Promoted = decltype(+Machine<A>{});
template <class A, class B>
using Common = decltype(Machine<A>{} + Machine<B>{});

template <class A, class B>
  requires Operands<A, B>
auto operator&(const A& a, const B& b) {
  using T = Common<A, B>;
  return Word<T>(as<T>(a) & as<T>(b));
}
template <class A, class B>
  requires Operands<A, B>
auto operator|(const A& a, const B& b) {
  using T = Common<A, B>;
  return Word<T>(as<T>(a) | as<T>(b));
}
template <class A, class B>
  requires Operands<A, B>
auto operator^(const A& a, const B& b) {
  using T = Common<A, B>;
  return Word<T>(as<T>(a) ^ as<T>(b));
}
template <class A, class B>
  requires Operands<A, B>
auto operator+(const A& a, const B& b) {
  using T = Common<A, B>;
  return Word<T>(as<T>(a) + as<T>(b));
}
template <class A, class B>
  requires Operands<A, B>
auto operator-(const A& a, const B& b) {
  using T = Common<A, B>;
  return Word<T>(as<T>(a) - as<T>(b));
}
template <class A, class B>
  requires Operands<A, B>
auto operator*(const A& a, const B& b) {
  using T = Common<A, B>;
  return Word<T>(as<T>(a) * as<T>(b));
}
// A shift by the width or more has no meaning in C++: that it does not happen is proved along with everything else.
template <class A, class B>
  requires Operands<A, B>
auto operator<<(const A& a, const B& b) {
  using T = Promoted<A>;
  if constexpr (!Known<B>) engine().require(z3::ult(as<T>(b), as<T>(Word<T>::kBits)));
  return Word<T>(z3::shl(as<T>(a), as<T>(b)));
}
template <class A, class B>
  requires Operands<A, B>
auto operator>>(const A& a, const B& b) {
  using T = Promoted<A>;
  if constexpr (!Known<B>) engine().require(z3::ult(as<T>(b), as<T>(Word<T>::kBits)));
  return Word<T>(std::is_signed_v<T> ? z3::ashr(as<T>(a), as<T>(b)) : z3::lshr(as<T>(a), as<T>(b)));
}

template <class T>
auto operator~(const Word<T>& a) {
  using P = Promoted<Word<T>>;
  return Word<P>(~as<P>(a));
}
// Of two unknowns. Where one side is known, the language's own short circuit is at work, and asks the engine.
inline Bool operator!(const Bool& a) { return Bool(!a.term()); }
template <std::same_as<Bool> A, std::same_as<Bool> B>
Bool operator&&(const A& a, const B& b) {
  return Bool(a.term() && b.term());
}
template <std::same_as<Bool> A, std::same_as<Bool> B>
Bool operator||(const A& a, const B& b) {
  return Bool(a.term() || b.term());
}

// `term == 0`, said of its parts where it is made of parts: solvers make much of equations between words.
z3::expr is_zero(const z3::expr& term);

template <class A, class B>
  requires Operands<A, B>
Bool operator==(const A& a, const B& b) {
  if constexpr (std::is_same_v<Machine<A>, bool> && std::is_same_v<Machine<B>, bool>) {
    return Bool(as<bool>(a) == as<bool>(b));
  } else {
    using T = Common<A, B>;
    const z3::expr x = as<T>(a), y = as<T>(b);
    return Bool(y.is_numeral() && y.get_numeral_uint64() == 0 ? is_zero(x) : x == y);
  }
}
template <class A, class B>
  requires Operands<A, B>
Bool operator!=(const A& a, const B& b) {
  return !(a == b);
}
template <class A, class B>
  requires Operands<A, B>
Bool operator<(const A& a, const B& b) {
  using T = Common<A, B>;
  return Bool(std::is_signed_v<T> ? z3::slt(as<T>(a), as<T>(b)) : z3::ult(as<T>(a), as<T>(b)));
}
template <class A, class B>
  requires Operands<A, B>
Bool operator>(const A& a, const B& b) {
  return b < a;
}
template <class A, class B>
  requires Operands<A, B>
Bool operator<=(const A& a, const B& b) {
  return !(b < a);
}
template <class A, class B>
  requires Operands<A, B>
Bool operator>=(const A& a, const B& b) {
  return !(a < b);
}

// spec/word.h's operations.
using oftwin::countr_zero;
using oftwin::rotl;
using oftwin::select;
template <std::same_as<Bool> C, class A, class B>
  requires std::is_same_v<Machine<A>, Machine<B>>
auto select(const C& c, const A& a, const B& b) {
  using T = Machine<A>;
  return Word<T>(z3::ite(c.term(), as<T>(a), as<T>(b)));
}
template <class T>
Bool bit_of(const Word<T>& w, unsigned bit) {
  return Bool(w.term().extract(bit, bit) == engine().context().bv_val(1, 1));
}
template <class T>
Word<int> countr_zero(const Word<T>& w) {
  Word<int> zeros(static_cast<int>(Word<T>::kBits));
  for (int bit = Word<T>::kBits - 1; bit >= 0; --bit) {
    zeros = select(bit_of(w, static_cast<unsigned>(bit)), Word<int>(bit), zeros);
  }
  return zeros;
}
template <class T>
Word<T> rotl(const Word<T>& w, int bits) {
  z3::expr term = w.term();  // whose rotate_left is not const
  return Word<T>(term.rotate_left(static_cast<unsigned>(bits)));
}

// Each value that it can have, in turn, on a path of its own: for few values, or one.
using oftwin::known;
template <class T>
T known(const Word<T>& w) {
  const z3::expr simple = w.term().simplify();
  if (simple.is_numeral()) return static_cast<T>(simple.get_numeral_uint64());
  T value = 0;
  while (!engine().decide(simple == as<T>(value))) ++value;
  return value;
}

}  // namespace oftwin::prove

namespace oftwin {
template <class W, class T>
struct Like<prove::Word<W>, T> {
  using type = prove::Word<T>;
};
}  // namespace oftwin
