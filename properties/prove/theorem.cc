#include "properties/prove/theorem.h"

#include <iterator>
#include <sstream>

#include "properties/prove/inputs.h"
#include "properties/prove/theorem_lists.h"

namespace oftwin::prove {

namespace {

std::string hexadecimal(std::uint64_t n, unsigned) {
  std::ostringstream out;
  out << "0x" << std::hex << n;
  return out.str();
}
std::string hexadecimal(const Ipv6& address, unsigned) {
  std::ostringstream out;
  out << "0x" << std::hex;
  for (const std::uint8_t byte : address) out << (byte >> 4) << (byte & 15);
  return out.str();
}

}  // namespace

std::string Replay::print(const Match& match) {
  std::string out;
  each_field(
      [&](const char* name, unsigned bits, const auto& field) {
        if (field.mask == std::remove_cvref_t<decltype(field.mask)>{}) return;
        out += (out.empty() ? "" : " ") + std::string(name) + "=" + hexadecimal(field.value, bits) + "/" +
               hexadecimal(field.mask, bits);
      },
      match);
  return out.empty() ? "any" : out;
}

std::string Replay::print(const FlowKey& key) {
  std::string out;
  each_field(
      [&](const char* name, unsigned bits, const auto& field) {
        if (field == std::remove_cvref_t<decltype(field)>{}) return;
        out += (out.empty() ? "" : " ") + std::string(name) + "=" + hexadecimal(field, bits);
      },
      key);
  return out.empty() ? "all zero" : out;
}

const std::vector<Theorem>& theorems() {
  static const std::vector<Theorem> all = [] {
    std::vector<Theorem> out;
    for (auto list : {match_theorems(), packed_theorems(), wire_theorems(), nxm_theorems(), classifier_theorems(),
                      datapath_theorems(), number_theorems()}) {
      out.insert(out.end(), list.begin(), list.end());
    }
    return out;
  }();
  return all;
}

std::string evidence_table() {
  std::string out = "| theorem | says | of | clauses | refuted when |\n|---|---|---|---|---|\n";
  for (const Theorem& t : theorems()) {
    out += "| `" + t.name + "`" + (t.slow ? " (slow)" : "") + " | " + t.statement + " | " + t.bounds + " | " +
           t.clauses + " | " + t.broken + " |\n";
  }
  return out;
}

}  // namespace oftwin::prove
