// CAA (RFC 8659 4.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Caa {
    std::uint8_t flags = 0;
    BytesView tag;
    BytesView value;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("flags", flags);
        visitor.word("tag", tag);
        visitor.text("value", value);
    }
    const char* fault() const {
        if (tag.empty()) return "empty tag";
        for (const Byte octet : tag) {
            const bool is_letter = (octet | 0x20) >= 'a' && (octet | 0x20) <= 'z';
            const bool is_digit = octet >= '0' && octet <= '9';
            if (!is_letter && !is_digit) return "tag with other than ASCII letters and digits";
        }
        return nullptr;
    }
};

}  // namespace chorale::dns::rdata
