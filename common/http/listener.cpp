#include "common/http/listener.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <cstring>

namespace chorale::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// A path that is there already is ours to take only if it is a socket at which
// nobody listens: one of a process that died.
Result<void> remove_stale_socket(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return success();
    if (!S_ISSOCK(status.st_mode)) {
        return Error(ErrorKind::conflict, path + ": exists and is not a socket");
    }
    asio::local::stream_protocol::endpoint endpoint(path);
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int connected =
        probe < 0 ? -1 : ::connect(probe, endpoint.data(), static_cast<socklen_t>(endpoint.size()));
    const int reason = connected == 0 ? 0 : errno;
    if (probe >= 0) ::close(probe);
    if (reason != ECONNREFUSED) return Error(ErrorKind::conflict, path + ": is in use");
    if (::unlink(path.c_str()) != 0) {
        return Error(ErrorKind::storage, path + ": " + std::strerror(errno));
    }
    return success();
}

Error listen_error(const HttpAddress& address, const error_code& failure) {
    const bool is_taken = failure == boost::system::errc::address_in_use;
    return Error(is_taken ? ErrorKind::conflict : ErrorKind::network, failure.message())
        .in(to_text(address));
}

}  // namespace

Result<void> Listener::open(const HttpAddress& address) {
    address_ = address;
    if (address_.is_unix()) return open_unix();
    return open_tcp();
}

Result<void> Listener::open_unix() {
    constexpr mode_t mode = 0660;
    const std::string& path = address_.unix_path;
    if (const auto removed = remove_stale_socket(path); !removed) return removed.error();
    error_code failure;
    acceptor_.open(Stream(AF_UNIX, 0), failure);
    if (failure) return listen_error(address_, failure);
    // The mode of the descriptor bounds that of the path from its first moment; the
    // chmod afterwards only gives back what the umask took.
    ::fchmod(acceptor_.native_handle(), mode);
    acceptor_.bind(asio::local::stream_protocol::endpoint(path), failure);
    if (failure) return listen_error(address_, failure);
    if (::chmod(path.c_str(), mode) != 0 || ::lstat(path.c_str(), &path_status_) != 0) {
        return Error(ErrorKind::storage, path + ": " + std::strerror(errno));
    }
    acceptor_.listen(asio::socket_base::max_listen_connections, failure);
    if (failure) return listen_error(address_, failure);
    return success();
}

Result<void> Listener::open_tcp() {
    error_code failure;
    const auto ip = asio::ip::make_address(address_.ip, failure);
    if (failure) return listen_error(address_, failure);
    const asio::ip::tcp::endpoint endpoint(ip, address_.port);
    acceptor_.open(Stream(endpoint.protocol()), failure);
    if (!failure) {
        acceptor_.set_option(asio::socket_base::reuse_address(true), failure);
    }
    if (!failure) acceptor_.bind(endpoint, failure);
    if (!failure) {
        acceptor_.listen(asio::socket_base::max_listen_connections, failure);
    }
    if (failure) return listen_error(address_, failure);
    const Stream::endpoint bound = acceptor_.local_endpoint(failure);
    if (failure) return listen_error(address_, failure);
    asio::ip::tcp::endpoint local;
    std::memcpy(local.data(), bound.data(), bound.size());
    local.resize(bound.size());
    address_.port = local.port();
    return success();
}

void Listener::close() {
    if (!acceptor_.is_open()) return;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    if (!address_.is_unix()) return;
    struct stat status{};
    const char* path = address_.unix_path.c_str();
    const bool is_ours = ::lstat(path, &status) == 0 && status.st_dev == path_status_.st_dev &&
                         status.st_ino == path_status_.st_ino;
    if (is_ours) ::unlink(path);
}

std::string peer_name(Stream::socket& socket, bool is_unix) {
    if (is_unix) {
        ucred credentials{};
        socklen_t size = sizeof credentials;
        const int failed =
            ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size);
        return failed == 0 ? "unix:uid=" + std::to_string(credentials.uid) : "unix:";
    }
    error_code failure;
    const Stream::endpoint remote = socket.remote_endpoint(failure);
    asio::ip::tcp::endpoint endpoint;
    if (failure || remote.size() > endpoint.capacity()) return "unknown";
    std::memcpy(endpoint.data(), remote.data(), remote.size());
    endpoint.resize(remote.size());
    return to_text(HttpAddress{endpoint.address().to_string(), endpoint.port(), ""});
}

}  // namespace chorale::http
