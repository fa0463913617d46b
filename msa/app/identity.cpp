#include "msa/app/identity.hpp"

#include <algorithm>
#include <cassert>

namespace chorale::msa {
namespace {

// What is put before an identity at most: a TLSA record's name.
constexpr std::string_view longest_prefix = "_65535._tcp.api.";

bool may_stand_in_host(Byte octet) {
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
           (octet >= '0' && octet <= '9') || octet == '-' || octet == '_';
}

bool is_host_label(BytesView label) {
    return std::all_of(label.begin(), label.end(), may_stand_in_host) && label.front() != '-' &&
           label.back() != '-';
}

}  // namespace

Result<Identity> Identity::from_text(std::string_view text) {
    auto name = dns::Name::from_text(text);
    if (!name) return name.error();
    if (name->view().is_root()) {
        return malformed("expected a domain name of the provider, got the root");
    }
    for (dns::NameView left = *name; !left.is_root(); left = left.parent()) {
        if (!is_host_label(left.first_label())) {
            return malformed(
                "expected labels of letters, digits, hyphens within and underscores, got \"" +
                name->to_text() + '"');
        }
    }
    const std::size_t longest = dns::max_name_octets - longest_prefix.size();
    if (name->wire().size() > longest) {
        return malformed("expected a name of at most " + std::to_string(longest) +
                         " octets, since its records need room before it, got " +
                         std::to_string(name->wire().size()));
    }
    return Identity(std::move(*name));
}

std::string Identity::to_uri(std::string_view scheme, dns::NameView host, std::uint16_t port) {
    return std::string(scheme) + "://" + to_host_text(host) + ':' + std::to_string(port) + '/';
}

dns::Name Identity::below(const std::string& labels) const {
    auto name = dns::Name::from_text(labels, name_);
    assert(name.has_value());
    return std::move(*name);
}

std::string to_host_text(dns::NameView name) {
    std::string text = name.to_text();
    text.pop_back();
    return text;
}

}  // namespace chorale::msa
