// Who shall serve the zone, from its MSIGNER RRset (draft, "The MSIGNER RRset"): the
// states ON and OFF of RFC 8901 model 2 signers. The model is apart from the record,
// so that a later record type can be a second parser.
#pragma once

#include <string>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/crypto/digest.hpp"
#include "common/dns/name.hpp"

namespace chorale::msa {

enum class Wanted : std::uint8_t {
    absent,  // not named
    on,
    off,
    conflict,  // named with both states: nothing moves for it
};

// Which roster it is. What it says of each provider is kept with the provider.
struct RosterMark {
    crypto::Sha256 hash{};    // proto/README.md says over what
    bool is_present = false;  // the zone has an MSIGNER RRset, whatever it says

    friend bool operator==(const RosterMark&, const RosterMark&) = default;
};

struct Roster : RosterMark {
    struct Entry {
        dns::Name identity;  // lower case
        Wanted wanted = Wanted::on;
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    std::vector<Entry> entries;  // canonical order of identities (RFC 4034 6.1)

    Wanted of(dns::NameView identity) const;
};

// Reads the RDATA of an apex MSIGNER RRset. A record that cannot be read, or whose
// state is neither ON nor OFF, is left out of every decision; each such record and
// each contradiction adds one line, for people, to `observations`.
Roster read_roster(const std::vector<Bytes>& msigner_rdatas,
                   std::vector<std::string>& observations);

}  // namespace chorale::msa
