// The DNS codec as a filter, for dns_codec_test.py: a line in, a line out.
//   rdata <type> <text>   -> <hex> <our text>
//   message <hex>         -> <hex of the message parsed and written again>
// What is malformed gives "error: <reason>".
#include <iostream>

#include "common/base/encoding.hpp"
#include "common/dns/message.hpp"
#include "common/dns/rdata.hpp"
#include "common/dns/text.hpp"

using namespace chorale;
using namespace chorale::dns;

namespace {

Result<std::string> rdata(std::string_view line) {
    const std::size_t space = line.find(' ');
    const auto type = type_from_text(line.substr(0, space));
    if (!type) return type.error();
    const auto tokens = split_tokens(line.substr(space + 1));
    if (!tokens) return tokens.error();
    const auto octets = rdata_from_text(*type, *tokens, NameView());
    if (!octets) return octets.error();
    return to_hex(*octets) + ' ' + rdata_to_text(*type, *octets);
}

Result<std::string> message(std::string_view line) {
    const auto octets = from_hex(line);
    if (!octets) return octets.error();
    const ParseOutcome outcome = parse_message(*octets, {max_message_octets});
    if (!outcome.message) return malformed(outcome.failure.reason);
    return to_hex(write_message(*outcome.message));
}

}  // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        const std::size_t space = line.find(' ');
        const std::string_view rest = std::string_view(line).substr(space + 1);
        const auto answer = line.starts_with("rdata ") ? rdata(rest) : message(rest);
        std::cout << (answer ? *answer : "error: " + answer.error().message()) << '\n';
    }
}
