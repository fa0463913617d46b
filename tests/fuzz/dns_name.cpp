// Names survive wire and text both ways, and their keys have their order. The
// first octet says where in the input a name begins.
#include "common/dns/wire.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace chorale;
using namespace chorale::dns;

namespace {

void check(NameView name) {
    require(name.wire().size() <= max_name_octets, "no name is longer than 255 octets");
    require(name.label_count() <= 127, "no name has more than 127 labels");
    require(name_octets(name.wire()) == name.wire().size(), "a name ends where it says");
    const auto again = Name::from_text(name.to_text());
    require(again.has_value() && is_identical(*again, name), "a name comes back from its text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const BytesView input(octets, size);
    if (const auto name = Name::from_text(as_text(input))) check(*name);
    if (const auto name = Name::from_wire(input)) check(*name);
    if (size == 0) return 0;
    WireReader reader(input.subspan(1));
    reader.seek(octets[0]);
    const Name a = reader.name();
    const Name b = reader.name();
    if (reader.failed()) return 0;
    check(a);
    check(b);
    Bytes key_a, key_b;
    append_canonical_key(a, key_a);
    append_canonical_key(b, key_b);
    const int by_name = compare_canonical(a, b), by_key = compare(key_a, key_b);
    require((by_name < 0) == (by_key < 0) && (by_name > 0) == (by_key > 0),
            "keys have the order of names");
    require((by_name == 0) == (a == b), "equal names are those between which there is no order");
    return 0;
}
