// The UDP side of a DNS server: many datagrams for each wake-up, and answers that leave from the
// address that was asked (RFC 1123 6.1.3.1: recvmmsg and IP_PKTINFO, RFC 3542 6).
#pragma once

#include <sys/socket.h>

#include <boost/asio/ip/udp.hpp>

#include "common/net/server_state.hpp"

namespace chorale::net::detail {

class UdpSocket : public std::enable_shared_from_this<UdpSocket> {
public:
    explicit UdpSocket(std::shared_ptr<ServerState> state);
    ~UdpSocket();

    // Errors: conflict, network.
    Result<SocketAddress> bind(SocketAddress address);
    // Reads until finish() or close().
    static boost::asio::awaitable<void> serve(std::shared_ptr<UdpSocket> self);
    // Reads no more; answers may still be sent.
    void finish();
    void close();
    bool is_open() const { return socket_.is_open(); }

    // Errors: network, limit.
    Result<void> send(const SocketAddress& target, const SocketAddress& local, unsigned interface,
                      const OutgoingMessage& message);

private:
    struct Batch;

    void start_request(BytesView octets, const msghdr& header);

    std::shared_ptr<ServerState> state_;
    boost::asio::ip::udp::socket socket_;
    SocketAddress local_;
    std::unique_ptr<Batch> batch_;
    bool is_finishing_ = false;
};

}  // namespace chorale::net::detail
