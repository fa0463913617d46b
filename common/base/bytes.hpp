// Octet sequences. Ruled by nothing but the C++ standard; every room uses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chorale {

using Byte = std::uint8_t;
using Bytes = std::vector<Byte>;
using BytesView = std::span<const Byte>;

inline BytesView as_bytes(std::string_view text) {
    return {reinterpret_cast<const Byte*>(text.data()), text.size()};
}

inline std::string_view as_text(BytesView octets) {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

inline Bytes to_bytes(BytesView octets) { return {octets.begin(), octets.end()}; }

inline void append(Bytes& target, BytesView octets) {
    target.insert(target.end(), octets.begin(), octets.end());
}

// Octet-wise equality; not constant time (see equal_in_constant_time).
inline bool equal(BytesView a, BytesView b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

// Lexicographic order of unsigned octets, a shorter prefix first; <0, 0, >0.
int compare(BytesView a, BytesView b);

// Takes as long for different octets as for the same ones; lengths may leak.
bool equal_in_constant_time(BytesView a, BytesView b);

}  // namespace chorale
