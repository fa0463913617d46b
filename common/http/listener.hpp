// The sockets an HttpServer listens on: TCP and UNIX alike. For this room only.
#pragma once

#include <sys/stat.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

#include "common/http/address.hpp"

namespace chorale::http {

using Stream = boost::asio::generic::stream_protocol;

class Listener {
public:
    explicit Listener(const boost::asio::any_io_executor& executor)
        : acceptor_(executor), pause_(executor) {}

    // As HttpServer::listen; errors: conflict (address taken), network, storage.
    Result<void> open(const HttpAddress& address);
    // Unlinks a UNIX path if it is still our socket that lies there.
    void close();

    bool is_open() const { return acceptor_.is_open(); }
    const HttpAddress& address() const { return address_; }  // with the port that is bound
    boost::asio::basic_socket_acceptor<Stream>& acceptor() { return acceptor_; }
    // For the break after a failed accept; cancelled by close().
    boost::asio::steady_timer& pause() { return pause_; }

private:
    Result<void> open_unix();
    Result<void> open_tcp();

    boost::asio::basic_socket_acceptor<Stream> acceptor_;
    boost::asio::steady_timer pause_;
    HttpAddress address_;
    struct stat path_status_{};
};

// "127.0.0.1:49152", "[::1]:49152", or "unix:uid=1000" by the kernel's word.
std::string peer_name(boost::asio::basic_stream_socket<Stream>& socket, bool is_unix);

}  // namespace chorale::http
