// A whole zone from a hostile primary (RFC 5936): what is taken is a zone in
// order, and sent on it makes the same zone again. Input: messages, each behind its
// length in two octets.
#include <algorithm>
#include <optional>

#include "common/zone/xfr_interpreter.hpp"
#include "common/zone/xfr_packer.hpp"
#include "common/zone/zone_builder.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace chorale;
using Progress = zone::XfrInterpreter::Progress;

constexpr std::uint16_t transfer_id = 7;
const dns::Name apex = dns::Name::from_text("zone.example.").value();
const std::vector<dns::Type> head_types = {dns::Type::NS, dns::Type::DNSKEY};

zone::ZoneLimits small_limits() {
    zone::ZoneLimits limits;
    limits.records = 500;
    limits.records_per_rrset = 20;
    limits.types_per_name = 10;
    return limits;
}

class Building : public zone::TransferSink {
public:
    explicit Building(zone::ChunkIds& ids) : ids_(ids) {}
    Result<void> begin_zone(const dns::RecordView& soa) override {
        require(!builder_, "a zone begins once");
        builder_.emplace(apex, head_types, ids_, small_limits());
        return builder_->add(soa);
    }
    Result<void> add(const dns::RecordView& record) override {
        require(builder_.has_value(), "a zone begins before its records");
        return builder_->add(record);
    }
    Result<void> add_delta(zone::ZoneDelta) override {
        require(false, "an AXFR has no deltas");
        return success();
    }
    Result<zone::ZoneSnapshot> finish() { return builder_->finish(); }

private:
    zone::ChunkIds& ids_;
    std::optional<zone::ZoneBuilder> builder_;
};

void check_zone(const zone::ZoneSnapshot& zone, zone::ChunkIds& ids) {
    zone::ChunkCursor cursor(zone.body());
    dns::RecordView record;
    std::optional<dns::Record> previous;
    while (cursor.next(record)) {
        require(record.owner.is_at_or_below(apex), "records are in the zone");
        require(!previous || zone::compare_records(previous->view(), record) < 0,
                "records are in order");
        previous = to_record(record);
    }
    for (const zone::ChunkPointer& chunk : zone.body()) {
        const auto stored = zone::Chunk::from_stored(chunk->id(), to_bytes(chunk->octets()));
        require(stored.has_value(), "a chunk can be stored");
    }
    Building sink(ids);
    zone::XfrInterpreter interpreter(apex, transfer_id, std::nullopt, {});
    zone::TransferQuery query;
    query.id = transfer_id;
    query.question = {apex, dns::Type::AXFR, dns::Class::IN};
    zone::AxfrPacker packer(std::make_shared<const zone::ZoneSnapshot>(zone), query);
    zone::TransferMessage message;
    Progress progress = Progress::more;
    while (packer.next(message)) {
        append(message.head, message.body);
        const auto fed = interpreter.feed(message.head, sink);
        require(fed.has_value(), "what is sent is understood");
        progress = *fed;
    }
    require(progress == Progress::complete, "what is sent is whole");
    const auto again = sink.finish();
    require(again.has_value(), "what is sent is a zone");
    require(share_chunks(zone, *again).body() == zone.body(), "what is sent is the same zone");
    require(compute_delta(zone, *again, 0).has_value(), "what is sent has the same head");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    zone::ChunkIds ids;
    Building sink(ids);
    zone::XfrInterpreter interpreter(apex, transfer_id, std::nullopt, {});
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
        const auto fed = interpreter.feed(message, sink);
        if (!fed) {
            require(!fed.error().message().empty(), "a refusal says why");
            return 0;
        }
        require(*fed != Progress::up_to_date, "an AXFR is never up to date");
        if (*fed == Progress::complete) {
            const auto zone = sink.finish();
            if (zone) check_zone(*zone, ids);
            return 0;
        }
    }
    return 0;
}
