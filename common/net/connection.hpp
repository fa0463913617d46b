// One TCP connection of a DNS server (RFC 7766, RFC 9210 4).
//
// A coroutine reads and starts requests; each request's handler is a coroutine of its own; their
// send() calls take turns. A watchdog timer enforces what is bounded in time: it is armed for the
// nearest deadline, and when it fires looks whether that still holds, so that traffic need not move
// it.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>

#include "common/net/server_state.hpp"

namespace chorale::net::detail {

class Connection final : public ReplyStream, public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<ServerState> state, boost::asio::ip::tcp::socket socket,
               SocketAddress remote, Prefix prefix);

    // Serves until the end.
    static boost::asio::awaitable<void> serve(std::shared_ptr<Connection> self);

    // Reads no more requests; closes after the last answer.
    void finish();

    Prefix prefix() const { return prefix_; }
    Transport transport() const override { return Transport::tcp; }
    boost::asio::awaitable<Result<void>> send(std::vector<OutgoingMessage> messages) override;
    bool is_open() const override { return is_open_; }
    void close() override;

private:
    // How reading came to its end.
    enum class End { by_client, by_us };

    static boost::asio::awaitable<End> read_requests(std::shared_ptr<Connection> self);
    static boost::asio::awaitable<void> drain(std::shared_ptr<Connection> self);
    static boost::asio::awaitable<Result<void>> take_turn(std::shared_ptr<Connection> self,
                                                          std::vector<OutgoingMessage> messages);
    static boost::asio::awaitable<Result<void>> write(std::shared_ptr<Connection> self,
                                                      std::vector<OutgoingMessage> messages);

    void set_options();
    // The first message in what was read, with its length; nothing if it is not there as a whole.
    std::optional<BytesView> complete_message() const;
    void consume(std::size_t octets);
    bool is_busy() const;
    void start_request(BytesView octets);
    void end_request(const std::exception_ptr& failure);
    // False: end of stream or a failure.
    bool read_available();
    void pass_turn();
    std::size_t unacknowledged() const;

    Deadline read_deadline() const;
    void arm_watchdog();
    void watch();

    std::shared_ptr<ServerState> state_;
    boost::asio::ip::tcp::socket socket_;
    SocketAddress remote_;
    SocketAddress local_;
    Prefix prefix_;
    bool is_open_ = true;
    bool is_finishing_ = false;

    Bytes received_;        // from the first octet not yet used
    std::size_t used_ = 0;  // octets of it
    bool is_waiting_for_octets_ = false;
    std::optional<Deadline> message_began_;  // first octet of a message that is not whole
    Deadline idle_since_;

    std::size_t requests_ = 0;  // that run
    CoalescingSignal changed_;  // a request ended, a send() ended, finish() or close()

    bool is_writing_ = false;
    std::deque<std::shared_ptr<Event>> turns_;  // send() calls that wait
    std::size_t unsent_ = 0;                    // octets that the kernel has not taken
    std::uint64_t sends_done_ = 0;
    std::uint64_t sends_seen_ = 0;  // by the reader, when it was last held up
    Deadline write_deadline_ = no_deadline;
    std::size_t unacknowledged_before_ = 0;  // when write_deadline_ was set

    boost::asio::steady_timer watchdog_;
    std::optional<Deadline> armed_until_;
};

}  // namespace chorale::net::detail
