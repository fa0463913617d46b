// RDATA of the type in the first two octets: what is read passes the check, comes
// back from its text, and keeps its place in canonical form. Compression pointers
// count from the first octet of the input.
#include "common/dns/rdata.hpp"
#include "common/dns/text.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace chorale;
using namespace chorale::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    if (size < 2 || size > max_message_octets) return 0;
    WireReader reader({octets, size});
    const Type type = Type(reader.u16());
    Bytes rdata;
    if (!read_rdata(reader, type, size - 2, rdata)) {
        require(rdata.empty() && reader.failed(), "malformed RDATA leaves nothing behind");
        (void)rdata_to_text(type, BytesView(octets, size).subspan(2));
        return 0;
    }
    require(reader.at_end() && !reader.failed(), "all of it is read");
    require(check_rdata(type, rdata).has_value(), "what is read passes the check");

    const auto tokens = split_tokens(rdata_to_text(type, rdata));
    require(tokens.has_value(), "its text is well formed");
    const auto again = rdata_from_text(type, *tokens, NameView());
    require(again.has_value() && *again == rdata, "it comes back from its text");

    Bytes canonical, twice;
    append_canonical_rdata(type, rdata, canonical);
    append_canonical_rdata(type, canonical, twice);
    require(canonical == twice, "canonical form is its own canonical form");
    require(compare_rdata(type, rdata, canonical) == 0, "canonical form is the same RDATA");
    return 0;
}
