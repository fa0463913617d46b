// The address types of configuration.hpp: text to value and back (RFC 4291 2.2, RFC 5952).
#include <arpa/inet.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "common/base/encoding.hpp"
#include "common/runtime/configuration.hpp"

namespace chorale::runtime {
namespace {

std::optional<Address> parse_ip(std::string_view text, bool is_ipv6) {
    char terminated[INET6_ADDRSTRLEN + 1] = {};
    if (text.empty() || text.size() >= sizeof terminated) return std::nullopt;
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    std::copy(text.begin(), text.end(), terminated);
    Address address;
    address.is_ipv6 = is_ipv6;
    if (::inet_pton(is_ipv6 ? AF_INET6 : AF_INET, terminated, address.octets.data()) != 1) {
        return std::nullopt;
    }
    return address;
}

bool is_ipv6_text(std::string_view text) { return text.find(':') != std::string_view::npos; }

unsigned width(const Address& address) { return address.is_ipv6 ? 128 : 32; }

// Whether the first `length` bits are the same.
bool agree(const Byte* a, const Byte* b, unsigned length) {
    if (std::memcmp(a, b, length / 8) != 0) return false;
    const unsigned rest = length % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<Byte>(0xFFU << (8 - rest));
    return (a[length / 8] & mask) == (b[length / 8] & mask);
}

constexpr std::array<Byte, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

std::string Address::to_text() const {
    char text[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, octets.data(), text, sizeof text);
    return text;
}

std::string SocketAddress::to_text() const {
    const std::string host = address.is_ipv6 ? '[' + address.to_text() + ']' : address.to_text();
    return host + ':' + std::to_string(port);
}

std::string Prefix::to_text() const { return address.to_text() + '/' + std::to_string(length); }

bool Prefix::contains(const Address& other) const {
    const Byte* octets = other.octets.data();
    bool is_ipv6 = other.is_ipv6;
    if (is_ipv6 && !address.is_ipv6 && std::equal(mapped.begin(), mapped.end(), octets)) {
        octets += mapped.size();
        is_ipv6 = false;
    }
    return is_ipv6 == address.is_ipv6 && agree(address.octets.data(), octets, length);
}

Result<SocketAddress> parse_socket_address(std::string_view text,
                                           std::optional<std::uint16_t> default_port) {
    const Error wrong = malformed(std::string("expected an IP address ") +
                                  (default_port ? "with or without port" : "with port") +
                                  R"( as "192.0.2.1:53" or "[2001:db8::1]:53")");
    std::string_view host = text;
    std::optional<std::string_view> port;
    const auto colons = std::count(text.begin(), text.end(), ':');
    bool is_ipv6 = false;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return wrong;
        is_ipv6 = true;
        host = text.substr(1, end - 1);
        const auto rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') return wrong;
        if (!rest.empty()) port = rest.substr(1);
    } else if (colons == 1) {
        host = text.substr(0, text.find(':'));
        port = text.substr(text.find(':') + 1);
    } else {
        is_ipv6 = colons > 1;
    }
    const auto address = parse_ip(host, is_ipv6);
    if (!address) return wrong;
    SocketAddress result{*address, default_port.value_or(0)};
    if (port) {
        const auto number = parse_decimal<std::uint16_t>(*port);
        if (!number) return wrong;
        result.port = *number;
    } else if (!default_port) {
        return wrong;
    }
    return result;
}

Result<Prefix> parse_prefix(std::string_view text) {
    const auto slash = text.find('/');
    const auto host = text.substr(0, slash);
    const auto address = parse_ip(host, is_ipv6_text(host));
    const Error wrong = malformed(R"(expected an IP prefix as "192.0.2.0/24" or "2001:db8::/32")");
    if (!address) return wrong;
    Prefix prefix{*address, width(*address)};
    if (slash != std::string_view::npos) {
        const auto length = parse_decimal<std::uint16_t>(text.substr(slash + 1));
        if (!length || *length > width(*address)) return wrong;
        prefix.length = *length;
    }
    // Someone meant another prefix than he wrote.
    for (unsigned bit = prefix.length; bit < width(*address); ++bit) {
        if ((address->octets[bit / 8] & (0x80U >> bit % 8)) != 0) {
            return malformed("expected zero bits after the first " + std::to_string(prefix.length) +
                             " of the address");
        }
    }
    return prefix;
}

}  // namespace chorale::runtime
