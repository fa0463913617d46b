// Addresses of sockets and prefixes of addresses, as configuration and access lists write them.
// IPv4-mapped IPv6 addresses (RFC 4291 2.5.5.2) are IPv4 addresses here, so that a list for
// 192.0.2.0/24 also holds for a peer that came through a dual-stack socket.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace chorale::net {

// The address, or the IPv4 address that it maps.
boost::asio::ip::address without_mapping(const boost::asio::ip::address& address);

class SocketAddress {
public:
    SocketAddress() = default;  // 0.0.0.0:0
    SocketAddress(const boost::asio::ip::address& address, std::uint16_t port)
        : address_(without_mapping(address)), port_(port) {}
    explicit SocketAddress(const boost::asio::ip::tcp::endpoint& endpoint)
        : SocketAddress(endpoint.address(), endpoint.port()) {}
    explicit SocketAddress(const boost::asio::ip::udp::endpoint& endpoint)
        : SocketAddress(endpoint.address(), endpoint.port()) {}

    // "192.0.2.1:53", "[2001:db8::1]:53"; with a default port also "192.0.2.1", "2001:db8::1" and
    // "[2001:db8::1]". No host names. Port 0 is allowed. Errors: malformed.
    static Result<SocketAddress> from_text(std::string_view text);
    static Result<SocketAddress> from_text(std::string_view text, std::uint16_t default_port);

    const boost::asio::ip::address& address() const { return address_; }
    std::uint16_t port() const { return port_; }
    std::string to_text() const;  // what from_text reads

    boost::asio::ip::tcp::endpoint tcp() const { return {address_, port_}; }
    boost::asio::ip::udp::endpoint udp() const { return {address_, port_}; }

    friend bool operator==(const SocketAddress& a, const SocketAddress& b) {
        return a.address_ == b.address_ && a.port_ == b.port_;
    }
    friend bool operator<(const SocketAddress& a, const SocketAddress& b) {
        return a.address_ == b.address_ ? a.port_ < b.port_ : a.address_ < b.address_;
    }

private:
    static Result<SocketAddress> parse(std::string_view text,
                                       std::optional<std::uint16_t> default_port);

    boost::asio::ip::address address_;
    std::uint16_t port_ = 0;
};

// All addresses of one family that begin with the same bits.
class Prefix {
public:
    Prefix() = default;  // 0.0.0.0/0
    // Bits beyond `length` are cleared; a length above 32 or 128 means the whole address.
    Prefix(const boost::asio::ip::address& address, unsigned length);

    // "192.0.2.0/24", "2001:db8::/32", or a bare address, which means that one only. Bits set
    // beyond the length are malformed: one of the two is a slip. Errors: malformed.
    static Result<Prefix> from_text(std::string_view text);

    bool contains(const boost::asio::ip::address& address) const;
    const boost::asio::ip::address& address() const { return address_; }
    unsigned length() const { return length_; }
    std::string to_text() const;

    friend bool operator==(const Prefix& a, const Prefix& b) {
        return a.length_ == b.length_ && a.address_ == b.address_;
    }

private:
    boost::asio::ip::address address_;
    unsigned length_ = 0;
};

struct PrefixHash {
    std::size_t operator()(const Prefix& prefix) const;
};

}  // namespace chorale::net
