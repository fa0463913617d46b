#include "common/net/gather.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace chorale::net::detail {

namespace {

// Linux takes at most UIO_MAXIOV = 1,024 pieces in one call; Asio's own limit is 64.
constexpr std::size_t pieces_per_call = 1024;
constexpr std::size_t octets_per_call = 1024U * 1024U;

}  // namespace

GatherWrite::GatherWrite(std::span<const OutgoingMessage> messages) : lengths_(messages.size()) {
    pieces_.reserve(messages.size() * 4);
    for (std::size_t at = 0; at < messages.size(); ++at) {
        const OutgoingMessage& message = messages[at];
        const std::size_t size = message.size();
        lengths_[at] = {static_cast<Byte>(size >> 8U), static_cast<Byte>(size & 0xffU)};
        for (const BytesView octets : {BytesView(lengths_[at]), BytesView(message.head),
                                       message.body, BytesView(message.tail)}) {
            if (!octets.empty()) pieces_.push_back(piece(octets));
        }
    }
}

Result<std::size_t> GatherWrite::write_some(int socket) {
    std::size_t count = 0;
    for (std::size_t octets = 0;
         next_ + count < pieces_.size() && count < pieces_per_call && octets < octets_per_call;
         ++count) {
        octets += pieces_[next_ + count].iov_len;
    }
    msghdr message = {};
    message.msg_iov = &pieces_[next_];
    message.msg_iovlen = count;
    ssize_t taken = 0;
    do {
        taken = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (taken < 0 && errno == EINTR);
    if (taken < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
        return network_error("send", errno);
    }

    const auto total = static_cast<std::size_t>(taken);
    std::size_t left = total;
    while (left > 0) {
        iovec& first = pieces_[next_];
        if (left < first.iov_len) {
            first.iov_base = static_cast<Byte*>(first.iov_base) + left;
            first.iov_len -= left;
            break;
        }
        left -= first.iov_len;
        ++next_;
    }
    return total;
}

}  // namespace chorale::net::detail
