#include "common/dns/rdata.hpp"

#include <cassert>
#include <cstring>

#include "common/base/encoding.hpp"
#include "common/dns/rdata/a.hpp"
#include "common/dns/rdata/aaaa.hpp"
#include "common/dns/rdata/afsdb.hpp"
#include "common/dns/rdata/caa.hpp"
#include "common/dns/rdata/cdnskey.hpp"
#include "common/dns/rdata/cds.hpp"
#include "common/dns/rdata/cname.hpp"
#include "common/dns/rdata/csync.hpp"
#include "common/dns/rdata/dname.hpp"
#include "common/dns/rdata/dnskey.hpp"
#include "common/dns/rdata/ds.hpp"
#include "common/dns/rdata/hinfo.hpp"
#include "common/dns/rdata/key.hpp"
#include "common/dns/rdata/msigner.hpp"
#include "common/dns/rdata/mx.hpp"
#include "common/dns/rdata/naptr.hpp"
#include "common/dns/rdata/ns.hpp"
#include "common/dns/rdata/nsec.hpp"
#include "common/dns/rdata/nsec3.hpp"
#include "common/dns/rdata/nsec3param.hpp"
#include "common/dns/rdata/ptr.hpp"
#include "common/dns/rdata/rp.hpp"
#include "common/dns/rdata/rrsig.hpp"
#include "common/dns/rdata/sig.hpp"
#include "common/dns/rdata/soa.hpp"
#include "common/dns/rdata/srv.hpp"
#include "common/dns/rdata/sshfp.hpp"
#include "common/dns/rdata/svcb.hpp"
#include "common/dns/rdata/tlsa.hpp"
#include "common/dns/rdata/txt.hpp"
#include "common/dns/rdata/uri.hpp"
#include "common/dns/rdata/zonemd.hpp"

namespace chorale::dns {
namespace {

using Tokens = std::span<const std::string>;

// What can be done with the RDATA of one type, made from its fields.
struct Description {
    Type type;
    rdata::Fault (*check)(BytesView octets);
    std::string (*print)(BytesView octets);  // of RDATA without fault
    Result<void> (*parse)(Tokens tokens, NameView origin, Bytes& target);
};

template <class T>
constexpr Description describe(Type type) {
    return {type,
            [](BytesView octets) {
                T value;
                return rdata::read_fields(octets, value);
            },
            [](BytesView octets) {
                T value;
                rdata::read_fields(octets, value);
                rdata::FieldPrinter printer;
                value.fields(printer);
                return printer.result();
            },
            [](Tokens tokens, NameView origin, Bytes& target) {
                T value;
                rdata::FieldParser parser(tokens, origin, target);
                value.fields(parser);
                return parser.finish();
            }};
}

// The typed RR types, ascending. A new one: a file with its fields, a line here.
constexpr Description descriptions[] = {
    describe<rdata::A>(Type::A),
    describe<rdata::Ns>(Type::NS),
    describe<rdata::Cname>(Type::CNAME),
    describe<rdata::Soa>(Type::SOA),
    describe<rdata::Ptr>(Type::PTR),
    describe<rdata::Hinfo>(Type::HINFO),
    describe<rdata::Mx>(Type::MX),
    describe<rdata::Txt>(Type::TXT),
    describe<rdata::Rp>(Type::RP),
    describe<rdata::Afsdb>(Type::AFSDB),
    describe<rdata::Sig>(Type::SIG),
    describe<rdata::Key>(Type::KEY),
    describe<rdata::Aaaa>(Type::AAAA),
    describe<rdata::Srv>(Type::SRV),
    describe<rdata::Naptr>(Type::NAPTR),
    describe<rdata::Dname>(Type::DNAME),
    describe<rdata::Ds>(Type::DS),
    describe<rdata::Sshfp>(Type::SSHFP),
    describe<rdata::Rrsig>(Type::RRSIG),
    describe<rdata::Nsec>(Type::NSEC),
    describe<rdata::Dnskey>(Type::DNSKEY),
    describe<rdata::Nsec3>(Type::NSEC3),
    describe<rdata::Nsec3param>(Type::NSEC3PARAM),
    describe<rdata::Tlsa>(Type::TLSA),
    describe<rdata::Cds>(Type::CDS),
    describe<rdata::Cdnskey>(Type::CDNSKEY),
    describe<rdata::Csync>(Type::CSYNC),
    describe<rdata::Zonemd>(Type::ZONEMD),
    describe<rdata::Svcb>(Type::SVCB),
    describe<rdata::Svcb>(Type::HTTPS),
    describe<rdata::Txt>(Type::SPF),
    describe<rdata::Uri>(Type::URI),
    describe<rdata::Caa>(Type::CAA),
    describe<rdata::Msigner>(Type::MSIGNER),
};
static_assert(std::ranges::is_sorted(descriptions, {}, &Description::type));

const Description* find_description(Type type) {
    const auto found = std::ranges::lower_bound(descriptions, type, {}, &Description::type);
    return found != std::end(descriptions) && found->type == type ? found : nullptr;
}

// name_layout, with NAPTR, whose name follows three strings (RFC 3403 4.1). More
// octets before the names than RDATA has: it is malformed.
struct Layout {
    std::size_t prefix = 0;
    unsigned count = 0;
    bool decompresses = false;
    bool lowers = false;
};

Layout layout_of(Type type, BytesView octets) {
    if (type == Type::NAPTR) {
        std::size_t at = 4;
        for (int i = 0; i < 3; ++i) at += at < octets.size() ? octets[at] + 1U : 1U;
        return {at, 1, true, true};
    }
    const NameLayout names = name_layout(type);
    return {names.prefix, names.count, names.decompresses, names.lowers};
}

// Where the names of RDATA lie, [begin, end) of octets; empty if it is malformed.
struct Region {
    std::size_t begin = 0;
    std::size_t end = 0;
};

Region name_region(const Layout& layout, BytesView octets) {
    std::size_t at = layout.prefix;
    for (unsigned i = 0; i < layout.count; ++i) {
        const std::size_t size = name_octets(octets, at);
        if (size == 0) return {};
        at += size;
    }
    return {layout.prefix, at};
}

Byte lower(Byte octet) {
    return octet >= 'A' && octet <= 'Z' ? static_cast<Byte>(octet + 32) : octet;
}

constexpr rdata::Fault bad_name{"name", "cut short, too long or compressed"};

rdata::Fault fault_of(Type type, BytesView octets) {
    if (const Description* description = find_description(type)) return description->check(octets);
    // Without a description only the names are known (RFC 3597 4).
    const Layout layout = layout_of(type, octets);
    if (layout.count > 0 && name_region(layout, octets).end == 0) return bad_name;
    return {};
}

// MSIGNER has a number for private use: whatever lies there in an owner's zone is
// carried as it is (RFC 3597), and only who reads it as MSIGNER checks it.
rdata::Fault fault_on_wire(Type type, BytesView octets) {
    return type == Type::MSIGNER ? rdata::Fault{} : fault_of(type, octets);
}

bool are_strings(BytesView octets) {
    std::size_t at = 0;
    while (at < octets.size()) at += octets[at] + 1U;
    return at == octets.size() && !octets.empty();
}

bool read_with_names(WireReader& reader, const Layout& layout, std::size_t length, Bytes& target) {
    const std::size_t start = target.size();
    const std::size_t end = reader.narrow(length);
    append(target, reader.octets(layout.prefix));
    for (unsigned i = 0; i < layout.count && !reader.failed(); ++i) reader.name(target);
    append(target, reader.rest());
    reader.restore_end(end);
    // Decompressed, it must still fit into a record.
    return !reader.failed() && target.size() - start <= 0xffff;
}

}  // namespace

bool read_rdata(WireReader& reader, Type type, std::size_t length, Bytes& target) {
    // Most records of most zones take one of the short ways.
    const auto copy = [&](bool is_right) {
        const BytesView octets = reader.octets(length);
        if (!is_right || reader.failed()) {
            reader.fail();
            return false;
        }
        append(target, octets);
        return true;
    };
    if (type == Type::A) return copy(length == 4);
    if (type == Type::AAAA) return copy(length == 16);
    if (reader.remaining() < length) return copy(false);
    const BytesView raw = reader.message().subspan(reader.offset(), length);
    if (type == Type::TXT) return copy(are_strings(raw));
    const std::size_t start = target.size();
    if (type == Type::NS || type == Type::CNAME || type == Type::PTR) {
        const std::size_t end = reader.narrow(length);
        reader.name(target);
        if (!reader.at_end()) reader.fail();
        reader.restore_end(end);
        if (reader.failed()) target.resize(start);
        return !reader.failed();
    }
    const Layout layout = layout_of(type, raw);
    if (!layout.decompresses) return copy(!fault_on_wire(type, raw));
    if (read_with_names(reader, layout, length, target) &&
        !fault_of(type, BytesView(target).subspan(start))) {
        return true;
    }
    reader.fail();
    target.resize(start);
    return false;
}

Result<void> check_rdata(Type type, BytesView octets) {
    const rdata::Fault fault = fault_on_wire(type, octets);
    if (!fault) return success();
    return malformed(to_text(type) + ": " + fault.field + ": " + fault.reason);
}

void append_canonical_rdata(Type type, BytesView octets, Bytes& target) {
    const std::size_t start = target.size();
    append(target, octets);
    const Layout layout = layout_of(type, octets);
    if (!layout.lowers) return;
    const Region names = name_region(layout, octets);
    // Length octets of labels are below 'A'.
    for (std::size_t i = names.begin; i < names.end; ++i) {
        target[start + i] = lower(target[start + i]);
    }
}

int compare_rdata(Type type, BytesView a, BytesView b) {
    if (!name_layout(type).lowers && type != Type::NAPTR) return compare(a, b);
    const Region in_a = name_region(layout_of(type, a), a);
    const Region in_b = name_region(layout_of(type, b), b);
    const auto canonical = [](BytesView octets, const Region& names, std::size_t at) {
        return at >= names.begin && at < names.end ? lower(octets[at]) : octets[at];
    };
    const std::size_t shared = std::min(a.size(), b.size());
    for (std::size_t i = 0; i < shared; ++i) {
        const int order = int(canonical(a, in_a, i)) - int(canonical(b, in_b, i));
        if (order != 0) return order;
    }
    return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

std::string rdata_to_text(Type type, BytesView octets) {
    const Description* description = find_description(type);
    if (description && !description->check(octets)) return description->print(octets);
    // RFC 3597 5.
    std::string text = "\\# " + std::to_string(octets.size());
    if (!octets.empty()) text += ' ' + to_hex(octets);
    return text;
}

namespace {

Result<Bytes> generic_from_text(Tokens tokens) {
    if (tokens.empty()) return malformed("\\# needs a length");
    const auto length = parse_decimal<std::uint16_t>(tokens[0]);
    if (!length) return length.error();
    std::string digits;
    for (const std::string& token : tokens.subspan(1)) digits += token;
    auto octets = from_hex(digits);
    if (!octets) return octets;
    if (octets->size() != *length) {
        return malformed("\\# " + tokens[0] + " is followed by " + std::to_string(octets->size()) +
                         " octets");
    }
    return octets;
}

}  // namespace

Result<Bytes> rdata_from_text(Type type, Tokens tokens, NameView origin) {
    const Description* description = find_description(type);
    Bytes octets;
    if (!tokens.empty() && tokens[0] == "\\#") {
        auto generic = generic_from_text(tokens.subspan(1));
        if (!generic) return generic.error().in(to_text(type));
        octets = std::move(*generic);
    } else if (description) {
        const Result<void> parsed = description->parse(tokens, origin, octets);
        if (!parsed) return parsed.error().in(to_text(type));
        if (octets.size() > 0xffff) return malformed(to_text(type) + ": more than 65535 octets");
    } else {
        return malformed(to_text(type) + ": only the form \\# <length> <hex> is known");
    }
    const Result<void> checked = check_rdata(type, octets);
    if (!checked) return checked.error();
    return octets;
}

namespace {

std::size_t soa_serial_offset(BytesView soa_rdata) {
    const std::size_t offset = name_region(layout_of(Type::SOA, soa_rdata), soa_rdata).end;
    assert(offset != 0 && soa_rdata.size() == offset + 20);
    return offset;
}

}  // namespace

std::uint32_t soa_serial(BytesView soa_rdata) {
    WireReader reader(soa_rdata);
    reader.seek(soa_serial_offset(soa_rdata));
    return reader.u32();
}

Bytes with_soa_serial(BytesView soa_rdata, std::uint32_t serial) {
    Bytes octets = to_bytes(soa_rdata);
    const std::size_t offset = soa_serial_offset(soa_rdata);
    for (std::size_t i = 0; i < 4; ++i) {
        octets[offset + i] = static_cast<Byte>(serial >> (24 - 8 * i));
    }
    return octets;
}

}  // namespace chorale::dns
