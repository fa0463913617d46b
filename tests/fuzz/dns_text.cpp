// A zone file's records come back from their text.
#include "common/dns/rdata.hpp"
#include "common/dns/text.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace chorale;
using namespace chorale::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const std::string_view text = as_text({octets, size});
    const auto records = records_from_text(text, NameView());
    if (!records) {
        require(records.error().message().starts_with("line "), "an error names the line");
        return 0;
    }
    for (const Record& record : *records) {
        if (!record.rdata.empty()) {
            require(check_rdata(record.type, record.rdata).has_value(), "RDATA passes the check");
        }
        const auto again = record_from_text(to_text(record.view()));
        require(again.has_value() && is_identical(again->owner, record.owner) &&
                    again->type == record.type && again->klass == record.klass &&
                    again->ttl == record.ttl && again->rdata == record.rdata,
                "a record comes back from its text");
    }
    return 0;
}
