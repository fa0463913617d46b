// Catalog zones (RFC 9432), read as a consumer: which zones a catalog lists.
#pragma once

#include <map>
#include <set>
#include <string>

#include "common/zone/zone_snapshot.hpp"

namespace chorale::combiner {

struct CatalogMember {
    std::string unique_label;  // a new label for a known zone means: forget its state (4.3.1, 5.6)
    // Values of the group property; one consumer may know some and ignore the rest.
    std::set<std::string> groups;
    // Catalog that the zone shall move to (4.4.1), empty without.
    dns::Name change_of_ownership;
    bool has_change_of_ownership = false;
};

using CatalogMembers = std::map<dns::Name, CatalogMember, dns::CanonicalLess>;

// Errors (malformed) mean that the catalog is broken and must not be acted on
// (5.1): no version or another than "2", a member name twice, more than one PTR or coo.
Result<CatalogMembers> read_catalog(const zone::ZoneSnapshot& catalog);

}  // namespace chorale::combiner
