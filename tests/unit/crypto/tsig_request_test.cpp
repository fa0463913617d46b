// A server's view: RFC 8945 5.2, and what it answers, 5.3.
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/unit/crypto/tsig_support.hpp"
#include "tests/unit/crypto/tsig_vectors.hpp"

namespace chorale::crypto {
namespace {

using namespace test;
using Outcome = TsigVerdict::Outcome;

const std::pair<TsigAlgorithm, std::string> all_algorithms[] = {
    {TsigAlgorithm::hmac_sha256, "hmac-sha256."},
    {TsigAlgorithm::hmac_sha384, "hmac-sha384."},
    {TsigAlgorithm::hmac_sha512, "hmac-sha512."},
};

TsigVerdict verdict_on(const Bytes& octets, const Keyring& keyring, std::uint64_t now = signed_at,
                       ReplayGuard* guard = nullptr) {
    return verify_request(octets, parse(octets), keyring, at(now), guard);
}

Tsig tsig(void (*change)(Tsig&)) {
    Tsig fields;
    change(fields);
    return fields;
}

TEST_CASE("A request is judged by key, MAC, time, truncation, in this order (RFC 8945 5.2)") {
    struct Row {
        const char* what;
        Outcome outcome;
        void (*change)(Tsig&);
    };
    const Row rows[] = {
        {"all right", Outcome::verified, [](Tsig&) {}},
        {"key name in other case", Outcome::verified,
         [](Tsig& t) { t.owner = "OWNER-xfr.eXample."; }},
        {"algorithm in other case", Outcome::verified,
         [](Tsig& t) { t.algorithm = "HMAC-Sha256."; }},
        {"another original ID, as after forwarding", Outcome::verified,
         [](Tsig& t) { t.original_id = 0x1234; }},
        {"error and other data are digested, not judged", Outcome::verified,
         [](Tsig& t) { t.error = 16, t.other = {1, 2, 3}; }},
        {"unknown key", Outcome::bad_key, [](Tsig& t) { t.owner = "other.example."; }},
        {"known name, algorithm of another key", Outcome::bad_key,
         [](Tsig& t) { t.algorithm = "hmac-sha512.", t.hash = TsigAlgorithm::hmac_sha512; }},
        {"known name, algorithm unknown", Outcome::bad_key,
         [](Tsig& t) { t.algorithm = "hmac-md5.sig-alg.reg.int."; }},
        {"known name, algorithm is the root", Outcome::bad_key, [](Tsig& t) { t.algorithm = "."; }},
        {"unknown key, MAC too short", Outcome::bad_key,
         [](Tsig& t) { t.owner = "other.example.", t.mac_octets = 3; }},
        {"MAC wrong", Outcome::bad_signature, [](Tsig& t) { t.spoil = 1; }},
        {"another secret", Outcome::bad_signature, [](Tsig& t) { t.secret = {1}; }},
        {"a MAC over a prior MAC", Outcome::bad_signature, [](Tsig& t) { t.prior_mac = {1}; }},
        {"timers only", Outcome::bad_signature, [](Tsig& t) { t.timers_only = true; }},
        {"MAC wrong and late: MAC first", Outcome::bad_signature,
         [](Tsig& t) { t.spoil = 1, t.time_signed -= 5000; }},
        {"MAC wrong and truncated: MAC first", Outcome::bad_signature,
         [](Tsig& t) { t.spoil = 1, t.mac_octets = 16; }},
        {"MAC empty", Outcome::form_error, [](Tsig& t) { t.mac_octets = 0; }},
        {"MAC empty, with an error (5.2.2.1 allows it in answers)", Outcome::form_error,
         [](Tsig& t) { t.mac_octets = 0, t.error = 17; }},
        {"late by the fudge", Outcome::verified, [](Tsig& t) { t.time_signed -= 300; }},
        {"early by the fudge", Outcome::verified, [](Tsig& t) { t.time_signed += 300; }},
        {"late by one second more", Outcome::bad_time, [](Tsig& t) { t.time_signed -= 301; }},
        {"early by one second more", Outcome::bad_time, [](Tsig& t) { t.time_signed += 301; }},
        {"no fudge, same second", Outcome::verified, [](Tsig& t) { t.fudge = 0; }},
        {"no fudge, another second", Outcome::bad_time,
         [](Tsig& t) { t.fudge = 0, t.time_signed -= 1; }},
        {"time 0", Outcome::bad_time, [](Tsig& t) { t.time_signed = 0; }},
        {"greatest time", Outcome::bad_time, [](Tsig& t) { t.time_signed = 0xffffffffffff; }},
        {"truncated", Outcome::bad_truncation, [](Tsig& t) { t.mac_octets = 31; }},
        {"truncated and late: time first", Outcome::bad_time,
         [](Tsig& t) { t.mac_octets = 31, t.time_signed -= 301; }},
    };
    const Keyring keyring = make_keyring();
    for (const Row& row : rows) {
        INFO(row.what);
        const Tsig fields = tsig(row.change);
        const TsigVerdict verdict = verdict_on(sign_by_reference(plain_message(), fields), keyring);
        CHECK(int(verdict.outcome) == int(row.outcome));
        CHECK(verdict.time_signed == fields.time_signed);
        const bool may_sign = row.outcome == Outcome::verified ||
                              row.outcome == Outcome::bad_time ||
                              row.outcome == Outcome::bad_truncation;
        CHECK((verdict.key != nullptr) == may_sign);
        CHECK(verdict.responder.has_value() == may_sign);
        const bool is_unsigned_error =
            row.outcome == Outcome::bad_key || row.outcome == Outcome::bad_signature;
        CHECK(verdict.error_record.empty() == !is_unsigned_error);
    }
}

TEST_CASE("A request without TSIG is neither right nor wrong (RFC 8945 5.2)") {
    const TsigVerdict verdict = verdict_on(plain_message(), make_keyring());
    CHECK(verdict.outcome == Outcome::unsigned_request);
    CHECK(verdict.error_record.empty());
}

TEST_CASE(
    "MAC lengths that the protocol forbids are FORMERR, below policy BADTRUNC "
    "(RFC 8945 5.2.2.1, 5.2.4)") {
    for (const auto& [algorithm, algorithm_name] : all_algorithms) {
        const std::size_t full = mac_octets(algorithm);
        const std::size_t half = std::max<std::size_t>(10, full / 2);
        for (const std::size_t policy : {std::size_t{0}, half, half + 3, full}) {
            const Keyring keyring = make_keyring(make_key(algorithm, policy));
            for (std::size_t length = 0; length <= full + 2; ++length) {
                Tsig fields;
                fields.algorithm = algorithm_name;
                fields.hash = algorithm;
                fields.mac_octets = length;
                const Outcome expected = length < half || length > full ? Outcome::form_error
                                         : length < (policy ? policy : full)
                                             ? Outcome::bad_truncation
                                             : Outcome::verified;
                INFO(algorithm_name << " policy " << policy << " length " << length);
                const Bytes request = sign_by_reference(plain_message(), fields);
                CHECK(int(verdict_on(request, keyring).outcome) == int(expected));
                fields.spoil = 0x80;
                const Outcome spoiled =
                    length < half || length > full ? Outcome::form_error : Outcome::bad_signature;
                const Bytes wrong = sign_by_reference(plain_message(), fields);
                CHECK(int(verdict_on(wrong, keyring).outcome) == int(spoiled));
            }
        }
    }
}

TEST_CASE("TSIG RDATA with lengths that do not fit is FORMERR (RFC 8945 4.2)") {
    const Keyring keyring = make_keyring();
    Tsig fields;
    fields.other = {1, 2, 3, 4, 5, 6};
    const Bytes plain = plain_message();
    const Bytes octets = sign_by_reference(plain, fields);
    const Bytes rdata = rdata_of(fields, reference_mac(plain, fields));
    const auto outcome_with = [&](const Bytes& changed) {
        dns::Message message;
        message.tsig.emplace();
        message.tsig->record = {name(owner_key), dns::Type::TSIG, dns::Class::ANY, 0, changed};
        message.tsig->offset = plain.size();
        return verify_request(octets, message, keyring, at(signed_at)).outcome;
    };
    REQUIRE(outcome_with(rdata) == Outcome::verified);
    for (std::size_t length = 0; length < rdata.size(); ++length) {
        INFO("cut to " << length);
        CHECK(outcome_with(Bytes(rdata.begin(), rdata.begin() + std::ptrdiff_t(length))) ==
              Outcome::form_error);
    }
    Bytes longer = rdata;
    longer.push_back(0);
    CHECK(outcome_with(longer) == Outcome::form_error);
    Bytes greater_mac = rdata;
    greater_mac[13 + 8] = 0xff;  // MAC Size, first octet
    CHECK(outcome_with(greater_mac) == Outcome::form_error);
    Bytes compressed = {0xc0, 0x0c};
    append(compressed, BytesView(rdata).subspan(13));
    CHECK(outcome_with(compressed) == Outcome::form_error);
}

TEST_CASE("A TSIG record of another class or with a TTL is FORMERR (RFC 8945 4.2)") {
    const Keyring keyring = make_keyring();
    const Bytes octets = sign_by_reference(plain_message(), {});
    dns::Message message = parse(octets);
    message.tsig->record.klass = dns::Class::IN;
    CHECK(verify_request(octets, message, keyring, at(signed_at)).outcome == Outcome::form_error);
    message = parse(octets);
    message.tsig->record.ttl = 1;
    CHECK(verify_request(octets, message, keyring, at(signed_at)).outcome == Outcome::form_error);
}

TEST_CASE("Every octet of a request is under the MAC, but for its ID (RFC 8945 4.3.2)") {
    const Keyring keyring = make_keyring();
    const Bytes plain = plain_message(0x5aa5, 2);
    const Bytes request = sign_by_reference(plain, {});
    const dns::Message message = parse(request);
    for (std::size_t i = 2; i < plain.size(); ++i) {
        INFO("octet " << i);
        Bytes changed = request;
        changed[i] ^= 1;
        CHECK(verify_request(changed, message, keyring, at(signed_at)).outcome ==
              Outcome::bad_signature);
    }
}

TEST_CASE(
    "BADKEY and BADSIG are told unsigned, with an empty MAC and the client's time "
    "(RFC 8945 5.3.2)") {
    struct Row {
        std::uint16_t error;
        Tsig request;
    };
    const Row rows[] = {
        {17, tsig([](Tsig& t) { t.owner = "Stranger.Example.", t.time_signed = 77; })},
        {17, tsig([](Tsig& t) { t.algorithm = "hmac-md5.sig-alg.reg.int."; })},
        {16, tsig([](Tsig& t) { t.spoil = 4, t.other = {1, 2, 3}, t.fudge = 17; })},
    };
    for (const Row& row : rows) {
        INFO(row.error << ' ' << row.request.owner);
        const TsigVerdict verdict =
            verdict_on(sign_by_reference(plain_message(), row.request), make_keyring());
        Tsig expected = row.request;
        expected.error = row.error;
        expected.other = {};
        CHECK(to_hex(verdict.error_record) == to_hex(record_of(expected, {})));

        Bytes answer = plain_message();
        append_tsig_record(answer, verdict.error_record);
        const dns::Message parsed = parse(answer);
        REQUIRE(parsed.tsig.has_value());
        CHECK(parsed.tsig->offset == plain_message().size());
    }
}

TEST_CASE(
    "BADTIME is signed over the request MAC, with the client's time and ours in "
    "Other Data (RFC 8945 5.2.3)") {
    for (const vectors::Exchange& exchange : vectors::exchanges) {
        TsigKey key = make_key(exchange.algorithm, 0, hex(exchange.secret));
        const Keyring keyring = make_keyring(std::move(key));
        TsigVerdict verdict = verdict_on(hex(exchange.request), keyring, vectors::late);
        REQUIRE(verdict.outcome == Outcome::bad_time);
        Bytes answer = hex(exchange.plain_bad_time);
        const std::size_t before = answer.size();
        verdict.responder->sign(answer, at(vectors::late));
        CHECK(to_hex(answer) == to_hex(hex(exchange.bad_time)));
        CHECK(answer.size() - before == verdict.responder->overhead());
    }
}

TEST_CASE("BADTRUNC is signed over the request MAC as it was sent (RFC 8945 5.2.4, 5.3.1)") {
    Tsig request;
    request.mac_octets = 20;
    Bytes sent_mac;
    const Bytes octets = sign_by_reference(plain_message(), request, &sent_mac);
    const Keyring keyring = make_keyring();
    TsigVerdict verdict = verdict_on(octets, keyring);
    REQUIRE(verdict.outcome == Outcome::bad_truncation);
    Bytes answer = plain_message();
    verdict.responder->sign(answer, at(signed_at + 5));
    Tsig expected;
    expected.error = 22;
    expected.prior_mac = sent_mac;
    expected.time_signed = signed_at + 5;
    CHECK(to_hex(answer) == to_hex(sign_by_reference(plain_message(), expected)));
}

TEST_CASE(
    "Requests that dnspython signed are verified, forwarded and shouted ones too "
    "(RFC 8945 4.3, 5.5)") {
    for (const vectors::Exchange& exchange : vectors::exchanges) {
        const Keyring keyring = make_keyring(make_key(exchange.algorithm, 0, hex(exchange.secret)));
        for (const char* request :
             {exchange.request, exchange.forwarded_request, exchange.shouted_request}) {
            INFO(to_text(exchange.algorithm) << ' ' << request);
            CHECK(verdict_on(hex(request), keyring, vectors::time_signed).outcome ==
                  Outcome::verified);
        }
    }
}

TEST_CASE(
    "Answers are signed octet for octet as dnspython signs them, every message of a "
    "stream (RFC 8945 5.3, 5.3.1)") {
    for (const vectors::Exchange& exchange : vectors::exchanges) {
        const Keyring keyring = make_keyring(make_key(exchange.algorithm, 0, hex(exchange.secret)));
        TsigVerdict verdict = verdict_on(hex(exchange.request), keyring, vectors::time_signed);
        REQUIRE(verdict.outcome == Outcome::verified);
        Bytes answer = hex(exchange.plain_response);
        verdict.responder->sign(answer, at(vectors::time_signed));
        CHECK(to_hex(answer) == to_hex(hex(exchange.response)));
        CHECK(verdict.responder->overhead() >= answer.size() - hex(exchange.plain_response).size());
    }
}

TEST_CASE("A message may be signed in two pieces, wherever it is cut (RFC 8945 4.3.2)") {
    const TsigKey key = make_key();
    const Bytes whole = plain_message(0x5aa5, 3);
    for (std::size_t head_octets = dns::header_octets; head_octets <= whole.size(); ++head_octets) {
        TsigResponder in_one(key, Bytes(32, 9), 0x5aa5), in_two(key, Bytes(32, 9), 0x5aa5);
        for (int message = 0; message < 3; ++message) {
            Bytes signed_whole = whole;
            in_one.sign(signed_whole, at(signed_at));
            Bytes pieces(whole.begin(), whole.begin() + std::ptrdiff_t(head_octets));
            const BytesView body = BytesView(whole).subspan(head_octets);
            const Bytes record = in_two.sign(std::span<Byte>(pieces), body, at(signed_at));
            append(pieces, body);
            append(pieces, record);
            INFO("head of " << head_octets << ", message " << message);
            CHECK(to_hex(pieces) == to_hex(signed_whole));
        }
    }
}

TEST_CASE(
    "A replayed request is BADTIME, cut or not, before and after a restart "
    "(RFC 8945 5.2.3)") {
    const Keyring keyring = make_keyring(make_key(TsigAlgorithm::hmac_sha256, 16));
    ReplayGuard guard;
    const Bytes request = sign_by_reference(plain_message(1, 1), {});
    Tsig cut_fields;
    cut_fields.mac_octets = 16;
    const Bytes cut = sign_by_reference(plain_message(1, 1), cut_fields);
    const Bytes other = sign_by_reference(plain_message(1, 2), {});
    Tsig old_fields;
    old_fields.time_signed = signed_at - 1;
    const Bytes old = sign_by_reference(plain_message(1, 3), old_fields);
    CHECK(verdict_on(request, keyring, signed_at, &guard).outcome == Outcome::verified);
    CHECK(verdict_on(request, keyring, signed_at, &guard).outcome == Outcome::bad_time);
    CHECK(verdict_on(cut, keyring, signed_at, &guard).outcome == Outcome::bad_time);
    CHECK(verdict_on(old, keyring, signed_at, &guard).outcome == Outcome::bad_time);

    ReplayGuard restarted;
    const dns::Name key = name(owner_key);
    REQUIRE(restarted.import_state(key, guard.export_state(key)).has_value());
    CHECK(verdict_on(request, keyring, signed_at, &restarted).outcome == Outcome::bad_time);
    CHECK(verdict_on(cut, keyring, signed_at, &restarted).outcome == Outcome::bad_time);
    CHECK(verdict_on(other, keyring, signed_at, &restarted).outcome == Outcome::verified);
    // Queries come without a guard.
    CHECK(verdict_on(request, keyring, signed_at).outcome == Outcome::verified);
}

TEST_CASE("What is refused is not remembered by the guard (RFC 8945 5.2)") {
    const Keyring keyring = make_keyring();
    const dns::Name key = name(owner_key);
    ReplayGuard guard;
    Tsig fields;
    fields.spoil = 1;
    verdict_on(sign_by_reference(plain_message(), fields), keyring, signed_at, &guard);
    fields = {};
    fields.time_signed = signed_at + 301;
    verdict_on(sign_by_reference(plain_message(), fields), keyring, signed_at, &guard);
    fields = {};
    fields.mac_octets = 16;
    verdict_on(sign_by_reference(plain_message(), fields), keyring, signed_at, &guard);
    CHECK_FALSE(guard.latest(key).has_value());
    CHECK(verdict_on(sign_by_reference(plain_message(), {}), keyring, signed_at, &guard).outcome ==
          Outcome::verified);
    CHECK(guard.latest(key) == signed_at);
}

TEST_CASE("A keyring takes one key a name, with a secret and a lawful shortest MAC") {
    Keyring keyring;
    REQUIRE(keyring.add(make_key()).has_value());
    TsigKey again = make_key();
    again.name = name("OWNER-xfr.example.");
    CHECK(keyring.add(std::move(again)).error().kind() == ErrorKind::conflict);
    const auto refused = [&keyring](TsigKey key) {
        key.name = name("second.example.");
        return keyring.add(std::move(key)).error().kind() == ErrorKind::malformed;
    };
    CHECK(refused(make_key(TsigAlgorithm::hmac_sha256, 0, {})));
    CHECK(refused(make_key(TsigAlgorithm::hmac_sha256, 15)));
    CHECK(refused(make_key(TsigAlgorithm::hmac_sha256, 33)));
    CHECK(refused(make_key(TsigAlgorithm::hmac_sha512, 31)));
    CHECK(keyring.size() == 1);
    CHECK(keyring.find(name("owner-xfr.EXAMPLE.")) != nullptr);
    CHECK(keyring.find(name("xfr.example.")) == nullptr);
}

TEST_CASE("Algorithms are read with and without final dot, in any case") {
    for (const char* text : {"hmac-sha384", "hmac-sha384.", "HMAC-SHA384"}) {
        CHECK(tsig_algorithm_from_text(text).value() == TsigAlgorithm::hmac_sha384);
    }
    for (const char* text : {"", "sha256", "hmac-md5", "hmac-sha1", "hmac-sha256-128", ".."}) {
        INFO(text);
        CHECK(tsig_algorithm_from_text(text).has_error());
    }
    for (const auto& [algorithm, text] : all_algorithms) {
        CHECK(to_text(algorithm) + "." == text);
    }
}

TEST_CASE("One keyring serves several threads") {
    const Keyring keyring = make_keyring();
    const Bytes request = sign_by_reference(plain_message(), {});
    std::vector<int> verified(4);
    {
        std::vector<std::jthread> threads;
        for (int& count : verified) {
            threads.emplace_back([&keyring, &request, &count] {
                for (int i = 0; i < 200; ++i) {
                    TsigVerdict verdict = verdict_on(request, keyring);
                    if (verdict.outcome != Outcome::verified) continue;
                    Bytes answer = plain_message();
                    verdict.responder->sign(answer, at(signed_at));
                    ++count;
                }
            });
        }
    }
    for (const int count : verified) CHECK(count == 200);
}

}  // namespace
}  // namespace chorale::crypto
