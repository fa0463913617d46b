// One transfer of a zone from one address of its owner's servers: SOA query,
// IXFR, AXFR (RFC 1034 4.3.5, RFC 1995, RFC 5936), TSIG, limits.
#pragma once

#include "combiner/app/served_zone.hpp"

namespace chorale::combiner {

struct FetchRequest {
    dns::Name zone;
    std::shared_ptr<const Primary> primary;
    net::SocketAddress address;
    // What we have; null takes whatever the primary gives.
    ZonePointer owner;
    DroppedCounts dropped;
    bool asks_incrementally = true;
    // Look at the SOA over UDP first: nothing told us that there is news.
    bool probes_first = false;
};

struct Fetched {
    zone::Serial primary_serial = 0;
    bool is_behind = false;             // its serial is older than ours: nothing was taken
    std::optional<OwnerChange> change;  // absent: we are up to date
};

// Errors say what the primary did; nothing of a transfer that failed is kept.
boost::asio::awaitable<Result<Fetched>> fetch_zone(std::shared_ptr<Surroundings> surroundings,
                                                   FetchRequest request);

}  // namespace chorale::combiner
