// Many records in one buffer: staged transfers, deltas, journal entries.
#pragma once

#include "common/dns/record.hpp"

namespace chorale::zone {

// Order of records in a zone: owner (RFC 4034 6.1), type, RDATA (6.3). TTL and
// case of names do not count. <0, 0, >0.
int compare_records(const dns::RecordView& a, const dns::RecordView& b);
// The same for records of one owner.
int compare_within_owner(const dns::RecordView& a, const dns::RecordView& b);

// The same record with the same TTL and the same case of names.
bool is_identical(const dns::RecordView& a, const dns::RecordView& b);

// Packed records: length and octets of the owner, type, TTL, length and octets
// of the RDATA; class IN. The packed octets are also the stored form.
class RecordList {
public:
    RecordList() = default;

    // Checks the packing of stored octets; names and RDATA are checked as well.
    static Result<RecordList> from_octets(Bytes octets);

    // Returns the offset of the record, for at().
    std::size_t add(const dns::RecordView& record);
    dns::RecordView at(std::size_t offset) const;
    void clear();
    bool empty() const { return count_ == 0; }
    std::size_t size() const { return count_; }
    BytesView octets() const { return octets_; }

    // Calls visit(RecordView) for each record, in the order of addition.
    template <class Visit>
    void for_each(Visit visit) const {
        for (std::size_t offset = 0; offset < octets_.size(); offset = end_of(offset)) {
            visit(at(offset));
        }
    }
    // Offsets of the records in zone order (compare_records); stable.
    std::vector<std::size_t> sorted() const;

private:
    std::size_t end_of(std::size_t offset) const;
    Bytes octets_;
    std::size_t count_ = 0;
};

}  // namespace chorale::zone
