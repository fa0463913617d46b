#include "common/zone/xfr_interpreter.hpp"

#include "common/dns/rdata.hpp"

namespace chorale::zone {
namespace {

// The case of names in it may change on the way: a primary may compress against
// the question in one message and not in the next.
bool is_same_soa(const dns::RecordView& a, const dns::Record& b) {
    return dns::compare_rdata(dns::Type::SOA, a.rdata, b.rdata) == 0;
}

Error other_end(const dns::RecordView& soa, Serial announced) {
    return malformed("stream ends with another SOA than it began with (serial " +
                     std::to_string(dns::soa_serial(soa.rdata)) + ", announced " +
                     std::to_string(announced) + ')');
}

}  // namespace

XfrInterpreter::XfrInterpreter(dns::Name apex, std::uint16_t id, std::optional<Serial> have,
                               const TransferLimits& limits)
    : apex_(std::move(apex)), id_(id), have_(have), limits_(limits) {}

Result<XfrInterpreter::Progress> XfrInterpreter::feed(BytesView message, TransferSink& sink) {
    octets_ += message.size();
    if (++messages_ > limits_.messages)
        return Error(ErrorKind::limit, "more messages than allowed");
    if (octets_ > limits_.octets) return Error(ErrorKind::limit, "more octets than allowed");
    if (message.size() < dns::header_octets) return malformed("message shorter than a header");
    dns::RecordReader reader(message);
    if (reader.failed()) return malformed("question section cannot be read");
    const auto header = check_header(reader.header(), reader.questions());
    if (!header) return header.error();
    const std::size_t records_before = records_;
    dns::RecordView record;
    while (reader.next(record)) {
        if (reader.section() != 0) continue;  // OPT; RFC 5936 2.2.3, 2.2.5
        if (++records_ > limits_.records)
            return Error(ErrorKind::limit, "more records than allowed");
        const auto taken = take(record, sink);
        if (!taken) return taken.error();
    }
    if (reader.failed()) return malformed("message cannot be read to its end");
    if (state_ == State::complete) return Progress::complete;
    // RFC 1995 4: a single SOA says that there is nothing newer. A newer SOA alone
    // in the first message of a stream is the beginning of a transfer.
    if (state_ == State::second_record && have_ && !is_newer(*primary_serial_, *have_)) {
        return Progress::up_to_date;
    }
    if (records_ == records_before && messages_ == 1) return malformed("answer without records");
    return Progress::more;
}

Result<void> XfrInterpreter::check_header(const dns::Header& header,
                                          const std::vector<dns::Question>& questions) {
    if (!header.is_response) return malformed("message is no response");
    if (header.id != id_) return malformed("message has another ID");
    if (header.opcode != std::uint8_t(dns::Opcode::QUERY)) return malformed("opcode is not QUERY");
    if (header.is_truncated) return malformed("message is truncated");
    const auto rcode = dns::Rcode(header.rcode);
    if (rcode != dns::Rcode::NOERROR) {
        return Error(ErrorKind::refused, "the primary answers " + to_text(rcode));
    }
    // RFC 5936 2.2.1: the question is in the first message; later it may be missing.
    if (questions.size() > 1) return malformed("more than one question");
    if (!questions.empty()) {
        const dns::Question& question = questions.front();
        const auto wanted = have_ ? dns::Type::IXFR : dns::Type::AXFR;
        if (!(question.name == apex_) || question.type != wanted ||
            question.klass != dns::Class::IN) {
            return malformed("message answers another question: " + question.name.to_text() + ' ' +
                             to_text(question.type));
        }
    }
    return success();
}

Result<void> XfrInterpreter::take(const dns::RecordView& record, TransferSink& sink) {
    const bool is_soa = record.type == dns::Type::SOA;
    if (is_soa && !(record.owner == apex_)) {
        return malformed("SOA of another zone in the stream: " + record.owner.to_text());
    }
    if (record.klass != dns::Class::IN) return malformed("record of a class other than IN");
    // Read without a check, since UPDATE has such records (RFC 2136 2.4).
    if (record.rdata.empty() && !dns::check_rdata(record.type, {})) {
        return malformed(record.owner.to_text() + ' ' + to_text(record.type) + ": no RDATA");
    }
    switch (state_) {
        case State::first_soa:
            if (!is_soa) return malformed("stream does not begin with SOA");
            first_soa_ = to_record(record);
            primary_serial_ = dns::soa_serial(record.rdata);
            state_ = State::second_record;
            return success();

        case State::second_record: {
            if (is_soa && have_ && !is_same_soa(record, first_soa_)) {
                const Serial from = dns::soa_serial(record.rdata);
                if (from != *have_) {
                    return malformed("incremental transfer starts at serial " +
                                     std::to_string(from) + ", asked for was " +
                                     std::to_string(*have_));
                }
                is_incremental_ = true;
                delta_ = ZoneDelta{to_record(record), {}, {}, {}};
                state_ = State::removals;
                return success();
            }
            const auto begun = sink.begin_zone(first_soa_.view());
            if (!begun) return begun;
            state_ = State::zone;
            [[fallthrough]];
        }
        case State::zone:
            if (!is_soa) return sink.add(record);
            if (!is_same_soa(record, first_soa_)) return other_end(record, *primary_serial_);
            state_ = State::complete;
            return success();

        case State::removals:
            if (!is_soa) {
                delta_.removed.add(record);
                return success();
            }
            delta_.to_soa = to_record(record);
            if (!is_newer(delta_.to(), delta_.from())) {
                return malformed("delta from serial " + std::to_string(delta_.from()) + " to " +
                                 std::to_string(delta_.to()) + " goes back");
            }
            state_ = State::additions;
            return success();

        case State::additions: {
            if (!is_soa) {
                delta_.added.add(record);
                return success();
            }
            const Serial serial = dns::soa_serial(record.rdata);
            const Serial reached = delta_.to();
            if (serial != reached) {
                return malformed("chain of deltas is broken: " + std::to_string(reached) +
                                 " is followed by " + std::to_string(serial));
            }
            const bool is_end = reached == *primary_serial_;
            // The SOA that ends a delta is also the end of the stream or the beginning of
            // the next delta: two SOAs of one serial would be two zones.
            if (!is_same_soa(record, delta_.to_soa)) {
                return malformed("two SOAs of serial " + std::to_string(serial) + " differ");
            }
            if (is_end && !is_same_soa(record, first_soa_)) {
                return other_end(record, *primary_serial_);
            }
            if (!is_end && !is_newer(*primary_serial_, reached)) {
                return malformed("delta goes past the serial that the stream announced");
            }
            const auto added = sink.add_delta(std::move(delta_));
            if (!added) return added;
            delta_ = ZoneDelta{to_record(record), {}, {}, {}};
            state_ = is_end ? State::complete : State::removals;
            return success();
        }
        case State::complete:
            return malformed("record after the final SOA: " + record.owner.to_text());
    }
    return success();
}

}  // namespace chorale::zone
