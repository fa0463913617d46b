// What the tests of this room share: records and zones made in a line, a naive
// model of a zone to compare with, random zones, and messages made by hand.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/dns/rdata.hpp"
#include "common/dns/wire.hpp"
#include "common/zone/xfr_interpreter.hpp"
#include "common/zone/xfr_packer.hpp"
#include "common/zone/zone_builder.hpp"
#include "tests/support/catch.hpp"

namespace chorale::zone::test {

using dns::Class;
using dns::Name;
using dns::Record;
using dns::RecordView;
using dns::Type;

inline const std::vector<Type> head_types = {Type::SOA, Type::NS,      Type::DNSKEY,
                                             Type::CDS, Type::CDNSKEY, Type::CSYNC};

inline Name name(std::string_view text) { return Name::from_text(text).value(); }

inline const Name& apex() {
    static const Name made = name("zone.example.");
    return made;
}

inline Record record(std::string_view owner, Type type, Bytes rdata, std::uint32_t ttl = 3600) {
    return {name(owner), type, Class::IN, ttl, std::move(rdata)};
}

inline Record a(std::string_view owner, std::uint32_t address, std::uint32_t ttl = 3600) {
    Bytes rdata;
    dns::WireWriter(rdata).u32(address);
    return record(owner, Type::A, std::move(rdata), ttl);
}

inline Bytes string_rdata(std::string_view text) {
    Bytes rdata;
    do {
        const std::string_view part = text.substr(0, 255);
        rdata.push_back(static_cast<Byte>(part.size()));
        append(rdata, as_bytes(part));
        text.remove_prefix(part.size());
    } while (!text.empty());
    return rdata;
}

inline Record txt(std::string_view owner, std::string_view text, std::uint32_t ttl = 3600) {
    return record(owner, Type::TXT, string_rdata(text), ttl);
}

// NS, CNAME, DNAME, PTR.
inline Record refer(std::string_view owner, Type type, std::string_view target,
                    std::uint32_t ttl = 3600) {
    return record(owner, type, to_bytes(name(target).wire()), ttl);
}

inline Record mx(std::string_view owner, std::uint16_t preference, std::string_view target) {
    Bytes rdata;
    dns::WireWriter writer(rdata);
    writer.u16(preference);
    writer.name(name(target));
    return record(owner, Type::MX, std::move(rdata));
}

inline Record soa(Serial serial, std::string_view owner = "zone.example.",
                  std::string_view primary = "ns.zone.example.") {
    Bytes rdata;
    dns::WireWriter writer(rdata);
    writer.name(name(primary));
    writer.name(name("hostmaster.zone.example."));
    for (const std::uint32_t value : {serial, 7200U, 900U, 1209600U, 300U}) writer.u32(value);
    return record(owner, Type::SOA, std::move(rdata), 7200);
}

// A zone as a plain ordered map, by another order function than that of the room.
class NaiveZone {
public:
    using Key = std::tuple<Bytes, std::uint16_t, Bytes>;

    static Key key_of(const RecordView& view) {
        Key key;
        dns::append_canonical_key(view.owner, std::get<0>(key));
        std::get<1>(key) = std::uint16_t(view.type);
        dns::append_canonical_rdata(view.type, view.rdata, std::get<2>(key));
        return key;
    }
    static bool is_head(const RecordView& view) {
        return view.owner == apex() && std::ranges::find(head_types, view.type) != head_types.end();
    }

    // False, and no change, if it is there.
    bool insert(Record added) {
        if (is_head(added.view())) {
            added.owner = apex();  // the head has one owner and one TTL for an RRset
            const auto sibling = std::ranges::find_if(records_, [&](const auto& entry) {
                return is_head(entry.second.view()) && entry.second.type == added.type;
            });
            if (sibling != records_.end()) added.ttl = sibling->second.ttl;
        }
        const Key key = key_of(added.view());
        if (added.type == Type::SOA) soa_ = key;
        return records_.emplace(key, std::move(added)).second;
    }
    bool erase(const RecordView& view) { return records_.erase(key_of(view)) == 1; }
    const Record* find(const RecordView& view) const {
        const auto found = records_.find(key_of(view));
        return found == records_.end() ? nullptr : &found->second;
    }
    void set_soa(const Record& changed) {
        if (soa_) records_.erase(*soa_);
        soa_ = key_of(changed.view());
        records_.emplace(*soa_, changed);
    }
    const std::map<Key, Record>& records() const { return records_; }
    std::size_t size() const { return records_.size(); }

    std::vector<Record> list() const {
        std::vector<Record> all;
        for (const auto& [key, one] : records_) all.push_back(one);
        return all;
    }

private:
    std::map<Key, Record> records_;
    std::optional<Key> soa_;
};

// Where two zones differ, in words; empty if they do not. TTL and case count.
inline std::string difference(const NaiveZone& expected, const ZoneSnapshot& zone) {
    std::size_t count = 0;
    std::string found;
    Record previous;
    bool is_body = false;
    zone.for_each([&](const RecordView& view) {
        ++count;
        const std::string text = view.owner.to_text() + ' ' + to_text(view.type) + ' ' +
                                 dns::rdata_to_text(view.type, view.rdata);
        const Record* same = expected.find(view);
        if (!same) {
            found = "unexpected: " + text;
        } else if (!is_identical(same->view(), view)) {
            found = "other TTL or case: " + text;
        }
        if (NaiveZone::is_head(view)) return;
        if (is_body && !(NaiveZone::key_of(previous.view()) < NaiveZone::key_of(view))) {
            found = "out of order: " + text;
        }
        is_body = true;
        previous = to_record(view);
    });
    if (found.empty() && count != expected.size()) {
        found = std::to_string(count) + " records, expected " + std::to_string(expected.size());
    }
    if (found.empty() && zone.record_count() != count) found = "record_count() is wrong";
    return found;
}

inline NaiveZone to_naive(const ZoneSnapshot& zone) {
    NaiveZone naive;
    zone.for_each([&](const RecordView& view) { naive.insert(to_record(view)); });
    return naive;
}

inline Result<ZoneSnapshot> build(const std::vector<Record>& records, ChunkIds& ids,
                                  const ZoneLimits& limits = {}) {
    ZoneBuilder builder(apex(), head_types, ids, limits);
    for (const Record& one : records) {
        const auto added = builder.add(one.view());
        if (!added) return added.error();
    }
    return builder.finish();
}

inline ZoneSnapshot built(const std::vector<Record>& records, ChunkIds& ids) {
    auto zone = build(records, ids);
    INFO((zone ? std::string() : zone.error().message()));
    REQUIRE(zone.has_value());
    return std::move(*zone);
}

inline std::string message_of(const Result<ZoneSnapshot>& result) {
    return result ? std::string() : result.error().message();
}

// One answer message with the records, made by hand.
inline Bytes answer(const std::vector<Record>& records, std::uint16_t id = 7,
                    std::optional<dns::Question> question = std::nullopt, unsigned rcode = 0) {
    Bytes octets;
    dns::WireWriter writer(octets);
    dns::Header header;
    header.id = id;
    header.is_response = true;
    header.rcode = static_cast<std::uint8_t>(rcode);
    header.question_count = question ? 1 : 0;
    header.answer_count = static_cast<std::uint16_t>(records.size());
    header.write(writer);
    dns::RecordWriter record_writer(octets);
    if (question) record_writer.question(*question);
    for (const Record& one : records) record_writer.record(one.view());
    return octets;
}

inline Bytes joined(const TransferMessage& message) {
    Bytes octets = message.head;
    append(octets, message.body);
    return octets;
}

template <class Packer>
std::vector<Bytes> packed(Packer packer) {
    std::vector<Bytes> messages;
    TransferMessage message;
    while (packer.next(message)) messages.push_back(joined(message));
    return messages;
}

inline TransferQuery query(Type type, std::uint16_t id = 7) {
    TransferQuery made;
    made.id = id;
    made.question = {apex(), type, Class::IN};
    return made;
}

// Keeps what an interpreter tells: a whole zone, deltas, or both in a wrong order.
class CollectingSink : public TransferSink {
public:
    Result<void> begin_zone(const RecordView& first) override {
        ++zones;
        records.push_back(to_record(first));
        return success();
    }
    Result<void> add(const RecordView& one) override {
        records.push_back(to_record(one));
        return success();
    }
    Result<void> add_delta(ZoneDelta delta) override {
        deltas.push_back(std::move(delta));
        return success();
    }
    int zones = 0;
    std::vector<Record> records;
    std::vector<ZoneDelta> deltas;
};

// Random zones: few labels, so that owners meet; case that varies; all kinds of
// records that the room treats differently.
class RandomZones {
public:
    explicit RandomZones(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }
    bool one_in(std::size_t n) { return below(n) == 0; }

    // `owners`: about how many different owners there are to choose from.
    Record any_record(std::size_t owners) {
        if (one_in(12)) return apex_record();
        Record made;
        made.ttl = one_in(10) ? 60 : 3600;
        std::size_t kind = below(100);
        const std::size_t number = below(owners);
        std::string label = "n" + std::to_string(number);
        if (number % 7 == 3) label += ".deep.er";
        if (number % 11 == 5) label = "\\000" + label + "\\.\\255";
        if (number % 5 == 1) {
            // Owners with CNAME have nothing else.
            made.type = Type::CNAME;
            made.owner = name(vary(label) + ".zone.example.");
            made.rdata = to_bytes(name("target.zone.example.").wire());
            return made;
        }
        made.owner = name(vary(label) + ".zone.example.");
        if (kind < 40) {
            made.type = Type::A;
            dns::WireWriter(made.rdata).u32(static_cast<std::uint32_t>(0x0a000000 + below(4)));
        } else if (kind < 55) {
            made.type = Type::NS;
            made.rdata =
                to_bytes(name(vary("ns" + std::to_string(below(3))) + ".zone.example.").wire());
        } else if (kind < 65) {
            made.type = Type::MX;
            dns::WireWriter writer(made.rdata);
            writer.u16(static_cast<std::uint16_t>(below(3)));
            writer.name(name(vary("mail") + ".zone.example."));
        } else if (kind < 90) {
            made.type = Type::TXT;
            made.rdata = string_rdata(std::string(below(one_in(8) ? 900 : 30), 't') +
                                      std::to_string(below(5)));
        } else if (kind < 95) {
            made.type = Type(65280);
            for (std::size_t i = below(20); i > 0; --i) {
                made.rdata.push_back(static_cast<Byte>(below(3)));
            }
        } else {
            made.type = Type::SRV;
            dns::WireWriter writer(made.rdata);
            for (int i = 0; i < 3; ++i) writer.u16(static_cast<std::uint16_t>(below(2)));
            writer.name(name(vary("host") + ".zone.example."));
        }
        return made;
    }

    NaiveZone zone(std::size_t records, Serial serial) {
        NaiveZone made;
        made.set_soa(soa(serial));
        for (std::size_t i = 0; i < records; ++i) made.insert(any_record(records + 3));
        return made;
    }

    // A zone that came of another: removals, additions, other TTLs, other case.
    NaiveZone changed(const NaiveZone& before, std::size_t changes, Serial serial) {
        NaiveZone after = before;
        after.set_soa(soa(serial));
        for (std::size_t i = 0; i < changes; ++i) {
            const std::size_t kind = below(10);
            if (kind < 4 || after.size() < 2) {
                after.insert(any_record(before.size() + 3));
                continue;
            }
            auto chosen = after.records().begin();
            std::advance(chosen, static_cast<std::ptrdiff_t>(below(after.size())));
            Record one = chosen->second;
            if (one.type == Type::SOA) continue;
            const bool is_in_head = NaiveZone::is_head(one.view());
            after.erase(one.view());
            if (kind < 7) continue;
            if (kind == 7 && !is_in_head) one.ttl += 1;
            if (kind == 8 && !is_in_head) one.owner = name(vary(one.owner.to_text()));
            after.insert(one);
        }
        // Another TTL for a whole RRset of the head.
        if (one_in(5)) {
            std::vector<Record> keys;
            for (const auto& [key, one] : after.records()) {
                if (one.type == Type::DNSKEY && one.owner == apex()) keys.push_back(one);
            }
            for (const Record& one : keys) after.erase(one.view());
            for (Record& one : keys) {
                one.ttl += 5;
                after.insert(one);
            }
        }
        return after;
    }

    std::string vary(std::string text) {
        if (!one_in(6)) return text;
        bool is_escaped = false;
        for (char& character : text) {
            const bool is_small = character >= 'a' && character <= 'z';
            if (is_small && !is_escaped && one_in(2)) character = static_cast<char>(character - 32);
            is_escaped = character == '\\';
        }
        return text;
    }

    template <class Range>
    void shuffle(Range& range) {
        std::shuffle(range.begin(), range.end(), random_);
    }

private:
    Record apex_record() {
        Record made;
        made.owner = name(vary("zone.example."));
        made.ttl = 1800;
        switch (below(4)) {
            case 0:
                made.type = Type::NS;
                made.rdata =
                    to_bytes(name("ns" + std::to_string(below(4)) + ".zone.example.").wire());
                break;
            case 1: {
                made.type = Type::DNSKEY;
                dns::WireWriter writer(made.rdata);
                writer.u16(256);
                writer.u8(3);
                writer.u8(15);
                for (int i = 0; i < 32; ++i) writer.u8(static_cast<Byte>(i == 0 ? below(6) : 0));
                break;
            }
            case 2:
                made.type = Type::TXT;  // at the apex, but not in the head
                made.rdata = string_rdata("apex" + std::to_string(below(4)));
                break;
            default:
                made.type = Type::CDS;
                dns::WireWriter writer(made.rdata);
                writer.u16(static_cast<std::uint16_t>(below(5)));
                writer.u8(15);
                writer.u8(2);
                for (int i = 0; i < 32; ++i) writer.u8(1);
                break;
        }
        return made;
    }

    std::mt19937_64 random_;
};

}  // namespace chorale::zone::test
