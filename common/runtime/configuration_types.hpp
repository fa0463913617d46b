// Private to the room: how the types of configuration keys are said to people.
#pragma once

#include "common/runtime/configuration.hpp"

namespace chorale::runtime {

inline constexpr std::int64_t longest_seconds = 3'155'760'000;  // a hundred years
inline constexpr std::size_t longest_socket_path = 107;         // sun_path of Linux without its NUL

// "an integer from 1 to 600", "a list of 1 to 64 IP addresses with port ...".
std::string expectation(const KeyRow& row);

}  // namespace chorale::runtime
