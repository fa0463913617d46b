#include "combiner/app/client_text.hpp"

#include "tests/support/catch.hpp"

namespace chorale::combiner {
namespace {

const Instant now =
    Instant(std::chrono::sys_days(std::chrono::year(2024) / 5 / 17)) + std::chrono::hours(12);

Json parsed(std::string_view text) {
    const auto document = parse_json(text);
    REQUIRE(document.has_value());
    return *document;
}

const char* const zone_json = R"json({
    "name": "zone.example.", "state": "serving", "frozen": false, "source": "catalog",
    "catalog": "catalog.example.", "template": "default", "owner_serial": 7,
    "combined_serial": 9, "records": 12, "octets": 345, "primaries": ["owner"],
    "serial_policy": "follow", "updaters": ["msa"],
    "last_transfer_in": {"serial": 7, "kind": "ixfr", "at": "2024-05-17T11:57:00.000Z",
                         "from": "owner (192.0.2.1:53)"},
    "secondaries": [
        {"name": "signer", "notify": true, "notify_acknowledged_serial": 9,
         "notify_acknowledged_at": "2024-05-17T11:59:00.000Z", "addresses": [],
         "last_transfer": {"serial": 9, "kind": "axfr", "at": "2024-05-17T11:59:00.500Z",
                           "from": "192.0.2.2:4711"}},
        {"name": "slow", "notify": true, "notify_acknowledged_serial": null,
         "notify_acknowledged_at": null,
         "addresses": [{"address": "192.0.2.3:53", "notify_at": "2024-05-17T12:15:00.000Z",
                        "last_error": "no answer"}],
         "last_transfer": {"serial": 8, "kind": "axfr", "at": "2024-05-14T12:00:00.000Z",
                           "from": "192.0.2.3:4712"}}],
    "overlay": [{"type": "NS", "ttl": 300, "records": ["ns.other.example."],
                 "updated_by": "msa", "updated_at": "2024-05-17T10:00:00.000Z"}],
    "dropped": {"RRSIG": 12}, "observations": ["something is odd"],
    "last_errors": [{"at": "2024-05-17T11:00:00.000Z", "what": "notify", "text": "no answer"}],
    "timers": {"refreshing": false, "failures": 0, "refresh_at": "2024-05-17T13:59:00.000Z",
               "retry_at": null, "expire_at": "2024-05-24T12:00:00.000Z"},
    "journal": {"deltas": 3, "octets": 400}
})json";

}  // namespace

TEST_CASE("a zone is shown with state and the chain of serials first") {
    const std::string text = zone_text(parsed(zone_json), now);
    INFO(text);
    CHECK(text.starts_with(
        "zone.example.  serving\n"
        "  owner        7  ixfr from owner (192.0.2.1:53), 3m ago\n"
        "  -> combined  9  12 records, 345 octets\n"
        "  -> signer    9  axfr to 192.0.2.2:4711, 60s ago; acknowledged NOTIFY of 9 60s ago\n"
        "  -> slow      8  BEHIND, axfr to 192.0.2.3:4712, 3d ago; no NOTIFY acknowledged; "
        "next NOTIFY to 192.0.2.3:53 in 15m (no answer)\n"
        "\nObservations\n  something is odd\n"
        "\nLast errors, newest first\n  60m ago  notify  no answer\n"
        "\nOverlay\n  NS  300  by msa, 2h ago  ns.other.example.\n"));
    CHECK(text.find("refresh in 119m, expiry in 7d") != std::string::npos);
    CHECK(text.find("12 RRSIG") != std::string::npos);
    CHECK(text.find("catalog catalog.example.") != std::string::npos);
}

TEST_CASE("a document that lacks everything is shown with dashes, not with an exception") {
    for (const char* text : {"{}", "[]", "null", "5", "\"x\""}) {
        const Json document = parsed(text);
        CHECK_FALSE(status_text(document, now).empty());
        CHECK_FALSE(zones_text(document).empty());
        CHECK(zone_text(document, now).starts_with("-  -\n"));
        CHECK_FALSE(overlay_text(document, now).empty());
        CHECK_FALSE(events_text(document).empty());
        CHECK_FALSE(timers_text(document, now).empty());
        CHECK_FALSE(transfers_text(document, now).empty());
        CHECK_FALSE(audit_text(document).empty());
    }
    // Members of other types, one level down.
    const Json odd = parsed(R"({"zones": [5, {"name": []}], "overlay": [[]], "timers": [null],
        "events": [{"fields": 3}], "transfers": ["x"], "audit": [{}], "secondaries": [false],
        "dropped": [], "last_errors": [7], "primaries": {}, "total": "many"})");
    CHECK_FALSE(zone_text(odd, now).empty());
    CHECK_FALSE(zones_text(odd).empty());
    CHECK_FALSE(timers_text(odd, now).empty());
    CHECK_FALSE(transfers_text(odd, now).empty());
    CHECK_FALSE(status_text(odd, now).empty());
}

TEST_CASE("nothing from a document speaks to the terminal") {
    CHECK(printable("a\x1b[2Jb\r\n\x7f\tz\xc3\xa9") == "a?[2Jb????z\xc3\xa9");
    const Json document =
        parsed(R"({"audit": [{"at": "x\u001b[1m", "who": "\u0007", "what": ""}]})");
    CHECK(audit_text(document) == "x?[1m  ?  -\n");
    const Json event = parsed(R"({"events": [{"fields": {"\u001bname": "\u001bvalue"}}]})");
    CHECK(events_text(event).find('\x1b') == std::string::npos);
}

TEST_CASE("a list that does not show all says so") {
    const Json document = parsed(R"({"total": 3, "zones": [{"name": "a.", "state": "loading"}]})");
    const std::string text = zones_text(document);
    INFO(text);
    CHECK(text.find("ZONE") == 0);
    CHECK(text.find("a.    loading  -") != std::string::npos);
    CHECK(text.ends_with("\n1 of 3 are shown\n"));
}

}  // namespace chorale::combiner
