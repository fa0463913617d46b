// The machines without clocks: refresh, NOTIFY, journal.
#include "combiner/core/journal.hpp"
#include "combiner/core/notify.hpp"
#include "combiner/core/refresh.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/combiner_core/lab.hpp"

namespace chorale::combiner {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Instant start = from_unix_milliseconds(1'000'000'000'000);
const SoaTimers timers{hours(1), minutes(10), hours(24)};

TEST_CASE("Refresh: SOA timers are read from their places (RFC 1035 3.3.13)") {
    const auto soa = lab::record("@ 60 IN SOA ns. admin. 7 3600 600 86400 300");
    const SoaTimers read = soa_timers(soa.rdata);
    CHECK(read.refresh == hours(1));
    CHECK(read.retry == minutes(10));
    CHECK(read.expire == hours(24));
}

TEST_CASE("Refresh: a zone that was never loaded is tried at once, then with back-off") {
    RefreshMachine machine{RefreshBounds()};
    Instant now = start;
    const Duration expected[] = {seconds(1),  seconds(2),  seconds(4),  seconds(8),
                                 seconds(16), seconds(32), seconds(60), seconds(60)};
    REQUIRE(machine.begin(now));
    CHECK_FALSE(machine.begin(now));
    for (const Duration wait : expected) {
        machine.failed(now, 0);
        REQUIRE(machine.next_wake_up(now) == now + wait);
        CHECK_FALSE(machine.begin(now + wait - Duration(1)));
        now += wait;
        REQUIRE(machine.begin(now));
    }
    CHECK_FALSE(machine.is_expired(now + hours(10'000)));
    // Jitter only lengthens, by a quarter at most.
    machine.failed(now, 0.999);
    CHECK(*machine.refresh_at() > now + seconds(60));
    CHECK(*machine.refresh_at() <= now + seconds(75));
}

TEST_CASE("Refresh: a loaded zone follows its SOA within bounds, and expires") {
    RefreshMachine machine{RefreshBounds()};
    REQUIRE(machine.begin(start));
    machine.succeeded(start, timers);
    CHECK(machine.refresh_at() == start + hours(1));
    CHECK(machine.expire_at() == start + hours(24));
    CHECK_FALSE(machine.is_expired(start + hours(24) - Duration(1)));
    CHECK(machine.is_expired(start + hours(24)));
    // Two quick tries after a failure (mostly a restart), then as the SOA asks.
    Instant now = start + hours(1);
    for (const Duration wait : {Duration(seconds(1)), Duration(seconds(2)), Duration(minutes(10)),
                                Duration(minutes(10))}) {
        REQUIRE(machine.begin(now));
        machine.failed(now, 0);
        CHECK(machine.refresh_at() == now + wait);
        now += wait;
    }
    // Hostile SOA: nothing below the least times, and no expiry before the first retry.
    REQUIRE(machine.begin(now));
    machine.succeeded(now, {seconds(0), seconds(0), seconds(0)});
    CHECK(machine.refresh_at() == now + seconds(30));
    CHECK(machine.expire_at() == now + seconds(40));
    machine.notified(now);
    REQUIRE(machine.begin(now));
    machine.succeeded(now, {hours(24 * 20'000), hours(24 * 20'000), hours(24 * 20'000)});
    CHECK(machine.refresh_at() == now + hours(24 * 28));
    CHECK(machine.expire_at() == now + hours(24 * 366));
}

TEST_CASE("Refresh: one runs, one is remembered (RFC 1996 4.4)") {
    RefreshMachine machine{RefreshBounds()};
    REQUIRE(machine.begin(start));
    for (int i = 0; i < 100; ++i) machine.notified(start);
    machine.succeeded(start, timers);
    REQUIRE(machine.begin(start));
    machine.succeeded(start, timers);
    CHECK_FALSE(machine.begin(start));
}

TEST_CASE("Refresh: frozen zones wait, and are due when thawed") {
    RefreshMachine machine{RefreshBounds()};
    machine.set_frozen(true, start);
    CHECK_FALSE(machine.begin(start));
    CHECK_FALSE(machine.next_wake_up(start).has_value());
    machine.set_frozen(false, start);
    CHECK(machine.begin(start));
}

TEST_CASE("Refresh: a zone from the store keeps its expiry") {
    RefreshMachine machine{RefreshBounds()};
    machine.loaded(start, timers, start + minutes(5));
    CHECK(machine.is_expired(start + minutes(5)));
    CHECK(machine.begin(start));
}

TEST_CASE("NOTIFY: repeated with back-off until acknowledged (RFC 1996 3.6)") {
    NotifyMachine machine;
    CHECK_FALSE(machine.begin(start).has_value());
    machine.published(7, start);
    Instant now = start;
    Duration wait = seconds(1);
    for (int i = 0; i < 14; ++i) {
        REQUIRE(machine.begin(now) == 7U);
        CHECK_FALSE(machine.next_wake_up().has_value());
        machine.failed(now);
        REQUIRE(machine.next_wake_up() == now + wait);
        now += wait;
        wait = std::min<Duration>(wait * 2, minutes(15));
    }
    REQUIRE(machine.begin(now) == 7U);
    machine.acknowledged(now);
    CHECK(machine.acknowledged_serial() == 7U);
    CHECK(machine.acknowledged_at() == now);
    CHECK_FALSE(machine.next_wake_up().has_value());
}

TEST_CASE("NOTIFY: a newer serial begins anew, also while one is on its way") {
    NotifyMachine machine;
    machine.published(7, start);
    REQUIRE(machine.begin(start) == 7U);
    machine.published(8, start + seconds(1));
    CHECK_FALSE(machine.begin(start + seconds(1)).has_value());
    machine.acknowledged(start + seconds(2));
    CHECK(machine.acknowledged_serial() == 7U);
    CHECK(machine.begin(start + seconds(2)) == 8U);
    // A failure of the old one does not delay the new one.
    machine.published(9, start + seconds(3));
    machine.failed(start + seconds(3));
    CHECK(machine.begin(start + seconds(3)) == 9U);
    // NOTIMP ends it (RFC 1996 3.9).
    machine.not_implemented();
    CHECK_FALSE(machine.next_wake_up().has_value());
}

std::shared_ptr<const zone::ZoneDelta> delta(zone::Serial from, zone::Serial to,
                                             const std::string& added) {
    auto made = std::make_shared<zone::ZoneDelta>();
    const auto soa = lab::record("@ 60 IN SOA ns. admin. 1 3600 600 86400 300");
    made->from_soa = made->to_soa = soa;
    made->from_soa.rdata = dns::with_soa_serial(soa.rdata, from);
    made->to_soa.rdata = dns::with_soa_serial(soa.rdata, to);
    made->added.add(lab::record(added).view());
    return made;
}

TEST_CASE("Journal: a chain, bounded, that begins anew where it breaks") {
    const auto first = delta(1, 2, "a 60 IN A 192.0.2.1");
    Journal journal(3 * first->octets());
    CHECK(journal.append(first) == 0);
    CHECK(journal.append(delta(2, 5, "b 60 IN A 192.0.2.2")) == 0);
    CHECK(journal.append(delta(5, 6, "c 60 IN A 192.0.2.3")) == 0);
    const auto whole = journal.since(1);
    REQUIRE(whole.has_value());
    CHECK(whole->from() == 1);
    CHECK(whole->to() == 6);
    CHECK(whole->added.size() == 3);
    CHECK(journal.since(2)->added.size() == 2);
    CHECK_FALSE(journal.since(3).has_value());
    CHECK_FALSE(journal.since(6).has_value());
    // The oldest goes first.
    CHECK(journal.append(delta(6, 7, "d 60 IN A 192.0.2.4")) == 1);
    CHECK_FALSE(journal.since(1).has_value());
    CHECK(journal.since(2)->to() == 7);
    // A delta that does not continue the chain begins another.
    CHECK(journal.append(delta(9, 10, "e 60 IN A 192.0.2.5")) == 3);
    CHECK(journal.size() == 1);
    CHECK(journal.cut() == 1);
    CHECK(journal.octets() == 0);
    // One that is larger than the bound is not kept at all.
    Journal tiny(1);
    CHECK(tiny.append(first) == 1);
    CHECK(tiny.size() == 0);
}

}  // namespace
}  // namespace chorale::combiner
