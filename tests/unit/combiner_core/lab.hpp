// Zones, messages and records from text, for tests of the combiner's core.
#pragma once

#include <string>
#include <vector>

#include "combiner/core/overlay.hpp"
#include "common/dns/rdata.hpp"
#include "common/dns/text.hpp"
#include "common/zone/zone_builder.hpp"

namespace chorale::combiner::lab {

inline const dns::Name apex = *dns::Name::from_text("zone.example.");

inline dns::Record record(const std::string& line) {
    return dns::record_from_text(line, apex).value();
}

inline zone::ZoneSnapshot snapshot(const std::string& text) {
    static zone::ChunkIds ids;
    zone::ZoneBuilder builder(apex, std::vector(head_types.begin(), head_types.end()), ids, {});
    const auto records = dns::records_from_text(text, apex).value();
    for (const dns::Record& each : records) builder.add(each.view()).value();
    return builder.finish().value();
}

inline dns::RRset rrset(const std::vector<std::string>& lines) {
    dns::RRset result;
    for (const std::string& line : lines) {
        const dns::Record each = record(line);
        result.owner = each.owner;
        result.type = each.type;
        result.ttl = each.ttl;
        zone::insert_rdata(result, each.rdata);
    }
    return result;
}

inline Overlay overlay(const std::vector<dns::RRset>& rrsets) {
    Overlay result;
    for (const dns::RRset& each : rrsets) result[each.type] = {each, "msa", Instant{}};
    return result;
}

inline std::string text_of(const dns::RRset* rrset) {
    std::string text;
    if (!rrset) return text;
    for (const Bytes& rdata : rrset->rdatas) {
        if (!text.empty()) text += " | ";
        text += dns::rdata_to_text(rrset->type, rdata);
    }
    return text;
}

}  // namespace chorale::combiner::lab
