// Presentation form of records (RFC 1035 5.1, RFC 3597 5) for logs, the admin
// interface, configuration and tests. No $INCLUDE, no $GENERATE.
#pragma once

#include "common/dns/record.hpp"

namespace chorale::dns {

// "owner ttl class type rdata", one line without its end.
std::string to_text(const RecordView& record);

// Splits a line as a zone file does: white space, quotes, escapes, parentheses
// and comments. Errors: an open quote or parenthesis.
Result<std::vector<std::string>> split_tokens(std::string_view line);

// One record in presentation form; TTL and class may be missing, relative names
// are completed by `origin`. `default_ttl` in seconds.
Result<Record> record_from_text(std::string_view line, NameView origin = NameView(),
                                std::uint32_t default_ttl = 3600);

// A zone file's text: $ORIGIN, $TTL, multi-line records, blank owner = previous.
// Errors name the line.
Result<std::vector<Record>> records_from_text(std::string_view text, NameView origin,
                                              std::uint32_t default_ttl = 3600);

}  // namespace chorale::dns
