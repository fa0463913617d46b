// One zone as it is served: the owner's copy, the overlay, the combined zone of
// this moment, and everything that keeps it current. Lives on the I/O thread.
//
// A change is made by one at a time (`turn`), is on disk before anybody sees it,
// and is seen by exchange of a pointer.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>

#include "combiner/app/combiner_store.hpp"
#include "combiner/app/surroundings.hpp"
#include "combiner/core/journal.hpp"
#include "combiner/core/notify.hpp"
#include "combiner/core/refresh.hpp"

namespace chorale::combiner {

using ZonePointer = std::shared_ptr<const zone::ZoneSnapshot>;

// A NOTIFY destination: one address of one secondary.
struct NotifyTarget {
    std::shared_ptr<const Secondary> secondary;
    net::SocketAddress address;
    NotifyMachine machine;
    std::string last_error;
};

struct LastTransfer {
    zone::Serial serial = 0;
    std::string kind;  // axfr, ixfr
    Instant at;
    std::string from;
};

struct ZoneError {
    Instant at;
    std::string what;  // transfer, update, notify, catalog, storage
    std::string text;
};

// The owner's zone after a transfer.
struct OwnerChange {
    ZonePointer owner;
    DroppedCounts dropped;
    // What changed, if an IXFR told; otherwise it is computed.
    std::shared_ptr<const zone::ZoneDelta> effective;
};

class ServedZone : public std::enable_shared_from_this<ServedZone> {
public:
    ServedZone(std::shared_ptr<Surroundings> surroundings, StoredZone stored,
               std::shared_ptr<const ZoneSettings> settings);

    const dns::Name& name() const { return stored_.name; }
    const StoredZone& stored() const { return stored_; }
    const std::shared_ptr<const ZoneSettings>& settings() const { return settings_; }
    // Null until it was loaded; ask is_expired() before it is served.
    const ZonePointer& combined() const { return combined_; }
    const ZonePointer& owner() const { return owner_; }
    const Overlay& overlay() const { return *overlay_; }
    const DroppedCounts& dropped() const { return dropped_; }
    const Journal& journal() const { return journal_; }
    const RefreshMachine& refresh() const { return refresh_; }
    const std::vector<NotifyTarget>& notify_targets() const { return notify_targets_; }
    const std::deque<ZoneError>& last_errors() const { return last_errors_; }
    // To secondaries, by name; and from a primary.
    const std::map<std::string, LastTransfer>& last_transfers() const { return last_transfers_; }
    const std::optional<LastTransfer>& last_transfer_in() const { return last_transfer_in_; }
    bool is_frozen() const { return stored_.is_frozen; }
    bool is_expired(Instant now) const { return refresh_.is_expired(now); }
    bool is_removed() const { return is_removed_; }
    // For people: CDS without DNSKEY, dropped records, a primary that is behind ...
    std::vector<std::string> observations(Instant now) const;

    // Begins to keep the zone current; once, after construction.
    void start();
    // Ends everything; whatever runs sees is_removed().
    void retire();
    void apply_settings(std::shared_ptr<const ZoneSettings> settings);
    void set_membership(ZoneSource source, std::string template_name, dns::Name catalog,
                        std::string label);

    // An admitted NOTIFY, perhaps with the serial that the primary hints at.
    void notified(const net::SocketAddress& from, std::optional<zone::Serial> hint);
    // An operator's wish; `is_forced`: take the owner's zone whatever its serial.
    void request_refresh(bool is_forced);

    // Changes of the overlay wait for each other and for the owner's changes.
    net::Slots& turn() { return turn_; }
    // To be called within a turn. Makes them durable, then visible. Storing the
    // replay state of a key goes into the same transaction.
    struct ReplayState {
        dns::Name key;
        Bytes state;
    };
    boost::asio::awaitable<Result<void>> change_overlay(Overlay overlay,
                                                        std::optional<ReplayState> replay);
    boost::asio::awaitable<Result<void>> change_owner(OwnerChange change);
    boost::asio::awaitable<Result<void>> change_frozen(bool is_frozen);

    void note_error(std::string what, std::string text);
    void note_transfer(const std::string& secondary, LastTransfer transfer);
    // Called after each publication of an owner's zone (catalogs).
    std::function<void(ServedZone&)> on_owner_changed;

private:
    struct Change {
        ZonePointer owner;
        std::shared_ptr<const Overlay> overlay;
        std::optional<OwnerChange> owner_change;
        std::optional<ReplayState> replay;
    };
    boost::asio::awaitable<Result<void>> carry_out(Change change);
    void publish(ZonePointer combined);

    void rebuild_notify_targets();
    // Looks at the machines, starts what is due, and sets the timer for the rest.
    void wake();
    boost::asio::awaitable<void> run_refresh();
    boost::asio::awaitable<Result<void>> refresh_from(std::shared_ptr<const Primary> primary,
                                                      net::SocketAddress address, bool is_forced,
                                                      bool has_news);
    boost::asio::awaitable<void> run_notify(std::shared_ptr<const Secondary> secondary,
                                            net::SocketAddress address, zone::Serial serial);

    std::shared_ptr<Surroundings> surroundings_;
    StoredZone stored_;
    std::shared_ptr<const ZoneSettings> settings_;
    ZonePointer owner_;
    ZonePointer combined_;
    std::shared_ptr<const Overlay> overlay_;
    DroppedCounts dropped_;
    std::optional<zone::Serial> last_serial_;
    Journal journal_;
    RefreshMachine refresh_;
    std::vector<NotifyTarget> notify_targets_;
    net::Slots turn_;
    boost::asio::steady_timer timer_;
    std::deque<ZoneError> last_errors_;
    std::map<std::string, LastTransfer> last_transfers_;
    std::optional<LastTransfer> last_transfer_in_;
    std::optional<net::SocketAddress> notify_source_;
    // A NOTIFY hinted at a newer serial: no look at the SOA is needed first.
    bool has_news_ = false;
    // The last refresh was answered by a primary with an older serial.
    std::string behind_;
    bool is_forced_ = false;
    bool was_expired_ = false;
    bool is_removed_ = false;
};

// Which address of `primary` has this host; for NOTIFY admission.
bool has_host(const std::vector<net::SocketAddress>& addresses,
              const boost::asio::ip::address& host);

}  // namespace chorale::combiner
