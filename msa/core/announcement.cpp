#include "msa/core/announcement.hpp"

#include <algorithm>

namespace chorale::msa {

namespace {

std::chrono::sys_seconds to_hold_end(Instant end) {
    const auto earliest = std::chrono::sys_seconds(std::chrono::seconds(1));
    return std::clamp(std::chrono::ceil<std::chrono::seconds>(end), earliest,
                      proto::latest_hold_end);
}

// As FNV-1a, of numbers instead of octets.
class Fingerprint {
public:
    void add(std::uint64_t number) {
        value_ = (value_ ^ number) * 0x100000001b3U;
        // A product carries nothing down.
        value_ ^= value_ >> 29;
    }
    std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 0xcbf29ce484222325U;
};

}  // namespace

proto::PeerMessage to_message(const Announcement& announcement, const dns::Name& zone) {
    proto::PeerMessage message;
    message.operation = proto::Operation::state;
    message.zone = zone;
    message.roster = announcement.roster;
    message.epoch = announcement.epoch;
    const std::size_t count = std::min(announcement.rungs.size(), proto::most_rungs);
    message.rungs.assign(announcement.rungs.begin(),
                         announcement.rungs.begin() + static_cast<std::ptrdiff_t>(count));
    proto::Evidence& evidence = message.evidence.emplace();
    evidence.dnskey_ttl = announcement.dnskey_ttl;
    evidence.ns_ttl = announcement.ns_ttl;
    evidence.max_ttl = announcement.largest_ttl;
    evidence.signed_serial = announcement.serial;
    if (announcement.hold_end) evidence.hold_end = to_hold_end(*announcement.hold_end);
    message.contribution = announcement.contribution;
    message.is_recovering = announcement.is_recovering;
    if (announcement.echo != Progress{})
        message.echo = proto::Echo{announcement.echo.epoch, announcement.echo.steps};
    // The root stands for a leader that is not known.
    if (announcement.term != 0)
        message.term = proto::Term{announcement.term, announcement.leader.value_or(dns::Name())};
    return message;
}

Result<Announcement> to_announcement(const proto::PeerMessage& message) {
    if (message.operation != proto::Operation::state)
        return malformed("an announcement with another operation than STATE");
    if (!message.roster) return malformed("an announcement without the roster's hash");
    if (!message.epoch) return malformed("an announcement without an epoch");
    if (!message.contribution) return malformed("an announcement without the contribution's hash");
    if (!message.evidence) return malformed("an announcement without evidence");
    Announcement announcement;
    announcement.roster = *message.roster;
    announcement.epoch = *message.epoch;
    announcement.rungs = message.rungs;
    announcement.hold_end = message.evidence->hold_end;
    announcement.contribution = *message.contribution;
    announcement.dnskey_ttl = message.evidence->dnskey_ttl;
    announcement.ns_ttl = message.evidence->ns_ttl;
    announcement.largest_ttl = message.evidence->max_ttl;
    announcement.serial = message.evidence->signed_serial;
    announcement.is_recovering = message.is_recovering;
    if (message.echo) announcement.echo = {message.echo->epoch, message.echo->steps};
    if (message.term) {
        announcement.term = message.term->number;
        if (!message.term->identity.view().is_root()) announcement.leader = message.term->identity;
    }
    return announcement;
}

std::uint64_t fingerprint_but_for_echo(const Announcement& announcement) {
    Fingerprint print;
    for (const Digest& digest : {announcement.roster, announcement.contribution})
        for (const Byte octet : digest) print.add(octet);
    print.add(announcement.epoch);
    print.add(announcement.rungs.size());
    for (const RungReport& report : announcement.rungs) {
        print.add(hash_ignoring_case(report.subject));
        print.add(static_cast<std::uint64_t>(report.process));
        print.add(static_cast<std::uint64_t>(report.rung));
        print.add(static_cast<std::uint64_t>(report.status));
    }
    print.add(announcement.hold_end
                  ? static_cast<std::uint64_t>(announcement.hold_end->time_since_epoch().count())
                  : 0);
    print.add(announcement.dnskey_ttl);
    print.add(announcement.ns_ttl);
    print.add(announcement.largest_ttl);
    print.add(announcement.is_recovering);
    print.add(announcement.term);
    print.add(announcement.leader ? hash_ignoring_case(*announcement.leader) : 0);
    return print.value();
}

std::uint64_t fingerprint(std::uint64_t but_for_echo, const Progress& echo) {
    Fingerprint print;
    print.add(but_for_echo);
    print.add(echo.epoch);
    print.add(echo.steps);
    return print.value();
}

}  // namespace chorale::msa
