// The bodies of the REST interface between agents: what is read comes back the same,
// over JSON and over DNS.
#include "proto/edns_codec.hpp"
#include "proto/json_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace chorale;
using namespace chorale::proto;

namespace {

const CodePoints code_points;

void as_message(std::string_view text, Operation operation, Purpose purpose) {
    const auto decoded = decode_json(text, operation, purpose);
    if (!decoded) return;
    const std::string written = encode_json(decoded->message);
    const auto again = decode_json(written, operation, purpose);
    require(again.has_value() && again->message == decoded->message && again->notes.empty(),
            "what is written is read as the same");
    require(encode_json(again->message) == written, "there is one way to write it");
    auto over_dns =
        decode_option(encode_option(decoded->message, code_points), purpose, code_points);
    require(over_dns.has_value() && over_dns->notes.empty(), "the option says the same");
    over_dns->message.zone = decoded->message.zone;
    over_dns->message.changed = decoded->message.changed;
    require(encode_json(over_dns->message) == written, "JSON to DNS to JSON changes nothing");
}

void as_instruction(std::string_view text) {
    const auto decoded = decode_instruction(text);
    if (!decoded) return;
    const std::string written = encode_json(decoded->instruction);
    const dns::Message made = make_instruction(decoded->instruction, code_points);
    const Bytes octets = dns::write_message(made);
    if (octets.size() > dns::max_message_octets) return;
    const auto parsed = dns::parse_message(octets);
    require(parsed.message.has_value(), "an UPDATE is well formed");
    const auto over_dns = decode_instruction(*parsed.message, code_points);
    require(over_dns.has_value(), "an UPDATE says the same");
    require(encode_json(over_dns->instruction) == written, "in the same octets");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text = as_text({octets + 1, size - 1});
    switch (octets[0] % 8) {
        case 0: as_instruction(text); break;
        case 1: {
            const auto read = decode_contribution(text);
            if (!read) break;
            const auto again = decode_contribution(encode_json(*read));
            require(again.has_value() && encode_json(*again) == encode_json(*read),
                    "a contribution comes back");
            break;
        }
        default:
            as_message(text, operations[octets[0] % operations.size()],
                       octets[0] & 8 ? Purpose::answer : Purpose::request);
    }
    return 0;
}
