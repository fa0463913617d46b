#include "common/http/address.hpp"

#include <sys/un.h>

#include <boost/asio/ip/address.hpp>

#include "common/base/encoding.hpp"

namespace chorale::http {

bool HttpAddress::is_loopback() const {
    if (is_unix()) return true;
    boost::system::error_code failure;
    const auto address = boost::asio::ip::make_address(ip, failure);
    return !failure && address.is_loopback();
}

Result<HttpAddress> parse_http_address(std::string_view text) {
    constexpr std::string_view unix_prefix = "unix:";
    HttpAddress address;
    if (text.starts_with(unix_prefix)) {
        address.unix_path = text.substr(unix_prefix.size());
        if (!address.unix_path.starts_with('/') ||
            address.unix_path.size() >= sizeof(sockaddr_un::sun_path) ||
            address.unix_path.find('\0') != std::string::npos) {
            return malformed("expected unix:/absolute/path of at most " +
                             std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " octets");
        }
        return address;
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return malformed("expected address:port or unix:/path");
    std::string_view ip = text.substr(0, colon);
    const bool bracketed = ip.size() > 2 && ip.starts_with('[') && ip.ends_with(']');
    if (bracketed) ip = ip.substr(1, ip.size() - 2);
    boost::system::error_code failure;
    const auto parsed = boost::asio::ip::make_address(std::string(ip), failure);
    if (failure || parsed.is_v6() != bracketed) {
        return malformed("expected an IPv4 address or a bracketed IPv6 address before the port");
    }
    const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
    if (!port) return port.error().in("port");
    address.ip = parsed.to_string();
    address.port = *port;
    return address;
}

std::string to_text(const HttpAddress& address) {
    if (address.is_unix()) return "unix:" + address.unix_path;
    const bool is_v6 = address.ip.find(':') != std::string::npos;
    return (is_v6 ? '[' + address.ip + ']' : address.ip) + ':' + std::to_string(address.port);
}

}  // namespace chorale::http
