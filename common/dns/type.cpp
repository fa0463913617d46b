#include "common/dns/type.hpp"

#include <algorithm>
#include <array>

#include "common/base/encoding.hpp"

namespace chorale::dns {
namespace {

struct TypeRow {
    Type type;
    std::string_view mnemonic;
    NameLayout names = {};
};

// RFC 3597 4 lists what may be compressed and what must be accepted compressed;
// RFC 4034 6.2 as changed by RFC 6840 5.1 lists what canonical form lowers.
constexpr NameLayout rfc1035_name{0, 1, true, true, true};
constexpr NameLayout later_name{0, 1, false, true, true};

// Ascending. Types written as a number are known by their mnemonic, no more.
constexpr TypeRow types[] = {
    {Type::A, "A"},
    {Type::NS, "NS", rfc1035_name},
    {Type::MD, "MD", rfc1035_name},
    {Type::MF, "MF", rfc1035_name},
    {Type::CNAME, "CNAME", rfc1035_name},
    {Type::SOA, "SOA", {0, 2, true, true, true}},
    {Type::MB, "MB", rfc1035_name},
    {Type::MG, "MG", rfc1035_name},
    {Type::MR, "MR", rfc1035_name},
    {Type::NULL_, "NULL"},
    {Type::WKS, "WKS"},
    {Type::PTR, "PTR", rfc1035_name},
    {Type::HINFO, "HINFO"},
    {Type::MINFO, "MINFO", {0, 2, true, true, true}},
    {Type::MX, "MX", {2, 1, true, true, true}},
    {Type::TXT, "TXT"},
    {Type::RP, "RP", {0, 2, false, true, true}},
    {Type::AFSDB, "AFSDB", {2, 1, false, true, true}},
    {Type(19), "X25"},
    {Type(20), "ISDN"},
    {Type::RT, "RT", {2, 1, false, true, true}},
    {Type(22), "NSAP"},
    {Type(23), "NSAP-PTR"},
    {Type::SIG, "SIG", {18, 1, false, true, true}},
    {Type::KEY, "KEY"},
    {Type::PX, "PX", {2, 2, false, true, true}},
    {Type(27), "GPOS"},
    {Type::AAAA, "AAAA"},
    {Type::LOC, "LOC"},
    {Type::NXT, "NXT", later_name},
    {Type(31), "EID"},
    {Type(32), "NIMLOC"},
    {Type::SRV, "SRV", {6, 1, false, true, true}},
    {Type(34), "ATMA"},
    // The strings before NAPTR's name have no fixed length: rdata.cpp knows.
    {Type::NAPTR, "NAPTR"},
    {Type::KX, "KX", {2, 1, false, true, true}},
    {Type::CERT, "CERT"},
    {Type(38), "A6"},
    {Type::DNAME, "DNAME", later_name},
    {Type(40), "SINK"},
    {Type::OPT, "OPT"},
    {Type(42), "APL"},
    {Type::DS, "DS"},
    {Type::SSHFP, "SSHFP"},
    {Type(45), "IPSECKEY"},
    {Type::RRSIG, "RRSIG", {18, 1, false, false, true}},
    {Type::NSEC, "NSEC", {0, 1, false, false, false}},
    {Type::DNSKEY, "DNSKEY"},
    {Type(49), "DHCID"},
    {Type::NSEC3, "NSEC3"},
    {Type::NSEC3PARAM, "NSEC3PARAM"},
    {Type::TLSA, "TLSA"},
    {Type(53), "SMIMEA"},
    {Type(55), "HIP"},
    {Type(56), "NINFO"},
    {Type(57), "RKEY"},
    {Type(58), "TALINK"},
    {Type::CDS, "CDS"},
    {Type::CDNSKEY, "CDNSKEY"},
    {Type::OPENPGPKEY, "OPENPGPKEY"},
    {Type::CSYNC, "CSYNC"},
    {Type::ZONEMD, "ZONEMD"},
    {Type::SVCB, "SVCB", {2, 1, false, false, false}},
    {Type::HTTPS, "HTTPS", {2, 1, false, false, false}},
    {Type::SPF, "SPF"},
    {Type(100), "UINFO"},
    {Type(101), "UID"},
    {Type(102), "GID"},
    {Type(103), "UNSPEC"},
    {Type(104), "NID"},
    {Type(105), "L32"},
    {Type(106), "L64"},
    {Type(107), "LP"},
    {Type(108), "EUI48"},
    {Type(109), "EUI64"},
    {Type::TKEY, "TKEY"},
    {Type::TSIG, "TSIG"},
    {Type::IXFR, "IXFR"},
    {Type::AXFR, "AXFR"},
    {Type::MAILB, "MAILB"},
    {Type::MAILA, "MAILA"},
    {Type::ANY, "ANY"},
    {Type::URI, "URI"},
    {Type::CAA, "CAA"},
    {Type(258), "AVC"},
    {Type(259), "DOA"},
    {Type(260), "AMTRELAY"},
    {Type(32768), "TA"},
    {Type(32769), "DLV"},
    {Type::MSIGNER, "MSIGNER", {1, 1, false, false, false}},
};

static_assert(std::ranges::is_sorted(types, {}, &TypeRow::type));

const TypeRow* find_row(Type type) {
    const auto row = std::ranges::lower_bound(types, type, {}, &TypeRow::type);
    return row != std::end(types) && row->type == type ? row : nullptr;
}

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& character : result) {
        if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 32);
    }
    return result;
}

}  // namespace

std::string to_text(Type type) {
    const TypeRow* row = find_row(type);
    return row ? std::string(row->mnemonic) : "TYPE" + std::to_string(unsigned(type));
}

Result<Type> type_from_text(std::string_view text) {
    const std::string wanted = upper(text);
    for (const TypeRow& row : types) {
        if (row.mnemonic == wanted) return row.type;
    }
    if (wanted.starts_with("TYPE")) {
        const auto number = parse_decimal<std::uint16_t>(std::string_view(wanted).substr(4));
        if (number) return Type(*number);
    }
    return malformed("\"" + std::string(text) + "\" is no RR type");
}

std::string to_text(Class klass) {
    switch (klass) {
        case Class::IN: return "IN";
        case Class::CH: return "CH";
        case Class::HS: return "HS";
        case Class::NONE: return "NONE";
        case Class::ANY: return "ANY";
    }
    return "CLASS" + std::to_string(unsigned(klass));
}

std::string to_text(Opcode opcode) {
    switch (opcode) {
        case Opcode::QUERY: return "QUERY";
        case Opcode::IQUERY: return "IQUERY";
        case Opcode::STATUS: return "STATUS";
        case Opcode::NOTIFY: return "NOTIFY";
        case Opcode::UPDATE: return "UPDATE";
    }
    return "OPCODE" + std::to_string(unsigned(opcode));
}

std::string to_text(Rcode rcode) {
    switch (rcode) {
        case Rcode::NOERROR: return "NOERROR";
        case Rcode::FORMERR: return "FORMERR";
        case Rcode::SERVFAIL: return "SERVFAIL";
        case Rcode::NXDOMAIN: return "NXDOMAIN";
        case Rcode::NOTIMP: return "NOTIMP";
        case Rcode::REFUSED: return "REFUSED";
        case Rcode::YXDOMAIN: return "YXDOMAIN";
        case Rcode::YXRRSET: return "YXRRSET";
        case Rcode::NXRRSET: return "NXRRSET";
        case Rcode::NOTAUTH: return "NOTAUTH";
        case Rcode::NOTZONE: return "NOTZONE";
        case Rcode::BADVERS: return "BADVERS";
        case Rcode::BADCOOKIE: return "BADCOOKIE";
    }
    return "RCODE" + std::to_string(unsigned(rcode));
}

bool is_meta_type(Type type) {
    const auto code = std::uint16_t(type);
    return code == 0 || type == Type::OPT || (code >= 128 && code <= 255);
}

namespace {

// Asked for every record: no look-up for the types that most records have.
constexpr auto low_layouts = [] {
    std::array<NameLayout, 64> layouts;
    for (const TypeRow& row : types) {
        if (std::size_t(row.type) < layouts.size()) layouts[std::size_t(row.type)] = row.names;
    }
    return layouts;
}();

}  // namespace

NameLayout name_layout(Type type) {
    if (std::size_t(type) < low_layouts.size()) return low_layouts[std::size_t(type)];
    const TypeRow* row = find_row(type);
    return row ? row->names : NameLayout{};
}

}  // namespace chorale::dns
