// A zone's state from a damaged disk: refused, or read as one that is written the same
// and whose numbers refer to something.
#include "msa/core/state_codec.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace chorale;
using namespace chorale::msa;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto read = decode(BytesView(octets, size));
    if (!read) return 0;
    require(!read->providers.empty(), "there is this provider");
    for (const Provider& provider : read->providers) {
        for (const std::size_t key : provider.keys | provider.entry_keys)
            require(key < read->keys.size(), "keys that are there");
        for (const std::size_t server : provider.servers)
            require(server < read->servers.size(), "name servers that are there");
    }
    for (const std::size_t subject : read->movement.subjects)
        require(subject < read->providers.size(), "subjects that are there");
    const Bytes again = encode(*read);
    const auto second = decode(again);
    require(second.has_value() && encode(*second) == again, "what is written is read as the same");
    return 0;
}
