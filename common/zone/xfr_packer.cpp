#include "common/zone/xfr_packer.hpp"

#include <algorithm>
#include <optional>

namespace chorale::zone {
namespace {

constexpr std::size_t opt_octets = 11;
// Size at which an encoded message is closed.
constexpr std::size_t encoded_most_octets = 16 * 1024;

// Starts a message: header, question in the first one (RFC 5936 2.2.1).
class MessageStart {
public:
    MessageStart(const TransferQuery& query, bool is_first)
        : query_(query), has_question_(is_first), octets_(dns::header_octets) {
        octets_.reserve(512);
        writer_.emplace(octets_);
        if (is_first) writer_->question(query.question);
    }

    void add(const dns::RecordView& record) {
        writer_->record(record);
        ++answers_;
    }
    bool has_room_for(const dns::RecordView& record) const {
        const std::size_t most = record.owner.wire().size() + 10 + record.rdata.size();
        return answers_ == 0 ||
               octets_.size() + most + opt_octets + query_.reserved <= encoded_most_octets;
    }
    Bytes finish(std::uint32_t further_answers = 0) {
        const bool has_opt = has_question_ && query_.has_edns;
        if (has_opt) {
            // RFC 6891 6.1.2: root, OPT, payload size 1232, no flags, no options.
            const Byte opt[opt_octets] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};
            append(octets_, opt);
        }
        dns::Header header;
        header.id = query_.id;
        header.is_response = true;
        header.is_authoritative = true;
        header.recursion_desired = query_.recursion_desired;
        header.question_count = has_question_ ? 1 : 0;
        header.answer_count = static_cast<std::uint16_t>(answers_ + further_answers);
        header.additional_count = has_opt ? 1 : 0;
        Bytes start;
        dns::WireWriter writer(start);
        header.write(writer);
        std::ranges::copy(start, octets_.begin());
        return std::move(octets_);
    }

private:
    const TransferQuery& query_;
    bool has_question_;
    Bytes octets_;
    std::optional<dns::RecordWriter> writer_;
    std::uint32_t answers_ = 0;
};

void add_rrset(RecordList& list, std::vector<std::size_t>& offsets, const dns::RRset& rrset) {
    for (const Bytes& rdata : rrset.rdatas) {
        offsets.push_back(list.add({rrset.owner, rrset.type, dns::Class::IN, rrset.ttl, rdata}));
    }
}

}  // namespace

AxfrPacker::AxfrPacker(std::shared_ptr<const ZoneSnapshot> zone, TransferQuery query)
    : zone_(std::move(zone)), query_(std::move(query)) {
    for (const dns::RRset& rrset : zone_->head()) add_rrset(head_, head_offsets_, rrset);
}

bool AxfrPacker::next(TransferMessage& message) {
    if (next_head_ < head_offsets_.size()) {
        message = pack_head();
    } else if (next_chunk_ < zone_->body().size()) {
        message = pack_chunk(zone_->body()[next_chunk_++]);
    } else if (!is_complete_) {
        message = pack_end();
        is_complete_ = true;
    } else {
        return false;
    }
    return true;
}

TransferMessage AxfrPacker::pack_head() {
    MessageStart start(query_, is_first_);
    is_first_ = false;
    while (next_head_ < head_offsets_.size()) {
        const dns::RecordView record = head_.at(head_offsets_[next_head_]);
        if (!start.has_room_for(record)) break;
        start.add(record);
        ++next_head_;
    }
    return {start.finish(), {}, nullptr};
}

TransferMessage AxfrPacker::pack_chunk(const ChunkPointer& chunk) const {
    // Nothing stands between the header and the chunk, whose compression
    // pointers count on that.
    MessageStart start(query_, false);
    return {start.finish(chunk->record_count()), chunk->body(), chunk};
}

TransferMessage AxfrPacker::pack_end() const {
    MessageStart start(query_, false);
    start.add(head_.at(head_offsets_.front()));
    return {start.finish(), {}, nullptr};
}

IxfrPacker::IxfrPacker(ZoneDelta delta, TransferQuery query) : query_(std::move(query)) {
    const auto add = [this](const dns::RecordView& record) {
        offsets_.push_back(records_.add(record));
    };
    add(delta.to_soa.view());
    add(delta.from_soa.view());
    delta.removed.for_each(add);
    add(delta.to_soa.view());
    delta.added.for_each(add);
    add(delta.to_soa.view());
}

bool IxfrPacker::next(TransferMessage& message) {
    if (next_ == offsets_.size()) return false;
    MessageStart start(query_, is_first_);
    is_first_ = false;
    while (next_ < offsets_.size()) {
        const dns::RecordView record = records_.at(offsets_[next_]);
        if (!start.has_room_for(record)) break;
        start.add(record);
        ++next_;
    }
    message = {start.finish(), {}, nullptr};
    return true;
}

TransferMessage pack_single_soa(const ZoneSnapshot& zone, const TransferQuery& query) {
    MessageStart start(query, true);
    const dns::RRset& soa = zone.soa();
    start.add({soa.owner, soa.type, dns::Class::IN, soa.ttl, soa.rdatas.front()});
    return {start.finish(), {}, nullptr};
}

}  // namespace chorale::zone
