#include "common/http/target.hpp"

#include <algorithm>
#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "common/base/encoding.hpp"
#include "common/http/message.hpp"

namespace chorale::http {

namespace urls = boost::urls;

namespace {

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char octet) {
        return static_cast<unsigned char>(octet) < 0x20 || octet == 0x7F;
    });
}

// Once, and never again: a value that is decoded twice is an old way past checks.
Result<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%') {
            const auto octet = from_hex(text.substr(at + 1, 2));
            if (!octet || octet->size() != 1) return malformed("bad percent-encoding");
            decoded += static_cast<char>(octet->front());
            at += 2;
        } else {
            decoded += plus_is_space && text[at] == '+' ? ' ' : text[at];
        }
    }
    if (has_control(decoded)) return malformed("encoded control character");
    if (!is_valid_utf8(decoded)) return malformed("encoded text is not UTF-8");
    return decoded;
}

Result<void> read_path(std::string_view path, const HttpLimits& limits, Target& target) {
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash: RFC 3986 lets a path here begin with one only
        const std::size_t end = std::min(path.find('/'), path.size());
        auto segment = decode(path.substr(0, end), false);
        if (!segment) return segment.error().in("path");
        if (*segment == "." || *segment == "..") return malformed("path: dot segment");
        if (target.path.size() == limits.path_segments) {
            return Error(ErrorKind::limit, "path: too many segments");
        }
        target.path.push_back(std::move(*segment));
        path.remove_prefix(end);
    }
    return success();
}

Result<void> read_query(std::string_view query, const HttpLimits& limits, Target& target) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view parameter = query.substr(0, end);
        const std::size_t equals = std::min(parameter.find('='), parameter.size());
        auto name = decode(parameter.substr(0, equals), true);
        if (!name) return name.error().in("query");
        auto value = decode(parameter.substr(std::min(equals + 1, parameter.size())), true);
        if (!value) return value.error().in("query");
        const bool is_known = std::any_of(target.query.begin(), target.query.end(),
                                          [&](const auto& known) { return known.first == *name; });
        if (name->empty() || is_known) return malformed("query: a name is empty or given twice");
        if (target.query.size() == limits.query_parameters) {
            return malformed("query: too many parameters");
        }
        target.query.emplace_back(std::move(*name), std::move(*value));
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return success();
}

std::string_view as_view(urls::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Result<Target> parse_target(std::string_view text, const HttpLimits& limits) {
    const bool is_origin_form = text.starts_with('/');
    const auto parsed = is_origin_form ? urls::parse_origin_form({text.data(), text.size()})
                                       : urls::parse_absolute_uri({text.data(), text.size()});
    if (!parsed) return malformed("request target is neither origin-form nor absolute-form");
    Target target;
    if (!is_origin_form) {
        const urls::scheme scheme = parsed->scheme_id();
        if (scheme != urls::scheme::http && scheme != urls::scheme::https) {
            return malformed("request target of another scheme than http");
        }
        target.authority = as_view(parsed->encoded_authority());
        if (target.authority.empty() || !parse_authority(target.authority)) {
            return malformed("request target without a proper host");
        }
    }
    std::string_view path = as_view(parsed->encoded_path());
    if (path.empty()) path = "/";  // RFC 9110 4.2.3
    if (const auto read = read_path(path, limits, target); !read) return read.error();
    if (const auto read = read_query(as_view(parsed->encoded_query()), limits, target); !read) {
        return read.error();
    }
    return target;
}

Result<Authority> parse_authority(std::string_view text) {
    const auto parsed = urls::parse_authority({text.data(), text.size()});
    if (!parsed || parsed->has_userinfo()) return malformed("not a host");
    Authority authority;
    authority.host = as_view(parsed->encoded_host());
    std::transform(
        authority.host.begin(), authority.host.end(), authority.host.begin(), [](char letter) {
            return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
        });
    authority.is_ip = parsed->host_type() == urls::host_type::ipv4 ||
                      parsed->host_type() == urls::host_type::ipv6;
    authority.port = as_view(parsed->port());
    if (!authority.port.empty() && !parse_decimal<std::uint16_t>(authority.port)) {
        return malformed("not a port");
    }
    return authority;
}

std::string encode_path_segment(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char octet : text) {
        const bool is_unreserved = (octet >= 'a' && octet <= 'z') ||
                                   (octet >= 'A' && octet <= 'Z') ||
                                   (octet >= '0' && octet <= '9') || octet == '-' || octet == '.' ||
                                   octet == '_' || octet == '~';
        if (is_unreserved) {
            encoded += octet;
        } else {
            const auto value = static_cast<unsigned char>(octet);
            encoded += '%';
            encoded += digits[value >> 4];
            encoded += digits[value & 15];
        }
    }
    return encoded;
}

}  // namespace chorale::http
