#include "combiner/app/metric_table.hpp"

#include <vector>

namespace chorale::combiner {

std::span<const runtime::MetricRow> metric_table() {
    using runtime::MetricKind;
    static const std::vector<runtime::MetricRow> rows = {
        {"chorale_combiner_requests_total",
         MetricKind::counter,
         "DNS requests answered",
         {"opcode", "rcode"}},
        {"chorale_combiner_refusals_total",
         MetricKind::counter,
         "DNS requests that were not served, by cause",
         {"cause"}},
        {"chorale_combiner_updates_total",
         MetricKind::counter,
         "UPDATE messages, by rcode",
         {"rcode"}},
        {"chorale_combiner_update_seconds",
         MetricKind::histogram,
         "Time from an UPDATE to its answer, the write to disk within",
         {},
         {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5}},
        {"chorale_combiner_transfers_in_total",
         MetricKind::counter,
         "Transfers from primaries, by kind and outcome",
         {"kind", "outcome"}},
        {"chorale_combiner_transfers_out_total",
         MetricKind::counter,
         "Transfers to secondaries, by kind and outcome",
         {"kind", "outcome"}},
        {"chorale_combiner_notifies_out_total",
         MetricKind::counter,
         "NOTIFY messages sent, by outcome",
         {"outcome"}},
        {"chorale_combiner_notifies_in_total",
         MetricKind::counter,
         "NOTIFY messages received, by outcome",
         {"outcome"}},
        {"chorale_combiner_commit_failures_total", MetricKind::counter,
         "Changes that could not be written to disk"},
        {"chorale_combiner_zones", MetricKind::gauge, "Zones, by state", {"state"}},
        {"chorale_combiner_records", MetricKind::gauge, "Records of all combined zones"},
        {"chorale_combiner_octets", MetricKind::gauge, "Octets of all combined zones in memory"},
        {"chorale_combiner_connections", MetricKind::gauge, "TCP connections now"},
        {"chorale_combiner_udp_dropped_total", MetricKind::gauge,
         "UDP requests dropped because too many were in work"},
        {"chorale_combiner_log_lines_lost_total", MetricKind::gauge,
         "Lines of the event log that could not be written"},
    };
    return rows;
}

}  // namespace chorale::combiner
