// Random names, records and messages from a seed, for properties that must hold
// for all of them.
#pragma once

#include <random>

#include "common/dns/message.hpp"
#include "common/dns/rdata/type_bitmap.hpp"

namespace chorale::dns {

class RandomMessages {
public:
    explicit RandomMessages(std::uint32_t seed) : engine_(seed) {}

    unsigned below(unsigned bound) { return static_cast<unsigned>(engine_() % bound); }
    Byte octet() { return static_cast<Byte>(below(256)); }
    Bytes octets(std::size_t count) {
        Bytes result(count);
        for (Byte& each : result) each = octet();
        return result;
    }

    // Few labels from few octets, so that names share suffixes and prefixes.
    Name name() {
        static constexpr Byte alphabet[] = {0, 1, 2, '.', 'A', 'a', 'B', 'b', '[', '@', '\\', 0xff};
        Bytes wire;
        for (unsigned labels = below(5); labels > 0; --labels) {
            const unsigned length = below(20) == 0 ? 63 : 1 + below(3);
            wire.push_back(static_cast<Byte>(length));
            for (unsigned i = 0; i < length; ++i) wire.push_back(alphabet[below(sizeof alphabet)]);
        }
        wire.push_back(0);
        const auto made = Name::from_wire(wire);
        return made ? *made : Name();
    }

    Record record() {
        Record result;
        result.owner = name();
        result.ttl = below(0x7fffffff);
        Bytes& rdata = result.rdata;
        const auto names = [&](std::size_t prefix, unsigned count, std::size_t rest) {
            rdata = octets(prefix);
            for (; count > 0; --count) append(rdata, name().wire());
            append(rdata, octets(rest));
        };
        const auto string = [&](unsigned longest) {
            const Bytes text = octets(below(longest + 1));
            rdata.push_back(static_cast<Byte>(text.size()));
            append(rdata, text);
        };
        switch (below(14)) {
            case 0:
                result.type = Type::A;
                rdata = octets(4);
                break;
            case 1:
                result.type = Type::AAAA;
                rdata = octets(16);
                break;
            case 2:
                result.type = Type::NS;
                names(0, 1, 0);
                break;
            case 3:
                result.type = Type::CNAME;
                names(0, 1, 0);
                break;
            case 4:
                result.type = Type::MX;
                names(2, 1, 0);
                break;
            case 5:
                result.type = Type::SOA;
                names(0, 2, 20);
                break;
            case 6:
                result.type = Type::SRV;
                names(6, 1, 0);
                break;
            case 7:
                result.type = Type::RRSIG;
                names(18, 1, 1 + below(80));
                break;
            case 8:
                result.type = Type::TXT;
                for (unsigned strings = 1 + below(3); strings > 0; --strings) string(20);
                break;
            case 9:
                result.type = Type::NAPTR;
                rdata = octets(4);
                for (int i = 0; i < 3; ++i) string(5);
                append(rdata, name().wire());
                break;
            case 10: {
                result.type = Type::NSEC;
                names(0, 1, 0);
                std::vector<Type> types;
                for (unsigned count = below(6); count > 0; --count)
                    types.push_back(Type(below(700)));
                append(rdata, rdata::type_bitmap(types));
                break;
            }
            case 11:
                result.type = Type::MINFO;
                names(0, 2, 0);
                break;
            case 12:
                result.type = Type::MSIGNER;
                names(1, 1, 0);
                break;
            default:
                result.type = Type(65280);
                rdata = octets(below(40));
                break;
        }
        return result;
    }

    // Without TSIG or SIG(0), which write_message does not write.
    Message message() {
        Message result;
        result.header.id = static_cast<std::uint16_t>(below(65536));
        result.header.is_response = below(2) == 0;
        result.header.opcode = static_cast<std::uint8_t>(below(16));
        result.header.is_authoritative = below(2) == 0;
        result.header.recursion_desired = below(2) == 0;
        result.header.rcode = static_cast<std::uint8_t>(below(16));
        for (unsigned count = below(3); count > 0; --count) {
            result.questions.push_back({name(), Type(below(300)), Class::IN});
        }
        for (auto* section : {&result.answers, &result.authority, &result.additional}) {
            for (unsigned count = below(6); count > 0; --count) section->push_back(record());
        }
        if (below(2) == 0) {
            result.edns.emplace();
            result.edns->udp_octets = static_cast<std::uint16_t>(512 + below(4096));
            result.edns->dnssec_ok = below(2) == 0;
            for (unsigned count = below(3); count > 0; --count) {
                result.edns->options.push_back(
                    {static_cast<std::uint16_t>(below(65536)), octets(below(12))});
            }
        }
        return result;
    }

private:
    std::mt19937 engine_;
};

}  // namespace chorale::dns
