#include "common/zone/zone_builder.hpp"

#include <algorithm>
#include <unordered_map>

#include "common/dns/rdata.hpp"

namespace chorale::zone {
namespace {

std::string name_of(const dns::RecordView& record) {
    return record.owner.to_text() + ' ' + to_text(record.type);
}

bool is_singleton(dns::Type type) { return type == dns::Type::CNAME || type == dns::Type::DNAME; }

// What no zone may hold, wherever the record comes from.
Result<void> check_record(const dns::RecordView& record, dns::NameView apex) {
    if (record.klass != dns::Class::IN) return malformed(name_of(record) + ": class is not IN");
    if (is_meta_type(record.type)) return malformed(name_of(record) + ": not a type of data");
    // UPDATE has such records (RFC 2136 2.4), and so they can be read.
    if (record.rdata.empty() && !dns::check_rdata(record.type, {})) {
        return malformed(name_of(record) + ": no RDATA");
    }
    if (!record.owner.is_at_or_below(apex)) return malformed(name_of(record) + ": not in the zone");
    if (record.type == dns::Type::SOA && !(record.owner == apex)) {
        return malformed(name_of(record) + ": SOA below the apex");
    }
    if (record.type == dns::Type::CNAME && record.owner == apex) {
        return malformed(name_of(record) + ": CNAME and other data");  // SOA at least
    }
    if (record.owner.wire().size() + 10 + record.rdata.size() > record_most_octets) {
        return malformed(name_of(record) + ": too large to be transferred with TSIG");
    }
    return success();
}

Error too_many(const dns::RecordView& record, const ZoneLimits& limits) {
    return {ErrorKind::limit, name_of(record) + ": more than " +
                                  std::to_string(limits.records_per_rrset) +
                                  " records in one RRset"};
}

// RFC 1034 3.6.2, RFC 4035 2.5.
bool may_stand_beside_cname(dns::Type type) {
    return type == dns::Type::CNAME || type == dns::Type::RRSIG || type == dns::Type::NSEC;
}

// Puts a record among the RRsets of the apex; false if it was there already.
Result<bool> insert_in_head(std::vector<dns::RRset>& head, const dns::Name& apex,
                            const dns::RecordView& record, const ZoneLimits& limits) {
    auto place = std::ranges::find(head, record.type, &dns::RRset::type);
    if (place == head.end()) {
        head.push_back({apex, record.type, record.ttl, {}});
        place = head.end() - 1;
    }
    if (place->empty()) place->ttl = record.ttl;
    if (!insert_rdata(*place, record.rdata)) return false;
    if (place->rdatas.size() > limits.records_per_rrset) return too_many(record, limits);
    return true;
}

}  // namespace

Result<void> OwnerGroups::add(const dns::RecordView& record) {
    if (!group_.empty() && !is_identical(record.owner, owner_) && !(record.owner == owner_)) {
        const auto finished = finish_group();
        if (!finished) return finished;
    }
    if (group_.empty()) {
        owner_octets_.assign(record.owner.wire().begin(), record.owner.wire().end());
        owner_ = dns::NameView::trust(owner_octets_);
    } else if (!is_unordered_) {
        const int order = compare_within_owner(group_.at(offsets_.back()), record);
        if (order == 0) return success();  // RFC 2181 5: a duplicate is no record of its own
        is_unordered_ = order > 0;
    }
    offsets_.push_back(group_.add(record));
    return success();
}

void OwnerGroups::order_group() {
    const auto compare = [this](std::size_t a, std::size_t b) {
        return compare_within_owner(group_.at(a), group_.at(b));
    };
    std::ranges::sort(offsets_, [&](std::size_t a, std::size_t b) {
        const int order = compare(a, b);
        return order != 0 ? order < 0 : a < b;
    });
    const auto repeated = std::ranges::unique(
        offsets_, [&](std::size_t a, std::size_t b) { return compare(a, b) == 0; });
    offsets_.erase(repeated.begin(), repeated.end());
    is_unordered_ = false;
}

Result<void> OwnerGroups::finish_group() {
    if (is_unordered_) order_group();
    std::size_t types = 0, in_rrset = 0;
    bool has_cname = false, has_other = false;
    dns::Type type{};
    for (const std::size_t offset : offsets_) {
        const dns::RecordView record = group_.at(offset);
        if (types == 0 || record.type != type) {
            type = record.type;
            in_rrset = 0;
            if (++types > limits_->types_per_name) {
                return Error(ErrorKind::limit, record.owner.to_text() + ": more than " +
                                                   std::to_string(limits_->types_per_name) +
                                                   " types at one name");
            }
            has_cname = has_cname || type == dns::Type::CNAME;
            has_other = has_other || !may_stand_beside_cname(type);
            if (has_cname && has_other) {
                return malformed(name_of(record) + ": CNAME and other data");
            }
        }
        if (++in_rrset > limits_->records_per_rrset) return too_many(record, *limits_);
        if (in_rrset > 1 && is_singleton(type)) {
            return malformed(name_of(record) + ": more than one record");
        }
        writer_.write(record, offset == offsets_.front());
    }
    group_.clear();
    offsets_.clear();
    return success();
}

ZoneBuilder::ZoneBuilder(dns::Name apex, std::vector<dns::Type> head_types, ChunkIds& ids,
                         const ZoneLimits& limits)
    : apex_(std::move(apex)),
      head_types_(std::move(head_types)),
      ids_(&ids),
      limits_(limits),
      ordered_(ids, limits_) {
    head_types_.push_back(dns::Type::SOA);
}

Result<void> ZoneBuilder::add(const dns::RecordView& record) {
    const auto checked = check_record(record, apex_);
    if (!checked) return checked;
    octets_ += record.owner.wire().size() + 10 + record.rdata.size();
    if (++records_ > limits_.records) return Error(ErrorKind::limit, "more records than allowed");
    if (octets_ > limits_.octets) return Error(ErrorKind::limit, "more octets than allowed");
    if (std::ranges::find(head_types_, record.type) != head_types_.end() && record.owner == apex_) {
        return add_to_head(record);
    }
    const dns::NameView* last = ordered_.owner();
    if (!last || is_identical(*last, record.owner) || compare_canonical(*last, record.owner) <= 0) {
        return ordered_.add(record);
    }
    staged_.add(record);
    return success();
}

Result<void> ZoneBuilder::add_to_head(const dns::RecordView& record) {
    if (record.type == dns::Type::SOA && has_soa_) {
        return malformed(name_of(record) + ": a second SOA");
    }
    has_soa_ = has_soa_ || record.type == dns::Type::SOA;
    const auto inserted = insert_in_head(head_, apex_, record, limits_);
    if (!inserted) return inserted.error();
    return success();
}

Result<ZoneSnapshot> ZoneBuilder::finish() {
    if (!has_soa_) return malformed("no SOA at the apex");
    auto finished = ordered_.finish_group();
    if (!finished) return finished.error();
    ChunkList chunks = ordered_.take();
    if (!staged_.empty()) {
        OwnerGroups merged(*ids_, limits_);
        ChunkCursor cursor(chunks);
        dns::RecordView record;
        bool has_record = cursor.next(record);
        for (const std::size_t offset : staged_.sorted()) {
            const dns::RecordView staged = staged_.at(offset);
            while (has_record && compare_canonical(record.owner, staged.owner) <= 0) {
                const auto added = merged.add(record);
                if (!added) return added.error();
                has_record = cursor.next(record);
            }
            const auto added = merged.add(staged);
            if (!added) return added.error();
        }
        for (; has_record; has_record = cursor.next(record)) {
            const auto added = merged.add(record);
            if (!added) return added.error();
        }
        finished = merged.finish_group();
        if (!finished) return finished.error();
        chunks = merged.take();
        staged_ = RecordList();
    }
    return ZoneSnapshot(apex_, std::move(head_),
                        std::make_shared<const ChunkList>(std::move(chunks)));
}

ZoneSnapshot share_chunks(const ZoneSnapshot& before, const ZoneSnapshot& after) {
    std::unordered_map<std::uint64_t, ChunkPointer> known;
    for (const ChunkPointer& chunk : before.body()) known.emplace(chunk->content_hash(), chunk);
    ChunkList chunks;
    chunks.reserve(after.body().size());
    for (const ChunkPointer& chunk : after.body()) {
        const auto same = known.find(chunk->content_hash());
        const bool is_same = same != known.end() && equal(same->second->octets(), chunk->octets());
        chunks.push_back(is_same ? same->second : chunk);
    }
    return ZoneSnapshot(after.apex(), after.head(),
                        std::make_shared<const ChunkList>(std::move(chunks)));
}

namespace {

// Walks the old chunks and the changes side by side and rewrites only the
// stretches of chunks into which changes fall.
class DeltaApplication {
public:
    DeltaApplication(const ZoneSnapshot& zone, std::span<const dns::Type> head_types, ChunkIds& ids,
                     const ZoneLimits& limits, ZoneDelta& effective)
        : zone_(zone),
          head_types_(head_types.begin(), head_types.end()),
          ids_(ids),
          limits_(limits),
          effective_(effective),
          head_(zone.head()) {}

    Result<ZoneSnapshot> apply(const ZoneDelta& delta) {
        const auto sorted_into = [&](const RecordList& from, bool is_addition) -> Result<void> {
            std::vector<dns::RecordView>& changes = is_addition ? additions_ : removals_;
            for (const std::size_t offset : from.sorted()) {
                const dns::RecordView record = from.at(offset);
                const auto checked = check_record(record, zone_.apex());
                if (!checked) return checked;
                if (record.type == dns::Type::SOA) {
                    return malformed(name_of(record) + ": among the changes of a delta");
                }
                if (is_head(record)) {
                    const auto done = is_addition ? add_to_head(record) : remove_from_head(record);
                    if (!done) return done;
                    continue;
                }
                const bool is_repeated =
                    is_addition && !changes.empty() && compare_records(changes.back(), record) == 0;
                if (!is_repeated) changes.push_back(record);
            }
            return success();
        };
        auto done = sorted_into(delta.removed, false);
        if (done) done = sorted_into(delta.added, true);
        if (!done) return done.error();
        for (dns::RRset& rrset : head_) {
            if (rrset.type == dns::Type::SOA) {
                rrset.ttl = delta.to_soa.ttl;
                rrset.rdatas = {delta.to_soa.rdata};
            }
        }
        done = rewrite_body();
        if (!done) return done.error();
        ZoneSnapshot changed(zone_.apex(), std::move(head_),
                             std::make_shared<const ChunkList>(std::move(chunks_)));
        if (changed.record_count() > limits_.records) {
            return Error(ErrorKind::limit, "more records than allowed");
        }
        if (changed.octets() > limits_.octets) {
            return Error(ErrorKind::limit, "more octets than allowed");
        }
        add_head_difference(zone_, changed, effective_);
        return changed;
    }

private:
    bool is_head(const dns::RecordView& record) const {
        return std::ranges::find(head_types_, record.type) != head_types_.end() &&
               record.owner == zone_.apex();
    }

    Result<void> remove_from_head(const dns::RecordView& record) {
        for (dns::RRset& rrset : head_) {
            if (rrset.type != record.type) continue;
            for (auto rdata = rrset.rdatas.begin(); rdata != rrset.rdatas.end(); ++rdata) {
                if (dns::compare_rdata(record.type, *rdata, record.rdata) != 0) continue;
                rrset.rdatas.erase(rdata);
                return success();
            }
        }
        return not_there(record);
    }

    Result<void> add_to_head(const dns::RecordView& record) {
        const auto inserted = insert_in_head(head_, zone_.apex(), record, limits_);
        if (!inserted) return inserted.error();
        return success();
    }

    static Error not_there(const dns::RecordView& removal) {
        return malformed(name_of(removal) + ": removes a record that is not there");
    }

    // True when a change falls before `owner` (any owner at the end of the zone).
    bool has_change_before(const dns::NameView* owner) const {
        const auto is_before = [owner](const dns::RecordView& record) {
            return !owner || compare_canonical(record.owner, *owner) < 0;
        };
        return (next_removal_ < removals_.size() && is_before(removals_[next_removal_])) ||
               (next_addition_ < additions_.size() && is_before(additions_[next_addition_]));
    }

    Result<void> rewrite_body() {
        const std::span<const ChunkPointer> old = zone_.body();
        std::size_t i = 0;
        do {
            // The chunk that changes before the next chunk's first owner belong
            // to; the same owner may go on over several chunks.
            std::size_t end = std::min(i + 1, old.size());
            const auto first_owner_at = [&](std::size_t at) { return old[at]->first_owner(); };
            dns::NameView next_owner;
            const auto is_last = [&] { return end >= old.size(); };
            if (!is_last()) next_owner = first_owner_at(end);
            if (!has_change_before(is_last() ? nullptr : &next_owner)) {
                const bool is_split_owner = !is_last() && has_change_at(next_owner) &&
                                            i < old.size() && ends_with_owner(*old[i], next_owner);
                if (!is_split_owner) {
                    if (i < old.size()) chunks_.push_back(old[i]);
                    i = end;
                    continue;
                }
            }
            OwnerGroups groups(ids_, limits_);
            std::size_t start = i;
            while (true) {
                const auto rewritten = merge(groups, old.subspan(start, end - start),
                                             is_last() ? nullptr : &next_owner);
                if (!rewritten) return rewritten;
                if (is_last()) break;
                const bool goes_on = groups.owner() && *groups.owner() == next_owner;
                const bool is_small =
                    groups.open_octets() > 0 && groups.open_octets() < chunk_least_octets / 2;
                dns::NameView following;
                const bool is_next_last = end + 1 >= old.size();
                if (!is_next_last) following = first_owner_at(end + 1);
                if (!goes_on && !is_small &&
                    !has_change_before(is_next_last ? nullptr : &following)) {
                    break;
                }
                start = end++;
                if (!is_last()) next_owner = first_owner_at(end);
            }
            const auto finished = groups.finish_group();
            if (!finished) return finished;
            for (ChunkPointer& chunk : groups.take()) chunks_.push_back(std::move(chunk));
            i = end;
        } while (i < old.size());
        if (next_removal_ < removals_.size()) return not_there(removals_[next_removal_]);
        return success();
    }

    bool has_change_at(dns::NameView owner) const {
        return (next_removal_ < removals_.size() && removals_[next_removal_].owner == owner) ||
               (next_addition_ < additions_.size() && additions_[next_addition_].owner == owner);
    }

    static bool ends_with_owner(const Chunk& chunk, dns::NameView owner) {
        const ChunkPointer borrowed(std::shared_ptr<const Chunk>(), &chunk);
        ChunkCursor cursor(std::span(&borrowed, 1));
        dns::RecordView record;
        bool is_last_owner = false;
        while (cursor.next(record)) is_last_owner = record.owner == owner;
        return is_last_owner;
    }

    // Writes the records of `chunks` with the changes that fall before
    // `next_owner` (all, at the end of the zone).
    Result<void> merge(OwnerGroups& groups, std::span<const ChunkPointer> chunks,
                       const dns::NameView* next_owner) {
        ChunkCursor cursor(chunks);
        dns::RecordView record;
        bool has_record = cursor.next(record);
        while (has_record || has_change_before(next_owner)) {
            const bool has_addition =
                next_addition_ < additions_.size() &&
                (has_record ? compare_records(additions_[next_addition_], record) <= 0
                            : has_change_before_in(additions_, next_addition_, next_owner));
            if (has_addition) {
                const dns::RecordView& addition = additions_[next_addition_++];
                const bool is_present = has_record && compare_records(addition, record) == 0;
                if (is_present) {
                    // Replaced only when this delta removes the old one.
                    const bool is_replaced = next_removal_ < removals_.size() &&
                                             compare_records(removals_[next_removal_], record) == 0;
                    if (!is_replaced) continue;
                    ++next_removal_;
                    if (is_identical(addition, record)) continue;
                    effective_.removed.add(record);
                    has_record = cursor.next(record);
                }
                effective_.added.add(addition);
                const auto added = groups.add(addition);
                if (!added) return added;
                continue;
            }
            if (!has_record) break;
            if (next_removal_ < removals_.size()) {
                const int order = compare_records(removals_[next_removal_], record);
                if (order < 0) break;
                if (order == 0) {
                    effective_.removed.add(record);
                    ++next_removal_;
                    has_record = cursor.next(record);
                    continue;
                }
            }
            const auto kept = groups.add(record);
            if (!kept) return kept;
            has_record = cursor.next(record);
        }
        if (has_record || has_change_before_in(removals_, next_removal_, next_owner)) {
            return not_there(removals_[next_removal_]);
        }
        return success();
    }

    static bool has_change_before_in(const std::vector<dns::RecordView>& changes, std::size_t next,
                                     const dns::NameView* owner) {
        return next < changes.size() &&
               (!owner || compare_canonical(changes[next].owner, *owner) < 0);
    }

    const ZoneSnapshot& zone_;
    std::vector<dns::Type> head_types_;
    ChunkIds& ids_;
    const ZoneLimits& limits_;
    ZoneDelta& effective_;
    std::vector<dns::RRset> head_;
    std::vector<dns::RecordView> removals_;
    std::vector<dns::RecordView> additions_;
    std::size_t next_removal_ = 0;
    std::size_t next_addition_ = 0;
    ChunkList chunks_;
};

}  // namespace

Result<AppliedDelta> apply_delta(const ZoneSnapshot& zone, const ZoneDelta& delta,
                                 std::span<const dns::Type> head_types, ChunkIds& ids,
                                 const ZoneLimits& limits) {
    if (delta.from() != zone.serial()) {
        return malformed("delta starts at serial " + std::to_string(delta.from()) +
                         ", the zone is at " + std::to_string(zone.serial()));
    }
    if (delta.to_soa.type != dns::Type::SOA || !(delta.to_soa.owner == zone.apex())) {
        return malformed("delta ends with another record than the zone's SOA");
    }
    const dns::RRset& soa = zone.soa();
    AppliedDelta result;
    result.effective.from_soa = {zone.apex(), dns::Type::SOA, dns::Class::IN, soa.ttl,
                                 soa.rdatas.front()};
    result.effective.to_soa = delta.to_soa;
    DeltaApplication application(zone, head_types, ids, limits, result.effective);
    auto changed = application.apply(delta);
    if (!changed) return changed.error();
    result.zone = std::move(*changed);
    return result;
}

}  // namespace chorale::zone
