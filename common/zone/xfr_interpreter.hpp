// Reads the answer to an AXFR or IXFR query, message by message, without I/O
// (RFC 5936 2.2, RFC 1995 4). It checks the shape of the stream; what records a
// zone may hold is checked by ZoneBuilder and apply_delta.
#pragma once

#include <functional>
#include <optional>

#include "common/zone/zone_delta.hpp"

namespace chorale::zone {

// Bounds on one transfer.
struct TransferLimits {
    std::size_t messages = 4'000'000;
    std::size_t octets = std::size_t{4} << 30;
    std::size_t records = 100'000'000;
};

// What a transfer tells, in order, to whoever builds the zone.
class TransferSink {
public:
    virtual ~TransferSink() = default;
    // A whole zone begins; also after an IXFR query (AXFR-style answer).
    virtual Result<void> begin_zone(const dns::RecordView& soa) = 0;
    virtual Result<void> add(const dns::RecordView& record) = 0;
    // The next delta of an incremental transfer is complete.
    virtual Result<void> add_delta(ZoneDelta delta) = 0;
};

class XfrInterpreter {
public:
    enum class Progress {
        more,        // feed the next message
        complete,    // the zone or all deltas are whole
        up_to_date,  // IXFR: the primary has this serial (or, see primary_serial(), an older one)
    };

    // `have`: the serial that an IXFR query asked from; absent for AXFR.
    XfrInterpreter(dns::Name apex, std::uint16_t id, std::optional<Serial> have,
                   const TransferLimits& limits);

    // A message as it came; its TSIG record, if any, was verified before. Errors name
    // what is wrong with the stream: ErrorKind::refused for an rcode other than NOERROR.
    Result<Progress> feed(BytesView message, TransferSink& sink);

    // Of the first SOA, once it was seen.
    std::optional<Serial> primary_serial() const { return primary_serial_; }
    // Deltas come, or came, rather than a whole zone.
    bool is_incremental() const { return is_incremental_; }

private:
    enum class State { first_soa, second_record, zone, removals, additions, complete };

    Result<void> check_header(const dns::Header& header,
                              const std::vector<dns::Question>& questions);
    Result<void> take(const dns::RecordView& record, TransferSink& sink);

    dns::Name apex_;
    std::uint16_t id_;
    std::optional<Serial> have_;
    TransferLimits limits_;
    State state_ = State::first_soa;
    dns::Record first_soa_;
    std::optional<Serial> primary_serial_;
    ZoneDelta delta_;
    bool is_incremental_ = false;
    std::size_t messages_ = 0;
    std::size_t octets_ = 0;
    std::size_t records_ = 0;
};

}  // namespace chorale::zone
