// Answers DNS requests: transfers, SOA and the controlled apex RRsets for
// secondaries, UPDATE for agents, NOTIFY from owners (RFC 5936, 1995, 2136, 1996,
// 8945, 6891). Parse, authenticate, authorise, then everything else.
#pragma once

#include "combiner/app/served_zone.hpp"
#include "common/net/dns_server.hpp"

namespace chorale::combiner {

// Where the front finds zones.
class ZoneDirectory {
public:
    virtual ~ZoneDirectory() = default;
    // Null if there is no zone of exactly this name.
    virtual std::shared_ptr<ServedZone> find(dns::NameView name) const = 0;
};

class DnsFront {
public:
    DnsFront(std::shared_ptr<Surroundings> surroundings, const ZoneDirectory& zones);

    boost::asio::awaitable<void> handle(net::Request request,
                                        std::shared_ptr<net::ReplyStream> stream);

private:
    struct Exchange;
    using ExchangePointer = std::shared_ptr<Exchange>;

    boost::asio::awaitable<void> answer_query(ExchangePointer exchange);
    boost::asio::awaitable<void> answer_axfr(ExchangePointer exchange,
                                             std::shared_ptr<ServedZone> zone);
    boost::asio::awaitable<void> answer_ixfr(ExchangePointer exchange,
                                             std::shared_ptr<ServedZone> zone);
    boost::asio::awaitable<void> answer_notify(ExchangePointer exchange);
    boost::asio::awaitable<void> answer_update(ExchangePointer exchange);
    boost::asio::awaitable<dns::Message> carry_out_update(ExchangePointer exchange);

    // Signs and sends one message, cut to what the transport allows.
    boost::asio::awaitable<void> send(ExchangePointer exchange, dns::Message message);
    boost::asio::awaitable<void> refuse(ExchangePointer exchange, dns::Rcode rcode,
                                        std::string cause);
    template <class Packer>
    boost::asio::awaitable<void> stream_out(ExchangePointer exchange,
                                            std::shared_ptr<ServedZone> zone, Packer packer,
                                            LastTransfer transfer);

    std::shared_ptr<Surroundings> surroundings_;
    const ZoneDirectory& zones_;
    std::size_t updates_pending_ = 0;
};

}  // namespace chorale::combiner
