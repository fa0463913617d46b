// A client's view: RFC 8945 5.1, 5.3.1 and 5.4.
#include "tests/support/catch.hpp"
#include "tests/unit/crypto/tsig_support.hpp"
#include "tests/unit/crypto/tsig_vectors.hpp"

namespace chorale::crypto {
namespace {

using namespace test;

// A client that has sent a request, and the MAC that it was sent with.
struct Asked {
    explicit Asked(const TsigKey& key, const Bytes& request = plain_message()) : client(key) {
        Bytes octets = request;
        client.sign_request(octets, at(signed_at));
        Tsig fields;
        fields.algorithm = to_text(key.algorithm) + ".";
        fields.hash = key.algorithm;
        mac = reference_mac(request, fields);
    }
    TsigClient client;
    Bytes mac;
};

// The answers' TSIG as a server would make it.
Tsig answer_to(const Asked& asked) {
    Tsig fields;
    fields.prior_mac = asked.mac;
    return fields;
}

TEST_CASE("Requests are signed octet for octet as dnspython signs them (RFC 8945 4.3)") {
    for (const vectors::Exchange& exchange : vectors::exchanges) {
        const TsigKey key = make_key(exchange.algorithm, 0, hex(exchange.secret));
        TsigClient client(key);
        Bytes request = hex(exchange.plain_request);
        client.sign_request(request, at(vectors::time_signed));
        CHECK(to_hex(request) == to_hex(hex(exchange.request)));
    }
}

TEST_CASE("Answers that dnspython signed are verified (RFC 8945 5.4)") {
    for (const vectors::Exchange& exchange : vectors::exchanges) {
        const TsigKey key = make_key(exchange.algorithm, 0, hex(exchange.secret));
        TsigClient client(key);
        Bytes request = hex(exchange.plain_request);
        client.sign_request(request, at(vectors::time_signed));
        CHECK_FALSE(client.is_settled());

        const Result<std::size_t> late =
            client.verify(hex(exchange.bad_time), at(vectors::time_signed));
        REQUIRE(late.has_error());
        CHECK(late.error().kind() == ErrorKind::refused);
        CHECK(late.error().message() == "server says BADTIME");

        const Result<std::size_t> before_tsig =
            client.verify(hex(exchange.response), at(vectors::time_signed));
        REQUIRE(before_tsig.has_value());
        CHECK(*before_tsig == hex(exchange.plain_response).size());
        CHECK(client.is_settled());
    }
}

TEST_CASE("A stream that dnspython signed with gaps is verified (RFC 8945 5.3.1)") {
    for (const vectors::Exchange& exchange : vectors::exchanges) {
        const TsigKey key = make_key(exchange.algorithm, 0, hex(exchange.secret));
        TsigClient client(key);
        Bytes request = hex(exchange.plain_request);
        client.sign_request(request, at(vectors::time_signed));
        std::size_t number = 0;
        const auto feed = [&](bool is_signed) {
            REQUIRE(number < exchange.stream.size());
            const Bytes message = hex(exchange.stream[number]);
            const auto length = client.verify(message, at(vectors::time_signed + number));
            INFO("message " << number);
            REQUIRE(length.has_value());
            CHECK((*length < message.size()) == is_signed);
            CHECK(client.is_settled() == is_signed);
            ++number;
        };
        feed(true);
        for (const std::size_t gap : vectors::gaps) {
            for (std::size_t i = 0; i < gap; ++i) feed(false);
            feed(true);
        }
        CHECK(number == exchange.stream.size());
    }
}

TEST_CASE("Gaps of 0 to 99 unsigned messages are accepted, 100 are not (RFC 8945 5.3.1)") {
    for (const TsigAlgorithm algorithm :
         {TsigAlgorithm::hmac_sha256, TsigAlgorithm::hmac_sha384, TsigAlgorithm::hmac_sha512}) {
        const TsigKey key = make_key(algorithm);
        for (std::size_t gap = 0; gap <= 100; ++gap) {
            INFO(to_text(algorithm) << ", gap " << gap);
            Asked asked(key);
            Tsig fields = answer_to(asked);
            fields.algorithm = to_text(algorithm) + ".";
            fields.hash = algorithm;
            Bytes mac;
            REQUIRE(
                asked.client.verify(sign_by_reference(plain_message(), fields, &mac), at(signed_at))
                    .has_value());
            // Twice, so that the second one starts from a fresh count.
            for (int round = 0; round < 2; ++round) {
                fields.timers_only = true;
                fields.prior_mac = mac;
                fields.between.clear();
                bool is_refused = false;
                for (std::size_t i = 0; i < gap && !is_refused; ++i) {
                    const Bytes message = plain_message(0x5aa5, std::uint16_t(i % 5));
                    const auto length = asked.client.verify(message, at(signed_at));
                    CHECK(length.has_value() == (i < 99));
                    is_refused = length.has_error();
                    append(fields.between, message);
                }
                CHECK(asked.client.is_settled() == (gap == 0));
                CHECK(is_refused == (gap == 100));
                if (is_refused) break;
                CHECK(asked.client
                          .verify(sign_by_reference(plain_message(), fields, &mac), at(signed_at))
                          .has_value());
                CHECK(asked.client.is_settled());
            }
        }
    }
}

TEST_CASE("An answer is judged by key, MAC, time, truncation (RFC 8945 5.4)") {
    struct Row {
        const char* what;
        ErrorKind kind;  // unspecified: accepted
        void (*change)(Tsig&);
        std::string message;
    };
    const Row rows[] = {
        {"all right", ErrorKind::unspecified, [](Tsig&) {}, ""},
        {"names in other case", ErrorKind::unspecified,
         [](Tsig& t) { t.owner = "OWNER-XFR.EXAMPLE.", t.algorithm = "HMAC-SHA256."; }, ""},
        {"another original ID", ErrorKind::unspecified, [](Tsig& t) { t.original_id = 7; }, ""},
        {"late by the fudge", ErrorKind::unspecified, [](Tsig& t) { t.time_signed -= 300; }, ""},
        {"another key", ErrorKind::unauthorized, [](Tsig& t) { t.owner = "other.example."; },
         "answer is signed with the key other.example. and algorithm hmac-sha256., not ours"},
        {"another algorithm", ErrorKind::unauthorized, [](Tsig& t) { t.algorithm = "hmac-sha1."; },
         "answer is signed with the key Owner-XFR.Example. and algorithm hmac-sha1., not ours"},
        {"without the request MAC", ErrorKind::unauthorized, [](Tsig& t) { t.prior_mac.clear(); },
         "MAC of the answer is wrong"},
        {"MAC wrong and error", ErrorKind::unauthorized, [](Tsig& t) { t.spoil = 1, t.error = 18; },
         "MAC of the answer is wrong"},
        {"MAC too short", ErrorKind::unauthorized, [](Tsig& t) { t.mac_octets = 15; },
         "answer has a MAC of 15 octets"},
        {"MAC too long", ErrorKind::unauthorized, [](Tsig& t) { t.mac_octets = 33; },
         "answer has a MAC of 33 octets"},
        {"MAC empty", ErrorKind::unauthorized, [](Tsig& t) { t.mac_octets = 0; },
         "answer has a MAC of 0 octets"},
        {"late", ErrorKind::unauthorized, [](Tsig& t) { t.time_signed -= 301; },
         "time of the answer is more than 300 s away from ours"},
        {"truncated", ErrorKind::unauthorized, [](Tsig& t) { t.mac_octets = 31; },
         "MAC of the answer is truncated to 31 octets"},
        {"BADKEY, unsigned", ErrorKind::unauthorized,
         [](Tsig& t) { t.error = 17, t.mac_octets = 0; }, "unsigned answer says BADKEY"},
        {"BADSIG, unsigned", ErrorKind::unauthorized,
         [](Tsig& t) { t.error = 16, t.mac_octets = 0; }, "unsigned answer says BADSIG"},
        {"BADTIME, signed", ErrorKind::refused,
         [](Tsig& t) { t.error = 18, t.time_signed -= 5000, t.other = {0, 0, 1, 2, 3, 4}; },
         "server says BADTIME"},
        {"BADTRUNC, signed", ErrorKind::refused, [](Tsig& t) { t.error = 22; },
         "server says BADTRUNC"},
        {"unknown error, signed", ErrorKind::refused, [](Tsig& t) { t.error = 4000; },
         "server says TSIG error 4000"},
    };
    const TsigKey key = make_key();
    for (const Row& row : rows) {
        INFO(row.what);
        Asked asked(key);
        Tsig fields = answer_to(asked);
        row.change(fields);
        const Bytes plain = plain_message(0x5aa5, 1);
        const auto length = asked.client.verify(sign_by_reference(plain, fields), at(signed_at));
        if (row.kind == ErrorKind::unspecified) {
            REQUIRE(length.has_value());
            CHECK(*length == plain.size());
            continue;
        }
        REQUIRE(length.has_error());
        CHECK(int(length.error().kind()) == int(row.kind));
        CHECK(length.error().message() == row.message);
        // The true answer may still come: an attacker was only first (5.4).
        CHECK_FALSE(asked.client.is_settled());
        CHECK(asked.client.verify(sign_by_reference(plain, answer_to(asked)), at(signed_at))
                  .has_value());
    }
}

TEST_CASE(
    "Every octet of an answer is under the MAC, and a forged one changes nothing "
    "(RFC 8945 5.3.1)") {
    const TsigKey key = make_key();
    Asked asked(key);
    const Bytes gap = plain_message(0x5aa5, 3);
    Bytes mac;
    const Bytes first = sign_by_reference(plain_message(), answer_to(asked), &mac);
    Tsig fields;
    fields.prior_mac = mac;
    fields.between = gap;
    fields.timers_only = true;
    const Bytes second = sign_by_reference(plain_message(0x5aa5, 1), fields);
    const auto every_change_fails = [&asked](const Bytes& message) {
        for (std::size_t i = 0; i < message.size(); ++i) {
            Bytes changed = message;
            changed[i] ^= 1;
            INFO("octet " << i);
            CHECK(asked.client.verify(changed, at(signed_at)).has_error());
        }
        for (std::size_t length = 0; length < message.size(); ++length) {
            INFO("cut to " << length);
            CHECK(asked.client.verify(BytesView(message).first(length), at(signed_at)).has_error());
        }
    };
    every_change_fails(first);
    REQUIRE(asked.client.verify(first, at(signed_at)).has_value());
    REQUIRE(asked.client.verify(gap, at(signed_at)).has_value());
    // Fields that timers-only MACs leave out are not used either; so skip them by
    // looking at the digested part only.
    const std::size_t digested = plain_message(0x5aa5, 1).size();
    for (std::size_t i = 0; i < digested; ++i) {
        if (i == 10 || i == 11) continue;  // ARCOUNT 0: an unsigned message, see below
        Bytes changed = second;
        changed[i] ^= 1;
        INFO("octet " << i);
        CHECK(asked.client.verify(changed, at(signed_at)).has_error());
    }
    REQUIRE(asked.client.verify(second, at(signed_at)).has_value());
    CHECK(asked.client.is_settled());
}

TEST_CASE(
    "A changed, lost or repeated message within a gap is found by the next MAC "
    "(RFC 8945 5.3.1)") {
    const TsigKey key = make_key();
    const Bytes a = plain_message(0x5aa5, 1), b = plain_message(0x5aa5, 2);
    const std::vector<std::vector<Bytes>> streams = {{a, b}, {b, a}, {a}, {b}, {a, b, b}, {}};
    for (const std::vector<Bytes>& stream : streams) {
        Asked asked(key);
        Bytes mac;
        REQUIRE(
            asked.client
                .verify(sign_by_reference(plain_message(), answer_to(asked), &mac), at(signed_at))
                .has_value());
        Tsig fields;
        fields.prior_mac = mac;
        fields.timers_only = true;
        fields.between = a;
        append(fields.between, b);
        for (const Bytes& message : stream) {
            REQUIRE(asked.client.verify(message, at(signed_at)).has_value());
        }
        const bool is_true = &stream == &streams.front();
        CHECK(asked.client.verify(sign_by_reference(plain_message(), fields), at(signed_at))
                  .has_value() == is_true);
    }
}

TEST_CASE("The first message of an answer must be signed (RFC 8945 5.3.1)") {
    const TsigKey key = make_key();
    Asked asked(key);
    const auto length = asked.client.verify(plain_message(), at(signed_at));
    REQUIRE(length.has_error());
    CHECK(length.error().kind() == ErrorKind::unauthorized);
    CHECK(length.error().message() == "answer is not signed");
    CHECK_FALSE(asked.client.is_settled());
}

TEST_CASE("An answer with another ID is not ours (RFC 1035 4.1.1)") {
    const TsigKey key = make_key();
    Asked asked(key);
    Tsig fields = answer_to(asked);
    Bytes answer = sign_by_reference(plain_message(), fields);
    answer[0] ^= 1;
    CHECK(asked.client.verify(answer, at(signed_at)).error().message() == "answer has another ID");
}

TEST_CASE("TSIG out of place in an answer is malformed (RFC 8945 5.1)") {
    const TsigKey key = make_key();
    Asked asked(key);
    const Bytes plain = plain_message();
    const Bytes record = record_of(answer_to(asked), Bytes(32));
    const auto kind_of = [&asked](const Bytes& octets) {
        return asked.client.verify(octets, at(signed_at)).error().kind();
    };
    const auto with_counts = [&](std::uint8_t answers, std::uint8_t additional, int copies) {
        Bytes octets = plain;
        octets[7] = answers;
        octets[11] = additional;
        for (int i = 0; i < copies; ++i) append(octets, record);
        return octets;
    };
    CHECK(kind_of(with_counts(0, 1, 1)) == ErrorKind::unauthorized);  // in place, MAC wrong
    CHECK(kind_of(with_counts(1, 0, 1)) == ErrorKind::malformed);
    CHECK(kind_of(with_counts(0, 2, 2)) == ErrorKind::malformed);
    CHECK(kind_of(with_counts(1, 1, 2)) == ErrorKind::malformed);
    CHECK(kind_of(with_counts(0, 2, 1)) == ErrorKind::malformed);
    CHECK(kind_of(with_counts(0, 0, 1)) == ErrorKind::malformed);
    for (const std::size_t at_octet : {std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
        Bytes octets = with_counts(0, 1, 1);
        octets[plain.size() + name(owner_key).wire().size() + at_octet] ^= 1;  // class or TTL
        CHECK(kind_of(octets) == ErrorKind::malformed);
    }
}

TEST_CASE("A client may sign again: nothing of the first request is left (RFC 8945 5.4.3)") {
    const TsigKey key = make_key();
    Asked asked(key);
    REQUIRE(asked.client.verify(sign_by_reference(plain_message(), answer_to(asked)), at(signed_at))
                .has_value());
    REQUIRE(asked.client.verify(plain_message(), at(signed_at)).has_value());
    Bytes again = plain_message(0x1111);
    asked.client.sign_request(again, at(signed_at + 9));
    CHECK_FALSE(asked.client.is_settled());
    Tsig request;
    request.original_id = 0x1111;
    request.time_signed = signed_at + 9;
    CHECK(to_hex(again) == to_hex(sign_by_reference(plain_message(0x1111), request)));
    Tsig answer = request;
    answer.prior_mac = reference_mac(plain_message(0x1111), request);
    CHECK(asked.client.verify(sign_by_reference(plain_message(0x1111), answer), at(signed_at + 9))
              .has_value());
}

TEST_CASE("Client and server agree over a stream signed throughout (RFC 8945 5.3.1)") {
    Keyring keyring = make_keyring(make_key(TsigAlgorithm::hmac_sha384));
    TsigClient client(*keyring.find(name(owner_key)));
    Bytes request = plain_message(0xfade);
    client.sign_request(request, at(signed_at));
    TsigVerdict verdict = verify_request(request, parse(request), keyring, at(signed_at + 200));
    REQUIRE(verdict.outcome == TsigVerdict::Outcome::verified);
    for (std::uint16_t i = 0; i < 300; ++i) {
        Bytes message = plain_message(0xfade, i);
        const std::size_t before = message.size();
        verdict.responder->sign(message, at(signed_at + 200 + i));
        const auto length = client.verify(message, at(signed_at + i));
        REQUIRE(length.has_value());
        CHECK(*length == before);
    }
    CHECK(client.is_settled());
}

}  // namespace
}  // namespace chorale::crypto
