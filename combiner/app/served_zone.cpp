#include "combiner/app/served_zone.hpp"

#include <malloc.h>
#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "combiner/app/fetch.hpp"
#include "combiner/app/send_notify.hpp"
#include "common/dns/rdata.hpp"

namespace chorale::combiner {
namespace {

namespace asio = boost::asio;
using runtime::log::Level;

constexpr std::size_t most_last_errors = 10;
// Octets of a zone above which its memory is worth giving back.
constexpr std::size_t much_memory = std::size_t{1} << 20;

// The records of a delta that lie in the body of a combined zone.
void add_body_part(const zone::ZoneDelta& from, dns::NameView apex, zone::ZoneDelta& to) {
    const auto is_body = [&](const dns::RecordView& record) {
        return std::ranges::find(head_types, record.type) == head_types.end() ||
               !(record.owner == apex);
    };
    from.removed.for_each([&](const dns::RecordView& record) {
        if (is_body(record)) to.removed.add(record);
    });
    from.added.for_each([&](const dns::RecordView& record) {
        if (is_body(record)) to.added.add(record);
    });
}

dns::Record soa_of(const zone::ZoneSnapshot& snapshot) {
    const dns::RRset& soa = snapshot.soa();
    return {snapshot.apex(), dns::Type::SOA, dns::Class::IN, soa.ttl, soa.rdatas.front()};
}

}  // namespace

bool has_host(const std::vector<net::SocketAddress>& addresses, const asio::ip::address& host) {
    return std::ranges::any_of(addresses, [&](const net::SocketAddress& address) {
        return address.address() == net::without_mapping(host);
    });
}

ServedZone::ServedZone(std::shared_ptr<Surroundings> surroundings, StoredZone stored,
                       std::shared_ptr<const ZoneSettings> settings)
    : surroundings_(std::move(surroundings)),
      stored_(std::move(stored)),
      settings_(std::move(settings)),
      overlay_(std::make_shared<const Overlay>(std::move(stored_.overlay))),
      dropped_(std::move(stored_.dropped)),
      last_serial_(stored_.last_serial),
      journal_(settings_->journal_octets),
      refresh_(settings_->refresh),
      turn_(surroundings_->io.get_executor(), 1),
      timer_(surroundings_->io.get_executor()) {
    for (StoredZone::JournalEntry& entry : stored_.journal) {
        journal_.append(std::make_shared<const zone::ZoneDelta>(std::move(entry.delta)));
    }
    stored_.journal.clear();
    rebuild_notify_targets();
    const Instant now = surroundings_->now();
    refresh_.set_frozen(stored_.is_frozen, now);
    if (stored_.owner && last_serial_) {
        owner_ = std::make_shared<const zone::ZoneSnapshot>(std::move(*stored_.owner));
        refresh_.loaded(now, soa_timers(owner_->soa().rdatas.front()), stored_.expire_at);
        // The same content under the same serial as before the restart.
        auto combined = combine(*owner_, *overlay_, *last_serial_);
        if (combined) {
            publish(std::make_shared<const zone::ZoneSnapshot>(std::move(*combined)));
        } else {
            note_error("storage", combined.error().message());
        }
    }
    stored_.owner.reset();
}

void ServedZone::start() { wake(); }

void ServedZone::retire() {
    is_removed_ = true;
    timer_.cancel();
}

void ServedZone::apply_settings(std::shared_ptr<const ZoneSettings> settings) {
    settings_ = std::move(settings);
    refresh_.set_bounds(settings_->refresh);
    journal_.set_most_octets(settings_->journal_octets);
    rebuild_notify_targets();
    refresh_.notified(surroundings_->now());
    wake();
}

void ServedZone::set_membership(ZoneSource source, std::string template_name, dns::Name catalog,
                                std::string label) {
    stored_.source = source;
    stored_.template_name = std::move(template_name);
    stored_.catalog = std::move(catalog);
    stored_.catalog_label = std::move(label);
}

void ServedZone::notified(const net::SocketAddress& from, std::optional<zone::Serial> hint) {
    // RFC 1996 3.7: the serial is only a hint; it may spare a look, nothing else.
    if (hint && owner_ && owner_->serial() == *hint && !refresh_.is_running()) return;
    notify_source_ = from;
    has_news_ = has_news_ || !owner_ || (hint && zone::is_newer(*hint, owner_->serial()));
    refresh_.notified(surroundings_->now());
    wake();
}

void ServedZone::request_refresh(bool is_forced) {
    is_forced_ = is_forced_ || is_forced;
    refresh_.notified(surroundings_->now());
    wake();
}

std::vector<std::string> ServedZone::observations(Instant now) const {
    std::vector<std::string> texts;
    if (combined_) texts = observe_combined(*combined_);
    for (const auto& [type, count] : dropped_) {
        texts.push_back(std::to_string(count) + ' ' + to_text(type) +
                        " of the owner's zone are left out: they are the signer's or the agent's");
    }
    if (!behind_.empty()) texts.push_back(behind_);
    if (is_expired(now)) texts.push_back("expired: its owner was not heard for too long");
    return texts;
}

void ServedZone::note_error(std::string what, std::string text) {
    surroundings_->events.record(surroundings_->now(), Level::warning, "zone." + what + ".failed",
                                 {{"zone", name().to_text()}, {"reason", text}});
    last_errors_.push_front({surroundings_->now(), std::move(what), std::move(text)});
    if (last_errors_.size() > most_last_errors) last_errors_.pop_back();
}

void ServedZone::note_transfer(const std::string& secondary, LastTransfer transfer) {
    surroundings_->events.record(transfer.at, Level::info, "zone.transferred",
                                 {{"zone", name().to_text()},
                                  {"secondary", secondary},
                                  {"kind", transfer.kind},
                                  {"serial", std::to_string(transfer.serial)},
                                  {"to", transfer.from}});
    last_transfers_[secondary] = std::move(transfer);
}

// ---- changes
// -------------------------------------------------------------------------------------

asio::awaitable<Result<void>> ServedZone::change_overlay(Overlay overlay,
                                                         std::optional<ReplayState> replay) {
    Change change;
    change.owner = owner_;
    change.overlay = std::make_shared<const Overlay>(std::move(overlay));
    change.replay = std::move(replay);
    Result<void> outcome = co_await carry_out(std::move(change));
    co_return outcome;
}

asio::awaitable<Result<void>> ServedZone::change_owner(OwnerChange owner_change) {
    Change change;
    change.owner = owner_change.owner;
    change.overlay = overlay_;
    change.owner_change = std::move(owner_change);
    Result<void> outcome = co_await carry_out(std::move(change));
    co_return outcome;
}

asio::awaitable<Result<void>> ServedZone::change_frozen(bool is_frozen) {
    const std::int64_t id = stored_.id;
    store::CommitWorker::Job job = [id, is_frozen](store::Database& database) {
        return set_frozen(database, id, is_frozen);
    };
    Result<void> stored = co_await commit(surroundings_, std::move(job), 0);
    if (stored.has_error()) co_return stored;
    stored_.is_frozen = is_frozen;
    refresh_.set_frozen(is_frozen, surroundings_->now());
    wake();
    co_return success();
}

asio::awaitable<Result<void>> ServedZone::carry_out(Change change) {
    const std::shared_ptr<ServedZone> self = shared_from_this();
    const Instant now = surroundings_->now();
    const bool has_new_owner = change.owner_change.has_value();
    std::optional<zone::Serial> owner_serial;
    if (has_new_owner) owner_serial = change.owner->serial();
    const zone::Serial serial = next_serial(settings_->serial, last_serial_, owner_serial, now);
    auto made = combine(*change.owner, *change.overlay, serial);
    if (made.has_error()) co_return made.error();
    auto combined = std::make_shared<const zone::ZoneSnapshot>(std::move(*made));

    // The delta for IXFR; large comparisons are made where large zones are.
    std::shared_ptr<const zone::ZoneDelta> delta;
    if (combined_) {
        const bool is_told = !has_new_owner || change.owner_change->effective;
        if (is_told) {
            auto told = std::make_shared<zone::ZoneDelta>();
            told->from_soa = soa_of(*combined_);
            told->to_soa = soa_of(*combined);
            if (has_new_owner) {
                add_body_part(*change.owner_change->effective, combined->apex(), *told);
            }
            zone::add_head_difference(*combined_, *combined, *told);
            delta = std::move(told);
        } else {
            net::Completion<std::shared_ptr<const zone::ZoneDelta>> computed(
                surroundings_->io.get_executor());
            asio::post(surroundings_->builder, [before = combined_, after = combined,
                                                most = settings_->journal_octets,
                                                done = computed.callback()] {
                auto found = zone::compute_delta(*before, *after, most);
                done(found ? std::make_shared<const zone::ZoneDelta>(std::move(*found)) : nullptr);
            });
            auto outcome = co_await computed.wait(net::no_deadline);
            if (outcome.has_error()) co_return outcome.error();
            delta = std::move(*outcome);
        }
    }
    Journal journal = journal_;
    std::size_t forgotten = 0;
    if (delta) {
        forgotten = journal.append(delta);
    } else {
        journal.cut();
    }

    Instant expire_at;
    if (has_new_owner) {
        RefreshMachine after = refresh_;
        after.succeeded(now, soa_timers(change.owner->soa().rdatas.front()));
        expire_at = *after.expire_at();
    }
    std::uint64_t octets = 4096;
    if (has_new_owner && !change.owner_change->effective) octets += change.owner->octets();
    store::CommitWorker::Job job = [id = stored_.id, serial, change, before = owner_, delta,
                                    forgotten, expire_at,
                                    has_new_owner](store::Database& database) -> Result<void> {
        ZoneCommit committed;
        committed.zone_id = id;
        committed.serial = serial;
        if (has_new_owner) {
            committed.owner = change.owner.get();
            committed.owner_before = before.get();
            committed.dropped = &change.owner_change->dropped;
            committed.expire_at = expire_at;
        } else {
            committed.overlay = change.overlay.get();
        }
        committed.delta = delta.get();
        committed.journal_forgotten = forgotten;
        auto stored = commit_zone(database, committed);
        if (stored && change.replay) {
            stored = store_replay_state(database, change.replay->key, change.replay->state);
        }
        return stored;
    };
    Result<void> stored = co_await commit(surroundings_, std::move(job), octets);
    if (stored.has_error()) {
        surroundings_->metrics.counter("chorale_combiner_commit_failures_total").increment();
        note_error("storage", stored.error().message());
        co_return stored;
    }
    if (is_removed_) co_return Error(ErrorKind::not_found, "the zone was removed meanwhile");
    journal_ = std::move(journal);
    last_serial_ = serial;
    owner_ = change.owner;
    overlay_ = change.overlay;
    if (has_new_owner) dropped_ = change.owner_change->dropped;
    publish(combined);
    if (has_new_owner && on_owner_changed) on_owner_changed(*this);
    wake();
    co_return success();
}

void ServedZone::publish(ZonePointer combined) {
    combined_ = std::move(combined);
    const Instant now = surroundings_->now();
    surroundings_->events.record(now, Level::info, "zone.published",
                                 {{"zone", name().to_text()},
                                  {"serial", std::to_string(combined_->serial())},
                                  {"owner_serial", std::to_string(owner_->serial())}});
    for (NotifyTarget& target : notify_targets_) target.machine.published(combined_->serial(), now);
}

// ---- keeping it current
// --------------------------------------------------------------------------

void ServedZone::rebuild_notify_targets() {
    std::vector<NotifyTarget> targets;
    for (const auto& secondary : settings_->secondaries) {
        if (!secondary->notify) continue;
        for (const net::SocketAddress& address : secondary->addresses) {
            NotifyTarget target{secondary, address, NotifyMachine(), {}};
            const auto known = std::ranges::find_if(notify_targets_, [&](const NotifyTarget& old) {
                return old.address == address && old.secondary->name == secondary->name;
            });
            if (known != notify_targets_.end()) {
                target.machine = known->machine;
            } else if (combined_) {
                target.machine.published(combined_->serial(), surroundings_->now());
            }
            targets.push_back(std::move(target));
        }
    }
    notify_targets_ = std::move(targets);
}

void ServedZone::wake() {
    if (is_removed_) return;
    const Instant now = surroundings_->now();
    if (is_expired(now) && !was_expired_) {
        surroundings_->events.record(now, Level::error, "zone.expired",
                                     {{"zone", name().to_text()}});
    }
    was_expired_ = is_expired(now);
    if (refresh_.begin(now)) {
        asio::co_spawn(
            surroundings_->io, [self = shared_from_this()] { return self->run_refresh(); },
            asio::detached);
    }
    std::optional<Instant> next = refresh_.next_wake_up(now);
    for (NotifyTarget& target : notify_targets_) {
        if (const auto serial = target.machine.begin(now)) {
            asio::co_spawn(
                surroundings_->io,
                [self = shared_from_this(), secondary = target.secondary, address = target.address,
                 serial = *serial] { return self->run_notify(secondary, address, serial); },
                asio::detached);
        }
        const auto due = target.machine.next_wake_up();
        if (due && (!next || *due < *next)) next = due;
    }
    if (!next) {
        timer_.cancel();
        return;
    }
    // The wall clock may jump: it is looked at again at least once an hour.
    const Duration wait = std::clamp<Duration>(*next - now, Duration(0), std::chrono::hours(1));
    timer_.expires_after(wait);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& failure) {
        const auto self = weak.lock();
        if (!failure && self) self->wake();
    });
}

asio::awaitable<void> ServedZone::run_refresh() {
    const std::shared_ptr<ServedZone> self = shared_from_this();
    Result<net::Slots::Hold> place = co_await surroundings_->transfers_in.take(net::no_deadline);
    const bool is_forced = std::exchange(is_forced_, false);
    const auto settings = settings_;
    // RFC 1996 3.11: who sent the NOTIFY is asked first.
    std::vector<std::pair<std::shared_ptr<const Primary>, net::SocketAddress>> candidates, others;
    for (const auto& primary : settings->primaries) {
        for (const net::SocketAddress& address : primary->addresses) {
            const bool told = notify_source_ && address.address() == notify_source_->address();
            (told ? candidates : others).emplace_back(primary, address);
        }
    }
    notify_source_.reset();
    const bool has_news = std::exchange(has_news_, false);
    candidates.insert(candidates.end(), others.begin(), others.end());
    // Compared only: the old zone must not live on for it.
    const void* const owner_before_refresh = owner_.get();
    bool is_done = false;
    for (const auto& [primary, address] : candidates) {
        if (is_removed_) co_return;
        Result<void> outcome = co_await refresh_from(primary, address, is_forced, has_news);
        if (is_removed_) co_return;
        is_done = outcome.has_value();
        if (is_done) break;
        note_error("transfer",
                   primary->name + " (" + address.to_text() + "): " + outcome.error().message());
    }
    place->release();
    if (owner_.get() != owner_before_refresh && owner_->octets() > much_memory) {
        // What the old zone and the transfer took goes back to the system.
        asio::post(surroundings_->builder, [] { ::malloc_trim(0); });
    }
    const Instant now = surroundings_->now();
    if (is_done) {
        refresh_.succeeded(now, soa_timers(owner_->soa().rdatas.front()));
        // A change has stored its expiry already.
        if (owner_.get() == owner_before_refresh) {
            store::CommitWorker::Job job = [id = stored_.id,
                                            at = *refresh_.expire_at()](store::Database& database) {
                return set_expiry(database, id, at);
            };
            Result<void> stored = co_await commit(surroundings_, std::move(job), 0);
            if (stored.has_error() && !is_removed_) note_error("storage", stored.error().message());
        }
    } else {
        is_forced_ = is_forced_ || is_forced;
        refresh_.failed(now, surroundings_->jitter());
    }
    wake();
}

asio::awaitable<Result<void>> ServedZone::refresh_from(std::shared_ptr<const Primary> primary,
                                                       net::SocketAddress address, bool is_forced,
                                                       bool has_news) {
    FetchRequest request;
    request.zone = name();
    request.primary = primary;
    request.address = address;
    request.owner = is_forced ? nullptr : owner_;
    request.dropped = dropped_;
    request.asks_incrementally = settings_->ixfr && !is_forced;
    request.probes_first = !has_news;
    Result<Fetched> fetched = co_await fetch_zone(surroundings_, std::move(request));
    if (fetched.has_error()) co_return fetched.error();
    if (fetched->is_behind) {
        behind_ =
            "primary " + primary->name + " has serial " + std::to_string(fetched->primary_serial) +
            ", older than " + std::to_string(owner_->serial()) +
            " which it gave before: the newer zone is kept (refresh --force takes the older one)";
        co_return Error(ErrorKind::conflict, behind_);
    }
    behind_.clear();
    if (!fetched->change) co_return success();
    Result<net::Slots::Hold> held = co_await turn_.take(net::no_deadline);
    if (held.has_error()) co_return held.error();
    if (is_frozen()) co_return Error(ErrorKind::conflict, "the zone was frozen meanwhile");
    LastTransfer transfer;
    transfer.serial = fetched->change->owner->serial();
    transfer.kind = fetched->change->effective ? "ixfr" : "axfr";
    transfer.from = primary->name + " (" + address.to_text() + ')';
    Result<void> changed = co_await change_owner(std::move(*fetched->change));
    if (changed.has_value()) {
        transfer.at = surroundings_->now();
        last_transfer_in_ = std::move(transfer);
    }
    co_return changed;
}

asio::awaitable<void> ServedZone::run_notify(std::shared_ptr<const Secondary> secondary,
                                             net::SocketAddress address, zone::Serial serial) {
    const std::shared_ptr<ServedZone> self = shared_from_this();
    Result<net::Slots::Hold> place = co_await surroundings_->notifies.take(net::no_deadline);
    // By now there may be a newer serial; the hint tells the newest.
    NotifyOutcome outcome = co_await send_notify(surroundings_, combined_, secondary, address);
    place->release();
    if (is_removed_) co_return;
    const Instant now = surroundings_->now();
    const auto target = std::ranges::find_if(notify_targets_, [&](const NotifyTarget& candidate) {
        return candidate.address == address && candidate.secondary->name == secondary->name;
    });
    if (target == notify_targets_.end()) co_return;
    const char* told = "acknowledged";
    switch (outcome.kind) {
        case NotifyOutcome::Kind::acknowledged:
            target->machine.acknowledged(now);
            target->last_error.clear();
            break;
        case NotifyOutcome::Kind::not_implemented:
            target->machine.not_implemented();
            told = "not_implemented";
            break;
        case NotifyOutcome::Kind::failed:
            target->machine.failed(now);
            told = "failed";
            if (target->last_error != outcome.reason) {
                target->last_error = outcome.reason;
                note_error("notify",
                           secondary->name + " (" + address.to_text() + "): " + outcome.reason);
            }
            break;
    }
    surroundings_->metrics.counter("chorale_combiner_notifies_out_total", {told}).increment();
    if (outcome.kind == NotifyOutcome::Kind::acknowledged) {
        surroundings_->events.record(now, Level::debug, "notify.acknowledged",
                                     {{"zone", name().to_text()},
                                      {"secondary", secondary->name},
                                      {"serial", std::to_string(serial)}});
    }
    wake();
}

}  // namespace chorale::combiner
