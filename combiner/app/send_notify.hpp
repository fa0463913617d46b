// One NOTIFY to one address (RFC 1996), signed if the secondary has a key.
#pragma once

#include "combiner/app/surroundings.hpp"
#include "common/zone/zone_snapshot.hpp"

namespace chorale::combiner {

struct NotifyOutcome {
    enum class Kind { acknowledged, not_implemented, failed };
    Kind kind = Kind::failed;
    std::string reason;
};

boost::asio::awaitable<NotifyOutcome> send_notify(std::shared_ptr<Surroundings> surroundings,
                                                  std::shared_ptr<const zone::ZoneSnapshot> zone,
                                                  std::shared_ptr<const Secondary> secondary,
                                                  net::SocketAddress address);

}  // namespace chorale::combiner
