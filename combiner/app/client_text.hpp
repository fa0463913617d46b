// The documents of the admin interface as aligned text for people. Pure: what is
// missing in a document, or of another type, is shown as "-".
#pragma once

#include <string>

#include "common/base/instant.hpp"
#include "common/base/json.hpp"

namespace chorale::combiner {

// `now` makes times relative: "3m ago", "in 2h".
std::string status_text(const Json& document, Instant now);
std::string zones_text(const Json& document);
// First what an operator asks: state, the chain of serials from owner to signer,
// observations, errors.
std::string zone_text(const Json& document, Instant now);
std::string overlay_text(const Json& document, Instant now);
std::string events_text(const Json& document);
std::string timers_text(const Json& document, Instant now);
std::string transfers_text(const Json& document, Instant now);
std::string audit_text(const Json& document);

// Without control characters: what came over a socket may go to a terminal.
std::string printable(std::string_view text);

}  // namespace chorale::combiner
