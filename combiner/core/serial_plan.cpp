#include "combiner/core/serial_plan.hpp"

#include <string>

namespace chorale::combiner {

std::string_view to_text(SerialPolicy policy) {
    switch (policy) {
        case SerialPolicy::follow: return "follow";
        case SerialPolicy::increment: return "increment";
        case SerialPolicy::unixtime: return "unixtime";
    }
    return "follow";
}

Result<SerialPolicy> serial_policy_from_text(std::string_view text) {
    for (const auto policy :
         {SerialPolicy::follow, SerialPolicy::increment, SerialPolicy::unixtime}) {
        if (to_text(policy) == text) return policy;
    }
    return malformed("expected follow, increment or unixtime, got \"" + std::string(text) + '"');
}

zone::Serial next_serial(SerialPolicy policy, std::optional<zone::Serial> last,
                         std::optional<zone::Serial> owner, Instant now) {
    std::optional<zone::Serial> wanted;
    if (policy == SerialPolicy::follow) wanted = owner;
    if (policy == SerialPolicy::unixtime) {
        wanted = static_cast<zone::Serial>(static_cast<std::uint64_t>(to_unix_seconds(now)));
    }
    if (!last) return wanted.value_or(owner.value_or(1));
    // Secondaries take 0 for a serial like any other (RFC 1982), but operators
    // and some tools do not: it is skipped.
    const zone::Serial following = *last + 1 == 0 ? 1 : *last + 1;
    return wanted && zone::is_newer(*wanted, *last) ? *wanted : following;
}

}  // namespace chorale::combiner
