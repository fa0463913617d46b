// Deltas from a hostile primary on a zone that we have (RFC 1995): what is taken
// does what a plain map does, and its effective delta is what changed. Input:
// messages, each behind its length in two octets.
#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "common/dns/rdata.hpp"
#include "common/zone/xfr_interpreter.hpp"
#include "common/zone/xfr_packer.hpp"
#include "common/zone/zone_builder.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace chorale;
using Progress = zone::XfrInterpreter::Progress;

constexpr std::uint16_t transfer_id = 7;
constexpr std::size_t no_bound = std::size_t{1} << 30;
const dns::Name apex = dns::Name::from_text("zone.example.").value();
const std::vector<dns::Type> head_types = {dns::Type::SOA, dns::Type::NS};

// Owner, type and RDATA in canonical form; the TTL is looked at separately.
using Key = std::tuple<Bytes, std::uint16_t, Bytes>;
using Model = std::map<Key, std::uint32_t>;

Key key_of(const dns::RecordView& record) {
    Key key;
    dns::append_lower(record.owner, std::get<0>(key));
    std::get<1>(key) = std::uint16_t(record.type);
    dns::append_canonical_rdata(record.type, record.rdata, std::get<2>(key));
    return key;
}

Model model_of(const zone::ZoneSnapshot& zone) {
    Model model;
    zone.for_each([&](const dns::RecordView& record) {
        if (record.type == dns::Type::SOA) return;
        require(model.emplace(key_of(record), record.ttl).second, "no record is there twice");
    });
    return model;
}

// False when something is removed that is not there.
bool apply_to(Model& model, const zone::ZoneDelta& delta) {
    bool is_good = true;
    delta.removed.for_each([&](const dns::RecordView& record) {
        is_good = model.erase(key_of(record)) == 1 && is_good;
    });
    delta.added.for_each(
        [&](const dns::RecordView& record) { model.emplace(key_of(record), record.ttl); });
    return is_good;
}

bool are_same(const Model& a, const Model& b) {
    // An RRset of the head has one TTL, whatever its records came with.
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
        const bool may_differ = std::get<1>(x.first) == std::uint16_t(dns::Type::NS);
        return x.first == y.first && (may_differ || x.second == y.second);
    });
}

dns::Record record(std::string_view owner, dns::Type type, Bytes rdata) {
    return {dns::Name::from_text(owner, apex).value(), type, dns::Class::IN, 3600,
            std::move(rdata)};
}

// Serial 3; several chunks, an owner that goes on over two of them, a CNAME.
zone::ZoneSnapshot make_base(zone::ChunkIds& ids) {
    const Bytes server = to_bytes(dns::Name::from_text("ns", apex).value().wire());
    Bytes soa = server;
    append(soa, server);
    dns::WireWriter writer(soa);
    for (const std::uint32_t value : {3U, 7200U, 900U, 1209600U, 300U}) writer.u32(value);
    zone::ZoneBuilder builder(apex, head_types, ids, {});
    builder.add(record("@", dns::Type::SOA, soa).view()).value();
    builder.add(record("@", dns::Type::NS, server).view()).value();
    builder.add(record("ns", dns::Type::A, {192, 0, 2, 1}).view()).value();
    builder.add(record("c", dns::Type::CNAME, server).view()).value();
    const auto text = [](Byte number, std::size_t strings) {
        Bytes rdata(strings * 256, 'x');
        for (std::size_t i = 0; i < strings; ++i) rdata[i * 256] = 255;
        rdata[1] = number;
        return rdata;
    };
    for (Byte i = 0; i < 20; ++i) {
        builder.add(record("m", dns::Type::TXT, text(i, 16)).view()).value();
    }
    for (char letter = 'a'; letter <= 'l'; ++letter) {
        builder.add(record(std::string("h") + letter, dns::Type::TXT, text(1, 8)).view()).value();
    }
    return builder.finish().value();
}

class Secondary : public zone::TransferSink {
public:
    explicit Secondary(const zone::ZoneSnapshot& zone)
        : zone_(zone), ids_(1000), model_(model_of(zone)) {}

    Result<void> begin_zone(const dns::RecordView& soa) override {
        builder_.emplace(apex, head_types, ids_, zone::ZoneLimits{});
        return builder_->add(soa);
    }
    Result<void> add(const dns::RecordView& one) override { return builder_->add(one); }

    Result<void> add_delta(zone::ZoneDelta delta) override {
        Model expected = model_;
        const bool is_good = apply_to(expected, delta);
        auto applied = apply_delta(zone_, delta, head_types, ids_, {});
        if (!applied) {
            require(!applied.error().message().empty(), "a refusal says why");
            require(are_same(model_of(zone_), model_), "what is refused changes nothing");
            return applied.error();
        }
        require(is_good, "what removes an absent record is refused");
        const Model changed = model_of(applied->zone);
        require(are_same(changed, expected), "a delta does what a map does");
        const auto exact = compute_delta(zone_, applied->zone, no_bound);
        require(exact->removed.size() == applied->effective.removed.size() &&
                    exact->added.size() == applied->effective.added.size(),
                "the effective delta is what changed");
        auto again = apply_delta(zone_, applied->effective, head_types, ids_, {});
        require(again.has_value(), "the effective delta can be applied");
        require(model_of(again->zone) == changed, "the effective delta has the same effect");
        zone_ = std::move(applied->zone);
        model_ = changed;
        return success();
    }
    Result<zone::ZoneSnapshot> finish() {
        if (builder_) return builder_->finish();
        return zone_;
    }

private:
    zone::ZoneSnapshot zone_;
    zone::ChunkIds ids_;
    Model model_;
    std::optional<zone::ZoneBuilder> builder_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    static zone::ChunkIds base_ids;
    static const zone::ZoneSnapshot base = make_base(base_ids);
    Secondary secondary(base);
    zone::XfrInterpreter interpreter(apex, transfer_id, base.serial(), {});
    BytesView left(octets, size);
    while (left.size() >= 2) {
        const std::size_t claimed = std::size_t(left[0]) << 8 | left[1];
        const std::size_t length = std::min(claimed, left.size() - 2);
        Bytes message = to_bytes(left.subspan(2, length));
        left = left.subspan(2 + length);
        // Not the point here, and hard to guess.
        if (message.size() >= 3) {
            message[0] = 0;
            message[1] = transfer_id;
            message[2] |= 0x80;
        }
        const auto fed = interpreter.feed(message, secondary);
        if (!fed) {
            require(!fed.error().message().empty(), "a refusal says why");
            return 0;
        }
        if (*fed == Progress::more) continue;
        if (*fed == Progress::complete) {
            const auto zone = secondary.finish();
            if (zone) {
                require(zone->serial() == interpreter.primary_serial(),
                        "the zone has the announced serial");
                model_of(*zone);
            }
        }
        return 0;
    }
    return 0;
}
