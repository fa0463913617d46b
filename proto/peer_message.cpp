#include "proto/peer_message.hpp"

namespace chorale::proto {
namespace {

// One character of UTF-8 (RFC 3629 4) at the beginning of `text`: its octets and
// code point; 0 octets if there is none.
struct Character {
    std::size_t octets = 0;
    std::uint32_t code_point = 0;
};

Character first_character(std::string_view text) {
    const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    if (text.empty()) return {};
    const std::uint8_t lead = octet(0);
    if (lead < 0x80) return {1, lead};
    const std::size_t length = lead < 0xc2   ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0 || text.size() < length) return {};
    std::uint32_t code_point = lead & (0x7fu >> length);
    for (std::size_t at = 1; at < length; ++at) {
        if ((octet(at) & 0xc0) != 0x80) return {};
        code_point = code_point << 6 | (octet(at) & 0x3fu);
    }
    const bool is_overlong =
        (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
    const bool is_surrogate = code_point >= 0xd800 && code_point < 0xe000;
    if (is_overlong || is_surrogate || code_point > 0x10ffff) return {};
    return {length, code_point};
}

// Control characters would let a peer write lines into a log or colour a terminal.
bool is_printable(Character character) {
    return character.octets != 0 && character.code_point >= 0x20 &&
           !(character.code_point >= 0x7f && character.code_point < 0xa0);
}

Result<void> check_reason(std::string_view reason) {
    if (reason.size() > most_reason_octets) {
        return malformed("reason of " + std::to_string(reason.size()) + " octets");
    }
    while (!reason.empty()) {
        const Character character = first_character(reason);
        if (!is_printable(character)) return malformed("reason that is no printable UTF-8");
        reason.remove_prefix(character.octets);
    }
    return success();
}

}  // namespace

Result<void> check(const PeerMessage& message, Purpose purpose) {
    if (message.interval &&
        (*message.interval < std::chrono::seconds(1) || *message.interval > longest_interval)) {
        return malformed("interval of " + std::to_string(message.interval->count()) + " s");
    }
    if (message.changed) {
        if (message.operation != Operation::state) {
            return malformed("a change told with another operation than STATE");
        }
        if (!is_contributed(*message.changed)) {
            return malformed("a change of " + dns::to_text(*message.changed) +
                             ", which nobody contributes");
        }
    }
    if (message.rungs.size() > most_rungs) {
        return malformed(std::to_string(message.rungs.size()) + " rungs");
    }
    if (message.evidence && message.evidence->hold_end &&
        (message.evidence->hold_end->time_since_epoch().count() <= 0 ||
         *message.evidence->hold_end > latest_hold_end)) {
        return malformed("hold end beyond the year 9999");
    }
    if (message.reason) {
        if (const auto checked = check_reason(*message.reason); !checked) return checked.error();
    }
    if (purpose == Purpose::request && message.operation == Operation::elect && !message.term) {
        return malformed("ELECT without a term");
    }
    if (purpose == Purpose::instruction) {
        if (message.operation != Operation::state) {
            return malformed("an instruction with another operation than STATE");
        }
        if (message.changed) return malformed("an instruction that tells a change");
        if (!message.term) return malformed("an instruction without a term");
        if (!message.epoch) return malformed("an instruction without an epoch");
        if (!message.roster) return malformed("an instruction without the roster's hash");
        if (message.rungs.empty()) return malformed("an instruction without a rung");
    }
    return success();
}

std::string to_reason(std::string_view text) {
    std::string reason;
    while (!text.empty()) {
        Character character = first_character(text);
        const bool stays = is_printable(character);
        if (character.octets == 0) character.octets = 1;
        const std::string_view piece = stays ? text.substr(0, character.octets) : "?";
        if (reason.size() + piece.size() > most_reason_octets) break;
        reason += piece;
        text.remove_prefix(character.octets);
    }
    return reason;
}

}  // namespace chorale::proto
