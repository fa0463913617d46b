// When two messages are the same, for round trips.
#pragma once

#include <algorithm>

#include "common/dns/message.hpp"

namespace chorale::dns {

// Everything that a written message keeps; names with their case.
inline bool is_same(const Message& a, const Message& b) {
    const auto same_records = [](const std::vector<Record>& x, const std::vector<Record>& y) {
        return std::ranges::equal(x, y, [](const Record& one, const Record& other) {
            return is_identical(one.owner, other.owner) && one.type == other.type &&
                   one.klass == other.klass && one.ttl == other.ttl && one.rdata == other.rdata;
        });
    };
    const auto same_question = [](const Question& one, const Question& other) {
        return is_identical(one.name, other.name) && one.type == other.type &&
               one.klass == other.klass;
    };
    if (a.edns.has_value() != b.edns.has_value()) return false;
    if (a.edns) {
        const auto same_option = [](const EdnsOption& one, const EdnsOption& other) {
            return one.code == other.code && one.value == other.value;
        };
        if (a.edns->udp_octets != b.edns->udp_octets || a.edns->dnssec_ok != b.edns->dnssec_ok ||
            a.edns->version != b.edns->version ||
            a.edns->extended_rcode != b.edns->extended_rcode ||
            !std::ranges::equal(a.edns->options, b.edns->options, same_option)) {
            return false;
        }
    }
    return a.header.id == b.header.id && a.header.is_response == b.header.is_response &&
           a.header.opcode == b.header.opcode && a.header.rcode == b.header.rcode &&
           a.header.is_authoritative == b.header.is_authoritative &&
           a.header.is_truncated == b.header.is_truncated &&
           a.header.recursion_desired == b.header.recursion_desired &&
           a.header.recursion_available == b.header.recursion_available &&
           std::ranges::equal(a.questions, b.questions, same_question) &&
           same_records(a.answers, b.answers) && same_records(a.authority, b.authority) &&
           same_records(a.additional, b.additional);
}

}  // namespace chorale::dns
