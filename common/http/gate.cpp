#include "common/http/gate.hpp"

#include "common/http/target.hpp"

namespace chorale::http {

namespace {

// "host:port" with the port that a scheme implies (RFC 6454 4).
std::optional<std::string> full_authority(std::string_view text, std::string_view implied_port) {
    const auto authority = parse_authority(text);
    if (!authority) return std::nullopt;
    return authority->host + ':' +
           (authority->port.empty() ? std::string(implied_port) : authority->port);
}

bool is_same_origin(std::string_view origin, std::string_view host) {
    std::string_view implied_port;
    constexpr std::string_view plain = "http://";
    constexpr std::string_view secure = "https://";
    if (origin.starts_with(plain)) {
        origin.remove_prefix(plain.size());
        implied_port = "80";
    } else if (origin.starts_with(secure)) {
        origin.remove_prefix(secure.size());
        implied_port = "443";
    } else {
        return false;  // "null" as well: a sandboxed page or a redirect
    }
    const auto there = full_authority(origin, implied_port);
    return there && there == full_authority(host, implied_port);
}

Refusal unauthorized(std::string challenge, std::string detail) {
    Refusal refusal{401, std::move(detail), {}};
    refusal.headers.add("WWW-Authenticate", std::move(challenge));
    return refusal;
}

}  // namespace

std::optional<Refusal> refuse_foreign_host(const HttpRequest& request, bool any_host) {
    if (any_host) return std::nullopt;
    const auto authority = parse_authority(request.host);
    if (authority && (authority->is_ip || authority->host == "localhost")) return std::nullopt;
    return Refusal{421, "Host must be an IP address or localhost", {}};
}

std::optional<Refusal> refuse_foreign_origin(const HttpRequest& request) {
    const auto origin = request.headers.find("Origin");
    if (!origin || is_same_origin(*origin, request.host)) return std::nullopt;
    return Refusal{403, "Origin is not this host", {}};
}

std::optional<Refusal> refuse_without_token(const HttpRequest& request, const Secret& token) {
    constexpr std::string_view scheme = "Bearer ";
    const auto authorization = request.headers.find("Authorization");
    if (!authorization || authorization->size() <= scheme.size() ||
        !equal_without_case(authorization->substr(0, scheme.size()), scheme)) {
        return unauthorized("Bearer realm=\"chorale\"", "a bearer token is required");
    }
    const std::string_view given = authorization->substr(scheme.size());
    if (!token.empty() && equal_in_constant_time(as_bytes(given), token.reveal())) {
        return std::nullopt;
    }
    return unauthorized("Bearer realm=\"chorale\", error=\"invalid_token\"",
                        "the bearer token is not valid");  // RFC 6750 3.1
}

std::optional<Refusal> refuse_other_media_type(const HttpRequest& request) {
    const auto type = request.headers.find("Content-Type");
    if (type) {
        std::string_view essence = type->substr(0, type->find(';'));
        while (essence.ends_with(' ') || essence.ends_with('\t')) essence.remove_suffix(1);
        if (equal_without_case(essence, "application/json")) return std::nullopt;
    }
    return Refusal{415, "a body must be application/json", {}};
}

}  // namespace chorale::http
