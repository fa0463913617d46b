// The client's side of DNS transport: one exchange over UDP or TCP, and a connection that receives
// many messages for one request, as transfers do (RFC 1035 4.2, RFC 7766, RFC 5936 2.2).
//
// Queries come complete: the caller has chosen the ID at random and has signed them. Of an answer
// only QR and ID are looked at (RFC 5452 9.1, with the source address and port).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/net/deadline.hpp"
#include "common/net/socket_address.hpp"

namespace chorale::net {

// Sends the query and returns the first datagram that answers it; others are ignored. Each try
// waits `timeout` and takes a new source port chosen at random (RFC 5452 4.5); the local address is
// the system's choice, or `local`.
// Errors: timeout (after the last try), network (also: port unreachable), limit (query too long).
boost::asio::awaitable<Result<Bytes>> exchange_udp(SocketAddress server, Bytes query,
                                                   Duration timeout, int tries);
boost::asio::awaitable<Result<Bytes>> exchange_udp(SocketAddress server, Bytes query,
                                                   Duration timeout, int tries,
                                                   std::optional<boost::asio::ip::address> local);

// The same over a TCP connection of its own, `timeout` for all.
// Errors: as exchange_udp; malformed if the answer has another ID.
boost::asio::awaitable<Result<Bytes>> exchange_tcp(SocketAddress server, Bytes query,
                                                   Duration timeout);
boost::asio::awaitable<Result<Bytes>> exchange_tcp(SocketAddress server, Bytes query,
                                                   Duration timeout,
                                                   std::optional<boost::asio::ip::address> local);

// A TCP connection to a server. One coroutine sends and one receives at a time (may be the same).
// After an error it is closed.
class StreamConnection {
public:
    explicit StreamConnection(boost::asio::any_io_executor executor);
    StreamConnection(StreamConnection&&) noexcept;
    StreamConnection& operator=(StreamConnection&&) noexcept;
    ~StreamConnection();  // close()

    // Errors: timeout, network (refused, unreachable), cancelled (close() was called).
    boost::asio::awaitable<Result<void>> connect(SocketAddress server, Deadline deadline);
    boost::asio::awaitable<Result<void>> connect(SocketAddress server, Deadline deadline,
                                                 std::optional<boost::asio::ip::address> local);

    // One message with its length in front. Errors: as connect; limit above 65,535 octets.
    boost::asio::awaitable<Result<void>> send(Bytes message, Deadline deadline);

    // The next message, without its length; valid until the next call of this or of
    // buffered_message(). An empty message is a message.
    // Errors: timeout; network (reset, or the server closed, `end of stream` in the text);
    // cancelled.
    boost::asio::awaitable<Result<BytesView>> next_message(Deadline deadline);

    // The next message if it has come already with what was read before: the quick way for streams
    // of many small messages. Invalidates what next_message() gave before.
    std::optional<BytesView> buffered_message();

    // Ends operations that run with the error cancelled.
    void close();
    bool is_open() const;
    std::uint64_t bytes_received() const;  // since connect, with lengths
    SocketAddress local_address() const;   // once connected

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace chorale::net
