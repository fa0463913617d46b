// Type bit maps of NSEC, NSEC3 and CSYNC (RFC 4034 4.1.2, RFC 5155 3.2.1, RFC 7477 2.1.2).
#pragma once

#include <span>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/dns/type.hpp"

namespace chorale::dns::rdata {

// Why the octets are no bit map, or nullptr: windows strictly ascending, 1 to 32
// octets each, the last of them not zero. An empty map is one.
const char* type_bitmap_fault(BytesView bitmap);

// Ascending; the bitmap must be without fault.
std::vector<Type> types_in_bitmap(BytesView bitmap);

// In any order, doubles allowed.
Bytes type_bitmap(std::vector<Type> types);

}  // namespace chorale::dns::rdata
