// TSIG as a server and as a client meet it (RFC 8945): hostile octets are never
// verified, and what we sign we verify.
#include "common/crypto/tsig.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace chorale;

constexpr std::uint64_t signed_at = 1'700'000'000;

crypto::TsigKey make_key() {
    crypto::TsigKey key;
    key.name = dns::Name::from_text("k.").value();
    key.secret = Secret(Bytes(32, 0x5a));
    key.shortest_mac = 16;
    return key;
}

void as_server(BytesView octets, const crypto::Keyring& keyring, Instant now) {
    const dns::ParseOutcome parsed = dns::parse_message(octets);
    if (!parsed.message) return;
    crypto::ReplayGuard guard;
    crypto::TsigVerdict verdict =
        crypto::verify_request(octets, *parsed.message, keyring, now, &guard);
    require(!verdict.responder && verdict.key == nullptr, "nobody guesses a MAC");
    if (!verdict.error_record.empty()) {
        Bytes answer = dns::write_message(dns::make_response(*parsed.message, dns::Rcode::NOTAUTH));
        crypto::append_tsig_record(answer, verdict.error_record);
        require(dns::parse_message(answer).message.has_value(),
                "an answer with an error record is well formed");
    }
    if (parsed.message->tsig) return;

    // Signed by us, it is verified, once.
    Bytes request = to_bytes(octets);
    if (request[10] == 0xff && request[11] == 0xff) return;
    crypto::TsigClient client(*keyring.find(dns::Name::from_text("k.").value()));
    client.sign_request(request, now);
    const dns::ParseOutcome again = dns::parse_message(request);
    if (!again.message || !again.message->tsig) return;  // over the limit of records
    verdict = crypto::verify_request(request, *again.message, keyring, now, &guard);
    require(verdict.outcome == crypto::TsigVerdict::Outcome::verified,
            "a request that we signed is verified");
    Bytes answer = to_bytes(octets);
    verdict.responder->sign(answer, now);
    const Result<std::size_t> length = client.verify(answer, now);
    require(length.has_value() && *length == octets.size(), "an answer that we signed is verified");
    verdict = crypto::verify_request(request, *again.message, keyring, now, &guard);
    require(verdict.outcome == crypto::TsigVerdict::Outcome::bad_time, "a replay is refused");
}

void as_client(BytesView octets, const crypto::Keyring& keyring, Instant now) {
    crypto::TsigClient client(*keyring.find(dns::Name::from_text("k.").value()));
    Bytes request(dns::header_octets, 0);
    if (octets.size() >= 2) std::copy_n(octets.begin(), 2, request.begin());
    client.sign_request(request, now);
    require(!client.verify(octets, now).has_value(), "no answer is taken for the server's");
    require(!client.is_settled(), "an answer refused settles nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t count) {
    static const crypto::Keyring keyring = [] {
        crypto::Keyring made;
        made.add(make_key()).value();
        return made;
    }();
    const BytesView input(octets, count);
    const Instant now = from_unix_milliseconds(std::int64_t{signed_at} * 1000);
    as_server(input, keyring, now);
    as_client(input, keyring, now);
    return 0;
}
