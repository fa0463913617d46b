// What the machine says of a zone, through both codecs and back (proto/README.md 4.4).
#include "msa/core/announcement.hpp"

#include "proto/edns_codec.hpp"
#include "proto/json_codec.hpp"
#include "tests/support/catch.hpp"

namespace chorale::msa::test {
namespace {

const proto::CodePoints code_points;

dns::Name name(std::string_view text) { return dns::Name::from_text(text).value(); }

Digest digest(std::uint8_t octet) {
    Digest digest;
    digest.fill(octet);
    return digest;
}

Announcement rich() {
    Announcement said;
    said.roster = digest(1);
    said.epoch = 0xfedcba9876543210;
    said.rungs = {{ProcessKind::join, name("msa.a.example."), Rung::IN, RungStatus::done},
                  {ProcessKind::leave, name("msa.b.example."), Rung::NS_GONE, RungStatus::holding},
                  {ProcessKind::setup, name("msa.c.example."), Rung::DS, RungStatus::blocked},
                  {ProcessKind::join, name("msa.d.example."), Rung::OUT, RungStatus::meeting}};
    said.hold_end = Instant(std::chrono::seconds(1800000000));
    said.contribution = digest(2);
    said.dnskey_ttl = 3600;
    said.ns_ttl = 7200;
    said.largest_ttl = 0xffffffff;
    said.serial = 0x80000001;
    said.is_recovering = true;
    said.echo = {0xffffffffffffffff, 5};
    said.term = 7;
    said.leader = name("msa.a.example.");
    return said;
}

// The message after each of both codecs.
std::vector<proto::PeerMessage> sent(const proto::PeerMessage& message) {
    const auto over_dns =
        proto::decode_message(proto::make_notify(message, code_points), code_points);
    const auto over_rest = proto::decode_json(proto::encode_json(message), proto::Operation::state,
                                              proto::Purpose::request);
    REQUIRE(over_dns.has_value());
    REQUIRE(over_rest.has_value());
    CHECK(over_dns->notes.empty());
    CHECK(over_rest->notes.empty());
    return {over_dns->message, over_rest->message};
}

void check_arrives(const Announcement& said, const Announcement& heard) {
    const proto::PeerMessage message = to_message(said, name("zone.example."));
    CHECK(message.operation == proto::Operation::state);
    CHECK(message.zone == name("zone.example."));
    for (const proto::PeerMessage& arrived : sent(message)) {
        CHECK(arrived == message);
        const auto read = to_announcement(arrived);
        REQUIRE(read.has_value());
        CHECK(*read == heard);
    }
}

}  // namespace

TEST_CASE("An announcement arrives as it was said, over DNS and over REST") {
    check_arrives(rich(), rich());
    check_arrives(Announcement{}, Announcement{});
}

TEST_CASE("Each fact of an announcement arrives alone") {
    const std::vector<void (*)(Announcement&)> facts = {
        [](Announcement& it) { it.roster = digest(1); },
        [](Announcement& it) { it.epoch = 1; },
        [](Announcement& it) {
            it.rungs = {{ProcessKind::csk_roll, name("."), Rung::KEYS, RungStatus::working}};
        },
        [](Announcement& it) { it.hold_end = Instant(std::chrono::seconds(1)); },
        [](Announcement& it) { it.contribution = digest(1); },
        [](Announcement& it) { it.dnskey_ttl = 1; },
        [](Announcement& it) { it.ns_ttl = 1; },
        [](Announcement& it) { it.largest_ttl = 1; },
        [](Announcement& it) { it.serial = 1; },
        [](Announcement& it) { it.is_recovering = true; },
        [](Announcement& it) { it.echo.epoch = 1; },
        [](Announcement& it) { it.echo.steps = 1; },
        [](Announcement& it) { it.term = 1; },
        [](Announcement& it) { it.term = 1, it.leader = name("msa.a.example."); }};
    for (const auto fact : facts) {
        Announcement said;
        fact(said);
        CHECK(said != Announcement{});
        check_arrives(said, said);
    }
}

TEST_CASE("What cannot be written becomes what is nearest, and never an earlier end of a hold") {
    Announcement said, heard;
    const auto in_milliseconds = [](std::int64_t count) { return Instant(Duration(count)); };
    said.hold_end = in_milliseconds(1800000000001);
    heard.hold_end = in_milliseconds(1800000001000);
    check_arrives(said, heard);
    said.hold_end = in_milliseconds(-5);
    heard.hold_end = in_milliseconds(1000);
    check_arrives(said, heard);
    said.hold_end = in_milliseconds(0);
    check_arrives(said, heard);
    said.hold_end = Instant(proto::latest_hold_end) + std::chrono::hours(24);
    heard.hold_end = proto::latest_hold_end;
    check_arrives(said, heard);

    said = heard = Announcement{};
    said.leader = name("msa.a.example.");
    check_arrives(said, heard);

    said = heard = Announcement{};
    for (int at = 0; at < 20; ++at)
        said.rungs.push_back({ProcessKind::join, name("msa" + std::to_string(at) + "."), Rung::IN,
                              RungStatus::done});
    heard.rungs.assign(said.rungs.begin(), said.rungs.begin() + proto::most_rungs);
    check_arrives(said, heard);
}

TEST_CASE("A message without a fact that a wait depends on is no announcement") {
    const proto::PeerMessage whole = to_message(rich(), name("zone.example."));
    const auto fault_of = [&](auto change) {
        proto::PeerMessage message = whole;
        change(message);
        const auto read = to_announcement(message);
        REQUIRE(read.has_error());
        CHECK(read.error().kind() == ErrorKind::malformed);
        return read.error().message();
    };
    using proto::PeerMessage;
    CHECK(fault_of([](PeerMessage& it) { it.roster.reset(); }) ==
          "an announcement without the roster's hash");
    CHECK(fault_of([](PeerMessage& it) { it.epoch.reset(); }) ==
          "an announcement without an epoch");
    CHECK(fault_of([](PeerMessage& it) { it.contribution.reset(); }) ==
          "an announcement without the contribution's hash");
    CHECK(fault_of([](PeerMessage& it) { it.evidence.reset(); }) ==
          "an announcement without evidence");
    for (const auto operation :
         {proto::Operation::hello, proto::Operation::heartbeat, proto::Operation::elect})
        CHECK(fault_of([operation](PeerMessage& it) { it.operation = operation; }) ==
              "an announcement with another operation than STATE");
}

TEST_CASE("Other facts may be missing from an announcement") {
    proto::PeerMessage message = to_message(rich(), name("zone.example."));
    message.rungs.clear();
    message.term.reset();
    message.echo.reset();
    message.is_recovering = false;
    Announcement expected = rich();
    expected.rungs.clear();
    expected.term = 0;
    expected.leader.reset();
    expected.echo = {};
    expected.is_recovering = false;
    CHECK(to_announcement(message).value() == expected);
    // What is not of an announcement does not matter.
    message.sequence = proto::Sequence{1, 2};
    message.identity = name("msa.x.example.");
    message.interval = std::chrono::seconds(5);
    message.reason = "because";
    message.vote = proto::Vote{true, 9};
    message.changed = dns::Type::DNSKEY;
    CHECK(to_announcement(message).value() == expected);
}

}  // namespace chorale::msa::test
