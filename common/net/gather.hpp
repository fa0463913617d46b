// Writing many messages to a TCP socket with few system calls and without copying them (RFC 1035
// 4.2.2: a length of two octets before each).
#pragma once

#include <sys/uio.h>

#include <array>
#include <span>
#include <vector>

#include "common/base/result.hpp"
#include "common/net/dns_server.hpp"

namespace chorale::net::detail {

// What is left of a group of messages, which must stay where they are as long as this lives.
class GatherWrite {
public:
    explicit GatherWrite(std::span<const OutgoingMessage> messages);

    bool is_done() const { return next_ == pieces_.size(); }
    // Hands to the kernel what it takes at once, at most some hundred KiB, so that one connection
    // does not hold the thread. Returns the octets taken; 0: wait until the socket is writable.
    // Errors: network.
    Result<std::size_t> write_some(int socket);

private:
    std::vector<std::array<Byte, 2>> lengths_;
    std::vector<iovec> pieces_;
    std::size_t next_ = 0;
};

// As an element of an I/O vector, which is not const even for writing.
inline iovec piece(BytesView octets) { return {const_cast<Byte*>(octets.data()), octets.size()}; }

}  // namespace chorale::net::detail
