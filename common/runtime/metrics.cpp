#include "common/runtime/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <mutex>

namespace chorale::runtime {
namespace {

using Labels = std::map<std::string, std::string>;

// Label values come from strangers as well; the format knows no octets beyond UTF-8.
std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result;
    for (const char character : text) {
        const auto octet = static_cast<unsigned char>(character);
        if (octet >= 0x20 && octet < 0x7f) {
            result.push_back(character);
        } else {
            result.append("\\x");
            result.push_back(digits[octet >> 4U]);
            result.push_back(digits[octet & 0xFU]);
        }
    }
    return result;
}

// One row with the series that exist.
struct Family {
    MetricRow row;
    prometheus::Family<prometheus::Counter>* counters = nullptr;
    prometheus::Family<prometheus::Gauge>* gauges = nullptr;
    prometheus::Family<prometheus::Histogram>* histograms = nullptr;
    std::size_t series = 0;

    Labels labels(LabelValues values) const {
        assert(values.size() == row.labels.size());
        Labels labels;
        for (std::size_t i = 0; i < values.size(); ++i) {
            labels.emplace(row.labels[i], printable(values[i]));
        }
        return labels;
    }
    Labels others() const {
        Labels labels;
        for (const std::string& name : row.labels) labels.emplace(name, "other");
        return labels;
    }
};

// The series of these labels, or the one that stands for all which are too many.
template <class Metric, class... Arguments>
Metric& series(Family& family, prometheus::Family<Metric>* metrics, LabelValues values,
               std::size_t most, const Arguments&... arguments) {
    assert(metrics != nullptr);  // another kind
    Labels labels = family.labels(values);
    if (!metrics->Has(labels)) {
        if (family.series >= most) {
            labels = family.others();
        } else {
            ++family.series;
        }
    }
    return metrics->Add(labels, arguments...);
}

}  // namespace

struct Metrics::Families {
    Family& find(std::string_view name) {
        const auto found = by_name.find(name);
        assert(found != by_name.end());
        return found->second;
    }

    prometheus::Registry registry;
    std::map<std::string, Family, std::less<>> by_name;
    std::size_t most_series = 0;
    std::mutex mutex;  // for creation and removal of series
};

Metrics::Metrics(std::span<const MetricRow> rows, std::size_t most_series)
    : families_(std::make_unique<Families>()) {
    families_->most_series = most_series;
    for (const MetricRow& row : rows) {
        assert(!families_->by_name.contains(row.name));
        assert((row.kind == MetricKind::histogram) == !row.buckets.empty());
        assert(std::is_sorted(row.buckets.begin(), row.buckets.end()));
        Family family{.row = row};
        auto& registry = families_->registry;
        switch (row.kind) {
            case MetricKind::counter:
                family.counters =
                    &prometheus::BuildCounter().Name(row.name).Help(row.help).Register(registry);
                break;
            case MetricKind::gauge:
                family.gauges =
                    &prometheus::BuildGauge().Name(row.name).Help(row.help).Register(registry);
                break;
            case MetricKind::histogram:
                family.histograms =
                    &prometheus::BuildHistogram().Name(row.name).Help(row.help).Register(registry);
                break;
        }
        families_->by_name.emplace(row.name, std::move(family));
        // What has no labels is shown from the start, as zero.
        if (row.labels.empty()) {
            switch (row.kind) {
                case MetricKind::counter: counter(row.name); break;
                case MetricKind::gauge: gauge(row.name); break;
                case MetricKind::histogram: histogram(row.name); break;
            }
        }
    }
}

Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, LabelValues labels) {
    const std::lock_guard lock(families_->mutex);
    Family& family = families_->find(name);
    return Counter(series(family, family.counters, labels, families_->most_series));
}

Gauge Metrics::gauge(std::string_view name, LabelValues labels) {
    const std::lock_guard lock(families_->mutex);
    Family& family = families_->find(name);
    return Gauge(series(family, family.gauges, labels, families_->most_series));
}

Histogram Metrics::histogram(std::string_view name, LabelValues labels) {
    const std::lock_guard lock(families_->mutex);
    Family& family = families_->find(name);
    return Histogram(
        series(family, family.histograms, labels, families_->most_series, family.row.buckets));
}

void Metrics::remove(std::string_view name, std::initializer_list<std::string_view> values) {
    const std::lock_guard lock(families_->mutex);
    Family& family = families_->find(name);
    const Labels labels = family.labels(LabelValues(values.begin(), values.size()));
    const auto end = [&family, &labels](auto* metrics, const auto&... arguments) {
        if (metrics == nullptr || !metrics->Has(labels)) return;
        metrics->Remove(&metrics->Add(labels, arguments...));
        if (family.series > 0) --family.series;
    };
    end(family.counters);
    end(family.gauges);
    end(family.histograms, family.row.buckets);
}

std::string Metrics::render() const {
    return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

void Counter::increment(double by) { metric_->Increment(by); }
double Counter::value() const { return metric_->Value(); }
void Gauge::set(double value) { metric_->Set(value); }
void Gauge::add(double difference) { metric_->Increment(difference); }
double Gauge::value() const { return metric_->Value(); }
void Histogram::observe(double value) { metric_->Observe(value); }

}  // namespace chorale::runtime
