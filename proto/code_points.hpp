// Numbers and names that two agents must agree on, each written once: in
// draft-leon-distributed-multi-signer they are to be assigned, private or local.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/dns/type.hpp"

namespace chorale::proto {

// What a message does. HELLO and HEARTBEAT are the draft's; STATE and ELECT are of
// its range for private use. Their numbers are in CodePoints.
enum class Operation { hello, heartbeat, state, elect };
inline constexpr std::array operations = {Operation::hello, Operation::heartbeat, Operation::state,
                                          Operation::elect};

// The numbers and names that a registry may still change: an operator can set each
// of them, the same at every provider of a zone.
struct CodePoints {
    dns::Type msigner = dns::Type::MSIGNER;
    // EDNS(0) option code of the Multi-Signer option, of the range for local use.
    std::uint16_t option = 65010;
    std::uint8_t hello = 1;
    std::uint8_t heartbeat = 2;
    std::uint8_t state = 128;
    std::uint8_t elect = 129;
    // Before an identity: where its URI RRset is published (RFC 7553).
    std::string dns_label = "_dns._tcp";
    std::string api_label = "_https._tcp";

    std::uint8_t number_of(Operation operation) const;
    std::optional<Operation> operation_of(std::uint8_t number) const;
};

// Errors (malformed): operation 0, which the draft forbids; two operations with one
// number; an option code that EDNS gives another meaning; a label that is no name.
Result<void> check(const CodePoints& code_points);

// "HELLO" and so on, for logs and people.
std::string_view to_text(Operation operation);

// Bits of the octet TRANSPORT, counted from the least significant one.
enum class Transport : std::uint8_t { dns = 0x01, api = 0x02 };

// Bits of the octet SYNCHRONIZATION.
enum class Synchronization : std::uint8_t { leader_follower = 0x01, peer = 0x02 };

// The facts of OPERATION-BODY: TYPE(1) LENGTH(2) VALUE.
enum class TlvType : std::uint8_t {
    sequence = 1,
    identity = 2,
    interval = 3,
    roster = 4,
    epoch = 5,
    rung = 6,
    evidence = 7,
    term = 8,
    reason = 9,
    vote = 10,
    contribution = 11,
    recovery = 12,
    echo = 13,
};

// The RRsets at a zone's apex that the agents hold in common, in the order in which
// they are written. CDNSKEY is missing in the draft and needed by RFC 8078.
inline constexpr std::array controlled_types = {dns::Type::NS, dns::Type::DNSKEY, dns::Type::CDS,
                                                dns::Type::CDNSKEY, dns::Type::CSYNC};
// Those that each agent contributes to; CSYNC follows from NS.
inline constexpr std::array contributed_types = {dns::Type::NS, dns::Type::DNSKEY, dns::Type::CDS,
                                                 dns::Type::CDNSKEY};
bool is_contributed(dns::Type type);
// By its mnemonic, in any case.
std::optional<dns::Type> contributed_from_text(std::string_view text);

enum class ProcessKind : std::uint8_t {
    join = 1,
    leave = 2,
    zsk_roll = 3,
    ksk_roll = 4,
    csk_roll = 5,
    algorithm_roll = 6,
    name_servers = 7,
    setup = 8,
};

enum class Rung : std::uint8_t {
    OUT = 0,
    KEYS = 1,
    DS = 2,
    NS = 3,
    IN = 4,
    NS_GONE = 5,  // of a leave: its NS are removed, caches may still hold them
    STOPPED = 6,  // of a leave: it may have stopped answering, caches hold its data
};

enum class RungStatus : std::uint8_t {
    working = 1,
    done = 2,
    holding = 3,
    blocked = 4,  // waits for its turn
    meeting = 5,  // where it would start, once all are in the epoch
};

// The texts are what stands in JSON, and what people read.
std::string_view to_text(Transport transport);
std::string_view to_text(Synchronization synchronization);
std::string_view to_text(ProcessKind kind);
std::string_view to_text(Rung rung);
std::string_view to_text(RungStatus status);

// The enumerator of a number, or of a text in any case; none if nobody defined it.
// For the five enumerations above.
template <class Enumeration>
std::optional<Enumeration> from_number(std::uint8_t number);
template <class Enumeration>
std::optional<Enumeration> from_text(std::string_view text);

}  // namespace chorale::proto
