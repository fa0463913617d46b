// Metrics from one table, shown in the Prometheus text exposition format (version 0.0.4).
//
//     const MetricRow rows[] = {
//         {"chorale_updates_total", MetricKind::counter, "UPDATE messages", {"rcode"}},
//     };
//     Metrics metrics(rows);
//     metrics.counter("chorale_updates_total", {"NOERROR"}).increment();
//
// Handles are cheap, may be kept as long as the Metrics and may be used from any thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace chorale::runtime {

enum class MetricKind { counter, gauge, histogram };

struct MetricRow {
    std::string name;
    MetricKind kind;
    std::string help;
    std::vector<std::string> labels = {};
    std::vector<double> buckets = {};  // upper bounds, ascending; for histograms only
};

class Counter {
public:
    void increment(double by = 1);  // by >= 0
    double value() const;

private:
    friend class Metrics;
    explicit Counter(prometheus::Counter& metric) : metric_(&metric) {}
    prometheus::Counter* metric_;
};

class Gauge {
public:
    void set(double value);
    void add(double difference);
    double value() const;

private:
    friend class Metrics;
    explicit Gauge(prometheus::Gauge& metric) : metric_(&metric) {}
    prometheus::Gauge* metric_;
};

class Histogram {
public:
    void observe(double value);

private:
    friend class Metrics;
    explicit Histogram(prometheus::Histogram& metric) : metric_(&metric) {}
    prometheus::Histogram* metric_;
};

// Values of a metric's labels, in the order of its row.
using LabelValues = std::span<const std::string_view>;

class Metrics {
public:
    // A metric with labels has at most this many series; what exceeds it is counted in one series
    // all of whose labels are "other".
    static constexpr std::size_t default_most_series = 10'000;

    // Names, kinds and labels that make no sense are our mistake (assertion).
    explicit Metrics(std::span<const MetricRow> rows,
                     std::size_t most_series = default_most_series);
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;
    ~Metrics();

    // Creates the series if it is new. An unknown name, another kind or another number of labels
    // is our mistake (assertion).
    Counter counter(std::string_view name, LabelValues labels = {});
    Gauge gauge(std::string_view name, LabelValues labels = {});
    Histogram histogram(std::string_view name, LabelValues labels = {});

    Counter counter(std::string_view name, std::initializer_list<std::string_view> labels) {
        return counter(name, LabelValues(labels.begin(), labels.size()));
    }
    Gauge gauge(std::string_view name, std::initializer_list<std::string_view> labels) {
        return gauge(name, LabelValues(labels.begin(), labels.size()));
    }
    Histogram histogram(std::string_view name, std::initializer_list<std::string_view> labels) {
        return histogram(name, LabelValues(labels.begin(), labels.size()));
    }

    // Ends a series (a zone that is gone). No handle of it may be used any more.
    void remove(std::string_view name, std::initializer_list<std::string_view> labels);

    // Content type: text/plain; version=0.0.4; charset=utf-8.
    std::string render() const;

private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace chorale::runtime
