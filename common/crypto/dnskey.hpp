// What can be computed from a DNSKEY without signing: key tag (RFC 4034 appendix
// B), DS digests (RFC 4034 5.1.4, RFC 4509, RFC 6605), delete sentinels (RFC 8078 4).
#pragma once

#include "common/base/bytes.hpp"
#include "common/dns/name.hpp"
#include "common/dns/type.hpp"

namespace chorale::crypto {

std::uint16_t key_tag(BytesView dnskey_rdata);

// What is wrong with the public key of DNSKEY or CDNSKEY RDATA that is well formed
// otherwise; null if nothing is, or the algorithm is not known. Sizes by RFC 6605 4,
// RFC 8080 3, RFC 3110 2.
const char* public_key_fault(BytesView dnskey_rdata);

// DS or CDS RDATA of a key with digest type 1, 2 or 4; empty for others.
Bytes make_ds(dns::NameView owner, BytesView dnskey_rdata, std::uint8_t digest_type);

// True if this DS or CDS RDATA is of this key. A digest type that we do not know
// is compared by key tag and algorithm only.
bool ds_matches(dns::NameView owner, BytesView dnskey_rdata, BytesView ds_rdata);

// "0 0 0 00" as CDS, "0 3 0 AA==" as CDNSKEY.
bool is_delete_sentinel(dns::Type type, BytesView rdata);

}  // namespace chorale::crypto
