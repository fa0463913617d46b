// A message that parses is the same when written and parsed again; the record by
// record reader agrees with the parser.
#include "common/dns/message.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/dns/same_message.hpp"

using namespace chorale;
using namespace chorale::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const BytesView input(octets, size);
    const MessageLimits limits{max_message_octets};
    RecordReader reader(input);
    RecordView view;
    std::size_t records = 0;
    for (; reader.next(view); ++records) {
        require(reader.record_offset() < size, "a record begins within the message");
    }
    const ParseOutcome outcome = parse_message(input, limits);
    require(outcome.message.has_value() == outcome.failure.reason.empty(),
            "there is either a message or a reason");
    if (!outcome.message) {
        if (outcome.failure.is_answerable) {
            const Message answer = make_response(outcome.failure, Rcode::FORMERR);
            require(parse_message(write_message(answer), limits).message.has_value(),
                    "the answer to a malformed request is well formed");
        }
        return 0;
    }
    const Message& message = *outcome.message;
    require(!reader.failed(), "what the parser takes, the reader takes");
    require(records == message.answers.size() + message.authority.size() +
                           message.additional.size() + message.edns.has_value() +
                           message.tsig.has_value() + message.sig0.has_value(),
            "both find the same number of records");
    const Bytes written = write_message(message);
    if (written.size() > max_message_octets) return 0;  // names were shared where we may not
    const ParseOutcome again = parse_message(written, limits);
    require(again.message.has_value(), "what was written parses");
    require(is_same(message, *again.message), "written and parsed again it is the same");
    return 0;
}
