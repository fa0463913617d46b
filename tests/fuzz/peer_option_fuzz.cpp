// The Multi-Signer option as a peer may send it: what is read comes back the same,
// over DNS and over JSON.
#include "proto/edns_codec.hpp"
#include "proto/json_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace chorale;
using namespace chorale::proto;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const CodePoints code_points;
    if (size == 0) return 0;
    const Purpose purpose = Purpose(octets[0] % 3);
    auto decoded = decode_option(BytesView(octets, size).subspan(1), purpose, code_points);
    if (!decoded) return 0;
    const PeerMessage& message = decoded->message;
    require(check(message, purpose).has_value(), "what is read passes the check");

    const Bytes option = encode_option(message, code_points);
    const auto again = decode_option(option, purpose, code_points);
    require(again.has_value() && again->message == message && again->notes.empty(),
            "what is written is read as the same");
    require(encode_option(again->message, code_points) == option, "there is one way to write it");

    const std::string text = encode_json(message);
    const auto over_rest = decode_json(text, message.operation, purpose);
    require(over_rest.has_value() && over_rest->message == message && over_rest->notes.empty(),
            "JSON says the same");
    require(encode_option(over_rest->message, code_points) == option,
            "DNS to JSON to DNS changes nothing");
    return 0;
}
