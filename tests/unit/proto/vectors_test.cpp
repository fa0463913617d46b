// Our code against proto/vectors: every verdict, and every form both ways.
#include "tests/unit/proto/vectors.hpp"

#include "common/crypto/sig0.hpp"
#include "proto/digests.hpp"
#include "proto/edns_codec.hpp"
#include "proto/json_codec.hpp"

namespace chorale::proto::test {
namespace {

const CodePoints defaults;
const dns::Name zone = name_of("zone.example.");

dns::Message parse(const Bytes& octets) {
    dns::ParseOutcome parsed = dns::parse_message(octets);
    REQUIRE(parsed.message);
    return *parsed.message;
}

// `read` of the message, or that it is malformed (README 3.6, row 1).
template <class Read>
auto read_message(const Bytes& octets, Read read) -> decltype(read(dns::Message())) {
    dns::ParseOutcome parsed = dns::parse_message(octets);
    if (!parsed.message) return malformed(parsed.failure.reason);
    return read(*parsed.message);
}

// Whether it has nothing but the question and the option, as we write it.
bool is_plain_request(const dns::Message& message) {
    return !message.header.is_response && message.header.is_authoritative &&
           !message.header.is_truncated && message.edns->options.size() == 1 &&
           message.answers.empty() && message.authority.empty() && message.additional.empty();
}

std::string sig0_verdict(const Bytes& octets, const std::vector<Bytes>& keys, Instant now,
                         const Bytes& request) {
    const dns::ParseOutcome parsed = dns::parse_message(octets);
    if (!parsed.message) return "malformed";
    const auto claim = crypto::read_sig0(*parsed.message);
    std::optional<crypto::Sig0Fault> fault = crypto::Sig0Fault::missing;
    if (claim) fault = crypto::check_sig0(*claim, now);
    if (claim && !fault) fault = crypto::verify_sig0(octets, *claim, keys, request);
    return fault ? std::string(crypto::to_text(*fault)) : "verified";
}

std::vector<std::string> base64_of(const dns::RRset& rrset) {
    std::vector<std::string> texts;
    for (const Bytes& rdata : rrset.rdatas) texts.push_back(to_base64(rdata));
    return texts;
}

}  // namespace

TEST_CASE("options are read and written as the vectors say (README 2)") {
    for (const Json& vector : read_vectors("option.json")) {
        INFO(text_at(vector, "name"));
        const Bytes option = hex_at(vector, "option");
        auto decoded = decode_option(option, purpose_at(vector), defaults);
        CHECK(verdict_of(decoded) == text_at(vector, "verdict"));
        if (!decoded || !vector.contains("json")) continue;
        decoded->message.zone = zone;
        CHECK(decoded->message.operation == operation_at(vector));
        CHECK(texts_of(decoded->notes) == vector.at("notes").get<std::vector<std::string>>());
        CHECK(to_hex(encode_option(decoded->message, defaults)) ==
              to_hex(hex_at(vector, "canonical")));
        check_same(Json::parse(encode_json(decoded->message)), vector.at("json"));

        // DNS to JSON to DNS changes nothing.
        const auto again = decode_json(encode_json(decoded->message), decoded->message.operation,
                                       purpose_at(vector));
        REQUIRE(again.has_value());
        CHECK(again->message == decoded->message);
        CHECK(again->notes.empty());
        CHECK(to_hex(encode_option(again->message, defaults)) ==
              to_hex(hex_at(vector, "canonical")));
    }
}

TEST_CASE("bodies are read as the vectors say (README 7.4)") {
    for (const Json& vector : read_vectors("json.json")) {
        INFO(text_at(vector, "name"));
        const auto decoded =
            decode_json(text_at(vector, "text"), operation_at(vector), purpose_at(vector));
        CHECK(status_of(decoded) == vector.at("verdict").get<int>());
        if (!decoded || !vector.contains("option")) continue;
        CHECK(texts_of(decoded->notes) == vector.at("notes").get<std::vector<std::string>>());
        CHECK(decoded->message.zone == zone);
        CHECK(to_hex(encode_option(decoded->message, defaults)) ==
              to_hex(hex_at(vector, "option")));
    }
}

TEST_CASE("messages with the option are read as the vectors say (README 2.7, 4.1)") {
    for (const Json& vector : read_vectors("message.json")) {
        INFO(text_at(vector, "name"));
        const Bytes octets = hex_at(vector, "message");
        const auto decoded = read_message(
            octets, [](const dns::Message& message) { return decode_message(message, defaults); });
        CHECK(verdict_of(decoded) == text_at(vector, "verdict"));
        if (!decoded || !vector.contains("json")) continue;
        CHECK(decoded->message.operation == operation_at(vector));
        check_same(Json::parse(encode_json(decoded->message)), vector.at("json"));
        const dns::Message message = parse(octets);
        if (!is_plain_request(message)) continue;
        dns::Message notify = make_notify(decoded->message, defaults);
        notify.header.id = message.header.id;
        CHECK(to_hex(dns::write_message(notify)) == to_hex(octets));
    }
}

TEST_CASE("contributions are read as the vectors say (README 5, 7.5)") {
    for (const Json& vector : read_vectors("contribution.json")) {
        INFO(text_at(vector, "name"));
        if (vector.contains("text")) {
            const auto read = decode_contribution(text_at(vector, "text"));
            CHECK(status_of(read) == vector.at("verdict").get<int>());
            if (!read) continue;
            const auto again = decode_contribution(encode_json(*read));
            REQUIRE(again.has_value());
            CHECK(encode_json(*again) == encode_json(*read));
            CHECK(again->epoch == read->epoch);
            continue;
        }
        const dns::Name name =
            contribution_name(zone, name_of(text_at(vector, "identity"))).value();
        const dns::Type type = dns::type_from_text(text_at(vector, "type")).value();
        const auto read = read_message(hex_at(vector, "answer"), [&](const dns::Message& answer) {
            return read_contribution_answer(answer, name, zone, type);
        });
        CHECK(verdict_of(read) == text_at(vector, "verdict"));
        if (!read || !vector.contains("ttl")) continue;
        CHECK(read->ttl == vector.at("ttl").get<std::uint32_t>());
        CHECK(base64_of(*read) == vector.at("rdata").get<std::vector<std::string>>());
        CHECK(read->owner == zone);
    }
}

TEST_CASE("instructions are read as the vectors say, and alike in both forms (README 6, 7.6)") {
    for (const Json& vector : read_vectors("instruction.json")) {
        INFO(text_at(vector, "name"));
        std::string over_dns, over_rest;
        if (vector.contains("update")) {
            const Bytes octets = hex_at(vector, "update");
            const auto decoded = read_message(octets, [](const dns::Message& update) {
                return decode_instruction(update, defaults);
            });
            CHECK(verdict_of(decoded) == text_at(vector, "verdict"));
            if (decoded) {
                over_dns = encode_json(decoded->instruction);
                const Bytes made =
                    dns::write_message(make_instruction(decoded->instruction, defaults));
                const auto again = decode_instruction(parse(made), defaults);
                REQUIRE(again.has_value());
                CHECK(encode_json(again->instruction) == over_dns);
            }
        }
        if (vector.contains("text")) {
            const auto decoded = decode_instruction(text_at(vector, "text"));
            CHECK(status_of(decoded) == vector.at("status").get<int>());
            if (decoded) over_rest = encode_json(decoded->instruction);
        }
        if (vector.contains("update") && vector.contains("text")) CHECK(over_dns == over_rest);
    }
}

TEST_CASE("signatures are verified as the vectors say, and made again (README 3)") {
    for (const Json& vector : read_vectors("sig0.json")) {
        INFO(text_at(vector, "name"));
        const Bytes octets = hex_at(vector, "message");
        const Bytes request = hex_at(vector, "request");
        const Instant now{std::chrono::seconds(vector.at("now").get<std::int64_t>())};
        std::vector<Bytes> keys;
        for (const Json& key : vector.at("keys")) {
            keys.push_back(from_base64(key.get<std::string>()).value());
        }
        CHECK(sig0_verdict(octets, keys, now, request) == text_at(vector, "verdict"));

        if (!vector.contains("private")) continue;
        const auto key = crypto::Sig0Key::from_private(name_of(text_at(vector, "signer")),
                                                       crypto::Sig0Algorithm::ed25519,
                                                       Secret(hex_at(vector, "private")));
        REQUIRE(key.has_value());
        const auto claim = crypto::read_sig0(parse(octets));
        REQUIRE(claim.has_value());
        CHECK(key->key_rdata() == keys.front());
        Bytes made(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(claim->offset));
        made[11] = static_cast<Byte>(made[11] - 1);
        key->sign(made, now, request);
        CHECK(to_hex(made) == to_hex(octets));
        CHECK(made.size() == claim->offset + key->overhead());
    }
}

TEST_CASE("digests are computed as the vectors say (README 8)") {
    for (const Json& vector : read_vectors("roster.json")) {
        INFO(text_at(vector, "name"));
        std::vector<RosterEntry> entries;
        for (const Json& record : vector.at("records")) {
            entries.push_back(
                {record.at(0).get<std::uint8_t>(), name_of(record.at(1).get<std::string>())});
        }
        CHECK(to_hex(roster_hash(entries)) == to_hex(hex_at(vector, "digest")));
        std::reverse(entries.begin(), entries.end());
        CHECK(to_hex(roster_hash(entries)) == to_hex(hex_at(vector, "digest")));
    }
    for (const Json& vector : read_vectors("contribution_digest.json")) {
        INFO(text_at(vector, "name"));
        const auto octets_at = [&](const char* member) {
            std::vector<Bytes> listed;
            for (const Json& rdata : vector.at(member)) {
                listed.push_back(from_base64(rdata.get<std::string>()).value());
            }
            return listed;
        };
        std::vector<dns::Name> name_servers;
        for (const Json& name : vector.at("name_servers")) {
            name_servers.push_back(name_of(name.get<std::string>()));
        }
        CHECK(to_hex(contribution_hash(octets_at("keys"), octets_at("entry_keys"), name_servers)) ==
              to_hex(hex_at(vector, "digest")));
    }
}

TEST_CASE("candidates come in the order of the vectors (README 8.3)") {
    for (const Json& vector : read_vectors("election.json")) {
        INFO(text_at(vector, "name"));
        std::vector<dns::Name> candidates, order;
        for (const Json& name : vector.at("candidates")) {
            candidates.push_back(name_of(name.get<std::string>()));
        }
        for (const Json& name : vector.at("order"))
            order.push_back(name_of(name.get<std::string>()));
        const auto epoch = parse_decimal<std::uint64_t>(text_at(vector, "epoch")).value();
        CHECK(election_order(name_of(text_at(vector, "zone")), epoch, candidates) == order);
    }
}

}  // namespace chorale::proto::test
