#include "msa/app/published_records.hpp"

#include <algorithm>
#include <cassert>
#include <span>

#include "common/base/encoding.hpp"
#include "common/dns/rdata.hpp"
#include "common/dns/text.hpp"
#include "common/dns/wire.hpp"
#include "proto/code_points.hpp"

namespace chorale::msa {
namespace {

using Tokens = std::vector<std::string>;

// One endpoint is enough here; the numbers are those of the draft's examples.
constexpr const char* uri_priority = "10";
constexpr const char* uri_weight = "10";

Bytes to_rdata(dns::Type type, const Tokens& tokens) {
    auto rdata = dns::rdata_from_text(type, tokens, dns::NameView());
    assert(rdata.has_value());
    return std::move(*rdata);
}

bool begins_with(BytesView octets, std::initializer_list<Byte> prefix) {
    return octets.size() >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), octets.begin());
}

bool is_zero(BytesView octets) {
    return std::all_of(octets.begin(), octets.end(), [](Byte octet) { return octet == 0; });
}

bool is_loopback6(BytesView octets) {
    return is_zero(octets.first(octets.size() - 1)) && octets.back() == 1;
}

// Why nothing can be reached there, or null.
const char* address_fault(dns::Type type, BytesView octets) {
    if (type == dns::Type::A) {
        if (octets[0] == 0) return "is no address of a host (RFC 1122 3.2.1.3)";
        if (octets[0] >= 224) return "is no address of one host";
        return nullptr;
    }
    if (is_zero(octets)) return "is no address of a host (RFC 4291 2.5.2)";
    if (octets[0] == 0xff) return "is a multicast address";
    if (begins_with(octets, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) {
        return "is an IPv4 address within IPv6: give the IPv4 address";
    }
    return nullptr;
}

// "ipv4hint=192.0.2.1,192.0.2.2"; empty without such an address.
std::string to_hint(const char* key, dns::Type type, const std::vector<HostAddress>& addresses) {
    std::string hint;
    for (const HostAddress& address : addresses) {
        if (address.type != type) continue;
        hint += hint.empty() ? std::string(key) + '=' : ",";
        hint += address.to_text();
    }
    return hint;
}

class Writer {
public:
    explicit Writer(const Publication& publication) : publication_(publication) {}

    void add(const dns::Name& owner, dns::Type type, Bytes rdata) {
        records_.push_back({owner, type, dns::Class::IN, publication_.ttl, std::move(rdata)});
    }
    void add_uri(const std::string& label, const std::string& uri) {
        add(publication_.identity.below(label), dns::Type::URI,
            to_rdata(dns::Type::URI, {uri_priority, uri_weight, '"' + uri + '"'}));
    }
    // The addresses stand twice: in SVCB, and for who has no use for that.
    void add_host(const dns::Name& host, std::uint16_t port) {
        Tokens tokens = {"1", ".", "port=" + std::to_string(port)};
        for (const std::string& hint :
             {to_hint("ipv4hint", dns::Type::A, publication_.addresses),
              to_hint("ipv6hint", dns::Type::AAAA, publication_.addresses)}) {
            if (!hint.empty()) tokens.push_back(hint);
        }
        add(host, dns::Type::SVCB, to_rdata(dns::Type::SVCB, tokens));
        for (const HostAddress& address : publication_.addresses) {
            add(host, address.type, address.rdata);
        }
    }
    std::vector<dns::Record> take() { return std::move(records_); }

private:
    const Publication& publication_;
    std::vector<dns::Record> records_;
};

Bytes tlsa_rdata(const crypto::Sha256& pin) {
    // DANE-EE, SubjectPublicKeyInfo, SHA-256 (RFC 7671 5.1).
    return to_rdata(dns::Type::TLSA, {"3", "1", "1", to_hex(pin)});
}

}  // namespace

Result<HostAddress> HostAddress::from_text(std::string_view text) {
    const Tokens tokens = {std::string(text)};
    const bool is_ipv6 = text.find(':') != std::string_view::npos;
    const dns::Type type = is_ipv6 ? dns::Type::AAAA : dns::Type::A;
    // RFC 3597 5 lets the next function take "\# 4 ..." too, but not in one token.
    auto rdata = dns::rdata_from_text(type, tokens, dns::NameView());
    if (!rdata) {
        return malformed("expected an IPv4 or IPv6 address, got \"" + std::string(text) + '"');
    }
    if (const char* fault = address_fault(type, *rdata)) {
        return malformed(std::string(text) + ' ' + fault);
    }
    return HostAddress{type, std::move(*rdata)};
}

std::string HostAddress::to_text() const { return dns::rdata_to_text(type, rdata); }

bool HostAddress::is_local() const {
    if (type == dns::Type::A) return rdata[0] == 127 || begins_with(rdata, {169, 254});
    return is_loopback6(rdata) || (rdata[0] == 0xfe && (rdata[1] & 0xc0) == 0x80);
}

std::vector<dns::Record> published_records(const Publication& publication) {
    const proto::CodePoints code_points;
    const Identity& identity = publication.identity;
    const dns::Name dns_host = identity.dns_host();
    const dns::Name api_host = identity.api_host();
    Writer writer(publication);
    writer.add_uri(code_points.dns_label, Identity::to_uri("dns", dns_host, publication.dns_port));
    writer.add_host(dns_host, publication.dns_port);
    writer.add(dns_host, dns::Type::KEY, publication.key_rdata);
    writer.add_uri(code_points.api_label,
                   Identity::to_uri("https", api_host, publication.api_port));
    writer.add_host(api_host, publication.api_port);
    writer.add(identity.below('_' + std::to_string(publication.api_port) + "._tcp.api"),
               dns::Type::TLSA, tlsa_rdata(publication.tls_pin));
    return writer.take();
}

std::string msigner_text(dns::NameView zone, std::uint32_t ttl, std::uint8_t state,
                         const std::vector<Identity>& identities) {
    std::string text;
    for (const Identity& identity : identities) {
        Bytes rdata = {state};
        append(rdata, identity.name().wire());
        const std::string before = zone.to_text() + ' ' + std::to_string(ttl) + " IN ";
        const auto number = static_cast<unsigned>(proto::CodePoints().msigner);
        text += "; " + before + "MSIGNER " + dns::rdata_to_text(dns::Type::MSIGNER, rdata) + '\n';
        text += before + "TYPE" + std::to_string(number) + " \\# " + std::to_string(rdata.size()) +
                ' ' + to_hex(rdata) + '\n';
    }
    return text;
}

}  // namespace chorale::msa
