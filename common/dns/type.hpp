// RR types, classes, opcodes and rcodes (IANA DNS parameters), and the table of
// types that the project knows by name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace chorale::dns {

enum class Type : std::uint16_t {
    A = 1,
    NS = 2,
    MD = 3,
    MF = 4,
    CNAME = 5,
    SOA = 6,
    MB = 7,
    MG = 8,
    MR = 9,
    NULL_ = 10,
    WKS = 11,
    PTR = 12,
    HINFO = 13,
    MINFO = 14,
    MX = 15,
    TXT = 16,
    RP = 17,
    AFSDB = 18,
    RT = 21,
    SIG = 24,
    KEY = 25,
    PX = 26,
    AAAA = 28,
    LOC = 29,
    NXT = 30,
    SRV = 33,
    NAPTR = 35,
    KX = 36,
    CERT = 37,
    DNAME = 39,
    OPT = 41,
    DS = 43,
    SSHFP = 44,
    RRSIG = 46,
    NSEC = 47,
    DNSKEY = 48,
    NSEC3 = 50,
    NSEC3PARAM = 51,
    TLSA = 52,
    CDS = 59,
    CDNSKEY = 60,
    OPENPGPKEY = 61,
    CSYNC = 62,
    ZONEMD = 63,
    SVCB = 64,
    HTTPS = 65,
    SPF = 99,
    TKEY = 249,
    TSIG = 250,
    IXFR = 251,
    AXFR = 252,
    MAILB = 253,
    MAILA = 254,
    ANY = 255,
    URI = 256,
    CAA = 257,
    MSIGNER = 65281,  // private use; draft-leon-distributed-multi-signer, "The MSIGNER RRset"
};

enum class Class : std::uint16_t { IN = 1, CH = 3, HS = 4, NONE = 254, ANY = 255 };

enum class Opcode : std::uint8_t { QUERY = 0, IQUERY = 1, STATUS = 2, NOTIFY = 4, UPDATE = 5 };

enum class Rcode : std::uint16_t {
    NOERROR = 0,
    FORMERR = 1,
    SERVFAIL = 2,
    NXDOMAIN = 3,
    NOTIMP = 4,
    REFUSED = 5,
    YXDOMAIN = 6,
    YXRRSET = 7,
    NXRRSET = 8,
    NOTAUTH = 9,
    NOTZONE = 10,
    BADVERS = 16,
    BADCOOKIE = 23,
};

// TSIG error field (RFC 8945 3); shares its number space with Rcode.
enum class TsigError : std::uint16_t {
    none = 0,
    BADSIG = 16,
    BADKEY = 17,
    BADTIME = 18,
    BADTRUNC = 22
};

// Mnemonic, or TYPE<n> (RFC 3597 5).
std::string to_text(Type type);
// Mnemonic in any case, or TYPE<n>.
Result<Type> type_from_text(std::string_view text);
std::string to_text(Class klass);
std::string to_text(Opcode opcode);
std::string to_text(Rcode rcode);

// True for types that are never data: 0, OPT, TSIG, TKEY and QTYPEs 128..255
// (RFC 6895 3.1), which no zone may hold.
bool is_meta_type(Type type);

// How names lie in the RDATA of a type: `prefix` octets, then `count` names,
// then the rest as it is. What may be compressed on sending (RFC 3597 4), what
// is accepted compressed, and what is lowered in canonical form (RFC 4034 6.2).
struct NameLayout {
    std::uint8_t prefix = 0;
    std::uint8_t count = 0;
    bool compresses = false;
    bool decompresses = false;
    bool lowers = false;
};
NameLayout name_layout(Type type);

}  // namespace chorale::dns
