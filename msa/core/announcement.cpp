#include "msa/core/announcement.hpp"

#include <algorithm>

namespace chorale::msa {

namespace {

std::chrono::sys_seconds to_hold_end(Instant end) {
    const auto earliest = std::chrono::sys_seconds(std::chrono::seconds(1));
    return std::clamp(std::chrono::ceil<std::chrono::seconds>(end), earliest,
                      proto::latest_hold_end);
}

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

}  // namespace chorale::msa
