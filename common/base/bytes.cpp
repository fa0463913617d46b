#include "common/base/bytes.hpp"

#include <algorithm>
#include <cstring>

namespace chorale {

int compare(BytesView a, BytesView b) {
    const std::size_t shared = std::min(a.size(), b.size());
    if (shared != 0) {
        const int order = std::memcmp(a.data(), b.data(), shared);
        if (order != 0) return order;
    }
    if (a.size() == b.size()) return 0;
    return a.size() < b.size() ? -1 : 1;
}

bool equal_in_constant_time(BytesView a, BytesView b) {
    if (a.size() != b.size()) return false;
    volatile Byte difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference = static_cast<Byte>(difference | (a[i] ^ b[i]));
    }
    return difference == 0;
}

}  // namespace chorale
