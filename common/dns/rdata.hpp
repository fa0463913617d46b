// RDATA: reading from messages (decompressed and checked), text, canonical form.
// Every typed RR type is described once, in common/dns/rdata/<type>.hpp, by a
// struct whose fields(visitor) names its fields; readers, printers and parsers
// are visitors. Types without such a file are opaque (RFC 3597).
#pragma once

#include <span>

#include "common/dns/record.hpp"
#include "common/dns/wire.hpp"

namespace chorale::dns {

// Reads `length` octets of RDATA at `reader`, decompresses names of the types
// that may come compressed (RFC 3597 4), checks the content of typed types and
// appends the uncompressed octets to `target`. False: malformed; the reader has
// failed and `target` is as before. Fast: called for every record of a transfer.
bool read_rdata(WireReader& reader, Type type, std::size_t length, Bytes& target);

// The same check for uncompressed octets; the error says which field is wrong.
// MSIGNER passes whatever it holds: its number is for private use.
Result<void> check_rdata(Type type, BytesView rdata);

// Canonical form (RFC 4034 6.2): names in RDATA of certain types are lowered.
void append_canonical_rdata(Type type, BytesView rdata, Bytes& target);

// Canonical order (RFC 4034 6.3); 0 means the same RDATA, case of names aside.
int compare_rdata(Type type, BytesView a, BytesView b);

// Presentation form; opaque types and broken octets as \# <length> <hex>.
std::string rdata_to_text(Type type, BytesView rdata);

// Presentation form to wire; accepts \# for every type. Tokens are split as a
// zone file does it, quotes and escapes still in them (see text.hpp).
Result<Bytes> rdata_from_text(Type type, std::span<const std::string> tokens, NameView origin);

// Serial of SOA RDATA, which must have passed check_rdata.
std::uint32_t soa_serial(BytesView soa_rdata);
// SOA RDATA with another serial.
Bytes with_soa_serial(BytesView soa_rdata, std::uint32_t serial);

}  // namespace chorale::dns
