#include "common/net/socket_address.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "common/base/encoding.hpp"

namespace chorale::net {

namespace ip = boost::asio::ip;

namespace {

constexpr unsigned bits_v4 = 32;
constexpr unsigned bits_v6 = 128;

Result<ip::address> parse_address(std::string_view text) {
    boost::system::error_code failure;
    const ip::address address = ip::make_address(std::string(text), failure);
    if (failure) return malformed("expected an IP address, got \"" + std::string(text) + '"');
    return without_mapping(address);
}

template <std::size_t Octets>
std::array<unsigned char, Octets> first_bits(std::array<unsigned char, Octets> octets,
                                             unsigned length) {
    for (std::size_t at = 0; at < Octets; ++at) {
        const unsigned before = static_cast<unsigned>(at) * 8;
        const unsigned kept = length > before ? std::min(length - before, 8U) : 0U;
        octets[at] = static_cast<unsigned char>(octets[at] & (0xff00U >> kept));
    }
    return octets;
}

// The first `length` bits of an address, the others zero; without scope.
ip::address first_bits(const ip::address& address, unsigned length) {
    if (address.is_v4()) return ip::address_v4(first_bits(address.to_v4().to_bytes(), length));
    return ip::address_v6(first_bits(address.to_v6().to_bytes(), length));
}

}  // namespace

ip::address without_mapping(const ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

Result<SocketAddress> SocketAddress::from_text(std::string_view text) {
    return parse(text, std::nullopt);
}

Result<SocketAddress> SocketAddress::from_text(std::string_view text, std::uint16_t default_port) {
    return parse(text, default_port);
}

Result<SocketAddress> SocketAddress::parse(std::string_view text,
                                           std::optional<std::uint16_t> default_port) {
    const Error expected =
        malformed("expected address:port, such as 192.0.2.1:53 or [2001:db8::1]:53, got \"" +
                  std::string(text) + '"');
    std::string_view host = text;
    std::optional<std::string_view> port;
    const bool has_brackets = text.starts_with('[');
    if (has_brackets) {
        const std::size_t end = text.find(']');
        if (end == text.npos) return expected;
        host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') return expected;
        if (!rest.empty()) port = rest.substr(1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        const std::size_t colon = text.find(':');
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    if (!port && !default_port) return expected;

    const Result<ip::address> address = parse_address(host);
    if (address.has_error()) return expected;
    if (has_brackets && host.find(':') == host.npos) return expected;
    if (!port) return SocketAddress(*address, *default_port);
    const Result<std::uint16_t> number = parse_decimal<std::uint16_t>(*port);
    if (number.has_error()) return expected;
    return SocketAddress(*address, *number);
}

std::string SocketAddress::to_text() const {
    const std::string port = std::to_string(port_);
    if (address_.is_v4()) return address_.to_string() + ':' + port;
    return '[' + address_.to_string() + "]:" + port;
}

Prefix::Prefix(const ip::address& address, unsigned length) {
    const ip::address plain = without_mapping(address);
    length_ = std::min(length, plain.is_v4() ? bits_v4 : bits_v6);
    address_ = first_bits(plain, length_);
}

Result<Prefix> Prefix::from_text(std::string_view text) {
    const auto expected = [text](std::string_view what) {
        return malformed("expected " + std::string(what) + ", got \"" + std::string(text) + '"');
    };
    const std::size_t slash = text.find('/');
    const Result<ip::address> address = parse_address(text.substr(0, slash));
    if (address.has_error() || (address->is_v6() && address->to_v6().scope_id() != 0)) {
        return expected("a prefix, such as 192.0.2.0/24 or 2001:db8::/32, or an address");
    }
    const unsigned most = address->is_v4() ? bits_v4 : bits_v6;
    if (slash == text.npos) return Prefix(*address, most);
    const Result<unsigned> length = parse_decimal<unsigned>(text.substr(slash + 1), most);
    if (length.has_error()) {
        return expected("a prefix length from 0 to " + std::to_string(most));
    }
    const Prefix prefix(*address, *length);
    if (prefix.address_ != *address) {
        return expected("a prefix without bits beyond its length, that is " + prefix.to_text());
    }
    return prefix;
}

bool Prefix::contains(const ip::address& address) const {
    const ip::address plain = without_mapping(address);
    return plain.is_v4() == address_.is_v4() && first_bits(plain, length_) == address_;
}

std::string Prefix::to_text() const { return address_.to_string() + '/' + std::to_string(length_); }

std::size_t PrefixHash::operator()(const Prefix& prefix) const {
    return std::hash<ip::address>()(prefix.address()) ^ prefix.length();
}

}  // namespace chorale::net
