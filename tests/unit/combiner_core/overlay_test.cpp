// The owner's zone and the agent's overlay become one.
#include "combiner/core/overlay.hpp"

#include "common/crypto/dnskey.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/combiner_core/lab.hpp"

namespace chorale::combiner {
namespace {

using dns::Type;

const std::string owner_text = R"(
@ 3600 IN SOA ns.zone.example. admin.zone.example. 7 3600 600 86400 300
@ 3600 IN NS ns.owner.example.
www 300 IN A 192.0.2.1
)";
const std::string key_text =
    "@ 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=";

TEST_CASE("Combined: the overlay's RRsets stand in the place of the owner's") {
    const auto owner = lab::snapshot(owner_text);
    const auto bare = combine(owner, {}, 42).value();
    CHECK(bare.serial() == 42);
    CHECK(lab::text_of(bare.find_in_head(Type::NS)) == "ns.owner.example.");
    CHECK(bare.find_in_head(Type::DNSKEY) == nullptr);

    const auto overlay = lab::overlay(
        {lab::rrset({"@ 60 IN NS a.example.", "@ 60 IN NS b.example."}), lab::rrset({key_text})});
    const auto combined = combine(owner, overlay, 43).value();
    CHECK(lab::text_of(combined.find_in_head(Type::NS)) == "a.example. | b.example.");
    CHECK(combined.find_in_head(Type::NS)->ttl == 60);
    CHECK(combined.find_in_head(Type::DNSKEY)->rdatas.size() == 1);
    // The body is shared, not copied.
    CHECK(combined.shared_body() == owner.shared_body());
    // Everything of the SOA but its serial is the owner's.
    CHECK(dns::with_soa_serial(combined.soa().rdatas[0], 7) == owner.soa().rdatas[0]);
}

TEST_CASE("Combined: a zone without NS is no zone, unless the agent gives NS") {
    const auto owner = lab::snapshot("@ 60 IN SOA ns. admin. 7 3600 600 86400 300\n");
    CHECK(combine(owner, {}, 8).error().kind() == ErrorKind::conflict);
    CHECK(combine(owner, lab::overlay({lab::rrset({"@ 60 IN NS a.example."})}), 8).has_value());
}

TEST_CASE("Observed: CDS and CDNSKEY whose key is not in DNSKEY") {
    const auto owner = lab::snapshot(owner_text);
    const dns::Record key = lab::record(key_text);
    dns::RRset cds{lab::apex, Type::CDS, 60, {}};
    zone::insert_rdata(cds, crypto::make_ds(lab::apex, key.rdata, 2));
    dns::RRset cdnskey{lab::apex, Type::CDNSKEY, 60, {key.rdata}};
    const dns::RRset keys = lab::rrset({key_text});

    CHECK(observe_combined(combine(owner, lab::overlay({keys, cds, cdnskey}), 8).value()).empty());
    const auto texts = observe_combined(combine(owner, lab::overlay({cds, cdnskey}), 8).value());
    REQUIRE(texts.size() == 2);
    const std::string tag = std::to_string(crypto::key_tag(key.rdata));
    CHECK(texts[0].find("CDS names a key with tag " + tag) == 0);
    CHECK(texts[1].find("CDNSKEY names a key with tag " + tag) == 0);
    // RFC 8078 4: the delete sentinels name no key.
    const auto sentinels = lab::overlay(
        {lab::rrset({"@ 60 IN CDS 0 0 0 00"}), lab::rrset({"@ 60 IN CDNSKEY 0 3 0 AA=="})});
    CHECK(observe_combined(combine(owner, sentinels, 8).value()).empty());
}

TEST_CASE("Policy: controlled types at the apex, and all of them at once") {
    struct Row {
        const char* owner;
        Type type;
        dns::Class klass;
        bool is_allowed;
    };
    const Row rows[] = {
        {"zone.example.", Type::NS, dns::Class::IN, true},
        {"ZONE.example.", Type::DNSKEY, dns::Class::ANY, true},
        {"zone.example.", Type::CDS, dns::Class::NONE, true},
        {"zone.example.", Type::CDNSKEY, dns::Class::NONE, true},
        {"zone.example.", Type::CSYNC, dns::Class::IN, true},
        {"zone.example.", Type::ANY, dns::Class::ANY, true},
        {"zone.example.", Type::SOA, dns::Class::IN, false},
        {"zone.example.", Type::A, dns::Class::IN, false},
        {"zone.example.", Type::MSIGNER, dns::Class::IN, false},
        {"zone.example.", Type(65280), dns::Class::NONE, false},
        {"www.zone.example.", Type::NS, dns::Class::IN, false},
        {"www.zone.example.", Type::ANY, dns::Class::ANY, false},
    };
    for (const Row& row : rows) {
        dns::Message update;
        update.authority.push_back(
            {dns::Name::from_text(row.owner).value(), row.type, row.klass, 0, {}});
        CAPTURE(row.owner, to_text(row.type));
        const auto refusal = check_update_policy(update, lab::apex);
        CHECK(refusal.is_refusal() == !row.is_allowed);
        if (refusal.is_refusal()) CHECK(refusal.rcode == dns::Rcode::REFUSED);
    }
}

TEST_CASE(
    "Policy: an added key has the size of its algorithm (RFC 6605 4, RFC 8080 3, RFC 3110 2)") {
    const auto refusal_of = [](dns::Class klass, Bytes rdata) {
        dns::Message update;
        update.authority.push_back({lab::apex, Type::DNSKEY, klass, 60, std::move(rdata)});
        return check_update_policy(update, lab::apex).rcode;
    };
    const Bytes good = lab::record(key_text).rdata;
    CHECK(refusal_of(dns::Class::IN, good) == dns::Rcode::NOERROR);
    Bytes cut = good;
    cut.pop_back();
    CHECK(refusal_of(dns::Class::IN, cut) == dns::Rcode::FORMERR);
    // What lies there from before may go.
    CHECK(refusal_of(dns::Class::NONE, cut) == dns::Rcode::NOERROR);
    CHECK(refusal_of(dns::Class::IN, {1, 1, 3, 8, 3, 1, 0, 1}) == dns::Rcode::FORMERR);
    CHECK(refusal_of(dns::Class::IN, {1, 1, 3, 8, 3, 1, 0, 1, 0xff}) == dns::Rcode::NOERROR);
}

TEST_CASE("Changes of an update: what is not controlled stays the owner's") {
    const Instant now = from_unix_milliseconds(5000);
    const Overlay before = lab::overlay({lab::rrset({key_text})});
    const dns::RRset gone{lab::apex, Type::DNSKEY, 0, {}};
    const dns::RRset text{lab::apex, Type::TXT, 0, {}};
    const Overlay after =
        with_changes(before, {gone, text, lab::rrset({"@ 60 IN NS a.example."})}, "msa-2", now);
    CHECK(after.size() == 1);
    CHECK(after.at(Type::NS).updated_by == "msa-2");
    CHECK(after.at(Type::NS).updated_at == now);
}

TEST_CASE("Kept from the owner: everything but what signers and agents make") {
    struct Row {
        const char* owner;
        Type type;
        bool is_kept;
    };
    const Row rows[] = {
        {"zone.example.", Type::NS, true},         {"zone.example.", Type::DNSKEY, false},
        {"zone.example.", Type::CDS, false},       {"Zone.Example.", Type::CDNSKEY, false},
        {"zone.example.", Type::CSYNC, false},     {"zone.example.", Type::ZONEMD, false},
        {"zone.example.", Type::MSIGNER, true},    {"zone.example.", Type::NSEC3PARAM, false},
        {"www.zone.example.", Type::DNSKEY, true}, {"www.zone.example.", Type::RRSIG, false},
        {"www.zone.example.", Type::NSEC, false},  {"www.zone.example.", Type::NSEC3, false},
        {"www.zone.example.", Type::DS, true},     {"www.zone.example.", Type(65280), true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.owner, to_text(row.type));
        CHECK(is_kept_from_owner(*dns::Name::from_text(row.owner), row.type, lab::apex) ==
              row.is_kept);
    }
}

TEST_CASE("Kept from the owner: counts follow a delta") {
    zone::ZoneDelta delta;
    const auto rrsig =
        lab::record("www 60 IN TYPE46 \\# 24 000105030000003c000000000000000000010000aabbccdd");
    delta.removed.add(rrsig.view());
    delta.added.add(lab::record("@ 60 IN CDS 0 0 0 00").view());
    delta.added.add(lab::record("www 60 IN A 192.0.2.7").view());
    DroppedCounts dropped{{Type::RRSIG, 1}};
    const auto kept = keep_from_owner(delta, lab::apex, dropped);
    CHECK(kept.removed.empty());
    CHECK(kept.added.size() == 1);
    CHECK(dropped == DroppedCounts{{Type::CDS, 1}});
}

}  // namespace
}  // namespace chorale::combiner
