// SIG(0) (RFC 2931): what we sign we verify, and nobody else's. The order of checks
// and foreign signatures are in proto/vectors/sig0.json (unit.proto).
#include "common/crypto/sig0.hpp"

#include "common/crypto/dnskey.hpp"
#include "tests/support/catch.hpp"

namespace chorale::crypto {
namespace {

const Instant now{std::chrono::seconds(1'800'000'000)};

Sig0Key make_key(Sig0Algorithm algorithm, Byte filling = 7) {
    return Sig0Key::from_private(dns::Name::from_text("DNS.msa.example.").value(), algorithm,
                                 Secret(Bytes(32, filling)))
        .value();
}

Bytes plain_message(std::uint16_t id = 1) {
    dns::Message message;
    message.header.id = id;
    message.header.opcode = static_cast<std::uint8_t>(dns::Opcode::NOTIFY);
    message.questions.push_back(
        {dns::Name::from_text("zone.example.").value(), dns::Type::SOA, dns::Class::IN});
    message.edns.emplace();
    return dns::write_message(message);
}

std::optional<Sig0Fault> fault_of(const Bytes& octets, const Sig0Key& key, BytesView request = {},
                                  Instant at = now) {
    const dns::ParseOutcome parsed = dns::parse_message(octets);
    if (!parsed.message) return Sig0Fault::missing;
    const auto claim = read_sig0(*parsed.message);
    if (!claim) return Sig0Fault::missing;
    if (const auto fault = check_sig0(*claim, at)) return fault;
    return verify_sig0(octets, *claim, std::vector<Bytes>{key.key_rdata()}, request);
}

}  // namespace

TEST_CASE("What was signed is verified, with its request if it is an answer (RFC 2931 3.1)") {
    for (const Sig0Algorithm algorithm : {Sig0Algorithm::ed25519, Sig0Algorithm::ecdsap256sha256}) {
        const Sig0Key key = make_key(algorithm);
        Bytes request = plain_message();
        const std::size_t before = request.size();
        key.sign(request, now);
        CHECK(request.size() == before + key.overhead());
        CHECK_FALSE(fault_of(request, key).has_value());
        CHECK(fault_of(request, make_key(algorithm, 8)) == Sig0Fault::no_key);

        Bytes answer = plain_message();
        answer[2] |= 0x80;
        key.sign(answer, now, request);
        CHECK_FALSE(fault_of(answer, key, request).has_value());
        CHECK(fault_of(answer, key) == Sig0Fault::bad_signature);
        CHECK(fault_of(answer, key, plain_message()) == Sig0Fault::bad_signature);
    }
}

TEST_CASE("A message that is signed twice is signed by nobody (RFC 2931 3.1: one SIG(0))") {
    const Sig0Key key = make_key(Sig0Algorithm::ed25519);
    for (const Byte filling : {Byte{7}, Byte{8}}) {
        Bytes octets = plain_message();
        make_key(Sig0Algorithm::ed25519, filling).sign(octets, now);
        key.sign(octets, now);
        CHECK(fault_of(octets, key) == Sig0Fault::missing);
    }
}

TEST_CASE("Every octet that is changed is noticed") {
    const Sig0Key key = make_key(Sig0Algorithm::ed25519);
    Bytes octets = plain_message();
    key.sign(octets, now);
    for (std::size_t at = 0; at < octets.size(); ++at) {
        for (const Byte bit : {Byte{0x01}, Byte{0x20}, Byte{0x80}}) {
            Bytes changed = octets;
            changed[at] ^= bit;
            INFO("octet " << at << " bit " << int(bit));
            CHECK(fault_of(changed, key).has_value());
        }
    }
}

TEST_CASE("A signature is valid for 300 s around its making, as serials") {
    const Sig0Key key = make_key(Sig0Algorithm::ed25519);
    for (const std::int64_t at : {std::int64_t{1'800'000'000}, std::int64_t{4'294'967'296},
                                  std::int64_t{4'294'967'000}, std::int64_t{2'147'483'648}}) {
        const Instant made{std::chrono::seconds(at)};
        Bytes octets = plain_message();
        key.sign(octets, made);
        for (const auto& [seconds, is_valid] : {std::pair{0, true},
                                                {300, true},
                                                {301, false},
                                                {-600, true},
                                                {-601, false},
                                                {86400, false},
                                                {-86400, false}}) {
            INFO(at << " " << seconds);
            CHECK((fault_of(octets, key, {}, made + std::chrono::seconds(seconds)) ==
                   Sig0Fault::window) == !is_valid);
        }
    }
}

TEST_CASE("Not more than two keys of one tag are tried, of sixteen that are looked at") {
    const Sig0Key key = make_key(Sig0Algorithm::ed25519);
    Bytes octets = plain_message();
    key.sign(octets, now);
    const dns::ParseOutcome parsed = dns::parse_message(octets);
    const Sig0Claim claim = read_sig0(*parsed.message).value();
    // Another key with the same tag: two octets that count alike are exchanged.
    Bytes twin = key.key_rdata();
    std::size_t at = 4;
    while (twin[at] == twin[at + 2]) at += 2;
    std::swap(twin[at], twin[at + 2]);
    const auto verify = [&](const std::vector<Bytes>& keys) {
        return verify_sig0(octets, claim, keys);
    };
    CHECK_FALSE(verify({twin, key.key_rdata()}).has_value());
    CHECK(verify({twin, twin, key.key_rdata()}) == Sig0Fault::bad_signature);
    std::vector<Bytes> many(sig0_most_keys - 1, make_key(Sig0Algorithm::ed25519, 9).key_rdata());
    many.push_back(key.key_rdata());
    CHECK_FALSE(verify(many).has_value());
    many.insert(many.begin(), many.front());
    CHECK(verify(many) == Sig0Fault::no_key);
    CHECK(verify({}) == Sig0Fault::no_key);
    CHECK(verify({Bytes(), Bytes(3), Bytes(4)}) == Sig0Fault::no_key);
}

TEST_CASE("RSA keys that are none are no keys, whatever their octets say (RFC 3110 2)") {
    Bytes octets = plain_message();
    make_key(Sig0Algorithm::ed25519).sign(octets, now);
    Sig0Claim claim = read_sig0(*dns::parse_message(octets).message).value();
    claim.algorithm = 8;
    struct Case {
        Bytes key;
        Sig0Fault fault;
    };
    for (const Case& one : {Case{{0}, Sig0Fault::no_key},
                            {{0, 0}, Sig0Fault::no_key},
                            {{0, 0, 0, 1}, Sig0Fault::no_key},
                            {{0, 0xff, 0xff, 1}, Sig0Fault::no_key},
                            {{3, 1, 0, 1}, Sig0Fault::no_key},
                            {{3, 1, 0, 1, 5}, Sig0Fault::bad_signature},
                            {{0, 0, 3, 1, 0, 1, 5}, Sig0Fault::bad_signature}}) {
        Bytes rdata = {2, 0, 3, 8};
        append(rdata, one.key);
        claim.key_tag = key_tag(rdata);
        CHECK(verify_sig0(octets, claim, std::vector<Bytes>{rdata}) == one.fault);
    }
}

TEST_CASE("Private keys that are none are refused") {
    const dns::Name name = dns::Name::from_text("dns.msa.example.").value();
    const auto make = [&](Sig0Algorithm algorithm, Bytes octets) {
        return Sig0Key::from_private(name, algorithm, Secret(std::move(octets)));
    };
    CHECK(make(Sig0Algorithm::ed25519, Bytes(32, 0)).has_value());
    CHECK_FALSE(make(Sig0Algorithm::ed25519, Bytes(31, 1)).has_value());
    CHECK_FALSE(make(Sig0Algorithm::ecdsap256sha256, Bytes(32, 0)).has_value());
    CHECK_FALSE(make(Sig0Algorithm::ecdsap256sha256, Bytes(32, 0xff)).has_value());
    CHECK_FALSE(make(Sig0Algorithm::ecdsap256sha256, Bytes()).has_value());
    CHECK_FALSE(make(Sig0Algorithm::rsasha256, Bytes(32, 1)).has_value());
    CHECK(make(Sig0Algorithm::ed25519, Bytes(32, 1))->signer().to_text() == "dns.msa.example.");
    CHECK(make_key(Sig0Algorithm::ed25519).signer().to_text() == "dns.msa.example.");
}

}  // namespace chorale::crypto
