// Serials of the combined zone: its own, never backwards (RFC 1982), never the
// same one for other content.
#pragma once

#include <optional>
#include <string_view>

#include "common/base/instant.hpp"
#include "common/base/result.hpp"
#include "common/zone/serial.hpp"

namespace chorale::combiner {

enum class SerialPolicy {
    follow,     // the owner's serial when that is an advance, else last + 1
    increment,  // last + 1
    unixtime,   // seconds since 1970 when that is an advance, else last + 1
};

std::string_view to_text(SerialPolicy policy);
Result<SerialPolicy> serial_policy_from_text(std::string_view text);

// `last`: what was served before, ever; `owner`: the owner's serial if it is the
// owner's zone that changed.
zone::Serial next_serial(SerialPolicy policy, std::optional<zone::Serial> last,
                         std::optional<zone::Serial> owner, Instant now);

}  // namespace chorale::combiner
