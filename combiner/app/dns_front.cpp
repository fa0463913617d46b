#include "combiner/app/dns_front.hpp"

#include <algorithm>

#include "combiner/app/combiner_store.hpp"
#include "common/dns/rdata.hpp"
#include "common/zone/xfr_packer.hpp"

namespace chorale::combiner {
namespace {

namespace asio = boost::asio;
using dns::Rcode;
using runtime::log::Level;

constexpr std::size_t udp_most_octets = 1232;
constexpr std::size_t udp_least_octets = 512;
// Messages and octets handed to the kernel in one turn of a transfer.
constexpr std::size_t batch_messages = 64;
constexpr std::size_t batch_octets = 1 << 20;

// RFC 7873 4: 8, or 16 to 40 octets. RFC 7828 3.2.1: empty in a request.
bool has_broken_option(const dns::Edns& edns, bool is_tcp) {
    return std::ranges::any_of(edns.options, [&](const dns::EdnsOption& option) {
        const std::size_t size = option.value.size();
        if (option.code == dns::option_cookie) return size != 8 && (size < 16 || size > 40);
        if (option.code == dns::option_keepalive) return is_tcp && size != 0;
        return false;
    });
}

std::string_view to_text(crypto::TsigVerdict::Outcome outcome) {
    using Outcome = crypto::TsigVerdict::Outcome;
    switch (outcome) {
        case Outcome::form_error: return "tsig_form";
        case Outcome::bad_key: return "tsig_badkey";
        case Outcome::bad_signature: return "tsig_badsig";
        case Outcome::bad_time: return "tsig_badtime";
        case Outcome::bad_truncation: return "tsig_badtrunc";
        default: return "tsig";
    }
}

bool is_allowed(const std::vector<net::Prefix>& prefixes, const net::SocketAddress& source) {
    return std::ranges::any_of(
        prefixes, [&](const net::Prefix& prefix) { return prefix.contains(source.address()); });
}

}  // namespace

// One request with what was found out about it.
struct DnsFront::Exchange {
    net::Request request;
    std::shared_ptr<net::ReplyStream> stream;
    // Keeps keys and settings alive through a reload.
    std::shared_ptr<const Configuration> configuration;
    dns::Message message;
    crypto::TsigVerdict tsig;
    Instant arrived;

    bool is_tcp() const { return request.transport == net::Transport::tcp; }
    const dns::Question& question() const { return message.questions.front(); }
    bool has_key(const crypto::TsigKey* key) const {
        return key && tsig.key && tsig.key->name == key->name;
    }

    const Secondary* find_secondary(const ServedZone& zone) const {
        for (const auto& secondary : zone.settings()->secondaries) {
            const bool has_right_key = secondary->key ? has_key(secondary->key.get()) : true;
            if (has_right_key && is_allowed(secondary->allow, request.source))
                return secondary.get();
        }
        return nullptr;
    }
    const Updater* find_updater(const ServedZone& zone) const {
        for (const auto& updater : zone.settings()->updaters) {
            const bool is_near =
                updater->allow.empty() || is_allowed(updater->allow, request.source);
            if (has_key(updater->key.get()) && is_near) return updater.get();
        }
        return nullptr;
    }
};

DnsFront::DnsFront(std::shared_ptr<Surroundings> surroundings, const ZoneDirectory& zones)
    : surroundings_(std::move(surroundings)), zones_(zones) {}

asio::awaitable<void> DnsFront::handle(net::Request request,
                                       std::shared_ptr<net::ReplyStream> stream) {
    auto exchange = std::make_shared<Exchange>();
    exchange->request = std::move(request);
    exchange->stream = std::move(stream);
    exchange->configuration = surroundings_->configuration;
    exchange->arrived = surroundings_->now();
    dns::MessageLimits limits;
    limits.records = exchange->configuration->limits.message_records;
    dns::ParseOutcome parsed = dns::parse_message(exchange->request.octets, limits);
    if (!parsed.message) {
        if (!parsed.failure.is_answerable) co_return;
        exchange->message.header = parsed.failure.header;
        exchange->message.questions = std::move(parsed.failure.questions);
        if (parsed.failure.has_edns) exchange->message.edns.emplace();
        co_await refuse(exchange, Rcode::FORMERR, "malformed");
        co_return;
    }
    exchange->message = std::move(*parsed.message);
    const dns::Message& message = exchange->message;
    if (message.header.is_response) co_return;  // never answer an answer
    if (message.edns && message.edns->version > 0) {
        co_await refuse(exchange, Rcode::BADVERS, "edns_version");
        co_return;
    }
    if (message.edns && has_broken_option(*message.edns, exchange->is_tcp())) {
        co_await refuse(exchange, Rcode::FORMERR, "edns_option");
        co_return;
    }
    const dns::Opcode opcode = message.opcode();
    if (opcode != dns::Opcode::QUERY && opcode != dns::Opcode::NOTIFY &&
        opcode != dns::Opcode::UPDATE) {
        co_await refuse(exchange, Rcode::NOTIMP, "opcode");
        co_return;
    }
    // Only what changes something must not be repeated; queries may.
    crypto::ReplayGuard* guard =
        opcode == dns::Opcode::UPDATE ? &surroundings_->replay_guard : nullptr;
    exchange->tsig = verify_request(exchange->request.octets, message,
                                    *exchange->configuration->keys, exchange->arrived, guard);
    using Outcome = crypto::TsigVerdict::Outcome;
    const Outcome outcome = exchange->tsig.outcome;
    if (outcome != Outcome::unsigned_request && outcome != Outcome::verified) {
        const Rcode rcode = outcome == Outcome::form_error ? Rcode::FORMERR : Rcode::NOTAUTH;
        co_await refuse(exchange, rcode, std::string(to_text(outcome)));
        co_return;
    }
    if (opcode == dns::Opcode::UPDATE) {
        co_await answer_update(exchange);
        co_return;
    }
    if (message.questions.size() != 1) {
        co_await refuse(exchange, Rcode::FORMERR, "question_count");
        co_return;
    }
    if (opcode == dns::Opcode::NOTIFY) {
        co_await answer_notify(exchange);
    } else {
        co_await answer_query(exchange);
    }
}

// ---- sending
// -------------------------------------------------------------------------------------

asio::awaitable<void> DnsFront::refuse(ExchangePointer exchange, Rcode rcode, std::string cause) {
    surroundings_->metrics.counter("chorale_combiner_refusals_total", {cause}).increment();
    const std::string source = exchange->request.source.address().to_string();
    const auto& questions = exchange->message.questions;
    const std::string name = questions.empty() ? "" : questions.front().name.to_text();
    const std::string opcode = to_text(exchange->message.opcode());
    const std::string answered = to_text(rcode);
    surroundings_->refusals.event(exchange->arrived, Level::info, "request.refused", source + cause,
                                  {{"source", source},
                                   {"opcode", opcode},
                                   {"name", name},
                                   {"cause", cause},
                                   {"rcode", answered}});
    co_await send(exchange, make_response(exchange->message, rcode));
}

asio::awaitable<void> DnsFront::send(ExchangePointer exchange, dns::Message message) {
    auto& tsig = exchange->tsig;
    const std::string opcode = to_text(exchange->message.opcode());
    const std::string rcode = to_text(message.rcode());
    surroundings_->metrics.counter("chorale_combiner_requests_total", {opcode, rcode}).increment();
    Bytes octets = write_message(message);
    std::size_t most = dns::max_message_octets;
    if (!exchange->is_tcp()) {
        const auto& edns = exchange->message.edns;
        most = edns ? std::clamp<std::size_t>(edns->udp_octets, udp_least_octets, udp_most_octets)
                    : udp_least_octets;
    }
    const std::size_t extra =
        tsig.responder ? tsig.responder->overhead() : tsig.error_record.size();
    if (octets.size() + extra > most) {
        // RFC 8945 5.3: question and TSIG only.
        message.answers.clear();
        message.authority.clear();
        message.additional.clear();
        message.header.is_truncated = true;
        octets = write_message(message);
    }
    if (tsig.responder) {
        tsig.responder->sign(octets, surroundings_->now());
    } else if (!tsig.error_record.empty()) {
        crypto::append_tsig_record(octets, tsig.error_record);
    }
    // An error here is a client that went away.
    Result<void> sent = co_await exchange->stream->send(net::one_message(std::move(octets)));
    static_cast<void>(sent);
}

// ---- QUERY
// ---------------------------------------------------------------------------------------

asio::awaitable<void> DnsFront::answer_query(ExchangePointer exchange) {
    const dns::Question& question = exchange->question();
    const bool is_transfer = question.type == dns::Type::AXFR || question.type == dns::Type::IXFR;
    if (question.klass != dns::Class::IN) {
        co_await refuse(exchange, Rcode::REFUSED, "class");
        co_return;
    }
    const std::shared_ptr<ServedZone> zone = zones_.find(question.name);
    if (!zone) {
        co_await refuse(exchange, is_transfer ? Rcode::NOTAUTH : Rcode::REFUSED, "not_our_zone");
        co_return;
    }
    const bool is_known = exchange->find_secondary(*zone) != nullptr ||
                          (!is_transfer && exchange->find_updater(*zone) != nullptr);
    if (!is_known) {
        co_await refuse(exchange, Rcode::REFUSED, "not_allowed");
        co_return;
    }
    const bool is_answered =
        is_transfer || question.type == dns::Type::SOA || is_controlled(question.type);
    if (!is_answered) {
        co_await refuse(exchange, Rcode::REFUSED, "type_not_served");
        co_return;
    }
    if (!zone->combined() || zone->is_expired(exchange->arrived)) {
        co_await refuse(exchange, Rcode::SERVFAIL, "not_loaded");
        co_return;
    }
    if (question.type == dns::Type::AXFR) {
        co_await answer_axfr(exchange, zone);
        co_return;
    }
    if (question.type == dns::Type::IXFR) {
        co_await answer_ixfr(exchange, zone);
        co_return;
    }
    dns::Message answer = make_response(exchange->message, Rcode::NOERROR);
    answer.header.is_authoritative = true;
    const ZonePointer combined = zone->combined();
    const auto add_to = [&](std::vector<dns::Record>& section, const dns::RRset& rrset) {
        for (const Bytes& rdata : rrset.rdatas) {
            section.push_back({rrset.owner, rrset.type, dns::Class::IN, rrset.ttl, rdata});
        }
    };
    if (const dns::RRset* rrset = combined->find_in_head(question.type)) {
        add_to(answer.answers, *rrset);
    } else {
        add_to(answer.authority, combined->soa());  // RFC 2308 2.2: no such type
    }
    co_await send(exchange, std::move(answer));
}

asio::awaitable<void> DnsFront::answer_axfr(ExchangePointer exchange,
                                            std::shared_ptr<ServedZone> zone) {
    if (!exchange->is_tcp()) {
        co_await refuse(exchange, Rcode::NOTIMP, "axfr_over_udp");  // RFC 5936 4.2
        co_return;
    }
    const ZonePointer combined = zone->combined();
    zone::TransferQuery query;
    query.id = exchange->message.header.id;
    query.recursion_desired = exchange->message.header.recursion_desired;
    query.question = exchange->question();
    query.has_edns = exchange->message.edns.has_value();
    if (exchange->tsig.responder) query.reserved = exchange->tsig.responder->overhead();
    LastTransfer transfer{combined->serial(), "axfr", {}, exchange->request.source.to_text()};
    zone::AxfrPacker packer(combined, std::move(query));
    co_await stream_out(exchange, zone, std::move(packer), std::move(transfer));
}

asio::awaitable<void> DnsFront::answer_ixfr(ExchangePointer exchange,
                                            std::shared_ptr<ServedZone> zone) {
    // RFC 1995 3: the client's SOA, and nothing else, in the authority section.
    const auto& authority = exchange->message.authority;
    if (authority.size() != 1 || authority[0].type != dns::Type::SOA ||
        authority[0].klass != dns::Class::IN || !(authority[0].owner == zone->name()) ||
        !dns::check_rdata(dns::Type::SOA, authority[0].rdata).has_value()) {
        co_await refuse(exchange, Rcode::FORMERR, "ixfr_without_soa");
        co_return;
    }
    const zone::Serial have = dns::soa_serial(authority[0].rdata);
    const ZonePointer combined = zone->combined();
    zone::TransferQuery query;
    query.id = exchange->message.header.id;
    query.recursion_desired = exchange->message.header.recursion_desired;
    query.question = exchange->question();
    query.has_edns = exchange->message.edns.has_value();
    if (exchange->tsig.responder) query.reserved = exchange->tsig.responder->overhead();

    LastTransfer transfer{combined->serial(), "ixfr", {}, exchange->request.source.to_text()};
    std::optional<zone::ZoneDelta> delta;
    const bool is_current = have == combined->serial() || !zone::is_newer(combined->serial(), have);
    if (zone::is_newer(have, combined->serial())) {
        zone->note_error("transfer", "secondary at " + exchange->request.source.to_text() +
                                         " has serial " + std::to_string(have) + ", newer than " +
                                         std::to_string(combined->serial()) +
                                         ": was an old state directory restored?");
    }
    if (!is_current) delta = zone->journal().since(have);
    // RFC 1995 2: what does not fit into UDP is answered by a single SOA.
    const bool is_too_large_for_udp = [&] {
        if (exchange->is_tcp() || is_current) return false;
        return !delta || delta->octets() + query.reserved + udp_least_octets > udp_most_octets;
    }();
    if (is_current || is_too_large_for_udp) {
        dns::Message answer = make_response(exchange->message, Rcode::NOERROR);
        answer.header.is_authoritative = true;
        const dns::RRset& soa = combined->soa();
        answer.answers.push_back(
            {soa.owner, soa.type, dns::Class::IN, soa.ttl, soa.rdatas.front()});
        co_await send(exchange, std::move(answer));
        co_return;
    }
    // More than the zone itself would help nobody.
    if (delta && delta->octets() < combined->octets()) {
        zone::IxfrPacker packer(std::move(*delta), std::move(query));
        co_await stream_out(exchange, zone, std::move(packer), std::move(transfer));
        co_return;
    }
    transfer.kind = "axfr";
    zone::AxfrPacker packer(combined, std::move(query));
    co_await stream_out(exchange, zone, std::move(packer), std::move(transfer));
}

template <class Packer>
asio::awaitable<void> DnsFront::stream_out(ExchangePointer exchange,
                                           std::shared_ptr<ServedZone> zone, Packer packer,
                                           LastTransfer transfer) {
    net::Slots::Hold place;
    if (!surroundings_->transfers_out.try_take(place)) {
        co_await refuse(exchange, Rcode::SERVFAIL, "too_many_transfers");
        co_return;
    }
    const Secondary* secondary = exchange->find_secondary(*zone);
    const std::string name = secondary ? secondary->name : std::string();
    auto& responder = exchange->tsig.responder;
    bool has_more = true;
    Result<void> sent = success();
    while (has_more && sent.has_value()) {
        std::vector<net::OutgoingMessage> batch;
        std::size_t octets = 0;
        while (batch.size() < batch_messages && octets < batch_octets) {
            zone::TransferMessage message;
            has_more = packer.next(message);
            if (!has_more) break;
            Bytes tail;
            if (responder) tail = responder->sign(message.head, message.body, surroundings_->now());
            batch.emplace_back(std::move(message.head), message.body, std::move(tail),
                               std::move(message.chunk));
            octets += batch.back().size();
        }
        if (batch.empty()) break;
        sent = co_await exchange->stream->send(std::move(batch));
    }
    surroundings_->metrics
        .counter("chorale_combiner_transfers_out_total",
                 {transfer.kind, sent.has_value() ? "done" : "failed"})
        .increment();
    if (sent.has_error()) {
        zone->note_error("transfer",
                         "to " + name + " (" + transfer.from + "): " + sent.error().message());
        exchange->stream->close();
        co_return;
    }
    surroundings_->metrics
        .counter("chorale_combiner_requests_total",
                 {to_text(exchange->message.opcode()), to_text(Rcode::NOERROR)})
        .increment();
    transfer.at = surroundings_->now();
    zone->note_transfer(name, std::move(transfer));
}

// ---- NOTIFY
// --------------------------------------------------------------------------------------

asio::awaitable<void> DnsFront::answer_notify(ExchangePointer exchange) {
    const dns::Question& question = exchange->question();
    const auto count = [this](std::string_view outcome) {
        surroundings_->metrics.counter("chorale_combiner_notifies_in_total", {outcome}).increment();
    };
    if (question.klass != dns::Class::IN) {
        co_await refuse(exchange, Rcode::REFUSED, "class");
        co_return;
    }
    const std::shared_ptr<ServedZone> zone = zones_.find(question.name);
    const Primary* sender = nullptr;
    if (zone) {
        for (const auto& primary : zone->settings()->primaries) {
            const bool has_address =
                has_host(primary->addresses, exchange->request.source.address());
            if (exchange->has_key(primary->key.get()) || (has_address && !exchange->tsig.key)) {
                sender = primary.get();
                break;
            }
        }
    }
    if (!sender) {
        count("refused");
        co_await refuse(exchange, Rcode::REFUSED, "notify_from_stranger");
        co_return;
    }
    if (question.type != dns::Type::SOA) {
        count("not_implemented");
        co_await refuse(exchange, Rcode::NOTIMP, "notify_type");
        co_return;
    }
    count("accepted");
    std::optional<zone::Serial> hint;
    for (const dns::Record& record : exchange->message.answers) {
        if (record.type == dns::Type::SOA && record.owner == zone->name() &&
            dns::check_rdata(dns::Type::SOA, record.rdata).has_value()) {
            hint = dns::soa_serial(record.rdata);
        }
    }
    zone->notified(exchange->request.source, hint);
    dns::Message answer = make_response(exchange->message, Rcode::NOERROR);
    answer.header.is_authoritative = true;
    co_await send(exchange, std::move(answer));
}

// ---- UPDATE
// --------------------------------------------------------------------------------------

asio::awaitable<void> DnsFront::answer_update(ExchangePointer exchange) {
    if (updates_pending_ >= exchange->configuration->limits.updates_pending) {
        co_await refuse(exchange, Rcode::SERVFAIL, "too_many_updates");
        co_return;
    }
    ++updates_pending_;
    dns::Message answer = co_await carry_out_update(exchange);
    --updates_pending_;
    const Instant now = surroundings_->now();
    surroundings_->metrics.counter("chorale_combiner_updates_total", {to_text(answer.rcode())})
        .increment();
    surroundings_->metrics.histogram("chorale_combiner_update_seconds")
        .observe(std::chrono::duration<double>(now - exchange->arrived).count());
    co_await send(exchange, std::move(answer));
}

asio::awaitable<dns::Message> DnsFront::carry_out_update(ExchangePointer exchange) {
    const dns::Message& update = exchange->message;
    const auto refused = [&](Rcode rcode, std::string cause, std::string reason) {
        surroundings_->metrics.counter("chorale_combiner_refusals_total", {cause}).increment();
        surroundings_->refusals.event(exchange->arrived, Level::info, "update.refused",
                                      exchange->request.source.address().to_string() + cause,
                                      {{"source", exchange->request.source.to_text()},
                                       {"cause", cause},
                                       {"reason", reason},
                                       {"rcode", to_text(rcode)}});
        return make_response(update, rcode);
    };
    const zone::UpdateRefusal section = zone::check_zone_section(update);
    if (section.is_refusal()) co_return refused(section.rcode, "zone_section", section.reason);
    const std::shared_ptr<ServedZone> zone = zones_.find(exchange->question().name);
    if (!zone) co_return refused(Rcode::NOTAUTH, "not_our_zone", "no such zone");
    const Updater* found = exchange->find_updater(*zone);
    if (!found)
        co_return refused(Rcode::REFUSED, "not_allowed", "no updater with this key and address");
    const std::string updater = found->name;
    const std::size_t records =
        update.answers.size() + update.authority.size() + update.additional.size();
    if (records > exchange->configuration->limits.update_records) {
        co_return refused(Rcode::REFUSED, "update_records", "more records than allowed");
    }
    const zone::UpdateRefusal scanned = zone::prescan(update, zone->name());
    if (scanned.is_refusal()) co_return refused(scanned.rcode, "prescan", scanned.reason);
    const zone::UpdateRefusal policy = check_update_policy(update, zone->name());
    if (policy.is_refusal()) co_return refused(policy.rcode, "not_controlled", policy.reason);

    Result<net::Slots::Hold> turn = co_await zone->turn().take(net::no_deadline);
    if (turn.has_error() || zone->is_removed()) {
        co_return refused(Rcode::SERVFAIL, "zone_removed", "the zone is being removed");
    }
    if (zone->is_frozen()) co_return refused(Rcode::REFUSED, "frozen", "the zone is frozen");
    if (!zone->combined())
        co_return refused(Rcode::SERVFAIL, "not_loaded", "the zone is not loaded");
    const ZonePointer before = zone->combined();
    const CombinedView view(*before);
    ServedZone::ReplayState replay{
        exchange->tsig.key->name,
        surroundings_->replay_guard.export_state(exchange->tsig.key->name)};
    const zone::UpdateRefusal prerequisites = zone::check_prerequisites(update, view);
    Overlay overlay;
    bool has_changes = false;
    if (!prerequisites.is_refusal()) {
        std::vector<dns::RRset> changes = zone::apply_update(update, view);
        std::erase_if(changes, [](const dns::RRset& rrset) { return !is_controlled(rrset.type); });
        has_changes = !changes.empty();
        overlay = with_changes(zone->overlay(), changes, updater, exchange->arrived);
    }
    Result<void> stored = success();
    if (has_changes) {
        stored = co_await zone->change_overlay(std::move(overlay), std::move(replay));
    } else {
        // What did nothing now could do something later: it must not come again.
        store::CommitWorker::Job job = [replay](store::Database& database) {
            return store_replay_state(database, replay.key, replay.state);
        };
        stored = co_await commit(surroundings_, std::move(job), 0);
    }
    if (stored.has_error()) {
        co_return refused(Rcode::SERVFAIL, "storage", stored.error().message());
    }
    if (prerequisites.is_refusal()) {
        co_return refused(prerequisites.rcode, "prerequisite", prerequisites.reason);
    }
    surroundings_->events.record(surroundings_->now(), has_changes ? Level::info : Level::debug,
                                 "update.applied",
                                 {{"zone", zone->name().to_text()},
                                  {"updater", updater},
                                  {"serial", std::to_string(zone->combined()->serial())}});
    co_return make_response(update, Rcode::NOERROR);
}

}  // namespace chorale::combiner
