// What both codecs give: the message, and what was odd about its form. A fault
// changes nothing and is an Error whose kind says how it is answered.
#pragma once

#include <string_view>
#include <vector>

#include "proto/peer_message.hpp"

namespace chorale::proto {

// Forms that are accepted and worth telling an operator about.
enum class Note {
    mirrored_bits,     // the sender counts bits from the other end: read mirrored
    missing_baseline,  // a baseline bit is clear: taken as set
    reserved_octet,    // a zero octet before the body, as later drafts have it: skipped
    unknown_fact,      // a TLV type that nobody defined: skipped
    unknown_value,     // a rung with a process, rung or status that nobody defined: skipped
};
std::string_view to_text(Note note);

struct Decoded {
    PeerMessage message;
    std::vector<Note> notes;  // each once, in the order above

    void note(Note what);
};

// TRANSPORT or SYNCHRONIZATION as it came, with the reading of mirrored bits.
template <class Bit>
Capabilities<Bit> read_capabilities(std::uint8_t octet, Decoded& noted);

// FORMERR; NOTIMP for an operation that nobody defined.
dns::Rcode rcode_of(const Error& error);

}  // namespace chorale::proto
